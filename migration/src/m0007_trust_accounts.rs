//! Attempts counted over all nodes; roles, devices and ends of accounts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        key.col("kind").col("subject");
        let attempt = Table::create()
            .table("attempt")
            .if_not_exists()
            .col(string("kind"))
            .col(string("subject"))
            .col(big_integer("count"))
            .col(big_integer("ends_at_ms"))
            .primary_key(&mut key)
            .take();
        manager.create_table(attempt).await?;
        let ends = Index::create().name("attempt_ends").table("attempt").col("ends_at_ms").if_not_exists().take();
        manager.create_index(ends).await?;
        for (table, name, column) in [
            ("user", "role", string_null("role")),
            ("user", "disabled_at_ms", big_integer_null("disabled_at_ms")),
            ("user", "deleted_at_ms", big_integer_null("deleted_at_ms")),
            ("user", "left_sessions_at_ms", big_integer_null("left_sessions_at_ms")),
            ("login", "last_used_at_ms", big_integer_null("last_used_at_ms")),
            ("login", "user_agent", string_null("user_agent")),
        ] {
            if !manager.has_column(table, name).await? {
                manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
            }
        }
        // A part of the table: those whose sessions have yet to hear that their account is gone.
        let gone = "CREATE INDEX IF NOT EXISTS user_deleted ON \"user\" (id) \
                    WHERE deleted_at_ms IS NOT NULL AND left_sessions_at_ms IS NULL";
        manager.get_connection().execute_unprepared(gone).await?;
        Ok(())
    }
}
