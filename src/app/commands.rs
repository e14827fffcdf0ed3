//! The commands that run for a moment, beside a server or without one.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, bail};
use uuid::Uuid;

use super::runtime::runtime;
use super::store::{self, Store};
use super::{data_dir, schema};
use crate::config::Config;
use crate::database::Database;
use crate::ids::SessionId;
use crate::journal;
use crate::messaging::dead_letters;
use crate::stats;
use crate::telemetry;

/// Runs a short command with a log and a database, which is made if it isn't there.
pub(super) fn briefly<T>(config: Config, run: impl AsyncFnOnce(Database) -> anyhow::Result<T>) -> anyhow::Result<T> {
    with_log(config, async |config| {
        if store::find(&config).await?.is_none() && config.database_url.is_none() {
            data_dir::make(&config.data_dir)?;
        }
        let database = store::open(&config).await?;
        schema::migrate(&database).await.map_err(|error| store::bad(&config, error))?;
        run(database).await
    })
}

/// The same with a database that is there, and as this program knows it.
pub(super) fn on_existing<T>(
    config: Config,
    run: impl AsyncFnOnce(Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_log(config, async |config| match store::find(&config).await? {
        None => Err(store::bad(&config, "there is no database yet").into()),
        Some(Store { steps, .. }) if steps.done < steps.known => {
            let reason = format!("it has {} of {} steps: run `artel migrate` first", steps.done, steps.known);
            Err(store::bad(&config, reason).into())
        }
        Some(Store { database, .. }) => {
            let done = run(database.clone()).await;
            // A process that ends before its connections leaves their files beside the database.
            let _ = database.leave().await;
            done
        }
    })
}

fn with_log<T>(config: Config, run: impl AsyncFnOnce(Config) -> anyhow::Result<T>) -> anyhow::Result<T> {
    if let Err(reason) = telemetry::start_log(config.log_format, &config.log) {
        bail!("log: {reason}");
    }
    runtime("artel")?.block_on(run(config))
}

/// Brings the database up to date.
pub fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    briefly(config, async |_| Ok(ExitCode::SUCCESS))
}

/// Rebuilds a session from its events and compares it with what is stored beside them.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn replay(config: Config, session: Uuid) -> anyhow::Result<ExitCode> {
    let (report, chain) = on_existing(config, async |database| {
        let report = journal::compare(&database, SessionId(session)).await.context("reading the session")?;
        Ok((report, journal::verify(&database, SessionId(session)).await.context("reading the session")?))
    })?;
    println!("{report}\n{chain}");
    Ok(if report.agrees() && chain.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes the statistics anew from all logs, beside a server or without one.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the answer of a command, and how far it is")]
pub fn rebuild_statistics(config: Config) -> anyhow::Result<ExitCode> {
    let is_watched = std::io::stderr().is_terminal();
    let progress = |done: u64, all: u64| {
        if is_watched {
            let (filled, percent) = ((done * 40 / all.max(1)) as usize, done * 100 / all.max(1));
            eprint!("\r[{:<40}] {percent:>3} % of {all} sessions", "=".repeat(filled));
        }
    };
    let rebuilt = on_existing(config, async |database| {
        stats::rebuild(&database, progress).await.context("rebuilding the statistics")
    })?;
    if is_watched {
        eprintln!();
    }
    println!("{rebuilt}");
    Ok(if rebuilt.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks that the log of a session is what was once written.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn verify(config: Config, session: Uuid) -> anyhow::Result<ExitCode> {
    let chain = on_existing(config, async |database| {
        journal::verify(&database, SessionId(session)).await.context("reading the session")
    })?;
    println!("{chain}");
    Ok(if chain.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lists the dead letters as JSON lines.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn list_dead_letters(config: Config) -> anyhow::Result<ExitCode> {
    on_existing(config, async |database| {
        let mut after = None;
        loop {
            let letters = dead_letters::list(database.reader(), after, 200).await?;
            let Some(last) = letters.last() else { return Ok(ExitCode::SUCCESS) };
            after = Some(last.id);
            for letter in &letters {
                println!("{}", dead_letters::describe(letter));
            }
        }
    })
}

/// Sends a dead letter again, by the next relay that looks.
pub fn replay_dead_letter(config: Config, id: Uuid) -> anyhow::Result<ExitCode> {
    on_existing(config, async |database| {
        let tx = database.begin_write().await?;
        let found = dead_letters::replay(&tx, id).await?;
        tx.commit().await?;
        there(found, id)
    })
}

/// Forgets a dead letter.
pub fn discard_dead_letter(config: Config, id: Uuid) -> anyhow::Result<ExitCode> {
    on_existing(config, async |database| there(dead_letters::discard(database.writer(), id).await?, id))
}

fn there(found: bool, id: Uuid) -> anyhow::Result<ExitCode> {
    if found { Ok(ExitCode::SUCCESS) } else { bail!("there is no dead letter {id}") }
}
