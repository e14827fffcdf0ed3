//! What no hint came for, or what came was lost with its queue: sessions whose log has more than their cursor says.

use sea_orm::{ConnectionTrait, DbErr, Statement, TryGetable};
use uuid::Uuid;

use super::LockedCursors;
use super::cursor::CONSUMER;
use super::projection::{Checks, Hint, Hints, Projection, SkippedSessions};
use super::told::StatsAnnouncer;
use crate::database::Database;
use crate::ids::{Seq, SessionId};
use crate::journal::follow::{self, LogPart, SweepOutcome};
use crate::messaging::consumer::{Failure, caught};

/// Sessions of one transaction.
const SESSIONS_MAX: usize = 500;

/// Brings the statistics up to the log.
pub struct Sweep {
    projection: Projection,
}

impl Sweep {
    pub(super) fn new(untold: StatsAnnouncer) -> Self {
        Self { projection: Projection::new(untold) }
    }
}

impl follow::Projection for Sweep {
    const NAME: &'static str = "statistics";
    const AFTER: Option<&'static str> = None;
    type Error = Failure;

    async fn sweep(&mut self, database: &Database, part: LogPart) -> Result<SweepOutcome, Failure> {
        loop {
            let behind = behind(database, part).await?;
            if behind.is_empty() {
                return Ok(SweepOutcome::Upto(part.upto));
            }
            let found = behind.len();
            let SkippedSessions { held, unreadable, needs_newer } = self.apply(database, behind).await?;
            tracing::debug!(sessions = found, writer.id = %part.writer_id, "the statistics were behind");
            if !held.is_empty() || needs_newer {
                return Ok(SweepOutcome::Held);
            }
            // Those that can't be read are told of and passed.
            if found < SESSIONS_MAX || unreadable.len() == found {
                return Ok(SweepOutcome::Upto(part.upto));
            }
        }
    }
}

impl Sweep {
    /// All at once, or one by one where that fails: one that can't be applied must not keep the others from it.
    async fn apply(&mut self, database: &Database, behind: LockedCursors) -> Result<SkippedSessions, Failure> {
        let reason = match apply(database, &mut self.projection, hints(behind.iter().copied())).await {
            Err(Failure::Permanent(reason)) if behind.len() > 1 => reason,
            Err(Failure::Permanent(reason)) => {
                tracing::error!(reason, "a session is left out of the statistics");
                return Ok(SkippedSessions { unreadable: vec![reason], ..SkippedSessions::default() });
            }
            applied => return applied,
        };
        tracing::warn!(reason, "sessions that are behind fail together, applying one by one");
        let mut left_out = SkippedSessions::default();
        for session in behind {
            match apply(database, &mut self.projection, hints([session])).await {
                Ok(SkippedSessions { held, unreadable, needs_newer }) => {
                    left_out.held.extend(held);
                    left_out.unreadable.extend(unreadable);
                    left_out.needs_newer |= needs_newer;
                }
                Err(Failure::Permanent(reason)) => {
                    tracing::error!(session.id = %session.0, reason, "a session is left out of the statistics");
                    left_out.unreadable.push(reason);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(left_out)
    }
}

pub(super) fn hints(sessions: impl IntoIterator<Item = (SessionId, Seq)>) -> Hints {
    sessions.into_iter().map(|(session, upto)| (session, Hint { upto, records: Vec::new() })).collect()
}

/// In a transaction of its own.
pub(super) async fn apply(
    database: &Database,
    projection: &mut Projection,
    hints: Hints,
) -> Result<SkippedSessions, Failure> {
    projection.prepare(database, &hints).await?;
    let applied = async {
        let tx = database.begin_write().await?;
        let left_out = projection.apply(&tx, hints, Checks::new()).await?;
        tx.commit().await?;
        Ok(left_out)
    };
    let applied = caught(applied).await;
    projection.settled(applied.is_ok());
    applied
}

/// Sessions with events in this part that are not applied.
async fn behind(database: &Database, part: LogPart) -> Result<LockedCursors, DbErr> {
    let db = database.reader();
    let part_of = follow::part_of("session_id, seq");
    let sql = format!(
        "SELECT e.session_id, e.seq FROM \
             (SELECT p.session_id, max(p.seq) AS seq FROM ({part_of}) AS p GROUP BY p.session_id) AS e \
         LEFT JOIN consumer_cursor c ON c.consumer = $4 AND c.session_id = e.session_id \
         WHERE e.seq > coalesce(c.seq, 0) LIMIT {SESSIONS_MAX}"
    );
    let values: [sea_orm::Value; 4] =
        [part.writer_id.0.into(), part.after.0.into(), part.upto.0.into(), CONSUMER.into()];
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    rows.iter().map(|row| Ok((SessionId(Uuid::try_get_by(row, 0)?), Seq(i64::try_get_by(row, 1)?)))).collect()
}
