//! Artel: a real-time session engine for billiards. Each module is a room with one door; `ARCHITECTURE.md` says who may
//! open which.

// What every room may use:
pub mod clock;
pub mod config;
pub mod database;
pub mod problem;
pub mod telemetry;

/// Users, logins, tokens.
pub mod account;
/// Every message with its chain, dead letters and queues, for operators.
pub mod audit;
/// The rules: what may be asked, what happened, who pays whom. Pure.
pub mod game;
/// Whether a node lives and can do its work.
mod health;
/// The log of events and its outbox.
pub mod journal;
/// The bus: what travels on it, who carries it there and who applies it.
pub mod messaging;
/// The live session.
pub mod session;
/// Notifications.
pub mod social;
/// Player statistics.
pub mod stats;
/// WebSocket and Server-Sent Events.
pub mod stream;
/// Rules to start from.
pub mod template;

/// Composition.
pub mod app;
/// A load generator.
pub mod loadtest;
/// Every path of the service.
pub mod routes;
