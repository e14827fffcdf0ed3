//! The messages on the bus as AsyncAPI tells them: every routing key that is published, and what its `data` is.

use serde_json::{Map, Value, json};

use crate::messaging::message::other_key;

/// Keys that no event of a session has by itself, and when they are published.
const DERIVED: [(&str, &str); 36] = [
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
    ("notifications.friend_request", "A user is to hear that somebody wants to be friends."),
    ("notifications.friend_accepted", "A user is to hear that a request was accepted."),
    ("notifications.message", "A user who is away is to hear what was said in a chat."),
    ("social.friend_request", "Somebody wants to be friends with `user_id`."),
    ("friends.accepted", "A request was accepted; `user_id` is who did it, here and in the others."),
    ("friends.declined", "A request was declined."),
    ("friends.withdrawn", "A request was taken back."),
    ("friends.removed", "A friendship ended."),
    ("friends.blocked", "Somebody wants nothing to do with somebody; what was between them ended just before."),
    ("friends.unblocked", "That was taken back."),
    ("compensation.<type>", "What was told of does not hold any more: a void, or a command that was refused."),
    ("compensation.notifications.achievement_unlocked", "An achievement does not stand after a correction."),
    ("compensation.notifications.session_invitation", "An invitation was declined or withdrawn."),
    ("compensation.notifications.friend_request", "A request waits no more."),
    ("compensation.notifications.friend_accepted", "A friendship ended."),
    (
        "compensation.notifications.message",
        "A chat was read, or a message that a user was notified of was taken back or edited.",
    ),
    ("websocket.session.<session_id>.<name>", "What nodes tell each other of a session: who watches."),
    ("websocket.user.<user_id>.notification", "A notification for the sockets of a user."),
    ("websocket.user.<user_id>.message", "Something was said in a chat; `CC` has the keys of its other members."),
    ("websocket.user.<user_id>.message_edited", "It says something else now."),
    ("websocket.user.<user_id>.message_deleted", "It was taken back."),
    ("websocket.user.<user_id>.message_status", "Members of a chat had, or read, all messages up to a number."),
    ("websocket.user.<user_id>.typing", "A member of a chat is writing."),
    ("websocket.user.<user_id>.stats", "The statistics of a user changed."),
    ("websocket.user.<user_id>.friends", "A user's lists of friends, requests and blocks changed."),
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
        "compensation.notifications.session_invitation" => named("Seat"),
        "notifications.friend_request"
        | "notifications.friend_accepted"
        | "compensation.notifications.friend_request"
        | "compensation.notifications.friend_accepted" => object(json!({"request_id": id, "from_user_id": id})),
        "notifications.message" => object(json!({
            "chat_id": id, "message_id": id, "number": {"type": "integer", "format": "int64"}, "sender_id": id,
            "content": {"type": "string"}, "last_number": {"type": "integer", "format": "int64"},
        })),
        "compensation.notifications.message" => object(json!({
            "chat_id": id, "last_number": {"type": "integer", "format": "int64"}, "message_id": id,
            "content": {"type": "string"},
        })),
        "social.friend_request" => object(json!({"request_id": id, "from_user_id": id, "to_user_id": id})),
        key if key.starts_with("friends.") => object(json!({"request_id": id, "from_user_id": id, "to_user_id": id})),
        "compensation.<type>" => json!({"anyOf": [named("EventVoided"), named("GameReopened"), {"type": "object"}]}),
        "websocket.session.<session_id>.<name>" => object(json!({"users": {"type": "array", "items": id}})),
        "websocket.user.<user_id>.notification" => named("Notification"),
        "websocket.user.<user_id>.stats" => object(json!({"games": {"type": "array", "items": {"type": "object"}}})),
        "websocket.user.<user_id>.friends" => object(json!({"change": named("FriendsChange"), "user_id": id})),
        "websocket.user.<user_id>.message"
        | "websocket.user.<user_id>.message_edited"
        | "websocket.user.<user_id>.message_deleted" => {
            object(json!({"user_ids": {"type": "array", "items": id}, "origin": id, "message": named("Message")}))
        }
        "websocket.user.<user_id>.message_status" => object(json!({
            "user_ids": {"type": "array", "items": id}, "chat_id": id,
            "statuses": {"type": "array", "items": object(json!({
                "user_id": id, "up_to": {"type": "integer", "format": "int64"}, "status": named("MessageStatus"),
                "at": named("Timestamp"), "tell": {"type": "array", "items": id}, "origin": id,
            }))},
        })),
        "websocket.user.<user_id>.typing" => object(json!({
            "user_ids": {"type": "array", "items": id}, "origin": id, "chat_id": id, "user_id": id,
        })),
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
