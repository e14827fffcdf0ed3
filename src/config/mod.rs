//! The settings: flag over variable over file over defaults, checked as a whole before anything starts.
//! Each room gets its own part; nobody else reads the environment.

mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub(crate) use self::settings::parse_from;
pub use self::settings::{Layer, command_of, parse};
use crate::telemetry::LogFormat;

const SECRET_MIN: usize = 32;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeRole {
    /// Everything.
    All,
    /// HTTP and sockets.
    Api,
    /// Consumers.
    Worker,
}

/// What the durable queues are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueType {
    /// On one node of the broker; knows priorities.
    #[default]
    Classic,
    /// On most nodes of a cluster; knows no priorities.
    Quorum,
}

/// The settings, complete and checked.
#[derive(Clone)]
pub struct Config {
    /// Where to serve.
    pub listen: SocketAddr,
    /// Show the address for phones near the server.
    pub lan: bool,
    /// Where users reach this service: scheme, host and perhaps a port, without a slash at the end.
    pub public_url: Option<String>,
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
    /// The mail server and what mails are from; `None`: no mail is sent.
    pub mail: Option<(String, String)>,
    /// Of the bot whose Mini App people sign in from.
    pub telegram_bot_token: Option<String>,
    /// Users may name addresses that are not public.
    pub allow_private_targets: bool,
    /// What this node does.
    pub role: NodeRole,
    /// Lower-cased user names.
    pub admins: Vec<String>,
    /// Besides the server's own.
    pub allowed_origins: Vec<String>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How the log looks.
    pub log_format: LogFormat,
    /// Which messages.
    pub log: String,
    /// Per user, over all connections and REST.
    pub commands_per_second: u32,
    /// Per user.
    pub messages_per_second: u32,
    /// Per user.
    pub sessions_per_hour: u32,
    /// Per user.
    pub invitations_per_hour: u32,
    /// Tries of a join code, per user; of wrong ones, per address ten times that.
    pub joins_per_minute: u32,
    /// Sessions in memory.
    pub max_live_sessions: usize,
    /// Per address.
    pub registrations_per_minute: u32,
    /// Per account; per address ten times that.
    pub login_failures_per_minute: u32,
    /// Of one request.
    pub max_body_bytes: usize,
    /// Sockets and event streams.
    pub max_connections: usize,
    /// Sockets and event streams of one user.
    pub connections_per_user: usize,
    /// Sockets, streams and requests under way of one address.
    pub connections_per_address: usize,
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

fn limit<T: PartialOrd + std::fmt::Display + From<u16> + std::ops::Mul<Output = T> + Copy>(
    name: &str,
    value: Option<T>,
) -> Result<T, BadSetting> {
    within(name, value, T::from(1), T::from(1_000) * T::from(1_000))
}

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The scheme, host and port of a URL that has nothing else.
fn origin(name: &str, url: &str) -> Result<String, BadSetting> {
    let bad = || BadSetting::new(name, format!("{url:?} is not like https://club.example"));
    let uri: actix_web::http::Uri = url.trim_end_matches('/').parse().map_err(|_| bad())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    match uri.authority() {
        Some(host) if is_http && uri.path() == "/" && uri.query().is_none() && !host.as_str().contains('@') => {
            Ok(uri.to_string().trim_end_matches('/').to_owned())
        }
        _ => Err(bad()),
    }
}

/// An address, or one with the bits that its network has in common.
fn network(text: &str) -> Option<IpNet> {
    text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()))).ok()
}

fn trusted_proxy(proxy: &str) -> Result<IpNet, BadSetting> {
    let bad = || BadSetting::new("trusted_proxies", format!("{proxy:?} is not like 10.0.0.1 or 10.0.0.0/8"));
    network(proxy.trim()).ok_or_else(bad)
}

fn database_url(layer: &Layer) -> Result<Option<String>, BadSetting> {
    let url = not_empty(layer.database_url.clone());
    let is_known = |url: &String| ["postgres://", "postgresql://", "sqlite://"].iter().any(|at| url.starts_with(at));
    match url {
        Some(url) if !is_known(&url) => {
            Err(BadSetting::new("database_url", "must begin with postgres:// or sqlite://"))
        }
        url => Ok(url),
    }
}

fn amqp_urls(layer: &Layer) -> Result<Vec<String>, BadSetting> {
    let urls = not_empty(layer.amqp_url.clone());
    let urls: Vec<String> = urls.iter().flat_map(|urls| urls.split(',')).map(|url| url.trim().to_owned()).collect();
    if urls.iter().any(|url| !url.starts_with("amqp://") && !url.starts_with("amqps://")) {
        return Err(BadSetting::new("amqp_url", "each must begin with amqp:// or amqps://"));
    }
    Ok(urls)
}

fn jwt_secret(layer: &Layer, database_url: Option<&str>) -> Result<Option<String>, BadSetting> {
    match not_empty(layer.jwt_secret.clone()) {
        Some(secret) if secret.len() < SECRET_MIN => {
            Err(BadSetting::new("jwt_secret", format!("needs at least {SECRET_MIN} characters")))
        }
        None if database_url.is_some_and(|url| url.starts_with("postgres")) => {
            Err(BadSetting::new("jwt_secret", "is required with PostgreSQL, the same on all nodes"))
        }
        secret => Ok(secret),
    }
}

fn mail(layer: &Layer) -> Result<Option<(String, String)>, BadSetting> {
    let Some(url) = not_empty(layer.smtp_url.clone()) else { return Ok(None) };
    let from = not_empty(layer.mail_from.clone());
    let from = from.ok_or_else(|| BadSetting::new("mail_from", "is required with smtp_url"))?;
    // Never shown: it may have a password.
    let bad = || BadSetting::new("smtp_url", "is not like smtps://user:password@mail.club.example");
    let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
    let (_, options) = rest.split_once('?').unwrap_or((rest, ""));
    let uri: actix_web::http::Uri = url.parse().map_err(|_| bad())?;
    let authority = uri.authority().filter(|_| matches!(scheme, "smtp" | "smtps")).ok_or_else(bad)?;
    let is_near = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    if scheme == "smtp" && authority.as_str().contains('@') && options != "tls=required" && !is_near {
        return Err(BadSetting::new("smtp_url", "a password wants smtps:// or ?tls=required"));
    }
    Ok(Some((url, from)))
}

/// Never shown.
fn telegram_bot_token(layer: &Layer) -> Result<Option<String>, BadSetting> {
    let is_one = |token: &String| {
        token.split_once(':').is_some_and(|(id, secret)| id.parse::<u64>().is_ok() && !secret.is_empty())
    };
    match not_empty(layer.telegram_bot_token.clone()) {
        Some(token) if !is_one(&token) => Err(BadSetting::new("telegram_bot_token", "is not like 12345:AAbbcc")),
        token => Ok(token),
    }
}

impl Config {
    /// Lays `flags` (with the environment) over the file over the defaults, and checks the whole.
    pub fn load(flags: Layer, file: Option<PathBuf>) -> Result<Self, BadSetting> {
        let below = Layer::defaults();
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
        let (database_url, amqp_urls) = (database_url(&layer)?, amqp_urls(&layer)?);
        let jwt_secret = jwt_secret(&layer, database_url.as_deref())?;
        let (mail, telegram_bot_token) = (mail(&layer)?, telegram_bot_token(&layer)?);
        let listen = set("listen", layer.listen)?;
        let mut listen: SocketAddr =
            listen.parse().map_err(|_| BadSetting::new("listen", format!("{listen:?} is not like 127.0.0.1:8080")))?;
        let lan = layer.lan.unwrap_or_default();
        if lan {
            listen.set_ip(Ipv4Addr::UNSPECIFIED.into());
        }
        let public_url = not_empty(layer.public_url).map(|url| origin("public_url", &url)).transpose()?;
        let node_id = not_empty(layer.node_id).unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        if node_id.len() > 64 || !node_id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Err(BadSetting::new("node_id", "1 to 64 letters, digits, dots, dashes and underscores"));
        }
        let allowed_origins = layer.allowed_origin.unwrap_or_default();
        let is_origin = |origin: &&String| origin.split_once("://").is_some_and(|(_, host)| !host.contains('/'));
        if let Some(origin) = allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(BadSetting::new("allowed_origin", format!("{origin:?} is not like https://club.example")));
        }
        let proxies = layer.trusted_proxies.unwrap_or_default();
        let trusted_proxies = proxies.iter().map(|proxy| trusted_proxy(proxy)).collect::<Result<_, _>>()?;
        let log = set("log", layer.log)?;
        tracing_subscriber::EnvFilter::builder().parse(&log).map_err(|error| BadSetting::new("log", error))?;
        Ok(Self {
            listen,
            lan,
            public_url,
            data_dir: set("data_dir", layer.data_dir)?,
            database_url,
            amqp_urls,
            queue_type: set("queue_type", layer.queue_type)?,
            node_id,
            jwt_secret,
            mail,
            telegram_bot_token,
            allow_private_targets: layer.allow_private_targets.unwrap_or_default(),
            role: set("role", layer.role)?,
            admins: layer.admin.unwrap_or_default().iter().map(|name| name.to_lowercase()).collect(),
            allowed_origins,
            trusted_proxies,
            log_format: set("log_format", layer.log_format)?,
            log,
            commands_per_second: limit("commands_per_second", layer.commands_per_second)?,
            messages_per_second: limit("messages_per_second", layer.messages_per_second)?,
            sessions_per_hour: limit("sessions_per_hour", layer.sessions_per_hour)?,
            invitations_per_hour: limit("invitations_per_hour", layer.invitations_per_hour)?,
            joins_per_minute: limit("joins_per_minute", layer.joins_per_minute)?,
            max_live_sessions: limit("max_live_sessions", layer.max_live_sessions)?,
            registrations_per_minute: limit("registrations_per_minute", layer.registrations_per_minute)?,
            login_failures_per_minute: limit("login_failures_per_minute", layer.login_failures_per_minute)?,
            max_body_bytes: within("max_body_bytes", layer.max_body_bytes, 1_024, 64 << 20)?,
            max_connections: limit("max_connections", layer.max_connections)?,
            connections_per_user: limit("connections_per_user", layer.connections_per_user)?,
            connections_per_address: limit("connections_per_address", layer.connections_per_address)?,
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
    fn a_server_for_the_phones_around_it_listens_on_all_addresses_at_its_port() {
        let flags = Layer { lan: Some(true), public_url: Some("https://club.example/".into()), ..Layer::default() };
        let config = Config::load(flags, None).expect("settings");
        assert_eq!(config.listen, SocketAddr::from(([0, 0, 0, 0], 8080)));
        assert_eq!(config.public_url.as_deref(), Some("https://club.example"));
    }

    #[test]
    fn a_bad_setting_is_named_with_its_reason() {
        assert!(refused(|flags| flags.listen = Some("here".into())).starts_with("listen: "));
        assert!(refused(|flags| flags.database_url = Some("mysql://x".into())).starts_with("database_url: "));
        assert!(refused(|flags| flags.database_url = Some("postgres://x".into())).starts_with("jwt_secret: "));
        assert!(refused(|flags| flags.jwt_secret = Some("short".into())).starts_with("jwt_secret: "));
        assert!(refused(|flags| flags.max_connections = Some(0)).starts_with("max_connections: "));
        for proxies in ["x", "10.0.0.0/33", "10.0.0/8"] {
            let refusal = refused(|flags| flags.trusted_proxies = Some(vec![proxies.into()]));
            assert!(refusal.starts_with("trusted_proxies: "), "{refusal}");
        }
        let origin = "https://club.example/page".to_owned();
        assert!(refused(|flags| flags.allowed_origin = Some(vec![origin])).starts_with("allowed_origin: "));
        let refusal = refused(|flags| flags.telegram_bot_token = Some("secret".into()));
        assert!(refusal.starts_with("telegram_bot_token: ") && !refusal.contains("secret"), "{refusal}");
        assert!(refused(|flags| flags.smtp_url = Some("smtp://localhost".into())).starts_with("mail_from: "));
        for url in ["mail.club.example", "http://mail.club.example", "smtp://anna:secret@mail.club.example"] {
            let refusal = refused(|flags| {
                flags.smtp_url = Some(url.into());
                flags.mail_from = Some("artel@club.example".into());
            });
            assert!(refusal.starts_with("smtp_url: ") && !refusal.contains("secret"), "{refusal}");
        }
        for url in ["club.example", "ftp://club.example", "https://club.example/artel", "https://a:b@club.example"] {
            assert!(refused(|flags| flags.public_url = Some(url.into())).starts_with("public_url: "), "{url}");
        }
        let in_a_file = |text| Layer::read(text, "artel.toml").map(|_| ()).expect_err("a bad setting").to_string();
        assert!(in_a_file("role = \"all\"\nlisten = 5\n").starts_with("listen: artel.toml, line 2: "));
        assert!(in_a_file("\n\ncommands_per_second = -1").starts_with("commands_per_second: artel.toml, line 3: "));
        assert!(in_a_file("loud = true").starts_with("loud: artel.toml, line 1: "));
        assert!(in_a_file("= 5").starts_with("artel.toml: line 1: "));
        assert!(in_a_file("what is this").starts_with("artel.toml: line 1: "));
        assert!(refused(|flags| flags.log = Some("artel=loud".into())).starts_with("log: "));
    }
}
