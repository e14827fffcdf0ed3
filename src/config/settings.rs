//! Every setting, declared once: its key, which is also its flag and its variable, what it is for, and its default.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, StyledStr};
use clap::{Arg, ArgAction, Args, Command, CommandFactory, Parser};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BadSetting, NodeRole, QueueType};
use crate::telemetry::LogFormat;

macro_rules! settings {
    ($($(#[doc = $help:literal])+ #[arg($($arg:tt)*)] $name:ident: $kind:ty = $default:expr;)+) => {
        /// The settings as one layer gives them: flags with variables, a file, or the defaults. In a file they are the keys
        /// of the same names.
        #[derive(Args, Clone, Debug, Default, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Layer {
            $($(#[doc = $help])+ #[arg(long, $($arg)*)] pub $name: Option<$kind>,)+
        }

        impl Layer {
            /// Below all others.
            pub(super) fn defaults() -> Self {
                Self { $($name: $default,)+ }
            }

            /// What this layer leaves open is taken from the one below.
            pub(super) fn over(self, below: Self) -> Self {
                Self { $($name: self.$name.or(below.$name),)+ }
            }
        }
    };
}

settings! {
    /// Address and port to serve the page, the REST API and the sockets on. 0.0.0.0:8080 lets other devices of the
    /// network in.
    #[arg(value_name = "ADDRESS:PORT")]
    listen: String = Some("127.0.0.1:8080".to_owned());
    /// Listens on all addresses and shows the one for phones near the server, with its QR code.
    #[arg(
        value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
    )]
    lan: bool = Some(false);
    /// Where users reach this service, like `https://club.example`: for links and QR codes. Guessed from the addresses of
    /// this machine unless told.
    #[arg(value_name = "URL")]
    public_url: String = None;
    /// Where the SQLite file and the generated signing key are.
    #[arg(value_name = "DIR")]
    data_dir: PathBuf = Some("./data".into());
    /// postgres://user:password@host/database for several nodes. SQLite in the data directory unless told.
    #[arg(value_name = "URL", hide_env_values = true)]
    database_url: String = None;
    /// RabbitMQ, several separated by commas: the next one is taken when one fails. A bus inside the process, for one node,
    /// unless told.
    #[arg(value_name = "URL,...", hide_env_values = true)]
    amqp_url: String = None;
    /// What the queues on RabbitMQ are: classic, or quorum (on most nodes of a cluster; without priorities). Queues that
    /// exist stay what they are, so delete them before changing this.
    #[arg(value_enum)]
    queue_type: QueueType = Some(QueueType::Classic);
    /// The name of this node, at most 64 characters. Random unless told.
    #[arg(value_name = "NAME")]
    node_id: String = None;
    /// Signs the access tokens; at least 32 characters, the same on all nodes. Generated into the data directory unless
    /// told; required with PostgreSQL.
    #[arg(value_name = "SECRET", hide_env_values = true)]
    jwt_secret: String = None;
    /// The mail server, like `smtps://user:password@mail.club.example`, or `smtp://...?tls=required` for STARTTLS. No mail is
    /// sent unless told.
    #[arg(value_name = "URL", hide_env_values = true)]
    smtp_url: String = None;
    /// What mails are from, like `Artel <artel@club.example>`. Required with a mail server.
    #[arg(value_name = "ADDRESS")]
    mail_from: String = None;
    /// The token of the Telegram bot whose Mini App people sign in from, the same on all nodes. Nobody signs in with Telegram
    /// unless told.
    #[arg(value_name = "TOKEN", hide_env_values = true)]
    telegram_bot_token: String = None;
    /// Webhooks and push services may be at private, loopback and link-local addresses, and without TLS.
    #[arg(
        value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
    )]
    allow_private_targets: bool = Some(false);
    /// What this node does. all: everything; api: HTTP and sockets; worker: consumers.
    #[arg(value_enum)]
    role: NodeRole = Some(NodeRole::All);
    /// User names that get the role admin.
    #[arg(value_name = "NAME,...", value_delimiter = ',')]
    admin: Vec<String> = Some(Vec::new());
    /// Origins besides the server's own whose pages may call the API and open WebSockets, like `https://club.example`.
    #[arg(value_name = "ORIGIN,...", value_delimiter = ',')]
    allowed_origin: Vec<String> = Some(Vec::new());
    /// Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, and networks of them like 10.0.0.0/8.
    #[arg(value_name = "ADDRESS[/BITS],...", value_delimiter = ',')]
    trusted_proxies: Vec<String> = Some(Vec::new());
    /// How the log looks.
    #[arg(value_enum)]
    log_format: LogFormat = Some(LogFormat::Text);
    /// Which messages are logged, like info or info,artel::session=debug.
    #[arg(value_name = "FILTER")]
    log: String = Some("info".to_owned());
    /// Commands of one user a second over all his sockets and REST together, on one node; a burst may be twice as many. He
    /// may read ten times as often.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    commands_per_second: u32 = Some(20);
    /// Messages of one user in chats a second, and changes of them, on one node; a burst may be twice as many.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    messages_per_second: u32 = Some(5);
    /// Sessions that one user may open in an hour, over all nodes.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    sessions_per_hour: u32 = Some(30);
    /// Invitations that one user may send in an hour, over all nodes.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    invitations_per_hour: u32 = Some(60);
    /// Join codes that one user may try in a minute; of wrong ones, one address ten times that.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    joins_per_minute: u32 = Some(30);
    /// Sessions in memory at once; the longest idle one makes room for the next.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    max_live_sessions: usize = Some(50_000);
    /// Registrations from one address a minute.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    registrations_per_minute: u32 = Some(60);
    /// Failed logins of one account a minute, from one address ten times as many.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    login_failures_per_minute: u32 = Some(5);
    /// The largest request body.
    #[arg(value_name = "BYTES", allow_negative_numbers = true)]
    max_body_bytes: usize = Some(1 << 20);
    /// Sockets and event streams open at once; one more is answered overloaded.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    max_connections: usize = Some(20_000);
    /// Sockets and event streams of one user at once, on each node; one more is answered 429.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    connections_per_user: usize = Some(20);
    /// Sockets, streams and requests under way of one address at once (of the forwarded one behind a trusted proxy); one
    /// more is answered 429. Twice as many connections are accepted, the next are cut.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    connections_per_address: usize = Some(200);
    /// How often a socket is asked whether it is still there; silent for two of these, it is closed.
    #[arg(value_name = "SECONDS", allow_negative_numbers = true)]
    heartbeat_seconds: u64 = Some(25);
}

/// The command line of a program: as it is declared, and what follows from the declaration of the settings.
pub fn command_of<P: CommandFactory>() -> Command {
    with_variables(P::command())
}

/// What was given on the command line and in the environment.
pub fn parse<P: Parser>() -> Result<P, clap::Error> {
    parse_from(std::env::args_os())
}

pub(crate) fn parse_from<P: Parser>(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<P, clap::Error> {
    P::from_arg_matches(&command_of::<P>().try_get_matches_from(words)?)
}

/// Gives each flag that is a setting its variable and says its default, in a command and those below it.
fn with_variables(command: Command) -> Command {
    let defaults = Layer::defaults_as_json();
    let settings = Layer::augment_args(Command::new("settings"));
    let is_setting = |flag: &Arg| settings.get_arguments().any(|setting| setting.get_id() == flag.get_id());
    // A flag without a value is something else that is called alike.
    let complete = |flag: Arg| match is_setting(&flag) && !matches!(flag.get_action(), ArgAction::SetTrue) {
        true => of_setting(flag, &defaults),
        false => flag,
    };
    command.mut_args(complete).mut_subcommands(with_variables)
}

fn of_setting(flag: Arg, defaults: &Value) -> Arg {
    let variable = variable(flag.get_id().as_str());
    let default = match &defaults[flag.get_id().as_str()] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let help = match (flag.get_help(), default) {
        (Some(help), Some(default)) => StyledStr::from(format!("{help} [default: {default}]")),
        (help, _) => help.cloned().unwrap_or_default(),
    };
    flag.env(variable).help(help)
}

/// `ARTEL_LISTEN` for `listen`.
fn variable(setting: &str) -> String {
    format!("ARTEL_{}", setting.to_uppercase())
}

impl Layer {
    fn defaults_as_json() -> Value {
        serde_json::to_value(Self::defaults()).expect("settings have names and values")
    }

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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with all settings, each with what it is for.
    fn as_file() -> String {
        let mut file = "# Every setting of Artel with its default. A file like this is given with `--config`; a flag wins over a\n\
            # variable (ARTEL_LISTEN for `listen`, and so on), a variable over the file, the file over these defaults.\n"
            .to_owned();
        let defaults = Layer::defaults_as_json();
        for setting in Layer::augment_args(Command::new("settings")).get_arguments() {
            let help = setting.get_help().map(ToString::to_string).unwrap_or_default();
            let name = setting.get_id().as_str();
            let value = match &defaults[name] {
                Value::Null => format!("# {name} = \"\""),
                value => format!("{name} = {value}"),
            };
            file += &format!("\n# {help}\n{value}\n");
        }
        file
    }

    #[test]
    fn the_file_of_all_settings_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.toml");
        if std::env::var_os("ARTEL_RECORD").is_some() {
            std::fs::write(path, as_file()).expect("written");
        }
        let there = std::fs::read_to_string(path).expect("the file");
        assert_eq!(there, as_file(), "record it again with ARTEL_RECORD=1");
        Layer::read(&there, "settings.toml").expect("settings");
    }

    #[test]
    fn a_flag_that_is_a_setting_has_its_variable_and_default() {
        let command = Command::new("artel").subcommand(Layer::augment_args(Command::new("serve")));
        let command =
            command.subcommand(Command::new("create").arg(Arg::new("admin").long("admin").action(ArgAction::SetTrue)));
        let command = with_variables(command);
        let flag = |part: &str, id: &str| {
            let part = command.find_subcommand(part).expect("a command");
            part.get_arguments().find(|flag| flag.get_id() == id).expect("a flag").clone()
        };
        let listen = flag("serve", "listen");
        assert_eq!(listen.get_env(), Some("ARTEL_LISTEN".as_ref()));
        assert!(listen.get_help().expect("help").to_string().ends_with("[default: 127.0.0.1:8080]"));
        assert!(flag("serve", "database_url").is_hide_env_values_set());
        assert_eq!(flag("create", "admin").get_env(), None);
    }
}
