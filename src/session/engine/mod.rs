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

pub(crate) use self::effects::{Ask, CallerId, Effect, Input, Outcome};
use super::recent::RecentRecords;
use crate::game::Session;
use crate::ids::{CommandId, Seq, UserId};
use crate::journal::{AppendError, Commands, LoadedSession, Record, Snapshot};
use crate::session::Submission;

/// Commands decided together at most.
const DECIDED_TOGETHER_MAX: usize = 256;
/// First outcomes remembered for repeated idempotency keys where nothing was stored: refusals, and commands after which
/// nothing had to change.
const UNSTORED_MAX: usize = 256;
/// Events between two snapshots: what opening a session replays at most.
const SNAPSHOT_EVERY: i64 = 512;

#[derive(Debug)]
enum Phase {
    /// The log is known to end with `committed`, as far as this node has heard.
    Idle,
    /// An append is under way.
    Appending(Draft),
    /// The tail is being read.
    Reading {
        /// How many of those that wait had asked before: what they are refused, they are refused on the truth.
        asked_before: usize,
        /// The last event that others were known to have stored then.
        upto: Seq,
    },
    /// The journal did not answer: what the log ends with must be read before the next decision.
    Unsure,
}

/// Commands that were decided on top of each other, and the events they come to.
#[derive(Debug, Default)]
struct Draft {
    decisions: Vec<(Ask, Outcome)>,
    records: Vec<Arc<Record>>,
}

/// One session on one node.
pub(crate) struct Engine {
    committed: Session,
    ahead: Session,
    phase: Phase,
    waiting: VecDeque<Ask>,
    made: Commands,
    unstored: VecDeque<((UserId, CommandId), i64, Outcome)>,
    recent: RecentRecords,
    /// Listeners whose history is being read, and what they have.
    resuming: BTreeMap<u64, Seq>,
    /// Other nodes may write this session too.
    shared: bool,
    /// `Input::LookNow` is to come.
    looks_later: bool,
    /// The last event another node is known to have stored.
    heard: Seq,
    snapshot_seq: Seq,
}

impl Engine {
    /// `shared`: other nodes may write the session too, so that a refusal is answered only after a look at the log.
    pub(crate) fn new(opened: LoadedSession, shared: bool) -> Self {
        Self {
            ahead: opened.state.clone(),
            committed: opened.state,
            phase: Phase::Idle,
            waiting: VecDeque::new(),
            made: opened.commands,
            unstored: VecDeque::new(),
            recent: RecentRecords::new(opened.recent),
            resuming: BTreeMap::new(),
            shared,
            looks_later: false,
            heard: Seq::ZERO,
            snapshot_seq: opened.snapshot_seq,
        }
    }

    /// The state as the log has it.
    pub(crate) fn state(&self) -> &Session {
        &self.committed
    }

    /// Nothing is under way and nobody waits.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.waiting.is_empty() && self.resuming.is_empty() && matches!(self.phase, Phase::Idle | Phase::Unsure)
    }

    /// Whether waiting would bring it nearer to event `seq`: it is not there yet and something is under way.
    pub(crate) fn is_on_its_way_to(&self, seq: Seq) -> bool {
        self.committed.seq() < seq && matches!(self.phase, Phase::Appending(_) | Phase::Reading { .. })
    }

    /// A snapshot of the state, to be kept; `None`: a current one is stored.
    pub(crate) fn snapshot(&mut self) -> Option<Snapshot> {
        if self.snapshot_seq >= self.committed.seq() || self.committed.needs_newer() {
            return None;
        }
        self.snapshot_seq = self.committed.seq();
        Some(Snapshot::of(&self.committed, self.made.iter()))
    }

    /// One step.
    pub(crate) fn on(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        // Those that wait and had asked before the log was read, where that was in this step.
        let mut fresh = 0;
        match input {
            Input::Ask(ask) => {
                self.waiting.push_back(*ask);
            }
            Input::Appended(result) => self.appended(result, &mut effects),
            Input::Tail(tail) => fresh = self.tail(tail, &mut effects),
            Input::Heard(records) => self.heard(records, &mut effects),
            Input::HeardHead(seq) => self.heard = self.heard.max(seq),
            Input::Watch { watcher, after } => self.watch(watcher, after, &mut effects),
            Input::History { watcher, records } => self.history(watcher, records, &mut effects),
            Input::Unwatch { watcher } => {
                self.resuming.remove(&watcher);
            }
            Input::LookNow => {
                self.looks_later = false;
                if matches!(self.phase, Phase::Unsure) {
                    self.read_tail(&mut effects);
                }
            }
        }
        self.proceed(fresh, &mut effects);
        effects
    }

    /// Starts whatever can start now.
    fn proceed(&mut self, mut fresh: usize, effects: &mut Vec<Effect>) {
        loop {
            match self.phase {
                Phase::Appending(_) | Phase::Reading { .. } => return,
                Phase::Unsure if self.waiting.is_empty() && self.heard <= self.committed.seq() => return,
                Phase::Unsure => return self.read_tail(effects),
                Phase::Idle if self.heard > self.committed.seq() => return self.read_tail(effects),
                Phase::Idle if self.waiting.is_empty() => return,
                Phase::Idle => self.decide_waiting(&mut fresh, effects),
            }
        }
    }

    fn read_tail(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Reading { asked_before: self.waiting.len(), upto: self.heard };
        effects.push(Effect::ReadTail { after: self.committed.seq() });
    }

    /// Decides all that wait, on top of each other, into one append.
    fn decide_waiting(&mut self, fresh: &mut usize, effects: &mut Vec<Effect>) {
        // Who asked after the log was read is decided apart.
        let is_fresh = *fresh > 0;
        let together = if is_fresh { *fresh } else { self.waiting.len() }.min(DECIDED_TOGETHER_MAX);
        *fresh -= if is_fresh { together } else { 0 };
        let mut draft = Draft::default();
        for ask in self.waiting.drain(..together).collect::<Vec<_>>() {
            let outcome = self.decide(&ask.submission, &mut draft);
            draft.decisions.push((ask, outcome));
        }
        if draft.records.is_empty() {
            // What another node stored meanwhile may turn a refusal into a yes. (A commit proves by itself that there
            // was nothing: its head is compared.)
            let is_doubtful = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_) | Outcome::Done { .. });
            if self.shared && !is_fresh && draft.decisions.iter().any(|(_, outcome)| is_doubtful(outcome)) {
                self.take_back(draft.decisions);
                return self.read_tail(effects);
            }
            return self.answer(draft.decisions, effects);
        }
        effects.push(Effect::Append { after: self.committed.seq(), records: draft.records.clone() });
        self.phase = Phase::Appending(draft);
    }

    fn decide(&mut self, submission: &Submission, draft: &mut Draft) -> Outcome {
        let (key, hash) = (submission.key(), submission.hash);
        if let Some(made) = self.made.get(&key) {
            return if made.hash == hash {
                Outcome::Repeated { first: made.first, count: made.count }
            } else {
                Outcome::KeyReused
            };
        }
        // The same key twice in one go: the second is answered from the first.
        if let Some((twin, outcome)) = draft.decisions.iter().find(|(twin, _)| twin.submission.key() == key) {
            return if twin.submission.hash == hash { outcome.clone() } else { Outcome::KeyReused };
        }
        if let Some((_, there, outcome)) = self.unstored.iter().find(|(unstored, ..)| *unstored == key) {
            return if *there == hash { outcome.clone() } else { Outcome::KeyReused };
        }
        match self.ahead.decide(&submission.request) {
            Ok(decided) => {
                let records = submission.stamp(self.ahead.id(), &self.ahead, decided);
                for record in &records {
                    self.ahead.apply(&record.event);
                }
                draft.records.extend(records.iter().cloned());
                Outcome::Done { seq: self.ahead.seq(), records }
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// Answers everybody whose decision holds now.
    fn answer(&mut self, decisions: Vec<(Ask, Outcome)>, effects: &mut Vec<Effect>) {
        for (Ask { caller, submission }, outcome) in decisions {
            let key = submission.key();
            if outcome.left_nothing() && !self.unstored.iter().any(|(unstored, ..)| *unstored == key) {
                if self.unstored.len() == UNSTORED_MAX {
                    self.unstored.pop_front();
                }
                self.unstored.push_back((key, submission.hash, outcome.clone()));
            }
            effects.push(Effect::Answer { caller, outcome });
        }
    }

    fn appended(&mut self, result: Result<(), AppendError>, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Appending(_)) {
            return;
        }
        let Phase::Appending(Draft { mut decisions, records }) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        if result.is_err() {
            self.ahead = self.committed.clone();
        }
        match result {
            Ok(()) => {
                self.commit(&records);
                effects.push(Effect::Tell(records));
                self.answer(decisions, effects);
                self.ask_for_snapshot(effects);
            }
            Err(AppendError::Conflict) => {
                // Decided again, on what the other node stored; the first answer of a key stays the first.
                self.take_back(decisions);
                self.heard = self.heard.max(self.committed.seq().next());
            }
            Err(AppendError::KeysUsed(keys)) => {
                let is_used = |(ask, _): &mut (Ask, Outcome)| keys.contains(&ask.submission.key());
                let used: Vec<_> = decisions.extract_if(.., is_used).collect();
                for (ask, _) in &used {
                    effects.push(Effect::Answer { caller: ask.caller, outcome: Outcome::KeyReused });
                }
                // The others were decided on top of what did not happen.
                self.take_back(decisions);
                if used.is_empty() {
                    self.give_up_waiting(effects);
                }
            }
            Err(AppendError::Unavailable) => {
                self.be_unsure(effects);
                for (ask, _) in decisions {
                    effects.push(Effect::Answer { caller: ask.caller, outcome: Outcome::Unknown });
                }
            }
        }
    }

    /// Everything decided waits again, in its order.
    fn take_back(&mut self, decisions: Vec<(Ask, Outcome)>) {
        for (ask, _) in decisions.into_iter().rev() {
            self.waiting.push_front(ask);
        }
    }

    /// Answers how many of those that wait are decided on what was read.
    fn tail(&mut self, tail: Option<Vec<Arc<Record>>>, effects: &mut Vec<Effect>) -> usize {
        let Phase::Reading { asked_before, upto } = self.phase else { return 0 };
        let before = self.committed.seq();
        let Some(records) = tail else {
            self.be_unsure(effects);
            self.give_up_waiting(effects);
            return 0;
        };
        self.phase = Phase::Idle;
        self.catch_up(records, effects);
        // What was stored while this was read is read next.
        if self.committed.seq() < upto && self.committed.seq() == before {
            // Somebody claims more than the log has: a conflict without an opponent, or a hint from a log that was put
            // back. Asking again at once would turn in circles.
            self.heard = self.committed.seq();
            self.phase = Phase::Unsure;
            self.give_up_waiting(effects);
        }
        asked_before
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
            effects.push(Effect::Answer { caller: ask.caller, outcome: Outcome::NotStored });
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
        let mut next = self.committed.seq().next();
        records.retain(|record| {
            let continues = record.seq() == next;
            if continues {
                next = next.next();
            }
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
        if self.committed.seq().since(self.snapshot_seq) >= SNAPSHOT_EVERY {
            effects.push(Effect::KeepSnapshot);
        }
    }
}
