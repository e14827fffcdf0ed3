//! SQLite: how its connections are opened, what is wrong in a file, copying it while it is used, closing it whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};
use tokio::sync::mpsc;

use super::{Database, Options, Pool, common};

/// How much is looked at to find damage: a long read keeps the write-ahead log from being folded into the file.
#[derive(Clone, Copy)]
pub(super) struct Look {
    bytes: u64,
    time: Duration,
}

pub(super) const LOOK: Look = Look { bytes: 256 << 20, time: Duration::from_secs(10) };
/// Steps of SQLite's machine after which the clock is looked at.
const STEPS: i32 = 100;
/// What SQLite says where it was stopped, or where others were in its way: nothing about the file.
const INTERRUPTED: [&str; 3] = ["5", "6", "9"];

/// Writes between two checkpoints: a few megabytes of the write-ahead log where many sessions play.
const WRITES: u32 = 100;

/// Folds the write-ahead log into the file beside the writer, on a connection of its own. Done by the writer's
/// connection, when the log is long, it holds up every ball for the time that the disk takes. That remains for what is
/// left over where the log never rests.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    writes: Arc<AtomicU32>,
    due: mpsc::Sender<()>,
    connection: DatabaseConnection,
}

impl Checkpoints {
    /// The task ends with the last clone.
    fn over(connection: DatabaseConnection) -> Self {
        let (due, mut is_due) = mpsc::channel(1);
        let this = Self { writes: Arc::default(), due, connection };
        let connection = this.connection.clone();
        tokio::spawn(async move {
            while is_due.recv().await.is_some() {
                if let Err(error) = connection.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await {
                    tracing::debug!(%error, "no checkpoint");
                }
            }
        });
        this
    }

    /// Something is about to be written.
    pub(super) fn count(&self) {
        if self.writes.fetch_add(1, Ordering::Relaxed) % WRITES == WRITES - 1 {
            // Full: one is due already.
            let _ = self.due.try_send(());
        }
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.connection.close_by_ref().await
    }
}

pub(super) async fn connect(url: &str, options: Options) -> Result<Database, DbErr> {
    let writer = sea_orm::Database::connect(settings(url, 1, options, writing)).await?;
    let reader = sea_orm::Database::connect(settings(url, options.sqlite_readers, options, reading)).await?;
    let checkpoints = sea_orm::Database::connect(settings(url, 1, options, writing)).await?;
    Ok(Database {
        reader: Pool::new(reader, None),
        writer: Pool::with_checkpoints(writer, Checkpoints::over(checkpoints)),
        file: Some(url.into()),
    })
}

/// What is wrong in the file. Over a connection of its own: those that are open trust what they have read before.
pub(super) async fn damage(url: &str, look: Look) -> Result<Option<String>, DbErr> {
    let failed = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
    let settings = reading(url.parse::<SqliteConnectOptions>().map_err(failed)?);
    let is_small = settings.get_filename().metadata().is_ok_and(|file| file.len() <= look.bytes);
    let question = if is_small { "PRAGMA quick_check(1)" } else { "SELECT count(*) || '' FROM sqlite_schema" };
    let connection = settings.busy_timeout(look.time).disable_statement_logging().connect().await;
    let mut connection = connection.map_err(failed)?;
    let end = Instant::now() + look.time;
    connection.lock_handle().await.map_err(failed)?.set_progress_handler(STEPS, move || Instant::now() < end);
    let found = sqlx::query_scalar::<_, String>(question).fetch_one(&mut connection).await;
    let _ = connection.close().await;
    Ok(match found {
        Ok(found) if is_small && found != "ok" => Some(found),
        Ok(_) => None,
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| INTERRUPTED.contains(&&*code)) => None,
        // Where it can't even be read to its end.
        Err(error) => Some(error.to_string()),
    })
}

pub(super) async fn copy_to(db: &Pool, file: &str) -> Result<(), DbErr> {
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [file.into()])).await?;
    Ok(())
}

/// Puts what is in the write-ahead log into the file.
pub(super) async fn fold(db: &Pool) -> Result<(), DbErr> {
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}

fn settings(
    url: &str,
    connections: u32,
    options: Options,
    open: fn(SqliteConnectOptions) -> SqliteConnectOptions,
) -> ConnectOptions {
    let mut connect = common(url, connections, options);
    let busy_timeout = options.acquire_timeout;
    // The connections are the file: none may be closed for age while the process runs.
    connect.min_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    connect.map_sqlx_sqlite_opts(move |sqlite| open(sqlite.busy_timeout(busy_timeout).foreign_keys(true)));
    // INVARIANT: a connection goes back without a transaction. When a write fails (disk full, I/O error) SQLite may end
    // the transaction by itself; sqlx then fails to roll it back and counts it as open for ever, so that the next one
    // would be a savepoint whose release is told as a commit and stores nothing. Such a connection is closed.
    connect.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // A rollback may still be on its way to the connection's thread; the ping queues behind it.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
    });
    connect
}

fn writing(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
}

fn reading(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite.create_if_missing(false).pragma("query_only", "ON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_is_written_goes_into_the_file_long_before_its_log_is_full() {
        let dir = std::env::temp_dir().join(format!("artel-folded-{}", crate::clock::new_id()));
        std::fs::create_dir(&dir).expect("a directory");
        let file = dir.join("artel.db");
        let database = Database::connect(&format!("sqlite://{}", file.display()), Options::default()).await;
        let database = database.expect("a database");
        database.writer().execute_unprepared("CREATE TABLE ball (color TEXT)").await.expect("a table");
        let ball = "the ball that was potted first";
        for _ in 0..2 * WRITES {
            let insert = format!("INSERT INTO ball VALUES ('{ball}')");
            database.writer().execute_unprepared(&insert).await.expect("written");
        }
        let is_in_the_file = || {
            let bytes = std::fs::read(&file).expect("a file");
            bytes.windows(ball.len()).any(|window| window == ball.as_bytes())
        };
        while !is_in_the_file() {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        database.close().await.expect("closed");
        let names = std::fs::read_dir(&dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["artel.db"], "nobody has it open");
        std::fs::remove_dir_all(dir).expect("cleaned up");
    }

    #[actix_web::test]
    async fn a_look_at_a_file_is_bounded_in_size_and_time() {
        let dir = std::env::temp_dir().join(format!("artel-look-{}", crate::clock::new_id()));
        std::fs::create_dir(&dir).expect("a directory");
        let file = dir.join("artel.db");
        let url = format!("sqlite://{}", file.display());
        let database = Database::connect(&url, Options::default()).await.expect("a database");
        let fill = "CREATE TABLE ball (color TEXT); INSERT INTO ball WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL \
                    SELECT i + 1 FROM n WHERE i < 20000) SELECT hex(randomblob(40)) || i FROM n; \
                    CREATE INDEX colors ON ball (color)";
        database.writer().execute_unprepared(fill).await.expect("filled");
        database.close().await.expect("closed");
        assert_eq!(damage(&url, LOOK).await.expect("looked"), None);
        let mut bytes = std::fs::read(&file).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8_192].fill(0x5a);
        std::fs::write(&file, &bytes).expect("written");
        assert!(damage(&url, LOOK).await.expect("looked").is_some());
        let in_no_time = Look { time: Duration::ZERO, ..LOOK };
        assert_eq!(damage(&url, in_no_time).await.expect("looked"), None, "it is stopped");
        let only_small = Look { bytes: 4_096, ..LOOK };
        assert_eq!(damage(&url, only_small).await.expect("looked"), None, "it is not read as a whole");
        bytes[..4_096].fill(0x5a);
        std::fs::write(&file, bytes).expect("written");
        assert!(damage(&url, only_small).await.is_ok_and(|found| found.is_some()), "what it begins with is");
        std::fs::remove_dir_all(dir).expect("cleaned up");
    }
}
