//! Two users who are friends: one row for both.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "friendship")]
pub struct Model {
    /// The one with the lower id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub low_user_id: Uuid,
    /// The other one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub high_user_id: Uuid,
    /// What it began with.
    pub request_id: Uuid,
    /// Whose request that was.
    pub asked_by: Uuid,
    /// Milliseconds since 1970.
    pub since_ms: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
