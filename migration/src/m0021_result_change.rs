//! When which ended game changed. The database notes it itself, whoever writes: nodes of an earlier version do not know
//! that somebody wants to know.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SQLITE_NOW: &str = "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)";

/// Balls of a game in progress, which are far more, note nothing.
const POSTGRES: [&str; 3] = [
    "CREATE OR REPLACE FUNCTION note_result_change() RETURNS trigger LANGUAGE plpgsql AS $$ \
     DECLARE changed uuid; \
     BEGIN \
       IF TG_OP = 'DELETE' THEN changed := OLD.game_id; ELSE changed := NEW.game_id; END IF; \
       INSERT INTO result_change (game_id, changed_at_ms) \
         VALUES (changed, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)) \
         ON CONFLICT (game_id) DO UPDATE SET changed_at_ms = excluded.changed_at_ms; \
       RETURN NULL; \
     END $$",
    "DROP TRIGGER IF EXISTS game_player_inserted ON game_player; \
     CREATE TRIGGER game_player_inserted AFTER INSERT ON game_player \
       FOR EACH ROW WHEN (NEW.ended_at_ms IS NOT NULL) EXECUTE FUNCTION note_result_change()",
    "DROP TRIGGER IF EXISTS game_player_updated ON game_player; \
     CREATE TRIGGER game_player_updated AFTER UPDATE ON game_player \
       FOR EACH ROW WHEN (NEW.ended_at_ms IS NOT NULL OR OLD.ended_at_ms IS NOT NULL) EXECUTE FUNCTION note_result_change(); \
     DROP TRIGGER IF EXISTS game_player_deleted ON game_player; \
     CREATE TRIGGER game_player_deleted AFTER DELETE ON game_player \
       FOR EACH ROW WHEN (OLD.ended_at_ms IS NOT NULL) EXECUTE FUNCTION note_result_change()",
];

fn sqlite() -> Vec<String> {
    let trigger = |(name, event, row, when): (&str, &str, &str, &str)| {
        format!(
            "CREATE TRIGGER IF NOT EXISTS game_player_{name} AFTER {event} ON game_player WHEN {when} BEGIN \
               INSERT INTO result_change (game_id, changed_at_ms) VALUES ({row}.game_id, {SQLITE_NOW}) \
               ON CONFLICT (game_id) DO UPDATE SET changed_at_ms = excluded.changed_at_ms; \
             END"
        )
    };
    let triggers = [
        ("inserted", "INSERT", "NEW", "NEW.ended_at_ms IS NOT NULL"),
        ("updated", "UPDATE", "NEW", "NEW.ended_at_ms IS NOT NULL OR OLD.ended_at_ms IS NOT NULL"),
        ("deleted", "DELETE", "OLD", "OLD.ended_at_ms IS NOT NULL"),
    ];
    triggers.into_iter().map(trigger).collect()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in [
            "CREATE TABLE IF NOT EXISTS result_change (game_id uuid NOT NULL PRIMARY KEY, changed_at_ms bigint NOT NULL)",
            "CREATE INDEX IF NOT EXISTS result_change_time ON result_change (changed_at_ms)",
        ] {
            db.execute_unprepared(statement).await?;
        }
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                for statement in POSTGRES {
                    db.execute_unprepared(statement).await?;
                }
            }
            _ => {
                for statement in sqlite() {
                    db.execute_unprepared(&statement).await?;
                }
            }
        }
        Ok(())
    }
}
