//! PURE: a session as its snapshot and the events after it say it is, and what a snapshot looks like.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::Record;
use crate::game::Session;
use crate::ids::{CommandId, Seq, UserId};

/// Which events a command made: what a repeated idempotency key is answered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandEvents {
    /// Its first event.
    pub first: Seq,
    pub count: u32,
    /// Fingerprint of the command's body.
    pub hash: i64,
}

/// Idempotency keys: a command belongs to its user.
pub type Commands = HashMap<(UserId, CommandId), CommandEvents>;

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
    pub fn of<'a>(
        state: &Session,
        commands: impl Iterator<Item = (&'a (UserId, CommandId), &'a CommandEvents)>,
    ) -> Self {
        let mut bytes = Vec::new();
        for ((user, command), made) in commands {
            bytes.extend_from_slice(user.0.as_bytes());
            bytes.extend_from_slice(command.0.as_bytes());
            bytes.extend_from_slice(&made.first.0.to_be_bytes());
            bytes.extend_from_slice(&made.count.to_be_bytes());
            bytes.extend_from_slice(&made.hash.to_be_bytes());
        }
        let state_json = serde_json::to_string(state).expect("a state has string keys and finite numbers only");
        Self { seq: state.seq(), state: state_json, commands: bytes }
    }

    fn commands(bytes: &[u8]) -> impl Iterator<Item = ((UserId, CommandId), CommandEvents)> + '_ {
        const ROW: usize = 16 + 16 + 8 + 4 + 8;
        bytes.as_chunks::<ROW>().0.iter().map(|row| {
            let part = |from: usize| u64::from_be_bytes(std::array::from_fn(|i| row[from + i]));
            let user = UserId(Uuid::from_u64_pair(part(0), part(8)));
            let command = CommandId(Uuid::from_u64_pair(part(16), part(24)));
            let count = u32::from_be_bytes(std::array::from_fn(|i| row[40 + i]));
            ((user, command), CommandEvents { first: Seq(part(32) as i64), count, hash: part(44) as i64 })
        })
    }
}

/// A session as its log says it is.
pub struct LoadedSession {
    pub state: Session,
    /// The idempotency keys so far.
    pub commands: Commands,
    /// The last events, as far as they had to be read.
    pub recent: Vec<Arc<Record>>,
    /// Up to which event a snapshot is stored; 0: none.
    pub snapshot_seq: Seq,
}

impl LoadedSession {
    /// A session whose whole log is at hand.
    pub fn new(log: Vec<Arc<Record>>) -> Self {
        let state = Session::default();
        let mut opened = Self { state, commands: Commands::new(), recent: Vec::new(), snapshot_seq: Seq::ZERO };
        opened.go_on(log);
        opened
    }

    /// A session as a snapshot has it.
    pub(crate) fn from_snapshot(state: Session, commands: &[u8]) -> Self {
        let (seq, commands) = (state.seq(), Snapshot::commands(commands).collect());
        Self { state, commands, recent: Vec::new(), snapshot_seq: seq }
    }

    /// The events that come next.
    pub(crate) fn go_on(&mut self, records: Vec<Arc<Record>>) {
        records.iter().for_each(|record| self.state.apply(&record.event));
        note_made(&mut self.commands, &records);
        if !records.is_empty() {
            self.recent = records;
        }
    }
}

/// Notes the idempotency keys of events in order. The events of one command may come one by one.
pub(crate) fn note_made(commands: &mut Commands, records: &[Arc<Record>]) {
    for record in records {
        let Some(user) = record.event.actor.user_id else { continue };
        let made = commands.entry((user, record.event.command_id)).or_insert(CommandEvents {
            first: record.seq(),
            count: 0,
            hash: record.command_hash,
        });
        if record.seq() == made.first + i64::from(made.count) {
            made.count += 1;
        }
    }
}
