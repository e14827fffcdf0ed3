//! Artel: a real-time session engine for billiards. Each module is a room with one door; `ARCHITECTURE.md` says who may
//! open which.

// What every room may use:
pub mod clock;
pub mod config;
pub mod database;
pub mod http;
pub mod ids;
pub mod telemetry;

/// Users, logins, tokens.
pub mod account;
/// Every message with its chain, dead letters and queues, for operators.
pub mod audit;
/// Chats of sessions, of two users and of groups.
mod chat;
/// Clubs: who is in them, and which sessions count for them.
pub mod club;
/// Friends, requests and blocks.
pub mod friend;
/// The rules: what may be asked, what happened, who pays whom. Pure.
pub mod game;
/// Whether a node lives and can do its work.
mod health;
/// The log of events.
pub mod journal;
/// The bus: what travels on it, who carries it there and who applies it.
pub mod messaging;
/// Notifications.
pub mod notification;
/// What waits to be published beside the log.
pub mod outbox;
/// What this server says of itself: version, addresses, features.
mod server;
/// The live session.
pub mod session;
/// Player statistics.
pub mod stats;
/// WebSocket and Server-Sent Events.
pub mod stream;
/// Rules to start from.
pub mod template;

/// What may be in a name.
mod text;

/// Composition.
pub mod app;
/// What is the same for everybody, by its ETag.
mod document;
/// What every answer carries.
mod headers;
/// A load generator.
pub mod loadtest;
/// The OpenAPI document as a whole.
mod openapi;
mod page;
/// Every path of the service.
pub mod routes;
