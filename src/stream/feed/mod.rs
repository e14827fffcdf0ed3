//! Bus to local connections, and back: events that other nodes stored, who watches there, and what concerns users
//! connected here.
//!
//! INVARIANT: a binding is confirmed before the journal is read. What was stored before is read, what is stored after
//! arrives; and after every loss of the broker the journal is read again. While what others tell does not arrive, the
//! heads of sessions with listeners are looked at each second; a slow sweep compares all of them as a last guard.

mod bindings;
mod hearing;
mod looks;
mod node_message;
mod nodes;
mod other_nodes;
mod users;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use self::bindings::{Binding, BindingState, BindingTarget};
use self::hearing::{Change, HearingMonitor};
use self::looks::{DatabaseLooks, LookResult, WaitingItems};
use self::node_message::{NodeMessage, Sender};
use self::other_nodes::{MessageAge, OtherNodes};
use super::chat_listeners::ChatListeners;
use super::connections::{Connections, UserPush, UserUpdate};
use crate::account::Accounts;
use crate::chat::ChatAudience as _;
use crate::clock;
use crate::database::Database;
use crate::ids::{SessionId, UserId, WriterId};
use crate::messaging::message::event_in;
use crate::messaging::{Bindings, Bus, BusError, Message, NodeEvent, Peers};
use crate::outbox::chat_news::ChatTelling;
use crate::outbox::user_message::UserMessage;
use crate::session::{SessionUpdate, Sessions};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static HEADS: Trouble = Trouble::new();
static LOGINS: Trouble = Trouble::new();
static WRITERS: Trouble = Trouble::new();
static WAITING: Trouble = Trouble::new();
static UNBOUND: Trouble = Trouble::new();
static DEAF: Trouble = Trouble::new();
static TWIN: Trouble = Trouble::new();

/// How often a node says that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether others do.
const BEAT: Duration = Duration::from_millis(250);
/// A longer time between two looks was not spent listening: this node was stopped, or had too much to do.
const BEAT_MAX: Duration = Duration::from_millis(500);
/// How often the database is looked at for what others don't tell: with each fourth beat. And how often for what may wait.
const LOOK_EVERY: Duration = Duration::from_millis(900);
const LOOK_SLOWLY_EVERY: Duration = Duration::from_secs(5);
/// What was seen in the database is true for so long.
const SEEN_FOR: Duration = Duration::from_millis(2_500);
/// How often bindings and heads are compared with what should be.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// What is told from node to node is not worth more waiting than this.
const TELL_TIMEOUT: Duration = Duration::from_millis(500);

/// Every node refuses the access tokens of a login that ended, whoever is connected to it.
const EVERY_LOGIN: &str = "websocket.user.*.logins_revoked";
/// A stream that a share opened may be anywhere.
const EVERY_SHARE: &str = "websocket.user.*.shares_ended";
const EVERY_NODE: &str = "websocket.node.#";

/// The rooms that it feeds.
pub(crate) struct Feed {
    pub(crate) bus: Bus,
    pub(crate) database: Database,
    pub(crate) node_id: String,
    /// Which start of the node this is: the row of its writer.
    pub(crate) epoch: WriterId,
    pub(crate) sessions: Sessions,
    pub(crate) connections: Connections,
    pub(crate) chats: ChatListeners,
    pub(crate) accounts: Accounts,
    /// What this node has to say to others; `None`: there are no others.
    pub(crate) news: Option<FeedUpdates>,
}

/// Where the feed hears who and what is on this node.
pub(crate) struct FeedUpdates {
    pub(crate) sessions: mpsc::Receiver<SessionUpdate>,
    pub(crate) users: mpsc::Receiver<UserUpdate>,
}

/// Something said to other nodes about a session (`None`: about this node): did they hear it?
type PendingMessage = BoxFuture<'static, (Option<SessionId>, Result<(), BusError>)>;

struct FeedState {
    bus: Bus,
    /// This process as the others know it, and how many messages it has sent.
    me: Sender,
    sessions: Sessions,
    connections: Connections,
    chats: ChatListeners,
    accounts: Accounts,
    looks: DatabaseLooks,
    bindings: Bindings,
    binding: FuturesUnordered<Binding>,
    bound: HashMap<BindingTarget, BindingState>,
    /// What was said and is not confirmed yet; the bus bounds it.
    said: FuturesUnordered<PendingMessage>,
    /// Sessions whose watchers other nodes, or this one, may not have been told of.
    unheard: HashSet<SessionId>,
    /// The bus had room for what was said last.
    gets_through: bool,
    others: OtherNodes,
    /// Who has to hear of what is stored here; until that is known, there may be anybody.
    peers: Peers,
    /// How often it was alone and met others again.
    meetings: u64,
    hearing: HearingMonitor,
    beat_at: Instant,
    looked_at: Option<Instant>,
    looked_slowly_at: Option<Instant>,
    /// When it was seen in the database who lives.
    seen_at: Option<Instant>,
    /// What waited for the users here at the last look, which was without the bus.
    waiting: HashMap<UserId, WaitingItems>,
    /// This node ends: it says no more that it lives.
    is_leaving: bool,
}

impl Feed {
    /// Carries messages until the bus closes.
    pub(crate) async fn run(self) {
        let Feed { bus, database, node_id, epoch, sessions, connections, chats, accounts, news } = self;
        let mut queue = bus.node_queue(&node_id);
        let bindings = queue.bindings.clone();
        let alone = news.is_none();
        // Alone, everything is told here; else what concerns all nodes, and then whatever comes to be here.
        let patterns = if alone { &["websocket.user.#"][..] } else { &[EVERY_LOGIN, EVERY_SHARE, EVERY_NODE][..] };
        for &pattern in patterns {
            if let Err(error) = bindings.bind(pattern.to_owned()).await
                && UNBOUND.is_news()
            {
                tracing::warn!(pattern, %error, "bound when the broker is there");
            }
        }
        let mut news = news.unwrap_or_else(|| {
            // Without other nodes nobody ever sends here.
            FeedUpdates { sessions: mpsc::channel(1).1, users: mpsc::channel(1).1 }
        });
        let mut closing = connections.closing();
        let looks = DatabaseLooks::new(database, sessions.journal().clone(), accounts.clone());
        let me = Sender { node: node_id, epoch: Some(epoch), counter: 0 };
        let mut running = FeedState::new((bus, bindings), me, sessions, (connections, chats, accounts), looks);
        let mut alive = clock::every(ALIVE_EVERY);
        let mut beat = clock::every(BEAT);
        let mut sweep = clock::every(SWEEP_EVERY);
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
                Some(looked) = running.looks.next(), if !running.looks.is_empty() => running.looked(looked).await,
                _ = alive.tick(), if !alone => running.say_alive().await,
                _ = beat.tick(), if !alone => running.beat(queue.is_open()).await,
                Ok(()) = closing.changed(), if !alone && !running.is_leaving => running.leave().await,
                // Logins are ended at the command line, too.
                _ = sweep.tick() => if alone { running.looks.at_logins() } else { running.sweep().await },
            }
        }
    }
}

impl FeedState {
    fn new(
        (bus, bindings): (Bus, Bindings),
        me: Sender,
        sessions: Sessions,
        (connections, chats, accounts): (Connections, ChatListeners, Accounts),
        looks: DatabaseLooks,
    ) -> Self {
        Self {
            bus,
            me,
            sessions,
            connections,
            chats,
            accounts,
            looks,
            bindings,
            binding: FuturesUnordered::new(),
            bound: HashMap::new(),
            said: FuturesUnordered::new(),
            unheard: HashSet::new(),
            gets_through: true,
            others: OtherNodes::default(),
            peers: Peers::OlderNodes,
            meetings: 0,
            hearing: HearingMonitor::default(),
            beat_at: Instant::now(),
            looked_at: None,
            looked_slowly_at: None,
            seen_at: None,
            waiting: HashMap::new(),
            is_leaving: false,
        }
    }

    async fn hear(&mut self, message: &Message) {
        let envelope = &*message.envelope;
        if let (Some(session), Some(record)) = (envelope.session_id, event_in(message)) {
            return match record.event.proof.hash {
                Some(_) => self.sessions.hear(session, vec![Arc::new(record)]),
                // Of an earlier version, whose hash is that of the bytes as they are stored.
                None => self.sessions.hear_head(session, record.seq()),
            };
        }
        if let Some((sender, message)) = NodeMessage::decode(envelope) {
            return self.hear_node(&sender, message).await;
        }
        if let Some(telling) = ChatTelling::read(envelope) {
            return self.chats.hear(&telling);
        }
        let (Some(message), Some(user)) = (UserMessage::read(envelope), envelope.user_id) else { return };
        self.hear_user(user, message);
    }

    async fn tell(&mut self, news: SessionUpdate) {
        match news {
            SessionUpdate::Opened(session) => {
                if self.hearing.is_deaf() || !self.others.ask(session) {
                    self.sessions.others_known(session);
                }
                match self.bound.get(&BindingTarget::Session(session)) {
                    // Another actor of it was here before.
                    Some(BindingState::Confirmed) => self.listen(session).await,
                    Some(BindingState::Asked) => {}
                    None => self.bind(BindingTarget::Session(session)),
                }
            }
            SessionUpdate::Closed(session) => {
                // It may have been opened again already: the sweep knows for sure.
                if !self.sessions.lives(session) {
                    self.unbind(BindingTarget::Session(session)).await;
                }
            }
            SessionUpdate::Online(session, users) => {
                self.say(NodeMessage::Online(session, users)).await;
            }
        }
    }

    /// What other nodes store reaches this session now: who watches there, and what they stored before, is asked for.
    async fn listen(&mut self, session: SessionId) {
        self.say(NodeMessage::WhoIsOnline { session, of_all: true }).await;
        self.looks.at_heads([session]);
    }

    async fn reconnected(&mut self) {
        self.bound.values_mut().for_each(|bound| *bound = BindingState::Confirmed);
        let living = self.sessions.living();
        self.looks.at_heads(living.clone());
        self.unheard.clear();
        self.say_alive().await;
        self.compare_watchers(living).await;
        for user in self.connections.users() {
            self.connections.tell(user, &UserPush::Missed);
        }
        self.looks.at_logins();
    }

    async fn sweep(&mut self) {
        let living = self.sessions.living();
        let is_told = self.peers != Peers::None;
        let sessions = living.iter().copied().map(BindingTarget::Session).filter(|_| is_told);
        let there: HashSet<BindingTarget> =
            sessions.chain(self.connections.users().into_iter().map(BindingTarget::User)).collect();
        for &local in &there {
            match (local, self.bound.get(&local)) {
                // Told already, but for a socket whose news did not fit.
                (BindingTarget::User(user), Some(BindingState::Confirmed)) => {
                    self.connections.tell(user, &UserPush::Reachable)
                }
                _ => self.bind(local),
            }
        }
        let gone: Vec<BindingTarget> = self.bound.keys().filter(|local| !there.contains(local)).copied().collect();
        for local in gone {
            self.unbind(local).await;
        }
        self.compare_unheard().await;
        self.looks.at_heads(living);
        self.looks.at_logins();
    }

    /// What was read from the database. What could not be read is looked at again by the next sweep.
    async fn looked(&mut self, looked: LookResult) {
        match looked {
            LookResult::Heads(Ok(heads)) => {
                HEADS.end();
                for (session, head) in heads {
                    self.sessions.hear_head(session, head);
                }
            }
            LookResult::Heads(Err(error)) if HEADS.is_news() => tracing::warn!(%error, "heads are not compared"),
            // Closes the sockets of logins that ended on other nodes.
            LookResult::Logins(Ok(())) => {
                LOGINS.end();
                self.connections.revoke(|login| self.accounts.is_revoked(login));
            }
            LookResult::Logins(Err(error)) if LOGINS.is_news() => tracing::warn!(%error, "ended logins are not read"),
            LookResult::Writers(Ok(writers)) => {
                WRITERS.end();
                self.seen_at = Some(Instant::now());
                self.others.seen(self.me.epoch, &writers);
                self.note_peers().await;
                self.note_solitude().await;
            }
            LookResult::Writers(Err(error)) if WRITERS.is_news() => tracing::warn!(%error, "who lives is not read"),
            LookResult::Waiting(Ok(waiting)) => {
                WAITING.end();
                for (user, waiting) in &waiting {
                    if self.waiting.get(user) != Some(waiting) {
                        self.connections.tell(*user, &UserPush::Missed);
                    }
                }
                self.waiting = waiting;
            }
            LookResult::Waiting(Err(error)) if WAITING.is_news() => {
                tracing::warn!(%error, "new notifications and messages are not read");
            }
            _ => {}
        }
    }

    fn not_heard(&mut self, session: Option<SessionId>, error: &BusError) {
        tracing::debug!(?session, %error, "other nodes were not told");
        self.unheard.extend(session);
    }

    /// Tells other nodes. What is lost is made good by the next sweep. False: the bus has no room for it in time.
    async fn say(&mut self, message: NodeMessage) -> bool {
        let session = message.session();
        // Whether there is room again is tried by the next life sign: others have something to hear, too.
        let is_life_sign = matches!(message, NodeMessage::Alive { .. });
        if self.peers == Peers::None && session.is_some() {
            // All is compared when somebody comes.
            return true;
        }
        if !self.gets_through && !is_life_sign {
            self.unheard.extend(session);
            return false;
        }
        self.me.counter += 1;
        let message = message.encode(self.me.clone());
        match tokio::time::timeout(TELL_TIMEOUT, self.bus.publish(message)).await {
            // A message whose confirm nobody waits for is not sent.
            Ok(confirm) => {
                self.gets_through = true;
                self.said.push(Box::pin(async move { (session, confirm.await) }));
                true
            }
            Err(_) => {
                self.gets_through = false;
                self.not_heard(session, &BusError::TimedOut);
                false
            }
        }
    }
}
