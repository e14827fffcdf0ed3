//! Addresses of users at which the last attempt failed: what is due there waits together, and is tried one at a time.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "failing_target")]
pub struct Model {
    /// A webhook or a browser.
    #[sea_orm(primary_key, auto_increment = false)]
    pub target_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// `webhook`, ...: by which way it is reached.
    pub sink: String,
    /// Attempts that failed since it took something.
    pub failures: i32,
    /// Nothing is sent there before, by the database's clock.
    pub retry_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
