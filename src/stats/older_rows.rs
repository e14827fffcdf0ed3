//! What the statistics' rows lack that older versions did not keep: their currency, and details. Rows that were written
//! before these were kept, or by a node that is not updated yet, have none, and count for no sum of them: one task reads
//! it from the log, a few sessions at a time.

use std::time::{Duration, Instant};

use entity::game_player::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{cursor, projection};
use crate::database::Database;
use crate::game::view::GameStatus;
use crate::ids::{Seq, SessionId};
use crate::journal::{self, JournalError};

/// Sessions whose log is read in one go.
const SESSIONS_MAX: u64 = 20;
/// Pauses after each go, in times that it took: others are at most a sixth of the time slower.
const PAUSES: u32 = 5;
/// Between two looks for what nodes wrote that are not updated yet.
const AGAIN_EVERY: Duration = Duration::from_secs(3_600);
/// After a look that the database ended.
const AGAIN_AFTER_TROUBLE: Duration = Duration::from_secs(60);
/// After a look in which sessions moved on while they were read, or were in others' hands.
const AGAIN_SOON: Duration = Duration::from_secs(2);

/// What a look came to.
#[derive(Default)]
struct Look {
    filled: usize,
    unreadable: Vec<Uuid>,
    moved_on: usize,
}

/// Fills in what is missing, at the start and every hour. Two nodes that do it at once write the same.
pub async fn keep_filled_in(database: Database) {
    loop {
        let next = match fill_in(&database).await {
            Ok(Look { moved_on: 0, .. }) => AGAIN_EVERY,
            Ok(_) => AGAIN_SOON,
            Err(error) => {
                tracing::warn!(%error, "what older games lack in the statistics is not filled in yet");
                AGAIN_AFTER_TROUBLE
            }
        };
        tokio::time::sleep(next).await;
    }
}

/// Looks once at each session of which rows lack something. An unreadable log keeps its rows as they are: it may be
/// readable again, by another version or from a backup.
async fn fill_in(database: &Database) -> Result<Look, DbErr> {
    let (mut after, mut look) = (Uuid::nil(), Look::default());
    loop {
        let began = Instant::now();
        let sessions = lacking(database, after).await?;
        let Some(&last) = sessions.last() else { break };
        let cursors = cursor::seen(database.reader(), &sessions).await?;
        for session in sessions {
            let applied = cursors.get(&SessionId(session)).copied().unwrap_or_default();
            match rows_at(database, SessionId(session), applied).await {
                Ok(rows) if rows.is_empty() => look.unreadable.push(session),
                Ok(rows) => match store(database, SessionId(session), applied, rows).await? {
                    true => look.filled += 1,
                    false => look.moved_on += 1,
                },
                Err(JournalError::Unreadable { .. }) => look.unreadable.push(session),
                Err(JournalError::Unavailable(error)) => return Err(error),
            }
        }
        after = last;
        tokio::time::sleep(began.elapsed() * PAUSES).await;
    }
    if look.filled > 0 {
        tracing::info!(sessions = look.filled, "what older games lacked in the statistics is filled in");
    }
    if look.moved_on > 0 {
        tracing::info!(
            sessions = look.moved_on,
            "sessions that moved on, or that somebody else holds, are read again soon"
        );
    }
    if let Some(first) = look.unreadable.first() {
        let sessions = look.unreadable.len();
        tracing::warn!(sessions, %first, "logs that can't be read: their games count for no sum of what they lack");
    }
    Ok(look)
}

fn lacks_something() -> Condition {
    Condition::any().add(Column::Currency.is_null()).add(Column::Details.is_null())
}

/// The next sessions with such rows, in order of their id.
async fn lacking(database: &Database, after: Uuid) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::SessionId)
        .distinct()
        .filter(lacks_something())
        .filter(Column::SessionId.gt(after))
        .order_by_asc(Column::SessionId)
        .limit(SESSIONS_MAX)
        .into_tuple()
        .all(database.reader())
        .await
}

/// A session's rows as the log said them at that event; none where a newer version plays it.
async fn rows_at(database: &Database, session: SessionId, seq: Seq) -> Result<Vec<ActiveModel>, JournalError> {
    let state = journal::state_at(database.reader(), session, seq).await?;
    if state.seq() != seq || state.needs_newer() {
        return Ok(Vec::new());
    }
    let games = state.games().filter_map(|game| Some((game, state.player_games(game)?)));
    let counted = games.filter(|(_, summary)| summary.status != GameStatus::Cancelled);
    Ok(counted.flat_map(|(game, summary)| projection::players(&state, game, &summary).collect::<Vec<_>>()).collect())
}

/// Fills them in, unless the statistics have moved on since: what was read would then be older than what is there.
async fn store(database: &Database, session: SessionId, seq: Seq, rows: Vec<ActiveModel>) -> Result<bool, DbErr> {
    let tx = database.begin_write().await?;
    if cursor::hold(&tx, &[session.0]).await?.get(&session) != Some(&seq) {
        return Ok(false);
    }
    let lacking = Entity::find().select_only().column(Column::GameId).column(Column::Currency).distinct();
    let lacking = lacking.filter(Column::SessionId.eq(session.0)).filter(lacks_something());
    let lacking: Vec<(Uuid, Option<String>)> = lacking.into_tuple().all(&tx).await?;
    // Whoever keeps sums of money hears of a currency; details are nobody's result.
    for (columns, is_without_currency) in
        [(&[Column::Details, Column::Currency][..], true), (&[Column::Details], false)]
    {
        let games: Vec<Uuid> = lacking
            .iter()
            .filter(|(_, currency)| currency.is_none() == is_without_currency)
            .map(|(game, _)| *game)
            .collect();
        let rows = rows.iter().filter(|row| games.contains(row.game_id.as_ref())).cloned().collect();
        projection::put(&tx, rows, columns).await?;
    }
    tx.commit().await?;
    Ok(true)
}
