//! The commands.

use std::io::Write;
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
    /// Checks that a session's log is what was once written, by the chain of its hashes; exit 1 names the first broken event
    Verify {
        /// The session
        session_id: Uuid,
        #[command(flatten)]
        settings: Settings,
    },
    /// Makes what is folded from the logs anew
    Rebuild {
        #[command(subcommand)]
        what: Rebuild,
    },
    /// Says whether all that the settings name is there; changes nothing; exit 2 where something is not
    Check(Settings),
    /// Copies the SQLite database into a file, while a server uses it too
    Backup {
        /// Where to; it must not be there yet
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Accounts: lists, opens, disables them, sets passwords
    User(app::UserCommand),
    /// Messages that could not be applied
    DeadLetters {
        #[command(subcommand)]
        action: DeadLetters,
    },
    /// A load generator against a running server
    Loadtest(Plan),
    /// Completions of this command line for a shell, to be sourced there
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// This manual as a man page
    Man,
}

#[derive(Subcommand)]
enum Rebuild {
    /// The statistics and achievements of all players, beside a running server too; exit 1 where something differed
    Statistics(Settings),
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

/// A connection that is held has two buffers of 8 KiB, and hardly ever more than a page of each is written. Huge pages would
/// make all of it real memory: 19 kB a connection in place of 12. Where it can't be had there is just more used.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn main() -> ExitCode {
    // Whatever this program writes is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    use_small_pages();
    let Arguments { command, serve } = match artel::config::parse::<Arguments>() {
        Ok(arguments) => arguments,
        Err(error) if is_wrong(&error) => return wrong(&error),
        Err(error) => error.exit(),
    };
    match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(settings) => with(settings, app::serve),
        Command::Migrate(settings) => with(settings, app::migrate),
        Command::Replay { session_id, settings } => with(settings, |config| app::replay(config, session_id)),
        Command::Verify { session_id, settings } => with(settings, |config| app::verify(config, session_id)),
        Command::Rebuild { what: Rebuild::Statistics(settings) } => with(settings, app::rebuild_statistics),
        Command::User(command) => {
            let (action, flags, config) = match command.parts() {
                Ok(parts) => parts,
                Err(error) => return wrong(&error),
            };
            with(Settings { config, flags }, |config| app::user(config, action))
        }
        Command::DeadLetters { action: DeadLetters::List(settings) } => with(settings, app::list_dead_letters),
        Command::DeadLetters { action: DeadLetters::Replay { id, settings } } => {
            with(settings, |config| app::replay_dead_letter(config, id))
        }
        Command::DeadLetters { action: DeadLetters::Discard { id, settings } } => {
            with(settings, |config| app::discard_dead_letter(config, id))
        }
        Command::Check(settings) => with(settings, app::check),
        Command::Backup { file, settings } => with(settings, |config| app::backup(config, &file)),
        Command::Completions { shell } => written(|out| {
            clap_complete::generate(shell, &mut artel::config::command_of::<Arguments>(), "artel", out);
            Ok(())
        }),
        Command::Man => written(manual),
        Command::Loadtest(plan) => ended(artel::loadtest::run(plan)),
    }
}

/// A flag or variable that can't be taken; not a question for help.
fn is_wrong(error: &clap::Error) -> bool {
    error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

fn wrong(error: &clap::Error) -> ExitCode {
    eprintln!("artel: {}", in_one_line(error));
    ExitCode::from(2)
}

/// What is wrong, without the advice around it.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    what.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Writes to standard output. Whoever reads it may have enough before the end.
fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> ExitCode {
    let mut text = Vec::new();
    let written = write(&mut text).and_then(|()| std::io::stdout().write_all(&text));
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ended(Err(error.into())),
        _ => ExitCode::SUCCESS,
    }
}

/// One page for the program and all its commands.
fn manual(out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command = artel::config::command_of::<Arguments>();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for part in command.get_subcommands().filter(|part| part.get_name() != "help") {
        let name = format!("artel {}", part.get_name());
        writeln!(out, ".SH {}", name.to_uppercase())?;
        let man = clap_mangen::Man::new(part.clone().name(name));
        man.render_synopsis_section(out)?;
        man.render_description_section(out)?;
    }
    Ok(())
}

/// Checks the settings, then runs.
fn with(settings: Settings, run: impl FnOnce(Config) -> anyhow::Result<ExitCode>) -> ExitCode {
    if artel::clock::is_before_1970() {
        eprintln!("artel: clock: this machine's clock is before 1970: set it, since events are dated by it");
        return ExitCode::from(2);
    }
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
