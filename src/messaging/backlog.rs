//! PURE: what of a writer's outbox waits to be published, and how far that is. The relay carries it out.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::ids::Position;
use crate::journal::Record;

/// A window of the outbox, without gaps.
pub(crate) struct Backlog {
    waiting: VecDeque<(Position, Arc<Record>)>,
    /// Events that wait in memory; more of them are read from the table again.
    max: usize,
    /// The next position to take.
    next: Position,
    /// Everything before this is committed, as far as is known.
    end: Position,
    /// What is committed between `next` and `end` is in the table only.
    behind: bool,
    /// Confirmed up to here.
    published: Position,
}

impl Backlog {
    /// Of a writer that has stored nothing yet.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            max,
            next: Position(1),
            end: Position(1),
            behind: false,
            published: Position::ZERO,
        }
    }

    /// Everything before `end` is committed: what was not told of it by now is in the table only.
    pub(crate) fn committed_before(&mut self, end: Position) {
        self.end = self.end.max(end);
        self.behind = self.next < self.end;
    }

    /// What was committed, `first` being the position of its first. What is no next, or too much, is left in the table.
    pub(crate) fn take(&mut self, first: Position, records: Vec<Arc<Record>>) {
        self.end = self.end.max(first + records.len() as i64);
        if self.behind || first > self.next || self.waiting.len() >= self.max {
            self.behind = self.next < self.end;
            return;
        }
        for (position, record) in (0..).map(|place| first + place).zip(records) {
            if position >= self.next {
                self.next = position.next();
                self.waiting.push_back((position, record));
            }
        }
    }

    /// From where on the table is to be read, where that has to be and there is room.
    pub(crate) fn missing_from(&self) -> Option<Position> {
        (self.behind && self.waiting.len() < self.max).then_some(self.next)
    }

    /// What the table has from `missing_from` on.
    pub(crate) fn fill(&mut self, rows: Vec<(Position, Arc<Record>)>) {
        for (position, record) in rows {
            self.next = position.next();
            self.waiting.push_back((position, record));
        }
        self.end = self.end.max(self.next);
        self.behind = self.next < self.end;
    }

    /// The next to be published, so many at most.
    pub(crate) fn pop(&mut self, most: usize) -> Vec<(Position, Arc<Record>)> {
        self.waiting.drain(..most.min(self.waiting.len())).collect()
    }

    /// The bus has everything up to `position`.
    pub(crate) fn confirmed(&mut self, position: Position) {
        self.published = position;
    }

    /// Something was not confirmed: everything from it on is read and published again.
    pub(crate) fn start_again(&mut self) {
        self.waiting.clear();
        self.next = self.published.next();
        self.behind = self.next < self.end;
    }

    /// Up to where the bus has everything.
    pub(crate) fn published(&self) -> Position {
        self.published
    }

    /// Events that wait in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.waiting.len()
    }

    /// Nothing waits, here or in the table, as far as is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.behind
    }

    /// Events that are committed and not confirmed, as far as is known.
    pub(crate) fn unconfirmed(&self) -> i64 {
        self.end.max(self.next).previous().since(self.published)
    }
}
