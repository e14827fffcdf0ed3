//! Who is or was in which chat, what of it is seen, received and read.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_member")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub chat_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Milliseconds since 1970; the last time, where there were several.
    pub joined_at_ms: i64,
    /// When it ended; `None`: it has not.
    pub left_at_ms: Option<i64>,
    /// The first message that is seen.
    pub first_number: i64,
    /// The last one, after the end.
    pub last_number: Option<i64>,
    /// A device had all up to here, but for the user's own.
    pub received_up_to: i64,
    /// What a device had above that, out of order: ranges as JSON, or nothing.
    #[sea_orm(column_type = "Text")]
    pub received_above: String,
    /// Read up to here.
    pub read_up_to: i64,
    /// Messages of the user's own.
    pub sent_count: i64,
    /// Those of them up to `read_up_to`.
    pub sent_when_read: i64,
    /// The last message when the user was notified.
    pub notified_up_to: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
