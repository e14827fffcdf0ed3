//! Bus to local connections, and back: events that other nodes stored, who watches there, and what concerns users
//! connected here.
//!
//! INVARIANT: a binding is confirmed before the journal is read. What was stored before is read, what is stored after
//! arrives; and after every loss of the broker the journal is read again. A slow sweep compares heads as a last guard.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::connections::{Connections, Told, UserNews};
use super::wire::ServerFrame;
use crate::account::Accounts;
use crate::clock;
use crate::database::Database;
use crate::game::id::{SessionId, UserId};
use crate::journal::envelope::Envelope;
use crate::messaging::message::event_in;
use crate::messaging::{Bindings, Bus, BusError, Message, NodeEvent};
use crate::session::{News, Sessions};

/// How often a node says that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(2);
/// A node that was not heard of for this long has no watchers any more.
const GONE_AFTER: Duration = Duration::from_secs(7);
/// How often bindings and heads are compared with what should be.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// What is told from node to node is not worth more waiting than this.
const TELL_TIMEOUT: Duration = Duration::from_secs(1);

/// Every node refuses the access tokens of a login that ended, whoever is connected to it.
const EVERY_LOGIN: &str = "websocket.user.*.logins_revoked";
const EVERY_NODE: &str = "websocket.node.#";

const ALIVE: &str = "node.alive";
const ONLINE: &str = "session.online";
const WHO_IS_ONLINE: &str = "session.who_is_online";
const LOGINS_REVOKED: &str = "user.logins_revoked";
const NOTIFICATION: &str = "user.notification";
const STATS: &str = "user.stats";

/// The rooms that it feeds.
pub(crate) struct Feed {
    pub(crate) bus: Bus,
    pub(crate) database: Database,
    pub(crate) node_id: String,
    pub(crate) sessions: Sessions,
    pub(crate) connections: Connections,
    pub(crate) accounts: Accounts,
    /// What this node has to say to others; `None`: there are no others.
    pub(crate) news: Option<FeedNews>,
}

/// Where the feed hears who and what is on this node.
pub(crate) struct FeedNews {
    pub(crate) sessions: mpsc::Receiver<News>,
    pub(crate) users: mpsc::Receiver<UserNews>,
}

/// What lives or is connected here, and has to hear of what happens elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Local {
    Session(SessionId),
    User(UserId),
}

impl Local {
    fn pattern(self) -> String {
        match self {
            Local::Session(session) => format!("websocket.session.{session}.*"),
            Local::User(user) => format!("websocket.user.{user}.*"),
        }
    }
}

/// Is the broker known to have the binding?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Asked,
    Confirmed,
}

/// Something said to other nodes about a session (`None`: about this node): did they hear it?
type Said = BoxFuture<'static, (Option<SessionId>, Result<(), BusError>)>;
type Binding = BoxFuture<'static, (Local, Result<(), BusError>)>;

struct Running {
    bus: Bus,
    database: Database,
    node_id: String,
    sessions: Sessions,
    connections: Connections,
    accounts: Accounts,
    bindings: Bindings,
    binding: FuturesUnordered<Binding>,
    bound: HashMap<Local, Bound>,
    /// What was said and is not confirmed yet; the bus bounds it.
    said: FuturesUnordered<Said>,
    /// Sessions whose watchers other nodes, or this one, may not have been told of.
    unheard: HashSet<SessionId>,
    /// The other nodes and when each was heard of last.
    others: HashMap<String, Instant>,
}

impl Feed {
    /// Carries messages until the bus closes.
    pub(crate) async fn run(self) {
        let Feed { bus, database, node_id, sessions, connections, accounts, news } = self;
        let mut queue = bus.node_queue(&node_id);
        let bindings = queue.bindings.clone();
        let alone = news.is_none();
        // Alone, everything is told here; else what concerns all nodes, and then whatever comes to be here.
        let patterns = if alone { &["websocket.user.#"][..] } else { &[EVERY_LOGIN, EVERY_NODE][..] };
        for &pattern in patterns {
            if let Err(error) = bindings.bind(pattern.to_owned()).await {
                tracing::warn!(pattern, %error, "bound when the broker is there");
            }
        }
        let mut news = news.unwrap_or_else(|| {
            // Without other nodes nobody ever sends here.
            FeedNews { sessions: mpsc::channel(1).1, users: mpsc::channel(1).1 }
        });
        let mut running = Running {
            bus,
            database,
            node_id,
            sessions,
            connections,
            accounts,
            bindings,
            binding: FuturesUnordered::new(),
            bound: HashMap::new(),
            said: FuturesUnordered::new(),
            unheard: HashSet::new(),
            others: HashMap::new(),
        };
        let mut alive = tokio::time::interval(ALIVE_EVERY);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                event = queue.next() => match event {
                    Some(NodeEvent::Message(message)) => running.hear(&message).await,
                    Some(NodeEvent::Reconnected) => running.reconnected().await,
                    None => return,
                },
                Some(news) = news.sessions.recv() => running.tell(news).await,
                Some(news) = news.users.recv() => running.note(news).await,
                Some((local, bound)) = running.binding.next(), if !running.binding.is_empty() => {
                    running.settled(local, bound).await;
                }
                Some((session, heard)) = running.said.next(), if !running.said.is_empty() => {
                    if let Err(error) = heard {
                        running.not_heard(session, &error);
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
        if let (Some(session), Some(record)) = (envelope.session_id, event_in(envelope)) {
            return self.sessions.hear(session, vec![Arc::new(record)]);
        }
        let data = envelope.data.value();
        let node = data["node"].as_str().unwrap_or_default();
        match (envelope.event_type.as_str(), envelope.session_id, envelope.user_id) {
            (ALIVE, ..) => self.heard_of(node).await,
            (ONLINE, Some(session), _) if node != self.node_id => {
                let users: Vec<UserId> = serde_json::from_value(data["users"].clone()).unwrap_or_default();
                self.heard_of(node).await;
                self.sessions.hear_online(session, node.to_owned(), users);
            }
            (WHO_IS_ONLINE, Some(session), _) if node != self.node_id => self.sessions.say_online(session),
            (LOGINS_REVOKED, _, Some(user)) => {
                let logins: Vec<Uuid> = serde_json::from_value(data["login_ids"].clone()).unwrap_or_default();
                self.accounts.note_revoked(&logins);
                self.connections.revoke_of(user, &logins);
            }
            (NOTIFICATION, _, Some(user)) => {
                let id = serde_json::from_value(data["id"].clone()).unwrap_or_default();
                let frame = ServerFrame::Notification { notification: &data }.encode();
                self.connections.tell(user, &Told::Notification(id, frame));
            }
            (STATS, _, Some(user)) => self.connections.tell(user, &Told::Stats(Arc::new(data))),
            _ => {}
        }
    }

    async fn tell(&mut self, news: News) {
        match news {
            News::Opened(session) => match self.bound.get(&Local::Session(session)) {
                // Another actor of it was here before.
                Some(Bound::Confirmed) => self.listen(session).await,
                Some(Bound::Asked) => {}
                None => self.bind(Local::Session(session)),
            },
            News::Closed(session) => {
                // It may have been opened again already: the sweep knows for sure.
                if !self.sessions.lives(session) {
                    self.unbind(Local::Session(session)).await;
                }
            }
            News::Online(session, users) => {
                let data = json!({"node": self.node_id, "users": users});
                self.say(Some(session), ONLINE, data).await;
            }
        }
    }

    async fn note(&mut self, news: UserNews) {
        match news {
            UserNews::Came(user) => match self.bound.get(&Local::User(user)) {
                Some(Bound::Confirmed) => self.connections.tell(user, &Told::Reachable),
                Some(Bound::Asked) => {}
                None => self.bind(Local::User(user)),
            },
            UserNews::Left(user) => {
                if !self.connections.has(user) {
                    self.unbind(Local::User(user)).await;
                }
            }
        }
    }

    fn bind(&mut self, local: Local) {
        if self.bound.contains_key(&local) {
            return;
        }
        self.bound.insert(local, Bound::Asked);
        let bindings = self.bindings.clone();
        let mut asked: Binding = Box::pin(async move { (local, bindings.bind(local.pattern()).await) });
        // Asked for now, so that an `unbind` that comes next is heard after it.
        match (&mut asked).now_or_never() {
            Some(bound) => self.binding.push(Box::pin(ready(bound))),
            None => self.binding.push(asked),
        }
    }

    async fn unbind(&mut self, local: Local) {
        if self.bound.remove(&local).is_some() {
            self.bindings.unbind(local.pattern()).await;
        }
    }

    /// The binding is there: what was stored before it is in the database, and others say who watches.
    async fn settled(&mut self, local: Local, bound: Result<(), BusError>) {
        let before = match (&bound, self.bound.get_mut(&local)) {
            (Err(error), _) => {
                // It is made before the next `Reconnected`, where all this is done for all.
                tracing::debug!(?local, %error, "bound when the broker is there");
                None
            }
            (Ok(()), there) => there.map(|there| std::mem::replace(there, Bound::Confirmed)),
        };
        match local {
            Local::Session(session) if bound.is_ok() => self.listen(session).await,
            Local::Session(_) => {}
            // A `Reconnected` came first and had it read what is stored, though it was not bound yet.
            Local::User(user) if before == Some(Bound::Confirmed) => self.connections.tell(user, &Told::Missed),
            // Without a broker, too: what is stored is told, the rest when it is back.
            Local::User(user) => self.connections.tell(user, &Told::Reachable),
        }
    }

    /// What other nodes store reaches this session now: what they stored before, and who watches there, is asked for.
    async fn listen(&mut self, session: SessionId) {
        self.catch_up(vec![session]).await;
        self.say(Some(session), WHO_IS_ONLINE, json!({"node": self.node_id})).await;
    }

    async fn reconnected(&mut self) {
        self.bound.values_mut().for_each(|bound| *bound = Bound::Confirmed);
        let living = self.sessions.living();
        self.catch_up(living.clone()).await;
        self.unheard.clear();
        self.compare_watchers(living).await;
        for user in self.connections.users() {
            self.connections.tell(user, &Told::Missed);
        }
        self.end_revoked().await;
    }

    /// Closes the sockets of logins that ended on other nodes.
    async fn end_revoked(&mut self) {
        match self.accounts.load_revoked(&self.database).await {
            Ok(()) => self.connections.revoke(|login| self.accounts.is_revoked(login)),
            Err(error) => tracing::warn!(%error, "the revoked logins could not be read; the next sweep does"),
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
        let sessions = living.iter().copied().map(Local::Session);
        let there: HashSet<Local> = sessions.chain(self.connections.users().into_iter().map(Local::User)).collect();
        for &local in &there {
            match (local, self.bound.get(&local)) {
                // Told already, but for a socket whose news did not fit.
                (Local::User(user), Some(Bound::Confirmed)) => self.connections.tell(user, &Told::Reachable),
                _ => self.bind(local),
            }
        }
        let gone: Vec<Local> = self.bound.keys().filter(|local| !there.contains(local)).copied().collect();
        for local in gone {
            self.unbind(local).await;
        }
        let unheard = living.iter().copied().filter(|session| self.unheard.contains(session)).collect();
        self.unheard.clear();
        self.compare_watchers(unheard).await;
        self.catch_up(living).await;
        self.end_revoked().await;
    }

    /// All nodes say who watches these.
    async fn compare_watchers(&mut self, sessions: Vec<SessionId>) {
        let mut gets_through = true;
        for session in sessions {
            if !gets_through {
                self.unheard.insert(session);
                continue;
            }
            self.sessions.say_online(session);
            gets_through = self.say(Some(session), WHO_IS_ONLINE, json!({"node": self.node_id})).await;
        }
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
            self.compare_watchers(self.sessions.living()).await;
        }
    }

    fn not_heard(&mut self, session: Option<SessionId>, error: &BusError) {
        tracing::debug!(?session, %error, "other nodes were not told");
        self.unheard.extend(session);
    }

    /// Tells other nodes. What is lost is made good by the next sweep. False: the bus has no room for it in time.
    async fn say(&mut self, session: Option<SessionId>, event_type: &str, data: Value) -> bool {
        let name = event_type.split_once('.').map_or(event_type, |(_, name)| name);
        let key = match session {
            Some(session) => format!("websocket.session.{session}.{name}"),
            None => format!("websocket.node.{}.{name}", self.node_id),
        };
        let mut message = Message::new(key, Envelope::between_nodes(session, event_type, clock::now(), data));
        message.is_own = true;
        match tokio::time::timeout(TELL_TIMEOUT, self.bus.publish(message)).await {
            // A message whose confirm nobody waits for is not sent.
            Ok(confirm) => {
                self.said.push(Box::pin(async move { (session, confirm.await) }));
                true
            }
            Err(_) => {
                self.not_heard(session, &BusError::TimedOut);
                false
            }
        }
    }
}
