//! The AsyncAPI document: the WebSocket frames and the messages on the bus, made from the types that carry them.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::wire::{ClientFrame, ServerFrame};
use crate::game::command::Scoring;
use crate::game::event::Event;
use crate::journal::envelope::Envelope;
use crate::messaging::topology;

/// The document, in version 3.0 of AsyncAPI; `schemas` are those that its payloads refer to.
pub(crate) fn document(schemas: &impl Serialize) -> Value {
    let mut channels = serde_json::Map::new();
    channels.insert(
        "socket".to_owned(),
        json!({
            "address": "/ws",
            "description": "Text frames, one JSON object each, at most 16 KiB.",
            "messages": {
                "client": {"$ref": "#/components/messages/ClientFrame"},
                "server": {"$ref": "#/components/messages/ServerFrame"},
            },
            "bindings": {"ws": {"method": "GET"}},
        }),
    );
    channels.insert(
        topology::EVENTS.to_owned(),
        json!({
            "address": topology::EVENTS,
            "description": "Everything that happens, by routing key: bind a queue of your own to what you want to hear.",
            "messages": {"envelope": {"$ref": "#/components/messages/Envelope"}},
            "bindings": {"amqp": {
                "is": "routingKey",
                "exchange": {"name": topology::EVENTS, "type": "topic", "durable": true, "autoDelete": false},
            }},
        }),
    );
    let mut operations = serde_json::Map::new();
    let mut operation = |name: &str, action: &str, channel: &str, message: &str| {
        let channel = format!("#/channels/{channel}");
        operations.insert(
            name.to_owned(),
            json!({
                "action": action,
                "channel": {"$ref": channel},
                "messages": [{"$ref": format!("{channel}/messages/{message}")}],
            }),
        );
    };
    // By the service: what it sends its clients hear, what it receives they send.
    operation("send", "receive", "socket", "client");
    operation("hear", "send", "socket", "server");
    operation("tell", "send", topology::EVENTS, "envelope");
    for queue in topology::QUEUES {
        let description = match *queue {
            &topology::GAME => "Commands from other systems: `data` is a WebSocket `command` frame with a `user_id`.",
            _ => "The service's own share of what happens.",
        };
        operation(&format!("take.{}", queue.name), "receive", queue.name, "envelope");
        channels.insert(
            queue.name.to_owned(),
            json!({
                "address": queue.name,
                "description": description,
                "messages": {"envelope": {"$ref": "#/components/messages/Envelope"}},
                "bindings": {"amqp": {"is": "queue", "queue": {"name": queue.name, "durable": true}}},
                "x-routing-keys": queue.bindings,
            }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Artel",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Live sessions over WebSocket, and the messages on the bus.",
            "license": {"name": "MIT"},
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                "ClientFrame": {"contentType": "application/json", "payload": ClientFrame::schema()},
                "ServerFrame": {"contentType": "application/json", "payload": ServerFrame::schema()},
                "Envelope": {"contentType": "application/json", "payload": Envelope::schema()},
                "Event": {"contentType": "application/json", "payload": Event::schema()},
                "Command": {"contentType": "application/json", "payload": Scoring::schema()},
            },
            "schemas": schemas,
        },
    })
}
