//! In which currency the statistics' rows are. Rows that were written before it was kept, or by a node that is not
//! updated yet, have none, and count for no sum of money: one task reads it from the log, a few sessions at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use entity::game_player::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::database::Database;
use crate::ids::{Seq, SessionId};
use crate::journal::{Journal, JournalError};

/// Sessions whose log is read in one go.
const SESSIONS_MAX: u64 = 20;
/// Pauses after each go, in times that it took: others are at most a sixth of the time slower.
const PAUSES: u32 = 5;
/// Between two looks for what nodes wrote that are not updated yet.
const AGAIN_EVERY: Duration = Duration::from_secs(3_600);
/// After a look that the database ended.
const AGAIN_AFTER_TROUBLE: Duration = Duration::from_secs(60);

/// Fills in what is missing, at the start and every hour. Two nodes that do it at once write the same.
pub async fn keep_filled_in(database: Database, journal: Journal) {
    loop {
        let next = match fill_in(&database, &journal).await {
            Ok(()) => AGAIN_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the currency of older games is not filled in yet");
                AGAIN_AFTER_TROUBLE
            }
        };
        tokio::time::sleep(next).await;
    }
}

/// Looks once at each session without a currency. An unreadable log keeps its rows as they are: it may be readable
/// again, by another version or from a backup.
async fn fill_in(database: &Database, journal: &Journal) -> Result<(), DbErr> {
    let (mut after, mut filled, mut unreadable) = (Uuid::nil(), 0, Vec::new());
    loop {
        let began = Instant::now();
        let sessions = without_currency(database, after).await?;
        let Some(&last) = sessions.last() else { break };
        let mut found: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        for session in sessions {
            match journal.state_at(database.reader(), SessionId(session), Seq::MAX).await {
                Ok(state) if state.seq() > 0 => {
                    found.entry(state.rules().currency().to_owned()).or_default().push(session);
                }
                Ok(_) | Err(JournalError::Unreadable { .. }) => unreadable.push(session),
                Err(JournalError::Unavailable(error)) => return Err(error),
            }
        }
        for (currency, sessions) in found {
            filled += sessions.len();
            set(database, sessions, currency).await?;
        }
        after = last;
        tokio::time::sleep(began.elapsed() * PAUSES).await;
    }
    if filled > 0 {
        tracing::info!(sessions = filled, "the currency of older games is filled in");
    }
    if let Some(first) = unreadable.first() {
        let sessions = unreadable.len();
        tracing::warn!(sessions, %first, "logs that can't be read: their games count for no sum of money");
    }
    Ok(())
}

/// The next sessions with such rows, in order of their id.
async fn without_currency(database: &Database, after: Uuid) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::SessionId)
        .distinct()
        .filter(Column::Currency.is_null())
        .filter(Column::SessionId.gt(after))
        .order_by_asc(Column::SessionId)
        .limit(SESSIONS_MAX)
        .into_tuple()
        .all(database.reader())
        .await
}

/// A session has one currency: it can't change once a game was played.
async fn set(database: &Database, sessions: Vec<Uuid>, currency: String) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Currency, Expr::value(currency))
        .filter(Column::SessionId.is_in(sessions))
        .filter(Column::Currency.is_null())
        .exec(database.writer())
        .await?;
    Ok(())
}
