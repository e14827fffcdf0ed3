//! PostgreSQL: how its connections are opened, and for how long one may hold up others.

use std::time::Duration;

use sea_orm::DbErr;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use sea_orm::sqlx::{ConnectOptions, Executor};

use super::watch::Answers;
use super::{Database, Options, Pool, common, sockets};

/// What the server does with a connection that waits, or that others wait for. Set by statements: a pooler in between
/// refuses what it does not know at the start of a connection.
///
/// A node that is stopped within a transaction holds its locks until `idle_in_transaction_session_timeout`; one that
/// takes no answer, until `tcp_user_timeout`; one whose host is gone, until the probes of TCP have told.
const BOUNDS: &str = "SET lock_timeout = '3s'; SET statement_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '5s'; SET tcp_user_timeout = '10s'; \
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3";

/// For a transaction whose statements may take as long as they need. Stopped in the middle it ends like any other.
pub(super) const WITHOUT_HASTE: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0";

/// `answers`: whether the server answers, where that is watched already.
pub(super) async fn connect(url: &str, options: Options, answers: Option<Answers>) -> Result<Database, DbErr> {
    let server = url.parse::<PgConnectOptions>().map_err(|error| DbErr::Custom(error.to_string()))?;
    let (port, ssl_mode) = (server.get_port(), ssl_mode(&server, url));
    let mut connect = common(url, options.postgres_connections, options);
    // A connection in use tells by itself that the server is gone; one that rested may not know it yet.
    connect.test_before_acquire_if_idle_for(Duration::from_secs(1));
    connect.map_sqlx_postgres_opts(move |server| server.ssl_mode(ssl_mode));
    connect.map_sqlx_postgres_pool_opts(move |pool| {
        pool.after_connect(move |connection, _| {
            sockets::prepare(port);
            Box::pin(async move { connection.execute(BOUNDS).await.map(|_| ()) })
        })
    });
    let connections = sea_orm::Database::connect(connect).await?;
    let answers = answers.unwrap_or_else(|| Answers::of(server.ssl_mode(ssl_mode).disable_statement_logging()));
    let pool = Pool::new(connections, Some(answers));
    Ok(Database { reader: pool.clone(), writer: pool, file: None })
}

/// Within one machine encryption protects nothing and costs both sides a tenth of their work.
fn ssl_mode(server: &PgConnectOptions, url: &str) -> PgSslMode {
    if is_this_machine(server.get_host()) && !url.contains("sslmode=") && !url.contains("ssl-mode=") {
        PgSslMode::Disable
    } else {
        server.get_ssl_mode()
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
