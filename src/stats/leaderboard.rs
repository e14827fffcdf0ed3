//! The best players of a week, a month, a season or of all time. Amounts of different currencies are never added.

use std::collections::HashMap;

use actix_web::web;
use entity::user;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::period::{Period, zone};
use super::standings::{BoardRequest, Ranking, Standing, Standings};
use crate::account::{CurrentUser, shown_name};
use crate::clock;
use crate::club::sessions_of;
use crate::database::Database;
use crate::friend::friends_of;
use crate::game::GameType;
use crate::game::currency::minor_digits;
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::ids::{ClubId, Money, UserId};

const CURRENCY: &str = "RUB";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    All,
    /// The caller and the caller's friends.
    Friends,
    /// Everybody who played in the sessions of a club, by the games of these sessions.
    Club,
}

/// Query of the leaderboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one kind of game only.
    #[param(inline)]
    game_type: Option<GameType>,
    /// `week`: since Monday, 00:00; `month`: since its first day; `season`: since the first of
    /// January, April, July or October; `all` where absent.
    #[param(inline)]
    period: Option<Period>,
    /// Where weeks, months and seasons begin: a name of the IANA database, such as `Europe/Moscow`; `UTC` where absent.
    time_zone: Option<String>,
    /// By what; `net` where absent. By `rating` there are only players who are rated.
    #[param(inline)]
    by: Option<Ranking>,
    /// Of which money `net` is, ISO 4217; `RUB` where absent. Where it is given, or `by` is `net`, only games that were
    /// played for it count.
    currency: Option<String>,
    /// `friends`: the caller and the caller's friends; `club`: who played in the sessions of that club, counted by the
    /// games of these sessions, for its members; `all` where absent.
    #[param(inline)]
    scope: Option<Scope>,
    /// Which club, with `scope=club`.
    club_id: Option<ClubId>,
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
    /// `null` of a guest.
    #[schema(required)]
    username: Option<String>,
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
    /// Glicko-2, over the games of that type or over all, not only those of the period; 1500 where there is none yet.
    rating: i64,
}

/// The best players.
#[utoipa::path(
    get, path = "/api/v1/stats/leaderboard", operation_id = "get_leaderboard", tag = "statistics",
    security(("bearer" = [])), params(Filter),
    responses(
        (status = 200, body = Listing<Leader>),
        (status = 404, description = "`not_found`: there is no such club, or you are not in it", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn list(
    user: CurrentUser,
    filter: Query<Filter>,
    database: web::Data<Database>,
    standings: web::Data<Standings>,
) -> Result<web::Json<Listing<Leader>>, Problem> {
    let Filter { game_type, period, time_zone, by, currency, scope, club_id, limit, cursor } = filter.into_inner();
    let page = Page::new(limit, cursor)?;
    let by = by.unwrap_or_default();
    let zone = zone(time_zone.as_deref())?;
    let since = period.unwrap_or_default().begins(clock::now(), zone);
    let is_of_one_currency = by == Ranking::Net || currency.is_some();
    let currency = currency_or_roubles(currency)?;

    let (mut among, mut sessions) = (None, None);
    match (scope.unwrap_or_default(), club_id) {
        (Scope::Club, None) => return Err(Problem::invalid("club_id", "is required with scope=club")),
        (Scope::Club, Some(club)) => sessions = Some(sessions_of(database.reader(), club, user.id).await?),
        (_, Some(_)) => return Err(Problem::invalid("club_id", "goes with scope=club only")),
        (Scope::Friends, None) => {
            let mut friends = friends_of(database.reader(), user.id).await?;
            friends.insert(user.id);
            among = Some(friends);
        }
        (Scope::All, None) => {}
    }
    let request = BoardRequest {
        since,
        game_type: game_type.map(GameType::as_str),
        currency: currency.clone(),
        is_of_currency_only: is_of_one_currency,
        ranking: by,
        among,
        sessions,
        after: page.after()?,
        limit: page.rows() as usize,
    };
    let rows = standings.board(request).await?;
    let names = names(&database, rows.iter().map(|row| row.user)).await?;
    let leader = |row: Standing| {
        let (username, display_name) = names.get(&row.user).cloned().unwrap_or_default();
        let win_rate = row.wins as f64 / row.games.max(1) as f64;
        let Standing { user: user_id, rank, games, wins, net, rating, .. } = row;
        let currency = currency.clone();
        Leader { rank, user_id, username, display_name, games, wins, win_rate, net, currency, rating }
    };
    Ok(web::Json(Listing::of(rows, &page, |row| (row.value, row.user), leader)))
}

/// User name, of a guest none, and the name to show of those on a page.
pub(super) async fn names(
    database: &Database,
    users: impl Iterator<Item = UserId>,
) -> Result<HashMap<UserId, (Option<String>, String)>, DbErr> {
    let found = user::Entity::find().filter(user::Column::Id.is_in(users.map(|user| user.0)));
    let found = found.all(database.reader()).await?;
    let name = |row: user::Model| {
        let shown = shown_name(&row.display_name, &row.username);
        (UserId(row.id), ((!row.is_guest).then_some(row.username), shown))
    };
    Ok(found.into_iter().map(name).collect())
}

/// The currency that is asked for; 422 where there is none of that name.
pub(super) fn currency_or_roubles(asked: Option<String>) -> Result<String, Problem> {
    let currency = asked.unwrap_or_else(|| CURRENCY.to_owned());
    match minor_digits(&currency) {
        Some(_) => Ok(currency),
        None => Err(Problem::invalid("currency", "must be a currency of ISO 4217, such as RUB")),
    }
}
