//! The connections of this node: how many there may be, and how to reach those of a user.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use actix::Recipient;
use actix::prelude::Message;
use bytestring::ByteString;
use serde_json::Value;
use tokio::sync::watch;
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
}

/// A place among the connections; given back when dropped.
pub(crate) struct Place {
    connections: Connections,
    kind: &'static str,
    id: Uuid,
}

impl Connections {
    pub(crate) fn new(max: usize) -> Self {
        Self { sockets: Arc::default(), open: Arc::default(), max, closing: watch::Sender::new(false) }
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
    pub(crate) fn revoke(&self, user: UserId, logins: &[Uuid]) {
        self.for_each_of(user, |entry| {
            if logins.contains(&entry.login) {
                let _ = entry.socket.try_send(Told::Close(Close::TokenExpired));
            }
        });
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sockets {
    fn remove(&mut self, id: Uuid) {
        let Some(Entry { user, .. }) = self.by_id.remove(&id) else { return };
        if let Some(ids) = self.of_user.get_mut(&user) {
            ids.remove(&id);
            if ids.is_empty() {
                self.of_user.remove(&user);
            }
        }
    }
}

impl Place {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Makes the connection reachable.
    pub(crate) fn introduce(&self, user: UserId, login: Uuid, socket: Recipient<Told>) {
        if *self.connections.closing.borrow() {
            let _ = socket.try_send(Told::Close(Close::GoingAway));
        }
        let mut sockets = self.connections.lock();
        sockets.by_id.insert(self.id, Entry { user, login, socket });
        sockets.of_user.entry(user).or_default().insert(self.id);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(self.id);
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = open.saturating_sub(1);
        telemetry::connections(self.kind, -1.0);
    }
}
