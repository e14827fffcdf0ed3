//! PURE: what is under way at once by one way, on one node. Who is slow gives his place to others, up to a bound; and what
//! goes where the last attempt failed has a small share of its own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::outbox::delivery::DueDelivery;

/// Of what is neither slow nor a probe.
pub(super) const AT_ONCE: usize = 32;
/// Of these and the slow ones, for one user.
const OF_USER_MAX: usize = 2;
/// Of what goes where the last attempt failed; one of them for one user.
const PROBES_MAX: usize = 8;
/// After it one is slow.
const SLOW_AFTER: Duration = Duration::from_secs(2);

/// One that is under way.
struct Place {
    user: Option<Uuid>,
    is_probe: bool,
    begun: Instant,
}

/// All that are.
pub(super) struct UnderWay {
    places: HashMap<Uuid, Place>,
    /// With the slow ones and the probes.
    most: usize,
}

impl UnderWay {
    pub(super) fn new(most: usize) -> Self {
        Self { places: HashMap::new(), most }
    }

    /// How many more may be begun now.
    pub(super) fn free(&self, is_probe: bool, now: Instant) -> usize {
        let is_counted = |place: &&Place| match is_probe {
            true => place.is_probe,
            false => !place.is_probe && now.duration_since(place.begun) < SLOW_AFTER,
        };
        let most = if is_probe { PROBES_MAX } else { AT_ONCE };
        let counted = self.places.values().filter(is_counted).count();
        most.saturating_sub(counted).min(self.most.saturating_sub(self.places.len()))
    }

    /// Users that have as many of it under way as one may.
    pub(super) fn busy(&self, is_probe: bool) -> Vec<Uuid> {
        let mut of_user: HashMap<Uuid, usize> = HashMap::new();
        let users = self.places.values().filter(|place| place.is_probe == is_probe).filter_map(|place| place.user);
        users.for_each(|user| *of_user.entry(user).or_default() += 1);
        let most = if is_probe { 1 } else { OF_USER_MAX };
        of_user.into_iter().filter(|(_, count)| *count >= most).map(|(user, _)| user).collect()
    }

    /// Gives it a place, if there is one for it.
    pub(super) fn begin(&mut self, due: DueDelivery, is_probe: bool, now: Instant) -> bool {
        let is_busy = due.user.is_some_and(|user| self.busy(is_probe).contains(&user));
        let has_place = self.free(is_probe, now) > 0 && !is_busy && !self.places.contains_key(&due.id);
        if has_place {
            self.places.insert(due.id, Place { user: due.user, is_probe, begun: now });
        }
        has_place
    }

    pub(super) fn end(&mut self, id: Uuid) {
        self.places.remove(&id);
    }

    /// Whether it goes where the last attempt failed.
    pub(super) fn is_probe(&self, id: Uuid) -> bool {
        self.places.get(&id).is_some_and(|place| place.is_probe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(id: u128, user: u128) -> DueDelivery {
        DueDelivery { id: Uuid::from_u128(id), user: Some(Uuid::from_u128(user)) }
    }

    #[test]
    fn the_slow_leave_their_places_to_others_up_to_a_bound() {
        let begun = Instant::now();
        let mut under_way = UnderWay::new(40);
        let begin = |under_way: &mut UnderWay, ids: std::ops::Range<u128>, now| {
            ids.filter(|id| under_way.begin(due(*id, id / 2), false, now)).count()
        };
        assert_eq!(begin(&mut under_way, 0..50, begun), AT_ONCE);
        assert_eq!(begin(&mut under_way, 50..60, begun + Duration::from_secs(1)), 0);
        let later = begun + SLOW_AFTER;
        assert_eq!(begin(&mut under_way, 50..60, later), 8, "no more than forty are under way");
        assert_eq!(begin(&mut under_way, 60..70, later + SLOW_AFTER), 0);
        under_way.end(Uuid::from_u128(3));
        assert_eq!(begin(&mut under_way, 60..70, later + SLOW_AFTER), 1);
    }

    #[test]
    fn a_user_has_two_and_one_probe() {
        let now = Instant::now();
        let mut under_way = UnderWay::new(64);
        let begun: Vec<bool> = (0..4).map(|id| under_way.begin(due(id, 1), false, now)).collect();
        assert_eq!(begun, [true, true, false, false]);
        assert_eq!((under_way.busy(false), under_way.busy(true)), (vec![Uuid::from_u128(1)], Vec::new()));
        let begun: Vec<bool> = (10..12).map(|id| under_way.begin(due(id, 1), true, now)).collect();
        assert_eq!(begun, [true, false]);
        assert!(under_way.is_probe(Uuid::from_u128(10)) && !under_way.is_probe(Uuid::from_u128(0)));
        // Probes don't make room by being slow.
        let begun = (20..40).filter(|id| under_way.begin(due(*id, *id), true, now + SLOW_AFTER)).count();
        assert_eq!(begun, PROBES_MAX - 1);
        assert!(!under_way.begin(due(0, 9), false, now), "it is under way");
    }
}
