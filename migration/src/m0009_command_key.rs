//! The idempotency keys of all commands, so that none is used twice over all sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of several nodes each key has a row, of one process each commit; see `journal/command_key.rs`.
        let columns = match manager.get_database_backend() {
            DbBackend::Postgres => "key bigint NOT NULL PRIMARY KEY",
            _ => "id INTEGER PRIMARY KEY, keys BLOB NOT NULL",
        };
        let table = format!("CREATE TABLE IF NOT EXISTS command_key ({columns})");
        manager.get_connection().execute_unprepared(&table).await?;
        Ok(())
    }
}
