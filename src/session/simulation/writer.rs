//! Group commit on one node, step by step as `journal/writer.rs` does it: what queued goes into the next statement; what
//! is locked comes again; keys that are taken are told apart.

use std::collections::VecDeque;

use super::store::{Append, Commit, Failed, Key, Outcome};
use super::work::{Process, Query, Turn, Work};
use super::world::World;
use crate::ids::Position;
use crate::journal::{AppendError, Snapshot};

/// How often a row that is held is tried again.
const HELD_MAX: u32 = 2;

/// What is to be stored, in this order.
enum Job {
    Commit(Vec<Append>),
    Taken(Vec<Append>),
}

pub(super) struct Writer {
    pub(super) row: usize,
    queue: Vec<Append>,
    locked: Vec<Append>,
    snapshots: VecDeque<(usize, Snapshot)>,
    jobs: VecDeque<Job>,
    /// The job that the database has.
    current: Option<Job>,
    position: Position,
    /// The last commit failed and may be stored all the same.
    unsure: bool,
    is_busy: bool,
    is_woken: bool,
    /// Confirmed by the bus.
    pub(super) published: Position,
    /// What the last statement said of that, and what is known to be stored.
    published_sent: Position,
    published_stored: Position,
}

impl Writer {
    pub(super) fn new(row: usize) -> Self {
        Self {
            row,
            queue: Vec::new(),
            locked: Vec::new(),
            snapshots: VecDeque::new(),
            jobs: VecDeque::new(),
            current: None,
            position: Position::ZERO,
            unsure: false,
            is_busy: false,
            is_woken: false,
            published: Position::ZERO,
            published_sent: Position::ZERO,
            published_stored: Position::ZERO,
        }
    }

    fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.locked.is_empty() || !self.snapshots.is_empty()
    }
}

impl World {
    pub(super) fn append(&mut self, process: Process, append: Append) {
        self.nodes[process.node].writer.queue.push(append);
        self.wake_writer(process);
    }

    pub(super) fn keep_snapshot(&mut self, process: Process, session: usize, snapshot: Snapshot) {
        self.nodes[process.node].writer.snapshots.push_back((session, snapshot));
        self.wake_writer(process);
    }

    /// An idle writer stores how far the bus has confirmed.
    pub(super) fn keep_position(&mut self, process: Process) {
        let writer = &mut self.nodes[process.node].writer;
        if !writer.is_busy && !writer.has_work() && writer.published != writer.published_stored {
            let (row, published) = (writer.row, writer.published);
            self.pending.push(Work::Query(process, Query::Mark { row, published }));
        }
    }

    pub(super) fn position_kept(&mut self, process: Process, published: Position) {
        self.nodes[process.node].writer.published_stored = published;
    }

    fn wake_writer(&mut self, process: Process) {
        let writer = &mut self.nodes[process.node].writer;
        if !writer.is_busy && !writer.is_woken && writer.has_work() {
            writer.is_woken = true;
            self.pending.push(Work::Turn(process, Turn::Write));
        }
    }

    /// Whatever queued by now is one batch.
    pub(super) fn write(&mut self, process: Process) {
        let writer = &mut self.nodes[process.node].writer;
        (writer.is_woken, writer.is_busy) = (false, true);
        let (late, mut appends): (Vec<_>, Vec<_>) = writer.locked.drain(..).partition(|append| append.held > HELD_MAX);
        appends.append(&mut writer.queue);
        appends.sort_by_key(|append| append.session);
        if !appends.is_empty() {
            writer.jobs.push_back(Job::Commit(appends));
        }
        if let Some((session, snapshot)) = writer.snapshots.pop_front() {
            self.pending.push(Work::Query(process, Query::Keep { session, snapshot }));
        }
        self.answer_all(process, late, &Err(AppendError::Unavailable));
        self.next_job(process);
    }

    fn next_job(&mut self, process: Process) {
        let writer = &mut self.nodes[process.node].writer;
        let Some(job) = writer.jobs.pop_front() else {
            writer.is_busy = false;
            return self.wake_writer(process);
        };
        let query = match &job {
            Job::Commit(_) if writer.unsure => Query::Position { row: writer.row },
            Job::Commit(appends) => writer.statement(appends.clone()),
            Job::Taken(appends) => Query::Taken { appends: appends.clone() },
        };
        writer.current = Some(job);
        self.pending.push(Work::Query(process, query));
    }

    /// The last position that is taken; `None`: it can't be read.
    pub(super) fn position_read(&mut self, process: Process, position: Option<Position>) {
        let writer = &mut self.nodes[process.node].writer;
        let Some(Job::Commit(appends)) = writer.current.take() else { return };
        let Some(position) = position else { return self.not_stored(process, appends) };
        writer.position = position;
        let query = writer.statement(appends.clone());
        writer.current = Some(Job::Commit(appends));
        self.pending.push(Work::Query(process, query));
    }

    pub(super) fn committed(&mut self, process: Process, result: Result<Outcome, Failed>) {
        let writer = &mut self.nodes[process.node].writer;
        let Some(Job::Commit(appends)) = writer.current.take() else { return };
        match result {
            Ok(outcome) => self.told(process, appends, &outcome),
            Err(Failed::KeyTaken) => {
                writer.jobs.push_front(Job::Taken(appends));
                self.next_job(process);
            }
            Err(Failed::PositionTaken) if appends.len() > 1 => {
                for append in appends.into_iter().rev() {
                    writer.jobs.push_front(Job::Commit(vec![append]));
                }
                self.next_job(process);
            }
            Err(Failed::PositionTaken | Failed::Gone) => self.not_stored(process, appends),
        }
    }

    fn told(&mut self, process: Process, appends: Vec<Append>, outcome: &Outcome) {
        let mut committed = Vec::new();
        for append in appends {
            if outcome.stored.contains(&append.session) {
                committed.extend(append.records.iter().cloned());
                self.answer_all(process, vec![append], &Ok(()));
            } else if outcome.locked.contains(&append.session) {
                let held = append.held + 1;
                self.nodes[process.node].writer.locked.push(Append { held, ..append });
            } else {
                self.answer_all(process, vec![append], &Err(AppendError::Conflict));
            }
        }
        let writer = &mut self.nodes[process.node].writer;
        writer.unsure = false;
        writer.published_stored = writer.published_sent;
        if !committed.is_empty() {
            let first = writer.position.next();
            writer.position = writer.position + committed.len() as i64;
            self.tap(process, first, committed);
        }
        self.next_job(process);
    }

    /// Those whose keys are taken are told so, each alone; the others are stored again.
    pub(super) fn told_apart(&mut self, process: Process, taken: Option<Vec<Vec<Key>>>) {
        let writer = &mut self.nodes[process.node].writer;
        let Some(Job::Taken(appends)) = writer.current.take() else { return };
        let Some(taken) = taken.filter(|taken| taken.iter().any(|taken| !taken.is_empty())) else {
            return self.not_stored(process, appends);
        };
        let is_alone = appends.len() == 1;
        let (mut rest, mut suspects, mut used) = (Vec::new(), Vec::new(), None);
        for (append, taken) in appends.into_iter().zip(taken) {
            match (taken.is_empty(), is_alone) {
                (true, _) => rest.push(append),
                (false, true) => used = Some((append, taken)),
                (false, false) => suspects.push(append),
            }
        }
        suspects.into_iter().rev().for_each(|append| writer.jobs.push_front(Job::Commit(vec![append])));
        if !rest.is_empty() {
            writer.jobs.push_front(Job::Commit(rest));
        }
        if let Some((append, keys)) = used {
            // Its own commands may have them, where another node stored these meanwhile.
            let has_moved = self.store.logs[append.session].head() != append.after;
            let refusal = if has_moved { AppendError::Conflict } else { AppendError::KeysUsed(keys) };
            self.answer_all(process, vec![append], &Err(refusal));
        }
        self.next_job(process);
    }

    fn not_stored(&mut self, process: Process, appends: Vec<Append>) {
        self.answer_all(process, appends, &Err(AppendError::Unavailable));
        self.next_job(process);
    }

    fn answer_all(&mut self, process: Process, appends: Vec<Append>, result: &Result<(), AppendError>) {
        for Append { session, .. } in appends {
            self.pending.push(Work::Turn(process, Turn::Appended { session, result: result.clone() }));
        }
    }
}

impl Writer {
    fn statement(&mut self, appends: Vec<Append>) -> Query {
        self.unsure = true;
        self.published_sent = self.published;
        let (row, position, published) = (self.row, self.position, self.published);
        Query::Commit(Commit { row, position, published, appends })
    }
}
