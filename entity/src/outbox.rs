//! Messages that are no session event, stored with the change that caused them until the bus confirmed them.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Order of insertion.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Where it goes.
    pub routing_key: String,
    /// The message as JSON.
    #[sea_orm(column_type = "Text")]
    pub envelope: String,
    /// The writer whose relay sends it.
    pub claimed_by: Option<i64>,
    /// When that claim lapses.
    pub claimed_until_ms: i64,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
