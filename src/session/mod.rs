//! The live session: one actor for each session that somebody plays or watches on this node.
//! `Sessions` is the door: it finds or opens the session, bounds its mailbox and hides the actor.

mod activity;
mod actor;
pub mod audience;
pub(crate) mod claim_routes;
pub(crate) mod correction_routes;
pub(crate) mod departures;
mod directory;
mod engine;
mod export;
pub(crate) mod game_routes;
pub(crate) mod guests;
pub(crate) mod joining;
mod listing;
mod live;
pub(crate) mod money_routes;
pub(crate) mod participant_routes;
mod recent;
pub(crate) mod rest;
pub mod routes;
#[cfg(test)]
mod simulation;
mod submission;
mod unstored_keys;

use std::sync::Arc;

pub use self::audience::{Listener, Push, SharePass, Viewer, Welcome};
pub(crate) use self::directory::ListedSession;
pub use self::directory::Sessions;
pub use self::submission::Submission;
use crate::game::Refusal;
use crate::ids::{Seq, SessionId, UserId};
use crate::journal::{JournalError, Record};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNREAD: Trouble = Trouble::new();

/// What other nodes are to hear of the sessions that live here.
#[derive(Clone, Debug)]
pub enum SessionUpdate {
    /// It lives here from now on, and has to hear what other nodes store.
    Opened(SessionId),
    /// It lives here no more.
    Closed(SessionId),
    /// These accounts watch it from here.
    Online(SessionId, Vec<UserId>),
}

/// A command that became fact.
#[derive(Clone, Debug)]
pub struct CommandReceipt {
    /// The session's last event then.
    pub seq: Seq,
    /// The events it made, in order; none where nothing had to change.
    pub records: Vec<Arc<Record>>,
}

/// Why a command did not become fact.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No such session.
    #[error("there is no such session")]
    Missing,
    /// The same idempotency key came with another body, for another call or in another session.
    #[error("this idempotency key was used for another command")]
    KeyReused,
    /// Too much waits already; nothing was done.
    #[error("too much is going on, nothing was stored: send it again with the same key")]
    Busy,
    /// The join code that was drawn belongs to another session; nothing was stored.
    #[error("no free join code was found, nothing was stored: send it again with the same key")]
    CodeTaken,
    /// The storage could not be read, so nothing was asked of it.
    #[error("the storage does not answer, this request stored nothing: send it again with the same key")]
    NotStored,
    /// The storage was asked and did not answer. The key tells: the same command under it is done once.
    #[error("the storage does not answer, it is not known whether this was stored: send it again with the same key")]
    Unknown,
}

impl CommandError {
    /// The stable word of section 8 of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            CommandError::Refused(refusal) => refusal.code(),
            CommandError::Missing => "not_found",
            CommandError::KeyReused => "idempotency_key_reused",
            CommandError::Busy | CommandError::CodeTaken => "overloaded",
            CommandError::NotStored | CommandError::Unknown => "storage_unavailable",
        }
    }

    /// The same where a command was played before this failed.
    fn after_a_command(self) -> Self {
        if self.is_passing() { CommandError::Unknown } else { self }
    }

    /// Whether the same command may be played later.
    pub fn is_passing(&self) -> bool {
        matches!(self.code(), "overloaded" | "storage_unavailable")
    }
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        if UNREAD.is_news() {
            tracing::error!(%error, "a session could not be read");
        }
        CommandError::NotStored
    }
}
