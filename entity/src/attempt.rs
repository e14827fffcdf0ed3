//! What is counted over all nodes to bound it: wrong passwords, new accounts, joins.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    /// What is counted.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// For whom: a user, an address, both.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// How often in the present window.
    pub count: i64,
    /// When the window ends; milliseconds since 1970, by the database's clock.
    pub ends_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
