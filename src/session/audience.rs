//! Who watches a session on this node. Telling never waits: a listener whose queue is full is lost, and its owner is
//! told to cut it, so that one phone that stopped reading slows nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::game::Session;
use crate::game::id::{ParticipantId, Seq, SessionId, UserId};
use crate::game::view::SessionView;
use crate::journal::Record;
use crate::telemetry;

/// Where a listener stands when it begins to hear.
#[derive(Debug)]
pub struct Welcome {
    /// Which session.
    pub session: SessionId,
    /// The listener's own name for this `watch`.
    pub request: Uuid,
    /// The last event in what follows.
    pub seq: Seq,
    /// The state, unless what was missed is told.
    pub view: Option<SessionView>,
    /// The events after `after_seq`, in order.
    pub missed: Vec<Arc<Record>>,
}

/// What a listener hears of a session. Small, since every connection has room for many.
#[derive(Clone, Debug)]
pub enum Push {
    /// The first thing after `watch`: where the listener stands now.
    Welcome(Arc<Welcome>),
    /// Events, each the next one in `seq` order.
    Events(Arc<[Arc<Record>]>),
    /// Who is online now.
    Presence {
        /// Which session.
        session: SessionId,
        /// The seats whose account has a connection that watches.
        online: Arc<[ParticipantId]>,
    },
    /// The session's actor is gone; watching again from the last event goes on without a gap.
    Lost(SessionId),
    /// The listener may not watch any longer.
    Dismissed(SessionId),
}

/// Somebody who wants to hear.
#[derive(Clone)]
pub struct Listener {
    /// Unique on this node.
    pub id: u64,
    /// The account behind it; `None` for a board with a share token.
    pub user: Option<UserId>,
    /// Bounded; never waited for.
    pub push: mpsc::Sender<Push>,
    /// Called once when the queue is full.
    pub on_slow: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("id", &self.id).field("user", &self.user).finish_non_exhaustive()
    }
}

pub(super) struct Audience {
    session: SessionId,
    listeners: BTreeMap<u64, Listener>,
    /// Who watches here.
    here: BTreeSet<UserId>,
    /// Who watches on other nodes, by node.
    elsewhere: BTreeMap<String, BTreeSet<UserId>>,
    /// Who is online on any node, as it was told last.
    online: BTreeSet<UserId>,
}

impl Audience {
    pub(super) fn new(session: SessionId) -> Self {
        Self {
            session,
            listeners: BTreeMap::new(),
            here: BTreeSet::new(),
            elsewhere: BTreeMap::new(),
            online: BTreeSet::new(),
        }
    }

    /// Another node said who watches there; nobody: it has no watchers any more, or is gone.
    pub(super) fn elsewhere(&mut self, node: String, users: BTreeSet<UserId>, state: &Session) {
        if users.is_empty() {
            self.elsewhere.remove(&node);
        } else {
            self.elsewhere.insert(node, users);
        }
        self.update_presence(state, None);
    }

    /// Who watches from this node.
    pub(super) fn here(&self) -> &BTreeSet<UserId> {
        &self.here
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Greets a listener, which hears all that is told from now on.
    pub(super) fn welcome(&mut self, listener: Listener, welcome: Push, state: &Session) {
        let id = listener.id;
        if Self::push(&listener, welcome) {
            self.listeners.insert(id, listener);
            self.update_presence(state, Some(id));
        }
    }

    pub(super) fn leave(&mut self, id: u64, state: &Session) {
        if self.listeners.remove(&id).is_some() {
            self.update_presence(state, None);
        }
    }

    /// Tells everybody.
    pub(super) fn tell(&mut self, records: Vec<Arc<Record>>, state: &Session) {
        if self.listeners.is_empty() {
            return;
        }
        let seats_or_privacy_changed = records.iter().any(|record| record.event.game_id.is_none());
        self.push_all(Push::Events(records.into()), state);
        if seats_or_privacy_changed {
            self.dismiss_strangers(state);
            self.update_presence(state, None);
        }
    }

    /// Whether an account watches from any node.
    pub(super) fn is_online(&self, user: UserId) -> bool {
        self.online.contains(&user)
    }

    fn push_all(&mut self, push: Push, state: &Session) {
        let before = self.listeners.len();
        self.listeners.retain(|_, listener| Self::push(listener, push.clone()));
        if self.listeners.len() < before {
            self.update_presence(state, None);
        }
    }

    /// False: it is gone, or was too slow and is being cut.
    pub(super) fn push(listener: &Listener, push: Push) -> bool {
        match listener.push.try_send(push) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                telemetry::slow_listener_cut();
                (listener.on_slow)();
                false
            }
        }
    }

    fn dismiss_strangers(&mut self, state: &Session) {
        let session = self.session;
        self.listeners.retain(|_, listener| {
            let stays = listener.user.is_none_or(|user| state.may_read(user));
            if !stays {
                Self::push(listener, Push::Dismissed(session));
            }
            stays
        });
    }

    /// Tells who is online when that changed; a newcomer is told in any case.
    fn update_presence(&mut self, state: &Session, newcomer: Option<u64>) {
        self.here = self.listeners.values().filter_map(|listener| listener.user).collect();
        let users: BTreeSet<UserId> = self.elsewhere.values().flatten().chain(&self.here).copied().collect();
        let changed = users != self.online;
        self.online = users;
        let online: Arc<[ParticipantId]> = state
            .participants()
            .iter()
            .filter(|participant| participant.user_id.is_some_and(|user| self.online.contains(&user)))
            .map(|participant| participant.id)
            .collect();
        let presence = Push::Presence { session: self.session, online };
        if changed {
            self.push_all(presence, state);
        } else if let Some(listener) = newcomer.and_then(|id| self.listeners.get(&id)) {
            Self::push(listener, presence);
        }
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        // Also on the way out of a panic: the listeners watch again and reach the actor that replaces this one.
        for listener in self.listeners.values() {
            Self::push(listener, Push::Lost(self.session));
        }
    }
}
