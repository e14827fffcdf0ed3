//! The sessions that are in memory on this node, at most so many: the longest idle ones make room for the next.
//! A place is taken before anything is stored, so that nothing is stored that is refused.

use std::collections::HashMap;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::prelude::Addr;
use tokio::sync::{OnceCell, Semaphore};

use super::activity::Activity;
use super::actor::SessionActor;
use super::actor::messages::Close;
use crate::ids::SessionId;

/// Commands that may wait for one session; over it the answer is `overloaded`, at once.
const COMMANDS_WAITING_MAX: usize = 256;
/// The slots of sessions that went idle are swept when there are this many more.
const SWEEP_EVERY: usize = 1_024;
/// This part of all sessions makes room at once: looking for the longest idle ones looks at all.
const ROOM_SHARE: usize = 64;

/// A session in memory.
#[derive(Clone)]
pub(super) struct LiveSession {
    pub(super) actor: Addr<SessionActor>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) activity: Arc<Activity>,
}

impl LiveSession {
    pub(super) fn new(actor: Addr<SessionActor>, activity: Arc<Activity>) -> Self {
        Self { actor, permits: Arc::new(Semaphore::new(COMMANDS_WAITING_MAX)), activity }
    }

    /// Nobody needs it and, while its slot can't be found, nobody will.
    fn is_idle(&self) -> bool {
        // The actor's and this one.
        let is_unheld = Arc::strong_count(&self.activity) == 2;
        // What a holder had the actor do before it let go is seen below.
        fence(Ordering::Acquire);
        is_unheld && self.permits.available_permits() == COMMANDS_WAITING_MAX && self.activity.is_idle()
    }
}

/// The place of a session: empty while it is being opened.
pub(super) type Slot = Arc<OnceCell<LiveSession>>;

pub(super) struct LiveSessions {
    max: usize,
    slots: Mutex<HashMap<SessionId, Slot>>,
}

impl LiveSessions {
    pub(super) fn new(max: usize) -> Self {
        Self { max, slots: Mutex::default() }
    }

    /// The session if it lives.
    pub(super) fn get(&self, session: SessionId) -> Option<LiveSession> {
        self.lock().get(&session).and_then(|slot| slot.get().cloned())
    }

    /// All that live.
    pub(super) fn living(&self) -> Vec<SessionId> {
        self.those(|live| live.actor.connected())
    }

    /// Those that somebody listens to.
    pub(super) fn listened_to(&self) -> Vec<SessionId> {
        self.those(|live| live.activity.has_listeners() && live.actor.connected())
    }

    fn those(&self, are: impl Fn(&LiveSession) -> bool) -> Vec<SessionId> {
        let slots = self.lock();
        slots.iter().filter(|(_, slot)| slot.get().is_some_and(&are)).map(|(session, _)| *session).collect()
    }

    /// The slot of a session that lives or is being opened; a dead one is replaced. `None`: there is no room.
    pub(super) fn slot(&self, session: SessionId) -> Option<Slot> {
        let mut slots = self.lock();
        if let Some(slot) = slots.get(&session)
            && slot.get().is_none_or(|live| live.actor.connected())
        {
            return Some(slot.clone());
        }
        if slots.len() >= self.max || slots.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            slots.retain(|_, slot| match slot.get() {
                Some(live) => live.actor.connected(),
                None => Arc::strong_count(slot) > 1,
            });
            if slots.len() >= self.max {
                make_room(&mut slots, (self.max / ROOM_SHARE).max(1));
            }
            if slots.len() >= self.max {
                return None;
            }
        }
        let slot = Slot::default();
        slots.insert(session, slot.clone());
        Some(slot)
    }

    /// A slot that could not be filled goes, unless somebody else still tries: what that one opens must be found.
    pub(super) fn forget(&self, session: SessionId, slot: Slot) {
        let mut slots = self.lock();
        // The directory's and this one.
        let is_last = Arc::strong_count(&slot) == 2 && slot.get().is_none();
        if is_last && slots.get(&session).is_some_and(|there| Arc::ptr_eq(there, &slot)) {
            slots.remove(&session);
        }
        // Counted by the next one that fails, so it goes before the lock does.
        drop(slot);
    }

    /// Takes all out.
    pub(super) fn drain(&self) -> Vec<LiveSession> {
        self.lock().drain().filter_map(|(_, slot)| slot.get().cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Slot>> {
        // Whoever panicked with the lock held changed one entry at most.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the longest idle sessions keep their snapshots and go. Nobody can reach them meanwhile: the way to a session
/// begins at its slot, and the caller holds the lock.
fn make_room(slots: &mut HashMap<SessionId, Slot>, count: usize) {
    let mut idle: Vec<(Duration, SessionId)> = slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(slot) == 1)
        .filter_map(|(session, slot)| Some((slot.get().filter(|live| live.is_idle())?.activity.idle_for(), *session)))
        .collect();
    if idle.len() > count {
        idle.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
        idle.truncate(count);
    }
    for (_, session) in idle {
        if let Some(live) = slots.remove(&session).as_ref().and_then(|slot| slot.get()) {
            // An idle one has room in its mailbox; one that died has gone.
            let _ = live.actor.try_send(Close);
        }
    }
}
