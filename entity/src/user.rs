//! The accounts.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unique; always in lower case. Of a guest, and of a deleted account, one that nobody can have.
    pub username: String,
    /// As the user wrote it.
    pub display_name: String,
    /// The display name in lower case, for searching: SQLite can fold ASCII only.
    pub display_name_folded: String,
    /// Where the user can be reached.
    pub email: Option<String>,
    /// argon2id, as a PHC string; empty where there is no password.
    pub password_hash: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// Milliseconds since 1970.
    pub updated_at_ms: i64,
    /// `admin`; nobody in particular where absent.
    pub role: Option<String>,
    /// Since when it may not log in; milliseconds since 1970.
    pub disabled_at_ms: Option<i64>,
    /// Since when nothing but its id is left of it; milliseconds since 1970.
    pub deleted_at_ms: Option<i64>,
    /// When the sessions that a deleted account played in were told; milliseconds since 1970.
    pub left_sessions_at_ms: Option<i64>,
    /// `command line`: by the operator; registered where absent.
    pub created_by: Option<String>,
    /// Has no name and no password, only its logins.
    pub is_guest: bool,
    /// Of an unused guest: when it was last seen that it has an open balance; milliseconds since 1970.
    pub debts_seen_at_ms: Option<i64>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
