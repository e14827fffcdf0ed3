//! One connection, made again for ever: whoever uses it waits for the next one when it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Event};
use tokio::sync::{Notify, watch};

use super::{ANSWER_TIMEOUT, declare};
use crate::clock;
use crate::config::QueueType;
use crate::messaging::BusError;
use crate::telemetry::{self, Trouble};

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// A connection that is lost sooner is one of many.
const LASTS_AFTER: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A connection that is there now.
#[derive(Clone)]
pub(super) struct LiveConnection {
    /// Counts the connections of this link.
    pub(super) number: u64,
    pub(super) connection: Arc<Connection>,
}

/// What a link is at the moment.
#[derive(Clone, Default)]
struct State {
    live: Option<LiveConnection>,
    blocked: bool,
    closed: bool,
}

/// One connection for one purpose.
#[derive(Clone)]
pub(super) struct Link {
    shared: Arc<LinkState>,
}

struct LinkState {
    purpose: &'static str,
    name: String,
    urls: Vec<AMQPUri>,
    queue_type: QueueType,
    /// The URL to try next.
    next: AtomicU64,
    state: watch::Sender<State>,
    suspect: Notify,
    suspected: AtomicU64,
    closing: watch::Receiver<bool>,
    /// There is no connection.
    down: Trouble,
    /// Connections don't last.
    short: Trouble,
}

impl Link {
    pub(super) fn new(
        purpose: &'static str,
        urls: Vec<AMQPUri>,
        queue_type: QueueType,
        node_id: &str,
        closing: watch::Receiver<bool>,
    ) -> Self {
        telemetry::broker_begins(purpose);
        let shared = LinkState {
            purpose,
            name: format!("artel {node_id} {purpose}"),
            urls,
            queue_type,
            next: AtomicU64::new(0),
            state: watch::Sender::default(),
            suspect: Notify::new(),
            suspected: AtomicU64::new(0),
            closing,
            down: Trouble::new(),
            short: Trouble::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Would it take a message now?
    pub(super) fn takes(&self) -> Result<(), BusError> {
        let state = self.shared.state.borrow();
        match &state.live {
            None => Err(BusError::Down),
            Some(_) if state.blocked => Err(BusError::Blocked),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.shared.state.borrow().live.is_some()
    }

    /// The next connection after `number`; `None`: the link is closed.
    pub(super) async fn after(&self, number: u64) -> Option<LiveConnection> {
        let mut state = self.shared.state.subscribe();
        let fresh = |state: &State| state.closed || state.live.as_ref().is_some_and(|live| live.number > number);
        let state = state.wait_for(fresh).await.ok()?;
        state.live.clone().filter(|_| !state.closed)
    }

    /// Resolves when connection `number` is lost, or takes no messages (`Blocked`).
    pub(super) async fn trouble(&self, number: u64) -> BusError {
        let mut state = self.shared.state.subscribe();
        let lost = |state: &State| state.live.as_ref().is_none_or(|live| live.number != number);
        match state.wait_for(|state| lost(state) || state.blocked).await {
            Ok(state) if !lost(&state) => BusError::Blocked,
            _ => BusError::Down,
        }
    }

    /// Resolves when connection `number` is lost.
    pub(super) async fn lost(&self, number: u64) {
        let mut state = self.shared.state.subscribe();
        let lost = |state: &State| state.live.as_ref().is_none_or(|live| live.number != number);
        let _ = state.wait_for(lost).await;
    }

    /// Resolves when the link takes messages again, or connection `number` is lost.
    pub(super) async fn unblocked(&self, number: u64) {
        let mut state = self.shared.state.subscribe();
        let lost = |state: &State| state.live.as_ref().is_none_or(|live| live.number != number);
        let _ = state.wait_for(|state| lost(state) || !state.blocked).await;
    }

    /// Connection `number` does not do what it should: make another.
    pub(super) fn suspect(&self, number: u64) {
        self.shared.suspected.fetch_max(number, Ordering::AcqRel);
        self.shared.suspect.notify_one();
    }

    /// Resolves when `run` has let go of the broker.
    pub(super) async fn closed(&self) {
        let mut state = self.shared.state.subscribe();
        let _ = state.wait_for(|state| state.closed).await;
    }

    /// Connects for ever.
    pub(super) async fn run(self, mut first: Option<Connection>) {
        let mut closing = self.shared.closing.clone();
        let mut number = 0;
        loop {
            number += 1;
            let connection = match first.take() {
                Some(connection) => connection,
                None => tokio::select! {
                    connection = self.connect() => connection,
                    _ = closing.wait_for(|closing| *closing) => break,
                },
            };
            let closing = self.watch(number, Arc::new(connection)).await;
            if closing {
                break;
            }
            telemetry::broker_reconnected(self.shared.purpose);
        }
        self.shared.state.send_modify(|state| *state = State { closed: true, ..State::default() });
    }

    /// Holds a connection until it is lost; true: the link is closing.
    async fn watch(&self, number: u64, connection: Arc<Connection>) -> bool {
        let LinkState { purpose, state, suspect, suspected, closing, short, .. } = &*self.shared;
        let began = Instant::now();
        // The loss of one that lasted is news; of one that never does, once a minute.
        let is_news = || {
            if began.elapsed() > LASTS_AFTER {
                short.end();
            }
            short.is_news()
        };
        let mut closing = closing.clone();
        let mut events = Box::pin(connection.events_listener());
        let mut look = clock::every(LOOK_EVERY);
        let live = LiveConnection { number, connection: connection.clone() };
        state.send_modify(|state| *state = State { live: Some(live), ..State::default() });
        telemetry::broker(purpose, true, false);
        let closing = loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(reason)) => {
                        tracing::error!(purpose, reason, "the broker takes no messages");
                        telemetry::broker(purpose, true, true);
                        state.send_modify(|state| state.blocked = true);
                    }
                    Some(Event::ConnectionUnblocked) => {
                        tracing::info!(purpose, "the broker takes messages again");
                        telemetry::broker(purpose, true, false);
                        state.send_modify(|state| state.blocked = false);
                    }
                    // Errors of channels come here too.
                    Some(_) => {}
                    None => break false,
                },
                _ = look.tick() => {}
                _ = suspect.notified() => {}
                _ = closing.wait_for(|closing| *closing) => break true,
            }
            if !connection.status().connected() {
                if is_news() {
                    tracing::warn!(purpose, "the connection to the broker is lost");
                }
                break false;
            }
            if suspected.load(Ordering::Acquire) >= number {
                if is_news() {
                    tracing::warn!(purpose, "the connection to the broker is given up");
                }
                break false;
            }
        };
        state.send_modify(|state| *state = State::default());
        telemetry::broker(purpose, false, false);
        // Polite where the broker still listens.
        let _ = tokio::time::timeout(Duration::from_secs(1), connection.close(200, "bye".into())).await;
        closing
    }

    async fn connect(&self) -> Connection {
        let mut backoff = BACKOFF_FIRST;
        loop {
            match self.connect_once().await {
                Ok(connection) => return connection,
                Err(_) => {
                    tokio::time::sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
            }
        }
    }

    /// Tries every URL once, the one that was good last first; with the topology declared.
    pub(super) async fn connect_once(&self) -> Result<Connection, BusError> {
        let LinkState { urls, next, .. } = &*self.shared;
        let mut result = Err(BusError::Down);
        for _ in urls {
            let at = next.load(Ordering::Acquire) as usize % urls.len();
            match self.connect_to(&urls[at]).await {
                Ok(connection) => return Ok(connection),
                Err(error) => result = Err(error),
            }
            next.fetch_add(1, Ordering::AcqRel);
        }
        result
    }

    async fn connect_to(&self, url: &AMQPUri) -> Result<Connection, BusError> {
        let LinkState { purpose, name, queue_type, down, .. } = &*self.shared;
        let (host, port) = (&url.authority.host, url.authority.port);
        let properties = ConnectionProperties::default().with_connection_name(name.as_str().into());
        let connection =
            match tokio::time::timeout(ANSWER_TIMEOUT, Connection::connect_uri(url.clone(), properties)).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => {
                    if down.is_news() {
                        tracing::warn!(purpose, host, port, %error, "no connection to the broker, trying again");
                    }
                    return Err(BusError::Down);
                }
                Err(_) => {
                    if down.is_news() {
                        tracing::warn!(purpose, host, port, "no answer of the broker, trying again");
                    }
                    return Err(BusError::TimedOut);
                }
            };
        if let Err(error) = declare::all(&connection, *queue_type).await {
            if down.is_news() {
                tracing::warn!(purpose, host, port, %error, "the broker lets nothing be declared, trying again");
            }
            return Err(error);
        }
        match down.end() {
            Some(lasted) => tracing::info!(purpose, host, port, ?lasted, "connected to the broker again"),
            None => tracing::debug!(purpose, host, port, "connected to the broker"),
        }
        Ok(connection)
    }
}
