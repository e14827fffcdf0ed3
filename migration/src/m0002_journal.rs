//! The log of events, its outbox, and what consumers keep.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer, string, text, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).if_not_exists().take()
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str], unique: bool) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).if_not_exists().take();
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    index
}

fn key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    key.take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            table("session")
                .col(uuid("id").primary_key())
                .col(big_integer("head"))
                .col(string("code").unique_key())
                .col(string("name"))
                .col(string("status"))
                .col(boolean("is_private"))
                .col(string("game_type"))
                .col(uuid("creator_user_id"))
                .col(uuid("opened_by"))
                .col(uuid("opened_command"))
                .col(big_integer("created_at_ms"))
                .take(),
            table("session_member")
                .col(uuid("session_id"))
                .col(uuid("user_id"))
                .primary_key(&mut key(&["session_id", "user_id"]))
                .take(),
            table("game").col(uuid("id").primary_key()).col(uuid("session_id")).col(integer("number")).take(),
            table("event")
                .col(uuid("session_id"))
                .col(big_integer("seq"))
                .col(big_integer("writer_id"))
                .col(big_integer("position"))
                .col(big_integer("command_hash"))
                .col(text("body"))
                .primary_key(&mut key(&["session_id", "seq"]))
                .take(),
            table("session_snapshot")
                .col(uuid("session_id").primary_key())
                .col(big_integer("seq"))
                .col(integer("format"))
                .col(text("state"))
                .col(ColumnDef::new("commands").blob().not_null())
                .take(),
            table("writer")
                .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                .col(string("node_id"))
                .col(big_integer("published"))
                .col(big_integer("seen_at_ms"))
                .take(),
            table("outbox")
                .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                .col(string("routing_key"))
                .col(text("envelope"))
                .col(big_integer_null("claimed_by"))
                .col(big_integer("claimed_until_ms"))
                .col(big_integer("created_at_ms"))
                .take(),
            table("consumer_cursor")
                .col(string("consumer"))
                .col(uuid("session_id"))
                .col(big_integer("seq"))
                .primary_key(&mut key(&["consumer", "session_id"]))
                .take(),
            table("processed_message")
                .col(string("consumer"))
                .col(uuid("message_id"))
                .col(big_integer("processed_at_ms"))
                .primary_key(&mut key(&["consumer", "message_id"]))
                .take(),
            table("dead_letter")
                .col(uuid("id").primary_key())
                .col(string("queue"))
                .col(uuid("message_id"))
                .col(string("routing_key"))
                .col(text("envelope"))
                .col(text("reason"))
                .col(integer("attempts"))
                .col(big_integer("failed_at_ms"))
                .take(),
            table("game_player")
                .col(uuid("game_id"))
                .col(uuid("participant_id"))
                .col(uuid("session_id"))
                .col(uuid("user_id"))
                .col(string("game_type"))
                .col(string("status"))
                .col(big_integer("started_at_ms"))
                .col(big_integer_null("ended_at_ms"))
                .col(big_integer("points"))
                .col(integer("balls_potted"))
                .col(integer("fouls"))
                .col(big_integer("net"))
                .col(boolean("won"))
                .col(boolean("lost"))
                .primary_key(&mut key(&["game_id", "participant_id"]))
                .take(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let indexes = [
            index("session_opened", "session", &["opened_by", "opened_command"], true),
            index("session_public", "session", &["is_private", "status", "id"], false),
            index("session_member_user", "session_member", &["user_id", "session_id"], false),
            index("game_session", "game", &["session_id", "number"], true),
            index("event_outbox", "event", &["writer_id", "position"], true),
            index("processed_message_age", "processed_message", &["processed_at_ms"], false),
            index("game_player_user", "game_player", &["user_id", "ended_at_ms"], false),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
