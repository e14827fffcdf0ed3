//! The commands.

use std::path::PathBuf;
use std::process::ExitCode;

use artel::app;
use artel::config::{BadSetting, Config, Layer};
use artel::loadtest::Plan;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use uuid::Uuid;

/// Sessions, sockets and the journal allocate small pieces on one thread and free them on another all the time, where
/// the system's allocator spends a tenth of the processor.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A real-time session engine for billiards.
#[derive(Parser)]
#[command(name = "artel", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Settings,
}

#[derive(clap::Args)]
struct Settings {
    /// A TOML file of settings
    #[arg(long, env = "ARTEL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Layer,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the page, the REST API and the sockets (the default)
    Serve(Settings),
    /// Brings the database up to date and ends
    Migrate(Settings),
    /// Rebuilds a session from its events and compares it with the stored state; exit 1 on a difference
    Replay {
        /// The session
        session_id: Uuid,
        #[command(flatten)]
        settings: Settings,
    },
    /// Messages that could not be applied
    DeadLetters {
        #[command(subcommand)]
        action: DeadLetters,
    },
    /// A load generator against a running server
    Loadtest(Plan),
}

#[derive(Subcommand)]
enum DeadLetters {
    /// Lists them, oldest first
    List(Settings),
    /// Sends one again
    Replay {
        /// Which
        id: Uuid,
        #[command(flatten)]
        settings: Settings,
    },
    /// Forgets one
    Discard {
        /// Which
        id: Uuid,
        #[command(flatten)]
        settings: Settings,
    },
}

fn main() -> ExitCode {
    let Arguments { command, serve } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if is_wrong(&error) => {
            eprintln!("artel: {}", in_one_line(&error));
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(settings) => with(settings, app::serve),
        Command::Migrate(settings) => with(settings, app::migrate),
        Command::Replay { session_id, settings } => with(settings, |config| app::replay(config, session_id)),
        Command::DeadLetters { action: DeadLetters::List(settings) } => with(settings, app::list_dead_letters),
        Command::DeadLetters { action: DeadLetters::Replay { id, settings } } => {
            with(settings, |config| app::replay_dead_letter(config, id))
        }
        Command::DeadLetters { action: DeadLetters::Discard { id, settings } } => {
            with(settings, |config| app::discard_dead_letter(config, id))
        }
        Command::Loadtest(plan) => ended(artel::loadtest::run(plan)),
    }
}

/// A flag or variable that can't be taken; not a question for help.
fn is_wrong(error: &clap::Error) -> bool {
    error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// What is wrong, without the advice around it.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    what.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Checks the settings, then runs.
fn with(settings: Settings, run: impl FnOnce(Config) -> anyhow::Result<ExitCode>) -> ExitCode {
    match Config::load(settings.flags, settings.config) {
        Ok(config) => ended(run(config)),
        Err(bad) => {
            eprintln!("artel: {bad}");
            ExitCode::from(2)
        }
    }
}

fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("artel: {error:#}");
        // Some settings are seen to be bad only where they are used.
        if error.is::<BadSetting>() { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}
