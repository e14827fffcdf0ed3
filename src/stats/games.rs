//! A player's ended games, one by one.

use actix_web::web;
use entity::game_player::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::statistics::must_exist;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::game::GameType;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{GameId, Money, SessionId, Timestamp, UserId};

/// What an ended game came to for one player.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlayedGame {
    session_id: SessionId,
    game_id: GameId,
    /// `kolkhoz`, `americana`, `moscow_pyramid`.
    game_type: String,
    /// Equal points share a place; `null` for games from before it was kept.
    #[schema(required)]
    place: Option<i32>,
    points: i64,
    balls_potted: i32,
    fouls: i32,
    /// Minor units of `currency`.
    net: Money,
    /// ISO 4217; `null` for a game of before it was kept, as long as it is not read from the log.
    #[schema(required)]
    currency: Option<String>,
    won: bool,
    ended_at: Timestamp,
}

impl PlayedGame {
    fn of(row: Model) -> Self {
        Self {
            session_id: SessionId(row.session_id),
            game_id: GameId(row.game_id),
            game_type: row.game_type,
            place: row.place,
            points: row.points,
            balls_potted: row.balls_potted,
            fouls: row.fouls,
            net: Money(row.net),
            currency: row.currency,
            won: row.won,
            ended_at: Timestamp::from_millis(row.ended_at_ms.unwrap_or_default()),
        }
    }
}

/// Query of the list of games.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one kind of game only.
    #[param(inline)]
    game_type: Option<GameType>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A player's ended games, newest first.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}/games", operation_id = "list_user_games", tag = "statistics",
    security(("bearer" = [])), params(("id" = Uuid, Path), Filter),
    responses((status = 200, body = Listing<PlayedGame>), (status = 404, body = ProblemBody)),
)]
pub(super) async fn list(
    _: CurrentUser,
    id: PathId<UserId>,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<PlayedGame>>, Problem> {
    let (user, Filter { game_type, limit, cursor }) = (id.into_inner(), filter.into_inner());
    let page = Page::new(limit, cursor)?;
    must_exist(&database, user).await?;
    let mut wanted = Condition::all().add(Column::UserId.eq(user.0)).add(Column::EndedAtMs.is_not_null());
    if let Some(game_type) = game_type {
        wanted = wanted.add(Column::GameType.eq(game_type.as_str()));
    }
    if let Some((at, game)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::EndedAtMs.eq(at)).add(Column::GameId.lt(game));
        wanted = wanted.add(Condition::any().add(Column::EndedAtMs.lt(at)).add(same));
    }
    let rows = Entity::find().filter(wanted).order_by_desc(Column::EndedAtMs).order_by_desc(Column::GameId);
    let rows = rows.limit(page.rows()).all(database.reader()).await?;
    let key = |row: &Model| (row.ended_at_ms, row.game_id);
    Ok(web::Json(Listing::of(rows, &page, key, PlayedGame::of)))
}
