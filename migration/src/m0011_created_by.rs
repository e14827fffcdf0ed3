//! Who made an account: one whose name makes it an admin must not be a stranger's.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_null;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("user", "created_by").await? {
            let created_by = Table::alter().table("user").add_column(string_null("created_by")).take();
            manager.alter_table(created_by).await?;
        }
        Ok(())
    }
}
