//! Friendships, the requests that they begin with, and who wants nothing to do with whom.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn key(columns: [&'static str; 2]) -> IndexCreateStatement {
    let [first, second] = columns;
    Index::create().col(first).col(second).take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table("friendship")
                .if_not_exists()
                .col(uuid("low_user_id"))
                .col(uuid("high_user_id"))
                .col(uuid("request_id"))
                .col(uuid("asked_by"))
                .col(big_integer("since_ms"))
                .primary_key(&mut key(["low_user_id", "high_user_id"]))
                .take(),
            Table::create()
                .table("friend_request")
                .if_not_exists()
                .col(uuid("id").primary_key())
                .col(uuid("from_user_id"))
                .col(uuid("to_user_id"))
                .col(big_integer("created_at_ms"))
                .take(),
            Table::create()
                .table("user_block")
                .if_not_exists()
                .col(uuid("user_id"))
                .col(uuid("blocked_id"))
                .col(big_integer("since_ms"))
                .primary_key(&mut key(["user_id", "blocked_id"]))
                .take(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        // Two users have one request between them at most, whoever of them asked.
        let pair = match manager.get_database_backend() {
            DbBackend::Postgres => "(LEAST(from_user_id, to_user_id)), (GREATEST(from_user_id, to_user_id))",
            _ => "min(from_user_id, to_user_id), max(from_user_id, to_user_id)",
        };
        for index in [
            format!("UNIQUE INDEX IF NOT EXISTS friend_request_pair ON friend_request ({pair})"),
            "INDEX IF NOT EXISTS friend_request_from ON friend_request (from_user_id, id)".to_owned(),
            "INDEX IF NOT EXISTS friend_request_to ON friend_request (to_user_id, id)".to_owned(),
            "INDEX IF NOT EXISTS friendship_high ON friendship (high_user_id)".to_owned(),
            "INDEX IF NOT EXISTS user_block_blocked ON user_block (blocked_id)".to_owned(),
        ] {
            manager.get_connection().execute_unprepared(&format!("CREATE {index}")).await?;
        }
        Ok(())
    }
}
