//! Addresses of users that fail, and what waits for one of them; whose dead letters are; where users asked for a place.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, string, uuid, uuid_null};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let failing = Table::create()
            .table("failing_target")
            .if_not_exists()
            .col(uuid("target_id").primary_key())
            .col(uuid("user_id"))
            .col(string("sink"))
            .col(integer("failures"))
            .col(big_integer("retry_at_ms"))
            .take();
        manager.create_table(failing).await?;
        let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
            let mut index = Index::create().name(name).table(table).if_not_exists().take();
            columns.iter().for_each(|column| {
                index.col(*column);
            });
            index
        };
        manager.create_index(index("failing_target_of_user", "failing_target", &["user_id"])).await?;
        manager.create_index(index("delivery_of_target", "delivery", &["target_id", "due_at_ms"])).await?;
        if !manager.has_column("dead_letter", "user_id").await? {
            let column = Table::alter().table("dead_letter").add_column(uuid_null("user_id")).take();
            manager.alter_table(column).await?;
        }
        manager.create_index(index("dead_letter_of_user", "dead_letter", &["user_id", "id"])).await?;
        let asked = Table::create()
            .table("asked_place")
            .if_not_exists()
            .col(uuid("user_id"))
            .col(uuid("session_id"))
            .primary_key(Index::create().col("user_id").col("session_id"))
            .take();
        manager.create_table(asked).await
    }
}
