//! The state of a session at some seq, so that opening it replays only what came after.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_snapshot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    /// The last event in it.
    pub seq: i64,
    /// The version of the encoding; another one is ignored and the log replayed.
    pub format: i32,
    /// The state as JSON.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// The idempotency keys so far.
    pub commands: Vec<u8>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
