//! What each event of a session becomes on the bus (contract, section 5).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::derived::{compensations_of, data_of, notifications_of, statistics_of};
use crate::game::event::{Actor, Event, Proof};
use crate::ids::{CommandId, CorrelationId, GameId, ParticipantId, Seq, SessionId, Timestamp};
use crate::journal::Record;
use crate::outbox::chat_news::other_keys;
use crate::outbox::envelope::{Data, Envelope, MAX_RETRIES, Priority, SOURCE_SERVICE};

/// How far logs have got, for the statistics: one for many events, never one for each.
pub const ADVANCED: &str = "stats.advanced";
/// Events that one such message speaks of at most, and so its sessions.
const ADVANCED_MAX: usize = 1_000;
/// Beside the fields of an event in a message to nodes of earlier versions.
const COMMAND_HASH: &str = "command_hash";

/// Who else is on the bus, as far as this process knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Peers {
    /// No other node: nobody's sessions have to hear of what is stored here.
    None,
    /// Other nodes.
    Nodes,
    /// A node of an earlier version may be among them, which reads events in a message of their own.
    OlderNodes,
}

/// What a node has to know of an event beside its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// Of the command that made it: answers a repeated idempotency key.
    pub command_hash: i64,
    /// The place of whoever caused it.
    pub participant_id: Option<ParticipantId>,
    /// Its links in the chain of its log.
    pub proof: Proof,
}

/// An envelope and where it goes.
#[derive(Clone, Debug)]
pub struct Message {
    pub routing_key: String,
    /// Other keys that it is routed by. A queue that is bound to several of all these gets one copy.
    pub also: Vec<String>,
    /// In the message of a session's event: what makes it whole.
    pub told: Option<Box<EventHeader>>,
    /// The body.
    pub envelope: Arc<Envelope>,
    /// The session events that an `ADVANCED` speaks of, where they are at hand: spares consumers on this node a look at
    /// the log.
    pub records: Arc<[Arc<Record>]>,
    /// This process did what it tells of, and has told whoever is connected to it.
    pub is_own: bool,
}

impl Message {
    /// A message with an envelope of its own.
    pub fn new(routing_key: String, envelope: Envelope) -> Self {
        let envelope = Arc::new(envelope);
        Self { routing_key, also: Vec::new(), told: None, envelope, records: Arc::default(), is_own: false }
    }

    /// A message that waited in the outbox: its row has the first of its keys.
    pub fn of_outbox(routing_key: String, envelope: Envelope) -> Self {
        let also = other_keys(&envelope);
        Self { also, ..Self::new(routing_key, envelope) }
    }

    /// All keys that it is routed by.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.routing_key).chain(&self.also).map(String::as_str)
    }

    /// The routing key without ids, for labels.
    pub fn pattern(&self) -> &str {
        pattern(&self.routing_key, &self.envelope.event_type)
    }
}

/// `websocket.session.<id>.<name>` → `websocket.session`; other keys have no ids in them.
fn pattern<'a>(routing_key: &'a str, event_type: &'a str) -> &'a str {
    match routing_key {
        key if key.starts_with("websocket.session.") => "websocket.session.*",
        key if key.starts_with("websocket.user.") => "websocket.user.*",
        _ => event_type,
    }
}

/// The envelope of a message that a session event causes. Publishing the same event again gives the same id.
fn caused_by(event: &Event, routing_key: &str, event_type: &str, priority: Priority, data: Data) -> Envelope {
    Envelope {
        event_id: Uuid::new_v5(&event.event_id, routing_key.as_bytes()),
        event_type: event_type.to_owned(),
        timestamp: event.timestamp,
        source_service: SOURCE_SERVICE.to_owned(),
        correlation_id: event.correlation_id,
        causation_id: Some(event.event_id),
        priority: priority as u8,
        retries: 0,
        max_retries: MAX_RETRIES,
        user_id: event.actor.user_id,
        session_id: Some(event.session_id),
        game_id: event.game_id,
        seq: Some(event.seq),
        data,
    }
}

/// All messages that an event causes and that somebody can receive, the event itself first: once, whoever it is for.
pub fn messages_of(record: &Arc<Record>, wanted: impl Fn(&str) -> bool, peers: Peers) -> Vec<Message> {
    let event = &record.event;
    let mut messages = Vec::new();
    let key = event.fact.event_type();
    let name = key.split_once('.').map_or(key, |(_, name)| name);
    let to_watchers = format!("websocket.session.{}.{name}", event.session_id);
    let mut also: Vec<String> = other_key(key).map(str::to_owned).into_iter().collect();
    if peers != Peers::None {
        also.push(to_watchers.clone());
    }
    if wanted(key) || also.iter().any(|key| wanted(key)) {
        let mut envelope = caused_by(event, key, key, Priority::High, data_of(record));
        // The event as it is keeps its own id; its cause is the command.
        envelope.event_id = event.event_id;
        envelope.causation_id = Some(event.command_id.0);
        let told = EventHeader {
            command_hash: record.command_hash,
            participant_id: event.actor.participant_id,
            proof: event.proof,
        };
        messages.push(Message { also, told: Some(Box::new(told)), ..Message::new(key.to_owned(), envelope) });
    }
    let mut add = |routing_key: String, envelope: Envelope| messages.push(Message::new(routing_key, envelope));
    let for_players: Vec<_> = statistics_of(record).into_iter().chain(notifications_of(record)).collect();
    let keys: Vec<&str> = for_players.iter().map(|(key, ..)| *key).collect();
    let is_one_of_several = |key| keys.iter().filter(|other| **other == key).count() > 1;
    for (key, user, data) in for_players {
        if wanted(key) {
            // Several messages of one cause and key differ in their player only.
            let name = match user {
                Some(user) if is_one_of_several(key) => format!("{key}/{user}"),
                _ => key.to_owned(),
            };
            let mut envelope = caused_by(event, &name, key, Priority::Normal, data);
            envelope.user_id = user;
            add(key.to_owned(), envelope);
        }
    }
    for (original, data) in compensations_of(record) {
        let key = format!("compensation.{original}");
        if wanted(&key) {
            let envelope = caused_by(event, &key, &key, Priority::Normal, data);
            add(key, envelope);
        }
    }
    if peers == Peers::OlderNodes {
        let envelope = caused_by(event, &to_watchers, key, Priority::Urgent, for_older_nodes(record));
        add(to_watchers, envelope);
    }
    messages
}

/// The key under which statistics of other systems follow marks alone.
pub(crate) fn other_key(event_type: &str) -> Option<&'static str> {
    match event_type {
        "game.ball_potted" => Some("stats.ball_potted"),
        "game.foul_committed" => Some("stats.foul_committed"),
        "game.event_voided" => Some("stats.ball_voided"),
        _ => None,
    }
}

/// What is said of a burst of events: the last seq of each of its sessions. The same burst gives the same ids.
pub fn advanced(records: &[Arc<Record>]) -> impl Iterator<Item = Message> {
    records.chunks(ADVANCED_MAX).filter_map(|records| {
        let mut sessions: BTreeMap<SessionId, Seq> = BTreeMap::new();
        for record in records {
            sessions.insert(record.event.session_id, record.seq());
        }
        let sessions: Vec<(SessionId, Seq)> = sessions.into_iter().collect();
        let data = json!({ "sessions": sessions }).into();
        let mut envelope = caused_by(&records.last()?.event, ADVANCED, ADVANCED, Priority::Normal, data);
        envelope.user_id = None;
        envelope.game_id = None;
        Some(Message { records: records.into(), ..Message::new(ADVANCED.to_owned(), envelope) })
    })
}

/// Which sessions such a message speaks of, and how far each has got; `None`: the message is of another kind.
pub fn sessions_advanced(envelope: &Envelope) -> Option<Vec<(SessionId, Seq)>> {
    #[derive(Deserialize)]
    struct Advanced {
        sessions: Vec<(SessionId, Seq)>,
    }
    if envelope.event_type != ADVANCED {
        return None;
    }
    serde_json::from_str::<Advanced>(envelope.data.json()).ok().map(|advanced| advanced.sessions)
}

/// The whole event, and before its fields what a node needs beside it to answer a repeated idempotency key.
fn for_older_nodes(record: &Record) -> Data {
    let fields = record.json.get().trim_start_matches('{');
    let whole = format!("{{\"{COMMAND_HASH}\":{},{fields}", record.command_hash);
    RawValue::from_string(whole).map_or_else(|_| Value::Null.into(), |whole| Data::of(&whole))
}

/// The event of a session that a message tells of; `None`: it is of another kind.
pub fn event_in(message: &Message) -> Option<Record> {
    let Message { envelope, told, .. } = message;
    let Some(EventHeader { command_hash, participant_id, proof }) = told.as_deref().copied() else {
        return event_of_older(envelope);
    };
    let whole = EventJson {
        event_id: envelope.event_id,
        session_id: envelope.session_id?,
        seq: envelope.seq?,
        event_type: &envelope.event_type,
        data: &envelope.data,
        game_id: envelope.game_id,
        actor: Actor { user_id: envelope.user_id, participant_id },
        command_id: CommandId(envelope.causation_id?),
        correlation_id: envelope.correlation_id,
        timestamp: envelope.timestamp,
        proof,
    };
    Record::told(serde_json::to_string(&whole).ok()?, command_hash)
}

/// An event as it is stored, around its data as they came: a newer node may have put more into them.
#[derive(Serialize)]
struct EventJson<'a> {
    event_id: Uuid,
    session_id: SessionId,
    seq: Seq,
    #[serde(rename = "type")]
    event_type: &'a str,
    data: &'a Data,
    game_id: Option<GameId>,
    actor: Actor,
    command_id: CommandId,
    correlation_id: CorrelationId,
    timestamp: Timestamp,
    #[serde(flatten)]
    proof: Proof,
}

/// The event in a message of a node of an earlier version.
fn event_of_older(envelope: &Envelope) -> Option<Record> {
    // Only these begin so; what else comes here is not read for it.
    let rest = envelope.data.json().strip_prefix(&format!("{{\"{COMMAND_HASH}\":"))?;
    let (hash, fields) = rest.split_once(',')?;
    let command_hash = hash.parse().ok()?;
    Record::told(format!("{{{fields}"), command_hash)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::game::event::{Fact, Nothing};
    use crate::ids::UserId;

    fn record(number: u128, session: u128, seq: i64) -> Arc<Record> {
        let event = Event {
            event_id: Uuid::from_u128(number),
            session_id: SessionId(Uuid::from_u128(session)),
            seq: Seq(seq),
            fact: Fact::SessionCompleted(Nothing {}),
            game_id: None,
            actor: Actor { user_id: None, participant_id: None },
            command_id: CommandId::default(),
            correlation_id: CorrelationId::default(),
            timestamp: Timestamp::from_millis(0),
            proof: Proof::default(),
        };
        Arc::new(Record::new(event, 0))
    }

    #[test]
    fn a_burst_is_said_by_the_last_seq_of_each_session_under_the_id_of_its_last_event() {
        let records = [record(1, 8, 1), record(2, 7, 5), record(3, 8, 2), record(4, 7, 6)];
        let [hint] = &advanced(&records).collect::<Vec<_>>()[..] else { panic!("one for all") };
        assert_eq!(hint.envelope.event_id, Uuid::new_v5(&Uuid::from_u128(4), ADVANCED.as_bytes()));
        assert!(hint.envelope.is_of_the_log(), "the audit stores nothing of it");
        let [seven, eight] = [7, 8].map(|session| SessionId(Uuid::from_u128(session)));
        assert_eq!(sessions_advanced(&hint.envelope), Some(vec![(seven, Seq(6)), (eight, Seq(2))]));
        assert_eq!(hint.records.len(), 4);
    }

    #[test]
    fn an_event_is_one_message_and_whole_where_it_arrives() {
        let participant_id = Some(ParticipantId(Uuid::from_u128(9)));
        let mut event = record(1, 8, 3).event.clone();
        event.actor = Actor { user_id: Some(UserId(Uuid::from_u128(4))), participant_id };
        let record = Arc::new(Record::new(event, -7));
        let [alone] = &messages_of(&record, |_| true, Peers::None)[..] else { panic!("one") };
        assert_eq!((alone.routing_key.as_str(), alone.also.len()), ("session.completed", 0));
        let [told] = &messages_of(&record, |_| true, Peers::Nodes)[..] else { panic!("one") };
        let session = record.event.session_id;
        assert_eq!(told.also, [format!("websocket.session.{session}.completed")]);
        assert_eq!(
            (told.envelope.event_id, told.envelope.event_type.as_str()),
            (Uuid::from_u128(1), "session.completed")
        );
        let [_, older] = &messages_of(&record, |_| true, Peers::OlderNodes)[..] else { panic!("two") };
        for message in [told, older] {
            let heard = event_in(message).expect("an event");
            assert_eq!((heard.json.get(), heard.command_hash), (record.json.get(), -7));
        }
    }

    #[test]
    fn a_large_burst_is_several_messages_and_an_empty_one_is_none() {
        let records: Vec<_> = (1..=2_500).map(|number| record(number, number, 1)).collect();
        let counts = advanced(&records).filter_map(|hint| Some(sessions_advanced(&hint.envelope)?.len()));
        assert_eq!(counts.collect::<Vec<_>>(), [1_000, 1_000, 500]);
        assert_eq!(advanced(&[]).count(), 0);
    }
}
