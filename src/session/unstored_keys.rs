//! The idempotency keys of commands that left nothing in the log: what was refused, and what had nothing to change. The
//! log tells of all others. Nobody needs them for long, so the last ones of this node are kept, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::{CommandId, SessionId, UserId};

/// Keys that are remembered.
const KEYS_MAX: usize = 65_536;

type Key = (UserId, CommandId);
/// The session, and the fingerprint of the body.
type UsedFor = (SessionId, i64);

#[derive(Default)]
pub(super) struct UnstoredKeys(Mutex<UnstoredKey>);

#[derive(Default)]
struct UnstoredKey {
    keys: HashMap<Key, UsedFor>,
    in_order: VecDeque<Key>,
}

impl UnstoredKeys {
    /// Whether the key came before with another body, or for another session.
    pub(super) fn is_of_another(&self, key: Key, used_for: UsedFor) -> bool {
        self.lock().keys.get(&key).is_some_and(|there| *there != used_for)
    }

    pub(super) fn note(&self, key: Key, used_for: UsedFor) {
        let mut kept = self.lock();
        if kept.keys.insert(key, used_for).is_some() {
            return;
        }
        kept.in_order.push_back(key);
        if kept.in_order.len() > KEYS_MAX
            && let Some(oldest) = kept.in_order.pop_front()
        {
            kept.keys.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, UnstoredKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_belongs_to_its_first_use_until_it_is_forgotten() {
        let keys = UnstoredKeys::default();
        let key = |n: usize| (UserId(Uuid::from_u128(1)), CommandId(Uuid::from_u128(n as u128)));
        let [here, there] = [1, 2].map(|n| SessionId(Uuid::from_u128(n)));
        keys.note(key(0), (here, 7));
        assert!(!keys.is_of_another(key(0), (here, 7)));
        assert!(keys.is_of_another(key(0), (there, 7)));
        assert!(keys.is_of_another(key(0), (here, 8)));
        assert!(!keys.is_of_another(key(1), (there, 7)));
        (1..=KEYS_MAX).for_each(|n| keys.note(key(n), (here, 7)));
        assert!(!keys.is_of_another(key(0), (there, 7)), "the oldest goes");
        assert!(keys.is_of_another(key(1), (there, 7)));
    }
}
