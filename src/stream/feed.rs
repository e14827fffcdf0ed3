//! Bus to local connections, and back: events that other nodes stored, who watches there, and what concerns users
//! connected here.
//!
//! INVARIANT: a binding is confirmed before the journal is read. What was stored before is read, what is stored after
//! arrives; and after every loss of the broker the journal is read again. A slow sweep compares heads as a last guard.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::connections::{Connections, Told};
use super::wire::ServerFrame;
use crate::account::Accounts;
use crate::clock;
use crate::game::id::{SessionId, UserId};
use crate::journal::envelope::Envelope;
use crate::messaging::message::event_in;
use crate::messaging::{Bindings, Bus, BusError, Confirm, Message, NodeEvent, NodeQueue};
use crate::session::{News, Sessions};

/// How often a node says that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(2);
/// A node that was not heard of for this long has no watchers any more.
const GONE_AFTER: Duration = Duration::from_secs(7);
/// How often bindings and heads are compared with what should be.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// What is told from node to node is not worth more waiting than this.
const TELL_TIMEOUT: Duration = Duration::from_secs(1);

const ALIVE: &str = "node.alive";
const ONLINE: &str = "session.online";
const WHO_IS_ONLINE: &str = "session.who_is_online";
const LOGINS_REVOKED: &str = "user.logins_revoked";
const NOTIFICATION: &str = "user.notification";
const STATS: &str = "user.stats";

/// The rooms that it feeds.
pub(crate) struct Feed {
    pub(crate) bus: Bus,
    pub(crate) node_id: String,
    pub(crate) sessions: Sessions,
    pub(crate) connections: Connections,
    pub(crate) accounts: Accounts,
    /// What the sessions of this node have to say to others; `None`: there are no others.
    pub(crate) news: Option<mpsc::Receiver<News>>,
}

type Binding = BoxFuture<'static, (SessionId, Result<(), BusError>)>;

struct Running {
    bus: Bus,
    node_id: String,
    sessions: Sessions,
    connections: Connections,
    accounts: Accounts,
    bindings: Bindings,
    binding: FuturesUnordered<Binding>,
    bound: HashSet<SessionId>,
    /// What was said and is not confirmed yet; the bus bounds it.
    told: FuturesUnordered<Confirm>,
    /// The other nodes and when each was heard of last.
    others: HashMap<String, Instant>,
}

impl Feed {
    /// Carries messages until the bus closes.
    pub(crate) async fn run(self) {
        let Feed { bus, node_id, sessions, connections, accounts, news } = self;
        let NodeQueue { mut events, bindings } = bus.node_queue(&node_id);
        for pattern in ["websocket.user.#", "websocket.node.#"] {
            if let Err(error) = bindings.bind(pattern.to_owned()).await {
                tracing::warn!(pattern, %error, "bound when the broker is there");
            }
        }
        let alone = news.is_none();
        // Without other nodes nobody ever sends here.
        let (_never, nothing) = mpsc::channel(1);
        let mut news = news.unwrap_or(nothing);
        let mut running = Running {
            bus,
            node_id,
            sessions,
            connections,
            accounts,
            bindings,
            binding: FuturesUnordered::new(),
            bound: HashSet::new(),
            told: FuturesUnordered::new(),
            others: HashMap::new(),
        };
        let mut alive = tokio::time::interval(ALIVE_EVERY);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(NodeEvent::Message(message)) => running.hear(&message).await,
                    Some(NodeEvent::Reconnected) => running.reconnected().await,
                    None => return,
                },
                Some(news) = news.recv() => running.tell(news).await,
                Some((session, bound)) = running.binding.next(), if !running.binding.is_empty() => {
                    running.settled(session, bound).await;
                }
                Some(told) = running.told.next(), if !running.told.is_empty() => {
                    if let Err(error) = told {
                        tracing::debug!(%error, "other nodes were not told");
                    }
                }
                _ = alive.tick(), if !alone => running.say_alive().await,
                _ = sweep.tick(), if !alone => running.sweep().await,
            }
        }
    }
}

impl Running {
    async fn hear(&mut self, message: &Message) {
        let envelope = &*message.envelope;
        let node = envelope.data["node"].as_str().unwrap_or_default();
        match (envelope.event_type.as_str(), envelope.session_id) {
            (ALIVE, _) => self.heard_of(node).await,
            (ONLINE, Some(session)) if node != self.node_id => {
                let users: Vec<UserId> = serde_json::from_value(envelope.data["users"].clone()).unwrap_or_default();
                self.heard_of(node).await;
                self.sessions.hear_online(session, node.to_owned(), users);
            }
            (WHO_IS_ONLINE, Some(session)) if node != self.node_id => self.sessions.say_online(session),
            (LOGINS_REVOKED, _) => {
                let Some(user) = envelope.user_id else { return };
                let logins: Vec<Uuid> = serde_json::from_value(envelope.data["login_ids"].clone()).unwrap_or_default();
                self.accounts.note_revoked(&logins);
                self.connections.revoke(user, &logins);
            }
            (NOTIFICATION, _) => {
                let Some(user) = envelope.user_id else { return };
                let id = serde_json::from_value(envelope.data["id"].clone()).unwrap_or_default();
                let frame = ServerFrame::Notification { notification: &envelope.data }.encode();
                self.connections.tell(user, &Told::Notification(id, frame));
            }
            (STATS, _) => {
                let Some(user) = envelope.user_id else { return };
                self.connections.tell(user, &Told::Stats(Arc::new(envelope.data.clone())));
            }
            (_, Some(session)) => {
                if let Some(record) = event_in(envelope) {
                    self.sessions.hear(session, vec![Arc::new(record)]);
                }
            }
            _ => {}
        }
    }

    async fn tell(&mut self, news: News) {
        match news {
            News::Opened(session) => self.bind(session),
            News::Closed(session) => {
                // It may have been opened again already: the sweep knows for sure.
                if !self.sessions.lives(session) && self.bound.remove(&session) {
                    self.bindings.unbind(pattern(session)).await;
                }
            }
            News::Online(session, users) => {
                let data = json!({"node": self.node_id, "users": users});
                self.say(Some(session), ONLINE, data).await;
            }
        }
    }

    fn bind(&mut self, session: SessionId) {
        if self.bound.insert(session) {
            let bindings = self.bindings.clone();
            self.binding.push(Box::pin(async move { (session, bindings.bind(pattern(session)).await) }));
        }
    }

    /// The binding is there: what was stored before it is in the journal, and others say who watches there.
    async fn settled(&mut self, session: SessionId, bound: Result<(), BusError>) {
        if let Err(error) = bound {
            // It is made before the next `Reconnected`, where all this is done for all sessions.
            return tracing::debug!(session.id = %session, %error, "bound when the broker is there");
        }
        self.catch_up(vec![session]).await;
        self.say(Some(session), WHO_IS_ONLINE, json!({"node": self.node_id})).await;
    }

    async fn reconnected(&mut self) {
        let living = self.sessions.living();
        self.catch_up(living.clone()).await;
        for session in living {
            self.sessions.say_online(session);
            self.say(Some(session), WHO_IS_ONLINE, json!({"node": self.node_id})).await;
        }
    }

    async fn catch_up(&mut self, sessions: Vec<SessionId>) {
        if sessions.is_empty() {
            return;
        }
        match self.sessions.journal().heads(sessions).await {
            Ok(heads) => {
                for (session, head) in heads {
                    self.sessions.hear_head(session, head);
                }
            }
            Err(error) => tracing::warn!(%error, "heads not compared; the next sweep does"),
        }
    }

    async fn sweep(&mut self) {
        let living = self.sessions.living();
        for session in &living {
            self.bind(*session);
        }
        let there: HashSet<SessionId> = living.iter().copied().collect();
        let gone: Vec<SessionId> = self.bound.difference(&there).copied().collect();
        for session in gone {
            self.bound.remove(&session);
            self.bindings.unbind(pattern(session)).await;
        }
        self.catch_up(living).await;
    }

    async fn say_alive(&mut self) {
        self.say(None, ALIVE, json!({"node": self.node_id})).await;
        let gone: Vec<String> = self
            .others
            .iter()
            .filter(|(_, heard)| heard.elapsed() > GONE_AFTER)
            .map(|(node, _)| node.clone())
            .collect();
        for node in gone {
            self.others.remove(&node);
            tracing::warn!(node, "a node is gone, and who watched there with it");
            for session in self.sessions.living() {
                self.sessions.hear_online(session, node.clone(), []);
            }
        }
    }

    async fn heard_of(&mut self, node: &str) {
        if node == self.node_id || node.is_empty() {
            return;
        }
        let known = self.others.insert(node.to_owned(), Instant::now()).is_some();
        if !known {
            // It may have been taken for gone here, or be new: both sides say who watches.
            for session in self.sessions.living() {
                self.sessions.say_online(session);
                self.say(Some(session), WHO_IS_ONLINE, json!({"node": self.node_id})).await;
            }
        }
    }

    /// Tells other nodes. It may be lost: who needs it asks again.
    async fn say(&mut self, session: Option<SessionId>, event_type: &str, data: Value) {
        let name = event_type.split_once('.').map_or(event_type, |(_, name)| name);
        let key = match session {
            Some(session) => format!("websocket.session.{session}.{name}"),
            None => format!("websocket.node.{}.{name}", self.node_id),
        };
        let message = Message::new(key, Envelope::between_nodes(session, event_type, clock::now(), data));
        match tokio::time::timeout(TELL_TIMEOUT, self.bus.publish(message)).await {
            // A message whose confirm nobody waits for is not sent.
            Ok(confirm) => self.told.push(confirm),
            Err(_) => tracing::debug!(event_type, "other nodes could not be told"),
        }
    }
}

fn pattern(session: SessionId) -> String {
    format!("websocket.session.{session}.*")
}
