//! What each event of a session becomes on the bus (contract, section 5).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::game::event::Fact;
use crate::game::id::UserId;
use crate::journal::Record;
use crate::journal::envelope::{Data, Envelope, Priority};

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
    /// This process did what it tells of: its own sessions need not hear of it.
    pub is_own: bool,
}

impl Message {
    /// A message with an envelope of its own.
    pub fn new(routing_key: String, envelope: Envelope) -> Self {
        Self { routing_key, envelope: Arc::new(envelope), record: None, is_own: false }
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
        messages.push(Message {
            routing_key,
            envelope: Arc::new(envelope),
            record: Some(record.clone()),
            is_own: false,
        });
    };
    let key = event.fact.event_type();
    if wanted(key) {
        let mut envelope = Envelope::caused_by(event, key, key, Priority::High, data_of(record));
        // The event as it is keeps its own id; its cause is the command.
        envelope.event_id = event.event_id;
        envelope.causation_id = Some(event.command_id);
        add(key.to_owned(), envelope);
    }
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
            let mut envelope = Envelope::caused_by(event, &name, key, Priority::Normal, data);
            envelope.user_id = user;
            add(key.to_owned(), envelope);
        }
    }
    for (original, data) in compensations_of(record) {
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

/// The whole event, and before its fields what a node needs beside it to answer a repeated idempotency key.
fn for_other_nodes(record: &Record) -> Data {
    let fields = record.json.get().trim_start_matches('{');
    let whole = format!("{{\"{COMMAND_HASH}\":{},{fields}", record.command_hash);
    RawValue::from_string(whole).map_or_else(|_| Value::Null.into(), |whole| Data::of(&whole))
}

/// The event in a message to other nodes; `None`: the message is of another kind.
pub fn event_in(envelope: &Envelope) -> Option<Record> {
    // Only these begin so; what else comes here is not read for it.
    let rest = envelope.data.json().strip_prefix(&format!("{{\"{COMMAND_HASH}\":"))?;
    let (hash, fields) = rest.split_once(',')?;
    let command_hash = hash.parse().ok()?;
    Record::told(format!("{{{fields}"), command_hash)
}

/// The `data` of an event, as it is encoded already.
fn data_of(record: &Record) -> Data {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    match serde_json::from_str(record.json.get()) {
        Ok(Part { data: Some(data) }) => Data::of(data),
        _ => Value::Null.into(),
    }
}

/// A message for a player with an account; `None`: for whoever played.
type ForPlayer<D> = (&'static str, Option<UserId>, D);

/// What statistics need: one message for each player concerned who has an account.
fn statistics_of(record: &Record) -> Vec<ForPlayer<Data>> {
    let of = |key, user: Option<UserId>| user.map(|user| (key, Some(user), data_of(record))).into_iter().collect();
    match &record.event.fact {
        Fact::BallPotted(potted) => of("stats.ball_potted", potted.user_id),
        Fact::FoulCommitted(foul) => of("stats.foul_committed", foul.user_id),
        Fact::EventVoided(voided) => match &voided.results {
            None => of("stats.ball_voided", voided.user_id),
            Some(results) => with_check(encoded(for_each_player("stats.game_corrected", results))),
        },
        Fact::GameEnded(ended) => with_check(encoded(for_each_player("stats.game_completed", &ended.results))),
        // It counts for nothing now.
        Fact::GameCancelled(_) => vec![("stats.game_corrected", None, data_of(record))],
        _ => Vec::new(),
    }
}

/// Whoever's ended games changed may have earned an achievement, or lost one. The check stands after the results.
fn with_check(mut messages: Vec<ForPlayer<Data>>) -> Vec<ForPlayer<Data>> {
    let players: Vec<Option<UserId>> = messages.iter().map(|(_, user, _)| *user).collect();
    messages.extend(players.into_iter().map(|user| ("stats.achievement_check", user, json!({}).into())));
    messages
}

/// What players are told of, wherever they are.
fn notifications_of(record: &Record) -> Vec<ForPlayer<Data>> {
    match &record.event.fact {
        Fact::GameEnded(ended) => {
            let mut messages = for_each_player("notifications.game_completed", &ended.results);
            for (_, _, data) in &mut messages {
                data["currency"] = ended.currency.clone().into();
            }
            encoded(messages)
        }
        Fact::PlayerJoined(seat) if !seat.is_active => {
            let invitation = |user| {
                let mut data = data_of(record).value();
                data["invited_by"] = json!(record.event.actor.user_id);
                ("notifications.session_invitation", Some(user), data.into())
            };
            seat.user_id.map(invitation).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a void takes back: the mark, and the results of the game where it had ended.
fn compensations_of(record: &Record) -> Vec<(&str, Data)> {
    let Fact::EventVoided(voided) = &record.event.fact else { return Vec::new() };
    let mut taken_back = vec![(voided.voided_type.as_str(), data_of(record))];
    if voided.results.is_some() {
        taken_back.push(("game.ended", data_of(record)));
    }
    taken_back
}

fn encoded(messages: Vec<ForPlayer<Value>>) -> Vec<ForPlayer<Data>> {
    messages.into_iter().map(|(key, user, data)| (key, user, data.into())).collect()
}

fn for_each_player(key: &'static str, results: &[crate::game::event::GameResult]) -> Vec<ForPlayer<Value>> {
    results
        .iter()
        .filter_map(|result| Some((key, Some(result.user_id?), serde_json::to_value(result).unwrap_or_default())))
        .collect()
}
