//! Notifications, achievements and the audit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer_null, string, text, uuid, uuid_null};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).if_not_exists().take()
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
            table("achievement")
                .col(uuid("user_id"))
                .col(string("code"))
                .col(uuid("game_id"))
                .col(big_integer("earned_at_ms"))
                .primary_key(&mut key(&["user_id", "code"]))
                .take(),
            table("notification")
                .col(uuid("id").primary_key())
                .col(uuid("user_id"))
                .col(string("kind"))
                .col(text("title"))
                .col(text("body"))
                .col(text("data"))
                .col(big_integer("version"))
                .col(boolean("is_withdrawn"))
                .col(big_integer("created_at_ms"))
                .col(big_integer_null("delivered_at_ms"))
                .col(big_integer_null("read_at_ms"))
                .col(big_integer_null("deleted_at_ms"))
                .take(),
            table("notification_setting")
                .col(uuid("user_id"))
                .col(string("kind"))
                .col(boolean("is_on"))
                .primary_key(&mut key(&["user_id", "kind"]))
                .take(),
            table("audit_entry")
                .col(uuid("id").primary_key())
                .col(string("event_type"))
                .col(big_integer("timestamp_ms"))
                .col(uuid("correlation_id"))
                .col(uuid_null("causation_id"))
                .col(uuid_null("session_id"))
                .col(uuid_null("user_id"))
                .col(text("envelope"))
                .take(),
            table("audit_link")
                .col(uuid("correlation_id"))
                .col(uuid("session_id"))
                .col(big_integer("seq"))
                .primary_key(&mut key(&["correlation_id", "session_id", "seq"]))
                .take(),
            table("audit_cursor").col(big_integer("writer_id").primary_key()).col(big_integer("position")).take(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        if !manager.has_column("game_player", "place").await? {
            let place = Table::alter().table("game_player").add_column(integer_null("place")).take();
            manager.alter_table(place).await?;
        }
        // Indexes of a part of a table: what is delivered, or not over yet, costs nothing.
        for index in [
            "notification_user ON notification (user_id, created_at_ms, id)",
            "notification_undelivered ON notification (user_id, created_at_ms, id) WHERE delivered_at_ms IS NULL",
            "audit_entry_correlation ON audit_entry (correlation_id, timestamp_ms, id)",
            "audit_entry_session ON audit_entry (session_id, timestamp_ms, id) WHERE session_id IS NOT NULL",
            "audit_entry_user ON audit_entry (user_id, timestamp_ms, id) WHERE user_id IS NOT NULL",
            "audit_entry_time ON audit_entry (timestamp_ms, id)",
            "game_player_ended ON game_player (ended_at_ms) WHERE ended_at_ms IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(&format!("CREATE INDEX IF NOT EXISTS {index}")).await?;
        }
        Ok(())
    }
}
