//! One source of settings: flags and variables, a file, or the defaults.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::{BadSetting, NodeRole, QueueType};
use crate::telemetry::LogFormat;

/// The settings as one layer gives them. In the file they are the keys of the same names.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// Address and port to serve on [default: 127.0.0.1:8080]
    #[arg(long, env = "ARTEL_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Listens on all addresses and shows the one for phones near the server, with its QR code
    #[arg(
        long, env = "ARTEL_LAN", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(),
    )]
    pub lan: Option<bool>,
    /// Where users reach this service [default: guessed from this machine's addresses]
    #[arg(long, env = "ARTEL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
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
    pub role: Option<NodeRole>,
    /// User names that get the role admin
    #[arg(long, env = "ARTEL_ADMIN", value_name = "NAME,...", value_delimiter = ',')]
    pub admin: Option<Vec<String>>,
    /// Origins besides the server's own that may call the API and open WebSockets
    #[arg(long, env = "ARTEL_ALLOWED_ORIGIN", value_name = "ORIGIN,...", value_delimiter = ',')]
    pub allowed_origin: Option<Vec<String>>,
    /// Proxies whose X-Forwarded-For is believed, and networks of them like 10.0.0.0/8
    #[arg(long, env = "ARTEL_TRUSTED_PROXIES", value_name = "ADDRESS[/BITS],...", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<String>>,
    /// How the log looks [default: text]
    #[arg(long, env = "ARTEL_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// Which messages are logged [default: info]
    #[arg(long, env = "ARTEL_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Commands of one user a second, burst twice that [default: 20]
    #[arg(long, env = "ARTEL_COMMANDS_PER_SECOND", value_name = "N", allow_negative_numbers = true)]
    pub commands_per_second: Option<u32>,
    /// Sessions that one user may open in an hour [default: 30]
    #[arg(long, env = "ARTEL_SESSIONS_PER_HOUR", value_name = "N", allow_negative_numbers = true)]
    pub sessions_per_hour: Option<u32>,
    /// Invitations that one user may send in an hour [default: 60]
    #[arg(long, env = "ARTEL_INVITATIONS_PER_HOUR", value_name = "N", allow_negative_numbers = true)]
    pub invitations_per_hour: Option<u32>,
    /// Join codes that one user may try in a minute; of wrong ones, one address ten times that [default: 30]
    #[arg(long, env = "ARTEL_JOINS_PER_MINUTE", value_name = "N", allow_negative_numbers = true)]
    pub joins_per_minute: Option<u32>,
    /// Sessions in memory at once; the longest idle one makes room [default: 50000]
    #[arg(long, env = "ARTEL_MAX_LIVE_SESSIONS", value_name = "N", allow_negative_numbers = true)]
    pub max_live_sessions: Option<usize>,
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
    /// Sockets and event streams of one user at once [default: 20]
    #[arg(long, env = "ARTEL_CONNECTIONS_PER_USER", value_name = "N", allow_negative_numbers = true)]
    pub connections_per_user: Option<usize>,
    /// Sockets, streams and requests under way of one address at once [default: 200]
    #[arg(long, env = "ARTEL_CONNECTIONS_PER_ADDRESS", value_name = "N", allow_negative_numbers = true)]
    pub connections_per_address: Option<usize>,
    /// How often a socket is asked whether it is still there [default: 25]
    #[arg(long, env = "ARTEL_HEARTBEAT_SECONDS", value_name = "SECONDS", allow_negative_numbers = true)]
    pub heartbeat_seconds: Option<u64>,
}

impl Layer {
    pub(super) fn read(text: &str, name: &str) -> Result<Self, BadSetting> {
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
    pub(super) fn over(self, below: Layer) -> Layer {
        Layer {
            listen: self.listen.or(below.listen),
            lan: self.lan.or(below.lan),
            public_url: self.public_url.or(below.public_url),
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
            sessions_per_hour: self.sessions_per_hour.or(below.sessions_per_hour),
            invitations_per_hour: self.invitations_per_hour.or(below.invitations_per_hour),
            joins_per_minute: self.joins_per_minute.or(below.joins_per_minute),
            max_live_sessions: self.max_live_sessions.or(below.max_live_sessions),
            registrations_per_minute: self.registrations_per_minute.or(below.registrations_per_minute),
            login_failures_per_minute: self.login_failures_per_minute.or(below.login_failures_per_minute),
            max_body_bytes: self.max_body_bytes.or(below.max_body_bytes),
            max_connections: self.max_connections.or(below.max_connections),
            connections_per_user: self.connections_per_user.or(below.connections_per_user),
            connections_per_address: self.connections_per_address.or(below.connections_per_address),
            heartbeat_seconds: self.heartbeat_seconds.or(below.heartbeat_seconds),
        }
    }
}
