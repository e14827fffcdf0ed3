//! What can happen to a session, and what its actor has to do then.

use std::sync::Arc;

use crate::game::Refusal;
use crate::ids::Seq;
use crate::journal::{AppendError, Record};
use crate::session::Submission;

/// Names a waiting caller towards the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallerId(pub(crate) u64);

/// A command that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) caller: CallerId,
    pub(crate) submission: Submission,
}

/// What can happen to a session.
#[derive(Debug)]
pub(crate) enum Input {
    /// A command arrived.
    Ask(Box<Ask>),
    /// The append under way is settled.
    Appended(Result<(), AppendError>),
    /// The events asked for by `ReadTail`; `None`: the journal does not answer.
    Tail(Option<Vec<Arc<Record>>>),
    /// Another node told of events, in any order, perhaps again, perhaps late.
    Heard(Vec<Arc<Record>>),
    /// Another node is known to have stored events up to here.
    HeardHead(Seq),
    /// A listener wants the events after `after` (`None`: the state) and all that follow.
    Watch { watcher: u64, after: Option<Seq> },
    /// The events asked for by `ReadHistory`; `None`: the journal does not answer.
    History { watcher: u64, records: Option<Vec<Arc<Record>>> },
    /// A listener left.
    Unwatch { watcher: u64 },
    /// Some time has passed since `Effect::LookLater`.
    LookNow,
}

/// What the actor has to do, in this order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Store these, if the log ends with `after`.
    Append { after: Seq, records: Vec<Arc<Record>> },
    /// Read all events after `after`.
    ReadTail { after: Seq },
    /// Read up to a thousand events after `after` for a listener.
    ReadHistory { watcher: u64, after: Seq },
    /// Tell all listeners.
    Tell(Vec<Arc<Record>>),
    /// Greet a listener, which hears all that is told from now on. `None`: with the state.
    Welcome { watcher: u64, missed: Option<Vec<Arc<Record>>> },
    /// Answer a caller.
    Answer { caller: CallerId, outcome: Outcome },
    /// Enough has happened since the last snapshot.
    KeepSnapshot,
    /// Come back with `Input::LookNow`: what the log ends with is not known, and nobody need ever ask.
    LookLater,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It is a fact; `records` may be empty where nothing had to change. `seq` is the session's last event.
    Done { seq: Seq, records: Vec<Arc<Record>> },
    /// It had been a fact before: these events, which are to be read from the journal.
    Repeated { first: Seq, count: u32 },
    /// The rules say no.
    Refused(Refusal),
    /// The same key came with another body, or was used in another session.
    KeyReused,
    /// The log can't be read, so nothing was stored.
    NotStored,
    /// An append was asked for and not answered.
    Unknown,
}

impl Outcome {
    /// It is known, and nothing in the log tells of it.
    pub(super) fn left_nothing(&self) -> bool {
        match self {
            Outcome::Refused(_) => true,
            Outcome::Done { records, .. } => records.is_empty(),
            _ => false,
        }
    }
}
