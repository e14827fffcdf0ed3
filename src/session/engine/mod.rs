//! What a live session does next: inputs (a command, the answer to an append, events of another node, a watcher) to
//! effects (append, tell, answer, read). No I/O, no clock, no threads, so that thousands of interleavings of two nodes
//! can be run in a second; the actor only carries the effects out.
//!
//! INVARIANT: stored before told. `committed` is what the log is known to hold; `ahead` has the events of the append
//! under way as well, so that commands are decided on what will be, and nobody but `decide` ever looks at it.
//! INVARIANT: at most one append of a session is under way on a node.

mod effects;
mod resuming;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

pub(crate) use self::effects::{Ask, Effect, Input, Outcome, Ticket};
use super::recent::Recent;
use crate::game::Session;
use crate::game::event::{Actor, Decided, Event};
use crate::ids::{Seq, UserId};
use crate::journal::{AppendError, Commands, Opened, Record, Snapshot};

/// Commands decided together at most.
const DECIDED_TOGETHER_MAX: usize = 256;
/// First outcomes remembered for repeated idempotency keys where nothing was stored: refusals, and commands after which
/// nothing had to change.
const UNSTORED_MAX: usize = 256;
/// Events between two snapshots: what opening a session replays at most.
const SNAPSHOT_EVERY: Seq = 512;

#[derive(Debug, PartialEq)]
enum Phase {
    /// The log is known to end with `committed`, as far as this node has heard.
    Idle,
    /// An append is under way.
    Appending,
    /// The tail is being read.
    Reading,
    /// The journal did not answer: what the log ends with must be read before the next decision.
    Unsure,
}

struct Deciding {
    ask: Ask,
    outcome: Outcome,
}

/// One session on one node.
pub(crate) struct Engine {
    committed: Session,
    ahead: Session,
    phase: Phase,
    waiting: VecDeque<Ask>,
    deciding: Vec<Deciding>,
    appending: Vec<Arc<Record>>,
    made: Commands,
    unstored: VecDeque<((UserId, Uuid), i64, Outcome)>,
    recent: Recent,
    /// Listeners whose history is being read, and what they have.
    resuming: BTreeMap<u64, Seq>,
    /// Other nodes may write this session too.
    shared: bool,
    /// How many of those that wait had asked before the tail was read that is being read, or was read in this step:
    /// what they are refused, they are refused on the truth.
    reading_for: usize,
    fresh: usize,
    /// The last event that others were known to have stored when the tail was asked for that is being read.
    reading_upto: Seq,
    /// `Input::LookNow` is to come.
    looks_later: bool,
    /// The last event another node is known to have stored.
    heard: Seq,
    snapshot_seq: Seq,
}

impl Engine {
    /// `shared`: other nodes may write the session too, so that a refusal is answered only after a look at the log.
    pub(crate) fn new(opened: Opened, shared: bool) -> Self {
        Self {
            ahead: opened.state.clone(),
            committed: opened.state,
            phase: Phase::Idle,
            waiting: VecDeque::new(),
            deciding: Vec::new(),
            appending: Vec::new(),
            made: opened.commands,
            unstored: VecDeque::new(),
            recent: Recent::new(opened.recent),
            resuming: BTreeMap::new(),
            shared,
            reading_for: 0,
            fresh: 0,
            reading_upto: 0,
            looks_later: false,
            heard: 0,
            snapshot_seq: opened.snapshot_seq,
        }
    }

    /// The state as the log has it.
    pub(crate) fn state(&self) -> &Session {
        &self.committed
    }

    /// Nothing is under way and nobody waits.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.waiting.is_empty()
            && self.deciding.is_empty()
            && self.resuming.is_empty()
            && matches!(self.phase, Phase::Idle | Phase::Unsure)
    }

    /// Whether waiting would bring it nearer to event `seq`: it is not there yet and something is under way.
    pub(crate) fn is_on_its_way_to(&self, seq: Seq) -> bool {
        self.committed.seq() < seq && matches!(self.phase, Phase::Appending | Phase::Reading)
    }

    /// A snapshot of the state, to be kept; `None`: a current one is stored.
    pub(crate) fn snapshot(&mut self) -> Option<Snapshot> {
        if self.snapshot_seq >= self.committed.seq() {
            return None;
        }
        self.snapshot_seq = self.committed.seq();
        Some(Snapshot::of(&self.committed, self.made.iter()))
    }

    /// One step.
    pub(crate) fn on(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Ask(ask) => {
                self.waiting.push_back(*ask);
            }
            Input::Appended(result) => self.appended(result, &mut effects),
            Input::Tail(tail) => self.tail(tail, &mut effects),
            Input::Heard(records) => self.heard(records, &mut effects),
            Input::HeardHead(seq) => self.heard = self.heard.max(seq),
            Input::Watch { watcher, after } => self.watch(watcher, after, &mut effects),
            Input::History { watcher, records } => self.history(watcher, records, &mut effects),
            Input::Unwatch { watcher } => {
                self.resuming.remove(&watcher);
            }
            Input::LookNow => {
                self.looks_later = false;
                if self.phase == Phase::Unsure {
                    self.read_tail(&mut effects);
                }
            }
        }
        self.proceed(&mut effects);
        self.fresh = 0;
        effects
    }

    /// Starts whatever can start now.
    fn proceed(&mut self, effects: &mut Vec<Effect>) {
        loop {
            match self.phase {
                Phase::Appending | Phase::Reading => return,
                Phase::Unsure if self.waiting.is_empty() && self.heard <= self.committed.seq() => return,
                Phase::Unsure => return self.read_tail(effects),
                Phase::Idle if self.heard > self.committed.seq() => return self.read_tail(effects),
                Phase::Idle if self.waiting.is_empty() => return,
                Phase::Idle => self.decide_waiting(effects),
            }
        }
    }

    fn read_tail(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Reading;
        self.reading_for = self.waiting.len();
        self.reading_upto = self.heard;
        effects.push(Effect::ReadTail { after: self.committed.seq() });
    }

    /// Decides all that wait, on top of each other, into one append.
    fn decide_waiting(&mut self, effects: &mut Vec<Effect>) {
        // Who asked after the log was read is decided apart.
        let fresh = self.fresh > 0;
        let together = if fresh { self.fresh } else { self.waiting.len() }.min(DECIDED_TOGETHER_MAX);
        self.fresh -= if fresh { together } else { 0 };
        for ask in self.waiting.drain(..together).collect::<Vec<_>>() {
            let outcome = self.decide(&ask);
            self.deciding.push(Deciding { ask, outcome });
        }
        if self.appending.is_empty() {
            // What another node stored meanwhile may turn a refusal into a yes. (A commit proves by itself that there
            // was nothing: its head is compared.)
            let doubtful = |deciding: &Deciding| matches!(deciding.outcome, Outcome::Refused(_) | Outcome::Done { .. });
            if self.shared && !fresh && self.deciding.iter().any(doubtful) {
                self.take_back_decided();
                return self.read_tail(effects);
            }
            return self.answer_decided(effects);
        }
        self.phase = Phase::Appending;
        effects.push(Effect::Append { after: self.committed.seq(), records: self.appending.clone() });
    }

    fn decide(&mut self, ask: &Ask) -> Outcome {
        let key = (ask.request.user, ask.command_id);
        if let Some(made) = self.made.get(&key) {
            return if made.hash == ask.hash {
                Outcome::Repeated { first: made.first, count: made.count }
            } else {
                Outcome::KeyReused
            };
        }
        // The same key twice in one go: the second is answered from the first.
        if let Some(twin) =
            self.deciding.iter().find(|deciding| (deciding.ask.request.user, deciding.ask.command_id) == key)
        {
            return if twin.ask.hash == ask.hash { twin.outcome.clone() } else { Outcome::KeyReused };
        }
        if let Some((_, hash, outcome)) = self.unstored.iter().find(|(unstored, ..)| *unstored == key) {
            return if *hash == ask.hash { outcome.clone() } else { Outcome::KeyReused };
        }
        match self.ahead.decide(&ask.request) {
            Ok(decided) => {
                let records = self.stamp(ask, decided);
                for record in &records {
                    self.ahead.apply(&record.event);
                }
                self.appending.extend(records.iter().cloned());
                Outcome::Done { seq: self.ahead.seq(), records }
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn stamp(&self, ask: &Ask, decided: Vec<Decided>) -> Vec<Arc<Record>> {
        let user = ask.request.user;
        let seat = self.ahead.participant_of(user).map(|participant| participant.id);
        let actor = Actor { user_id: Some(user), participant_id: seat.or_else(|| Decided::taken_by(user, &decided)) };
        decided
            .into_iter()
            .zip(1..)
            .map(|(decided, n)| {
                let event = Event {
                    event_id: ask.request.dice.id(n as u64 + 16, ask.request.at),
                    session_id: self.ahead.id(),
                    seq: self.ahead.seq() + n,
                    fact: decided.fact,
                    game_id: decided.game_id,
                    actor,
                    command_id: ask.command_id,
                    correlation_id: ask.correlation_id,
                    timestamp: ask.request.at,
                };
                Arc::new(Record::new(event, ask.hash))
            })
            .collect()
    }

    /// Answers everybody whose decision holds now.
    fn answer_decided(&mut self, effects: &mut Vec<Effect>) {
        for Deciding { ask, outcome } in self.deciding.drain(..) {
            let is_known = || self.unstored.iter().any(|(key, ..)| *key == ask.key());
            if outcome.left_nothing() && !is_known() {
                if self.unstored.len() == UNSTORED_MAX {
                    self.unstored.pop_front();
                }
                self.unstored.push_back(((ask.request.user, ask.command_id), ask.hash, outcome.clone()));
            }
            effects.push(Effect::Answer { ticket: ask.ticket, outcome });
        }
    }

    fn appended(&mut self, result: Result<(), AppendError>, effects: &mut Vec<Effect>) {
        if self.phase != Phase::Appending {
            return;
        }
        let records = std::mem::take(&mut self.appending);
        match result {
            Ok(()) => {
                self.phase = Phase::Idle;
                self.commit(&records);
                effects.push(Effect::Tell(records));
                self.answer_decided(effects);
                self.ask_for_snapshot(effects);
            }
            Err(AppendError::Conflict) => {
                // Decided again, on what the other node stored; the first answer of a key stays the first.
                self.ahead = self.committed.clone();
                self.take_back_decided();
                self.heard = self.heard.max(self.committed.seq() + 1);
                self.phase = Phase::Idle;
            }
            Err(AppendError::KeysUsed(keys)) => {
                self.ahead = self.committed.clone();
                self.phase = Phase::Idle;
                let is_used = |deciding: &mut Deciding| keys.contains(&deciding.ask.key());
                let used: Vec<_> = self.deciding.extract_if(.., is_used).collect();
                for Deciding { ask, .. } in &used {
                    effects.push(Effect::Answer { ticket: ask.ticket, outcome: Outcome::KeyReused });
                }
                // The others were decided on top of what did not happen.
                self.take_back_decided();
                if used.is_empty() {
                    self.give_up_waiting(effects);
                }
            }
            Err(AppendError::Unavailable) => {
                self.ahead = self.committed.clone();
                self.be_unsure(effects);
                for deciding in self.deciding.drain(..) {
                    effects.push(Effect::Answer { ticket: deciding.ask.ticket, outcome: Outcome::Unknown });
                }
            }
        }
    }

    /// Everything decided waits again, in its order.
    fn take_back_decided(&mut self) {
        for deciding in self.deciding.drain(..).rev() {
            self.waiting.push_front(deciding.ask);
        }
    }

    fn tail(&mut self, tail: Option<Vec<Arc<Record>>>, effects: &mut Vec<Effect>) {
        if self.phase != Phase::Reading {
            return;
        }
        let before = self.committed.seq();
        let Some(records) = tail else {
            self.be_unsure(effects);
            return self.give_up_waiting(effects);
        };
        self.phase = Phase::Idle;
        self.catch_up(records, effects);
        self.fresh = self.reading_for;
        // What was stored while this was read is read next.
        if self.committed.seq() < self.reading_upto && self.committed.seq() == before {
            // Somebody claims more than the log has: a conflict without an opponent, or a hint from a log that was put
            // back. Asking again at once would turn in circles.
            self.heard = self.committed.seq();
            self.phase = Phase::Unsure;
            self.give_up_waiting(effects);
        }
    }

    /// What failed may be stored all the same, and then watchers are to hear of it though nobody asks for anything.
    fn be_unsure(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Unsure;
        if !self.looks_later {
            self.looks_later = true;
            effects.push(Effect::LookLater);
        }
    }

    fn give_up_waiting(&mut self, effects: &mut Vec<Effect>) {
        self.heard = self.heard.min(self.committed.seq());
        for ask in self.waiting.drain(..) {
            effects.push(Effect::Answer { ticket: ask.ticket, outcome: Outcome::NotStored });
        }
    }

    fn heard(&mut self, records: Vec<Arc<Record>>, effects: &mut Vec<Effect>) {
        let Some(last) = records.iter().map(|record| record.seq()).max() else { return };
        self.heard = self.heard.max(last);
        if matches!(self.phase, Phase::Idle | Phase::Unsure) {
            self.catch_up(records, effects);
        }
    }

    /// Applies and tells what continues the log; drops what is known.
    fn catch_up(&mut self, mut records: Vec<Arc<Record>>, effects: &mut Vec<Effect>) {
        records.sort_by_key(|record| record.seq());
        let mut next = self.committed.seq() + 1;
        records.retain(|record| {
            let continues = record.seq() == next;
            next += Seq::from(continues);
            continues
        });
        if records.is_empty() {
            return;
        }
        for record in &records {
            self.ahead.apply(&record.event);
        }
        self.commit(&records);
        effects.push(Effect::Tell(records));
        self.ask_for_snapshot(effects);
    }

    fn commit(&mut self, records: &[Arc<Record>]) {
        for record in records {
            self.committed.apply(&record.event);
        }
        crate::journal::note_made(&mut self.made, records);
        self.recent.add(records);
    }

    fn ask_for_snapshot(&self, effects: &mut Vec<Effect>) {
        if self.committed.seq() - self.snapshot_seq >= SNAPSHOT_EVERY {
            effects.push(Effect::KeepSnapshot);
        }
    }
}
