//! What a player has done so far, over the REST API: sums over the player's games as they stand now.

use std::collections::BTreeMap;

use actix_web::web;
use entity::game_player::{Column, Entity};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;

use super::details::PlayerDetails;
use super::standings::{Rating, Standings};
use super::totals::{CountedGame, Totals};
use crate::account::CurrentUser;
use crate::database::Database;
use crate::http::{PathId, Problem};
use crate::ids::UserId;

/// Answer of `GET /stats/users/{id}`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UserStatistics {
    pub user_id: UserId,
    /// Over all games.
    pub totals: Totals,
    /// By `kolkhoz`, `americana`, `moscow_pyramid`, `snooker`.
    pub by_game_type: BTreeMap<String, Totals>,
    /// Glicko-2, by game type; only those in which the player is rated.
    pub ratings: BTreeMap<&'static str, Rating>,
}

/// The sums over a player's games.
pub async fn of(database: &Database, user: UserId) -> Result<UserStatistics, DbErr> {
    let games = Entity::find()
        .select_only()
        .columns([Column::GameId, Column::SessionId, Column::GameType, Column::EndedAtMs, Column::Points])
        .columns([Column::BallsPotted, Column::Fouls, Column::Net, Column::Won, Column::Lost])
        .columns([Column::Currency, Column::Details])
        .filter(Column::UserId.eq(user.0))
        .order_by_asc(Column::EndedAtMs);
    let mut games = games.into_model::<CountedGame>().all(database.reader()).await?;
    // The index has that order but for games that ended at once; the database would sort all of them for these.
    games.sort_by_key(|game| (game.ended_at_ms, game.game_id));
    let (totals, by_game_type, ratings) = (Totals::default(), BTreeMap::new(), BTreeMap::new());
    let mut statistics = UserStatistics { user_id: user, totals, by_game_type, ratings };
    for game in &games {
        let details = PlayerDetails::read(game.details.as_deref());
        statistics.totals.add(game, details.as_ref());
        statistics.by_game_type.entry(game.game_type.clone()).or_default().add(game, details.as_ref());
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
    standings: web::Data<Standings>,
) -> Result<web::Json<UserStatistics>, Problem> {
    let user = id.into_inner();
    must_exist(&database, user).await?;
    let counted = of(&database, user).await?;
    // Read last: a game that is counted is rated, too.
    let ratings = standings.ratings(user).await?.into_iter().collect();
    Ok(web::Json(UserStatistics { ratings, ..counted }))
}
