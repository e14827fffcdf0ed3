//! Sockets: each person watches one session on one node at a time, and goes on elsewhere from the last event that he has.

use std::sync::Arc;

use uuid::Uuid;

use super::node::Message;
use super::work::{Process, Turn, Work};
use super::world::{World, trace};
use super::{PERSONS, session_id};
use crate::ids::Seq;
use crate::journal::Record;
use crate::stream::subscriptions::{
    EventDecision, FailureDecision, SubscribeDecision, Subscriptions, WatchId, WelcomeDecision,
};

/// A connection to a node.
struct Socket {
    process: Process,
    listener: u64,
    subscriptions: Subscriptions,
    /// What its person had seen when he asked.
    seen: Seq,
}

/// A person's view of the session that he watches.
pub(super) struct Watcher {
    pub(super) session: usize,
    socket: Option<Socket>,
    /// The last event; `None`: he never heard of any.
    pub(super) last: Option<Seq>,
    /// How far he asked the others for.
    requests: u128,
}

impl Watcher {
    pub(super) fn new(session: usize) -> Self {
        Self { session, socket: None, last: None, requests: 0 }
    }
}

impl World {
    pub(super) fn watch_or_leave(&mut self) {
        let person = self.draws.below(PERSONS);
        match self.watchers[person].socket {
            None => self.connect(person),
            Some(_) if self.draws.one_in(3) => self.disconnect(person),
            Some(_) if self.draws.one_in(2) => self.subscribe(person),
            Some(_) => {}
        }
    }

    /// Every socket that is not there is made.
    pub(super) fn connect(&mut self, person: usize) {
        if self.watchers[person].socket.is_some() {
            return;
        }
        let Some(process) = self.some_node() else { return };
        let listener = self.clients.id();
        let socket = Socket { process, listener, subscriptions: Subscriptions::default(), seen: Seq::ZERO };
        self.watchers[person].socket = Some(socket);
        self.subscribe(person);
    }

    fn disconnect(&mut self, person: usize) {
        let watcher = &mut self.watchers[person];
        if let Some(Socket { process, listener, .. }) = watcher.socket.take() {
            let session = watcher.session;
            self.pending.push(Work::Turn(process, Turn::Leave { session, listener }));
        }
    }

    pub(super) fn cut_watchers(&mut self, process: Process) {
        for watcher in &mut self.watchers {
            watcher.socket.take_if(|socket| socket.process == process);
        }
    }

    fn subscribe(&mut self, person: usize) {
        let watcher = &mut self.watchers[person];
        let Some(socket) = &mut watcher.socket else { return };
        watcher.requests += 1;
        let request = Uuid::from_u128(watcher.requests);
        let SubscribeDecision::Watches(watching) = socket.subscriptions.ask(session_id(watcher.session), request)
        else {
            return;
        };
        socket.seen = self.clients.persons[person].seen[watcher.session];
        let after = watcher.last;
        trace!(self, "person {person} watches session {} on {:?} after {after:?}", watcher.session, socket.process);
        let (process, session, listener) = (socket.process, watcher.session, socket.listener);
        self.arrive(process, session, Message::Watch { listener, watching, after });
    }

    /// Watches on from the last event that was told.
    fn watch_again(&mut self, person: usize) {
        let watcher = &mut self.watchers[person];
        let Some(socket) = &mut watcher.socket else { return };
        let Some((watching, after)) = socket.subscriptions.again(session_id(watcher.session)) else { return };
        let (process, session, listener) = (socket.process, watcher.session, socket.listener);
        self.arrive(process, session, Message::Watch { listener, watching, after });
    }

    fn person_of(&self, process: Process, listener: u64) -> Option<usize> {
        self.watchers.iter().position(|watcher| {
            watcher.socket.as_ref().is_some_and(|socket| socket.process == process && socket.listener == listener)
        })
    }

    /// False: that listener is not there any more.
    pub(super) fn heard(&mut self, process: Process, listener: u64, records: &[Arc<Record>]) -> bool {
        let Some(person) = self.person_of(process, listener) else { return false };
        for record in records {
            let watcher = &mut self.watchers[person];
            let Some(socket) = &mut watcher.socket else { return false };
            match socket.subscriptions.heard(session_id(watcher.session), record.seq()) {
                EventDecision::Next => self.told_event(person, record),
                EventDecision::NotNow => {}
                EventDecision::Gap => {
                    self.watch_again(person);
                    break;
                }
            }
        }
        true
    }

    pub(super) fn welcomed(&mut self, process: Process, listener: u64, request: Uuid, welcome: Welcome) -> bool {
        let Some(person) = self.person_of(process, listener) else { return false };
        let Welcome { seq, missed } = welcome;
        let watcher = &mut self.watchers[person];
        let session = watcher.session;
        let Some(socket) = &mut watcher.socket else { return false };
        let seen = socket.seen;
        match (socket.subscriptions.welcomed(session_id(session), request, seq), missed) {
            (None, _) => {}
            (Some(WelcomeDecision::GoesOn), None) => self.disconnect(person),
            (Some(WelcomeDecision::GoesOn), Some(missed)) => return self.heard(process, listener, &missed),
            (Some(WelcomeDecision::Answers(_)), Some(missed)) => {
                self.clients.figures.resumed += 1;
                missed.iter().for_each(|record| self.told_event(person, record));
                assert_eq!(
                    self.watchers[person].last.unwrap_or_default(),
                    seq,
                    "a welcome ends where the state stands"
                );
                assert!(seq >= seen, "welcomed at event {seq}, after event {seen} was seen");
            }
            (Some(WelcomeDecision::Answers(_)), None) => {
                trace!(self, "person {person} is shown session {session} at {seq}");
                self.clients.figures.shown += 1;
                let last = &mut self.watchers[person].last;
                assert!(
                    seq >= seen.max(last.unwrap_or_default()),
                    "shown event {seq} as the last, {last:?} and {seen} were seen"
                );
                *last = Some(seq);
                self.saw(person, session, seq);
            }
        }
        true
    }

    pub(super) fn not_watched(&mut self, process: Process, listener: u64, watching: WatchId) {
        assert!(!self.spares_storage, "not watched, though the database answers everybody");
        let Some(person) = self.person_of(process, listener) else { return };
        let watcher = &mut self.watchers[person];
        let Some(socket) = &mut watcher.socket else { return };
        match socket.subscriptions.failed(session_id(watcher.session), watching) {
            FailureDecision::NotAwaited => {}
            // He asks again, here or elsewhere.
            FailureDecision::Answers(_) | FailureDecision::Closes => self.disconnect(person),
        }
    }

    /// An event reaches a person.
    fn told_event(&mut self, person: usize, record: &Arc<Record>) {
        let watcher = &mut self.watchers[person];
        let session = watcher.session;
        assert_eq!(
            record.seq(),
            watcher.last.unwrap_or_default().next(),
            "person {person} hears the next event, not another one"
        );
        let stored =
            self.store.logs[session].records.get(record.seq().0 as usize - 1).expect("told before it was stored");
        assert_eq!(stored.event.event_id, record.event.event_id, "told what is stored");
        watcher.last = Some(record.seq());
        self.clients.figures.told += 1;
        self.saw(person, session, record.seq());
    }

    fn saw(&mut self, person: usize, session: usize, seq: Seq) {
        let seen = &mut self.clients.persons[person].seen[session];
        *seen = (*seen).max(seq);
    }
}

/// What a listener is greeted with.
pub(super) struct Welcome {
    pub(super) seq: Seq,
    /// `None`: the state.
    pub(super) missed: Option<Vec<Arc<Record>>>,
}
