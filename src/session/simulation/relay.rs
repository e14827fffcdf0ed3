//! Outbox to broker on one node, as `messaging/relay.rs` and `leases.rs` do it: its own, and what dead nodes left.

use std::collections::VecDeque;
use std::sync::Arc;

use super::broker::Sent;
use super::store::{Row, Rows};
use super::work::{Process, Query, Turn, Work};
use super::world::{World, trace};
use crate::ids::Position;
use crate::journal::Record;
use crate::messaging::backlog::Backlog;

/// Few, so that they are full.
const BACKLOG: usize = 4;
const WINDOW: usize = 3;
const TAP: usize = 2;
/// Events of another writer that are published at once.
const TAKEN_PAGE: usize = 2;

/// A message whose confirm is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Publication {
    /// Of which attempt: those that were given up are not awaited.
    attempt: u32,
    position: Position,
    /// Of whose outbox, where it is another's.
    row: Option<usize>,
}

pub(super) struct Relay {
    backlog: Backlog,
    /// What the writer told of and the relay has not taken yet.
    tap: VecDeque<(Position, Vec<Arc<Record>>)>,
    end: Position,
    attempt: u32,
    confirms: VecDeque<(Position, Option<bool>)>,
    is_woken: bool,
    is_reading: bool,
    /// Looks after the writers of others.
    is_taking_over: bool,
    taken_over: u32,
}

impl Relay {
    pub(super) fn new() -> Self {
        Self {
            backlog: Backlog::new(BACKLOG),
            tap: VecDeque::new(),
            end: Position(1),
            attempt: 0,
            confirms: VecDeque::new(),
            is_woken: false,
            is_reading: false,
            is_taking_over: false,
            taken_over: 0,
        }
    }
}

/// The outbox of a writer that is gone.
pub(super) struct TakeOver {
    row: usize,
    attempt: u32,
    /// The positions of a page that are not confirmed yet, and its last.
    awaited: Vec<Position>,
    last: Position,
}

impl World {
    /// The writer tells of a commit; what does not fit is in the table.
    pub(super) fn tap(&mut self, process: Process, first: Position, records: Vec<Arc<Record>>) {
        let relay = &mut self.nodes[process.node].relay;
        relay.end = first + records.len() as i64;
        if relay.tap.len() < TAP {
            relay.tap.push_back((first, records));
        }
        self.wake_relay(process);
    }

    pub(super) fn wake_relay(&mut self, process: Process) {
        let relay = &mut self.nodes[process.node].relay;
        if !relay.is_woken {
            relay.is_woken = true;
            self.pending.push(Work::Turn(process, Turn::Publish));
        }
    }

    pub(super) fn publish_burst(&mut self, process: Process) {
        let node = &mut self.nodes[process.node];
        let relay = &mut node.relay;
        relay.is_woken = false;
        if node.queue.is_none() {
            return;
        }
        while let Some((first, records)) = relay.tap.pop_front() {
            relay.backlog.take(first, records);
        }
        relay.backlog.committed_before(relay.end);
        if let Some(from) = relay.backlog.missing_from()
            && !relay.is_reading
        {
            relay.is_reading = true;
            self.pending.push(Work::Query(process, Query::Page { row: node.writer.row, from }));
        }
        let room = WINDOW.saturating_sub(relay.confirms.len());
        let (burst, attempt, row) = (relay.backlog.pop(room), relay.attempt, node.writer.row);
        for (position, record) in burst {
            let sent = self.publish(process, row, position, &record);
            trace!(self, "{process:?} publishes {position}: {sent:?}");
            let publication = Publication { attempt, position, row: None };
            let settled = (sent == Sent::Refused).then_some(false);
            self.nodes[process.node].relay.confirms.push_back((position, settled));
            match sent {
                Sent::Awaited { is_confirmed } => {
                    self.pending.push(Work::Turn(process, Turn::Confirmed(publication, is_confirmed)));
                }
                // What comes after it must not overtake it.
                Sent::Refused => {
                    self.pending.push(Work::Turn(process, Turn::Confirmed(publication, false)));
                    break;
                }
            }
        }
    }

    pub(super) fn page_read(&mut self, process: Process, rows: Option<Rows>) {
        let relay = &mut self.nodes[process.node].relay;
        relay.is_reading = false;
        let Some(rows) = rows else { return };
        // It may have started again meanwhile.
        if relay.backlog.missing_from().is_some_and(|from| rows.first().is_some_and(|row| row.0 == from)) {
            relay.backlog.fill(rows);
        }
        self.wake_relay(process);
    }

    pub(super) fn confirmed(&mut self, process: Process, publication: Publication, is_confirmed: bool) {
        if let Some(row) = publication.row {
            return self.confirmed_for(process, row, publication, is_confirmed);
        }
        let node = &mut self.nodes[process.node];
        let relay = &mut node.relay;
        if publication.attempt != relay.attempt {
            return;
        }
        for (position, settled) in &mut relay.confirms {
            if *position == publication.position {
                *settled = Some(is_confirmed);
            }
        }
        while let Some((position, Some(is_confirmed))) = relay.confirms.front().copied() {
            if !is_confirmed {
                trace!(self, "{process:?} publishes again from {position} on");
                relay.confirms.clear();
                relay.attempt += 1;
                relay.backlog.start_again();
                break;
            }
            relay.confirms.pop_front();
            relay.backlog.confirmed(position);
            node.writer.published = position;
        }
        self.wake_relay(process);
    }

    /// Now and then: how far it is published is kept, and what nobody was told of is looked for.
    pub(super) fn look_at_outbox(&mut self, process: Process) {
        self.keep_position(process);
        let node = &self.nodes[process.node];
        if node.relay.backlog.is_empty() {
            self.pending.push(Work::Query(process, Query::Last { row: node.writer.row }));
        }
        self.wake_relay(process);
    }

    pub(super) fn last_read(&mut self, process: Process, last: Position) {
        let relay = &mut self.nodes[process.node].relay;
        relay.end = relay.end.max(last.next());
        self.wake_relay(process);
    }

    pub(super) fn look_for_abandoned(&mut self, process: Process) {
        let relay = &mut self.nodes[process.node].relay;
        if !relay.is_taking_over {
            relay.is_taking_over = true;
            self.pending.push(Work::Query(process, Query::TakeOver));
        }
    }

    /// At the database: the lease of a writer whose process is silent and which nobody publishes for.
    pub(super) fn take_over(&mut self, process: Process) -> Option<(usize, Rows)> {
        let is_silent = |there: Process| !self.runs(there) || self.nodes[there.node].is_stopped;
        // A lease runs out when its holder has let go, though nobody was told.
        let is_at_it = |there: Process, at: usize| {
            let other = &self.nodes[there.node].take_over;
            !is_silent(there) && other.as_ref().is_some_and(|other| other.row == at)
        };
        let is_abandoned = |(at, row): (usize, &Row)| {
            let has_more = row.last() > row.published;
            row.process != process
                && is_silent(row.process)
                && !row.taken_by.is_some_and(|by| is_at_it(by, at))
                && (has_more || !row.is_finished)
        };
        let row = self.store.rows.iter().enumerate().position(is_abandoned)?;
        trace!(self, "{process:?} takes the outbox of {:?} over", self.store.rows[row].process);
        self.store.rows[row].taken_by = Some(process);
        Some((row, self.store.page(row, self.store.rows[row].published.next(), TAKEN_PAGE)))
    }

    pub(super) fn publish_for(&mut self, process: Process, page: Option<(usize, Rows)>) {
        let at = self.nodes[process.node].take_over.as_ref().map(|other| other.row);
        let Some((row, rows)) = page else {
            return match at {
                Some(row) => self.let_go(process, row, false),
                None => self.nodes[process.node].relay.is_taking_over = false,
            };
        };
        let Some(&(last, _)) = rows.last() else { return self.let_go(process, row, true) };
        let relay = &mut self.nodes[process.node].relay;
        relay.taken_over += 1;
        let attempt = relay.taken_over;
        let awaited = rows.iter().map(|(position, _)| *position).collect();
        self.nodes[process.node].take_over = Some(TakeOver { row, attempt, awaited, last });
        for (position, record) in rows {
            let is_confirmed = match self.publish(process, row, position, &record) {
                Sent::Awaited { is_confirmed } => is_confirmed,
                Sent::Refused => false,
            };
            let publication = Publication { attempt, position, row: Some(row) };
            self.pending.push(Work::Turn(process, Turn::Confirmed(publication, is_confirmed)));
        }
    }

    fn confirmed_for(&mut self, process: Process, row: usize, publication: Publication, is_confirmed: bool) {
        let Some(other) = &mut self.nodes[process.node].take_over else { return };
        if other.row != row || other.attempt != publication.attempt {
            return;
        }
        if !is_confirmed {
            return self.let_go(process, row, false);
        }
        other.awaited.retain(|position| *position != publication.position);
        if other.awaited.is_empty() {
            let published = other.last;
            self.pending.push(Work::Query(process, Query::Hold { row, published }));
        }
    }

    /// At the database; false: the lease is lost.
    pub(super) fn hold(&mut self, process: Process, row: usize, published: Position) -> bool {
        self.store.mark(row, published);
        self.store.rows[row].taken_by == Some(process)
    }

    pub(super) fn held(&mut self, process: Process, row: usize, is_held: bool) {
        match &self.nodes[process.node].take_over {
            Some(other) if is_held && other.row == row => {
                let from = other.last.next();
                self.pending.push(Work::Query(process, Query::PageOfOther { row, from }));
            }
            _ => self.end_take_over(process),
        }
    }

    fn let_go(&mut self, process: Process, row: usize, is_finished: bool) {
        self.end_take_over(process);
        self.pending.push(Work::Query(process, Query::LetGo { row, is_finished }));
    }

    fn end_take_over(&mut self, process: Process) {
        let node = &mut self.nodes[process.node];
        (node.take_over, node.relay.is_taking_over) = (None, false);
    }
}
