//! The statistics: what one player did in one game, as the log says it now.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "game_player")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub game_id: Uuid,
    /// The place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub participant_id: Uuid,
    pub session_id: Uuid,
    /// The account.
    pub user_id: Uuid,
    pub game_type: String,
    /// `in_progress` or `completed`; a cancelled game has no rows.
    pub status: String,
    /// When the game began.
    pub started_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// Points.
    pub points: i64,
    /// Balls.
    pub balls_potted: i32,
    /// Fouls.
    pub fouls: i32,
    /// Minor units; 0 until the game ends.
    pub net: i64,
    /// Has the first place.
    pub won: bool,
    /// Somebody else won.
    pub lost: bool,
    /// 1 is first; none until the game ends.
    pub place: Option<i32>,
    /// ISO 4217; none in rows of before it was kept, empty where the log does not tell it any more.
    pub currency: Option<String>,
    /// What is no sum, as JSON: balls by colour, breaks; none in rows of before it was kept.
    pub details: Option<String>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
