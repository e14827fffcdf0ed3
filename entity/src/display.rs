//! Displays that wait for a phone to send them an evening, or were just sent one.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "display")]
pub struct Model {
    /// Version 7. Whoever has it learns what the display was sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What a person types on the phone; unique.
    pub code: String,
    /// What it was sent.
    pub share_id: Option<Uuid>,
    /// By which those who see it come to the table, where the sender may tell it.
    pub join_code: Option<String>,
    /// When its code is over; milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
