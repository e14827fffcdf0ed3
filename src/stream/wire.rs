//! The whole WebSocket protocol on one page (contract, section 3): what clients send and what they hear. Parsing is
//! total: whatever comes in is a frame or an error frame, never a panic.

use std::sync::Arc;

use bytestring::ByteString;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::account::PublicUser;
use crate::chat::ChatMessage;
use crate::game::command::Scoring;
use crate::game::event::Event;
use crate::game::view::SessionView;
use crate::http::{FieldError, cut_sentence, field_error, is_object};
use crate::ids::{ChatId, MessageId, ParticipantId, Seq, SessionId, Timestamp, UserId};
use crate::journal::Record;
use crate::notification::Notification;
use crate::outbox::chat_news::MessageStatus;
use crate::outbox::user_message::FriendsChange;

/// The largest frame a client may send, in bytes; above it the connection closes with 1009.
pub(super) const FRAME_MAX: usize = 16 * 1024;
/// What one `ack_notifications`, or `received`, may name.
const ACK_IDS_MAX: usize = 400;

/// Client → server.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClientFrame {
    /// Answered by `subscribed`, then every event of the session.
    Subscribe {
        /// Named in the answer.
        id: Uuid,
        session_id: SessionId,
        /// The last event the client has; without it the answer holds the state.
        #[serde(default)]
        after_seq: Option<Seq>,
    },
    /// Answered by `unsubscribed`.
    Unsubscribe {
        /// Named in the answer.
        id: Uuid,
        session_id: SessionId,
    },
    /// Answered by `ack` or `error`.
    Command {
        /// The idempotency key.
        id: Uuid,
        session_id: SessionId,
        /// What is asked.
        command: serde_json::Value,
    },
    /// Answers `ping`.
    Pong {
        /// As it came.
        #[serde(default, rename = "ts")]
        _ts: Option<serde_json::Value>,
    },
    /// Marks notifications delivered.
    AckNotifications { ids: Vec<Uuid> },
    /// Says something in a chat: answered by `ack` or `error`. The id is the idempotency key.
    Message { id: Uuid, chat_id: ChatId, content: String },
    /// Says something otherwise: answered by `ack` or `error`.
    EditMessage { id: Uuid, message_id: MessageId, content: String },
    /// Takes something back: answered by `ack` or `error`.
    DeleteMessage { id: Uuid, message_id: MessageId },
    /// Marks the messages of a chat up to that number as read.
    Read { chat_id: ChatId, up_to: i64 },
    /// Says that this device has these messages, which come to no device again.
    Received { message_ids: Vec<Uuid> },
    /// Has the others see that the user is writing.
    Typing { chat_id: ChatId },
    /// Goes on with a fresh access token of the same user.
    Authenticate {
        /// Named in the answer.
        id: Uuid,
        token: String,
    },
}

/// A frame that can't be taken: answered as `error`, the connection stays open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadFrame {
    pub(crate) id: Option<Uuid>,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Reads a frame.
pub(crate) fn parse(text: &str) -> Result<ClientFrame, BadFrame> {
    match serde_json::from_str(text) {
        Ok(ClientFrame::AckNotifications { ids }) if ids.len() > ACK_IDS_MAX => {
            Err(BadFrame { id: None, code: "validation_failed", message: format!("ids: {ACK_IDS_MAX} at most") })
        }
        Ok(ClientFrame::Received { message_ids }) if message_ids.len() > ACK_IDS_MAX => Err(BadFrame {
            id: None,
            code: "validation_failed",
            message: format!("message_ids: {ACK_IDS_MAX} at most"),
        }),
        Ok(_) if !is_object(text.as_bytes()) => {
            Err(BadFrame { id: None, code: "validation_failed", message: "a frame is an object".to_owned() })
        }
        Ok(frame) => Ok(frame),
        Err(error) => {
            #[derive(Deserialize)]
            struct Named {
                #[serde(default)]
                id: Option<Uuid>,
            }
            let code = if error.is_data() { "validation_failed" } else { "malformed_json" };
            let id = serde_json::from_str::<Named>(text).ok().and_then(|named| named.id);
            Err(BadFrame { id, code, message: error.to_string() })
        }
    }
}

/// Reads a scoring command.
pub(crate) fn parse_command(id: Uuid, command: serde_json::Value) -> Result<Scoring, BadFrame> {
    let bad = |message| BadFrame { id: Some(id), code: "validation_failed", message };
    if !command.is_object() {
        return Err(bad("command: must be an object".to_owned()));
    }
    serde_path_to_error::deserialize(command).map_err(|error| {
        let FieldError { field, message } = field_error(error.path(), error.inner());
        bad(if field == "body" { format!("command: {message}") } else { format!("command.{field}: {message}") })
    })
}

/// Server → client.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerFrame<'a> {
    Connected {
        connection_id: Uuid,
        user: &'a PublicUser,
        heartbeat_seconds: u64,
        server_time: Timestamp,
    },
    Subscribed {
        id: Uuid,
        session_id: SessionId,
        seq: Seq,
        session: Option<&'a SessionView>,
        #[schema(value_type = Vec<Event>)]
        events: Vec<&'a RawValue>,
    },
    Unsubscribed {
        id: Uuid,
        session_id: SessionId,
    },
    Ack {
        id: Uuid,
        session_id: SessionId,
        seq: Seq,
        #[schema(value_type = Vec<Event>)]
        events: Vec<&'a RawValue>,
        /// The same ball was marked for the same player in the three seconds before, by that event.
        #[serde(skip_serializing_if = "Option::is_none")]
        echo_of: Option<Seq>,
    },
    Event {
        session_id: SessionId,
        seq: Seq,
        #[schema(value_type = Event)]
        event: &'a RawValue,
    },
    Presence {
        session_id: SessionId,
        online: &'a [ParticipantId],
    },
    /// Also again, until a device of the user has acknowledged it; the same id may come with corrected words.
    Notification {
        #[schema(value_type = Notification)]
        notification: &'a RawValue,
    },
    /// `changes.games`: the games of the user that count otherwise than before, as they count now.
    Stats {
        user_id: UserId,
        #[schema(value_type = Object)]
        changes: StatsChanges<'a>,
    },
    /// Something is otherwise between the user and `user_id`: lists of friends, requests and blocks are to be read again.
    /// Told once, to those who are connected.
    Friends {
        change: FriendsChange,
        user_id: UserId,
    },
    /// Something was said, changed or taken back as asked.
    #[serde(rename = "ack")]
    MessageAck {
        id: Uuid,
        message: &'a ChatMessage,
    },
    /// Something said in a chat of the user's: also again, until a device has said `received`.
    Message {
        #[schema(value_type = ChatMessage)]
        message: &'a RawValue,
    },
    MessageEdited {
        #[schema(value_type = ChatMessage)]
        message: &'a RawValue,
    },
    MessageDeleted {
        #[schema(value_type = ChatMessage)]
        message: &'a RawValue,
    },
    /// A member of a chat had, or read, all messages up to that number.
    MessageStatus {
        chat_id: ChatId,
        user_id: UserId,
        up_to: i64,
        status: MessageStatus,
        at: Timestamp,
    },
    /// A member of a chat is writing.
    Typing {
        chat_id: ChatId,
        user_id: UserId,
    },
    Authenticated {
        id: Uuid,
        expires_at: Timestamp,
    },
    Ping {
        ts: Timestamp,
    },
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
        code: &'static str,
        #[serde(serialize_with = "cut")]
        message: &'a str,
    },
}

/// The games of a user that count otherwise than before.
#[derive(Debug, Serialize)]
pub(crate) struct StatsChanges<'a> {
    games: Vec<&'a RawValue>,
}

/// What the client sent may come back in it, but not all of it.
fn cut<S: Serializer>(message: &&str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&cut_sentence((*message).to_owned()))
}

impl<'a> ServerFrame<'a> {
    pub(crate) fn stats(user_id: UserId, games: Vec<&'a RawValue>) -> Self {
        ServerFrame::Stats { user_id, changes: StatsChanges { games } }
    }

    pub(crate) fn encode(&self) -> ByteString {
        serde_json::to_string(self).expect("a frame has string keys and finite numbers only").into()
    }
}

/// The events of an `ack` or `subscribed`.
pub(crate) fn raw_events(records: &[Arc<Record>]) -> Vec<&RawValue> {
    records.iter().map(|record| &*record.json).collect()
}

/// The `event` frame, encoded once for all sockets.
pub(crate) fn event_frame(record: &Record) -> ByteString {
    record.frame(|record| {
        let event = &record.event;
        ServerFrame::Event { session_id: event.session_id, seq: event.seq, event: &record.json }.encode()
    })
}

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Close {
    GoingAway = 1001,
    Protocol = 1002,
    NotUtf8 = 1007,
    TooBig = 1009,
    TryAgainLater = 1013,
    TokenExpired = 4401,
    HeartbeatLost = 4408,
    SlowConsumer = 4413,
    Flooding = 4429,
}

impl Close {
    pub(crate) const ALL: [Close; 9] = [
        Close::GoingAway,
        Close::Protocol,
        Close::NotUtf8,
        Close::TooBig,
        Close::TryAgainLater,
        Close::TokenExpired,
        Close::HeartbeatLost,
        Close::SlowConsumer,
        Close::Flooding,
    ];

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Close::GoingAway => "server going away, reconnect",
            Close::Protocol => "RFC 6455 forbids this frame",
            Close::NotUtf8 => "a text has to be UTF-8",
            Close::TooBig => "frame too big",
            Close::TryAgainLater => "try again later",
            Close::TokenExpired => "token expired or revoked",
            Close::HeartbeatLost => "heartbeat lost",
            Close::SlowConsumer => "slow consumer, reconnect with after_seq",
            Close::Flooding => "flooding",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_unknown_type_is_refused_and_named() {
        let id = Uuid::from_u128(7);
        let bad = parse(&format!(r#"{{"type":"dance","id":"{id}"}}"#)).expect_err("no such type");
        assert_eq!((bad.id, bad.code), (Some(id), "validation_failed"));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = r#"{"type":"pong","ts":1,"extra":2}"#;
        assert_eq!(parse(text).expect_err("unknown field").code, "validation_failed");
    }

    #[test]
    fn garbage_is_an_error_frame() {
        for text in ["", "{", "[]", "null", "[\"pong\", 1]", "\"x\"", "{\"type\":7}", "{\"type\":\"command\"}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_command_with_an_unknown_field_names_it() {
        let command = serde_json::json!({"type": "end_game", "because": "late"});
        let bad = parse_command(Uuid::nil(), command).expect_err("unknown field");
        assert_eq!(bad.message, "command.because: is not known here");
        let bad = parse_command(Uuid::nil(), serde_json::json!(["end_game", null])).expect_err("a list");
        assert_eq!(bad.message, "command: must be an object");
    }
}
