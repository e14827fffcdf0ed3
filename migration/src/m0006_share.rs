//! Shares, which can be listed and taken back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("share")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid("session_id"))
            .col(big_integer("seq"))
            .col(string("code").unique_key())
            .col(string("kind"))
            .col(string_null("name"))
            .col(uuid("made_by"))
            .col(uuid("command_id"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("expires_at_ms"))
            .col(big_integer_null("ended_at_ms"))
            .take();
        manager.create_table(table).await?;
        let index = |name: &'static str, columns: [&'static str; 2]| {
            let [first, second] = columns;
            Index::create().name(name).table("share").if_not_exists().col(first).col(second).take()
        };
        manager.create_index(index("share_session", ["session_id", "id"])).await?;
        manager.create_index(index("share_made", ["made_by", "command_id"]).unique().take()).await
    }
}
