//! The steps that build the tables of Artel. They only go forward.

mod m0001_account;
mod m0002_journal;
mod m0003_template;
mod m0004_lease;
mod m0005_social;
mod m0006_share;
mod m0007_trust_accounts;
mod m0008_currency;
mod m0009_command_key;
mod m0010_composed_names;
mod m0011_created_by;
mod m0013_projection_cursor;
mod m0014_snooker;
mod m0015_event_seal;
mod m0016_public_sessions;
mod m0017_friend;
mod m0018_guests;
mod m0019_delivery;
mod m0020_sinks;
mod m0021_result_change;
mod m0022_club;
mod m0023_player_details;
mod m0024_sinks_in_trouble;
mod m0025_chat;
mod m0026_words_of_messages;
mod m0027_left_chats;
mod m0028_chat_edit;
mod m0029_display;

use sea_orm_migration::prelude::*;

/// All steps in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_account::Migration),
            Box::new(m0002_journal::Migration),
            Box::new(m0003_template::Migration),
            Box::new(m0004_lease::Migration),
            Box::new(m0005_social::Migration),
            Box::new(m0006_share::Migration),
            Box::new(m0007_trust_accounts::Migration),
            Box::new(m0008_currency::Migration),
            Box::new(m0009_command_key::Migration),
            Box::new(m0010_composed_names::Migration),
            Box::new(m0011_created_by::Migration),
            Box::new(m0013_projection_cursor::Migration),
            Box::new(m0014_snooker::Migration),
            Box::new(m0015_event_seal::Migration),
            Box::new(m0016_public_sessions::Migration),
            Box::new(m0017_friend::Migration),
            Box::new(m0018_guests::Migration),
            Box::new(m0019_delivery::Migration),
            Box::new(m0020_sinks::Migration),
            Box::new(m0021_result_change::Migration),
            Box::new(m0022_club::Migration),
            Box::new(m0023_player_details::Migration),
            Box::new(m0024_sinks_in_trouble::Migration),
            Box::new(m0025_chat::Migration),
            Box::new(m0026_words_of_messages::Migration),
            Box::new(m0027_left_chats::Migration),
            Box::new(m0028_chat_edit::Migration),
            Box::new(m0029_display::Migration),
        ]
    }
}
