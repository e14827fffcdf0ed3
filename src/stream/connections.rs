//! The connections of this node: how many there may be, and how to reach those of a user.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use actix::Recipient;
use actix::prelude::Message;
use bytestring::ByteString;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::wire::Close;
use crate::game::id::UserId;
use crate::telemetry;

/// What a socket is told from outside its sessions.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum Told {
    /// Close, saying why.
    Close(Close),
    /// A notification of that id, as a frame.
    Notification(Uuid, ByteString),
    /// The user's statistics changed.
    Stats(Arc<Value>),
    /// What is told to the user anywhere arrives from now on: what is stored can be read without missing any.
    Reachable,
    /// Something that was told to the user may not have arrived.
    Missed,
}

/// What the bus is to know of the connections here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UserNews {
    /// A socket of the user waits to be told `Reachable`.
    Came(UserId),
    /// The user's last socket is gone.
    Left(UserId),
}

struct Entry {
    user: UserId,
    login: Uuid,
    socket: Recipient<Told>,
}

#[derive(Default)]
struct Sockets {
    by_id: HashMap<Uuid, Entry>,
    of_user: HashMap<UserId, HashSet<Uuid>>,
}

/// All of them.
#[derive(Clone)]
pub(crate) struct Connections {
    sockets: Arc<Mutex<Sockets>>,
    open: Arc<Mutex<usize>>,
    max: usize,
    closing: watch::Sender<bool>,
    news: Option<mpsc::Sender<UserNews>>,
}

/// A place among the connections; given back when dropped.
pub(crate) struct Place {
    connections: Connections,
    kind: &'static str,
    id: Uuid,
}

impl Connections {
    /// `news`: users have to be made reachable; without it whatever is told in this process arrives. News that don't
    /// fit are made good by the sweep of the reader.
    pub(crate) fn new(max: usize, news: Option<mpsc::Sender<UserNews>>) -> Self {
        Self { sockets: Arc::default(), open: Arc::default(), max, closing: watch::Sender::new(false), news }
    }

    /// A place for a connection of that kind; `None`: all are taken, or the node is going away.
    pub(crate) fn enter(&self, kind: &'static str) -> Option<Place> {
        if *self.closing.borrow() {
            return None;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open >= self.max {
            return None;
        }
        *open += 1;
        telemetry::connections(kind, 1.0);
        Some(Place { connections: self.clone(), kind, id: Uuid::now_v7() })
    }

    /// Resolves when the node is going away.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Closes the sockets of these logins.
    pub(crate) fn revoke(&self, is_revoked: impl Fn(Uuid) -> bool) {
        for entry in self.lock().by_id.values().filter(|entry| is_revoked(entry.login)) {
            let _ = entry.socket.try_send(Told::Close(Close::TokenExpired));
        }
    }

    /// Closes the sockets of these logins of one user.
    pub(crate) fn revoke_of(&self, user: UserId, logins: &[Uuid]) {
        self.for_each_of(user, |entry| {
            if logins.contains(&entry.login) {
                let _ = entry.socket.try_send(Told::Close(Close::TokenExpired));
            }
        });
    }

    /// The users who are connected here.
    pub(crate) fn users(&self) -> HashSet<UserId> {
        self.lock().of_user.keys().copied().collect()
    }

    /// Whether the user is connected here.
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.lock().of_user.contains_key(&user)
    }

    /// Tells all sockets of that user. One whose mailbox is full misses it: what matters is stored, and comes again.
    pub(crate) fn tell(&self, user: UserId, told: &Told) {
        self.for_each_of(user, |entry| {
            let _ = entry.socket.try_send(told.clone());
        });
    }

    fn for_each_of(&self, user: UserId, each: impl Fn(&Entry)) {
        let sockets = self.lock();
        let ids = sockets.of_user.get(&user).into_iter().flatten();
        ids.filter_map(|id| sockets.by_id.get(id)).for_each(each);
    }

    /// Closes every connection and takes no new one.
    pub(crate) fn close_all(&self) {
        self.closing.send_replace(true);
        for entry in self.lock().by_id.values() {
            let _ = entry.socket.try_send(Told::Close(Close::GoingAway));
        }
    }

    fn say(&self, news: UserNews) {
        if let Some(sender) = &self.news {
            let _ = sender.try_send(news);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sockets {
    /// Answers whose last one it was.
    fn remove(&mut self, id: Uuid) -> Option<UserId> {
        let Entry { user, .. } = self.by_id.remove(&id)?;
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

    /// Makes the connection reachable; it is told `Reachable` when it is.
    pub(crate) fn introduce(&self, user: UserId, login: Uuid, socket: Recipient<Told>) {
        if *self.connections.closing.borrow() {
            let _ = socket.try_send(Told::Close(Close::GoingAway));
        }
        if self.connections.news.is_none() {
            let _ = socket.try_send(Told::Reachable);
        }
        {
            let mut sockets = self.connections.lock();
            sockets.by_id.insert(self.id, Entry { user, login, socket });
            sockets.of_user.entry(user).or_default().insert(self.id);
        }
        self.connections.say(UserNews::Came(user));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.connections.lock().remove(self.id);
        if let Some(user) = left {
            self.connections.say(UserNews::Left(user));
        }
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = open.saturating_sub(1);
        telemetry::connections(self.kind, -1.0);
    }
}
