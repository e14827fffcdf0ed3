//! Who publishes for a writer that is gone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column with a statement. Some are there where an early version was killed amid this step.
        for (name, column) in [
            ("taken_by", big_integer_null("taken_by")),
            ("taken_until_ms", big_integer("taken_until_ms").default(0).take()),
            ("finished", boolean("finished").default(false).take()),
        ] {
            if manager.has_column("writer", name).await? {
                continue;
            }
            manager.alter_table(Table::alter().table("writer").add_column(column).take()).await?;
        }
        Ok(())
    }
}
