//! The shares: codes by which boards and overlays read one session.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "share")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it reads.
    pub session_id: Uuid,
    /// The last event of the session when it was made: it ends when its maker is removed after that.
    pub seq: i64,
    /// What a person types; unique.
    pub code: String,
    /// `board` or `overlay`.
    pub kind: String,
    /// What its maker calls it.
    pub name: Option<String>,
    /// Who made it.
    pub made_by: Uuid,
    /// The idempotency key that made it; unique with `made_by`.
    pub command_id: Uuid,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it ends by itself; milliseconds since 1970.
    pub expires_at_ms: i64,
    /// When it was deleted; milliseconds since 1970.
    pub ended_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
