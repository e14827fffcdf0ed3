//! Whether all is there that the settings name: before a start, which makes nothing before it knows, and as a command.

use std::process::ExitCode;

use super::data_dir::DataDir;
use super::runtime::runtime;
use super::sinks::mail_transport;
use super::store::{self, Store};
use crate::account::Accounts;
use crate::config::{BadSetting, Config};
use crate::database::Database;
use crate::messaging::rabbit;

/// Everything is there, and nobody else uses it. Answers the data directory where one is needed, locked if it is there.
pub(super) async fn before_start(config: &Config) -> Result<Option<DataDir>, BadSetting> {
    let data_dir = needs_data_dir(config).then(|| DataDir::find(&config.data_dir)).transpose()?;
    if let Some(Store { database, .. }) = store::find(config).await? {
        sound(config, &database).await?;
        let _ = database.close().await;
    }
    mail_transport(config)?;
    if !config.amqp_urls.is_empty() {
        rabbit::reach(&config.amqp_urls).await.map_err(|reason| BadSetting::new("amqp_url", reason))?;
    }
    Ok(data_dir)
}

fn needs_data_dir(config: &Config) -> bool {
    config.database_url.is_none() || config.jwt_secret.is_none()
}

/// Refuses a damaged file, as far as it is read within the bounds.
async fn sound(config: &Config, database: &Database) -> Result<(), BadSetting> {
    match database.damage().await {
        Ok(None) => Ok(()),
        Ok(Some(damage)) => Err(store::bad(config, format!("the database is damaged ({damage}): restore a backup"))),
        Err(error) => Err(store::bad(config, error)),
    }
}

/// Says what the settings name and whether it is there; changes nothing. Works beside a running server.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the answer of a command")]
pub fn check(config: Config) -> anyhow::Result<ExitCode> {
    let bad = runtime("artel")?.block_on(async {
        let mut bad = Vec::new();
        println!("listen: {}, role {}", config.listen, format!("{:?}", config.role).to_lowercase());
        if needs_data_dir(&config) {
            match DataDir::inspect(&config.data_dir) {
                Ok(()) => println!("data directory: {}", config.data_dir.display()),
                Err(error) => bad.push(error),
            }
        }
        match store::find(&config).await {
            Ok(None) => println!("database: SQLite, to be made"),
            Ok(Some(Store { database, steps, what })) => {
                match sound(&config, &database).await {
                    Ok(()) => {
                        println!("database: {what}, {} of {} steps", steps.done, steps.known);
                        if steps.done == steps.known {
                            match Accounts::unconfirmed_admins(&database, &config.admins).await {
                                Ok(doubts) => doubts.iter().for_each(|doubt| println!("admins: {doubt}")),
                                Err(error) => bad.push(store::bad(&config, error)),
                            }
                        }
                    }
                    Err(error) => bad.push(error),
                }
                let _ = database.leave().await;
            }
            Err(error) => bad.push(error),
        }
        if config.amqp_urls.is_empty() {
            println!("broker: none, the bus is in the process");
        } else {
            match rabbit::reach(&config.amqp_urls).await {
                Ok(what) => println!("broker: {what}"),
                Err(reason) => bad.push(BadSetting::new("amqp_url", reason)),
            }
        }
        match mail_transport(&config) {
            Ok(None) => println!("mail: none is sent"),
            Ok(Some(mail)) => match mail.reach().await {
                Ok(()) => println!("mail: the server answers"),
                Err(reason) => bad.push(BadSetting::new("smtp_url", reason)),
            },
            Err(error) => bad.push(error),
        }
        bad
    });
    for error in &bad {
        eprintln!("artel: {error}");
    }
    Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
