//! Who watches a session on this node. Telling never waits: a listener whose queue is full is lost, and its owner is
//! told to cut it, so that one phone that stopped reading slows nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::game::Refusal;
use crate::game::view::{EveningView, SessionView};
use crate::game::{Participant, Session};
use crate::ids::{ParticipantId, Seq, SessionId, UserId};
use crate::journal::Record;
use crate::telemetry;

/// Where a listener stands when it begins to hear.
#[derive(Debug)]
pub struct Welcome {
    pub session: SessionId,
    /// The listener's own name for this `watch`.
    pub request: Uuid,
    /// The last event in what follows.
    pub seq: Seq,
    /// The state, unless what was missed is told.
    pub view: Option<SessionView>,
    /// The evening so far beside it, for listeners that want it.
    pub evening: Option<EveningView>,
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
        session: SessionId,
        /// The places whose account has a connection that watches.
        online: Arc<[ParticipantId]>,
    },
    /// The session's actor is gone; watching again from the last event goes on without a gap.
    Lost(SessionId),
    /// The listener may not watch any longer.
    Dismissed(SessionId, Refusal),
}

/// By what right somebody listens.
#[derive(Clone, Copy, Debug)]
pub enum Viewer {
    /// An account that may read the session.
    User(UserId),
    /// A board with a share.
    Share(SharePass),
}

/// What a share's right to watch hangs on, beside its own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePass {
    /// Who made it.
    pub made_by: UserId,
    /// The last event of the session then.
    pub seq: Seq,
}

impl Viewer {
    pub(super) fn user(&self) -> Option<UserId> {
        match self {
            Viewer::User(user) => Some(*user),
            Viewer::Share(_) => None,
        }
    }

    fn may_watch(&self, state: &Session) -> Result<(), Refusal> {
        match self {
            Viewer::User(user) => state.may_read(*user),
            Viewer::Share(pass) if state.share_stands(pass.made_by, pass.seq) => Ok(()),
            Viewer::Share(_) => Err(Refusal::ParticipantRemoved),
        }
    }
}

/// Somebody who wants to hear.
#[derive(Clone)]
pub struct Listener {
    /// Unique on this node.
    pub id: u64,
    /// By what right it listens.
    pub viewer: Viewer,
    /// A welcome with the state has the evening beside it.
    pub wants_evening: bool,
    /// Bounded; never waited for.
    pub push: mpsc::Sender<Push>,
    /// Called once when the queue is full.
    pub on_slow: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("id", &self.id).field("viewer", &self.viewer).finish_non_exhaustive()
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
    /// Other nodes have still to say who watches there; until then nobody is told who is online.
    awaits_others: bool,
}

impl Audience {
    pub(super) fn new(session: SessionId, awaits_others: bool) -> Self {
        Self {
            session,
            listeners: BTreeMap::new(),
            here: BTreeSet::new(),
            elsewhere: BTreeMap::new(),
            online: BTreeSet::new(),
            awaits_others,
        }
    }

    /// Whether other nodes have still to say who watches there.
    pub(super) fn awaits_others(&self) -> bool {
        self.awaits_others
    }

    /// They have, or are not waited for any longer.
    pub(super) fn know_others(&mut self, state: &Session) {
        self.awaits_others = false;
        self.push_all(Push::Presence { session: self.session, online: self.online_seats(state) }, state);
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
        // Whoever came by an earlier state may have been removed meanwhile.
        if let Err(refusal) = listener.viewer.may_watch(state) {
            Self::push(&listener, Push::Dismissed(self.session, refusal));
        } else if Self::push(&listener, welcome) {
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

    /// Whether the account of a place watches from any node.
    pub(super) fn is_online(&self, participant: &Participant) -> bool {
        !participant.is_removed && participant.user_id.is_some_and(|user| self.online.contains(&user))
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
        self.listeners.retain(|_, listener| match listener.viewer.may_watch(state) {
            Ok(()) => true,
            Err(refusal) => {
                Self::push(listener, Push::Dismissed(session, refusal));
                false
            }
        });
    }

    fn online_seats(&self, state: &Session) -> Arc<[ParticipantId]> {
        state
            .participants()
            .iter()
            .filter(|participant| self.is_online(participant))
            .map(|participant| participant.id)
            .collect()
    }

    /// Tells who is online when that changed; a newcomer is told in any case.
    fn update_presence(&mut self, state: &Session, newcomer: Option<u64>) {
        self.here = self.listeners.values().filter_map(|listener| listener.viewer.user()).collect();
        let users: BTreeSet<UserId> = self.elsewhere.values().flatten().chain(&self.here).copied().collect();
        let changed = users != self.online;
        self.online = users;
        if self.awaits_others {
            return;
        }
        let presence = Push::Presence { session: self.session, online: self.online_seats(state) };
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
