//! The chats: of a session, of two users, of a group.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `direct`, `group`, `session`.
    pub kind: String,
    /// Whose it is, of that kind.
    #[sea_orm(unique)]
    pub session_id: Option<Uuid>,
    /// The ids of the two in order, of a direct one: there is one at most.
    #[sea_orm(unique)]
    pub direct_key: Option<String>,
    /// What a group is called.
    pub title: Option<String>,
    /// Who made it; nobody made that of a session.
    pub created_by: Option<Uuid>,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// The number of the last message; 0: there is none.
    pub last_number: i64,
    /// When it was said, or the chat was made.
    pub last_message_at_ms: i64,
    /// The event of the session up to which its members are known.
    pub member_seq: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
