//! A player's evenings: what the games of each session came to.

use std::collections::HashMap;

use actix_web::web;
use entity::session;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::statistics::must_exist;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{Money, SessionId, Timestamp, UserId};

/// What the games of one session came to for one player. Balls, points and fouls count when they are marked, the rest
/// when a game ends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlayedEvening {
    session_id: SessionId,
    /// Of one's own evenings alone: what private sessions are called is not everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When the player's first game began.
    started_at: Timestamp,
    /// When the player's last game ended; `null` where none has.
    #[schema(required)]
    ended_at: Option<Timestamp>,
    /// Ended games.
    games: i64,
    wins: i64,
    points: i64,
    balls_potted: i64,
    fouls: i64,
    /// Of the games, in minor units of `currency`; expenses and payments are no statistics.
    net: Money,
    /// ISO 4217; `null` for games of before it was kept, as long as it is not read from the log.
    #[schema(required)]
    currency: Option<String>,
}

/// Query of the list of evenings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The sessions that a player has played in, those opened last first.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}/evenings", operation_id = "list_user_evenings", tag = "statistics",
    security(("bearer" = [])), params(("id" = Uuid, Path), Filter),
    responses((status = 200, body = Listing<PlayedEvening>), (status = 404, body = ProblemBody)),
)]
pub(super) async fn list(
    caller: CurrentUser,
    id: PathId<UserId>,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<PlayedEvening>>, Problem> {
    let (user, Filter { limit, cursor }) = (id.into_inner(), filter.into_inner());
    let page = Page::new(limit, cursor)?;
    let before = page.after::<Uuid>()?.unwrap_or(Uuid::max());
    must_exist(&database, user).await?;
    let rows = rows(&database, user, before, page.rows()).await?;
    let mut names = if caller.id == user { names(&database, &rows).await? } else { HashMap::new() };
    let evening = |row: SessionSums| PlayedEvening {
        session_id: SessionId(row.session_id),
        name: names.remove(&row.session_id),
        started_at: Timestamp::from_millis(row.started_at_ms),
        ended_at: row.ended_at_ms.map(Timestamp::from_millis),
        games: row.games,
        wins: row.wins,
        points: row.points,
        balls_potted: row.balls_potted,
        fouls: row.fouls,
        net: Money(row.net),
        currency: row.currency,
    };
    Ok(web::Json(Listing::of(rows, &page, |row| row.session_id, evening)))
}

/// The sums of one session.
#[derive(FromQueryResult)]
struct SessionSums {
    session_id: Uuid,
    started_at_ms: i64,
    ended_at_ms: Option<i64>,
    games: i64,
    wins: i64,
    points: i64,
    balls_potted: i64,
    fouls: i64,
    net: i64,
    currency: Option<String>,
}

/// By id, which is of version 7: those opened last come first, and a page reads its own sessions alone. All games of a
/// session are of one currency.
async fn rows(database: &Database, user: UserId, before: Uuid, limit: u64) -> Result<Vec<SessionSums>, DbErr> {
    let sql = format!(
        "SELECT session_id, MIN(started_at_ms) AS started_at_ms, MAX(ended_at_ms) AS ended_at_ms, \
           COUNT(ended_at_ms) AS games, SUM(CASE WHEN won THEN 1 ELSE 0 END) AS wins, \
           CAST(SUM(points) AS bigint) AS points, SUM(balls_potted) AS balls_potted, SUM(fouls) AS fouls, \
           CAST(SUM(net) AS bigint) AS net, MAX(currency) AS currency \
         FROM game_player WHERE user_id = $1 AND session_id < $2 \
         GROUP BY session_id ORDER BY session_id DESC LIMIT {limit}"
    );
    let db = database.reader();
    let values: [sea_orm::Value; 2] = [user.0.into(), before.into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    rows.iter().map(|row| SessionSums::from_query_result(row, "")).collect()
}

async fn names(database: &Database, rows: &[SessionSums]) -> Result<HashMap<Uuid, String>, DbErr> {
    let named = session::Entity::find().select_only().columns([session::Column::Id, session::Column::Name]);
    let named = named.filter(session::Column::Id.is_in(rows.iter().map(|row| row.session_id)));
    Ok(named.into_tuple::<(Uuid, String)>().all(database.reader()).await?.into_iter().collect())
}
