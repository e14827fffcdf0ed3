//! The logins: each is a family of refresh tokens that descend from one another.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// When its last refresh token expires; milliseconds since 1970.
    pub expires_at_ms: i64,
    /// Since when none of its tokens is good; milliseconds since 1970.
    pub revoked_at_ms: Option<i64>,
    /// When it was gone on with last; milliseconds since 1970.
    pub last_used_at_ms: Option<i64>,
    /// What its client calls itself.
    pub user_agent: Option<String>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
