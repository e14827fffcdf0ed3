//! The scorer links: codes by which helpers mark the balls of one session.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scorer_link")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where they may score.
    pub session_id: Uuid,
    /// What a person types; unique.
    pub code: String,
    /// What its maker calls it.
    pub name: Option<String>,
    /// Who made it.
    pub made_by: Uuid,
    /// The idempotency key that made it; unique with `made_by`.
    pub command_id: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it lets nobody in any more by itself; milliseconds since 1970.
    pub expires_at_ms: i64,
    /// When it was taken back; milliseconds since 1970. The log says so first.
    pub ended_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
