//! The newest public sessions of whatever status, without sorting all of them.

use sea_orm_migration::prelude::*;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let newest = Index::create()
            .name("session_public_newest")
            .table("session")
            .col("is_private")
            .col("id")
            .if_not_exists()
            .to_owned();
        manager.create_index(newest).await
    }
}
