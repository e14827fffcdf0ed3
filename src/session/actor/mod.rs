//! The actix actor around one engine: carries out its effects, nothing else. Its mailbox is bounded by the permits that
//! travel with the messages (see `mod.rs`).

pub(super) mod messages;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use self::messages::StateReader;
use super::activity::Activity;
use super::audience::{Audience, Listener, Push, Welcome};
use super::engine::{CallerId, Effect, Engine, Input, Outcome};
use super::{CommandError, CommandReceipt, SessionUpdate};
use crate::game::view::SessionView;
use crate::ids::{GameId, Seq, SessionId, UserId};
use crate::journal::{Journal, JournalError, LoadedSession, Record};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static UNREAD: Trouble = Trouble::new();
static UNREADABLE: Trouble = Trouble::new();

/// How long a session without watchers and commands stays in memory.
const IDLE_MAX: Duration = Duration::from_secs(300);
const IDLE_CHECK: Duration = Duration::from_secs(30);
/// How long after a failure of the journal the log is looked at again; by half less or more, since the failure of one
/// commit is that of hundreds of sessions.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long the first who look at a session here wait for other nodes to say who watches it there.
const OTHERS_WAIT: Duration = Duration::from_millis(300);
/// Events read at once while catching up.
const TAIL_PAGE: u64 = 2_000;
const HISTORY_MAX: u64 = 1_000;
/// Above the permits, so that the mailbox itself is never what refuses.
const MAILBOX: usize = 1_024;

struct PendingAnswer {
    answer: oneshot::Sender<Result<CommandReceipt, CommandError>>,
    _permit: OwnedSemaphorePermit,
    since: Instant,
    kind: &'static str,
    /// The game that the caller named.
    game: Option<GameId>,
}

/// A listener that waits for its welcome.
struct Newcomer {
    listener: Listener,
    request: Uuid,
    code: Option<String>,
}

/// A look that waits.
struct WaitingLook {
    at_least: Seq,
    shows_online: bool,
    read: StateReader,
}

pub(super) struct SessionActor {
    id: SessionId,
    engine: Engine,
    journal: Journal,
    audience: Audience,
    callers: HashMap<CallerId, PendingAnswer>,
    /// Listeners that wait for their welcome.
    joining: HashMap<u64, Newcomer>,
    /// Those among them who are to be shown who is online and wait until other nodes have said it.
    awaiting_others: Vec<u64>,
    callers_so_far: u64,
    activity: Arc<Activity>,
    /// Looks that wait for what is on its way here: an event, or who is online on other nodes.
    looks: Vec<WaitingLook>,
    /// To the other nodes; `None`: there are none.
    news: Option<mpsc::Sender<SessionUpdate>>,
    /// Who was said to watch here.
    said: BTreeSet<UserId>,
}

impl SessionActor {
    /// `others`: the other nodes, and whether they have first to say who watches there.
    pub(super) fn new(
        id: SessionId,
        opened: LoadedSession,
        journal: Journal,
        others: (Option<mpsc::Sender<SessionUpdate>>, bool),
        activity: Arc<Activity>,
    ) -> Self {
        let (news, awaits_others) = others;
        Self {
            id,
            engine: Engine::new(opened, news.is_some()),
            journal,
            audience: Audience::new(id, awaits_others),
            callers: HashMap::new(),
            joining: HashMap::new(),
            awaiting_others: Vec::new(),
            callers_so_far: 0,
            activity,
            looks: Vec::new(),
            news,
            said: BTreeSet::new(),
        }
    }

    fn feed(&mut self, input: Input, ctx: &mut Context<Self>) {
        self.activity.touch();
        self.step(input, ctx);
    }

    /// The same for what is nobody's doing here and keeps no idle session in memory.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        for effect in self.engine.on(input) {
            self.carry_out(effect, ctx);
        }
        self.show_what_arrived();
        self.say_online();
        self.note_activity();
    }

    fn note_activity(&self) {
        self.activity.set_listeners(!self.audience.is_empty());
        self.activity.set_idle(self.is_idle());
    }

    fn is_idle(&self) -> bool {
        self.audience.is_empty() && self.joining.is_empty() && self.looks.is_empty() && self.engine.is_at_rest()
    }

    fn show_what_arrived(&mut self) {
        if self.looks.is_empty() {
            return;
        }
        let (engine, awaits_others) = (&self.engine, self.audience.awaits_others());
        let waits = |look: &WaitingLook| engine.is_on_its_way_to(look.at_least) || (look.shows_online && awaits_others);
        let ready: Vec<_> = self.looks.extract_if(.., |look| !waits(look)).collect();
        for look in ready {
            self.show(look.at_least, look.read);
        }
    }

    fn know_others(&mut self) {
        if !self.audience.awaits_others() {
            return;
        }
        self.audience.know_others(self.engine.state());
        for watcher in std::mem::take(&mut self.awaiting_others) {
            self.welcome(watcher, None);
        }
        self.show_what_arrived();
        self.say_online();
        self.note_activity();
    }

    fn show(&self, at_least: Seq, read: StateReader) {
        let state = self.engine.state();
        if state.seq() < at_least {
            return read(None);
        }
        let is_online = |id| {
            let participants = state.participants();
            participants.iter().any(|participant| participant.id == id && self.audience.is_online(participant))
        };
        read(Some((state, &is_online)));
    }

    /// Tells other nodes who watches here, when that changed.
    fn say_online(&mut self) {
        if self.news.is_some() && *self.audience.here() != self.said {
            self.said = self.audience.here().clone();
            self.say(SessionUpdate::Online(self.id, self.said.iter().copied().collect()));
        }
    }

    /// Updates that don't fit are made good by the sweep of the reader.
    fn say(&self, news: SessionUpdate) {
        if let Some(sender) = &self.news {
            let _ = sender.try_send(news);
        }
    }

    fn carry_out(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        let (journal, id) = (self.journal.clone(), self.id);
        match effect {
            Effect::Append { after, records } => {
                let storing = async move { journal.append(id, after, records).await };
                let stored =
                    storing.into_actor(self).map(|result, actor, ctx| actor.feed(Input::Appended(result), ctx));
                ctx.spawn(stored);
            }
            Effect::ReadTail { after } => {
                let reading = async move { journal.read(id, after, TAIL_PAGE).await };
                ctx.spawn(reading.into_actor(self).map(|result, actor, ctx| {
                    actor.step(Input::Tail(answered(actor.id, result)), ctx);
                }));
            }
            Effect::ReadHistory { watcher, after } => {
                let reading = async move { journal.read_history(id, after, HISTORY_MAX).await };
                ctx.spawn(reading.into_actor(self).map(move |result, actor, ctx| {
                    actor.feed(Input::History { watcher, records: answered(actor.id, result) }, ctx);
                }));
            }
            Effect::Tell(records) => self.audience.tell(records, self.engine.state()),
            Effect::Welcome { watcher, missed } => self.welcome(watcher, missed),
            Effect::Answer { caller, outcome } => self.answer(caller, outcome, ctx),
            Effect::KeepSnapshot => self.keep_snapshot(),
            Effect::LookLater => {
                let delay = LOOK_AGAIN_AFTER.mul_f64(rand::random_range(0.5..1.5));
                ctx.run_later(delay, |actor, ctx| actor.step(Input::LookNow, ctx));
            }
        }
    }

    fn welcome(&mut self, watcher: u64, missed: Option<Vec<Arc<Record>>>) {
        // A state shows who is online.
        if missed.is_none() && self.audience.awaits_others() {
            return self.awaiting_others.push(watcher);
        }
        let Some(Newcomer { listener, request, code }) = self.joining.remove(&watcher) else { return };
        let (user, wants_evening) = (listener.viewer.user(), listener.wants_evening);
        let state = self.engine.state();
        // A snapshot shows the newcomer online, as the presence that follows it does.
        let is_online = |id| {
            state.participants().iter().any(|participant| {
                let is_newcomer = user.is_some() && participant.user_id == user;
                participant.id == id && (is_newcomer || self.audience.is_online(participant))
            })
        };
        let code = code.filter(|_| user.is_some_and(|user| state.may_know_code(user)));
        let view = missed.is_none().then(|| SessionView { code, ..state.view(&is_online) });
        let evening = view.as_ref().filter(|_| wants_evening).map(|_| state.evening());
        let missed = missed.unwrap_or_default();
        let welcome = Welcome { session: self.id, request, seq: state.seq(), view, evening, missed };
        self.audience.welcome(listener, Push::Welcome(Arc::new(welcome)), state);
    }

    fn answer(&mut self, caller: CallerId, outcome: Outcome, ctx: &mut Context<Self>) {
        let Some(caller) = self.callers.remove(&caller) else { return };
        let result = match outcome {
            Outcome::Done { seq, records } => Ok(CommandReceipt { seq, records }),
            Outcome::Refused(refusal) => Err(CommandError::Refused(refusal)),
            Outcome::KeyReused => Err(CommandError::KeyReused),
            Outcome::NotStored => Err(CommandError::NotStored),
            Outcome::Unknown => Err(CommandError::Unknown),
            Outcome::Repeated { first, count } => {
                let (journal, id) = (self.journal.clone(), self.id);
                let reading = async move {
                    let of_another_game = |records: &[Arc<Record>]| {
                        let there = records.first().and_then(|record| record.event.game_id);
                        caller.game.zip(there).is_some_and(|(asked, there)| asked != there)
                    };
                    let result = match journal.read(id, first.previous(), u64::from(count)).await {
                        Ok(records) if of_another_game(&records) => Err(CommandError::KeyReused),
                        Ok(records) => Ok(CommandReceipt { seq: first.previous() + i64::from(count), records }),
                        Err(error) => {
                            tracing::error!(session.id = %id, %error, "a repeated command could not be answered");
                            Err(CommandError::NotStored)
                        }
                    };
                    caller.settle(result);
                };
                ctx.spawn(reading.into_actor(self));
                return;
            }
        };
        caller.settle(result);
    }

    fn keep_snapshot(&mut self) {
        if let Some(snapshot) = self.engine.snapshot() {
            self.journal.keep(self.id, snapshot);
        }
    }

    fn go_when_idle(&mut self, ctx: &mut Context<Self>) {
        // Listeners that were cut leave by themselves.
        self.note_activity();
        if self.is_idle() && self.activity.idle_for() >= IDLE_MAX {
            ctx.stop();
        }
    }
}

impl PendingAnswer {
    fn settle(self, result: Result<CommandReceipt, CommandError>) {
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => error.code(),
        };
        telemetry::command_answered(self.kind, outcome, self.since.elapsed());
        // The caller may have gone; the fact stays.
        let _ = self.answer.send(result);
    }
}

fn answered<T>(id: SessionId, result: Result<T, JournalError>) -> Option<T> {
    let say = |error: &JournalError| {
        // All sessions of a node look again every second while the database is away, and one whose log can't be read.
        let trouble = if matches!(error, JournalError::Unavailable(_)) { &UNREAD } else { &UNREADABLE };
        if trouble.is_news() {
            tracing::error!(session.id = %id, %error, "the log could not be read");
        }
    };
    result.inspect_err(say).ok()
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        telemetry::live_sessions(1.0);
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(IDLE_CHECK, Self::go_when_idle);
        if self.audience.awaits_others() {
            ctx.run_later(OTHERS_WAIT, |actor, _| actor.know_others());
        }
        self.say(SessionUpdate::Opened(self.id));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.keep_snapshot();
    }
}

impl Drop for SessionActor {
    fn drop(&mut self) {
        // Those that were still to be welcomed ask the next actor, as the audience does.
        for newcomer in self.joining.values() {
            Audience::push(&newcomer.listener, Push::Lost(self.id));
        }
        self.say(SessionUpdate::Closed(self.id));
        telemetry::live_sessions(-1.0);
    }
}
