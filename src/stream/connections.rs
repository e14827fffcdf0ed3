//! The connections of this node, sockets and streams: how many there may be, how to reach those of a user, and how to end
//! those that a login or a share opened.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix::Recipient;
use actix::prelude::Message;
use actix_web::HttpRequest;
use bytestring::ByteString;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::sleep;
use uuid::Uuid;

use super::accepted::AcceptedConnection;
use super::address_limits::{AddressPlace, place_of};
use super::backlog::TopicNews;
use super::socket_handle::SocketHandle;
use super::topics::TopicName;
use super::wire::Close;
use crate::account::Buckets;
use crate::http::{Code, Problem};
use crate::ids::{Seq, UserId};
use crate::outbox::user_message::ChangedGame;
use crate::telemetry;

/// Events answered to one user (or by one share) who comes back, a second and at once: five times what one may have
/// missed.
const ANSWERED_PER_SECOND: u32 = 1_000;
const ANSWERED_AT_ONCE: u32 = 5_000;
/// What asking for a session costs, whatever comes of it, and what its state costs: as so many events.
pub(super) const ASKING_COSTS: u32 = 10;
const STATE_COSTS: u32 = 20;
/// More than that is answered by the state.
const MISSED_MAX: u32 = 1_000;
const WAIT_MIN: Duration = Duration::from_millis(5);

/// What a socket is told from outside its sessions.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum UserPush {
    /// Close, saying why.
    Close(Close),
    /// Something to acknowledge, or how that changed.
    Topic(TopicName, TopicNews),
    /// These games count otherwise in the user's statistics.
    Stats(Arc<[ChangedGame]>),
    /// Something to look at again, which nobody acknowledges: a socket that can't take it is closed, and asks anew.
    Frame(ByteString),
    /// The same of what is said again anyway: it may be lost.
    Hint(ByteString),
    /// What is told to the user anywhere arrives from now on: what is stored can be read without missing any.
    Reachable,
    /// Something that was told to the user may not have arrived.
    Missed,
    /// The same, since it did not fit into the mailbox. To be set to false before it is made good.
    Overflowed(Arc<AtomicBool>),
}

/// What the bus is to know of the connections here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UserUpdate {
    /// A connection of the user has to hear what is told to the user anywhere.
    Came(UserId),
    /// The user's last connection is gone.
    Left(UserId),
}

/// What opened a connection: it ends with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    /// A login of the user.
    Login(UserId, Uuid),
    /// A share of a session; many may use it, so it has no limit of its own.
    Share(Uuid),
}

/// What the welcome of a session that stands at `head` costs a listener who has its events up to `after`.
pub(super) fn cost_of_welcome(head: Seq, after: Option<Seq>) -> u32 {
    let missed = after.and_then(|after| u32::try_from(head.since(after)).ok()).filter(|missed| *missed <= MISSED_MAX);
    missed.unwrap_or(STATE_COSTS)
}

impl Opener {
    /// Who pays for what is answered: the user over all connections, or the share over all boards.
    fn payer(self) -> Uuid {
        match self {
            Opener::Login(user, _) => user.0,
            Opener::Share(share) => share,
        }
    }

    fn user(self) -> Option<UserId> {
        match self {
            Opener::Login(user, _) => Some(user),
            Opener::Share(_) => None,
        }
    }
}

/// How many connections there may be at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    pub(crate) all: usize,
    pub(crate) of_user: usize,
}

/// How a connection is reached.
enum ConnectionHandle {
    Socket(SocketHandle),
    /// Is told only that it ends.
    Stream(Arc<Notify>),
}

struct Entry {
    opener: Opener,
    line: ConnectionHandle,
}

#[derive(Default)]
struct ReachableConnection {
    by_id: HashMap<Uuid, Entry>,
    of_user: HashMap<UserId, HashSet<Uuid>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_user: HashMap<UserId, usize>,
}

/// All of them.
#[derive(Clone)]
pub(crate) struct Connections {
    reachable: Arc<Mutex<ReachableConnection>>,
    open: Arc<Mutex<Open>>,
    limits: ConnectionLimits,
    /// Events that may be answered to those who come (back), by who pays.
    answers: Arc<Buckets<Uuid>>,
    closing: watch::Sender<bool>,
    news: Option<mpsc::Sender<UserUpdate>>,
}

/// A place among the connections; given back when dropped.
pub(crate) struct Place {
    connections: Connections,
    kind: &'static str,
    id: Uuid,
    opener: Opener,
    _address: Option<AddressPlace>,
}

impl Connections {
    /// `news`: users have to be made reachable; without it whatever is told in this process arrives. Updates that don't
    /// fit are made good by the sweep of the reader.
    pub(crate) fn new(limits: ConnectionLimits, news: Option<mpsc::Sender<UserUpdate>>) -> Self {
        Self {
            reachable: Arc::default(),
            open: Arc::default(),
            limits,
            answers: Arc::new(Buckets::per_second(ANSWERED_PER_SECOND, ANSWERED_AT_ONCE)),
            closing: watch::Sender::new(false),
            news,
        }
    }

    /// Charges for an answer of so many events, or says when it may be asked for again. History is what costs the
    /// journal and the network most, so whoever asks for much waits for it, and nobody else does.
    pub(crate) fn charge(&self, opener: Opener, events: u32) -> Result<(), Duration> {
        self.answers.take_many(opener.payer(), events.min(ANSWERED_AT_ONCE), Instant::now())
    }

    /// The same, as soon as there is enough for it.
    pub(crate) async fn charge_in_turn(&self, opener: Opener, events: u32) {
        while let Err(wait) = self.charge(opener, events) {
            sleep(wait.max(WAIT_MIN)).await;
        }
    }

    /// A place for a connection of that kind, asked for by `request`: 503 where all are taken or the node is going away,
    /// 429 where the user has all that one user may have.
    pub(crate) fn enter(&self, kind: &'static str, opener: Opener, request: &HttpRequest) -> Result<Place, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.closing.borrow() || open.all >= self.limits.all {
            return Err(Problem::new(Code::Overloaded, "all connections of this server are taken"));
        }
        if let Some(user) = opener.user() {
            let of_user = open.of_user.entry(user).or_insert(0);
            if *of_user >= self.limits.of_user {
                let detail = format!("you have {of_user} connections, which is all that one user may have");
                return Err(Problem::new(Code::RateLimited, detail));
            }
            *of_user += 1;
        }
        open.all += 1;
        telemetry::connections(kind, 1.0);
        if let Some(connection) = AcceptedConnection::of(request) {
            connection.becomes_lasting();
        }
        let place =
            Place { connections: self.clone(), kind, id: crate::clock::new_id(), opener, _address: place_of(request) };
        Ok(place)
    }

    /// Resolves when the node is going away.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends what these logins opened.
    pub(crate) fn revoke(&self, is_revoked: impl Fn(Uuid) -> bool) {
        for entry in self.lock().by_id.values() {
            if matches!(entry.opener, Opener::Login(_, login) if is_revoked(login)) {
                entry.end(Close::TokenExpired);
            }
        }
    }

    /// Ends what these logins of one user opened.
    pub(crate) fn revoke_of(&self, user: UserId, logins: &[Uuid]) {
        self.for_each_of(user, |entry| {
            if matches!(entry.opener, Opener::Login(_, login) if logins.contains(&login)) {
                entry.end(Close::TokenExpired);
            }
        });
    }

    /// Ends what these shares opened on this node. All nodes do so for [`super::announce_ended_shares`].
    pub(crate) fn end_shares(&self, is_ended: impl Fn(Uuid) -> bool) {
        for entry in self.lock().by_id.values() {
            if matches!(entry.opener, Opener::Share(share) if is_ended(share)) {
                entry.end(Close::TokenExpired);
            }
        }
    }

    /// The users who are connected here.
    pub(crate) fn users(&self) -> HashSet<UserId> {
        self.lock().of_user.keys().copied().collect()
    }

    /// Whether the user is connected here.
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.lock().of_user.contains_key(&user)
    }

    /// Tells all sockets of that user.
    pub(crate) fn tell(&self, user: UserId, told: &UserPush) {
        self.tell_others(user, None, told);
    }

    /// The same, but for the one that did what it is told of.
    pub(crate) fn tell_others(&self, user: UserId, origin: Option<Uuid>, told: &UserPush) {
        let reachable = self.lock();
        let ids = reachable.of_user.get(&user).into_iter().flatten().filter(|id| Some(**id) != origin);
        for entry in ids.filter_map(|id| reachable.by_id.get(id)) {
            if let ConnectionHandle::Socket(socket) = &entry.line {
                socket.tell(told.clone());
            }
        }
    }

    fn for_each_of(&self, user: UserId, each: impl Fn(&Entry)) {
        let reachable = self.lock();
        let ids = reachable.of_user.get(&user).into_iter().flatten();
        ids.filter_map(|id| reachable.by_id.get(id)).for_each(each);
    }

    /// Closes every connection and takes no new one.
    pub(crate) fn close_all(&self) {
        self.closing.send_replace(true);
        self.lock().by_id.values().for_each(|entry| entry.end(Close::GoingAway));
    }

    fn say(&self, news: UserUpdate) {
        if let Some(sender) = &self.news {
            let _ = sender.try_send(news);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ReachableConnection> {
        self.reachable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn end(&self, why: Close) {
        match &self.line {
            ConnectionHandle::Socket(socket) => socket.close(why),
            ConnectionHandle::Stream(ended) => ended.notify_one(),
        }
    }
}

impl ReachableConnection {
    /// Answers whose last one it was.
    fn remove(&mut self, id: Uuid) -> Option<UserId> {
        let user = self.by_id.remove(&id)?.opener.user()?;
        let ids = self.of_user.get_mut(&user)?;
        ids.remove(&id);
        if !ids.is_empty() {
            return None;
        }
        self.of_user.remove(&user);
        Some(user)
    }
}

impl Place {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Makes a socket reachable; it is told `Reachable` when it is. `login`: the one that it lives with from now on.
    pub(crate) fn introduce(&self, user: UserId, login: Uuid, socket: Recipient<UserPush>) {
        let socket = SocketHandle::new(socket);
        if *self.connections.closing.borrow() {
            socket.close(Close::GoingAway);
        }
        if self.connections.news.is_none() {
            socket.tell(UserPush::Reachable);
        }
        self.enlist(Opener::Login(user, login), ConnectionHandle::Socket(socket));
    }

    /// Makes a stream reachable; the answer is notified when what opened it has ended.
    pub(crate) fn introduce_stream(&self) -> Arc<Notify> {
        let ended = Arc::new(Notify::new());
        self.enlist(self.opener, ConnectionHandle::Stream(ended.clone()));
        ended
    }

    fn enlist(&self, opener: Opener, line: ConnectionHandle) {
        {
            let mut reachable = self.connections.lock();
            reachable.by_id.insert(self.id, Entry { opener, line });
            if let Some(user) = opener.user() {
                reachable.of_user.entry(user).or_default().insert(self.id);
            }
        }
        if let Some(user) = opener.user() {
            self.connections.say(UserUpdate::Came(user));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.connections.lock().remove(self.id);
        if let Some(user) = left {
            self.connections.say(UserUpdate::Left(user));
        }
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(user) = self.opener.user()
            && let Some(of_user) = open.of_user.get_mut(&user)
        {
            *of_user -= 1;
            if *of_user == 0 {
                open.of_user.remove(&user);
            }
        }
        telemetry::connections(self.kind, -1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_welcome_after_a_number_that_no_event_has_costs_a_state() {
        for after in [i64::MIN, -1 - i64::from(MISSED_MAX), 101, i64::MAX].map(Seq) {
            assert_eq!(cost_of_welcome(Seq(100), Some(after)), STATE_COSTS, "{after}");
        }
        assert_eq!((cost_of_welcome(Seq(100), Some(Seq(90))), cost_of_welcome(Seq(100), None)), (10, STATE_COSTS));
    }
}
