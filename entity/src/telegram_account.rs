//! Which account somebody at Telegram has here.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "telegram_account")]
pub struct Model {
    /// The user's number at Telegram.
    #[sea_orm(primary_key, auto_increment = false)]
    pub telegram_id: i64,
    pub user_id: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
