//! Messages whose attempts are used up or that can never be applied, until replayed or discarded.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letter")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it failed.
    pub queue: String,
    pub message_id: Uuid,
    /// How it had come.
    pub routing_key: String,
    /// The message as JSON.
    #[sea_orm(column_type = "Text")]
    pub envelope: String,
    /// Why it is here.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it came here.
    pub failed_at_ms: i64,
    /// Whose it is, where it is about a user alone. Nodes of earlier versions do not say.
    pub user_id: Option<Uuid>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
