//! A node's HTTP: what its handlers work with, and how it ends.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::KeepAlive;
use actix_web::{App as HttpApp, HttpServer, middleware, web};
use anyhow::{Context, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::greeting;
use super::node::Node;
use crate::chat::WaitingMessages;
use crate::config::Config;
use crate::health::Readiness;
use crate::http::BodyLimit;
use crate::notification::Notifications;
use crate::server::{Abilities, Addresses, Features};
use crate::stats::{Rarities, Standings};
use crate::{headers, http, routes, stream};

/// HTTP workers, each an arbiter where sockets and sessions live.
const HTTP_WORKERS: usize = 2;
/// Everything has to be over within ten seconds of the signal; the rest of them is for the exit itself.
const SHUTDOWN_MAX: Duration = Duration::from_secs(9);
const HTTP_SHUTDOWN_SECONDS: u64 = 3;

impl Node {
    pub(super) async fn serve(
        self,
        config: &Config,
        listener: TcpListener,
        metrics: metrics_exporter_prometheus::PrometheusHandle,
    ) -> anyhow::Result<()> {
        let rooms = self.rooms();
        let metrics = web::Data::new(metrics);
        let of_address = web::Data::new(stream::AddressLimits::new(config.connections_per_address));
        let connections_there = stream::AcceptedConnections::default();
        let accepted = (self.accounts.clone(), stream::AddressLimits::clone(&of_address), connections_there.clone());
        let body_limit = BodyLimit(config.max_body_bytes);
        let addresses = vec![listener.local_addr().context("reading the address")?];
        let addresses = Addresses::new(config.public_url.clone(), addresses, config.lan);
        let told = addresses.clone();
        let services = web::Data::new(self.services(config, &addresses));
        let addresses = web::Data::new(addresses);
        let (abilities, outbound) = (web::Data::new(self.abilities(config)), web::Data::new(self.outbound.clone()));
        let allowed_origins = config.allowed_origins.clone();
        let server = HttpServer::new(move || {
            HttpApp::new()
                .wrap(middleware::from_fn(http::whole_chunked_body))
                .wrap(middleware::from_fn(stream::address_limits::middleware))
                .wrap(headers::cross_origin(&allowed_origins))
                .wrap(middleware::from_fn(http::middleware))
                .wrap(middleware::from_fn(headers::middleware))
                .wrap(middleware::from_fn(stream::accepted::middleware))
                .app_data(services.clone())
                .configure(rooms.clone())
                .app_data(of_address.clone())
                .app_data(addresses.clone())
                .app_data(abilities.clone())
                .app_data(outbound.clone())
                .app_data(metrics.clone())
                .app_data(body_limit)
                .configure(routes::configure)
        })
        .workers(HTTP_WORKERS)
        .on_connect(move |connection, data| stream::accepted::on_connect(&accepted, connection, data))
        .disable_signals()
        // What comes too late, or not at all, is ended by `end_idle`.
        .client_request_timeout(Duration::ZERO)
        .keep_alive(KeepAlive::Os)
        // Whoever has closed his end is gone: a stream must not keep its place until something is written to it twice.
        .h1_allow_half_closed(false)
        .shutdown_timeout(HTTP_SHUTDOWN_SECONDS)
        .listen(listener)
        .context("listening")?;
        // Before anybody is told of it: whoever hears may end it at once.
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        greeting::say(&told, config.lan);
        actix::spawn(connections_there.end_idle());
        self.until_told(server.run(), [terminate, interrupt]).await
    }

    /// Serves until a signal comes, or a task ends that should not; then stops in order.
    async fn until_told(mut self, server: Server, [mut terminate, mut interrupt]: [Signal; 2]) -> anyhow::Result<()> {
        let handle = server.handle();
        let serving = actix::spawn(server);
        let failed = tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            ended = self.tasks.join_next() => Some(ended),
        };
        if let Some(ended) = &failed {
            tracing::error!(task = ?ended, "a task ended, stopping");
        }
        tracing::info!("stopping");
        let unserving = async {
            handle.stop(true).await;
            let _ = serving.await;
        };
        if tokio::time::timeout(SHUTDOWN_MAX, self.stop(unserving)).await.is_err() {
            tracing::warn!("stopped before everything was published; the rest goes out at the next start");
        }
        match failed {
            None => Ok(()),
            Some(_) => bail!("a task of this node ended by itself"),
        }
    }
}

impl Node {
    /// Ends everything in order: first what comes in, then what is under way, then what is to be told of it.
    async fn stop(self, unserving: impl Future<Output = ()>) {
        // New connections are refused while those that are open hear why they close.
        self.connections.close_all();
        unserving.await;
        self.sessions.close_all().await;
        self.journal.flush().await;
        let _ = self.stop.send(true);
        let _ = self.relay.await;
        self.journal.flush().await;
        self.bus.close().await;
        if let Err(error) = self.back.close().await {
            tracing::warn!(%error, "the database was not closed; the next start does what is left");
        }
    }

    fn abilities(&self, config: &Config) -> Abilities {
        let (mail, telegram) = (config.mail.is_some(), config.telegram_bot_token.is_some());
        let features = Features { guests: true, mail, friends: true, clubs: true, chats: true, push: true, telegram };
        Abilities { features, push_public_key: self.vapid.public() }
    }

    /// What handlers of all rooms work with, the same for every worker.
    fn rooms(&self) -> impl FnOnce(&mut web::ServiceConfig) + Clone + Send + use<> {
        let (database, sessions) = (web::Data::new(self.database.clone()), web::Data::new(self.sessions.clone()));
        let (journal, bus) = (web::Data::new(self.journal.clone()), web::Data::new(self.bus.clone()));
        let accounts = web::Data::new(self.accounts.clone());
        let readiness = web::Data::new(Readiness::new(self.database.clone(), self.bus.clone(), self.writer_id));
        let standings = web::Data::new(Standings::new(self.database.clone()));
        let rarities = web::Data::new(Rarities::default());
        let chats = web::Data::new(self.chats.clone());
        actix::spawn(Standings::clone(&standings).warm_up());
        move |app| {
            app.app_data(database).app_data(sessions).app_data(journal).app_data(bus).app_data(accounts);
            app.app_data(readiness).app_data(standings).app_data(rarities).app_data(chats);
        }
    }

    /// What sockets and streams work with.
    fn services(&self, config: &Config, addresses: &Addresses) -> stream::Services {
        let shares = stream::Shares::new(self.database.clone(), self.accounts.clone(), addresses.clone());
        stream::Services {
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            chats: self.chats.clone(),
            topics: stream::Topics::new(
                Notifications::new(self.database.clone()),
                WaitingMessages::new(self.database.clone()),
                self.chats.clone(),
            ),
            connections: self.connections.clone(),
            shares,
            settings: stream::Settings {
                heartbeat: Duration::from_secs(config.heartbeat_seconds),
                commands_per_second: config.commands_per_second,
                allowed_origins: config.allowed_origins.clone(),
            },
        }
    }
}
