//! The last events of a session, for listeners that come back.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::ids::Seq;
use crate::journal::Record;

/// Few in tests, so that they read history from the journal too.
const RECENT_MAX: usize = if cfg!(test) { 2 } else { 64 };

/// So many of them as fit, without a gap up to the last one.
pub(super) struct RecentRecords(VecDeque<Arc<Record>>);

impl RecentRecords {
    pub(super) fn new(records: Vec<Arc<Record>>) -> Self {
        let mut recent = Self(records.into());
        recent.trim();
        recent
    }

    /// What was committed next.
    pub(super) fn add(&mut self, records: &[Arc<Record>]) {
        self.0.extend(records.iter().cloned());
        self.trim();
    }

    /// All events after `after` of a log that ends with `head`; `None`: some of them are in the journal only.
    pub(super) fn after(&self, after: Seq, head: Seq) -> Option<Vec<Arc<Record>>> {
        if after == head {
            return Some(Vec::new());
        }
        let first = self.0.front()?.seq();
        let skip = usize::try_from(after.next().since(first)).ok()?;
        Some(self.0.iter().skip(skip).cloned().collect())
    }

    fn trim(&mut self) {
        self.0.drain(..self.0.len().saturating_sub(RECENT_MAX));
    }
}
