//! The index of what is said in chats has words and nothing else, the same ones on both databases: PostgreSQL took tags,
//! entities and paths for no words, and knew no fractions. `ё` is `е` in it, since people write either.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// An older node that runs beside this one looks without an index from here on.
const POSTGRES: [&str; 2] = [
    // The expression is the one that `chat/search.rs` looks with. What waits to be entered is kept short: whoever enters
    // it makes all senders wait.
    "CREATE INDEX IF NOT EXISTS chat_message_found_by ON chat_message USING gin (to_tsvector('artel_chat', \
       regexp_replace(translate(normalize(content, NFKC), 'ёЁ', 'еЕ') COLLATE \"C\", \
                      '[!-/:-@[-`{-~«»\\u2000-\\u206f]', ' ', 'g'))) \
     WITH (gin_pending_list_limit = 512)",
    "DROP INDEX IF EXISTS chat_message_words",
];

/// The table of words keeps no content: what is taken out of it has to be what was put in, as these triggers do it.
const SQLITE: [&str; 9] = [
    "DROP TRIGGER IF EXISTS chat_message_said",
    "DROP TRIGGER IF EXISTS chat_message_changed",
    "DROP TRIGGER IF EXISTS chat_message_gone",
    "DROP TABLE IF EXISTS chat_words",
    "CREATE VIRTUAL TABLE chat_words USING fts5(content, content='', \
     tokenize='porter unicode61 remove_diacritics 0')",
    "INSERT INTO chat_words (rowid, content) \
     SELECT place, replace(replace(content, 'ё', 'е'), 'Ё', 'Е') FROM chat_message",
    "CREATE TRIGGER chat_message_said AFTER INSERT ON chat_message BEGIN \
       INSERT INTO chat_words (rowid, content) \
         VALUES (NEW.place, replace(replace(NEW.content, 'ё', 'е'), 'Ё', 'Е')); END",
    "CREATE TRIGGER chat_message_changed AFTER UPDATE OF content ON chat_message BEGIN \
       INSERT INTO chat_words (chat_words, rowid, content) \
         VALUES ('delete', OLD.place, replace(replace(OLD.content, 'ё', 'е'), 'Ё', 'Е')); \
       INSERT INTO chat_words (rowid, content) \
         VALUES (NEW.place, replace(replace(NEW.content, 'ё', 'е'), 'Ё', 'Е')); END",
    "CREATE TRIGGER chat_message_gone AFTER DELETE ON chat_message BEGIN \
       INSERT INTO chat_words (chat_words, rowid, content) \
         VALUES ('delete', OLD.place, replace(replace(OLD.content, 'ё', 'е'), 'Ё', 'Е')); END",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => &POSTGRES[..],
            _ => &SQLITE[..],
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
