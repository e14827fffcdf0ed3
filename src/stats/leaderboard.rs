//! The best players of a week, a month or of all time.
//!
//! The rating is the share of games won, drawn towards one half as if everybody had won two of four games before, in
//! thousandths: whoever won one of one has 600, whoever won 60 of 100 has 596. It needs no history and is the same
//! whatever order results come in.

use actix_web::web;
use sea_orm::{FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::game::id::{Money, UserId};
use crate::problem::{Listing, Page, Problem, ProblemBody, Query};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Period {
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
    #[default]
    All,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Measure {
    #[default]
    Net,
    Wins,
    Rating,
}

impl Measure {
    fn expression(self) -> &'static str {
        match self {
            Measure::Net => "net",
            Measure::Wins => "wins",
            Measure::Rating => "rating",
        }
    }
}

/// Query of the leaderboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one kind of game only.
    game_type: Option<String>,
    /// `week`: the last seven days; `month`: the last thirty; `all` where absent.
    #[param(inline)]
    period: Option<Period>,
    /// By what; `net` where absent.
    #[param(inline)]
    by: Option<Measure>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A player's place among all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Leader {
    /// 1 is first; places are not shared.
    rank: u64,
    user_id: UserId,
    username: String,
    display_name: String,
    /// Ended games.
    games: i64,
    wins: i64,
    /// `wins / games`.
    win_rate: f64,
    /// Minor units.
    net: Money,
    /// Wins of a thousand games, as if two of four had been won before.
    rating: i64,
}

#[derive(FromQueryResult)]
struct Row {
    user_id: Uuid,
    username: String,
    display_name: String,
    games: i64,
    wins: i64,
    net: i64,
    rating: i64,
    value: i64,
}

/// The best players.
#[utoipa::path(
    get, path = "/api/v1/stats/leaderboard", operation_id = "get_leaderboard", tag = "statistics",
    security(("bearer" = [])), params(Filter),
    responses((status = 200, body = Listing<Leader>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    _: CurrentUser,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Leader>>, Problem> {
    let Filter { game_type, period, by, limit, cursor } = filter.into_inner();
    let page = Page::new(limit, cursor)?;
    let since_ms = match period.unwrap_or_default() {
        Period::Week => clock::now().millis() - 7 * DAY_MS,
        Period::Month => clock::now().millis() - 30 * DAY_MS,
        Period::All => 0,
    };
    let mut values: Vec<Value> = vec![since_ms.into()];
    let mut of_type = String::new();
    if let Some(game_type) = game_type {
        values.push(game_type.into());
        of_type = format!("AND game_type = ${}", values.len());
    }
    let (mut after, mut rank) = (String::new(), 0);
    if let Some((value, user, ranked)) = page.after::<(i64, Uuid, u64)>()? {
        rank = ranked;
        values.extend([value.into(), user.into()]);
        let (value, user) = (values.len() - 1, values.len());
        after = format!("WHERE value < ${value} OR (value = ${value} AND user_id > ${user})");
    }
    let (value, rows) = (by.unwrap_or_default().expression(), page.rows());
    // Sums of integers are wider in PostgreSQL, hence the casts.
    let sql = format!(
        "SELECT * FROM (\
           SELECT s.*, {value} AS value, u.username, u.display_name FROM (\
             SELECT t.*, (1000 * (wins + 2)) / (games + 4) AS rating FROM (\
               SELECT user_id, count(*) AS games, CAST(sum(CASE WHEN won THEN 1 ELSE 0 END) AS bigint) AS wins, \
                      CAST(sum(net) AS bigint) AS net \
               FROM game_player WHERE ended_at_ms IS NOT NULL AND ended_at_ms >= $1 {of_type} GROUP BY user_id) t) s \
           JOIN \"user\" u ON u.id = s.user_id) l \
         {after} ORDER BY value DESC, user_id ASC LIMIT {rows}"
    );
    let statement = Statement::from_sql_and_values(database.reader().get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(database.reader()).await?;
    let ranked: Vec<(u64, Row)> = (rank + 1..).zip(rows).collect();
    let leader = |(rank, row): (u64, Row)| Leader {
        rank,
        user_id: UserId(row.user_id),
        username: row.username,
        display_name: row.display_name,
        games: row.games,
        wins: row.wins,
        win_rate: row.wins as f64 / row.games.max(1) as f64,
        net: row.net,
        rating: row.rating,
    };
    Ok(web::Json(Listing::of(ranked, &page, |(rank, row)| (row.value, row.user_id, *rank), leader)))
}
