//! Session id to live actor: starts one by snapshot and replay, replaces the dead, forgets the idle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix::prelude::{Actor, Addr, Arbiter, ArbiterHandle, Handler, Message};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore, mpsc, oneshot};
use tracing::Instrument;
use uuid::Uuid;

use super::actor::{Break, Close, Elsewhere, Execute, Glance, Hear, Leave, Look, SayOnline, SessionActor, Watch};
use super::engine::taken_by;
use super::{Creator, Listener, News, NotPlayed, Order, Played};
use crate::clock;
use crate::game::Session;
use crate::game::command::{Command, CreateSession, Request};
use crate::game::event::{Actor as EventActor, Event};
use crate::game::id::{Dice, ParticipantId, Seq, SessionId, UserId};
use crate::game::view::SessionView;
use crate::journal::{AppendError, Journal, Record};

/// Commands that may wait for one session; over it the answer is `overloaded`, at once.
const COMMANDS_WAITING_MAX: usize = 256;
/// Sessions in memory at once; over it opening another one is answered `overloaded`.
const LIVE_MAX: usize = 50_000;
/// The slots of sessions that went idle are swept when the directory has grown by this many.
const SWEEP_EVERY: usize = 1_024;
/// A session that dies under a message is opened again this often before the caller hears of it.
const ATTEMPTS: usize = 3;

#[derive(Clone)]
struct Live {
    actor: Addr<SessionActor>,
    permits: Arc<Semaphore>,
}

type Slot = Arc<OnceCell<Live>>;

/// All sessions, live or not.
#[derive(Clone)]
pub struct Sessions {
    journal: Journal,
    live: Arc<Mutex<HashMap<SessionId, Slot>>>,
    home: ArbiterHandle,
    listeners: Arc<AtomicU64>,
    news: Option<mpsc::Sender<News>>,
}

impl Sessions {
    /// `home` is where sessions live that are opened from outside an actix worker. `news`: other nodes write the same
    /// sessions and are to be told of those that live here; without it this node is alone.
    pub fn new(journal: Journal, home: ArbiterHandle, news: Option<mpsc::Sender<News>>) -> Self {
        Self { journal, live: Arc::default(), home, listeners: Arc::default(), news }
    }

    /// Whether a session lives here.
    pub fn lives(&self, session: SessionId) -> bool {
        self.slot_of(session).is_some_and(|slot| slot.get().is_some_and(|live| live.actor.connected()))
    }

    /// The sessions that live here.
    pub fn living(&self) -> Vec<SessionId> {
        let live = self.lock();
        let connected = live.iter().filter(|(_, slot)| slot.get().is_some_and(|live| live.actor.connected()));
        connected.map(|(session, _)| *session).collect()
    }

    /// A new name for a listener.
    pub fn listener_id(&self) -> u64 {
        self.listeners.fetch_add(1, Ordering::Relaxed)
    }

    /// The log behind the sessions.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Has the session decide, store and tell a command.
    pub async fn execute(&self, session: SessionId, order: Order) -> Result<Played, NotPlayed> {
        let span = tracing::info_span!(
            "command",
            session.id = %session,
            command.id = %order.command_id,
            correlation.id = %order.correlation_id,
            kind = order.command.kind(),
        );
        async {
            let result = self.execute_in_span(session, order).await;
            match &result {
                Ok(played) => tracing::debug!(seq = played.seq, events = played.records.len(), "played"),
                Err(error) => tracing::debug!(code = error.code(), %error, "not played"),
            }
            result
        }
        .instrument(span)
        .await
    }

    async fn execute_in_span(&self, session: SessionId, order: Order) -> Result<Played, NotPlayed> {
        let hash = fingerprint(&order.command);
        let dice = Dice(rand::random());
        for _ in 0..ATTEMPTS {
            let live = self.open(session).await?;
            let permit = live.permits.clone().try_acquire_owned().map_err(|_| NotPlayed::Busy)?;
            let (answer, played) = oneshot::channel();
            let request =
                Request { user: order.user, game: order.game, command: order.command.clone(), at: clock::now(), dice };
            let (command_id, correlation_id) = (order.command_id, order.correlation_id);
            let message = Execute { request, command_id, correlation_id, hash, permit, answer };
            if live.actor.try_send(message).is_err() {
                continue;
            }
            // An actor that dies here may or may not have stored the command: its key tells the next one.
            if let Ok(result) = played.await {
                return result;
            }
        }
        Err(NotPlayed::NotStored)
    }

    /// Opens a new session; its first event is the creator's doing. Answers the existing one where the same account
    /// used the same key before.
    pub async fn create(&self, create: CreateSession, by: Creator) -> Result<SessionId, NotPlayed> {
        // What the server drew is not part of what was asked.
        let asked = CreateSession {
            session_id: SessionId(Uuid::nil()),
            chat_id: Uuid::nil(),
            code: String::new(),
            ..create.clone()
        };
        let hash = fingerprint(&Command::CreateSession(asked));
        let at = clock::now();
        let dice = Dice(rand::random());
        let id = create.session_id;
        let request = Request { user: by.user, game: None, command: Command::CreateSession(create), at, dice };
        let decided = Session::default().decide(&request)?;
        let actor = EventActor { user_id: Some(by.user), participant_id: taken_by(by.user, &decided) };
        let records: Vec<Arc<Record>> = decided
            .into_iter()
            .zip(1..)
            .map(|(decided, seq)| {
                let event = Event {
                    event_id: dice.id(seq as u64 + 16, at),
                    session_id: id,
                    seq,
                    fact: decided.fact,
                    game_id: None,
                    actor,
                    command_id: by.command_id,
                    correlation_id: by.correlation_id,
                    timestamp: at,
                };
                Arc::new(Record::new(event, hash))
            })
            .collect();
        match self.journal.append(id, 0, records).await {
            Ok(()) => Ok(id),
            Err(AppendError::Conflict) => self.created_before(by, hash).await,
            Err(AppendError::Unavailable) => Err(NotPlayed::NotStored),
        }
    }

    async fn created_before(&self, by: Creator, hash: i64) -> Result<SessionId, NotPlayed> {
        match self.journal.opened_by(by.user, by.command_id).await? {
            Some((id, there)) if there == hash => Ok(id),
            Some(_) => Err(NotPlayed::KeyReused),
            // It was the join code that is taken.
            None => Err(NotPlayed::Busy),
        }
    }

    /// Has a listener hear the session: `Push::Welcome` first, then everything after it. `after`: the last event the
    /// listener has.
    pub async fn watch(
        &self,
        session: SessionId,
        listener: Listener,
        request: Uuid,
        after: Option<Seq>,
    ) -> Result<(), NotPlayed> {
        for _ in 0..ATTEMPTS {
            let live = self.open(session).await?;
            let watch = Watch { listener: listener.clone(), request, after };
            if live.actor.try_send(watch).is_ok() {
                return Ok(());
            }
        }
        Err(NotPlayed::NotStored)
    }

    /// Another node stored these events; a session that does not live here reads them when it is opened.
    pub fn hear(&self, session: SessionId, records: Vec<Arc<Record>>) {
        self.tell(session, Hear::Records(records));
    }

    /// Another node stored events up to `seq`: what is missing here is read.
    pub fn hear_head(&self, session: SessionId, seq: Seq) {
        self.tell(session, Hear::Head(seq));
    }

    /// Another node said who watches a session there; nobody: no one any more.
    pub fn hear_online(&self, session: SessionId, node: String, users: impl IntoIterator<Item = UserId>) {
        self.tell(session, Elsewhere { node, users: users.into_iter().collect() });
    }

    /// Has a session say again who watches it here.
    pub fn say_online(&self, session: SessionId) {
        self.tell(session, SayOnline);
    }

    /// To a session that lives here; one that does not needs no telling.
    fn tell<M>(&self, session: SessionId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        SessionActor: Handler<M>,
    {
        if let Some(live) = self.slot_of(session).and_then(|slot| slot.get().cloned()) {
            let _ = live.actor.try_send(message);
        }
    }

    /// What the log is known to hold where other nodes write it too: a client that moves from node to node must not
    /// see an older state than it has seen.
    async fn known_head(&self, session: SessionId) -> Seq {
        if self.news.is_none() {
            return 0;
        }
        // Where the database does not answer, what is in memory is the best there is.
        self.journal.head(session).await.ok().flatten().unwrap_or(0)
    }

    /// A listener hears no more.
    pub fn leave(&self, session: SessionId, listener: u64) {
        if let Some(live) = self.slot_of(session).and_then(|slot| slot.get().cloned()) {
            let _ = live.actor.try_send(Leave { listener });
        }
    }

    /// Looks at the state as the log has it, and at who is online.
    pub async fn look<T: Send + 'static>(
        &self,
        session: SessionId,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, NotPlayed> {
        let at_least = self.known_head(session).await;
        for _ in 0..ATTEMPTS {
            let live = self.open(session).await?;
            let (answer, seen) = oneshot::channel();
            let look = look.clone();
            let glance: Glance = Box::new(move |state, online| {
                let _ = answer.send(look(state, online));
            });
            let message = Look { at_least, glance };
            if live.actor.try_send(message).is_err() {
                continue;
            }
            if let Ok(seen) = seen.await {
                return Ok(seen);
            }
        }
        Err(NotPlayed::NotStored)
    }

    /// The session as clients see it, without bringing it into memory; `None`: there is no such session.
    pub async fn glance(&self, session: SessionId) -> Result<Option<SessionView>, NotPlayed> {
        if self.lives(session) {
            return self.look(session, |state, online| state.view(online)).await.map(Some);
        }
        Ok(self.journal.open(session).await?.map(|opened| opened.state.view(&|_| false)))
    }

    /// Makes the actor of a session panic, to show that it is replaced.
    #[doc(hidden)]
    pub async fn break_actor(&self, session: SessionId) -> Result<(), NotPlayed> {
        let live = self.open(session).await?;
        let _ = live.actor.send(Break).await;
        Ok(())
    }

    /// Has all live sessions keep their snapshots and go; those that stay busy for long are left.
    pub async fn close_all(&self) {
        let slots: Vec<Slot> = self.lock().drain().map(|(_, slot)| slot).collect();
        for live in slots.iter().filter_map(|slot| slot.get()) {
            let _ = live.actor.send(Close).await;
        }
    }

    async fn open(&self, session: SessionId) -> Result<Live, NotPlayed> {
        let slot = self.slot(session)?;
        let opening = slot.get_or_try_init(|| async {
            let opened = self.journal.open(session).await?.ok_or(NotPlayed::Missing)?;
            let (journal, news) = (self.journal.clone(), self.news.clone());
            let arbiter = Arbiter::try_current().unwrap_or_else(|| self.home.clone());
            let start = move |_: &mut _| SessionActor::new(session, opened, journal, news);
            let actor = SessionActor::start_in_arbiter(&arbiter, start);
            Ok(Live { actor, permits: Arc::new(Semaphore::new(COMMANDS_WAITING_MAX)) })
        });
        match opening.await {
            Ok(live) => Ok(live.clone()),
            Err(error) => {
                self.forget(session, slot);
                Err(error)
            }
        }
    }

    /// The slot of a session that lives or is being opened; a dead one is replaced.
    fn slot(&self, session: SessionId) -> Result<Slot, NotPlayed> {
        let mut live = self.lock();
        if let Some(slot) = live.get(&session)
            && slot.get().is_none_or(|live| live.actor.connected())
        {
            return Ok(slot.clone());
        }
        if live.len() >= LIVE_MAX || live.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            live.retain(|_, slot| match slot.get() {
                Some(live) => live.actor.connected(),
                None => Arc::strong_count(slot) > 1,
            });
            if live.len() >= LIVE_MAX {
                return Err(NotPlayed::Busy);
            }
        }
        let slot = Slot::default();
        live.insert(session, slot.clone());
        Ok(slot)
    }

    fn slot_of(&self, session: SessionId) -> Option<Slot> {
        self.lock().get(&session).cloned()
    }

    /// A slot that could not be filled goes, unless somebody else still tries: what that one opens must be found.
    fn forget(&self, session: SessionId, slot: Slot) {
        let mut live = self.lock();
        // The directory's and this one.
        let is_last = Arc::strong_count(&slot) == 2 && slot.get().is_none();
        if is_last && live.get(&session).is_some_and(|there| Arc::ptr_eq(there, &slot)) {
            live.remove(&session);
        }
        // Counted by the next one that fails, so it goes before the lock does.
        drop(slot);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Slot>> {
        // Whoever panicked with the lock held changed one entry at most.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells two bodies under one idempotency key apart: the head of the SHA-256 of what was asked, as JSON. Without the game
/// that a path names: a client that goes on over REST where its socket broke sends the same command.
fn fingerprint(command: &Command) -> i64 {
    let body = serde_json::to_vec(command).unwrap_or_default();
    let digest = Sha256::digest(body);
    i64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}
