//! In which currency a player won or lost: amounts of several were added up as if they were one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_null;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("game_player", "currency").await? {
            let currency = Table::alter().table("game_player").add_column(string_null("currency")).take();
            manager.alter_table(currency).await?;
        }
        // Rows without one, of before and of nodes that are not updated yet, are filled in from the log. The
        // other index has all that a leaderboard asks for, player by player; PostgreSQL takes it before the whole table
        // where its random_page_cost says that the disk has no head (1.1).
        for index in [
            "game_player_no_currency ON game_player (session_id) WHERE currency IS NULL",
            "game_player_leaders ON game_player (user_id, ended_at_ms, currency, net, won, game_type) \
             WHERE ended_at_ms IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(&format!("CREATE INDEX IF NOT EXISTS {index}")).await?;
        }
        Ok(())
    }
}
