//! The database that all nodes share: logs, keys, outboxes, snapshots. A statement is done at once and whole, as on
//! PostgreSQL; what may go wrong on the way there and back is the world's.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::work::Process;
use super::{SESSIONS, opening};
use crate::game::Session;
use crate::ids::{CommandId, Position, Seq, UserId};
use crate::journal::{LoadedSession, Record, Snapshot};

pub(super) type Key = (UserId, CommandId);
/// Events of an outbox with their positions.
pub(super) type Rows = Vec<(Position, Arc<Record>)>;

/// What a session asks its writer for.
#[derive(Clone)]
pub(super) struct Append {
    pub(super) session: usize,
    pub(super) after: Seq,
    pub(super) records: Vec<Arc<Record>>,
    /// How often its row was held by somebody.
    pub(super) held: u32,
}

impl Append {
    fn keys(&self) -> BTreeSet<Key> {
        let key = |record: &Arc<Record>| Some((record.event.actor.user_id?, record.event.command_id));
        self.records.iter().filter_map(key).collect()
    }
}

/// One statement of a writer.
#[derive(Clone)]
pub(super) struct Commit {
    pub(super) row: usize,
    /// The last position that it takes for taken.
    pub(super) position: Position,
    pub(super) published: Position,
    pub(super) appends: Vec<Append>,
}

/// What became of each session in it; those of neither kind conflict.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) stored: BTreeSet<usize>,
    pub(super) locked: BTreeSet<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// A key is taken; nothing is stored.
    KeyTaken,
    /// The position is taken; nothing is stored.
    PositionTaken,
    /// No answer.
    Gone,
}

pub(super) struct Log {
    pub(super) records: Vec<Arc<Record>>,
    /// Their fold.
    pub(super) truth: Session,
    snapshot: Option<Snapshot>,
    pub(super) is_locked: bool,
    /// How far the projection is.
    pub(super) applied: Seq,
}

impl Log {
    pub(super) fn head(&self) -> Seq {
        Seq(self.records.len() as i64)
    }

    pub(super) fn after(&self, after: Seq, limit: usize) -> Vec<Arc<Record>> {
        self.records.iter().skip(usize::try_from(after.0).unwrap_or(0)).take(limit).cloned().collect()
    }
}

/// A writer and what it has stored, in order of position.
pub(super) struct Row {
    pub(super) process: Process,
    pub(super) outbox: Vec<Arc<Record>>,
    pub(super) published: Position,
    pub(super) taken_by: Option<Process>,
    pub(super) is_finished: bool,
    /// What the broker has taken of it.
    pub(super) taken: BTreeSet<Position>,
    /// The last position that was handed over.
    attempted: Position,
}

impl Row {
    pub(super) fn last(&self) -> Position {
        Position(self.outbox.len() as i64)
    }

    /// One is handed over: the next, or one of those that were handed over before.
    pub(super) fn attempted(&mut self, position: Position) {
        assert!(
            (Position(1)..=self.attempted.next()).contains(&position),
            "{position} is handed over after {}",
            self.attempted
        );
        assert!(position <= self.last(), "published before it was stored");
        self.attempted = self.attempted.max(position);
    }

    fn mark(&mut self, published: Position) {
        if published > self.published {
            let is_taken = |position| self.taken.contains(&Position(position));
            assert!((self.published.0 + 1..=published.0).all(is_taken), "{published} is published without a promise");
            self.published = published;
        }
    }
}

pub(super) struct Store {
    pub(super) logs: Vec<Log>,
    pub(super) rows: Vec<Row>,
    pub(super) keys: BTreeSet<Key>,
    pub(super) is_away: bool,
}

impl Store {
    pub(super) fn new() -> Self {
        let log = |session| {
            let (records, truth) = opening(session);
            Log { records, truth, snapshot: None, is_locked: false, applied: Seq::ZERO }
        };
        Self { logs: (0..SESSIONS).map(log).collect(), rows: Vec::new(), keys: BTreeSet::new(), is_away: false }
    }

    /// A new writer.
    pub(super) fn register(&mut self, process: Process) -> usize {
        self.rows.push(Row {
            process,
            outbox: Vec::new(),
            published: Position::ZERO,
            taken_by: None,
            is_finished: false,
            taken: BTreeSet::new(),
            attempted: Position::ZERO,
        });
        self.rows.len() - 1
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Result<Outcome, Failed> {
        let mut outcome = Outcome::default();
        let mut keys = BTreeSet::new();
        for append in &commit.appends {
            let log = &self.logs[append.session];
            if log.head() != append.after {
                continue;
            }
            if log.is_locked {
                outcome.locked.insert(append.session);
                continue;
            }
            outcome.stored.insert(append.session);
            for key in append.keys() {
                if self.keys.contains(&key) || !keys.insert(key) {
                    return Err(Failed::KeyTaken);
                }
            }
        }
        let row = &mut self.rows[commit.row];
        if !outcome.stored.is_empty() && row.last() != commit.position {
            return Err(Failed::PositionTaken);
        }
        row.mark(commit.published);
        self.keys.extend(keys);
        for append in commit.appends.iter().filter(|append| outcome.stored.contains(&append.session)) {
            let log = &mut self.logs[append.session];
            for record in &append.records {
                assert_eq!(record.seq(), log.head().next(), "one gapless log");
                log.truth.apply(&record.event);
                log.records.push(record.clone());
                row.outbox.push(record.clone());
            }
        }
        Ok(outcome)
    }

    /// For each append the commands whose keys are taken, by commands of the log or of an earlier append.
    pub(super) fn taken(&self, appends: &[Append]) -> Vec<Vec<Key>> {
        let mut used: BTreeSet<Key> =
            appends.iter().flat_map(Append::keys).filter(|key| self.keys.contains(key)).collect();
        let mut taken = Vec::new();
        for append in appends {
            let of_append: Vec<Key> = append.keys().into_iter().filter(|key| used.contains(key)).collect();
            if of_append.is_empty() {
                used.extend(append.keys());
            }
            taken.push(of_append);
        }
        taken
    }

    pub(super) fn last_position(&self, row: usize) -> Position {
        self.rows[row].last()
    }

    pub(super) fn page(&self, row: usize, from: Position, limit: usize) -> Rows {
        let skip = usize::try_from(from.previous().0).unwrap_or(0);
        (0..).map(|place| from + place).zip(self.rows[row].outbox.iter().skip(skip).take(limit).cloned()).collect()
    }

    pub(super) fn mark(&mut self, row: usize, published: Position) {
        self.rows[row].mark(published);
    }

    pub(super) fn keep(&mut self, session: usize, snapshot: Snapshot) {
        let log = &mut self.logs[session];
        assert!(snapshot.seq <= log.head(), "a snapshot of what is not stored");
        if log.snapshot.as_ref().is_none_or(|there| there.seq <= snapshot.seq) {
            log.snapshot = Some(snapshot);
        }
    }

    pub(super) fn open(&self, session: usize) -> LoadedSession {
        let log = &self.logs[session];
        let Some(snapshot) = &log.snapshot else { return LoadedSession::new(log.records.clone()) };
        let state = serde_json::from_str(&snapshot.state).expect("a state that was encoded");
        let mut opened = LoadedSession::from_snapshot(state, &snapshot.commands);
        opened.go_on(log.after(snapshot.seq, usize::MAX));
        opened
    }
}
