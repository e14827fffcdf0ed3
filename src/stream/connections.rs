//! The connections of this node: how many there may be, and how to reach those of a user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix::Recipient;
use actix::prelude::Message;
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
}

struct Entry {
    user: UserId,
    login: Uuid,
    socket: Recipient<Told>,
}

/// All of them.
#[derive(Clone)]
pub(crate) struct Connections {
    sockets: Arc<Mutex<HashMap<Uuid, Entry>>>,
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
        for entry in self.lock().values() {
            if entry.user == user && logins.contains(&entry.login) {
                let _ = entry.socket.try_send(Told::Close(Close::TokenExpired));
            }
        }
    }

    /// Closes every connection and takes no new one.
    pub(crate) fn close_all(&self) {
        self.closing.send_replace(true);
        for entry in self.lock().values() {
            let _ = entry.socket.try_send(Told::Close(Close::GoingAway));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.connections.lock().insert(self.id, Entry { user, login, socket });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = open.saturating_sub(1);
        telemetry::connections(self.kind, -1.0);
    }
}
