//! The actix actor around one engine: carries out its effects, nothing else. Its mailbox is bounded by the permits that
//! travel with the messages (see `mod.rs`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use super::audience::{Audience, Listener, Push, Welcome};
use super::engine::{Ask, Effect, Engine, Input, Outcome, Ticket};
use super::{News, NotPlayed, Played};
use crate::game::Session;
use crate::game::command::Request;
use crate::game::id::{ParticipantId, Seq, SessionId, UserId};
use crate::journal::{Journal, Opened, Record};
use crate::telemetry;

/// How long a session without watchers and commands stays in memory.
const IDLE_MAX: Duration = Duration::from_secs(300);
const IDLE_CHECK: Duration = Duration::from_secs(30);
/// How long after a failure of the journal the log is looked at again; by half less or more, since the failure of one
/// commit is that of hundreds of sessions.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Events read at once while catching up.
const TAIL_PAGE: u64 = 2_000;
const HISTORY_MAX: u64 = 1_000;
/// Above the permits, so that the mailbox itself is never what refuses.
const MAILBOX: usize = 1_024;

/// Decide this and store it.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Execute {
    pub(super) request: Request,
    pub(super) command_id: Uuid,
    pub(super) correlation_id: Uuid,
    pub(super) hash: i64,
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) answer: oneshot::Sender<Result<Played, NotPlayed>>,
}

/// Tell this listener.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Watch {
    pub(super) listener: Listener,
    pub(super) request: Uuid,
    pub(super) after: Option<Seq>,
}

/// Don't any more.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Leave {
    pub(super) listener: u64,
}

/// Look at the state and at who is online.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Look {
    /// The log is known to hold this event: what is shown must have it.
    pub(super) at_least: Seq,
    pub(super) glance: Glance,
}

/// What is done with the state and the knowledge of who is online.
pub(super) type Glance = Box<dyn FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) + Send>;

/// Another node stored events.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Hear {
    /// These, in any order, perhaps again.
    Records(Vec<Arc<Record>>),
    /// Up to here.
    Head(Seq),
}

/// Another node said who watches there.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Elsewhere {
    pub(super) node: String,
    pub(super) users: BTreeSet<UserId>,
}

/// Say again who watches here.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct SayOnline;

/// Write down what is to be kept and go.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Close;

/// A fault, for tests of the replacement of actors that panic.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Break;

struct Caller {
    answer: oneshot::Sender<Result<Played, NotPlayed>>,
    _permit: OwnedSemaphorePermit,
    since: Instant,
    kind: &'static str,
}

pub(super) struct SessionActor {
    id: SessionId,
    engine: Engine,
    journal: Journal,
    audience: Audience,
    callers: HashMap<Ticket, Caller>,
    /// Listeners that wait for their welcome.
    joining: HashMap<u64, (Listener, Uuid)>,
    tickets: u64,
    busy_at: Instant,
    /// Looks that wait for an event that is on its way here.
    looks: Vec<(Seq, Glance)>,
    /// To the other nodes; `None`: there are none.
    news: Option<mpsc::Sender<News>>,
    /// Who was said to watch here.
    said: BTreeSet<UserId>,
}

impl SessionActor {
    pub(super) fn new(id: SessionId, opened: Opened, journal: Journal, news: Option<mpsc::Sender<News>>) -> Self {
        Self {
            id,
            engine: Engine::new(opened, news.is_some()),
            journal,
            audience: Audience::new(id),
            callers: HashMap::new(),
            joining: HashMap::new(),
            tickets: 0,
            busy_at: Instant::now(),
            looks: Vec::new(),
            news,
            said: BTreeSet::new(),
        }
    }

    fn feed(&mut self, input: Input, ctx: &mut Context<Self>) {
        self.busy_at = Instant::now();
        self.step(input, ctx);
    }

    /// The same for what is nobody's doing here and keeps no idle session in memory.
    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        for effect in self.engine.on(input) {
            self.carry_out(effect, ctx);
        }
        self.show_what_arrived();
        self.say_online();
    }

    fn show_what_arrived(&mut self) {
        if self.looks.is_empty() {
            return;
        }
        let engine = &self.engine;
        let ready: Vec<_> = self.looks.extract_if(.., |(seq, _)| !engine.is_on_its_way_to(*seq)).collect();
        for (_, glance) in ready {
            self.show(glance);
        }
    }

    fn show(&self, glance: Glance) {
        let state = self.engine.state();
        let is_online = |participant| {
            state
                .participants()
                .iter()
                .any(|seat| seat.id == participant && seat.user_id.is_some_and(|user| self.audience.is_online(user)))
        };
        glance(state, &is_online);
    }

    /// Tells other nodes who watches here, when that changed.
    fn say_online(&mut self) {
        if self.news.is_some() && *self.audience.here() != self.said {
            self.said = self.audience.here().clone();
            self.say(News::Online(self.id, self.said.iter().copied().collect()));
        }
    }

    /// News that don't fit are made good by the sweep of the reader.
    fn say(&self, news: News) {
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
                let reading = async move { journal.read(id, after, HISTORY_MAX).await };
                ctx.spawn(reading.into_actor(self).map(move |result, actor, ctx| {
                    actor.feed(Input::History { watcher, records: answered(actor.id, result) }, ctx);
                }));
            }
            Effect::Tell(records) => self.audience.tell(records, self.engine.state()),
            Effect::Welcome { watcher, missed } => self.welcome(watcher, missed),
            Effect::Answer { ticket, outcome } => self.answer(ticket, outcome, ctx),
            Effect::KeepSnapshot => self.keep_snapshot(),
            Effect::LookLater => {
                let delay = LOOK_AGAIN_AFTER.mul_f64(rand::random_range(0.5..1.5));
                ctx.run_later(delay, |actor, ctx| actor.step(Input::LookNow, ctx));
            }
        }
    }

    fn welcome(&mut self, watcher: u64, missed: Option<Vec<Arc<Record>>>) {
        let Some((listener, request)) = self.joining.remove(&watcher) else { return };
        let state = self.engine.state();
        // A snapshot shows the newcomer online, as the presence that follows it does.
        let is_online = |participant| {
            state.participants().iter().any(|seat| {
                seat.id == participant
                    && seat.user_id.is_some_and(|user| Some(user) == listener.user || self.audience.is_online(user))
            })
        };
        let view = missed.is_none().then(|| state.view(&is_online));
        let missed = missed.unwrap_or_default();
        let welcome = Welcome { session: self.id, request, seq: state.seq(), view, missed };
        self.audience.welcome(listener, Push::Welcome(Arc::new(welcome)), state);
    }

    fn answer(&mut self, ticket: Ticket, outcome: Outcome, ctx: &mut Context<Self>) {
        let Some(caller) = self.callers.remove(&ticket) else { return };
        let result = match outcome {
            Outcome::Done { seq, records } => Ok(Played { seq, records }),
            Outcome::Refused(refusal) => Err(NotPlayed::Refused(refusal)),
            Outcome::KeyReused => Err(NotPlayed::KeyReused),
            Outcome::NotStored => Err(NotPlayed::NotStored),
            Outcome::Repeated { first, count } => {
                let (journal, id) = (self.journal.clone(), self.id);
                let reading = async move {
                    let result = match journal.read(id, first - 1, u64::from(count)).await {
                        Ok(records) => Ok(Played { seq: first + Seq::from(count) - 1, records }),
                        Err(error) => {
                            tracing::error!(session.id = %id, %error, "a repeated command could not be answered");
                            Err(NotPlayed::NotStored)
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
        let idle = self.audience.is_empty() && self.joining.is_empty() && self.engine.is_at_rest();
        if idle && self.busy_at.elapsed() >= IDLE_MAX {
            ctx.stop();
        }
    }
}

impl Caller {
    fn settle(self, result: Result<Played, NotPlayed>) {
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => error.code(),
        };
        telemetry::command_answered(self.kind, outcome, self.since.elapsed());
        // The caller may have gone; the fact stays.
        let _ = self.answer.send(result);
    }
}

fn answered<T>(id: SessionId, result: Result<T, crate::journal::JournalError>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(session.id = %id, %error, "the log could not be read")).ok()
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        telemetry::live_sessions(1.0);
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(IDLE_CHECK, Self::go_when_idle);
        self.say(News::Opened(self.id));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.keep_snapshot();
    }
}

impl Drop for SessionActor {
    fn drop(&mut self) {
        // Those that were still to be welcomed ask the next actor, as the audience does.
        for (listener, _) in self.joining.values() {
            Audience::push(listener, Push::Lost(self.id));
        }
        self.say(News::Closed(self.id));
        telemetry::live_sessions(-1.0);
    }
}

impl Handler<Execute> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Execute, ctx: &mut Self::Context) {
        let Execute { request, command_id, correlation_id, hash, permit, answer } = message;
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let kind = request.command.kind();
        self.callers.insert(ticket, Caller { answer, _permit: permit, since: Instant::now(), kind });
        self.feed(Input::Ask(Box::new(Ask { ticket, request, command_id, correlation_id, hash })), ctx);
    }
}

impl Handler<Watch> for SessionActor {
    type Result = ();

    fn handle(&mut self, Watch { listener, request, after }: Watch, ctx: &mut Self::Context) {
        let watcher = listener.id;
        // Watching again replaces: the same listener must not hear an event twice.
        self.audience.leave(watcher, self.engine.state());
        self.feed(Input::Unwatch { watcher }, ctx);
        self.joining.insert(watcher, (listener, request));
        self.feed(Input::Watch { watcher, after }, ctx);
    }
}

impl Handler<Leave> for SessionActor {
    type Result = ();

    fn handle(&mut self, Leave { listener }: Leave, ctx: &mut Self::Context) {
        self.joining.remove(&listener);
        self.audience.leave(listener, self.engine.state());
        self.feed(Input::Unwatch { watcher: listener }, ctx);
    }
}

impl Handler<Look> for SessionActor {
    type Result = ();

    fn handle(&mut self, Look { at_least, glance }: Look, ctx: &mut Self::Context) {
        self.looks.push((at_least, glance));
        self.feed(Input::HeardHead(at_least), ctx);
    }
}

impl Handler<Elsewhere> for SessionActor {
    type Result = ();

    fn handle(&mut self, Elsewhere { node, users }: Elsewhere, _: &mut Self::Context) {
        self.audience.elsewhere(node, users, self.engine.state());
    }
}

impl Handler<SayOnline> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: SayOnline, _: &mut Self::Context) {
        self.say(News::Online(self.id, self.said.iter().copied().collect()));
    }
}

impl Handler<Hear> for SessionActor {
    type Result = ();

    fn handle(&mut self, heard: Hear, ctx: &mut Self::Context) {
        let input = match heard {
            Hear::Records(records) => Input::Heard(records),
            Hear::Head(seq) => Input::HeardHead(seq),
        };
        self.step(input, ctx);
    }
}

impl Handler<Close> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Break> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Break, _: &mut Self::Context) {
        panic!("broken on purpose");
    }
}
