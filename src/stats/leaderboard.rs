//! The best players of a week, a month or of all time. Amounts of different currencies are never added.
//!
//! The rating is the share of games won, drawn towards one half as if everybody had won two of four games before, in
//! thousandths: whoever won one of one has 600, whoever won 60 of 100 has 596. It needs no history and is the same
//! whatever order results come in.

use actix_web::web;
use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::period::Period;
use crate::account::{CurrentUser, shown_name};
use crate::clock;
use crate::database::Database;
use crate::game::GameType;
use crate::game::currency::minor_digits;
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::ids::{Money, UserId};

const CURRENCY: &str = "RUB";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Measure {
    #[default]
    Net,
    Wins,
    Rating,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    All,
    /// The caller and the caller's friends.
    Friends,
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
    #[param(inline)]
    game_type: Option<GameType>,
    /// `week`: since Monday, 00:00; `month`: since its first day; `all` where absent.
    #[param(inline)]
    period: Option<Period>,
    /// Where weeks and months begin: a name of the IANA database, such as `Europe/Moscow`; `UTC` where absent.
    time_zone: Option<String>,
    /// By what; `net` where absent.
    #[param(inline)]
    by: Option<Measure>,
    /// Of which money `net` is, ISO 4217; `RUB` where absent. Where it is given, or `by` is `net`, only games that were
    /// played for it count.
    currency: Option<String>,
    /// `friends`: the caller and the caller's friends; `all` where absent.
    #[param(inline)]
    scope: Option<Scope>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A player's place among all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Leader {
    /// 1 is first; equal values share a rank and the next is skipped: 1, 1, 3.
    rank: i64,
    user_id: UserId,
    username: String,
    display_name: String,
    /// Ended games.
    games: i64,
    wins: i64,
    /// `wins / games`.
    win_rate: f64,
    /// Minor units of `currency`.
    net: Money,
    /// ISO 4217.
    currency: String,
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
    rank: i64,
}

/// The best players.
#[utoipa::path(
    get, path = "/api/v1/stats/leaderboard", operation_id = "get_leaderboard", tag = "statistics",
    security(("bearer" = [])), params(Filter),
    responses((status = 200, body = Listing<Leader>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Leader>>, Problem> {
    let Filter { game_type, period, time_zone, by, currency, scope, limit, cursor } = filter.into_inner();
    let page = Page::new(limit, cursor)?;
    let by = by.unwrap_or_default();
    let zone = zone(time_zone.as_deref())?;
    let since = period.unwrap_or_default().begins(clock::now(), zone);
    let is_of_one_currency = by == Measure::Net || currency.is_some();
    let currency = currency.unwrap_or_else(|| CURRENCY.to_owned());
    if minor_digits(&currency).is_none() {
        return Err(Problem::invalid("currency", "must be a currency of ISO 4217, such as RUB"));
    }

    let mut values: Vec<Value> = vec![since.millis().into(), currency.clone().into()];
    let mut only = String::new();
    if is_of_one_currency {
        only += " AND currency = $2";
    }
    if let Some(game_type) = game_type {
        values.push(game_type.as_str().into());
        only += &format!(" AND game_type = ${}", values.len());
    }
    if scope == Some(Scope::Friends) {
        values.push(user.id.0.into());
        only += &format!(" AND user_id = ${}", values.len());
    }
    let mut after = String::new();
    if let Some((value, user)) = page.after::<(i64, Uuid)>()? {
        values.extend([value.into(), user.into()]);
        let (value, user) = (values.len() - 1, values.len());
        after = format!("WHERE value < ${value} OR (value = ${value} AND user_id > ${user})");
    }
    let (value, rows) = (by.expression(), page.rows());
    // Ranks are given before a page is cut out. Sums of integers are wider in PostgreSQL, hence the casts.
    let sql = format!(
        "SELECT * FROM (\
           SELECT s.*, {value} AS value, rank() OVER (ORDER BY {value} DESC) AS rank, u.username, u.display_name FROM (\
             SELECT t.*, (1000 * (wins + 2)) / (games + 4) AS rating FROM (\
               SELECT user_id, count(*) AS games, CAST(sum(CASE WHEN won THEN 1 ELSE 0 END) AS bigint) AS wins, \
                      CAST(sum(CASE WHEN currency = $2 THEN net ELSE 0 END) AS bigint) AS net \
               FROM game_player WHERE ended_at_ms IS NOT NULL AND ended_at_ms >= $1{only} GROUP BY user_id) t) s \
           JOIN \"user\" u ON u.id = s.user_id) l \
         {after} ORDER BY value DESC, user_id ASC LIMIT {rows}"
    );
    let statement = Statement::from_sql_and_values(database.reader().get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(database.reader()).await?;
    let leader = |row: Row| Leader {
        rank: row.rank,
        user_id: UserId(row.user_id),
        display_name: shown_name(&row.display_name, &row.username),
        username: row.username,
        games: row.games,
        wins: row.wins,
        win_rate: row.wins as f64 / row.games.max(1) as f64,
        net: Money(row.net),
        currency: currency.clone(),
        rating: row.rating,
    };
    Ok(web::Json(Listing::of(rows, &page, |row| (row.value, row.user_id), leader)))
}

fn zone(name: Option<&str>) -> Result<Tz, Problem> {
    let wrong = |_| Problem::invalid("time_zone", "must be a time zone of the IANA database, such as Europe/Moscow");
    name.map_or(Ok(Tz::UTC), |name| name.parse().map_err(wrong))
}
