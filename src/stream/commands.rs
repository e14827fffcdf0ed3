//! The consumer of `game.service.queue`: scoring commands from other systems, as a socket would send them (contract,
//! section 5). Whoever may publish at the broker is trusted to speak for the user that a command names.
//!
//! A command that was played is found in the log by its key, one that was refused in `processed_message`, so the same
//! command again changes nothing and is answered no second time. Commands of one session are played in the order they
//! arrive in; where several workers share the queue, that is the order within each worker's share.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::wire;
use crate::clock;
use crate::database::Database;
use crate::game::command::{Command, Scoring};
use crate::ids::{CommandId, SessionId, UserId};
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, processed, scaling, topology};
use crate::outbox;
use crate::outbox::envelope::Envelope;
use crate::session::{CommandError, CommandReceipt, Sessions, Submission};

/// How often a command is played whose session is busy or can't be stored, and how long after the last try.
const ATTEMPTS: usize = 10;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Plays commands from other systems.
#[derive(Clone)]
pub(crate) struct Commands {
    sessions: Sessions,
    database: Database,
    /// What the rules refused since the last transaction.
    refused: Vec<RefusedCommand>,
    /// Sessions whose trouble did not pass soon: their commands are not waited for again, or those of all others would
    /// wait with them.
    troubled: Arc<Mutex<HashSet<SessionId>>>,
}

/// A command that was accepted by the queue and refused by the session.
#[derive(Clone)]
struct RefusedCommand {
    key: Uuid,
    routing_key: String,
    envelope: Envelope,
}

/// A message that can be understood.
#[derive(Debug)]
struct QueuedCommand {
    cause: Arc<Envelope>,
    routing_key: String,
    user: UserId,
    session: SessionId,
    command_id: CommandId,
    command: Scoring,
}

impl Commands {
    /// A consumer that plays on the sessions of this node.
    pub(crate) fn new(sessions: Sessions, database: Database) -> Self {
        Self { sessions, database, refused: Vec::new(), troubled: Arc::default() }
    }

    /// Consumes until the bus closes.
    pub(crate) fn run(self, bus: Bus) -> impl Future<Output = ()> + Send {
        let database = self.database.clone();
        scaling::run(bus, &topology::GAME, database, move || self.clone())
    }

    /// The commands of one session, one after another.
    async fn play(&self, asked: Vec<QueuedCommand>) -> Result<Vec<RefusedCommand>, Failure> {
        let mut refused = Vec::new();
        for asked in asked {
            let command = Command::Score(asked.command.clone());
            let (key, cause) = (asked.command_id, asked.cause.correlation_id);
            match self.execute(asked.session, Submission::new(asked.user, None, command, key, cause)).await {
                Ok(_) => {}
                Err(error) if error.is_passing() => {
                    // An outage is waited for; what else keeps a session from being read is the message's own trouble.
                    self.database.ping().await?;
                    return Err(Failure::Transient(error.to_string()));
                }
                Err(error) => refused.push(asked.refused(&error)),
            }
        }
        Ok(refused)
    }

    /// Tries again here what passes soon: from the queue of retries it would come back after the commands behind it.
    async fn execute(&self, session: SessionId, submission: Submission) -> Result<CommandReceipt, CommandError> {
        let attempts = if self.troubled().contains(&session) { 1 } else { ATTEMPTS };
        for attempt in 1.. {
            match self.sessions.execute(session, submission.clone()).await {
                Err(error) if error.is_passing() && attempt < attempts => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(error) if error.is_passing() => {
                    self.troubled().insert(session);
                    return Err(error);
                }
                played => {
                    self.troubled().remove(&session);
                    return played;
                }
            }
        }
        Err(CommandError::Unknown)
    }

    fn troubled(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Commands {
    async fn prepare(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.refused.clear();
        let asked = messages.iter().map(QueuedCommand::read).collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<Uuid> = asked.iter().map(QueuedCommand::key).collect();
        let answered = processed::known(self.database.reader(), &topology::GAME, &keys).await?;
        let mut by_session: BTreeMap<SessionId, Vec<QueuedCommand>> = BTreeMap::new();
        for asked in asked.into_iter().filter(|asked| !answered.contains(&asked.key())) {
            by_session.entry(asked.session).or_default().push(asked);
        }
        let played = try_join_all(by_session.into_values().map(|asked| self.play(asked))).await?;
        self.refused = played.into_iter().flatten().collect();
        Ok(())
    }

    async fn apply(&mut self, tx: &DatabaseTransaction, _: &[Message]) -> Result<(), Failure> {
        let now = clock::now();
        let keys: Vec<Uuid> = self.refused.iter().map(|refused| refused.key).collect();
        processed::note(tx, &topology::GAME, &keys, now).await?;
        let messages: Vec<_> =
            self.refused.iter().map(|refused| (refused.routing_key.clone(), refused.envelope.clone())).collect();
        Ok(outbox::enqueue_all(tx, &messages, now).await?)
    }

    fn settled(&mut self, _: bool) {
        self.refused.clear();
    }
}

impl QueuedCommand {
    /// `data` is the WebSocket frame `command` with a `user_id`, or the command itself; user and session may stand in
    /// the envelope as well, and the message's own id is the command's where none is given.
    fn read(message: &Message) -> Result<Self, Failure> {
        let cause = &message.envelope;
        let invalid = |reason: String| Failure::Permanent(format!("not a command: {reason}"));
        let Value::Object(mut data) = cause.data.value() else {
            return Err(invalid("data is no object".to_owned()));
        };
        let user = one_of(&mut data, "user_id", cause.user_id).map_err(invalid)?;
        let session = one_of(&mut data, "session_id", cause.session_id).map_err(invalid)?;
        let command_id = one_of(&mut data, "id", None).map_err(invalid)?.unwrap_or(CommandId(cause.event_id));
        let command = match data.remove("command") {
            None => Value::Object(data),
            Some(command) => {
                if data.remove("type").is_some_and(|kind| kind != "command") {
                    return Err(invalid("data.type is not `command`".to_owned()));
                }
                if let Some(field) = data.keys().next() {
                    return Err(invalid(format!("data.{field}: unknown field")));
                }
                command
            }
        };
        Ok(Self {
            cause: cause.clone(),
            routing_key: message.routing_key.clone(),
            user: user.ok_or_else(|| invalid("user_id is missing".to_owned()))?,
            session: session.ok_or_else(|| invalid("session_id is missing".to_owned()))?,
            command_id,
            command: wire::parse_command(command_id.0, command).map_err(|bad| invalid(bad.message))?,
        })
    }

    /// What was asked, as the table of answered messages knows it: another command under the same idempotency key is to be
    /// answered as well.
    fn key(&self) -> Uuid {
        let command = serde_json::to_vec(&self.command).unwrap_or_default();
        let asked = [&self.command_id.0.as_bytes()[..], self.session.0.as_bytes(), &command].concat();
        Uuid::new_v5(&self.user.0, &asked)
    }

    /// What the sender, and the user it spoke for, are told.
    fn refused(self, error: &CommandError) -> RefusedCommand {
        let routing_key = format!("compensation.{}", self.routing_key);
        let data = json!({
            "code": error.code(), "message": error.to_string(),
            "command_id": self.command_id, "command": self.command,
        });
        let mut envelope = Envelope::after(&self.cause, &routing_key, &routing_key, self.user, data);
        envelope.session_id = Some(self.session);
        RefusedCommand { key: self.key(), routing_key, envelope }
    }
}

/// A field of the data, or the same of the envelope; both have to say the same.
fn one_of<T>(data: &mut Map<String, Value>, field: &str, envelope: Option<T>) -> Result<Option<T>, String>
where
    T: serde::de::DeserializeOwned + PartialEq,
{
    let given = match data.remove(field) {
        None | Some(Value::Null) => return Ok(envelope),
        Some(value) => serde_json::from_value::<T>(value).map_err(|error| format!("data.{field}: {error}"))?,
    };
    match envelope {
        Some(other) if other != given => Err(format!("data.{field} is not that of the envelope")),
        _ => Ok(Some(given)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Timestamp;

    fn message(data: Value) -> Message {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let mut envelope = Envelope::between_nodes(None, "game.command.pot_ball", at, data);
        envelope.event_id = Uuid::from_u128(9);
        Message::new("game.command.pot_ball".to_owned(), envelope)
    }

    fn pot() -> Value {
        json!({"type": "pot_ball", "participant_id": Uuid::from_u128(3), "color": "white"})
    }

    #[test]
    fn a_frame_with_a_user_is_a_command() {
        let (user, session, id) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(4));
        let frame = json!({"type": "command", "id": id, "session_id": session, "user_id": user, "command": pot()});
        let asked = QueuedCommand::read(&message(frame)).expect("a command");
        assert_eq!((asked.user.0, asked.session.0, asked.command_id.0), (user, session, id));
    }

    #[test]
    fn the_command_itself_with_user_and_session_in_the_envelope_is_one_too() {
        let (user, session) = (UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        let mut message = message(pot());
        let mut envelope = (*message.envelope).clone();
        (envelope.user_id, envelope.session_id) = (Some(user), Some(session));
        message.envelope = Arc::new(envelope);
        let asked = QueuedCommand::read(&message).expect("a command");
        assert_eq!((asked.user, asked.session, asked.command_id), (user, session, CommandId(Uuid::from_u128(9))));
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        let id = Uuid::from_u128(1);
        for (data, reason) in [
            (json!("x"), "data is no object"),
            (pot(), "user_id is missing"),
            (json!({"user_id": id, "command": pot()}), "session_id is missing"),
            (json!({"user_id": 7, "command": pot()}), "data.user_id: invalid type"),
            (json!({"user_id": id, "session_id": id, "command": {"type": "fly"}}), "command.type: unknown variant"),
            (json!({"user_id": id, "session_id": id, "x": 1, "command": pot()}), "data.x: unknown field"),
            (json!({"type": "x", "user_id": id, "session_id": id, "command": pot()}), "data.type is not"),
        ] {
            let error = QueuedCommand::read(&message(data)).expect_err("invalid").to_string();
            assert!(error.starts_with(&format!("not a command: {reason}")), "{error}");
        }
    }

    #[test]
    fn two_users_at_once_are_none() {
        let mut message = message(json!({"user_id": Uuid::from_u128(1), "session_id": Uuid::nil(), "command": pot()}));
        let mut envelope = (*message.envelope).clone();
        envelope.user_id = Some(UserId(Uuid::from_u128(2)));
        message.envelope = Arc::new(envelope);
        assert!(QueuedCommand::read(&message).is_err());
    }
}
