//! What the log says of a player's game beyond sums: balls by colour, breaks. And the indexes by which the games of an
//! evening, and of a session, are found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A result has changed when one of these was written; `details` come later, for all games there are, and are no result.
const OF_A_RESULT: &str = "user_id, game_type, status, started_at_ms, ended_at_ms, points, balls_potted, fouls, net, \
                           won, lost, place, currency";

/// A node of before leaves `details` as they were, of a score that is not the present one any more. They are filled in
/// again. Nodes that know them write others with each event of the game.
const POSTGRES_DETAILS: [&str; 3] = [
    "CREATE OR REPLACE FUNCTION forget_details() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN NEW.details := NULL; RETURN NEW; END $$",
    "DROP TRIGGER IF EXISTS game_player_details ON game_player",
    "CREATE TRIGGER game_player_details BEFORE UPDATE ON game_player FOR EACH ROW \
       WHEN (OLD.details IS NOT NULL AND NEW.details IS NOT DISTINCT FROM OLD.details \
         AND (NEW.status, NEW.ended_at_ms, NEW.points, NEW.balls_potted, NEW.fouls, NEW.net, NEW.won, NEW.lost, NEW.place) \
           IS DISTINCT FROM \
             (OLD.status, OLD.ended_at_ms, OLD.points, OLD.balls_potted, OLD.fouls, OLD.net, OLD.won, OLD.lost, OLD.place)) \
       EXECUTE FUNCTION forget_details()",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("game_player", "details").await? {
            let details = Table::alter().table("game_player").add_column(text_null("details")).take();
            manager.alter_table(details).await?;
        }
        let db = manager.get_connection();
        let ended = "NEW.ended_at_ms IS NOT NULL OR OLD.ended_at_ms IS NOT NULL";
        let noted = match manager.get_database_backend() {
            DbBackend::Postgres => {
                for statement in POSTGRES_DETAILS {
                    db.execute_unprepared(statement).await?;
                }
                format!(
                    "CREATE TRIGGER game_player_updated AFTER UPDATE OF {OF_A_RESULT} ON game_player \
                       FOR EACH ROW WHEN ({ended}) EXECUTE FUNCTION note_result_change()"
                )
            }
            _ => format!(
                "CREATE TRIGGER game_player_updated AFTER UPDATE OF {OF_A_RESULT} ON game_player WHEN {ended} BEGIN \
                   INSERT INTO result_change (game_id, changed_at_ms) \
                   VALUES (NEW.game_id, CAST((julianday('now') - 2440587.5) * 86400000 AS integer)) \
                   ON CONFLICT (game_id) DO UPDATE SET changed_at_ms = excluded.changed_at_ms; \
                 END"
            ),
        };
        let on_table = if manager.get_database_backend() == DbBackend::Postgres { " ON game_player" } else { "" };
        // On PostgreSQL in one statement: a result that changed in between would not be noted.
        db.execute_unprepared(&format!("DROP TRIGGER IF EXISTS game_player_updated{on_table}; {noted}")).await?;
        for index in ["evening ON game_player (user_id, session_id)", "session ON game_player (session_id)"] {
            db.execute_unprepared(&format!("CREATE INDEX IF NOT EXISTS game_player_{index}")).await?;
        }
        Ok(())
    }
}
