//! Composition: opens the database and the bus, starts tasks and actors, owns the shutdown. The only file that knows
//! every room.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actix::System;
use actix_web::{App as HttpApp, HttpServer, middleware, web};
use anyhow::{Context, bail};
use migration::Migrator;
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::account::{self, Accounts};
use crate::audit::{self, Audit};
use crate::config::{BadSetting, Config, Role};
use crate::database::{Database, Options};
use crate::game::id::SessionId;
use crate::health::Readiness;
use crate::journal::{Journal, JournalWriter};
use crate::messaging::relay::Relay;
use crate::messaging::{Bus, Rabbit, dead_letters, processed, rabbit};
use crate::problem::BodyLimit;
use crate::session::Sessions;
use crate::social::{Compensation, Notifications, Teller};
use crate::stats::Statistics;
use crate::stream::{self, Connections};
use crate::{clock, problem, routes, telemetry};

/// HTTP workers, each an arbiter where sockets and sessions live.
const HTTP_WORKERS: usize = 2;
/// Threads of the runtime that the journal has beside the workers, and of the one that the bus has. Two runtimes: a
/// commit must not wait while messages are written and read. One thread each: two wake each other for
/// work that one has time for.
const BACK_THREADS: usize = 1;
/// How far the threads of the bus stand back, in steps of `nice`: a tenth of the processor where all want it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Everything has to be over within ten seconds of the signal; the rest of them is for the exit itself.
const SHUTDOWN_MAX: Duration = Duration::from_secs(9);
const HTTP_SHUTDOWN_SECONDS: u64 = 3;
/// What sessions, and what connections, have to say to other nodes; what does not fit is made good by the sweep.
const NEWS_MAX: usize = 65_536;
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3_600);
/// Serialises migrations of several nodes on PostgreSQL; any fixed number.
const MIGRATION_LOCK: i64 = 0x0041_5254_454c;

/// Serves until a signal ends it.
pub fn serve(config: Config) -> anyhow::Result<ExitCode> {
    if let Err(reason) = telemetry::start_log(config.log_format, &config.log) {
        bail!("log: {reason}");
    }
    let metrics = telemetry::start_metrics().context("starting the metrics")?;
    let runtimes = Runtimes { journal: runtime("artel-journal")?, bus: runtime("artel-bus")? };
    let served = System::new().block_on(async {
        let node = Node::start(&config, &runtimes).await?;
        node.serve(&config, metrics).await
    });
    // Waits for nobody, and not within the system: a runtime that is dropped there panics.
    runtimes.bus.shutdown_background();
    runtimes.journal.shutdown_background();
    served.map(|()| ExitCode::SUCCESS)
}

/// What runs beside the HTTP workers.
struct Runtimes {
    /// Commits, and reads of the log.
    journal: Runtime,
    /// Relay, consumers, feed, the broker's connections.
    bus: Runtime,
}

fn runtime(name: &str) -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(BACK_THREADS)
        .thread_name(name)
        .enable_all()
        .build()
        .context("starting the runtime")
}

/// What lives in the runtime of the journal.
struct Back {
    database: Database,
    lock: Option<File>,
    journal: Journal,
    writer: JournalWriter,
}

async fn open_back(config: Config) -> anyhow::Result<Back> {
    let (database, lock) = open(&config).await?;
    migrate_locked(&database).await.context("migrating the database")?;
    let (journal, writer) = JournalWriter::register(database.clone(), &config.node_id, clock::now())
        .await
        .context("registering at the journal")?;
    Ok(Back { database, lock, journal, writer })
}

/// The bus, and the database as its runtime sees it.
async fn open_bus(config: Config, database: Database) -> anyhow::Result<(Bus, Database)> {
    if database.is_postgres() {
        give_way();
    }
    let database = on_this_runtime(&database, &config).await?;
    if config.amqp_urls.is_empty() {
        return Ok((Bus::in_process(), database));
    }
    let settings = rabbit::Settings {
        urls: config.amqp_urls.clone(),
        queue_type: config.queue_type,
        node_id: config.node_id.clone(),
    };
    Ok((Bus::Rabbit(Rabbit::start(settings).await?), database))
}

/// Lets this thread, the only one of its runtime, and those that it starts wait where others want the processor: a ball
/// is more urgent than what is told of it elsewhere. Not for SQLite, where both write in turn and a ball would wait too.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the bus is as urgent as the rest");
    }
}

async fn on_this_runtime(database: &Database, config: &Config) -> anyhow::Result<Database> {
    let url = config.database_url.as_deref().unwrap_or_default();
    database.for_this_runtime(url, Options::default()).await.context("database_url: opening the database")
}

/// Deletes now and then what ended by time.
async fn forget_expired(accounts: Accounts, database: Database) {
    let mut due = tokio::time::interval(HOUSEKEEPING_EVERY);
    loop {
        due.tick().await;
        match accounts.forget_expired().await {
            Ok(logins) => tracing::debug!(logins, "expired logins deleted"),
            Err(error) => tracing::warn!(%error, "expired logins not deleted"),
        }
        match processed::forget_old(database.writer(), clock::now()).await {
            Ok(messages) => tracing::debug!(messages, "answered messages forgotten"),
            Err(error) => tracing::warn!(%error, "answered messages not forgotten"),
        }
    }
}

/// Everything of a node that runs beside HTTP.
struct Node {
    database: Database,
    bus: Bus,
    journal: Journal,
    sessions: Sessions,
    accounts: Accounts,
    connections: Connections,
    stop: watch::Sender<bool>,
    tasks: JoinSet<&'static str>,
    relay: tokio::task::JoinHandle<()>,
    _lock: Option<File>,
}

impl Node {
    async fn start(config: &Config, runtimes: &Runtimes) -> anyhow::Result<Self> {
        let handle = runtimes.bus.handle();
        let secret = jwt_secret(config)?;
        let opening = open_back(config.clone());
        let Back { database, lock, journal, mut writer } =
            runtimes.journal.spawn(opening).await.context("starting")??;
        let front = on_this_runtime(&database, config).await?;
        let opening = open_bus(config.clone(), database);
        let (bus, database) = handle.spawn(opening).await.context("starting")??;
        let accounts = Accounts::new(front.clone(), account_settings(config, secret));
        accounts.load_revoked(&front).await.context("reading the revoked logins")?;
        let (of_sessions, sessions_news) = mpsc::channel(NEWS_MAX);
        let (of_users, users_news) = mpsc::channel(NEWS_MAX);
        // Inside one process there are no other nodes.
        let shared = !bus.is_local();
        let news = shared.then_some(stream::FeedNews { sessions: sessions_news, users: users_news });
        let sessions = Sessions::new(journal.clone(), actix::Arbiter::current(), shared.then_some(of_sessions));
        let connections = Connections::new(config.max_connections, shared.then_some(of_users));

        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        // Consumers are bound before the relay runs, so that it finds somebody for what waits.
        let feed = stream::Feed {
            bus: bus.clone(),
            database: database.clone(),
            node_id: config.node_id.clone(),
            sessions: sessions.clone(),
            connections: connections.clone(),
            accounts: accounts.clone(),
            news,
        };
        // The bus in the process reaches the consumers in the process only.
        if config.role != Role::Api || bus.is_local() {
            let _bus = handle.enter();
            let statistics = Statistics::new(journal.clone()).run(bus.clone(), database.clone());
            let notifications = Teller.run(bus.clone(), database.clone());
            let compensation = Compensation.run(bus.clone(), database.clone());
            let auditing = Audit.run(bus.clone(), database.clone());
            let commands = stream::Commands::new(sessions.clone(), database.clone()).run(bus.clone());
            tasks.spawn_on(named("statistics", statistics), handle);
            tasks.spawn_on(named("notifications", notifications), handle);
            tasks.spawn_on(named("compensation", compensation), handle);
            tasks.spawn_on(named("audit", auditing), handle);
            tasks.spawn_on(named("commands", commands), handle);
            tasks.spawn_on(named("audit links", audit::link(database.clone())), handle);
        }
        tasks.spawn_on(named("feed", feed.run()), handle);
        tasks.spawn_on(named("housekeeping", forget_expired(accounts.clone(), database.clone())), handle);
        let committed = writer.tap();
        tasks.spawn_on(named("journal", writer.run()), runtimes.journal.handle());
        let relay = handle.spawn(Relay::new(database, bus.clone(), committed).run(stopped));
        Ok(Self { database: front, journal, sessions, accounts, connections, bus, stop, tasks, relay, _lock: lock })
    }

    async fn serve(
        mut self,
        config: &Config,
        metrics: metrics_exporter_prometheus::PrometheusHandle,
    ) -> anyhow::Result<()> {
        let settings = web::Data::new(stream::Settings {
            heartbeat: Duration::from_secs(config.heartbeat_seconds),
            commands_per_second: config.commands_per_second,
            allowed_origins: config.allowed_origins.clone(),
        });
        let (database, sessions) = (web::Data::new(self.database.clone()), web::Data::new(self.sessions.clone()));
        let (accounts, connections) = (web::Data::new(self.accounts.clone()), web::Data::new(self.connections.clone()));
        let (journal, bus) = (web::Data::new(self.journal.clone()), web::Data::new(self.bus.clone()));
        let notifications = web::Data::new(Notifications::new(self.database.clone()));
        let readiness = web::Data::new(Readiness::new(self.database.clone(), self.bus.clone()));
        let metrics = web::Data::new(metrics);
        let body_limit = BodyLimit(config.max_body_bytes);
        let server = HttpServer::new(move || {
            HttpApp::new()
                .wrap(middleware::from_fn(problem::middleware))
                .app_data(settings.clone())
                .app_data(database.clone())
                .app_data(sessions.clone())
                .app_data(journal.clone())
                .app_data(bus.clone())
                .app_data(notifications.clone())
                .app_data(accounts.clone())
                .app_data(connections.clone())
                .app_data(readiness.clone())
                .app_data(metrics.clone())
                .app_data(body_limit)
                .configure(routes::configure)
        })
        .workers(HTTP_WORKERS)
        .on_connect(stream::on_connect)
        .disable_signals()
        .shutdown_timeout(HTTP_SHUTDOWN_SECONDS)
        .bind(config.listen)
        .with_context(|| format!("listen: {}", config.listen))?;
        say_where(&server.addrs());
        let server = server.run();
        let handle = server.handle();
        let serving = actix::spawn(server);

        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let failed = tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            ended = self.tasks.join_next() => Some(ended),
        };
        if let Some(ended) = &failed {
            tracing::error!(task = ?ended, "a task ended, stopping");
        }
        tracing::info!("stopping");
        let stopping = async {
            // New connections are refused while those that are open hear why they close.
            self.connections.close_all();
            handle.stop(true).await;
            let _ = serving.await;
            self.sessions.close_all().await;
            self.journal.flush().await;
            let _ = self.stop.send(true);
            let _ = self.relay.await;
            self.journal.flush().await;
            self.bus.close().await;
        };
        if tokio::time::timeout(SHUTDOWN_MAX, stopping).await.is_err() {
            tracing::warn!("stopped before everything was published; the rest goes out at the next start");
        }
        match failed {
            None => Ok(()),
            Some(_) => bail!("a task of this node ended by itself"),
        }
    }
}

async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

#[expect(clippy::print_stdout, reason = "the one line a person waits for, whatever the log filter is")]
fn say_where(addresses: &[std::net::SocketAddr]) {
    for address in addresses {
        println!("Artel is at http://{address}");
    }
    let _ = std::io::stdout().flush();
}

fn account_settings(config: &Config, jwt_secret: String) -> account::Settings {
    account::Settings {
        jwt_secret,
        admins: config.admins.clone(),
        registrations_per_minute: config.registrations_per_minute,
        login_failures_per_minute: config.login_failures_per_minute,
        trusted_proxies: config.trusted_proxies.clone(),
        ..account::Settings::default()
    }
}

/// The database, and the lock that keeps a second process from the same SQLite file.
async fn open(config: &Config) -> anyhow::Result<(Database, Option<File>)> {
    match &config.database_url {
        Some(url) => {
            let database =
                Database::connect(url, Options::default()).await.context("database_url: opening the database")?;
            Ok((database, None))
        }
        None => {
            let lock = lock_data_dir(&config.data_dir)?;
            Ok((connect_data_dir(&config.data_dir).await?, Some(lock)))
        }
    }
}

async fn connect_data_dir(data_dir: &Path) -> anyhow::Result<Database> {
    let file = std::path::absolute(data_dir)?.join("artel.db");
    let url = format!("sqlite://{}", file.display());
    Database::connect(&url, Options::default()).await.with_context(|| format!("opening {}", file.display()))
}

fn make_data_dir(data_dir: &Path) -> Result<(), BadSetting> {
    std::fs::create_dir_all(data_dir)
        .map_err(|error| BadSetting::new("data_dir", format!("{}: {error}", data_dir.display())))
}

fn lock_data_dir(data_dir: &Path) -> anyhow::Result<File> {
    make_data_dir(data_dir)?;
    let path = data_dir.join("artel.lock");
    let lock =
        File::create(&path).map_err(|error| BadSetting::new("data_dir", format!("{}: {error}", path.display())))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("data_dir: another artel is using {}", data_dir.display()),
        Err(TryLockError::Error(error)) => Err(error).context("data_dir: it can't be locked"),
    }
}

/// One node migrates at a time.
async fn migrate_locked(database: &Database) -> anyhow::Result<()> {
    if !database.is_postgres() {
        return Ok(Migrator::up(database.writer(), None).await?);
    }
    // The lock lives as long as its transaction, whatever becomes of this process.
    let lock = database.begin_write().await?;
    lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    Migrator::up(database.writer(), None).await?;
    Ok(lock.commit().await?)
}

/// The signing key: as configured, or generated once and kept.
fn jwt_secret(config: &Config) -> anyhow::Result<String> {
    if let Some(secret) = &config.jwt_secret {
        return Ok(secret.clone());
    }
    make_data_dir(&config.data_dir)?;
    let path = config.data_dir.join("jwt.key");
    match std::fs::read_to_string(&path) {
        Ok(secret) if secret.trim().len() >= 32 => Ok(secret.trim().to_owned()),
        Ok(_) => bail!("data_dir: {} is damaged", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .with_context(|| format!("data_dir: writing {}", path.display()))?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("data_dir: reading {}", path.display())),
    }
}

/// Runs a short command with a log and a database.
fn briefly<T>(config: Config, run: impl AsyncFnOnce(Database) -> anyhow::Result<T>) -> anyhow::Result<T> {
    if let Err(reason) = telemetry::start_log(config.log_format, &config.log) {
        bail!("log: {reason}");
    }
    runtime("artel")?.block_on(async move {
        let database = match &config.database_url {
            Some(url) => {
                Database::connect(url, Options::default()).await.context("database_url: opening the database")?
            }
            None => {
                make_data_dir(&config.data_dir)?;
                connect_data_dir(&config.data_dir).await?
            }
        };
        run(database).await
    })
}

/// Brings the database up to date.
pub fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    briefly(config, async |database| {
        migrate_locked(&database).await.context("migrating the database")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Rebuilds a session from its events and compares it with what is stored beside them.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn replay(config: Config, session: Uuid) -> anyhow::Result<ExitCode> {
    let report = briefly(config, async |database| {
        crate::journal::compare(&database, SessionId(session)).await.context("reading the session")
    })?;
    println!("{report}");
    Ok(if report.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lists the dead letters as JSON lines.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn list_dead_letters(config: Config) -> anyhow::Result<ExitCode> {
    briefly(config, async |database| {
        let mut after = None;
        loop {
            let letters = dead_letters::list(database.reader(), after, 200).await?;
            let Some(last) = letters.last() else { return Ok(ExitCode::SUCCESS) };
            after = Some(last.id);
            for letter in &letters {
                println!("{}", dead_letters::describe(letter));
            }
        }
    })
}

/// Sends a dead letter again, by the next relay that looks.
pub fn replay_dead_letter(config: Config, id: Uuid) -> anyhow::Result<ExitCode> {
    briefly(config, async |database| {
        let tx = database.begin_write().await?;
        let found = dead_letters::replay(&tx, id).await?;
        tx.commit().await?;
        there(found, id)
    })
}

/// Forgets a dead letter.
pub fn discard_dead_letter(config: Config, id: Uuid) -> anyhow::Result<ExitCode> {
    briefly(config, async |database| there(dead_letters::discard(database.writer(), id).await?, id))
}

fn there(found: bool, id: Uuid) -> anyhow::Result<ExitCode> {
    if found { Ok(ExitCode::SUCCESS) } else { bail!("there is no dead letter {id}") }
}
