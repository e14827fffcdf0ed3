//! Against whom a player has played, and how it came out.

use std::collections::BTreeMap;

use actix_web::web;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::leaderboard::names;
use super::statistics::must_exist;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::game::GameType;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{Money, UserId};

/// Another account that a player has played against. Ended games count; in games of two sides those that a side has won,
/// and only against the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Opponent {
    user_id: UserId,
    /// What the account is called now.
    display_name: String,
    /// Games against each other.
    games: i64,
    /// Of these, the player is among the winners and the opponent is not.
    wins: i64,
    /// The opponent is among the winners and the player is not.
    losses: i64,
    /// The player has the better place, be it the fourth before the fifth.
    ahead: i64,
    /// The opponent has the better place.
    behind: i64,
    /// What the player won or lost in these games, by currency: from and to everybody in them, not what went from one of
    /// the two to the other.
    nets: BTreeMap<String, Money>,
}

/// Query of the list of opponents.
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

/// Whom a player has played against, those first with whom most.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}/opponents", operation_id = "list_user_opponents", tag = "statistics",
    security(("bearer" = [])), params(("id" = Uuid, Path), Filter),
    responses((status = 200, body = Listing<Opponent>), (status = 404, body = ProblemBody)),
)]
pub(super) async fn list(
    _: CurrentUser,
    id: PathId<UserId>,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Opponent>>, Problem> {
    let (user, Filter { game_type, limit, cursor }) = (id.into_inner(), filter.into_inner());
    let page = Page::new(limit, cursor)?;
    let after = page.after::<(i64, UserId)>()?;
    must_exist(&database, user).await?;
    // The more games the earlier; of equal ones by id.
    let key = |opponent: &Opponent| (-opponent.games, opponent.user_id);
    let mut opponents = of(&database, user, game_type).await?;
    opponents.retain(|opponent| after.is_none_or(|after| key(opponent) > after));
    opponents.sort_unstable_by_key(key);
    opponents.truncate(page.rows() as usize);
    let names = names(&database, opponents.iter().map(|opponent| opponent.user_id)).await?;
    let named = |opponent: Opponent| {
        let display_name = names.get(&opponent.user_id).map(|(_, shown)| shown.clone()).unwrap_or_default();
        Opponent { display_name, ..opponent }
    };
    Ok(web::Json(Listing::of(opponents, &page, key, named)))
}

/// Games against one opponent that were played for one currency.
#[derive(FromQueryResult)]
struct CommonGames {
    user_id: Uuid,
    currency: Option<String>,
    games: i64,
    wins: i64,
    losses: i64,
    ahead: i64,
    behind: i64,
    net: i64,
}

async fn of(database: &Database, user: UserId, game_type: Option<GameType>) -> Result<Vec<Opponent>, DbErr> {
    let everybody_for_himself = GameType::ALL.iter().filter(|game_type| !game_type.is_of_two_sides());
    let everybody_for_himself: Vec<String> =
        everybody_for_himself.map(|game_type| format!("'{}'", game_type.as_str())).collect();
    let mut values: Vec<sea_orm::Value> = vec![user.0.into()];
    let mut of_type = "";
    if let Some(game_type) = game_type {
        values.push(game_type.as_str().into());
        of_type = "AND m.game_type = $2";
    }
    let sql = format!(
        "SELECT o.user_id, m.currency, COUNT(*) AS games, \
           SUM(CASE WHEN m.won AND NOT o.won THEN 1 ELSE 0 END) AS wins, \
           SUM(CASE WHEN o.won AND NOT m.won THEN 1 ELSE 0 END) AS losses, \
           SUM(CASE WHEN m.place < o.place THEN 1 ELSE 0 END) AS ahead, \
           SUM(CASE WHEN m.place > o.place THEN 1 ELSE 0 END) AS behind, \
           CAST(SUM(m.net) AS bigint) AS net \
         FROM game_player m JOIN game_player o ON o.game_id = m.game_id AND o.user_id <> m.user_id \
         WHERE m.user_id = $1 AND m.ended_at_ms IS NOT NULL {of_type} \
           AND (m.won <> o.won OR m.game_type IN ({})) \
         GROUP BY o.user_id, m.currency",
        everybody_for_himself.join(", ")
    );
    let db = database.reader();
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    let mut opponents: BTreeMap<Uuid, Opponent> = BTreeMap::new();
    for row in &rows {
        let common = CommonGames::from_query_result(row, "")?;
        let opponent = opponents.entry(common.user_id).or_default();
        opponent.user_id = UserId(common.user_id);
        opponent.games += common.games;
        opponent.wins += common.wins;
        opponent.losses += common.losses;
        opponent.ahead += common.ahead;
        opponent.behind += common.behind;
        if let Some(currency) = common.currency {
            *opponent.nets.entry(currency).or_default() += Money(common.net);
        }
    }
    Ok(opponents.into_values().collect())
}
