//! Opening a session: its snapshot and the events after it, folded. A snapshot is a shortcut, never the truth: one that
//! is missing, of another format or unreadable is passed over and the whole log replayed.

use std::collections::HashMap;
use std::sync::Arc;

use entity::session_snapshot;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use uuid::Uuid;

use super::{JournalError, Record, read};
use crate::game::Session;
use crate::game::id::{Seq, SessionId, UserId};

/// Raised whenever the encoding of `game::Session` or of the commands changes in a way older code can't read.
const FORMAT: i32 = 1;
/// Events read at once while replaying.
const PAGE: u64 = 2_000;

/// Which events a command made: what a repeated idempotency key is answered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its first event.
    pub first: Seq,
    /// How many.
    pub count: u32,
    /// Fingerprint of the command's body.
    pub hash: i64,
}

/// Idempotency keys: a command belongs to its user.
pub type Commands = HashMap<(UserId, Uuid), Made>;

/// A state to keep.
#[derive(Debug)]
pub struct Snapshot {
    /// The last event in it.
    pub seq: Seq,
    /// The state as JSON.
    pub state: String,
    /// The idempotency keys.
    pub commands: Vec<u8>,
}

impl Snapshot {
    /// Encodes a state and the idempotency keys that belong to it.
    pub fn of<'a>(state: &Session, commands: impl Iterator<Item = (&'a (UserId, Uuid), &'a Made)>) -> Self {
        let mut bytes = Vec::new();
        for ((user, command), made) in commands {
            bytes.extend_from_slice(user.0.as_bytes());
            bytes.extend_from_slice(command.as_bytes());
            bytes.extend_from_slice(&made.first.to_be_bytes());
            bytes.extend_from_slice(&made.count.to_be_bytes());
            bytes.extend_from_slice(&made.hash.to_be_bytes());
        }
        let state_json = serde_json::to_string(state).expect("a state has string keys and finite numbers only");
        Self { seq: state.seq(), state: state_json, commands: bytes }
    }

    fn commands(bytes: &[u8]) -> impl Iterator<Item = ((UserId, Uuid), Made)> + '_ {
        const ROW: usize = 16 + 16 + 8 + 4 + 8;
        bytes.as_chunks::<ROW>().0.iter().map(|row| {
            let part = |from: usize| u64::from_be_bytes(std::array::from_fn(|i| row[from + i]));
            let user = UserId(Uuid::from_u64_pair(part(0), part(8)));
            let command = Uuid::from_u64_pair(part(16), part(24));
            let count = u32::from_be_bytes(std::array::from_fn(|i| row[40 + i]));
            ((user, command), Made { first: part(32) as i64, count, hash: part(44) as i64 })
        })
    }

    /// Writes it, unless a newer one is there.
    pub(super) async fn store(self, db: &impl ConnectionTrait, session: SessionId) -> Result<(), DbErr> {
        use session_snapshot::Column;
        let row = session_snapshot::ActiveModel {
            session_id: Set(session.0),
            seq: Set(self.seq),
            format: Set(FORMAT),
            state: Set(self.state),
            commands: Set(self.commands),
        };
        let stored = Expr::col((session_snapshot::Entity, Column::Seq));
        let unless_newer = OnConflict::column(Column::SessionId)
            .update_columns([Column::Seq, Column::Format, Column::State, Column::Commands])
            .action_and_where(stored.lte(Expr::col((Alias::new("excluded"), Column::Seq))))
            .to_owned();
        session_snapshot::Entity::insert(row).on_conflict(unless_newer).exec_without_returning(db).await?;
        Ok(())
    }
}

/// A session as its log says it is.
pub struct Opened {
    /// The state.
    pub state: Session,
    /// The idempotency keys so far.
    pub commands: Commands,
    /// The last events, as far as they had to be read.
    pub recent: Vec<Arc<Record>>,
    /// Up to which event a snapshot is stored; 0: none.
    pub snapshot_seq: Seq,
}

/// Notes the idempotency keys of events in order. The events of one command may come one by one.
pub(crate) fn note_made(commands: &mut Commands, records: &[Arc<Record>]) {
    for record in records {
        let Some(user) = record.event.actor.user_id else { continue };
        let made = commands.entry((user, record.event.command_id)).or_insert(Made {
            first: record.seq(),
            count: 0,
            hash: record.command_hash,
        });
        if record.seq() == made.first + Seq::from(made.count) {
            made.count += 1;
        }
    }
}

pub(super) async fn open(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Opened>, JournalError> {
    let mut opened =
        Opened { state: Session::default(), commands: Commands::new(), recent: Vec::new(), snapshot_seq: 0 };
    if let Some(row) = session_snapshot::Entity::find_by_id(session.0).one(db).await? {
        match serde_json::from_str(&row.state) {
            Ok(state) if row.format == FORMAT => {
                opened.state = state;
                opened.commands = Snapshot::commands(&row.commands).collect();
                opened.snapshot_seq = row.seq;
            }
            Ok(_) => {
                tracing::info!(session.id = %session, format = row.format, "snapshot of another format, replaying")
            }
            Err(error) => tracing::warn!(session.id = %session, %error, "snapshot is unreadable, replaying"),
        }
    }
    replay(db, session, &mut opened).await?;
    Ok((opened.state.seq() > 0).then_some(opened))
}

async fn replay(db: &impl ConnectionTrait, session: SessionId, opened: &mut Opened) -> Result<(), JournalError> {
    loop {
        let records = read(db, session, opened.state.seq(), PAGE).await?;
        for record in &records {
            opened.state.apply(&record.event);
        }
        note_made(&mut opened.commands, &records);
        let last_page = records.len() < PAGE as usize;
        if !records.is_empty() {
            opened.recent = records;
        }
        if last_page {
            return Ok(());
        }
    }
}

/// The state after event `upto`: from the snapshot where that is no later, else from the whole log.
pub(super) async fn state_at(
    db: &impl ConnectionTrait,
    session: SessionId,
    upto: Seq,
) -> Result<Session, JournalError> {
    match stored(db, session).await? {
        Some(state) if state.seq() <= upto => replay_upto(db, session, state, upto).await,
        _ => replay_upto(db, session, Session::default(), upto).await,
    }
}

/// The state after event `upto`, from an earlier state on.
pub(crate) async fn replay_upto(
    db: &impl ConnectionTrait,
    session: SessionId,
    mut state: Session,
    upto: Seq,
) -> Result<Session, JournalError> {
    while state.seq() < upto {
        let records = read(db, session, state.seq(), PAGE).await?;
        if records.is_empty() {
            break;
        }
        for record in records.iter().take_while(|record| record.seq() <= upto) {
            state.apply(&record.event);
        }
    }
    Ok(state)
}

/// The stored snapshot as it is, for comparing it with the log.
pub(crate) async fn stored(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Session>, JournalError> {
    let row = session_snapshot::Entity::find_by_id(session.0).one(db).await?;
    Ok(row.filter(|row| row.format == FORMAT).and_then(|row| serde_json::from_str(&row.state).ok()))
}
