//! The clock of the table: from the first game, for as long as it is not stopped, and how long each was there.

use serde::{Deserialize, Serialize};

use super::TableTerms;
use crate::ids::{Money, ParticipantId, Seq, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// A clock that was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::game) struct TableClock {
    pub(in crate::game) terms: TableTerms,
    /// `None`: it starts with the next game.
    pub(in crate::game) started_at: Option<Timestamp>,
    /// When it was stopped, and by which event.
    pub(in crate::game) stopped: Option<(Timestamp, Seq)>,
    times: Vec<Time>,
}

/// How long somebody was at the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Time {
    participant: ParticipantId,
    /// `None`: not there now.
    since: Option<Timestamp>,
    milliseconds: i64,
}

/// What a clock comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Begun ones count.
    pub(super) minutes: i64,
    pub(super) amount: Money,
    /// Everybody who was there, and for how many milliseconds.
    pub(super) times: Vec<(ParticipantId, i64)>,
}

impl TableClock {
    pub(in crate::game) fn new(terms: TableTerms) -> Self {
        Self { terms, started_at: None, stopped: None, times: Vec::new() }
    }

    /// It runs, and is to be paid for.
    pub(in crate::game) fn is_running(&self) -> bool {
        self.started_at.is_some() && self.stopped.is_none()
    }

    /// Starts with these at the table, unless it runs or has run.
    pub(in crate::game) fn start(&mut self, at: Timestamp, present: impl Iterator<Item = ParticipantId>) {
        if self.started_at.is_none() {
            self.started_at = Some(at);
            present.for_each(|id| self.come(id, at));
        }
    }

    pub(in crate::game) fn come(&mut self, participant: ParticipantId, at: Timestamp) {
        if !self.is_running() {
            return;
        }
        match self.times.iter_mut().find(|time| time.participant == participant) {
            Some(time) => {
                time.since.get_or_insert(at);
            }
            None => self.times.push(Time { participant, since: Some(at), milliseconds: 0 }),
        }
    }

    pub(in crate::game) fn go(&mut self, participant: ParticipantId, at: Timestamp) {
        if let Some(time) = self.times.iter_mut().find(|time| time.participant == participant)
            && let Some(since) = time.since.take()
        {
            time.milliseconds = time.milliseconds.saturating_add(between(since, at));
        }
    }

    pub(in crate::game) fn stop(&mut self, at: Timestamp, seq: Seq) {
        if self.is_running() {
            self.stopped = Some((at, seq));
        }
    }

    /// What it comes to at that moment; `None`: it has not started.
    pub(super) fn read(&self, at: Timestamp) -> Option<Reading> {
        let started = self.started_at?;
        let minutes = between(started, at).div_euclid(MINUTE_MS).saturating_add(1);
        let exact = between(started, at).rem_euclid(MINUTE_MS) == 0 && minutes > 1;
        let minutes = if exact { minutes - 1 } else { minutes };
        let time = |time: &Time| {
            let now = time.since.map_or(0, |since| between(since, at));
            (time.participant, time.milliseconds.saturating_add(now))
        };
        let amount = Money(self.terms.price_per_hour.times(minutes).0 / 60);
        Some(Reading { minutes, amount, times: self.times.iter().map(time).collect() })
    }
}

/// Never below zero, whatever the clocks of two nodes say.
fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.millis().saturating_sub(from.millis()).max(0)
}
