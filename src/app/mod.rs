//! Composition: what the program does, from its settings. The only room that knows every other.

mod backup;
mod check;
mod commands;
mod data_dir;
mod greeting;
mod node;
mod runtime;
mod schema;
mod serving;
mod sinks;
mod store;
mod user;

pub use backup::backup;
pub use check::check;
pub use commands::{
    discard_dead_letter, list_dead_letters, migrate, rebuild_statistics, replay, replay_dead_letter, verify,
};
pub use node::serve;
pub use user::{UserAction, UserCommand, user};
