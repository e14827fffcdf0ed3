//! Listeners who come: with the state, or with what they missed, and in either case with all that follows.

use std::sync::Arc;

use super::{Effect, Engine};
use crate::ids::Seq;
use crate::journal::Record;

/// A watcher that misses more than this gets the snapshot instead (contract, section 3).
const RESUME_MAX: i64 = 1_000;

impl Engine {
    pub(super) fn watch(&mut self, watcher: u64, after: Option<Seq>, effects: &mut Vec<Effect>) {
        let head = self.committed.seq();
        match after {
            Some(after) if (Seq::ZERO..=head).contains(&after) && head.since(after) <= RESUME_MAX => {
                match self.recent.after(after, head) {
                    Some(missed) => effects.push(Effect::Welcome { watcher, missed: Some(missed) }),
                    None => {
                        self.resuming.insert(watcher, after);
                        effects.push(Effect::ReadHistory { watcher, after });
                    }
                }
            }
            _ => effects.push(Effect::Welcome { watcher, missed: None }),
        }
    }

    pub(super) fn history(&mut self, watcher: u64, records: Option<Vec<Arc<Record>>>, effects: &mut Vec<Effect>) {
        let Some(after) = self.resuming.remove(&watcher) else { return };
        let Some(mut missed) = records else {
            // The state is at hand even when the journal is not.
            return effects.push(Effect::Welcome { watcher, missed: None });
        };
        // Only what is known to be committed here: the rest is told in its turn.
        missed.retain(|record| record.seq() > after && record.seq() <= self.committed.seq());
        let last = missed.last().map_or(after, |record| record.seq());
        let whole = missed.iter().zip(1..).all(|(record, place)| record.seq() == after + place);
        match self.recent.after(last, self.committed.seq()) {
            Some(rest) if whole && last.since(after) + rest.len() as i64 <= RESUME_MAX => {
                missed.extend(rest);
                effects.push(Effect::Welcome { watcher, missed: Some(missed) });
            }
            _ => effects.push(Effect::Welcome { watcher, missed: None }),
        }
    }
}
