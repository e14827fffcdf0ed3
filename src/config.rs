//! The settings: flag over variable over file over `config.default.toml`, checked as a whole before anything starts.
//! Each room gets its own part; nobody else reads the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::telemetry::LogFormat;

const DEFAULTS: &str = include_str!("config.default.toml");
const SECRET_MIN: usize = 32;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    All,
    /// HTTP and sockets.
    Api,
    /// Consumers.
    Worker,
}

/// What the durable queues are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueType {
    /// On one node of the broker; knows priorities.
    #[default]
    Classic,
    /// On most nodes of a cluster; knows no priorities.
    Quorum,
}

/// The settings as one layer gives them. In the file they are the keys of the same names.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// Address and port to serve on [default: 127.0.0.1:8080]
    #[arg(long, env = "ARTEL_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Where the SQLite file and the signing key are [default: ./data]
    #[arg(long, env = "ARTEL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// postgres://... for several nodes [default: SQLite in the data directory]
    #[arg(long, env = "ARTEL_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// RabbitMQ, several separated by commas [default: a bus in the process, one node]
    #[arg(long, env = "ARTEL_AMQP_URL", value_name = "URL,...", hide_env_values = true)]
    pub amqp_url: Option<String>,
    /// What the queues on RabbitMQ are; quorum queues have no priorities [default: classic]
    #[arg(long, env = "ARTEL_QUEUE_TYPE", value_enum)]
    pub queue_type: Option<QueueType>,
    /// The name of this node [default: random]
    #[arg(long, env = "ARTEL_NODE_ID", value_name = "NAME")]
    pub node_id: Option<String>,
    /// Signs the access tokens [default: generated into the data directory; required with PostgreSQL]
    #[arg(long, env = "ARTEL_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// What this node does [default: all]
    #[arg(long, env = "ARTEL_ROLE", value_enum)]
    pub role: Option<Role>,
    /// User names that get the role admin
    #[arg(long, env = "ARTEL_ADMIN", value_name = "NAME,...", value_delimiter = ',')]
    pub admin: Option<Vec<String>>,
    /// Origins besides the server's own that may open WebSockets
    #[arg(long, env = "ARTEL_ALLOWED_ORIGIN", value_name = "ORIGIN,...", value_delimiter = ',')]
    pub allowed_origin: Option<Vec<String>>,
    /// Proxies whose X-Forwarded-For is believed
    #[arg(long, env = "ARTEL_TRUSTED_PROXIES", value_name = "ADDRESS,...", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<String>>,
    /// How the log looks [default: text]
    #[arg(long, env = "ARTEL_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// Which messages are logged [default: info]
    #[arg(long, env = "ARTEL_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Commands of one connection a second, burst twice that [default: 20]
    #[arg(long, env = "ARTEL_COMMANDS_PER_SECOND", value_name = "N", allow_negative_numbers = true)]
    pub commands_per_second: Option<u32>,
    /// Registrations from one address a minute [default: 60]
    #[arg(long, env = "ARTEL_REGISTRATIONS_PER_MINUTE", value_name = "N", allow_negative_numbers = true)]
    pub registrations_per_minute: Option<u32>,
    /// Failed logins of one account a minute, from one address ten times that [default: 5]
    #[arg(long, env = "ARTEL_LOGIN_FAILURES_PER_MINUTE", value_name = "N", allow_negative_numbers = true)]
    pub login_failures_per_minute: Option<u32>,
    /// The largest request body [default: 1048576]
    #[arg(long, env = "ARTEL_MAX_BODY_BYTES", value_name = "BYTES", allow_negative_numbers = true)]
    pub max_body_bytes: Option<usize>,
    /// Sockets and event streams open at once [default: 20000]
    #[arg(long, env = "ARTEL_MAX_CONNECTIONS", value_name = "N", allow_negative_numbers = true)]
    pub max_connections: Option<usize>,
    /// How often a socket is asked whether it is still there [default: 25]
    #[arg(long, env = "ARTEL_HEARTBEAT_SECONDS", value_name = "SECONDS", allow_negative_numbers = true)]
    pub heartbeat_seconds: Option<u64>,
}

/// The settings, complete and checked.
#[derive(Clone)]
pub struct Config {
    /// Where to serve.
    pub listen: SocketAddr,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// `None`: SQLite in the data directory.
    pub database_url: Option<String>,
    /// Brokers, in order of preference; none: the bus in the process.
    pub amqp_urls: Vec<String>,
    /// What the queues there are.
    pub queue_type: QueueType,
    /// The name of this node.
    pub node_id: String,
    /// `None`: generated into the data directory.
    pub jwt_secret: Option<String>,
    /// What this node does.
    pub role: Role,
    /// Lower-cased user names.
    pub admins: Vec<String>,
    /// Besides the server's own.
    pub allowed_origins: Vec<String>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How the log looks.
    pub log_format: LogFormat,
    /// Which messages.
    pub log: String,
    /// Per connection.
    pub commands_per_second: u32,
    /// Per address.
    pub registrations_per_minute: u32,
    /// Per account; per address ten times that.
    pub login_failures_per_minute: u32,
    /// Of one request.
    pub max_body_bytes: usize,
    /// Sockets and event streams.
    pub max_connections: usize,
    /// Seconds between two pings of a socket.
    pub heartbeat_seconds: u64,
}

/// A setting that can't be taken.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct BadSetting {
    setting: String,
    reason: String,
}

impl BadSetting {
    /// Names the setting and what is wrong with it.
    pub fn new(setting: impl Into<String>, reason: impl ToString) -> Self {
        Self { setting: setting.into(), reason: reason.to_string() }
    }
}

impl Layer {
    fn read(text: &str, name: &str) -> Result<Self, BadSetting> {
        toml::from_str(text).map_err(|error| {
            let reason = error.message().replace('\n', " ");
            let Some(span) = error.span() else { return BadSetting::new(name, reason) };
            let above = text[..span.start].matches('\n').count();
            let before_equals =
                text.lines().nth(above).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let reason = format!("line {}: {reason}", above + 1);
            match before_equals.filter(|key| !key.is_empty() && key.bytes().all(is_word)) {
                Some(key) => BadSetting::new(key, format!("{name}, {reason}")),
                None => BadSetting::new(name, reason),
            }
        })
    }

    /// What this layer leaves open is taken from the one below.
    fn over(self, below: Layer) -> Layer {
        Layer {
            listen: self.listen.or(below.listen),
            data_dir: self.data_dir.or(below.data_dir),
            database_url: self.database_url.or(below.database_url),
            amqp_url: self.amqp_url.or(below.amqp_url),
            queue_type: self.queue_type.or(below.queue_type),
            node_id: self.node_id.or(below.node_id),
            jwt_secret: self.jwt_secret.or(below.jwt_secret),
            role: self.role.or(below.role),
            admin: self.admin.or(below.admin),
            allowed_origin: self.allowed_origin.or(below.allowed_origin),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            log_format: self.log_format.or(below.log_format),
            log: self.log.or(below.log),
            commands_per_second: self.commands_per_second.or(below.commands_per_second),
            registrations_per_minute: self.registrations_per_minute.or(below.registrations_per_minute),
            login_failures_per_minute: self.login_failures_per_minute.or(below.login_failures_per_minute),
            max_body_bytes: self.max_body_bytes.or(below.max_body_bytes),
            max_connections: self.max_connections.or(below.max_connections),
            heartbeat_seconds: self.heartbeat_seconds.or(below.heartbeat_seconds),
        }
    }
}

fn set<T>(name: &str, value: Option<T>) -> Result<T, BadSetting> {
    value.ok_or_else(|| BadSetting::new(name, "is not set"))
}

fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: Option<T>, from: T, to: T) -> Result<T, BadSetting> {
    let value = set(name, value)?;
    if value < from || value > to {
        return Err(BadSetting::new(name, format!("{value} is not within {from} and {to}")));
    }
    Ok(value)
}

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl Config {
    /// Lays `flags` (with the environment) over the file over the defaults, and checks the whole.
    pub fn load(flags: Layer, file: Option<PathBuf>) -> Result<Self, BadSetting> {
        let below = Layer::read(DEFAULTS, "defaults")?;
        let below = match file {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| BadSetting::new("config", format!("{}: {error}", path.display())))?;
                Layer::read(&text, &path.display().to_string())?.over(below)
            }
            None => below,
        };
        Self::check(flags.over(below))
    }

    fn check(layer: Layer) -> Result<Self, BadSetting> {
        let listen = set("listen", layer.listen)?;
        let database_url = not_empty(layer.database_url);
        if let Some(url) = &database_url
            && !["postgres://", "postgresql://", "sqlite://"].iter().any(|scheme| url.starts_with(scheme))
        {
            return Err(BadSetting::new("database_url", "must begin with postgres:// or sqlite://"));
        }
        let amqp_urls: Vec<String> = not_empty(layer.amqp_url)
            .iter()
            .flat_map(|urls| urls.split(','))
            .map(|url| url.trim().to_owned())
            .collect();
        if amqp_urls.iter().any(|url| !url.starts_with("amqp://") && !url.starts_with("amqps://")) {
            return Err(BadSetting::new("amqp_url", "each must begin with amqp:// or amqps://"));
        }
        let jwt_secret = not_empty(layer.jwt_secret);
        match &jwt_secret {
            Some(secret) if secret.len() < SECRET_MIN => {
                return Err(BadSetting::new("jwt_secret", format!("needs at least {SECRET_MIN} characters")));
            }
            None if database_url.as_ref().is_some_and(|url| url.starts_with("postgres")) => {
                return Err(BadSetting::new("jwt_secret", "is required with PostgreSQL, the same on all nodes"));
            }
            _ => {}
        }
        let node_id = not_empty(layer.node_id).unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        if node_id.len() > 64 || !node_id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Err(BadSetting::new("node_id", "1 to 64 letters, digits, dots, dashes and underscores"));
        }
        let allowed_origins = layer.allowed_origin.unwrap_or_default();
        let is_origin = |origin: &&String| origin.split_once("://").is_some_and(|(_, host)| !host.contains('/'));
        if let Some(origin) = allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(BadSetting::new("allowed_origin", format!("{origin:?} is not like https://club.example")));
        }
        let trusted_proxies = layer
            .trusted_proxies
            .unwrap_or_default()
            .iter()
            .map(|proxy| {
                proxy.parse().map_err(|_| BadSetting::new("trusted_proxies", format!("{proxy:?} is not an address")))
            })
            .collect::<Result<_, _>>()?;
        let log = set("log", layer.log)?;
        tracing_subscriber::EnvFilter::builder().parse(&log).map_err(|error| BadSetting::new("log", error))?;
        Ok(Self {
            listen: listen
                .parse()
                .map_err(|_| BadSetting::new("listen", format!("{listen:?} is not like 127.0.0.1:8080")))?,
            data_dir: set("data_dir", layer.data_dir)?,
            database_url,
            amqp_urls,
            queue_type: set("queue_type", layer.queue_type)?,
            node_id,
            jwt_secret,
            role: set("role", layer.role)?,
            admins: layer.admin.unwrap_or_default().iter().map(|name| name.to_lowercase()).collect(),
            allowed_origins,
            trusted_proxies,
            log_format: set("log_format", layer.log_format)?,
            log,
            commands_per_second: within("commands_per_second", layer.commands_per_second, 1, 1_000_000)?,
            registrations_per_minute: within("registrations_per_minute", layer.registrations_per_minute, 1, 1_000_000)?,
            login_failures_per_minute: within(
                "login_failures_per_minute",
                layer.login_failures_per_minute,
                1,
                1_000_000,
            )?,
            max_body_bytes: within("max_body_bytes", layer.max_body_bytes, 1_024, 64 << 20)?,
            max_connections: within("max_connections", layer.max_connections, 1, 1_000_000)?,
            heartbeat_seconds: within("heartbeat_seconds", layer.heartbeat_seconds, 1, 3_600)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Layer)) -> String {
        let mut flags = Layer::default();
        change(&mut flags);
        Config::load(flags, None).map(|_| ()).expect_err("a bad setting").to_string()
    }

    #[test]
    fn the_defaults_are_complete() {
        let config = Config::load(Layer::default(), None).expect("defaults");
        assert_eq!(config.listen.port(), 8080);
        assert_eq!(config.max_body_bytes, 1 << 20);
    }

    #[test]
    fn a_bad_setting_is_named_with_its_reason() {
        assert!(refused(|flags| flags.listen = Some("here".into())).starts_with("listen: "));
        assert!(refused(|flags| flags.database_url = Some("mysql://x".into())).starts_with("database_url: "));
        assert!(refused(|flags| flags.database_url = Some("postgres://x".into())).starts_with("jwt_secret: "));
        assert!(refused(|flags| flags.jwt_secret = Some("short".into())).starts_with("jwt_secret: "));
        assert!(refused(|flags| flags.max_connections = Some(0)).starts_with("max_connections: "));
        assert!(refused(|flags| flags.trusted_proxies = Some(vec!["x".into()])).starts_with("trusted_proxies: "));
        let origin = "https://club.example/page".to_owned();
        assert!(refused(|flags| flags.allowed_origin = Some(vec![origin])).starts_with("allowed_origin: "));
        let in_a_file = |text| Layer::read(text, "artel.toml").map(|_| ()).expect_err("a bad setting").to_string();
        assert!(in_a_file("role = \"all\"\nlisten = 5\n").starts_with("listen: artel.toml, line 2: "));
        assert!(in_a_file("\n\ncommands_per_second = -1").starts_with("commands_per_second: artel.toml, line 3: "));
        assert!(in_a_file("loud = true").starts_with("loud: artel.toml, line 1: "));
        assert!(in_a_file("= 5").starts_with("artel.toml: line 1: "));
        assert!(in_a_file("what is this").starts_with("artel.toml: line 1: "));
        assert!(refused(|flags| flags.log = Some("artel=loud".into())).starts_with("log: "));
    }
}
