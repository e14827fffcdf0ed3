//! One node: the sessions in its memory, and what carries the effects of their engines out, as the actor and
//! the directory do it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::super::engine::{Ask, Effect, Engine, Input, Outcome};
use super::SESSIONS;
use super::relay::{Relay, TakeOver};
use super::store::{Append, Store};
use super::watchers::Welcome;
use super::work::{Process, Query, Turn, Work};
use super::world::{World, trace};
use super::writer::Writer;
use crate::ids::Seq;
use crate::journal::{LoadedSession, Record};
use crate::stream::subscriptions::WatchId;

/// What somebody wants of a session on a node.
#[derive(Clone)]
pub(super) enum Message {
    Execute(Box<Ask>),
    /// A listener: everything after `after`.
    Watch {
        listener: u64,
        watching: WatchId,
        after: Option<Seq>,
    },
    /// A client reads the state.
    Look {
        read: u64,
    },
    /// The log may be longer than this node has heard.
    Head,
}

/// A session in memory.
pub(super) struct Live {
    pub(super) engine: Engine,
    listeners: BTreeSet<u64>,
    /// Listeners that wait for their welcome, and for which.
    joining: BTreeMap<u64, Uuid>,
    /// Those who wait for an event that is on its way here.
    waiting: Vec<(Seq, Message)>,
}

pub(super) enum Place {
    Closed,
    /// It is being read, and these wait for it.
    Opening(Vec<(Seq, Message)>),
    Live(Box<Live>),
}

pub(super) struct Node {
    pub(super) process: Process,
    pub(super) is_up: bool,
    pub(super) is_stopped: bool,
    pub(super) sessions: Vec<Place>,
    pub(super) writer: Writer,
    pub(super) relay: Relay,
    pub(super) take_over: Option<TakeOver>,
    /// The sessions whose events it asked the broker for; true: the broker has confirmed that.
    pub(super) bound: BTreeMap<usize, bool>,
    /// Its queue at the broker, by what that is bound to; `None`: there is none.
    pub(super) queue: Option<BTreeSet<usize>>,
}

impl Node {
    pub(super) fn new(process: Process, store: &mut Store) -> Self {
        Self {
            process,
            is_up: true,
            is_stopped: false,
            sessions: (0..SESSIONS).map(|_| Place::Closed).collect(),
            writer: Writer::new(store.register(process)),
            relay: Relay::new(),
            take_over: None,
            bound: BTreeMap::new(),
            queue: None,
        }
    }

    pub(super) fn live(&mut self, session: usize) -> Option<&mut Live> {
        match &mut self.sessions[session] {
            Place::Live(live) => Some(live),
            _ => None,
        }
    }

    pub(super) fn living(&self) -> Vec<usize> {
        (0..SESSIONS).filter(|session| matches!(self.sessions[*session], Place::Live(_))).collect()
    }
}

impl World {
    /// Somebody asks something of a session on a node, which looks first how long the log is, where that matters.
    pub(super) fn request(&mut self, process: Process, session: usize, message: Message) {
        match message {
            Message::Execute(_) => self.open(process, session, Seq::ZERO, message),
            then => self.pending.push(Work::Query(process, Query::Head { session, then })),
        }
    }

    pub(super) fn head_known(&mut self, process: Process, session: usize, head: Option<Seq>, then: Message) {
        match (head, &then) {
            (Some(head), Message::Head) => self.feed(process, session, Input::HeardHead(head)),
            (None, Message::Head) => {}
            (Some(head), _) => self.open(process, session, head, then),
            (None, _) => self.not_shown(process, session, &then),
        }
    }

    /// Finds the session, or has it read.
    fn open(&mut self, process: Process, session: usize, at_least: Seq, message: Message) {
        match &mut self.nodes[process.node].sessions[session] {
            Place::Live(_) => self.handle(process, session, at_least, message),
            Place::Opening(waiting) => waiting.push((at_least, message)),
            place => {
                *place = Place::Opening(vec![(at_least, message)]);
                self.pending.push(Work::Query(process, Query::Open { session }));
            }
        }
    }

    pub(super) fn opened(&mut self, process: Process, session: usize, opened: Option<Box<LoadedSession>>) {
        let place = &mut self.nodes[process.node].sessions[session];
        let Place::Opening(waiting) = std::mem::replace(place, Place::Closed) else { return };
        let Some(opened) = opened else {
            trace!(self, "{process:?} can't open session {session}");
            for (_, message) in waiting {
                self.not_shown(process, session, &message);
            }
            return;
        };
        trace!(self, "{process:?} opens session {session} at {}", opened.state.seq());
        let engine = Engine::new(*opened, true);
        *place = Place::Live(Box::new(Live {
            engine,
            listeners: BTreeSet::new(),
            joining: BTreeMap::new(),
            waiting: Vec::new(),
        }));
        self.lives_here(process, session);
        for (at_least, message) in waiting {
            self.handle(process, session, at_least, message);
        }
    }

    fn handle(&mut self, process: Process, session: usize, at_least: Seq, message: Message) {
        match message {
            Message::Execute(ask) => self.feed(process, session, Input::Ask(ask)),
            message => {
                if let Some(live) = self.nodes[process.node].live(session) {
                    live.waiting.push((at_least, message));
                    self.feed(process, session, Input::HeardHead(at_least));
                }
            }
        }
    }

    /// One step of an engine.
    pub(super) fn feed(&mut self, process: Process, session: usize, input: Input) {
        let Some(live) = self.nodes[process.node].live(session) else { return };
        let effects = live.engine.on(input);
        for effect in effects {
            self.carry_out(process, session, effect);
        }
        self.show_what_arrived(process, session);
    }

    fn show_what_arrived(&mut self, process: Process, session: usize) {
        let Some(live) = self.nodes[process.node].live(session) else { return };
        let engine = &live.engine;
        let ready: Vec<_> = live.waiting.extract_if(.., |(seq, _)| !engine.is_on_its_way_to(*seq)).collect();
        let seq = engine.state().seq();
        for (at_least, message) in ready {
            if seq < at_least {
                self.not_shown(process, session, &message);
                continue;
            }
            match message {
                Message::Look { read } => self.seen(read, Some(seq)),
                Message::Watch { listener, watching, after } => {
                    // Watching again replaces.
                    self.leave(process, session, listener);
                    if let Some(live) = self.nodes[process.node].live(session) {
                        live.joining.insert(listener, watching.request);
                    }
                    self.feed(process, session, Input::Watch { watcher: listener, after });
                }
                Message::Execute(_) | Message::Head => {}
            }
        }
    }

    /// The log can't be read.
    fn not_shown(&mut self, process: Process, session: usize, message: &Message) {
        match message {
            Message::Execute(ask) => self.answered(session, ask.caller, Outcome::NotStored),
            Message::Watch { listener, watching, .. } => self.not_watched(process, *listener, *watching),
            Message::Look { read } => self.seen(*read, None),
            Message::Head => {}
        }
    }

    fn carry_out(&mut self, process: Process, session: usize, effect: Effect) {
        match effect {
            Effect::Append { after, records } => {
                trace!(self, "{process:?} session {session} appends {} after {after}", records.len());
                self.append(process, Append { session, after, records, held: 0 });
            }
            Effect::ReadTail { after } => self.pending.push(Work::Query(process, Query::Tail { session, after })),
            Effect::ReadHistory { watcher, after } => {
                self.pending.push(Work::Query(process, Query::History { session, watcher, after }));
            }
            Effect::Tell(records) => self.tell(process, session, &records),
            Effect::Welcome { watcher, missed } => {
                let Some(live) = self.nodes[process.node].live(session) else { return };
                let Some(request) = live.joining.remove(&watcher) else { return };
                live.listeners.insert(watcher);
                let welcome = Welcome { seq: live.engine.state().seq(), missed };
                if !self.welcomed(process, watcher, request, welcome) {
                    self.leave(process, session, watcher);
                }
            }
            Effect::Answer { caller, outcome: Outcome::Repeated { first, count } } => {
                self.pending.push(Work::Query(process, Query::Repeated { session, caller, first, count }));
            }
            Effect::Answer { caller, outcome } => self.answered(session, caller, outcome),
            Effect::KeepSnapshot => self.snapshot(process, session),
            Effect::LookLater => self.pending.push(Work::Turn(process, Turn::Look { session })),
        }
    }

    fn tell(&mut self, process: Process, session: usize, records: &[Arc<Record>]) {
        for record in records {
            assert!(record.seq() <= self.store.logs[session].head(), "told before it was stored");
        }
        let Some(live) = self.nodes[process.node].live(session) else { return };
        for listener in live.listeners.clone() {
            if !self.heard(process, listener, records) {
                self.leave(process, session, listener);
            }
        }
    }

    pub(super) fn leave(&mut self, process: Process, session: usize, listener: u64) {
        let Some(live) = self.nodes[process.node].live(session) else { return };
        live.joining.remove(&listener);
        live.listeners.remove(&listener);
        self.feed(process, session, Input::Unwatch { watcher: listener });
    }

    fn snapshot(&mut self, process: Process, session: usize) {
        let Some(live) = self.nodes[process.node].live(session) else { return };
        if let Some(snapshot) = live.engine.snapshot() {
            self.keep_snapshot(process, session, snapshot);
        }
    }

    /// A session that nobody needs makes room.
    pub(super) fn close_if_idle(&mut self, process: Process, session: usize) {
        let Some(live) = self.nodes[process.node].live(session) else { return };
        let is_heard = !live.listeners.is_empty() || !live.joining.is_empty();
        if is_heard || !live.waiting.is_empty() || !live.engine.is_at_rest() {
            return;
        }
        trace!(self, "{process:?} closes session {session}");
        self.snapshot(process, session);
        self.nodes[process.node].sessions[session] = Place::Closed;
        self.lives_here_no_more(process, session);
    }
}
