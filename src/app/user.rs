//! `artel user ...`: accounts from the command line, beside a running server or without one.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use serde::Serialize;

use super::commands::{briefly, on_existing};
use super::node::account_settings;
use crate::account::Accounts;
use crate::config::{Config, Layer, parse_from};
use crate::http::Problem;

/// What to do, and on which data.
#[derive(clap::Args)]
pub struct UserCommand {
    #[command(subcommand)]
    action: UserAction,
    #[command(flatten)]
    place: Place,
}

/// What to do with accounts.
#[derive(clap::Subcommand)]
pub enum UserAction {
    /// Lists all accounts as JSON lines
    List,
    /// Shows one
    Show {
        /// Its user name; a guest's id
        name: String,
    },
    /// Opens an account; reads the password from standard input
    Create {
        /// Its user name
        name: String,
        /// Gives it the role admin
        #[arg(long)]
        admin: bool,
    },
    /// Gives an account another password, read from standard input, and ends all its logins
    SetPassword {
        /// Its user name
        name: String,
    },
    /// Gives an account the role admin
    Admin {
        /// Its user name
        name: String,
        /// Takes the role away
        #[arg(long)]
        remove: bool,
    },
    /// Keeps an account from logging in and ends all its logins
    Disable {
        /// Its user name; a guest's id
        name: String,
    },
    /// Deletes an account for good; what others played with it stays, under "deleted player"
    Delete {
        /// Its user name; a guest's id
        name: String,
    },
    /// Prints all that is kept of a user as JSON
    Export {
        /// Its user name; a guest's id
        name: String,
    },
    /// Lets a disabled account log in again
    Enable {
        /// Its user name; a guest's id
        name: String,
    },
}

/// The settings that say where the accounts are. `--admin` means something else here, so these are not all there are;
/// the others come from the environment and the file.
#[derive(clap::Args)]
struct Place {
    /// A TOML file of settings
    #[arg(long, env = "ARTEL_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Where the SQLite file is
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// postgres://...; SQLite in the data directory unless told
    #[arg(long, value_name = "URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// As the server has it
    #[arg(long, value_name = "SECRET", hide_env_values = true, global = true)]
    jwt_secret: Option<String>,
    /// Which messages are logged
    #[arg(long, value_name = "FILTER", global = true)]
    log: Option<String>,
}

/// The environment as settings.
#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    settings: Layer,
}

impl UserCommand {
    /// What to do, the settings, and the file of further ones. Fails where a variable can't be taken.
    pub fn parts(self) -> Result<(UserAction, Layer, Option<PathBuf>), clap::Error> {
        let Place { config, data_dir, database_url, jwt_secret, log } = self.place;
        let environment = parse_from::<Environment>(["artel"])?.settings;
        // Who reads the answer of a command has no use for what goes as it should.
        let log = Some(log.unwrap_or_else(|| "warn".to_owned()));
        Ok((self.action, Layer { data_dir, database_url, jwt_secret, log, ..environment }, config))
    }
}

/// Does it.
pub fn user(config: Config, action: UserAction) -> anyhow::Result<ExitCode> {
    // Asked for before anything is opened.
    let password = match &action {
        UserAction::Create { .. } | UserAction::SetPassword { .. } => read_password()?,
        _ => String::new(),
    };
    let creates = matches!(action, UserAction::Create { .. });
    let settings = account_settings(&config, String::new());
    let run = async |database| {
        // It signs nothing here.
        let accounts = Accounts::new(database, settings);
        let report = match action {
            UserAction::List => {
                let mut after: Option<String> = None;
                loop {
                    let users = accounts.list(after.as_deref()).await.map_err(told)?;
                    let Some(last) = users.last() else { return Ok(ExitCode::SUCCESS) };
                    after = Some(last.stored_name.clone());
                    users.iter().try_for_each(print)?;
                }
            }
            UserAction::Show { name } => accounts.show(&name).await,
            UserAction::Create { name, admin } => accounts.create(&name, &password, admin).await,
            UserAction::SetPassword { name } => accounts.set_password(&name, &password).await,
            UserAction::Admin { name, remove } => accounts.set_admin(&name, !remove).await,
            UserAction::Delete { name } => accounts.delete(&name).await,
            UserAction::Export { name } => {
                print(&accounts.export(&name).await.map_err(told)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            UserAction::Disable { name } => accounts.set_disabled(&name, true).await,
            UserAction::Enable { name } => accounts.set_disabled(&name, false).await,
        };
        print(&report.map_err(told)?)?;
        Ok(ExitCode::SUCCESS)
    };
    // The first admin is made before the first start.
    if creates { briefly(config, run) } else { on_existing(config, run) }
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(report: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(report)?);
    Ok(())
}

fn told(problem: Problem) -> anyhow::Error {
    match problem.errors().first() {
        Some(error) => anyhow!("{} {}", error.field, error.message),
        None => anyhow!("{}", problem.detail()),
    }
}

/// One line of standard input; at a terminal it is asked for, twice and without echo.
fn read_password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ").context("reading the password")?;
        if rpassword::prompt_password("Again: ").context("reading the password")? != password {
            bail!("the two passwords differ");
        }
        return Ok(password);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
