//! Up to where each projection has looked through each writer's events for what no message told it of.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "projection_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub projection: String,
    /// The writer; 0: none, but what the one node holds that looks.
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer_id: i64,
    /// Everything up to here is in the projection.
    pub position: i64,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
