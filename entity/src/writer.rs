//! The processes that stored events, and how far each one's events are published.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "writer")]
pub struct Model {
    /// The writer.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The node it ran on.
    pub node_id: String,
    /// Positions up to here are confirmed by the bus.
    pub published: i64,
    /// When it last said that it lives, by the database's clock.
    pub seen_at_ms: i64,
    /// The writer that publishes for it, since it is gone.
    pub taken_by: Option<i64>,
    /// When that ends, by the database's clock.
    pub taken_until_ms: i64,
    /// It is gone, and everything it stored is published.
    pub finished: bool,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
