//! A command on its way through a session, the one carrier of all that belongs to it: made where it comes in, stamped into
//! the events that it comes to.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock;
use crate::game::Session;
use crate::game::command::{Command, CreateSession, Request};
use crate::game::event::{Actor, DecidedFact, Event, Proof};
use crate::ids::{CommandId, CorrelationId, Dice, GameId, SessionId, UserId};
use crate::journal::Record;

/// A command with whoever asks for it, its key and its cause.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What the rules decide on.
    pub(super) request: Request,
    /// The idempotency key.
    pub(super) command_id: CommandId,
    /// The request that caused it, over all services.
    pub(super) correlation_id: CorrelationId,
    /// Fingerprint of the command: tells two bodies under one key apart.
    pub(super) hash: i64,
}

impl Submission {
    /// A command of `user`, as of now; `game`: the one that the caller named, where one was named.
    pub fn new(
        user: UserId,
        game: Option<GameId>,
        command: Command,
        command_id: CommandId,
        correlation_id: CorrelationId,
    ) -> Self {
        let hash = fingerprint(&command);
        let request = Request { user, game, command, at: clock::now(), dice: Dice(rand::random()) };
        Self { request, command_id, correlation_id, hash }
    }

    /// A key is its user's.
    pub(super) fn key(&self) -> (UserId, CommandId) {
        (self.request.user, self.command_id)
    }

    /// What was decided on `state` as the next events of its session.
    pub(super) fn stamp(&self, session: SessionId, state: &Session, decided: Vec<DecidedFact>) -> Vec<Arc<Record>> {
        let Request { user, at, dice, .. } = self.request;
        let participant = state.participant_of(user).map(|participant| participant.id);
        let actor = Actor {
            user_id: Some(user),
            participant_id: participant.or_else(|| DecidedFact::taken_by(user, &decided)),
        };
        let mut prev_hash = state.last_hash();
        decided
            .into_iter()
            .zip(1..)
            .map(|(decided, n)| {
                let event = Event {
                    event_id: dice.id(n as u64 + 16, at),
                    session_id: session,
                    seq: state.seq() + n,
                    fact: decided.fact,
                    game_id: decided.game_id,
                    actor,
                    command_id: self.command_id,
                    correlation_id: self.correlation_id,
                    timestamp: at,
                    proof: Proof::after(prev_hash),
                };
                let record = Record::new(event, self.hash);
                prev_hash = record.event.proof.hash;
                Arc::new(record)
            })
            .collect()
    }
}

/// The head of the SHA-256 of what was asked, as JSON. Without the game that a path names: a client that goes on over REST
/// where its socket broke sends the same command. And without what the server drew.
fn fingerprint(command: &Command) -> i64 {
    let body = match command {
        Command::CreateSession(asked) => serde_json::to_vec(&Command::CreateSession(CreateSession {
            session_id: SessionId(Uuid::nil()),
            chat_id: Uuid::nil(),
            code: String::new(),
            ..asked.clone()
        })),
        asked => serde_json::to_vec(asked),
    };
    let digest = Sha256::digest(body.unwrap_or_default());
    i64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}
