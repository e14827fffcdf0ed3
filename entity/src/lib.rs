//! The tables of Artel, one file each. Rows stay at the edge: rooms turn them into their own types.

pub mod achievement;
pub mod attempt;
pub mod audit_cursor;
pub mod audit_entry;
pub mod audit_link;
pub mod consumer_cursor;
pub mod dead_letter;
pub mod event;
pub mod event_seal;
pub mod game;
pub mod game_player;
pub mod login;
pub mod notification;
pub mod notification_setting;
pub mod outbox;
pub mod processed_message;
pub mod projection_cursor;
pub mod refresh_token;
pub mod session;
pub mod session_member;
pub mod session_snapshot;
pub mod share;
pub mod template;
pub mod template_favorite;
pub mod user;
pub mod writer;
