//! Boards and ratings: all ended games in memory, brought up to the tables whenever somebody asks.
//!
//! The database says which games changed (a trigger notes them, whoever writes the rows: `result_change`), so an answer
//! needs to read those of the last moments alone, and is exact on whatever node it is given.

mod ended_game;
mod ended_games;
mod rating;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::{game_player, result_change};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use self::ended_game::{EndedGame, PlayerOutcome};
use self::ended_games::{BoardFilter, EndedGames};
pub(super) use self::ended_games::{Ranking, Standing};
use self::rating::TRAIL_MAX;
use crate::database::Database;
use crate::game::GameType;
use crate::ids::{GameId, Money, SessionId, Timestamp, UserId};

/// Rows read at once.
const PAGE: u64 = 10_000;
/// Games whose rows are read at once.
const GAMES_MAX: usize = 500;
/// How far back changes are read again: a change is seen when its transaction ends, which no transaction of the
/// statistics takes so long to do.
const OVERLAP_MS: i64 = 60_000;

/// Ended games in memory, for boards and ratings. Clones share them.
#[derive(Clone)]
pub struct Standings {
    database: Database,
    held: Arc<Mutex<Held>>,
}

struct Held {
    games: EndedGames,
    /// The time of the last change that was read, by the database's clock; `None`: nothing was read yet.
    read_to: Option<i64>,
}

/// What counts of a row of the statistics: there are a million of them where much was played.
#[derive(FromQueryResult)]
struct ResultRow {
    game_id: Uuid,
    participant_id: Uuid,
    session_id: Uuid,
    user_id: Uuid,
    game_type: String,
    ended_at_ms: Option<i64>,
    net: i64,
    won: bool,
    place: Option<i32>,
    currency: Option<String>,
}

/// Which board, with everything that it owns.
#[derive(Clone, Debug)]
pub(super) struct BoardRequest {
    pub(super) since: Timestamp,
    pub(super) game_type: Option<&'static str>,
    pub(super) currency: String,
    pub(super) is_of_currency_only: bool,
    pub(super) ranking: Ranking,
    pub(super) among: Option<HashSet<UserId>>,
    pub(super) sessions: Option<Vec<SessionId>>,
    pub(super) after: Option<(i64, UserId)>,
    pub(super) limit: usize,
}

/// A rating in games of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Rating {
    /// Glicko-2: everybody begins at 1500.
    pub rating: i64,
    /// How sure that is: 350 at first, and less with each game.
    pub deviation: i64,
}

impl Standings {
    pub fn new(database: Database) -> Self {
        let held = Held { games: EndedGames::new(TRAIL_MAX), read_to: None };
        Self { database, held: Arc::new(Mutex::new(held)) }
    }

    /// Reads all there is before anybody asks. Where that fails whoever asks first waits for it.
    pub async fn warm_up(self) {
        if let Err(error) = self.up_to_date().await {
            tracing::warn!(%error, "the games for leaderboards are not read yet");
        }
    }

    /// One page of a board.
    pub(super) async fn board(&self, request: BoardRequest) -> Result<Vec<Standing>, DbErr> {
        let held = self.up_to_date().await?;
        let count = move || {
            held.games.board(&BoardFilter {
                since: request.since,
                game_type: request.game_type,
                currency: &request.currency,
                is_of_currency_only: request.is_of_currency_only,
                ranking: request.ranking,
                among: request.among.as_ref(),
                sessions: request.sessions.as_deref(),
                after: request.after,
                limit: request.limit,
            })
        };
        // A look at some 100,000 players takes some milliseconds, in which others are served.
        tokio::task::spawn_blocking(count).await.map_err(|error| DbErr::Custom(error.to_string()))
    }

    /// The ratings of a player by game type, where the player was rated.
    pub(super) async fn ratings(&self, user: UserId) -> Result<Vec<(&'static str, Rating)>, DbErr> {
        let held = self.up_to_date().await?;
        let of_type = |game_type: &GameType| {
            let (rating, deviation) = held.games.rating(user, game_type.as_str())?;
            Some((game_type.as_str(), Rating { rating, deviation }))
        };
        Ok(GameType::ALL.iter().filter_map(of_type).collect())
    }

    async fn up_to_date(&self) -> Result<OwnedMutexGuard<Held>, DbErr> {
        let mut held = self.held.clone().lock_owned().await;
        match held.read_to {
            None => self.read_all(&mut held).await?,
            Some(read_to) => self.read_changes(&mut held, read_to).await?,
        }
        if held.games.is_rated() {
            return Ok(held);
        }
        let rate = move || {
            held.games.rate();
            held
        };
        // After a correction of long ago this takes seconds.
        tokio::task::spawn_blocking(rate).await.map_err(|error| DbErr::Custom(error.to_string()))
    }

    async fn read_all(&self, held: &mut Held) -> Result<(), DbErr> {
        use game_player::Column;
        // What a reading that failed has left may be gone meanwhile.
        held.games = EndedGames::new(TRAIL_MAX);
        // Before the rows: what changes meanwhile is read again.
        let read_to = self.last_change().await?.unwrap_or(0);
        let mut after: Option<(Uuid, Uuid)> = None;
        let mut rows = Vec::new();
        loop {
            let mut wanted = Condition::all();
            if let Some((game, participant)) = after {
                let same = Condition::all().add(Column::GameId.eq(game)).add(Column::ParticipantId.gt(participant));
                wanted = wanted.add(Condition::any().add(Column::GameId.gt(game)).add(same));
            }
            let page = results().filter(wanted).order_by_asc(Column::GameId).order_by_asc(Column::ParticipantId);
            let page: Vec<ResultRow> = page.limit(PAGE).into_model().all(self.database.reader()).await?;
            after = page.last().map(|row| (row.game_id, row.participant_id));
            let is_last = page.len() < PAGE as usize;
            rows.extend(page);
            // The last game of a page may go on with the next one.
            let whole = if is_last { rows.len() } else { whole_games(&rows) };
            let rest = rows.split_off(whole);
            held.put(std::mem::replace(&mut rows, rest), HashSet::new());
            if is_last {
                held.read_to = Some(read_to);
                return Ok(());
            }
        }
    }

    async fn read_changes(&self, held: &mut Held, read_to: i64) -> Result<(), DbErr> {
        use result_change::{Column, Entity};
        let changed = Entity::find().filter(Column::ChangedAtMs.gte(read_to - OVERLAP_MS));
        let changed = changed.all(self.database.reader()).await?;
        let newest = changed.iter().map(|change| change.changed_at_ms).max();
        for changed in changed.chunks(GAMES_MAX) {
            let games: HashSet<Uuid> = changed.iter().map(|change| change.game_id).collect();
            let rows = results().filter(game_player::Column::GameId.is_in(games.iter().copied()));
            let rows = rows.into_model().all(self.database.reader()).await?;
            held.put(rows, games);
        }
        held.read_to = Some(newest.map_or(read_to, |newest| newest.max(read_to)));
        Ok(())
    }

    async fn last_change(&self) -> Result<Option<i64>, DbErr> {
        use result_change::{Column, Entity};
        let newest = Entity::find().select_only().column(Column::ChangedAtMs).order_by_desc(Column::ChangedAtMs);
        newest.limit(1).into_tuple().one(self.database.reader()).await
    }
}

/// The rows of ended games.
fn results() -> Select<game_player::Entity> {
    use game_player::{Column, Entity};
    let rows = Entity::find().filter(Column::EndedAtMs.is_not_null()).select_only();
    rows.columns([Column::GameId, Column::ParticipantId, Column::SessionId, Column::UserId, Column::GameType])
        .columns([Column::EndedAtMs, Column::Net, Column::Won, Column::Place, Column::Currency])
}

/// How many rows belong to games of which there are no more rows behind.
fn whole_games(rows: &[ResultRow]) -> usize {
    let last = rows.last().map(|row| row.game_id);
    rows.iter().rposition(|row| Some(row.game_id) != last).map_or(0, |at| at + 1)
}

impl Held {
    /// Games as their rows say; those of `changed` without rows have not ended.
    fn put(&mut self, rows: Vec<ResultRow>, mut changed: HashSet<Uuid>) {
        let mut games: HashMap<Uuid, Vec<ResultRow>> = HashMap::new();
        for row in rows {
            games.entry(row.game_id).or_default().push(row);
        }
        for (id, mut rows) in games {
            changed.remove(&id);
            rows.sort_unstable_by_key(|row| row.participant_id);
            let game = self.game(&rows);
            self.games.set(GameId(id), game);
        }
        for id in changed {
            self.games.set(GameId(id), None);
        }
    }

    fn game(&mut self, rows: &[ResultRow]) -> Option<(Timestamp, EndedGame)> {
        let first = rows.first()?;
        let ended_at = Timestamp::from_millis(first.ended_at_ms?);
        let session = self.games.session(SessionId(first.session_id));
        let game_type = self.games.name(&first.game_type);
        let is_of_two_sides = GameType::named(&first.game_type).is_some_and(GameType::is_of_two_sides);
        // Empty where the log does not tell it any more.
        let currency = first.currency.as_deref().filter(|currency| !currency.is_empty());
        let currency = currency.map(|currency| self.games.name(currency));
        let player = |row: &ResultRow| PlayerOutcome {
            user: self.games.user(UserId(row.user_id)),
            place: row.place.unwrap_or(i32::MAX),
            won: row.won,
            net: Money(row.net),
        };
        let players = rows.iter().map(player).collect();
        Some((ended_at, EndedGame { session, game_type, is_of_two_sides, currency, players }))
    }
}
