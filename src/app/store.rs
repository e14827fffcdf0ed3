//! Where the data is: reaching the database that the settings name, with the reason in one line where that fails.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection, Row};

use super::data_dir;
use super::schema::{self, Steps};
use crate::config::{BadSetting, Config};
use crate::database::{Database, Options};

/// How long PostgreSQL may take to answer at the start.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A database that is there.
pub(super) struct Store {
    pub(super) database: Database,
    pub(super) steps: Steps,
    /// What it is, for people.
    pub(super) what: String,
}

/// A setting that names a database, and what it names, without a password.
pub(super) fn bad(config: &Config, reason: impl ToString) -> BadSetting {
    let (setting, place) = match (&config.database_url, sqlite_file(config)) {
        (Some(url), None) => {
            let place = PgConnectOptions::from_str(url)
                .map(|server| format!("{}:{}", server.get_host(), server.get_port()))
                .unwrap_or_default();
            ("database_url", place)
        }
        (Some(_), Some(file)) => ("database_url", file.display().to_string()),
        (None, file) => ("data_dir", file.unwrap_or_default().display().to_string()),
    };
    let reason = reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    BadSetting::new(setting, if place.is_empty() { reason } else { format!("{place}: {reason}") })
}

/// The SQLite file; `None`: it is PostgreSQL.
pub(super) fn sqlite_file(config: &Config) -> Option<PathBuf> {
    match &config.database_url {
        None => Some(data_dir::database_file(&config.data_dir)),
        Some(url) => {
            url.strip_prefix("sqlite://").map(|file| PathBuf::from(file.split('?').next().unwrap_or_default()))
        }
    }
}

/// Opens it; a SQLite file that is not there is made.
pub(super) async fn open(config: &Config) -> Result<Database, BadSetting> {
    let url = match (&config.database_url, sqlite_file(config)) {
        (Some(url), _) => url.clone(),
        (None, file) => {
            let file = std::path::absolute(file.unwrap_or_default()).map_err(|error| bad(config, error))?;
            format!("sqlite://{}", file.display())
        }
    };
    Database::connect(&url, Options::default()).await.map_err(|error| bad(config, error))
}

/// Looks for it and changes nothing. `None`: it is still to be made. Refused where it can't be reached, can't be
/// written, or was made by a newer program.
pub(super) async fn find(config: &Config) -> Result<Option<Store>, BadSetting> {
    let what = match sqlite_file(config) {
        None => postgres(config).await?,
        Some(file) => match file.metadata() {
            Ok(metadata) => format!("SQLite, {} bytes", metadata.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return match file.parent() {
                    Some(above) if config.database_url.is_some() && !above.is_dir() && above != "" => {
                        Err(bad(config, "its directory is not there"))
                    }
                    _ => Ok(None),
                };
            }
            Err(error) => return Err(bad(config, error)),
        },
    };
    let database = open(config).await?;
    let steps = schema::steps(&database).await.map_err(|error| bad(config, error))?;
    match steps.refusal() {
        Some(reason) => Err(bad(config, reason)),
        None => Ok(Some(Store { database, steps, what })),
    }
}

/// Asks PostgreSQL over a connection of its own: a pool would only say that it timed out.
async fn postgres(config: &Config) -> Result<String, BadSetting> {
    let url = config.database_url.as_deref().unwrap_or_default();
    let server = PgConnectOptions::from_str(url).map_err(|error| bad(config, error))?.disable_statement_logging();
    let asked = async {
        let mut connection = sqlx::PgConnection::connect_with(&server).await?;
        let question = "SELECT current_setting('server_version'), current_setting('transaction_read_only')";
        let row = sqlx::query(question).fetch_one(&mut connection).await?;
        let answer: (String, String) = (row.try_get(0)?, row.try_get(1)?);
        connection.close().await?;
        Ok::<_, sqlx::Error>(answer)
    };
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(Ok((_, read_only))) if read_only == "on" => Err(bad(config, "it can be read but not written")),
        Ok(Ok((version, _))) => Ok(format!("PostgreSQL {version} at {}:{}", server.get_host(), server.get_port())),
        // The driver adds lines of the server's source to what the server says.
        Ok(Err(sqlx::Error::Database(error))) => Err(bad(config, error.message())),
        Ok(Err(error)) => Err(bad(config, error)),
        Err(_) => Err(bad(config, format!("no answer within {} s", ANSWER_MAX.as_secs()))),
    }
}
