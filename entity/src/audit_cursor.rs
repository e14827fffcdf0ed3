//! Up to where each writer's events are linked to their requests.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer_id: i64,
    /// Its last position that is linked.
    pub position: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
