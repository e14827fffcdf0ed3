//! The sessions: the head of each log, and the columns that lists filter by.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Version 7, so newest last.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The seq of the last event: the guard of order.
    pub head: i64,
    /// The join code.
    pub code: String,
    pub name: String,
    /// `waiting`, `in_progress`, `completed`, `cancelled`.
    pub status: String,
    /// Only participants may read it.
    pub is_private: bool,
    /// The game type of the rules in force.
    pub game_type: String,
    /// Who runs it now.
    pub creator_user_id: Uuid,
    /// Who created it.
    pub opened_by: Uuid,
    /// The idempotency key that created it; unique with `opened_by`.
    pub opened_command: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
