//! Messages as AMQP has them: properties, headers, body; and back.

use lapin::BasicProperties;
use lapin::message::Delivery as Raw;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use uuid::Uuid;

use crate::clock;
use crate::game::event::Proof;
use crate::ids::{CorrelationId, ParticipantId};
use crate::messaging::delivery::Invalid;
use crate::messaging::message::EventHeader;
use crate::messaging::topology::{DEAD_LETTERS, EVENTS, retry_queue};
use crate::messaging::{Message, topology};
use crate::outbox::chat_news::is_of_chats;
use crate::outbox::envelope::{Envelope, MAX_RETRIES, Priority, SOURCE_SERVICE};

const PERSISTENT: u8 = 2;
/// Bytes of a header.
const HEADER_MAX: usize = 1_024;
/// Where the message was published to at first: what comes back from a retry queue has that queue's key.
const ROUTING_KEY: &str = "routing_key";
const RETRY_COUNT: &str = "retry_count";
const REASON: &str = "reason";
/// The event of the session that the message was made of.
const SEQ: &str = "seq";
/// The other keys that a message is routed by (RabbitMQ: sender-selected distribution).
const CC: &str = "CC";
/// What a node needs of an event beside its envelope.
const COMMAND_HASH: &str = "command_hash";
const PARTICIPANT: &str = "actor_participant_id";
const PREV_HASH: &str = "prev_hash";
const HASH: &str = "hash";
/// How the keys begin of what concerns all nodes.
const TO_NODES: &str = "websocket.node.";
/// The process whose doing the message tells of.
const ORIGIN: &str = "origin";

/// What is handed to the broker.
pub(super) struct AmqpMessage {
    pub(super) exchange: &'static str,
    pub(super) routing_key: ShortString,
    /// The broker has to say when no queue takes it.
    pub(super) mandatory: bool,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

impl AmqpMessage {
    /// A message for whoever is bound to its key.
    pub(super) fn event(message: &Message, origin: &str) -> Self {
        let mut headers = headers(&message.envelope, 0);
        // Of what this process did its sessions know, and whoever is in a chat here.
        if message.is_own && (message.keys().any(is_between_nodes) || is_of_chats(&message.envelope)) {
            headers.insert(ORIGIN.into(), text(origin));
        }
        if !message.also.is_empty() {
            let keys: Vec<AMQPValue> = message.also.iter().map(|key| text(key)).collect();
            headers.insert(CC.into(), AMQPValue::FieldArray(keys.into()));
        }
        if let Some(EventHeader { command_hash, participant_id, proof }) = message.told.as_deref().copied() {
            for (name, hash) in [(PREV_HASH, proof.prev_hash), (HASH, proof.hash)] {
                if let Some(hash) = hash {
                    headers.insert(name.into(), text(&hash.to_string()));
                }
            }
            headers.insert(COMMAND_HASH.into(), AMQPValue::LongLongInt(command_hash));
            if let Some(participant) = participant_id {
                headers.insert(PARTICIPANT.into(), text(&participant.to_string()));
            }
        }
        Self {
            exchange: EVENTS,
            routing_key: short(&message.routing_key),
            mandatory: topology::is_routed(&message.routing_key),
            properties: properties(&message.envelope, headers),
            body: body(&message.envelope),
        }
    }

    /// A message that failed `attempts` times before and now once more.
    pub(super) fn retry(queue: &str, message: &Message, attempts: u32) -> Self {
        let envelope = Envelope { retries: attempts + 1, ..(*message.envelope).clone() };
        let mut headers = headers(&envelope, attempts + 1);
        headers.insert(ROUTING_KEY.into(), text(&message.routing_key));
        Self {
            exchange: "",
            routing_key: short(&retry_queue(queue, attempts)),
            mandatory: true,
            properties: properties(&envelope, headers),
            body: body(&envelope),
        }
    }

    /// A message that failed for good; `raw` is its body where that is no envelope.
    pub(super) fn dead(queue: &str, message: &Message, attempts: u32, raw: Option<String>, reason: &str) -> Self {
        let mut headers = headers(&message.envelope, attempts);
        headers.insert(ROUTING_KEY.into(), text(&message.routing_key));
        headers.insert(REASON.into(), text(reason));
        Self {
            exchange: DEAD_LETTERS,
            routing_key: short(queue),
            mandatory: true,
            properties: properties(&message.envelope, headers),
            body: raw.map_or_else(|| body(&message.envelope), String::into_bytes),
        }
    }
}

fn body(envelope: &Envelope) -> Vec<u8> {
    serde_json::to_vec(envelope).expect("an envelope has string keys and finite numbers only")
}

fn properties(envelope: &Envelope, headers: FieldTable) -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(short(&envelope.event_id.to_string()))
        .with_type(short(&envelope.event_type))
        .with_correlation_id(short(&envelope.correlation_id.to_string()))
        .with_timestamp((envelope.timestamp.millis() / 1_000).max(0) as u64)
        .with_priority(envelope.priority)
        .with_app_id(short(&envelope.source_service))
        .with_headers(headers)
}

fn headers(envelope: &Envelope, retry_count: u32) -> FieldTable {
    let mut headers = FieldTable::default();
    headers.insert("event_type".into(), text(&envelope.event_type));
    headers.insert("source_service".into(), text(&envelope.source_service));
    headers.insert("correlation_id".into(), text(&envelope.correlation_id.to_string()));
    headers.insert(RETRY_COUNT.into(), AMQPValue::LongInt(retry_count as i32));
    if let (true, Some(seq)) = (envelope.is_of_the_log(), envelope.seq) {
        headers.insert(SEQ.into(), AMQPValue::LongLongInt(seq.0));
    }
    headers
}

/// What concerns sessions and nodes; what concerns users is for their sockets on the node that tells it, too.
fn is_between_nodes(key: &str) -> bool {
    key.starts_with("websocket.session.") || key.starts_with(TO_NODES)
}

/// Can it be made again from the log? Told without reading the body.
pub(super) fn is_of_the_log(raw: &Raw) -> bool {
    let says = |name: &str| raw.properties.headers().as_ref().and_then(|headers| headers.inner().get(name));
    says(SEQ).is_some() && says("source_service").and_then(string).is_some_and(|source| source == SOURCE_SERVICE)
}

/// Does it tell what that process did, so that it need not hear of it? Its life signs it does hear: that is how it knows
/// that it hears at all.
pub(super) fn is_known(raw: &Raw, origin: &str) -> bool {
    if raw.routing_key.as_str().starts_with(TO_NODES) {
        return false;
    }
    let said = raw.properties.headers().as_ref().and_then(|headers| headers.inner().get(ORIGIN));
    said.and_then(string).is_some_and(|said| said == origin)
}

/// All headers of a message have to fit into one frame, and what others send may be longer.
fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(beginning(text, HEADER_MAX).into())
}

/// At most 255 bytes: what others send may be longer.
fn short(text: &str) -> ShortString {
    ShortString::from(beginning(text, 255))
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// What came, how often it failed before, and what is wrong with it.
pub(super) fn open(raw: Raw) -> (Message, u32, Option<Invalid>) {
    let header = |name: &str| raw.properties.headers().as_ref().and_then(|headers| headers.inner().get(name));
    let attempts = header(RETRY_COUNT).and_then(number).unwrap_or_default();
    let routing_key = header(ROUTING_KEY).and_then(string).unwrap_or_else(|| raw.routing_key.to_string());
    match Envelope::read(&raw.data) {
        Ok(envelope) => {
            let told = header(COMMAND_HASH).and_then(whole).map(|command_hash| {
                let participant_id =
                    header(PARTICIPANT).and_then(string).and_then(|id| id.parse().ok()).map(ParticipantId);
                let hash = |name| header(name).and_then(string).and_then(|hash| hash.parse().ok());
                let proof = Proof { hash: hash(HASH), ..Proof::after(hash(PREV_HASH)) };
                Box::new(EventHeader { command_hash, participant_id, proof })
            });
            (Message { told, ..Message::new(routing_key, envelope) }, attempts, None)
        }
        Err(error) => {
            let reason = format!("the body is no envelope: {error}");
            let invalid = Invalid { reason, body: String::from_utf8_lossy(&raw.data).into_owned() };
            (Message::new(routing_key, stand_in(&raw)), attempts, Some(invalid))
        }
    }
}

/// The same from the queue of a node. Which keys a system may publish under is checked for the key itself and not for
/// `CC` by every version of RabbitMQ: so what is no event under its own type has to come under a key for nodes.
pub(super) fn for_nodes(raw: Raw) -> (Option<Message>, u32, Option<Invalid>) {
    let key = raw.routing_key.clone();
    let (message, attempts, invalid) = open(raw);
    let is_event = message.told.is_some() && key.as_str() == message.envelope.event_type;
    let message = Some(message).filter(|_| is_event || key.as_str().starts_with("websocket."));
    (message, attempts, invalid)
}

/// What can be said about a message whose body can't be read.
fn stand_in(raw: &Raw) -> Envelope {
    let uuid = |text: &Option<ShortString>| text.as_ref().and_then(|text| text.as_str().parse::<Uuid>().ok());
    // The same body again is the same message.
    let event_id = uuid(raw.properties.message_id()).unwrap_or_else(|| Uuid::new_v5(&Uuid::NAMESPACE_OID, &raw.data));
    Envelope {
        event_id,
        event_type: raw.properties.kind().as_ref().map_or("unreadable", ShortString::as_str).to_owned(),
        timestamp: clock::now(),
        source_service: raw.properties.app_id().as_ref().map_or("unknown", ShortString::as_str).to_owned(),
        correlation_id: CorrelationId(uuid(raw.properties.correlation_id()).unwrap_or(event_id)),
        causation_id: None,
        priority: Priority::Low as u8,
        retries: 0,
        max_retries: MAX_RETRIES,
        user_id: None,
        session_id: None,
        game_id: None,
        seq: None,
        data: serde_json::Value::Null.into(),
    }
}

fn string(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn number(value: &AMQPValue) -> Option<u32> {
    whole(value).and_then(|number| u32::try_from(number).ok())
}

/// Clients of other languages choose other widths.
fn whole(value: &AMQPValue) -> Option<i64> {
    Some(match *value {
        AMQPValue::ShortShortInt(number) => number.into(),
        AMQPValue::ShortShortUInt(number) => number.into(),
        AMQPValue::ShortInt(number) => number.into(),
        AMQPValue::ShortUInt(number) => number.into(),
        AMQPValue::LongInt(number) => number.into(),
        AMQPValue::LongUInt(number) => number.into(),
        AMQPValue::LongLongInt(number) => number,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Timestamp;

    fn message() -> Message {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let user = crate::ids::UserId(Uuid::from_u128(7));
        Message::new(
            "notifications.message".to_owned(),
            Envelope::about_user(user, "message", at, serde_json::json!("x")),
        )
    }

    fn arrived(sent: AmqpMessage) -> Raw {
        let mut raw = Raw::mock(1, "".into(), sent.routing_key, false, sent.body);
        raw.properties = sent.properties;
        raw
    }

    #[test]
    fn what_is_sent_arrives() {
        let message = message();
        let sent = AmqpMessage::event(&message, "here");
        assert!(sent.mandatory);
        assert_eq!(sent.properties.delivery_mode(), &Some(PERSISTENT));
        assert_eq!(sent.properties.timestamp(), &Some(1_700_000_000));
        assert_eq!(sent.properties.priority(), &Some(10));
        let (same, attempts, invalid) = open(arrived(sent));
        assert_eq!((same.routing_key.as_str(), attempts), ("notifications.message", 0));
        assert_eq!(same.envelope, message.envelope);
        assert!(invalid.is_none());
    }

    #[test]
    fn a_retried_message_remembers_its_key_and_its_attempts() {
        let sent = AmqpMessage::retry("notifications.service.queue", &message(), 1);
        assert_eq!(sent.routing_key.as_str(), "notifications.service.queue.retry.5s");
        let (same, attempts, _) = open(arrived(sent));
        assert_eq!((same.routing_key.as_str(), attempts, same.envelope.retries), ("notifications.message", 2, 2));
    }

    #[test]
    fn a_body_that_is_no_envelope_is_kept_with_its_reason() {
        let raw = || Raw::mock(1, "".into(), "game.command.x".into(), false, b"{nonsense".to_vec());
        let (message, _, invalid) = open(raw());
        let invalid = invalid.expect("it is invalid");
        assert_eq!(invalid.body, "{nonsense");
        assert!(invalid.reason.starts_with("the body is no envelope: "), "{}", invalid.reason);
        assert_eq!(open(raw()).0.envelope.event_id, message.envelope.event_id, "the same again is the same");
    }

    #[test]
    fn nobody_speaks_to_nodes_by_the_other_keys_of_a_message() {
        let event = |key: &str| {
            let told = EventHeader { command_hash: 5, participant_id: None, proof: Proof::default() };
            let told = Some(Box::new(told));
            let mut message = message();
            let envelope = Envelope { event_type: "game.ball_potted".to_owned(), ..(*message.envelope).clone() };
            message.envelope = std::sync::Arc::new(envelope);
            let also = vec!["websocket.session.7.x".to_owned()];
            for_nodes(arrived(AmqpMessage::event(
                &Message { told, also, routing_key: key.to_owned(), ..message },
                "here",
            )))
            .0
        };
        assert!(event("game.ball_potted").is_some());
        assert!(event("websocket.session.7.x").is_some());
        assert!(event("game.command.pot_ball").is_none());
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(short(&"я".repeat(200)).as_str().len(), 254);
    }
}
