//! The keys of commands over all sessions: each is used once. A key is a user and that user's idempotency key, shortened
//! to 64 bits, since all of them are kept.
//!
//! Where several nodes write, keys are rows of their own: whoever comes second finds the place taken, so nothing is asked
//! before. Such a row goes to a random page of the table, for each ball, which costs SQLite a tenth of what it can do.
//! There one process writes alone, so it has the last keys in memory, and they are stored as one row for each commit.
//! Both are written in the transaction of the events.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, SqlErr, Statement, TryGetable, Value};
use sha2::{Digest, Sha256};

use super::Append;
use crate::database::Database;
use crate::ids::{CommandId, UserId};

/// Keys in memory: those of the last so many commands of the process; a session knows its own for ever.
const RECENT_MAX: usize = 1 << 18;
/// Rows read at once.
const ROWS: usize = 4_096;

/// Of a user and an idempotency key.
fn number((user, command): (UserId, CommandId)) -> i64 {
    let digest = Sha256::new().chain_update(user.0.as_bytes()).chain_update(command.0.as_bytes()).finalize();
    i64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}

/// The commands whose events are in an append, each once.
fn commands(append: &Append) -> impl Iterator<Item = (UserId, CommandId)> + '_ {
    let mut last = None;
    append.records.iter().filter_map(move |record| {
        let command = (record.event.actor.user_id?, record.event.command_id);
        (last.replace(command) != Some(command)).then_some(command)
    })
}

/// The keys of an append.
pub(super) fn numbers(append: &Append) -> impl Iterator<Item = i64> + '_ {
    commands(append).map(number)
}

/// All keys that count, wherever they are.
#[derive(Clone)]
pub(super) enum CommandKeys {
    /// PostgreSQL.
    InTable,
    /// SQLite.
    InMemory(Arc<Mutex<RecentKeys>>),
}

#[derive(Default)]
pub(super) struct RecentKeys {
    keys: HashSet<i64>,
    in_order: VecDeque<i64>,
    /// The last row whose keys are here, and the one that is to be committed.
    row: i64,
    written: i64,
}

impl RecentKeys {
    fn add(&mut self, keys: impl IntoIterator<Item = i64>) {
        for key in keys {
            if !self.keys.insert(key) {
                continue;
            }
            self.in_order.push_back(key);
            if self.in_order.len() > RECENT_MAX
                && let Some(oldest) = self.in_order.pop_front()
            {
                self.keys.remove(&oldest);
            }
        }
    }
}

impl CommandKeys {
    /// Those of this database.
    pub(super) async fn open(database: &Database) -> Result<Self, DbErr> {
        if database.is_postgres() {
            return Ok(CommandKeys::InTable);
        }
        let keys = CommandKeys::InMemory(Arc::default());
        if let Some(oldest) = keys.catch_up(database.writer()).await? {
            database.writer().execute_unprepared(&format!("DELETE FROM command_key WHERE id < {oldest}")).await?;
        }
        Ok(keys)
    }

    /// Reads what was stored and not heard of, the newest first; answers the oldest row that was needed.
    pub(super) async fn catch_up(&self, db: &impl ConnectionTrait) -> Result<Option<i64>, DbErr> {
        let CommandKeys::InMemory(recent) = self else { return Ok(None) };
        let known = lock(recent).row;
        let (mut found, mut newest, mut oldest) = (Vec::new(), known, None);
        while found.len() < RECENT_MAX {
            let sql = format!(
                "SELECT id, keys FROM command_key WHERE id > {known} AND id < {} ORDER BY id DESC LIMIT {ROWS}",
                oldest.unwrap_or(i64::MAX)
            );
            let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
            for row in &rows {
                let (id, keys) = (i64::try_get_by(row, 0)?, Vec::<u8>::try_get_by(row, 1)?);
                found.extend(keys.as_chunks().0.iter().map(|key| i64::from_be_bytes(*key)));
                newest = newest.max(id);
                oldest = Some(id);
            }
            if rows.len() < ROWS {
                break;
            }
        }
        let mut recent = lock(recent);
        recent.add(found.into_iter().rev());
        recent.row = recent.row.max(newest);
        Ok(oldest)
    }

    /// Stores these keys in the transaction of their events; fails where one is taken (`is_taken`). On PostgreSQL the
    /// statement that stores the events does it.
    pub(super) async fn insert(&self, tx: &impl ConnectionTrait, keys: Vec<i64>) -> Result<(), DbErr> {
        let CommandKeys::InMemory(recent) = self else { return Ok(()) };
        if keys.is_empty() {
            return Ok(());
        }
        let mut new = HashSet::with_capacity(keys.len());
        if keys.iter().any(|key| lock(recent).keys.contains(key) || !new.insert(key)) {
            return Err(DbErr::RecordNotInserted);
        }
        let blob: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
        let sql = "INSERT INTO command_key (keys) VALUES (?)";
        let row = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [Value::from(blob)])).await?;
        lock(recent).written = i64::try_from(row.last_insert_id()).unwrap_or(0);
        Ok(())
    }

    /// These are committed.
    pub(super) fn committed<'a>(&self, appends: impl Iterator<Item = &'a Append>) {
        if let CommandKeys::InMemory(recent) = self {
            let mut recent = lock(recent);
            recent.add(appends.flat_map(numbers));
            recent.row = recent.row.max(recent.written);
        }
    }

    /// Whether the key of a command is taken.
    pub(super) async fn is_used(&self, db: &impl ConnectionTrait, command: (UserId, CommandId)) -> Result<bool, DbErr> {
        Ok(!self.used(db, &[number(command)]).await?.is_empty())
    }

    async fn used(&self, db: &impl ConnectionTrait, keys: &[i64]) -> Result<HashSet<i64>, DbErr> {
        if let CommandKeys::InMemory(recent) = self {
            let recent = lock(recent);
            return Ok(keys.iter().copied().filter(|key| recent.keys.contains(key)).collect());
        }
        let sql = "SELECT key FROM command_key WHERE key = ANY($1::bigint[])";
        let these = Statement::from_sql_and_values(DbBackend::Postgres, sql, [keys.to_vec().into()]);
        db.query_all_raw(these).await?.iter().map(|row| Ok(i64::try_get_by(row, 0)?)).collect()
    }

    /// For each append the commands whose keys are taken, by commands of the log or of an earlier append.
    pub(super) async fn taken(
        &self,
        db: &impl ConnectionTrait,
        appends: &[Append],
    ) -> Result<Vec<Vec<(UserId, CommandId)>>, DbErr> {
        let keys: Vec<i64> = appends.iter().flat_map(numbers).collect();
        let mut used = self.used(db, &keys).await?;
        let mut taken = Vec::with_capacity(appends.len());
        for append in appends {
            let of_append: Vec<_> = commands(append).filter(|command| used.contains(&number(*command))).collect();
            if of_append.is_empty() {
                used.extend(numbers(append));
            }
            taken.push(of_append);
        }
        Ok(taken)
    }
}

/// Whether a statement failed since a key is taken.
pub(super) fn is_taken(error: &DbErr) -> bool {
    matches!(error, DbErr::RecordNotInserted)
        || matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(text)) if text.contains("command_key"))
}

fn lock(recent: &Mutex<RecentKeys>) -> MutexGuard<'_, RecentKeys> {
    // Whoever panicked with the lock held added some keys and not others, which are read again at the next start.
    recent.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_remembered() {
        let mut recent = RecentKeys::default();
        let max = RECENT_MAX as i64;
        recent.add(0..max);
        assert!(recent.keys.contains(&0));
        recent.add([1, max]);
        assert!(!recent.keys.contains(&0) && recent.keys.contains(&1) && recent.keys.contains(&max));
        assert_eq!((recent.keys.len(), recent.in_order.len()), (RECENT_MAX, RECENT_MAX));
    }
}
