//! How far each projection has looked through each writer's events for what no message told it of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The row of the writer 0, which is none, is what the one node holds that looks.
///
/// What was published before this step has had its messages. The statistics begin behind that: their own cursors say
/// what of it is applied. Notifications begin at the end, so that nobody hears of games of long ago.
const BEGINNINGS: [&str; 3] = [
    "INSERT INTO projection_cursor (projection, writer_id, position) VALUES ('statistics', 0, 0), ('notifications', 0, 0)",
    "INSERT INTO projection_cursor (projection, writer_id, position) SELECT 'statistics', id, published FROM writer",
    "INSERT INTO projection_cursor (projection, writer_id, position) SELECT 'notifications', id, \
         coalesce((SELECT max(position) FROM event WHERE event.writer_id = writer.id), 0) FROM writer",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_table("projection_cursor").await? {
            return Ok(());
        }
        let mut key = Index::create().col("projection").col("writer_id").take();
        let table = Table::create()
            .table("projection_cursor")
            .col(string("projection"))
            .col(big_integer("writer_id"))
            .col(big_integer("position"))
            .primary_key(&mut key)
            .take();
        manager.create_table(table).await?;
        for beginning in BEGINNINGS {
            manager.get_connection().execute_unprepared(beginning).await?;
        }
        Ok(())
    }
}
