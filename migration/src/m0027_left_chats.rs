//! The chats that a user left are found among all that he is in without looking at each.

use sea_orm_migration::prelude::*;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX IF NOT EXISTS chat_member_left ON chat_member (user_id) WHERE left_at_ms IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await.map(|_| ())
    }
}
