//! What a player has done so far, over the REST API: sums over the player's games as they stand now.

use std::collections::BTreeMap;

use actix_web::web;
use entity::game_player;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use serde::Serialize;

use crate::account::CurrentUser;
use crate::database::Database;
use crate::http::{PathId, Problem};
use crate::ids::{Money, UserId};

/// Sums over games. Balls, points and fouls count when they are marked, the rest when the game ends; a cancelled game
/// counts for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Ended games.
    pub games: i64,
    /// Games with the first place.
    pub wins: i64,
    /// Games that somebody else won.
    pub losses: i64,
    /// `wins / games`, 0..1; 0 without games.
    pub win_rate: f64,
    /// Points.
    pub points: i64,
    /// Balls.
    pub balls_potted: i64,
    /// Fouls.
    pub fouls: i64,
    /// The most points in one ended game.
    pub best_score: i64,
    /// What was won or lost, in minor units, by currency (ISO 4217).
    pub nets: BTreeMap<String, Money>,
}

/// Answer of `GET /stats/users/{id}`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UserStatistics {
    pub user_id: UserId,
    /// Over all games.
    pub totals: Totals,
    /// By `kolkhoz`, `americana`, `moscow_pyramid`.
    pub by_game_type: BTreeMap<String, Totals>,
}

impl Totals {
    fn add(&mut self, row: &game_player::Model) {
        self.points += row.points;
        self.balls_potted += i64::from(row.balls_potted);
        self.fouls += i64::from(row.fouls);
        if row.ended_at_ms.is_none() {
            return;
        }
        self.best_score = if self.games == 0 { row.points } else { self.best_score.max(row.points) };
        self.games += 1;
        self.wins += i64::from(row.won);
        self.losses += i64::from(row.lost);
        // Sums of several currencies would be nobody's money; of rows without one it is not known yet.
        if let Some(currency) = &row.currency {
            *self.nets.entry(currency.clone()).or_default() += Money(row.net);
        }
        self.win_rate = self.wins as f64 / self.games as f64;
    }
}

/// All there is about a player.
pub async fn of(database: &Database, user: UserId) -> Result<UserStatistics, DbErr> {
    let rows =
        game_player::Entity::find().filter(game_player::Column::UserId.eq(user.0)).all(database.reader()).await?;
    let mut statistics = UserStatistics { user_id: user, totals: Totals::default(), by_game_type: BTreeMap::new() };
    for row in &rows {
        statistics.totals.add(row);
        statistics.by_game_type.entry(row.game_type.clone()).or_default().add(row);
    }
    Ok(statistics)
}

/// 404 where there is no such account.
pub(super) async fn must_exist(database: &Database, user: UserId) -> Result<(), Problem> {
    match entity::user::Entity::find_by_id(user.0).one(database.reader()).await? {
        Some(_) => Ok(()),
        None => Err(Problem::not_found("there is no such user")),
    }
}

/// A player's statistics.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}", operation_id = "get_user_statistics", tag = "statistics", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = UserStatistics), (status = 404, body = crate::http::ProblemBody)),
)]
pub(super) async fn of_user(
    _: CurrentUser,
    id: PathId<UserId>,
    database: web::Data<Database>,
) -> Result<web::Json<UserStatistics>, Problem> {
    let user = id.into_inner();
    must_exist(&database, user).await?;
    Ok(web::Json(of(&database, user).await?))
}
