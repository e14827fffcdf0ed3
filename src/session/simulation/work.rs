//! What is on its way: to the database and back, through the broker, and what a node does a little later.

use std::sync::Arc;

use super::super::engine::CallerId;
use super::node::Message;
use super::relay::Publication;
use super::store::{Append, Commit, Failed, Key, Outcome, Rows};
use crate::ids::{Position, Seq};
use crate::journal::{AppendError, LoadedSession, Record, Snapshot};

/// A node from one start to its end. What is meant for an earlier one reaches nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) node: usize,
    pub(super) life: u32,
}

/// Asked of the database.
pub(super) enum Query {
    Commit(Commit),
    Taken {
        appends: Vec<Append>,
    },
    Position {
        row: usize,
    },
    Mark {
        row: usize,
        published: Position,
    },
    Keep {
        session: usize,
        snapshot: Snapshot,
    },
    Open {
        session: usize,
    },
    Tail {
        session: usize,
        after: Seq,
    },
    History {
        session: usize,
        watcher: u64,
        after: Seq,
    },
    /// The events that answer a repeated command.
    Repeated {
        session: usize,
        caller: CallerId,
        first: Seq,
        count: u32,
    },
    /// How long the log is, for whom the message is.
    Head {
        session: usize,
        then: Message,
    },
    /// How long the logs are of the sessions that live here.
    Heads {
        sessions: Vec<usize>,
    },
    /// A part of this process's own outbox.
    Page {
        row: usize,
        from: Position,
    },
    Last {
        row: usize,
    },
    Renew {
        row: usize,
    },
    /// Takes over from a writer that is gone, where there is one.
    TakeOver,
    /// A part of the outbox of another writer.
    PageOfOther {
        row: usize,
        from: Position,
    },
    /// Everything up to there is published, and the lease goes on.
    Hold {
        row: usize,
        published: Position,
    },
    LetGo {
        row: usize,
        is_finished: bool,
    },
}

/// The answer. `None` in it: there was none.
pub(super) enum Reply {
    CommitFeed(Result<Outcome, Failed>),
    Taken(Option<Vec<Vec<Key>>>),
    Position(Option<Position>),
    Marked(Position),
    Opened { session: usize, opened: Option<Box<LoadedSession>> },
    Tail { session: usize, records: Option<Vec<Arc<Record>>> },
    History { session: usize, watcher: u64, records: Option<Vec<Arc<Record>>> },
    Repeated { session: usize, caller: CallerId, records: Option<Vec<Arc<Record>>> },
    Head { session: usize, head: Option<Seq>, then: Message },
    Heads(Vec<(usize, Seq)>),
    Page(Option<Rows>),
    Last(Position),
    PageOfOther(Option<(usize, Rows)>),
    Held { row: usize, is_held: bool },
}

/// What a node does a little later.
pub(super) enum Turn {
    Write,
    Appended {
        session: usize,
        result: Result<(), AppendError>,
    },
    Look {
        session: usize,
    },
    Publish,
    Confirmed(Publication, bool),
    /// Somebody asks something of a session.
    Request {
        session: usize,
        message: Message,
    },
    Leave {
        session: usize,
        listener: u64,
    },
    Bound {
        session: usize,
        is_bound: bool,
    },
    Linked,
}

/// What is on its way.
pub(super) enum Work {
    Query(Process, Query),
    Reply(Process, Reply),
    Turn(Process, Turn),
    /// From the queue of a node.
    Hint(Process, usize, Arc<Record>),
    /// A node asks the broker for the events of a session.
    Bind(Process, usize),
    /// Told to the projection.
    Consume(usize, Seq),
    /// A commit that its sender has given up.
    Late(Commit),
    Unlock(usize),
    StorageBack,
    BrokerBack,
    Restart(usize),
    GoOn(usize),
}
