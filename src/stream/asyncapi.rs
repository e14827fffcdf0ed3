//! The AsyncAPI document: the WebSocket frames and the messages on the bus, made from the types that carry them.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use super::bus_messages;
use super::handshake::PROTOCOL;
use super::wire::{ClientFrame, Close, FRAME_MAX, ServerFrame};
use crate::messaging::topology;
use crate::outbox::envelope::Envelope;

/// The document, in version 3.0 of AsyncAPI; `schemas` are those that its payloads refer to.
pub(crate) fn document(schemas: &Value) -> Value {
    let mut schemas = schemas.clone();
    let own = [
        ("ClientFrame", json!(ClientFrame::schema())),
        ("ServerFrame", json!(ServerFrame::schema())),
        ("Envelope", json!(Envelope::schema())),
        ("MessageHeaders", bus_messages::headers()),
    ];
    for (name, schema) in own {
        schemas[name] = schema;
    }
    let mut messages = bus_messages::all(&schemas);
    let on_the_bus: Map<_, _> = messages.keys().map(|name| (name.clone(), message_at(name))).collect();
    for frame in ["ClientFrame", "ServerFrame"] {
        let schema = json!({"$ref": format!("#/components/schemas/{frame}")});
        messages.insert(frame.to_owned(), json!({"contentType": "application/json", "payload": schema}));
    }
    let mut channels = Map::new();
    channels.insert("socket".to_owned(), socket());
    channels.insert(
        topology::EVENTS.to_owned(),
        json!({
            "address": topology::EVENTS,
            "description": "Everything that happens, by routing key: bind a queue of your own to what you want to hear.",
            "servers": [{"$ref": "#/servers/broker"}],
            "messages": on_the_bus,
            "bindings": {"amqp": {
                "is": "routingKey",
                "exchange": {"name": topology::EVENTS, "type": "topic", "durable": true, "autoDelete": false},
            }},
        }),
    );
    // By the service: what it sends its clients hear, what it receives they send.
    let mut operations = Map::new();
    operations.insert("send".to_owned(), operation("receive", "socket", &["client"]));
    operations.insert("hear".to_owned(), operation("send", "socket", &["server"]));
    let told: Vec<_> = on_the_bus.keys().map(String::as_str).filter(|name| *name != "game.command").collect();
    operations.insert("tell".to_owned(), operation("send", topology::EVENTS, &told));
    operations.insert("ask".to_owned(), operation("receive", topology::EVENTS, &["game.command"]));
    for queue in topology::QUEUES {
        channels.insert(queue.name.to_owned(), of_queue(queue));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Artel",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Live sessions over WebSocket, and the messages on the bus.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas, "securitySchemes": security()},
    })
}

fn message_at(name: &str) -> Value {
    json!({"$ref": format!("#/components/messages/{name}")})
}

fn operation(action: &str, channel: &str, messages: &[&str]) -> Value {
    let channel = format!("#/channels/{channel}");
    let messages: Vec<_> = messages.iter().map(|name| json!({"$ref": format!("{channel}/messages/{name}")})).collect();
    json!({"action": action, "channel": {"$ref": channel}, "messages": messages})
}

fn servers() -> Value {
    json!({
        "here": {
            "host": "{host}",
            "protocol": "ws",
            "protocolVersion": "13",
            "description": "This server; `wss` where it is behind https.",
            "variables": {"host": {"default": "127.0.0.1:8080"}},
            "security": [
                {"$ref": "#/components/securitySchemes/bearer"},
                {"$ref": "#/components/securitySchemes/subprotocol"},
            ],
        },
        "broker": {
            "host": "{broker}",
            "protocol": "amqp",
            "protocolVersion": "0.9.1",
            "description": "RabbitMQ, where several nodes or other systems are connected by it.",
            "variables": {"broker": {"default": "127.0.0.1:5672"}},
            "security": [{"$ref": "#/components/securitySchemes/broker"}],
        },
    })
}

fn security() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "`Authorization: Bearer <access token>` on the handshake.",
        },
        "subprotocol": {
            "type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol",
            "description": "From browsers, which can't set a header: `artel.v1, artel.bearer.<access token>`; the \
                server answers `artel.v1`.",
        },
        "broker": {"type": "userPassword", "description": "An account of the broker."},
    })
}

fn socket() -> Value {
    let codes: Map<_, _> =
        Close::ALL.iter().map(|close| ((*close as u16).to_string(), json!(close.reason()))).collect();
    json!({
        "address": "/ws",
        "description": format!(
            "Text frames, one JSON object each, at most {} KiB. `x-close-codes` says why the server closes.",
            FRAME_MAX / 1024
        ),
        "servers": [{"$ref": "#/servers/here"}],
        "messages": {"client": message_at("ClientFrame"), "server": message_at("ServerFrame")},
        "bindings": {"ws": {
            "method": "GET",
            "headers": {"type": "object", "properties": {
                "Authorization": {"type": "string", "description": "`Bearer <access token>`, where there is no subprotocol with it."},
                "Sec-WebSocket-Protocol": {"type": "string", "description": "`artel.v1`, and `artel.bearer.<access token>` from browsers."},
                "Origin": {"type": "string", "description": "The server's own or an allowed one, else 403."},
            }},
        }},
        "x-subprotocol": PROTOCOL,
        "x-close-codes": codes,
    })
}

fn of_queue(queue: &topology::Queue) -> Value {
    let description = match *queue {
        topology::GAME => "Commands from other systems: `data` is a WebSocket `command` frame with a `user_id`.",
        _ => "The service's own share of what happens: consume a queue of your own instead.",
    };
    json!({
        "address": queue.name,
        "description": description,
        "servers": [{"$ref": "#/servers/broker"}],
        "bindings": {"amqp": {"is": "queue", "queue": {"name": queue.name, "durable": true}}},
        "x-routing-keys": queue.bindings,
    })
}
