//! Chats: who talks where, what was said, and how to find it again. Every session has one; the database makes it, and
//! notes whose place in a session may have changed, whoever writes the log: nodes of an earlier version know no chats.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS chat (id uuid NOT NULL PRIMARY KEY, kind text NOT NULL, session_id uuid UNIQUE, \
     direct_key text UNIQUE, title text, created_by uuid, created_at_ms bigint NOT NULL, \
     last_number bigint NOT NULL, last_message_at_ms bigint NOT NULL, member_seq bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS chat_member (chat_id uuid NOT NULL, user_id uuid NOT NULL, \
     joined_at_ms bigint NOT NULL, left_at_ms bigint, first_number bigint NOT NULL, last_number bigint, \
     received_up_to bigint NOT NULL, received_above text NOT NULL, read_up_to bigint NOT NULL, \
     sent_count bigint NOT NULL, sent_when_read bigint NOT NULL, notified_up_to bigint NOT NULL, \
     PRIMARY KEY (chat_id, user_id))",
    "CREATE TABLE IF NOT EXISTS chat_presence (user_id uuid NOT NULL PRIMARY KEY, is_hidden boolean NOT NULL, \
     seen_at_ms bigint)",
    "CREATE TABLE IF NOT EXISTS chat_connection (user_id uuid NOT NULL, writer_id bigint NOT NULL, \
     until_ms bigint NOT NULL, PRIMARY KEY (user_id, writer_id))",
    "CREATE TABLE IF NOT EXISTS membership_change (session_id uuid NOT NULL, seq bigint NOT NULL, \
     PRIMARY KEY (session_id, seq))",
];

const MESSAGE_COLUMNS: &str = "chat_id uuid NOT NULL, number bigint NOT NULL, sender_id uuid NOT NULL, \
     content text NOT NULL, created_at_ms bigint NOT NULL, edited_at_ms bigint, is_deleted boolean NOT NULL, \
     client_key uuid NOT NULL, request_hash bigint NOT NULL, delivered_at_ms bigint, read_at_ms bigint";

const INDEXES: [&str; 5] = [
    "UNIQUE INDEX IF NOT EXISTS chat_message_number ON chat_message (chat_id, number)",
    "UNIQUE INDEX IF NOT EXISTS chat_message_key ON chat_message (client_key, sender_id)",
    "INDEX IF NOT EXISTS chat_message_deleted ON chat_message (chat_id, number) WHERE is_deleted",
    "INDEX IF NOT EXISTS chat_member_user ON chat_member (user_id, chat_id)",
    "INDEX IF NOT EXISTS chat_last_message ON chat (last_message_at_ms)",
];

/// The beginning of an event has its type. Payments and new names begin alike and are noted for nothing.
const CONCERNS_PLACES: &str = "(NEW.seq = 1 OR substr(NEW.body, 100, 60) LIKE '%\"type\":\"session.p%')";

/// The words of a message by their stems, all of them: a word that is often said is looked for as well.
const POSTGRES_WORDS: &str = "DO $$ BEGIN \
     IF NOT EXISTS (SELECT 1 FROM pg_ts_dict WHERE dictname = 'artel_russian') THEN \
       CREATE TEXT SEARCH DICTIONARY artel_russian (TEMPLATE = snowball, LANGUAGE = russian); END IF; \
     IF NOT EXISTS (SELECT 1 FROM pg_ts_dict WHERE dictname = 'artel_english') THEN \
       CREATE TEXT SEARCH DICTIONARY artel_english (TEMPLATE = snowball, LANGUAGE = english); END IF; \
     IF NOT EXISTS (SELECT 1 FROM pg_ts_config WHERE cfgname = 'artel_chat') THEN \
       CREATE TEXT SEARCH CONFIGURATION artel_chat (COPY = simple); \
       ALTER TEXT SEARCH CONFIGURATION artel_chat ALTER MAPPING FOR word, hword, hword_part WITH artel_russian; \
       ALTER TEXT SEARCH CONFIGURATION artel_chat ALTER MAPPING FOR asciiword, asciihword, hword_asciipart WITH artel_english; \
     END IF; END $$";

const POSTGRES: [&str; 5] = [
    POSTGRES_WORDS,
    // Marks move with each message that is had.
    "ALTER TABLE chat_member SET (fillfactor = 50)",
    // What PostgreSQL takes for one word, an address or a compound, is several to whoever looks for it. What waits to be
    // entered is kept short: whoever enters it makes all senders wait.
    "CREATE INDEX IF NOT EXISTS chat_message_words ON chat_message \
     USING gin (to_tsvector('artel_chat', translate(content, '-_./:@+#', '        '))) \
     WITH (gin_pending_list_limit = 512)",
    "CREATE OR REPLACE FUNCTION note_membership_change() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN \
       INSERT INTO membership_change (session_id, seq) VALUES (NEW.session_id, NEW.seq) ON CONFLICT DO NOTHING; \
       IF NEW.seq = 1 THEN \
         INSERT INTO chat (id, kind, session_id, created_at_ms, last_number, last_message_at_ms, member_seq) \
           SELECT CAST(NEW.body::jsonb #>> '{data,chat_id}' AS uuid), 'session', NEW.session_id, now.ms, 0, now.ms, 0 \
           FROM (SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint) AS ms) AS now \
           ON CONFLICT DO NOTHING; \
       END IF; \
       RETURN NULL; \
     END $$",
    "DROP TRIGGER IF EXISTS event_membership ON event",
];

/// One process writes there, which makes the chat of a session itself.
fn sqlite() -> Vec<String> {
    vec![
        "CREATE VIRTUAL TABLE IF NOT EXISTS chat_words USING fts5(content, content='chat_message', \
         content_rowid='place', tokenize='porter unicode61 remove_diacritics 0')"
            .to_owned(),
        "CREATE TRIGGER IF NOT EXISTS chat_message_said AFTER INSERT ON chat_message BEGIN \
           INSERT INTO chat_words (rowid, content) VALUES (NEW.place, NEW.content); END"
            .to_owned(),
        "CREATE TRIGGER IF NOT EXISTS chat_message_changed AFTER UPDATE OF content ON chat_message BEGIN \
           INSERT INTO chat_words (chat_words, rowid, content) VALUES ('delete', OLD.place, OLD.content); \
           INSERT INTO chat_words (rowid, content) VALUES (NEW.place, NEW.content); END"
            .to_owned(),
        "CREATE TRIGGER IF NOT EXISTS chat_message_gone AFTER DELETE ON chat_message BEGIN \
           INSERT INTO chat_words (chat_words, rowid, content) VALUES ('delete', OLD.place, OLD.content); END"
            .to_owned(),
        format!(
            "CREATE TRIGGER IF NOT EXISTS event_membership AFTER INSERT ON event WHEN {CONCERNS_PLACES} BEGIN \
               INSERT OR IGNORE INTO membership_change (session_id, seq) VALUES (NEW.session_id, NEW.seq); END"
        ),
    ]
}

/// The chats of the sessions that are there already.
fn filled_in(backend: DbBackend) -> [String; 2] {
    let chat_id = match backend {
        DbBackend::Postgres => "CAST(e.body::jsonb #>> '{data,chat_id}' AS uuid)",
        _ => "unhex(json_extract(e.body, '$.data.chat_id'), '-')",
    };
    [
        format!(
            "INSERT INTO chat (id, kind, session_id, created_at_ms, last_number, last_message_at_ms, member_seq) \
             SELECT {chat_id}, 'session', s.id, s.created_at_ms, 0, s.created_at_ms, 0 \
             FROM session s JOIN event e ON e.session_id = s.id AND e.seq = 1 WHERE true ON CONFLICT DO NOTHING"
        ),
        "INSERT INTO membership_change (session_id, seq) SELECT id, 1 FROM session WHERE true ON CONFLICT DO NOTHING"
            .to_owned(),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        for statement in TABLES {
            db.execute_unprepared(statement).await?;
        }
        // What was delivered and read is written into rows that are there: on PostgreSQL they have room for it.
        let messages = match backend {
            DbBackend::Postgres => {
                format!("(id uuid NOT NULL PRIMARY KEY, {MESSAGE_COLUMNS}) WITH (fillfactor = 50)")
            }
            _ => format!("(place integer PRIMARY KEY AUTOINCREMENT, id uuid NOT NULL UNIQUE, {MESSAGE_COLUMNS})"),
        };
        db.execute_unprepared(&format!("CREATE TABLE IF NOT EXISTS chat_message {messages}")).await?;
        for index in INDEXES {
            db.execute_unprepared(&format!("CREATE {index}")).await?;
        }
        match backend {
            DbBackend::Postgres => {
                for statement in POSTGRES {
                    db.execute_unprepared(statement).await?;
                }
                let trigger = format!(
                    "CREATE TRIGGER event_membership AFTER INSERT ON event FOR EACH ROW WHEN {CONCERNS_PLACES} \
                     EXECUTE FUNCTION note_membership_change()"
                );
                db.execute_unprepared(&trigger).await?;
            }
            _ => {
                for statement in sqlite() {
                    db.execute_unprepared(&statement).await?;
                }
            }
        }
        // After the triggers, so that none is missed that is opened meanwhile.
        for statement in filled_in(backend) {
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
