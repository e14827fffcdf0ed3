//! What users were told. A row is never deleted: it is also the record that its message was applied.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    /// Made from its cause, so that the same message twice is one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who is told.
    pub user_id: Uuid,
    /// `game_completed`, `achievement_unlocked`, ...
    pub kind: String,
    /// One line.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// The rest.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// What it was made from, as JSON.
    #[sea_orm(column_type = "Text")]
    pub data: String,
    /// The seq of its cause where it can be corrected, else 0: the higher one wins.
    pub version: i64,
    /// What it told does not hold any more.
    pub is_withdrawn: bool,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// When a device had it.
    pub delivered_at_ms: Option<i64>,
    /// When it was read.
    pub read_at_ms: Option<i64>,
    /// When the user deleted it.
    pub deleted_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
