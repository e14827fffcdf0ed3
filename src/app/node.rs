//! A node: opens the database and the bus, starts tasks and actors, serves, and stops in order.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::data_dir::DataDir;
use super::runtime::runtime;
use super::sinks::sinks;
use super::{check, schema, store};
use crate::account::{self, Accounts};
use crate::audit::{self, Audit};
use crate::chat::{self, Announcer, ChatWriter, Chats, ReceiptWriter};
use crate::config::{BadSetting, Config, NodeRole};
use crate::database::{Database, Options};
use crate::ids::WriterId;
use crate::journal::{Journal, JournalWriter, follow};
use crate::messaging::relay::Relay;
use crate::messaging::{Bus, Rabbit, dead_letters, processed, rabbit};
use crate::notification::{self, Compensation, NotificationConsumer, Outbound, VapidKey};
use crate::outbox;
use crate::session::{self, Sessions};
use crate::stats::{self, Statistics};
use crate::stream::{self, ConnectionLimits, Connections};
use crate::{clock, telemetry};

/// How far the threads of the bus stand back, in steps of `nice`: a tenth of the processor where all want it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Connections that the system takes for the server before it does.
const BACKLOG: i32 = 1_024;
/// What sessions, and what connections, have to say to other nodes; what does not fit is made good by the sweep.
const NEWS_MAX: usize = 65_536;
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3_600);

/// Serves until a signal ends it.
pub fn serve(config: Config) -> anyhow::Result<ExitCode> {
    if let Err(reason) = telemetry::start_log(config.log_format, &config.log) {
        bail!("log: {reason}");
    }
    let metrics = telemetry::start_metrics().context("starting the metrics")?;
    let runtimes = Runtimes { journal: runtime("artel-journal")?, bus: runtime("artel-bus")? };
    let served = System::new().block_on(async {
        // Nothing is made before all that the settings name is seen to be there.
        let listener = listen(config.listen)?;
        let data_dir = check::before_start(&config).await?;
        let node = Node::start(&config, &runtimes, data_dir).await?;
        node.serve(&config, listener, metrics).await
    });
    // Waits for nobody, and not within the system: a runtime that is dropped there panics.
    runtimes.bus.shutdown_background();
    runtimes.journal.shutdown_background();
    served.map(|()| ExitCode::SUCCESS)
}

/// Takes the port. Connections wait until the node serves.
fn listen(address: SocketAddr) -> Result<TcpListener, BadSetting> {
    let listen = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // The connections of a server that has just ended don't keep its port.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error: std::io::Error| BadSetting::new("listen", format!("{address}: {error}")))
}

/// What runs beside the HTTP workers.
struct Runtimes {
    /// Commits, and reads of the log.
    journal: Runtime,
    /// Relay, consumers, feed, the broker's connections.
    bus: Runtime,
}

/// What lives in the runtime of the journal.
struct Storage {
    database: Database,
    journal: Journal,
    writer: JournalWriter,
}

async fn open_back(config: Config) -> anyhow::Result<Storage> {
    let database = store::open(&config).await?;
    schema::migrate(&database)
        .await
        .map_err(|error| store::bad(&config, format!("bringing it up to date: {error}")))?;
    let (journal, writer) = JournalWriter::register(database.clone(), &config.node_id, clock::now())
        .await
        .context("registering at the journal")?;
    Ok(Storage { database, journal, writer })
}

async fn open_bus(config: Config) -> anyhow::Result<Bus> {
    if store::sqlite_file(&config).is_none() {
        give_way();
    }
    if config.amqp_urls.is_empty() {
        return Ok(Bus::in_process());
    }
    let settings = rabbit::BrokerSettings {
        urls: config.amqp_urls.clone(),
        queue_type: config.queue_type,
        node_id: config.node_id.clone(),
    };
    let bus = Rabbit::start(settings).await.map_err(|error| BadSetting::new("amqp_url", error))?;
    Ok(Bus::Rabbit(bus))
}

/// Lets this thread, the only one of its runtime, and those that it starts wait where others want the processor: a ball
/// is more urgent than what is told of it elsewhere. Not for SQLite, where both write in turn and a ball would wait too.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the bus is as urgent as the rest");
    }
}

async fn on_this_runtime(database: Database, config: Config) -> anyhow::Result<Database> {
    let url = config.database_url.as_deref().unwrap_or_default();
    Ok(database.for_this_runtime(url, Options::default()).await.map_err(|error| store::bad(&config, error))?)
}

/// Deletes now and then what ended by time.
async fn forget_expired(accounts: Accounts, database: Database) {
    let mut due = clock::every(HOUSEKEEPING_EVERY);
    loop {
        due.tick().await;
        match accounts.forget_expired().await {
            Ok(logins) => tracing::debug!(logins, "expired logins deleted"),
            Err(error) => tracing::warn!(%error, "expired logins not deleted"),
        }
        match session::guests::delete_unused(&accounts, &database).await {
            Ok(guests) => tracing::debug!(guests, "unused guests deleted"),
            Err(error) => tracing::warn!(%error, "unused guests not deleted"),
        }
        match outbox::delivery::forget_old(database.writer(), clock::now()).await {
            Ok(deliveries) => tracing::debug!(deliveries, "settled deliveries forgotten"),
            Err(error) => tracing::warn!(%error, "settled deliveries not forgotten"),
        }
        match outbox::failing_target::forget_old(database.writer()).await {
            Ok(targets) => tracing::debug!(targets, "failing addresses forgotten"),
            Err(error) => tracing::warn!(%error, "failing addresses not forgotten"),
        }
        match dead_letters::forget_unsent(database.writer(), clock::now()).await {
            Ok(letters) => tracing::debug!(letters, "what could not be sent outside forgotten"),
            Err(error) => tracing::warn!(%error, "what could not be sent outside not forgotten"),
        }
        match chat::presence::forget_old(database.writer()).await {
            Ok(connections) => tracing::debug!(connections, "connections of nodes that are gone forgotten"),
            Err(error) => tracing::warn!(%error, "connections of nodes that are gone not forgotten"),
        }
        match processed::forget_old(&database, clock::now()).await {
            Ok(messages) => tracing::debug!(messages, "answered messages forgotten"),
            Err(error) => tracing::warn!(%error, "answered messages not forgotten"),
        }
    }
}

/// Everything of a node that runs beside HTTP.
pub(super) struct Node {
    pub(super) database: Database,
    pub(super) bus: Bus,
    pub(super) journal: Journal,
    pub(super) sessions: Sessions,
    pub(super) chats: Chats,
    pub(super) accounts: Accounts,
    pub(super) connections: Connections,
    pub(super) outbound: Outbound,
    pub(super) vapid: Arc<VapidKey>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) tasks: JoinSet<&'static str>,
    pub(super) relay: tokio::task::JoinHandle<()>,
    /// As the runtime of the journal sees the database; on SQLite it is the same one.
    pub(super) back: Database,
    /// This node's row in the table of writers.
    pub(super) writer_id: WriterId,
    /// Locked as long as this lives.
    pub(super) _data_dir: Option<DataDir>,
}

impl Node {
    async fn start(config: &Config, runtimes: &Runtimes, mut data_dir: Option<DataDir>) -> anyhow::Result<Self> {
        let handle = runtimes.bus.handle();
        let bus = handle.spawn(open_bus(config.clone())).await.context("starting")??;
        let secret = signing_secret(config, &mut data_dir)?;
        let opening = open_back(config.clone());
        let Storage { database, journal, mut writer } = runtimes.journal.spawn(opening).await.context("starting")??;
        let back = database.clone();
        let front = on_this_runtime(database.clone(), config.clone()).await?;
        let database = handle.spawn(on_this_runtime(database, config.clone())).await.context("starting")??;
        let accounts = open_accounts(&front, config, secret).await?;
        let (outbound, vapid) = outside(config, &front).await?;
        let (sessions, connections, news) = listeners(config, &journal, !bus.is_local());
        let rooms = (accounts.clone(), sessions.clone());
        let listening = stream::ChatListeners::new(connections.clone());
        let (chats, writing) =
            Chats::new(front.clone(), rooms, (back.clone(), bus.clone()), Arc::new(listening.clone()));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let committed = writer.commit_feed();
        let writer_id = committed.writer_id;
        // Consumers are bound before the relay runs, so that it finds somebody for what waits.
        let feed = stream::Feed {
            bus: bus.clone(),
            database: database.clone(),
            node_id: config.node_id.clone(),
            epoch: writer_id,
            sessions: sessions.clone(),
            connections: connections.clone(),
            chats: listening,
            accounts: accounts.clone(),
            news,
        };
        // The bus in the process reaches the consumers in the process only.
        if config.role != NodeRole::Api || bus.is_local() {
            let _bus = handle.enter();
            spawn_consumers(&mut tasks, (&bus, &database), &sessions, config.mail.is_some());
            tasks.spawn(named("sinks", sinks(config, &database, &journal, (&accounts, &outbound, &vapid))?.run()));
        }
        tasks.spawn_on(named("feed", feed.run()), handle);
        spawn_upkeep(&mut tasks, handle, (&sessions, &accounts), (&bus, &database));
        tasks.spawn(named("online", stream::online::run(chats.clone(), connections.clone(), writer_id)));
        spawn_chats(&mut tasks, runtimes, writing);
        tasks.spawn_on(named("journal", writer.run()), runtimes.journal.handle());
        let relay = handle.spawn(Relay::new(database, bus.clone(), committed).run(stopped));
        Ok(Self {
            database: front,
            journal,
            sessions,
            chats,
            accounts,
            connections,
            outbound,
            vapid,
            bus,
            stop,
            tasks,
            relay,
            back,
            writer_id,
            _data_dir: data_dir,
        })
    }
}

/// What is needed to send anything outside.
async fn outside(config: &Config, database: &Database) -> anyhow::Result<(Outbound, Arc<VapidKey>)> {
    let outbound = Outbound::new(config.allow_private_targets).context("preparing requests")?;
    let vapid = VapidKey::load(database).await.context("reading the key of Web Push")?;
    Ok((outbound, Arc::new(vapid)))
}

/// What stores chats, and tells of them.
fn spawn_chats(
    tasks: &mut JoinSet<&'static str>,
    runtimes: &Runtimes,
    (saying, receiving, announcing): (ChatWriter, ReceiptWriter, Announcer),
) {
    tasks.spawn_on(named("chats", saying.run()), runtimes.journal.handle());
    tasks.spawn_on(named("chat receipts", receiving.run()), runtimes.journal.handle());
    tasks.spawn_on(named("chat statuses", announcing.run()), runtimes.bus.handle());
}

/// What looks again and again whether something is due.
fn spawn_upkeep(
    tasks: &mut JoinSet<&'static str>,
    handle: &tokio::runtime::Handle,
    (sessions, accounts): (&Sessions, &Accounts),
    (bus, database): (&Bus, &Database),
) {
    let departures = session::departures::run(sessions.clone(), database.clone());
    tasks.spawn_on(named("departures", departures), handle);
    tasks.spawn_on(named("housekeeping", forget_expired(accounts.clone(), database.clone())), handle);
    tasks.spawn_on(named("absent", chat::notifying::run(database.clone(), bus.clone())), handle);
}

/// Who hears what happens here. `shared`: other nodes may have to be told; inside one process there are none.
fn listeners(config: &Config, journal: &Journal, shared: bool) -> (Sessions, Connections, Option<stream::FeedUpdates>) {
    let (of_sessions, sessions_news) = mpsc::channel(NEWS_MAX);
    let (of_users, users_news) = mpsc::channel(NEWS_MAX);
    let arbiter = actix::Arbiter::current();
    let of_sessions = shared.then_some(of_sessions);
    let sessions = Sessions::new(journal.clone(), arbiter, of_sessions, config.max_live_sessions);
    let limits = ConnectionLimits { all: config.max_connections, of_user: config.connections_per_user };
    let connections = Connections::new(limits, shared.then_some(of_users));
    let news = shared.then_some(stream::FeedUpdates { sessions: sessions_news, users: users_news });
    (sessions, connections, news)
}

/// What is made of messages and of the log, on the runtime of the caller.
fn spawn_consumers(
    tasks: &mut JoinSet<&'static str>,
    (bus, database): (&Bus, &Database),
    sessions: &Sessions,
    sends_mail: bool,
) {
    let statistics = Statistics::default();
    // There a message counts as taken when it is applied, and nobody else can be at it.
    let is_exact = bus.is_local() && !database.is_postgres();
    let sweep = follow::run(database.clone(), is_exact, statistics.sweep(), notification::Sweep { sends_mail });
    let commands = stream::Commands::new(sessions.clone(), database.clone());
    tasks.spawn(named("statistics", statistics.run(bus.clone(), database.clone())));
    tasks.spawn(named("notifications", NotificationConsumer { sends_mail }.run(bus.clone(), database.clone())));
    tasks.spawn(named("compensation", Compensation.run(bus.clone(), database.clone())));
    tasks.spawn(named("audit", Audit.run(bus.clone(), database.clone())));
    tasks.spawn(named("commands", commands.run(bus.clone())));
    tasks.spawn(named("sweep", sweep));
    tasks.spawn(named("audit links", audit::link(database.clone())));
    tasks.spawn(named("older results", stats::keep_filled_in(database.clone())));
}

async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

async fn open_accounts(database: &Database, config: &Config, secret: String) -> anyhow::Result<Accounts> {
    let accounts = Accounts::new(database.clone(), account_settings(config, secret));
    accounts.load_revoked(database).await.context("reading the revoked logins")?;
    for doubt in Accounts::unconfirmed_admins(database, &config.admins).await.context("reading the admins")? {
        tracing::warn!("{doubt}");
    }
    Ok(accounts)
}

fn signing_secret(config: &Config, data_dir: &mut Option<DataDir>) -> anyhow::Result<String> {
    if let Some(data_dir) = data_dir {
        data_dir.make()?;
    }
    match (&config.jwt_secret, data_dir) {
        (Some(secret), _) => Ok(secret.clone()),
        (None, Some(data_dir)) => Ok(data_dir.signing_key()?),
        (None, None) => bail!("jwt_secret: is not set"),
    }
}

pub(super) fn account_settings(config: &Config, jwt_secret: String) -> account::Settings {
    account::Settings {
        jwt_secret,
        admins: config.admins.clone(),
        registrations_per_minute: config.registrations_per_minute,
        login_failures_per_minute: config.login_failures_per_minute,
        trusted_proxies: config.trusted_proxies.clone(),
        sends_mail: config.mail.is_some(),
        telegram_bot_token: config.telegram_bot_token.clone(),
        rates: account::UserRates {
            commands_per_second: config.commands_per_second,
            messages_per_second: config.messages_per_second,
            sessions_per_hour: config.sessions_per_hour,
            invitations_per_hour: config.invitations_per_hour,
            joins_per_minute: config.joins_per_minute,
        },
        ..account::Settings::default()
    }
}
