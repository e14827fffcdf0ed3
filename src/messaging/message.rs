//! What each event of a session becomes on the bus (contract, section 5).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::game::event::{Event, Fact};
use crate::game::id::UserId;
use crate::journal::Record;
use crate::journal::envelope::{Envelope, Priority};

/// Beside the fields of an event in a message to other nodes.
const COMMAND_HASH: &str = "command_hash";

/// An envelope and where it goes.
#[derive(Clone, Debug)]
pub struct Message {
    /// The routing key.
    pub routing_key: String,
    /// The body.
    pub envelope: Arc<Envelope>,
    /// The session event it was made from, where it is at hand: spares consumers on this node a look at the log.
    pub record: Option<Arc<Record>>,
}

impl Message {
    /// A message with an envelope of its own.
    pub fn new(routing_key: String, envelope: Envelope) -> Self {
        Self { routing_key, envelope: Arc::new(envelope), record: None }
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

/// All messages that an event causes and that somebody can receive, the event itself first.
pub fn messages_of(record: &Arc<Record>, wanted: impl Fn(&str) -> bool) -> Vec<Message> {
    let event = &record.event;
    let mut messages = Vec::new();
    let mut add = |routing_key: String, envelope: Envelope| {
        messages.push(Message { routing_key, envelope: Arc::new(envelope), record: Some(record.clone()) });
    };
    let key = event.fact.event_type();
    if wanted(key) {
        let mut envelope = Envelope::caused_by(event, key, key, Priority::High, data_of(event));
        // The event as it is keeps its own id; its cause is the command.
        envelope.event_id = event.event_id;
        envelope.causation_id = Some(event.command_id);
        add(key.to_owned(), envelope);
    }
    for (key, user, data) in statistics_of(event).into_iter().chain(notifications_of(event)) {
        if wanted(key) {
            let salted = format!("{key}/{user}");
            let mut envelope = Envelope::caused_by(event, &salted, key, Priority::Normal, data);
            envelope.user_id = Some(user);
            add(key.to_owned(), envelope);
        }
    }
    for (original, data) in compensations_of(event) {
        let key = format!("compensation.{original}");
        if wanted(&key) {
            let envelope = Envelope::caused_by(event, &key, &key, Priority::Normal, data);
            add(key, envelope);
        }
    }
    let name = key.split_once('.').map_or(key, |(_, name)| name);
    let to_watchers = format!("websocket.session.{}.{name}", event.session_id);
    if wanted(&to_watchers) {
        let envelope = Envelope::caused_by(event, &to_watchers, key, Priority::Urgent, for_other_nodes(record));
        add(to_watchers, envelope);
    }
    messages
}

/// The whole event, and what a node needs beside it to answer a repeated idempotency key.
fn for_other_nodes(record: &Record) -> Value {
    let mut whole = serde_json::to_value(&record.event).unwrap_or_default();
    if let Value::Object(fields) = &mut whole {
        fields.insert(COMMAND_HASH.to_owned(), record.command_hash.into());
    }
    whole
}

/// The event in a message to other nodes; `None`: the message is of another kind.
pub fn event_in(envelope: &Envelope) -> Option<Record> {
    let hash = envelope.data.get(COMMAND_HASH)?.as_i64()?;
    let event = Event::deserialize(&envelope.data).ok()?;
    Some(Record::new(event, hash))
}

fn data_of(event: &Event) -> Value {
    match serde_json::to_value(&event.fact) {
        Ok(Value::Object(mut fact)) => fact.remove("data").unwrap_or_default(),
        _ => Value::Null,
    }
}

/// What statistics need: one message for each player concerned who has an account.
fn statistics_of(event: &Event) -> Vec<(&'static str, UserId, Value)> {
    let of = |key, user: Option<UserId>| user.map(|user| (key, user, data_of(event))).into_iter().collect();
    match &event.fact {
        Fact::BallPotted(potted) => of("stats.ball_potted", potted.user_id),
        Fact::FoulCommitted(foul) => of("stats.foul_committed", foul.user_id),
        Fact::EventVoided(voided) => match &voided.results {
            None => of("stats.ball_voided", voided.user_id),
            Some(results) => with_check(for_each_player("stats.game_corrected", results)),
        },
        Fact::GameEnded(ended) => with_check(for_each_player("stats.game_completed", &ended.results)),
        _ => Vec::new(),
    }
}

/// Whoever's ended games changed may have earned an achievement, or lost one. The check stands after the results.
fn with_check(mut messages: Vec<(&'static str, UserId, Value)>) -> Vec<(&'static str, UserId, Value)> {
    let players: Vec<UserId> = messages.iter().map(|(_, user, _)| *user).collect();
    messages.extend(players.into_iter().map(|user| ("stats.achievement_check", user, json!({}))));
    messages
}

/// What players are told of, wherever they are.
fn notifications_of(event: &Event) -> Vec<(&'static str, UserId, Value)> {
    match &event.fact {
        Fact::GameEnded(ended) => {
            let mut messages = for_each_player("notifications.game_completed", &ended.results);
            for (_, _, data) in &mut messages {
                data["currency"] = ended.currency.clone().into();
            }
            messages
        }
        Fact::PlayerJoined(seat) if !seat.is_active => {
            let invitation = |user| {
                let mut data = data_of(event);
                data["invited_by"] = json!(event.actor.user_id);
                ("notifications.session_invitation", user, data)
            };
            seat.user_id.map(invitation).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a void takes back: the mark, and the results of the game where it had ended.
fn compensations_of(event: &Event) -> Vec<(&str, Value)> {
    let Fact::EventVoided(voided) = &event.fact else { return Vec::new() };
    let mut taken_back = vec![(voided.voided_type.as_str(), data_of(event))];
    if voided.results.is_some() {
        taken_back.push(("game.ended", data_of(event)));
    }
    taken_back
}

fn for_each_player(
    key: &'static str,
    results: &[crate::game::event::GameResult],
) -> Vec<(&'static str, UserId, Value)> {
    results
        .iter()
        .filter_map(|result| Some((key, result.user_id?, serde_json::to_value(result).unwrap_or_default())))
        .collect()
}
