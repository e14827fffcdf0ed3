//! The one place where the wall clock is read.
#![expect(clippy::disallowed_methods, reason = "everybody else asks here")]

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Interval, MissedTickBehavior};
use uuid::{ContextV7, Uuid};

use crate::ids::Timestamp;

/// Now, by this node's clock; 1970 where it says something earlier, which is no time that anybody plays at.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Is the clock so wrong that nothing can be dated?
pub fn is_before_1970() -> bool {
    SystemTime::now() < UNIX_EPOCH
}

/// Ticks at once and then this often. What was missed, since the process was stopped or too busy, is not made up for: an
/// hour of ticks at once would be worse than the stop.
pub fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Orders ids that are made within one millisecond.
static IDS: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A new id, greater than those made before. `Uuid::now_v7` panics where the clock jumps before 1970.
pub fn new_id() -> Uuid {
    id_at(SystemTime::now())
}

fn id_at(now: SystemTime) -> Uuid {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(&IDS, since.as_secs(), since.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_at_any_time_and_ascend() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        let ids = [before, before, UNIX_EPOCH + Duration::from_secs(1)].map(id_at);
        assert!(ids.is_sorted() && ids[0] != ids[1] && ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
        let ids: Vec<_> = (0..10_000).map(|_| new_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
