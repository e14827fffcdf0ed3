//! Does what other nodes tell arrive here? The broker may be away, and a connection may be silent without being lost; so a
//! node listens for its own life signs, which take the same way. Pure; the feed runs it.

use std::time::Duration;

/// A life sign that has not come back for this long does not come.
pub(super) const DEAF_AFTER: Duration = Duration::from_millis(1_500);

/// What came of the time that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is as it was.
    None,
    /// What others tell arrives again.
    Hears,
    /// It does not arrive any more.
    Deaf,
}

/// Whether this node hears. At first it does not.
pub(super) struct HearingMonitor {
    is_deaf: bool,
    /// The first sign that has not come back, and for how long.
    awaited: Option<(u64, Duration)>,
}

impl Default for HearingMonitor {
    fn default() -> Self {
        Self { is_deaf: true, awaited: None }
    }
}

impl HearingMonitor {
    /// This node said on the bus that it lives.
    pub(super) fn said(&mut self, counter: u64) {
        self.awaited.get_or_insert((counter, Duration::ZERO));
    }

    /// A sign of its own came back.
    pub(super) fn came_back(&mut self, counter: u64) {
        self.awaited.take_if(|(awaited, _)| *awaited <= counter);
    }

    /// Some time has passed; `is_up`: there is a connection, a queue, and the broker takes messages.
    pub(super) fn pass(&mut self, time: Duration, is_up: bool) -> Change {
        if !is_up {
            // What was said then may be lost.
            self.awaited = None;
        }
        if let Some((_, since)) = &mut self.awaited {
            *since += time;
        }
        let is_deaf = !is_up || self.awaited.is_some_and(|(_, since)| since >= DEAF_AFTER);
        match (std::mem::replace(&mut self.is_deaf, is_deaf), is_deaf) {
            (false, true) => Change::Deaf,
            (true, false) => Change::Hears,
            _ => Change::None,
        }
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Duration = Duration::from_millis(250);

    #[test]
    fn a_sign_that_does_not_come_back_tells_that_nothing_arrives() {
        let mut hearing = HearingMonitor::default();
        assert_eq!(hearing.pass(BEAT, true), Change::Hears);
        hearing.said(1);
        for _ in 0..5 {
            assert_eq!(hearing.pass(BEAT, true), Change::None);
        }
        hearing.came_back(1);
        assert_eq!(hearing.pass(10 * BEAT, true), Change::None, "none is awaited");
        hearing.said(2);
        hearing.said(3);
        hearing.came_back(1);
        assert_eq!(hearing.pass(6 * BEAT, true), Change::Deaf);
        assert_eq!(hearing.pass(BEAT, true), Change::None);
        assert!(hearing.is_deaf());
        hearing.came_back(3);
        assert_eq!(hearing.pass(BEAT, true), Change::Hears);
    }

    #[test]
    fn without_a_connection_nothing_arrives_and_nothing_said_before_comes_back() {
        let mut hearing = HearingMonitor::default();
        assert_eq!([hearing.pass(BEAT, false), hearing.pass(BEAT, true)], [Change::None, Change::Hears]);
        hearing.said(1);
        assert_eq!(hearing.pass(BEAT, false), Change::Deaf);
        assert_eq!(hearing.pass(20 * BEAT, false), Change::None);
        assert_eq!(hearing.pass(20 * BEAT, true), Change::Hears);
        assert!(!hearing.is_deaf());
    }
}
