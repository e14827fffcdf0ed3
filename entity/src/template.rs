//! The templates: named rules to open sessions with.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template")]
pub struct Model {
    /// Version 7; those of the system sort before all others.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `None`: the system's.
    pub owner_id: Option<Uuid>,
    pub name: String,
    /// What it is about.
    pub description: String,
    /// A word to group by.
    pub category: String,
    /// The game type of the rules.
    pub game_type: String,
    /// The rules as JSON.
    #[sea_orm(column_type = "Text")]
    pub rules: String,
    /// Came with the service and can't be edited.
    pub is_system: bool,
    /// Everybody may use it.
    pub is_public: bool,
    /// Words to find it by, as a JSON array.
    #[sea_orm(column_type = "Text")]
    pub tags: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// Milliseconds since 1970.
    pub updated_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
