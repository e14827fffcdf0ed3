//! Clubs: who is in them, and which sessions were played there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, string, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table("club")
                .if_not_exists()
                .col(uuid("id").primary_key())
                .col(string("name"))
                .col(string("code").unique_key())
                .col(uuid("owner_id"))
                .col(big_integer("created_at_ms"))
                .take(),
            Table::create()
                .table("club_member")
                .if_not_exists()
                .col(uuid("club_id"))
                .col(uuid("user_id"))
                .col(boolean("is_manager"))
                .col(big_integer("joined_at_ms"))
                .primary_key(Index::create().col("club_id").col("user_id"))
                .take(),
            // A session is of one club at most.
            Table::create()
                .table("club_session")
                .if_not_exists()
                .col(uuid("session_id").primary_key())
                .col(uuid("club_id"))
                .col(big_integer("added_at_ms"))
                .take(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in [
            "club_owner ON club (owner_id)",
            "club_member_joined ON club_member (club_id, joined_at_ms, user_id)",
            "club_member_user ON club_member (user_id, joined_at_ms, club_id)",
            "club_session_club ON club_session (club_id, session_id)",
        ] {
            manager.get_connection().execute_unprepared(&format!("CREATE INDEX IF NOT EXISTS {index}")).await?;
        }
        Ok(())
    }
}
