//! The log: one row for each event, never changed. Rows carry their place in their writer's outbox.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    /// 1, 2, 3 ... in the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Which writer stored it.
    pub writer_id: i64,
    /// 1, 2, 3 ... of that writer; published up to `writer.published`.
    pub position: i64,
    /// Fingerprint of the command's body, for reused idempotency keys.
    pub command_hash: i64,
    /// The event as JSON.
    #[sea_orm(column_type = "Text")]
    pub body: String,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
