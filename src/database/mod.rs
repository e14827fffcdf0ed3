//! The database behind one door: a writer and readers, SQLite or PostgreSQL alike for everybody else.
//!
//! SQLite: one connection writes, the others only read, so nobody ever sees SQLITE_BUSY: writers queue for the one
//! connection and their transactions take the write lock when they begin. PostgreSQL: one pool for both.
//!
//! A connection to PostgreSQL is driven by the runtime that opened it. So the runtimes of the journal, of the bus and of
//! HTTP have a pool each: a commit must not wait for a busy worker. One watch tells all of them whether the server
//! answers.

mod given_rows;
mod pool;
mod postgres;
mod sockets;
mod sqlite;
mod watch;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode,
    TransactionOptions,
};

pub(crate) use self::given_rows::{GivenRows, is_among};
pub use self::pool::Pool;

/// How many connections, and how long to wait for one.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that read, on SQLite.
    pub sqlite_readers: u32,
    /// All connections, on PostgreSQL.
    pub postgres_connections: u32,
    /// How long to wait for a connection before the storage counts as unavailable.
    pub acquire_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { sqlite_readers: 4, postgres_connections: 6, acquire_timeout: Duration::from_secs(5) }
    }
}

/// The way to the tables. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Database {
    reader: Pool,
    writer: Pool,
    /// How to open the SQLite file once more.
    file: Option<Arc<str>>,
}

impl Database {
    /// Opens it; a SQLite file that is not there is made. In-memory SQLite is not offered: its connections would each
    /// see a database of their own.
    pub async fn connect(url: &str, options: Options) -> Result<Database, DbErr> {
        if url.starts_with("sqlite:") {
            return sqlite::connect(url, options).await;
        }
        postgres::connect(url, options, None).await
    }

    /// The same tables for another runtime: with a pool of its own where connections belong to the runtime that opened
    /// them, to be called there.
    pub async fn for_this_runtime(&self, url: &str, options: Options) -> Result<Database, DbErr> {
        match &self.writer.answers {
            Some(answers) => postgres::connect(url, options, Some(answers.clone())).await,
            None => Ok(self.clone()),
        }
    }

    /// For queries. On SQLite it refuses to write.
    pub fn reader(&self) -> &Pool {
        &self.reader
    }

    /// For single statements that write.
    pub fn writer(&self) -> &Pool {
        &self.writer
    }

    /// A transaction that will write. On SQLite it has the write lock from its beginning: one that reads first and
    /// writes then would fail at once when another connection wrote in between.
    pub async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate);
        self.writer.begin(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
    }

    /// The same for statements that may take as long as they need, and wait for others as long: bringing the tables up
    /// to date, deleting what ended by time. Nobody may wait for its end.
    pub async fn begin_long_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let tx = self.begin_write().await?;
        if self.is_postgres() {
            tx.execute_unprepared(postgres::WITHOUT_HASTE).await?;
        }
        Ok(tx)
    }

    /// Several nodes can share it.
    pub fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// What is wrong inside the file, on SQLite, as far as its structure tells within a bound: a file of up to 256 MiB is
    /// read as a whole, for 10 s; of a larger one what it begins with.
    pub async fn damage(&self) -> Result<Option<String>, DbErr> {
        match &self.file {
            Some(url) => sqlite::damage(url, sqlite::LOOK).await,
            None => Ok(None),
        }
    }

    /// Copies it as it is at one moment into a file that is not there yet, while others read and write. SQLite only.
    pub async fn copy_to(&self, file: &str) -> Result<(), DbErr> {
        sqlite::copy_to(&self.writer, file).await
    }

    /// Ends. On SQLite the write-ahead log goes into the file, which is the whole database then.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reader.close().await?;
        if self.file.is_some() {
            sqlite::fold(&self.writer).await?;
        }
        self.writer.close().await
    }

    /// Ends beside a server that may go on.
    pub async fn leave(&self) -> Result<(), DbErr> {
        self.reader.close().await?;
        self.writer.close().await
    }

    /// Whether it can be reached by this process.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.ping().await?;
        self.writer.ping().await
    }
}

/// Milliseconds since 1970 by the database's clock, as an expression: nodes need not agree about the time.
pub fn now_ms(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)",
        _ => "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
    }
}

/// The database answers, and refuses what it was given: trying again changes nothing. (SQLSTATE class 22: PostgreSQL
/// takes no NUL in a text, for one.)
pub fn is_about_a_value(error: &DbErr) -> bool {
    sqlstate(error).is_some_and(|code| code.len() == 5 && code.starts_with("22"))
}

/// PostgreSQL answers, and ended what took longer than it may, or waited for somebody's lock for longer: the same may go
/// well in smaller parts, or later. (SQLSTATE 57014, 25P03, 55P03.)
pub fn is_out_of_time(error: &DbErr) -> bool {
    sqlstate(error).is_some_and(|code| ["57014", "25P03", "55P03"].contains(&&*code))
}

fn sqlstate(error: &DbErr) -> Option<Cow<'_, str>> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return None;
    };
    error.as_database_error()?.code()
}

fn common(url: &str, connections: u32, options: Options) -> ConnectOptions {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .connect_timeout(options.acquire_timeout)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .record_stmt_in_spans(false)
        .sqlx_logging(false);
    connect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_missing_sqlite_file_is_made_with_one_writer_and_readers_that_only_read() {
        let directory = std::env::temp_dir().join(format!("artel-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&directory).expect("a directory");
        let url = format!("sqlite://{}/artel.db", directory.display());
        let database = Database::connect(&url, Options::default()).await.expect("a database");
        assert!(!database.is_postgres());
        database.ping().await.expect("there");
        let pragma = async |db: &Pool, name: &str| -> String {
            let statement = sea_orm::Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
            let row = db.query_one_raw(statement).await.expect("a query").expect("a row");
            let number = row.try_get_by_index::<i64>(0).map(|number| number.to_string());
            number.or_else(|_| row.try_get_by_index(0)).expect("a value")
        };
        for (name, value) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("busy_timeout", "5000"),
            ("wal_autocheckpoint", "4000"),
            ("foreign_keys", "1"),
        ] {
            assert_eq!(pragma(database.writer(), name).await, value, "{name}");
        }
        database.writer().execute_unprepared("CREATE TABLE ball (color TEXT)").await.expect("a table");
        database.reader().execute_unprepared("INSERT INTO ball VALUES ('white')").await.expect_err("readers only read");
        let count = async || -> i64 {
            let statement = sea_orm::Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM ball");
            let row = database.reader().query_one_raw(statement).await.expect("a query").expect("a row");
            row.try_get_by_index(0).expect("a number")
        };
        for (commit, expected) in [(false, 0), (true, 1)] {
            let tx = database.begin_write().await.expect("the lock");
            tx.execute_unprepared("INSERT INTO ball VALUES ('white')").await.expect("a row");
            assert_eq!(count().await, 0, "readers go on beside the writer");
            if commit {
                tx.commit().await.expect("a commit");
            } else {
                drop(tx);
            }
            assert_eq!(count().await, expected);
        }
        std::fs::remove_dir_all(directory).expect("cleaned up");
    }
}
