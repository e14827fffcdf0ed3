//! Addresses that notifications of users are sent to.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    /// Version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// The kinds of notifications that are sent there, separated by commas; all where absent.
    #[sea_orm(column_type = "Text", nullable)]
    pub kinds: Option<String>,
    /// Signs what is sent.
    pub secret: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
