//! The messages on the bus as AsyncAPI tells them: every routing key that is published, and what its `data` is.

use serde_json::{Map, Value, json};

use crate::messaging::message::other_key;

/// Keys that no event of a session has by itself, and when they are published.
const DERIVED: [(&str, &str); 16] = [
    ("stats.advanced", "How far logs have got: one for many events."),
    ("stats.game_completed", "A game ended: one for each player with an account."),
    ("stats.game_corrected", "An ended game changed: one for each player with an account; or one was cancelled."),
    ("stats.achievement_check", "A player may have earned or lost an achievement."),
    ("notifications.game_completed", "A player is to hear that a game ended; with its `currency`."),
    ("notifications.session_invitation", "Somebody is to hear that a place is kept; `invited_by` is who asked."),
    (
        "notifications.payment_marked",
        "Somebody is to hear that money was handed over: each of the two who did not mark it.",
    ),
    ("notifications.achievement_unlocked", "A player earned an achievement."),
    ("compensation.<type>", "What was told of does not hold any more: a void, or a command that was refused."),
    ("compensation.notifications.achievement_unlocked", "An achievement does not stand after a correction."),
    ("websocket.session.<session_id>.<name>", "What nodes tell each other of a session: who watches."),
    ("websocket.user.<user_id>.notification", "A notification for the sockets of a user."),
    ("websocket.user.<user_id>.stats", "The statistics of a user changed."),
    ("websocket.user.<user_id>.logins_revoked", "Logins ended: their tokens are refused from now on."),
    ("websocket.user.<user_id>.shares_ended", "Shares ended: the streams that they opened are closed."),
    ("websocket.node.<name>", "What nodes tell each other: who watches, that they live."),
];

/// The data of a derived message.
fn data_of(key: &str) -> Value {
    let named = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let id = json!({"type": "string", "format": "uuid"});
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    match key {
        "stats.advanced" => object(json!({"sessions": {"type": "array", "items": {
            "type": "array", "prefixItems": [id, {"type": "integer", "format": "int64"}], "minItems": 2, "maxItems": 2,
        }}})),
        "stats.game_completed" | "notifications.game_completed" => named("GameResult"),
        "stats.game_corrected" => json!({"anyOf": [named("GameResult"), {"type": "object"}]}),
        "notifications.session_invitation" => named("PlayerJoined"),
        "notifications.payment_marked" => named("PaymentMarked"),
        "notifications.achievement_unlocked" => object(json!({
            "code": {"type": "string"}, "title": {"type": ["string", "null"]},
            "description": {"type": ["string", "null"]}, "game_id": id, "earned_at": named("Timestamp"),
        })),
        "compensation.notifications.achievement_unlocked" => object(json!({"code": {"type": "string"}, "game_id": id})),
        "compensation.<type>" => json!({"anyOf": [named("EventVoided"), named("GameReopened"), {"type": "object"}]}),
        "websocket.session.<session_id>.<name>" => object(json!({"users": {"type": "array", "items": id}})),
        "websocket.user.<user_id>.notification" => named("Notification"),
        "websocket.user.<user_id>.stats" => object(json!({"games": {"type": "array", "items": {"type": "object"}}})),
        "websocket.user.<user_id>.logins_revoked" => object(json!({"login_ids": {"type": "array", "items": id}})),
        "websocket.user.<user_id>.shares_ended" => object(json!({"share_ids": {"type": "array", "items": id}})),
        "websocket.node.<name>" => object(json!({
            "node": {"type": "string"}, "epoch": {"type": ["integer", "null"]}, "counter": {"type": "integer"},
        })),
        _ => json!({"type": "object"}),
    }
}

/// All messages, by name; `schemas` are those of the document.
pub(super) fn all(schemas: &Value) -> Map<String, Value> {
    let facts = schemas["Fact"]["oneOf"].as_array().into_iter().flatten();
    let events = facts.filter_map(|fact| {
        let key = fact["properties"]["type"]["enum"][0].as_str()?;
        let when = fact["description"].as_str().unwrap_or_default();
        let mut told = message(key, when, &fact["properties"]["data"]);
        // One message: whoever is bound to several of its keys gets it once, and its type is the event's.
        let name = key.split_once('.').map_or(key, |(_, name)| name);
        let statistics = other_key(key).map(str::to_owned);
        let watchers = format!("websocket.session.<session_id>.{name}");
        told["x-other-routing-keys"] = statistics.into_iter().chain([watchers]).collect();
        Some((key.to_owned(), told))
    });
    let derived = DERIVED.iter().map(|(key, when)| (name_of(key), message(key, when, &data_of(key))));
    let mut all: Map<String, Value> = events.chain(derived).collect();
    // Taken from other systems, so it has no key of an event.
    let command = json!({"allOf": [
        {"type": "object", "properties": {"user_id": {"type": "string", "format": "uuid"}}, "required": ["user_id"]},
        {"type": "object", "properties": {
            "type": {"const": "command"},
            "id": {"type": "string", "format": "uuid"},
            "session_id": {"type": "string", "format": "uuid"},
            "command": {"$ref": "#/components/schemas/Scoring"},
        }, "required": ["type", "id", "session_id", "command"]},
    ]});
    let when = "Another system asks for something on behalf of a user; the same `id` again changes nothing.";
    all.insert("game.command".to_owned(), message("game.command.<type>", when, &command));
    all
}

/// `websocket.user.<user_id>.stats` without what is different each time.
fn name_of(key: &str) -> String {
    key.split('.').filter(|word| !word.starts_with('<')).collect::<Vec<_>>().join(".")
}

fn message(key: &str, when: &str, data: &Value) -> Value {
    json!({
        "name": name_of(key),
        "title": key,
        "summary": when,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/MessageHeaders"},
        "payload": {"allOf": [
            {"$ref": "#/components/schemas/Envelope"},
            {"type": "object", "properties": {"data": data}},
        ]},
        "bindings": {"amqp": {"contentEncoding": "utf-8", "messageType": name_of(key)}},
        "x-routing-key": key,
    })
}

/// What stands in the headers of every message.
pub(super) fn headers() -> Value {
    json!({
        "type": "object",
        "properties": {
            "event_type": {"type": "string"},
            "source_service": {"type": "string"},
            "correlation_id": {"type": "string", "format": "uuid"},
            "retry_count": {"type": "integer", "minimum": 0},
            "CC": {
                "type": "array", "items": {"type": "string"},
                "description": "The other keys that an event is routed by.",
            },
            "prev_hash": {"type": "string", "description": "In an event: the hash of the one before."},
            "hash": {"type": "string", "description": "In an event: its own."},
            "actor_participant_id": {
                "type": "string", "format": "uuid", "description": "In an event: the place of whoever caused it.",
            },
        },
        "required": ["event_type", "source_service", "correlation_id", "retry_count"],
    })
}
