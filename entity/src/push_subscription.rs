//! Browsers that are told by Web Push.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "push_subscription")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    /// Where its push service takes what is for it.
    #[sea_orm(column_type = "Text")]
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// What it has in common with this service, in base64url.
    pub auth: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
