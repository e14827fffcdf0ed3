//! Whether the PostgreSQL server answers. A server that hangs, or a network that takes all and brings nothing, would be
//! waited for without end: nobody is told. So it is asked once a second over a connection of its own, which no slow
//! query and no lock holds up. Where no answer comes, all connections of this process to it are cut, so that whatever
//! waits for it fails, and what would begin fails at once, until it answers again.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection, PgConnection};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::watch;
use tokio::time::timeout;

use super::sockets;
use crate::clock;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static SILENT: Trouble = Trouble::new();

const ASK_EVERY: Duration = Duration::from_secs(1);
/// Silent for so many such steps in a row is taken for gone. Steps, since a process that was stopped, or whose machine
/// was, has waited for a moment only, however much later it is.
const STEP: Duration = Duration::from_millis(500);
const SILENT_STEPS: usize = 6;
/// How long an attempt to reach a silent server may take; another one begins every step, since what was sent into a
/// network that brought nothing is not sent again soon.
const ATTEMPT_MAX: Duration = Duration::from_secs(3);

/// Whether the server answers, as far as is known.
#[derive(Clone, Debug)]
pub(super) struct Answers(watch::Receiver<bool>);

impl Answers {
    /// Watches a server for as long as anybody has the answer. To be called in a runtime that goes on as long.
    pub(super) fn of(server: PgConnectOptions) -> Self {
        let (said, answers) = watch::channel(true);
        tokio::spawn(async move {
            tokio::select! {
                () = said.closed() => {}
                () = keep_asking(&server, &said) => {}
            }
        });
        Self(answers)
    }

    /// What was asked for, or an error as soon as the server is known not to answer.
    pub(super) async fn or_silence<T>(&self, asked: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let mut answers = self.0.clone();
        tokio::select! {
            biased;
            Ok(_) = answers.wait_for(|answers| !answers) => {
                Err(DbErr::Conn(RuntimeErr::Internal("the server does not answer".to_owned())))
            }
            answer = asked => answer,
        }
    }
}

async fn keep_asking(server: &PgConnectOptions, said: &watch::Sender<bool>) {
    let mut connection = None;
    loop {
        connection = match ask(server, connection.take()).await {
            Some(connection) => connection,
            None => {
                say_silent(server, said);
                let again = reach(server, said).await;
                if let Some(lasted) = SILENT.end() {
                    tracing::info!(?lasted, "the database answers again");
                }
                said.send_replace(true);
                again
            }
        };
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Asks over this connection, or over a new one where that is lost; answers the one to ask over next, if it is good for
/// that. `None`: it does not answer.
async fn ask(server: &PgConnectOptions, known: Option<PgConnection>) -> Option<Option<PgConnection>> {
    if let Some(mut known) = known
        && in_time(known.ping()).await?.is_ok()
    {
        return Some(Some(known));
    }
    match in_time(connect(server)).await? {
        Ok(connection) => Some(Some(connection)),
        Err(error) => (!is_gone(&error)).then_some(None),
    }
}

/// A new connection that has answered: a pooler in between lets everybody in, and asks the server only then.
async fn connect(server: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = server.connect().await?;
    connection.ping().await?;
    Ok(connection)
}

/// Waits until a server that fell silent answers.
async fn reach(server: &PgConnectOptions, said: &watch::Sender<bool>) -> Option<PgConnection> {
    let mut attempts = FuturesUnordered::new();
    let mut due = clock::every(STEP);
    loop {
        tokio::select! {
            _ = due.tick() => attempts.push(timeout(ATTEMPT_MAX, connect(server))),
            Some(Ok(reached)) = attempts.next(), if !attempts.is_empty() => match reached {
                Ok(connection) => return Some(connection),
                Err(error) if !is_gone(&error) => return None,
                Err(_) => say_silent(server, said),
            }
        }
    }
}

fn say_silent(server: &PgConnectOptions, said: &watch::Sender<bool>) {
    if SILENT.is_news() {
        tracing::error!(
            host = server.get_host(),
            port = server.get_port(),
            "the database does not answer: what needs it is refused until it does"
        );
    }
    // Those who learn of it first don't begin anything that would be cut.
    if said.send_replace(false) {
        sockets::cut(server.get_port());
    }
}

/// `None`: no answer, for as long as this process was able to hear one.
async fn in_time<T>(asked: impl Future<Output = T>) -> Option<T> {
    let mut asked = pin!(asked);
    for _ in 0..SILENT_STEPS {
        if let Ok(answer) = timeout(STEP, &mut asked).await {
            return Some(answer);
        }
    }
    None
}

/// A server that refuses with a reason answers, unless it is on its way up or down (SQLSTATE 57P01 to 57P03).
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        _ => false,
    }
}
