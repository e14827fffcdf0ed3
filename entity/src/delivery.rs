//! What is to be sent outside of this service, by mail or to the address of a user's choice. A row stays for some weeks
//! after it was sent: it is the record that its cause was applied.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// Made from its cause where that may come again. Receivers are told it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `mail`, ...: by which way.
    pub sink: String,
    /// Whose it is; nobody's where it is not known yet.
    pub user_id: Option<Uuid>,
    /// Which of the user's addresses of that way, where he has several.
    pub target_id: Option<Uuid>,
    /// What it says: `password_reset`, `game_completed`, ...
    pub kind: String,
    /// What it is made from, as JSON; empty once it is settled.
    #[sea_orm(column_type = "Text")]
    pub payload: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Not before; while somebody tries it, when another may. By the database's clock. None: it is settled.
    pub due_at_ms: Option<i64>,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
