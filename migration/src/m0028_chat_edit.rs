//! Which requests have said messages otherwise: one that comes again does not undo a later one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let edits = Table::create()
            .table("chat_edit")
            .if_not_exists()
            .col(uuid("client_key"))
            .col(uuid("sender_id"))
            .col(big_integer("request_hash"))
            .primary_key(Index::create().col("client_key").col("sender_id"))
            .take();
        manager.create_table(edits).await
    }
}
