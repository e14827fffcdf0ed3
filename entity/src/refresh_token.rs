//! The refresh tokens, spent ones too: that one is used again is how a theft is noticed.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// SHA-256 of the token, base64url; the token itself is nowhere stored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// The login it belongs to.
    pub login_id: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// Milliseconds since 1970.
    pub expires_at_ms: i64,
    /// When it was exchanged for a new one; milliseconds since 1970.
    pub spent_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
