//! Session id to live actor: starts one by snapshot and replay, replaces the dead.

mod looks;

pub(crate) use self::looks::ListedSession;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix::prelude::{Actor, Arbiter, ArbiterHandle, Handler, Message};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;
use uuid::Uuid;

use super::activity::Activity;
use super::actor::SessionActor;
use super::actor::messages::{Close, Execute, Leave, OthersKnown, RemoteEvents, RemotePresence, SayOnline, Watch};
use super::live::{LiveSession, LiveSessions};
use super::unstored_keys::UnstoredKeys;
use super::{CommandError, CommandReceipt, Listener, SessionUpdate, Submission, Viewer};
use crate::game::Session;
use crate::game::command::{Command, CreateSession};
use crate::ids::{CommandId, Seq, SessionId, UserId};
use crate::journal::{AppendError, Journal, LoadedSession, Record};

/// A session that dies under a message is opened again this often before the caller hears of it.
const ATTEMPTS: usize = 3;

/// All sessions, live or not.
#[derive(Clone)]
pub struct Sessions {
    journal: Journal,
    live: Arc<LiveSessions>,
    unstored: Arc<UnstoredKeys>,
    home: ArbiterHandle,
    listeners: Arc<AtomicU64>,
    news: Option<mpsc::Sender<SessionUpdate>>,
    /// Other nodes live and can be asked who watches there.
    asks_others: Arc<AtomicBool>,
}

impl Sessions {
    /// `home` is where sessions live that are opened from outside an actix worker. `news`: other nodes write the same
    /// sessions and are to be told of those that live here; without it this node is alone. `live_max`: sessions in
    /// memory at once.
    pub fn new(
        journal: Journal,
        home: ArbiterHandle,
        news: Option<mpsc::Sender<SessionUpdate>>,
        live_max: usize,
    ) -> Self {
        Self {
            journal,
            live: Arc::new(LiveSessions::new(live_max)),
            unstored: Arc::default(),
            home,
            listeners: Arc::default(),
            news,
            asks_others: Arc::default(),
        }
    }

    /// Whether a session lives here.
    pub fn lives(&self, session: SessionId) -> bool {
        self.live.get(session).is_some_and(|live| live.actor.connected())
    }

    /// The sessions that live here.
    pub fn living(&self) -> Vec<SessionId> {
        self.live.living()
    }

    /// The sessions that live here and that somebody here listens to.
    pub fn listened_to(&self) -> Vec<SessionId> {
        self.live.listened_to()
    }

    /// From now on the first who look at a session here wait until other nodes have said who watches it there
    /// ([`Sessions::others_known`]), for a moment at most; or nobody waits, since no other node could answer.
    pub fn ask_others(&self, asks: bool) {
        self.asks_others.store(asks, Ordering::Relaxed);
    }

    /// All other nodes have said who watches a session there.
    pub fn others_known(&self, session: SessionId) {
        self.tell(session, OthersKnown);
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
    pub async fn execute(&self, session: SessionId, submission: Submission) -> Result<CommandReceipt, CommandError> {
        let span = tracing::info_span!(
            "command",
            session.id = %session,
            command.id = %submission.command_id,
            correlation.id = %submission.correlation_id,
            kind = submission.request.command.kind(),
        );
        async {
            let result = self.execute_in_span(session, submission).await;
            match &result {
                Ok(played) => tracing::debug!(seq = played.seq.0, events = played.records.len(), "played"),
                Err(error) => tracing::debug!(code = error.code(), %error, "not played"),
            }
            result
        }
        .instrument(span)
        .await
    }

    async fn execute_in_span(
        &self,
        session: SessionId,
        submission: Submission,
    ) -> Result<CommandReceipt, CommandError> {
        let (key, used_for) = (submission.key(), (session, submission.hash));
        if self.unstored.is_of_another(key, used_for) {
            // A session that is not there is told of first.
            self.open(session).await?;
            return Err(CommandError::KeyReused);
        }
        let result = self.execute_there(session, submission).await;
        let left_nothing = match &result {
            Ok(played) => played.records.is_empty(),
            Err(error) => matches!(error, CommandError::Refused(_)),
        };
        if left_nothing {
            // Its key took no place in the log, where a used one would have been found.
            if self.journal.is_key_used(key).await.unwrap_or(false) {
                return Err(CommandError::KeyReused);
            }
            self.unstored.note(key, used_for);
        }
        result
    }

    async fn execute_there(&self, session: SessionId, submission: Submission) -> Result<CommandReceipt, CommandError> {
        for _ in 0..ATTEMPTS {
            let live = self.open(session).await?;
            let permit = live.permits.clone().try_acquire_owned().map_err(|_| CommandError::Busy)?;
            let (answer, played) = oneshot::channel();
            let message = Execute { submission: submission.clone(), permit, answer };
            if live.actor.try_send(message).is_err() {
                continue;
            }
            // An actor that dies here may or may not have stored the command: its key tells the next one.
            if let Ok(result) = played.await {
                return result;
            }
        }
        Err(CommandError::Unknown)
    }

    /// Whether the account opened a session under that key before.
    pub async fn has_created(&self, user: UserId, key: CommandId) -> Result<bool, CommandError> {
        Ok(self.journal.opened_by(user, key).await?.is_some())
    }

    /// Opens a new session by its `CreateSession`; its first event is the creator's doing. Answers the existing one where
    /// the same account used the same key before.
    pub async fn create(&self, submission: Submission) -> Result<SessionId, CommandError> {
        let (key, nowhere) = (submission.key(), SessionId(Uuid::nil()));
        if self.unstored.is_of_another(key, (nowhere, submission.hash)) {
            return Err(CommandError::KeyReused);
        }
        let nothing = Session::default();
        let decided = nothing.decide(&submission.request)?;
        let Command::CreateSession(CreateSession { session_id: id, .. }) = submission.request.command else {
            return Err(CommandError::Missing);
        };
        let records = submission.stamp(id, &nothing, decided);
        // Its place in memory before its place in the log: nothing is stored that is refused.
        let slot = self.live.slot(id).ok_or(CommandError::Busy)?;
        let stored = self.journal.append(id, Seq::ZERO, records.clone()).await;
        if stored.is_ok() {
            // Without a look at the database, which may be gone since: what was stored is answered.
            // Nobody can be watching it.
            slot.get_or_init(|| async { self.start(id, LoadedSession::new(records), false) }).await;
            return Ok(id);
        }
        self.live.forget(id, slot);
        match stored {
            Err(AppendError::Conflict) => self.created_before(key, submission.hash).await,
            Err(AppendError::KeysUsed(_)) => Err(CommandError::KeyReused),
            _ => Err(CommandError::Unknown),
        }
    }

    async fn created_before(&self, (user, key): (UserId, CommandId), hash: i64) -> Result<SessionId, CommandError> {
        match self.journal.opened_by(user, key).await? {
            Some((id, there)) if there == hash => Ok(id),
            Some(_) => Err(CommandError::KeyReused),
            None => Err(CommandError::CodeTaken),
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
    ) -> Result<(), CommandError> {
        let code = match listener.viewer {
            // Where the journal does not answer, the state is at hand all the same.
            Viewer::User(_) => self.journal.code(session).await.ok().flatten(),
            Viewer::Share(_) => None,
        };
        for _ in 0..ATTEMPTS {
            let live = self.open(session).await?;
            let pin = live.activity.clone();
            let watch = Watch { listener: listener.clone(), request, after, code: code.clone(), _pin: pin };
            if live.actor.try_send(watch).is_ok() {
                return Ok(());
            }
        }
        Err(CommandError::NotStored)
    }

    /// Another node stored these events; a session that does not live here reads them when it is opened.
    pub fn hear(&self, session: SessionId, records: Vec<Arc<Record>>) {
        self.tell(session, RemoteEvents::Records(records));
    }

    /// Another node stored events up to `seq`: what is missing here is read.
    pub fn hear_head(&self, session: SessionId, seq: Seq) {
        self.tell(session, RemoteEvents::Head(seq));
    }

    /// Another node said who watches a session there; nobody: no one any more.
    pub fn hear_online(&self, session: SessionId, node: String, users: impl IntoIterator<Item = UserId>) {
        self.tell(session, RemotePresence { node, users: users.into_iter().collect() });
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
        if let Some(live) = self.live.get(session) {
            let _ = live.actor.try_send(message);
        }
    }

    /// What the log is known to hold where other nodes write it too: a client that moves from node to node must not
    /// see an older state than it has seen.
    async fn known_head(&self, session: SessionId) -> Result<Seq, CommandError> {
        if self.news.is_none() {
            return Ok(Seq::ZERO);
        }
        // What is in memory may be older than what the client has seen elsewhere, so it is not shown instead.
        Ok(self.journal.head(session).await?.unwrap_or(Seq::ZERO))
    }

    /// A listener hears no more.
    pub fn leave(&self, session: SessionId, listener: u64) {
        if let Some(live) = self.live.get(session) {
            let _ = live.actor.try_send(Leave { listener });
        }
    }

    /// Has all live sessions keep their snapshots and go; those that stay busy for long are left.
    pub async fn close_all(&self) {
        for live in self.live.drain() {
            let _ = live.actor.send(Close).await;
        }
    }

    async fn open(&self, session: SessionId) -> Result<LiveSession, CommandError> {
        let slot = self.live.slot(session).ok_or(CommandError::Busy)?;
        let opening = slot.get_or_try_init(|| async {
            let opened = self.journal.open(session).await?.ok_or(CommandError::Missing)?;
            Ok(self.start(session, opened, self.asks_others.load(Ordering::Relaxed)))
        });
        match opening.await {
            Ok(live) => Ok(live.clone()),
            Err(error) => {
                self.live.forget(session, slot);
                Err(error)
            }
        }
    }

    fn start(&self, session: SessionId, opened: LoadedSession, awaits_others: bool) -> LiveSession {
        let (journal, others) = (self.journal.clone(), (self.news.clone(), awaits_others));
        let arbiter = Arbiter::try_current().unwrap_or_else(|| self.home.clone());
        let activity = Arc::new(Activity::new());
        let of_actor = activity.clone();
        let start = move |_: &mut _| SessionActor::new(session, opened, journal, others, of_actor);
        LiveSession::new(SessionActor::start_in_arbiter(&arbiter, start), activity)
    }
}
