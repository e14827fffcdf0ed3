//! A player's money over time, as charts draw it: what the games of one currency came to, step by step.

use actix_web::web;
use entity::game_player::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::leaderboard::currency_or_roubles;
use super::period::{Span, zone};
use super::statistics::must_exist;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::http::{PathId, Problem, ProblemBody, Query};
use crate::ids::{Money, Timestamp, UserId};

/// Points of one answer.
const POINTS_MAX: usize = 1_000;
/// Games that are read for one answer.
const GAMES_MAX: usize = 100_000;

/// What a point stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Step {
    #[default]
    Game,
    Day,
    Week,
    Month,
    Season,
    Year,
}

impl Step {
    fn span(self) -> Option<Span> {
        match self {
            Step::Game => None,
            Step::Day => Some(Span::Day),
            Step::Week => Some(Span::Week),
            Step::Month => Some(Span::Month),
            Step::Season => Some(Span::Season),
            Step::Year => Some(Span::Year),
        }
    }
}

/// Query of the money over time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// ISO 4217; `RUB` where absent.
    currency: Option<String>,
    /// What a point stands for: each game where absent, or all of a `day`, `week`, `month`, `season` or `year`.
    #[param(inline)]
    by: Option<Step>,
    /// Where days begin: a name of the IANA database, such as `Europe/Moscow`; `UTC` where absent.
    time_zone: Option<String>,
    /// Games that ended then or later.
    from: Option<Timestamp>,
    /// Games that ended before.
    to: Option<Timestamp>,
}

/// A player's money over time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MoneySeries {
    /// ISO 4217.
    currency: String,
    /// What all games before the first point came to.
    before: Money,
    /// In the order of time, where there were games; at most 1,000.
    items: Vec<MoneyPoint>,
    /// There were more points: the last ones are told, and `before` has the others.
    truncated: bool,
}

/// One point of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct MoneyPoint {
    /// When the game ended, or the first moment of the day, week, month, season or year.
    at: Timestamp,
    /// What its games came to, in minor units.
    net: Money,
    /// The sum up to and with this point, from the first game on.
    total: Money,
}

/// A player's money over time, in one currency.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}/money", operation_id = "get_user_money", tag = "statistics",
    security(("bearer" = [])), params(("id" = uuid::Uuid, Path), Filter),
    responses(
        (status = 200, body = MoneySeries), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn series(
    _: CurrentUser,
    id: PathId<UserId>,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<MoneySeries>, Problem> {
    let (user, Filter { currency, by, time_zone, from, to }) = (id.into_inner(), filter.into_inner());
    let (currency, zone) = (currency_or_roubles(currency)?, zone(time_zone.as_deref())?);
    let step = by.unwrap_or_default();
    must_exist(&database, user).await?;
    let mut counted = Condition::all()
        .add(Column::UserId.eq(user.0))
        .add(Column::EndedAtMs.is_not_null())
        .add(Column::Currency.eq(currency.as_str()));
    if let Some(to) = to {
        counted = counted.add(Column::EndedAtMs.lt(to.millis()));
    }
    let sum = sum(&database, counted.clone()).await?;
    if let Some(from) = from {
        counted = counted.add(Column::EndedAtMs.gte(from.millis()));
    }
    let games_max = if step == Step::Game { POINTS_MAX } else { GAMES_MAX };
    let mut games = newest(&database, counted, games_max + 1).await?;
    let were_more = games.len() > games_max;
    games.truncate(games_max);
    let begins = |at: Timestamp| step.span().map_or(at, |span| span.begins(at, zone));
    let mut points = points(&games, step.span().is_some(), begins);
    // Of the oldest one not all games were read.
    if were_more && step != Step::Game {
        points.pop();
    }
    let truncated = were_more || points.len() > POINTS_MAX;
    points.truncate(POINTS_MAX);
    let (before, items) = totals(sum, points);
    Ok(web::Json(MoneySeries { currency, before, items, truncated }))
}

/// What these games came to.
async fn sum(database: &Database, counted: Condition) -> Result<Money, DbErr> {
    let sum = Entity::find().select_only().column_as(Expr::cust("CAST(COALESCE(SUM(net), 0) AS bigint)"), "net");
    let sum: Option<i64> = sum.filter(counted).into_tuple().one(database.reader()).await?;
    Ok(Money(sum.unwrap_or(0)))
}

/// When they ended and what they came to, the newest first. Of games that ended at once the order is the same each time.
async fn newest(database: &Database, counted: Condition, limit: usize) -> Result<Vec<(Timestamp, Money)>, DbErr> {
    let games = Entity::find().select_only().columns([Column::EndedAtMs, Column::Net]).filter(counted);
    let games = games.order_by_desc(Column::EndedAtMs).order_by_desc(Column::Net).limit(limit as u64);
    let games: Vec<(i64, i64)> = games.into_tuple().all(database.reader()).await?;
    Ok(games.into_iter().map(|(at, net)| (Timestamp::from_millis(at), Money(net))).collect())
}

/// The points of these games, the newest first, still without totals.
fn points(
    games: &[(Timestamp, Money)],
    are_gathered: bool,
    begins: impl Fn(Timestamp) -> Timestamp,
) -> Vec<MoneyPoint> {
    let mut points: Vec<MoneyPoint> = Vec::new();
    for &(at, net) in games {
        match points.last_mut() {
            Some(point) if are_gathered && at >= point.at => point.net += net,
            _ => points.push(MoneyPoint { at: begins(at), net, total: Money::ZERO }),
        }
    }
    points
}

/// What was before the first point, and the points in the order of time. `sum`: what all come to in the end.
fn totals(sum: Money, mut points: Vec<MoneyPoint>) -> (Money, Vec<MoneyPoint>) {
    let mut total = sum;
    for point in &mut points {
        point.total = total;
        total -= point.net;
    }
    points.reverse();
    (total, points)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn points_sum_up_to_all_that_was_won() {
        let day = |days: i64| Timestamp::from_millis(days * 86_400_000 + 3_600_000);
        let games = [(day(9), 5), (day(9), -20), (day(3), 100), (day(2), 7)].map(|(at, net)| (at, Money(net)));
        let by_day = points(&games, true, |at| Span::Day.begins(at, Tz::UTC));
        let (before, items) = totals(Money(1_092), by_day);
        let told: Vec<_> =
            items.iter().map(|point| (point.at.millis() / 86_400_000, point.net.0, point.total.0)).collect();
        assert_eq!((before, told), (Money(1_000), vec![(2, 7, 1_007), (3, 100, 1_107), (9, -15, 1_092)]));
        let each = points(&games, false, |at| at);
        assert_eq!((each.len(), totals(Money(92), each).0), (4, Money::ZERO));
        assert_eq!(totals(Money(5), Vec::new()), (Money(5), Vec::new()));
    }
}
