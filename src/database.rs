//! The database behind one door: a writer and readers, SQLite or PostgreSQL alike for everybody else.
//!
//! SQLite: one connection writes, the others only read, so nobody ever sees SQLITE_BUSY: writers queue for the one
//! connection and their transactions take the write lock when they begin. PostgreSQL: one pool for both.
//!
//! A connection to PostgreSQL is driven by the runtime that opened it. So the runtimes of the journal, of the bus and of
//! HTTP have a pool each: a commit must not wait for a busy worker.

use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use socket2::{SockRef, TcpKeepalive};

/// A PostgreSQL whose host acknowledges nothing for this long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(2);

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
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Database {
    /// Opens it; a SQLite file that is not there is made. In-memory SQLite is not offered: its connections would each
    /// see a database of their own.
    pub async fn connect(url: &str, options: Options) -> Result<Database, DbErr> {
        if url.starts_with("sqlite:") {
            let writer = sea_orm::Database::connect(sqlite(url, 1, options, writing)).await?;
            let reader = sea_orm::Database::connect(sqlite(url, options.sqlite_readers, options, reading)).await?;
            return Ok(Database { reader, writer });
        }
        let mut connect = common(url, options.postgres_connections, options);
        // A connection in use tells by itself that the server is gone; one that rested may not know it yet.
        connect.test_before_acquire_if_idle_for(Duration::from_secs(1));
        let server = url.parse::<PgConnectOptions>().map_err(|error| DbErr::Custom(error.to_string()))?;
        let port = server.get_port();
        // Within one machine encryption protects nothing and costs both sides a tenth of their work.
        if is_this_machine(server.get_host()) && !url.contains("sslmode=") && !url.contains("ssl-mode=") {
            connect.map_sqlx_postgres_opts(|server| server.ssl_mode(PgSslMode::Disable));
        }
        connect.map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(move |_, _| {
                prepare_connections(port);
                Box::pin(std::future::ready(Ok(())))
            })
        });
        let pool = sea_orm::Database::connect(connect).await?;
        Ok(Database { reader: pool.clone(), writer: pool })
    }

    /// The same tables for another runtime: with a pool of its own where connections belong to the runtime that opened
    /// them, to be called there.
    pub async fn for_this_runtime(&self, url: &str, options: Options) -> Result<Database, DbErr> {
        if self.is_postgres() { Self::connect(url, options).await } else { Ok(self.clone()) }
    }

    /// For queries. On SQLite it refuses to write.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that write.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// A transaction that will write. On SQLite it has the write lock from its beginning: one that reads first and
    /// writes then would fail at once when another connection wrote in between.
    pub async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate);
        self.writer.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
    }

    /// Several nodes can share it.
    pub fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Whether it can be reached and written to by this process.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.ping().await?;
        self.writer.ping().await
    }
}

/// The database answers, and refuses what it was given: trying again changes nothing. (SQLSTATE class 22: PostgreSQL
/// takes no NUL in a text, for one.)
pub fn is_about_a_value(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code.len() == 5 && code.starts_with("22"))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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

fn sqlite(
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

/// Prepares the connections to PostgreSQL, for which the driver has no switches. It leaves Nagle's algorithm on: a
/// statement of more than one TLS record or segment then waits 40 ms for an acknowledgement that the server delays, a
/// tenth of the throughput. And it waits without end for a server that fell silent (a host that is gone, a route that
/// is cut): every commit of the node would wait with it.
fn prepare_connections(port: u16) {
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else { return };
    let probes = TcpKeepalive::new().with_time(SILENCE_MAX / 2).with_interval(PROBE_EVERY);
    let numbers = files.flatten().filter_map(|file| file.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers {
        // SAFETY: the number was read just now and nothing is kept. Should the file be closed meanwhile, the calls below
        // fail; should another connection of this process to a server at this port have taken its number, they prepare
        // that one, as is meant anyway.
        #[expect(unsafe_code, reason = "the driver does not give its socket out")]
        let file = unsafe { BorrowedFd::borrow_raw(number) };
        let socket = SockRef::from(&file);
        if socket.peer_addr().ok().and_then(|peer| peer.as_socket()).is_some_and(|peer| peer.port() == port) {
            let _ = socket.set_tcp_nodelay(true);
            let _ = socket.set_tcp_keepalive(&probes);
            let _ = socket.set_tcp_user_timeout(Some(SILENCE_MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use super::*;

    #[actix_web::test]
    async fn a_missing_sqlite_file_is_made_with_one_writer_and_readers_that_only_read() {
        let directory = std::env::temp_dir().join(format!("artel-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&directory).expect("a directory");
        let url = format!("sqlite://{}/artel.db", directory.display());
        let database = Database::connect(&url, Options::default()).await.expect("a database");
        assert!(!database.is_postgres());
        database.ping().await.expect("there");
        let pragma = async |db: &DatabaseConnection, name: &str| -> String {
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
