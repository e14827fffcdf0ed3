//! What travels on the bus (contract, section 5). It stands here because it is stored before it is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::http::is_object;
use crate::ids::{CorrelationId, GameId, Seq, SessionId, Timestamp, UserId};

/// The name this service signs with.
pub const SOURCE_SERVICE: &str = "artel";
/// Deliveries before a message is a dead letter.
pub const MAX_RETRIES: u32 = 5;

/// How urgent a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Priority {
    /// Nobody waits.
    Low = 1,
    /// The default.
    Normal = 5,
    /// A person waits.
    High = 8,
    /// A ball on a screen.
    Urgent = 10,
}

/// What a message says, as the JSON it travels in: read by those only who look into it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Data(Box<RawValue>);

impl Data {
    /// JSON that was checked before.
    pub fn of(json: &RawValue) -> Self {
        Self(json.to_owned())
    }

    /// A value as JSON.
    pub(crate) fn encode(value: &impl Serialize) -> Self {
        Self(to_raw_value(value).expect("it has string keys and finite numbers only"))
    }

    /// The text.
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// The text, for what is encoded around it.
    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }

    /// What it says.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        Self::encode(&value)
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

/// The body of every message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Envelope {
    /// Unique; the same when published again.
    pub event_id: Uuid,
    /// `game.ball_potted`, `stats.game_completed`, ...
    pub event_type: String,
    /// When its cause happened.
    pub timestamp: Timestamp,
    /// Who sent it.
    pub source_service: String,
    /// The request that caused it all.
    #[schema(value_type = Uuid)]
    pub correlation_id: CorrelationId,
    /// The message or command that caused this one.
    pub causation_id: Option<Uuid>,
    /// 1, 5, 8 or 10.
    pub priority: u8,
    /// Deliveries that failed so far.
    pub retries: u32,
    /// Deliveries before it is a dead letter.
    pub max_retries: u32,
    /// The player concerned.
    pub user_id: Option<UserId>,
    /// The session concerned.
    pub session_id: Option<SessionId>,
    /// The game concerned.
    pub game_id: Option<GameId>,
    /// The event of the session that caused it.
    pub seq: Option<Seq>,
    /// What the type says.
    #[schema(value_type = Value)]
    pub data: Data,
}

impl Envelope {
    /// Reads a body; an error says why it is none.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        if !is_object(body) {
            return Err("it is no object".to_owned());
        }
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// The envelope of a message from node to node, with a new id. It is told and forgotten.
    pub(crate) fn between_nodes(
        session: Option<SessionId>,
        event_type: &str,
        at: Timestamp,
        data: impl Into<Data>,
    ) -> Self {
        let id = crate::clock::new_id();
        Self {
            event_id: id,
            event_type: event_type.to_owned(),
            timestamp: at,
            source_service: SOURCE_SERVICE.to_owned(),
            correlation_id: CorrelationId(id),
            causation_id: None,
            priority: Priority::Urgent as u8,
            retries: 0,
            max_retries: 0,
            user_id: None,
            session_id: session,
            game_id: None,
            seq: None,
            data: data.into(),
        }
    }

    /// The envelope of a message to a user that another message causes. The same cause and salt give the same id. It
    /// has no seq: that is for what can be made from the log again.
    pub(crate) fn after(cause: &Envelope, salt: &str, event_type: &str, user: UserId, data: impl Into<Data>) -> Self {
        Self {
            event_id: Uuid::new_v5(&cause.event_id, salt.as_bytes()),
            event_type: event_type.to_owned(),
            source_service: SOURCE_SERVICE.to_owned(),
            causation_id: Some(cause.event_id),
            priority: Priority::Normal as u8,
            retries: 0,
            max_retries: MAX_RETRIES,
            user_id: Some(user),
            seq: None,
            data: data.into(),
            ..cause.clone()
        }
    }

    /// Can it be made again from an event of the log?
    pub(crate) fn is_of_the_log(&self) -> bool {
        self.seq.is_some() && self.session_id.is_some() && self.source_service == SOURCE_SERVICE
    }

    /// The envelope of something that happened to an account, for the audit. The request that did it is its chain.
    pub(crate) fn of_account(
        user: Option<UserId>,
        event_type: &str,
        correlation_id: CorrelationId,
        at: Timestamp,
        data: Value,
    ) -> Self {
        Self {
            correlation_id,
            priority: Priority::Low as u8,
            max_retries: MAX_RETRIES,
            user_id: user,
            ..Self::between_nodes(None, event_type, at, data)
        }
    }

    /// The envelope of a message about a user, with a new id.
    pub(crate) fn about_user(user: UserId, event_type: &str, at: Timestamp, data: impl Into<Data>) -> Self {
        let envelope = Self::between_nodes(None, event_type, at, data);
        Self { max_retries: MAX_RETRIES, user_id: Some(user), ..envelope }
    }
}
