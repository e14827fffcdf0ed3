//! What was said. A row is never deleted: a deleted message is one without content.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_message")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub chat_id: Uuid,
    /// 1, 2, 3 ... in its chat.
    pub number: i64,
    pub sender_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub content: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    pub edited_at_ms: Option<i64>,
    pub is_deleted: bool,
    /// The idempotency key; unique with `sender_id`.
    pub client_key: Uuid,
    /// Of what was asked under that key.
    pub request_hash: i64,
    /// When the last other member had it.
    pub delivered_at_ms: Option<i64>,
    /// When the last other member had read it.
    pub read_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
