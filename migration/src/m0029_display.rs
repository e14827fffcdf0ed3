//! Displays: what hangs over a table and waits for a phone to send it an evening.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, string_null, uuid, uuid_null};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let displays = Table::create()
            .table("display")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(string("code").unique_key())
            .col(uuid_null("share_id"))
            .col(string_null("join_code"))
            .col(big_integer("expires_at_ms"))
            .take();
        manager.create_table(displays).await?;
        let expiry =
            Index::create().name("display_expiry").table("display").if_not_exists().col("expires_at_ms").take();
        manager.create_index(expiry).await
    }
}
