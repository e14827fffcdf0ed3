//! Messages that no log has: append-only.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// The message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `notifications.achievement_unlocked`, ...
    pub event_type: String,
    /// When its cause happened.
    pub timestamp_ms: i64,
    /// The request that caused it all.
    pub correlation_id: Uuid,
    /// The message or command that caused it.
    pub causation_id: Option<Uuid>,
    /// The session concerned.
    pub session_id: Option<Uuid>,
    /// The user concerned.
    pub user_id: Option<Uuid>,
    /// The message as JSON.
    #[sea_orm(column_type = "Text")]
    pub envelope: String,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
