//! PURE: which messages of a chat a user's devices had: all up to one, and some above it, where they were acknowledged
//! out of order.

use std::ops::RangeInclusive;

/// Ranges above the first gap that are kept; what is in further ones comes again.
const RANGES_MAX: usize = 64;

/// The numbers of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReceivedNumbers {
    up_to: i64,
    /// Ascending, with gaps between them.
    above: Vec<(i64, i64)>,
}

impl ReceivedNumbers {
    /// As it is stored.
    pub(super) fn stored(up_to: i64, above: &str) -> Self {
        let above = if above.is_empty() { Vec::new() } else { serde_json::from_str(above).unwrap_or_default() };
        let mut stored = Self { up_to, above };
        stored.add([]);
        stored
    }

    pub(super) fn up_to(&self) -> i64 {
        self.up_to
    }

    /// To be stored.
    pub(super) fn above_as_json(&self) -> String {
        if self.above.is_empty() { String::new() } else { serde_json::to_string(&self.above).unwrap_or_default() }
    }

    pub(super) fn has(&self, number: i64) -> bool {
        number <= self.up_to || self.above.iter().any(|&(first, last)| (first..=last).contains(&number))
    }

    /// Is something missing below what was received?
    pub(super) fn has_gap(&self) -> bool {
        !self.above.is_empty()
    }

    /// The last number that was received.
    pub(super) fn highest(&self) -> i64 {
        self.above.last().map_or(self.up_to, |&(_, last)| last)
    }

    /// These were received, too.
    pub(super) fn add(&mut self, numbers: impl IntoIterator<Item = i64>) {
        let mut ranges = std::mem::take(&mut self.above);
        ranges.extend(numbers.into_iter().filter(|number| *number > self.up_to).map(|number| (number, number)));
        ranges.sort_unstable();
        for (first, last) in ranges {
            if first <= self.up_to + 1 {
                self.up_to = self.up_to.max(last);
            } else if let Some(before) = self.above.last_mut().filter(|before| first <= before.1 + 1) {
                before.1 = before.1.max(last);
            } else {
                self.above.push((first, last));
            }
        }
        self.above.truncate(RANGES_MAX);
    }

    /// All of these were.
    pub(super) fn add_all(&mut self, numbers: RangeInclusive<i64>) {
        if !numbers.is_empty() {
            self.above.push((*numbers.start(), *numbers.end()));
            self.add([]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_has_what_was_added_and_nothing_else(steps in prop::collection::vec(prop::collection::vec(1_i64..60, 0..6), 0..20)) {
            let (mut received, mut model) = (ReceivedNumbers::default(), BTreeSet::new());
            for step in steps {
                model.extend(step.iter().copied());
                received.add(step);
                let stored = ReceivedNumbers::stored(received.up_to(), &received.above_as_json());
                prop_assert_eq!(&stored, &received);
                for number in 1..=60 {
                    prop_assert_eq!(received.has(number), model.contains(&number), "{}", number);
                }
                let gap = (1..=60).find(|number| !model.contains(number)).unwrap_or(61);
                prop_assert_eq!(received.up_to(), gap - 1);
                let is_complete = model.iter().all(|number| *number < gap);
                prop_assert_eq!(received.has_gap(), !is_complete);
                prop_assert_eq!(received.highest(), model.last().copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn what_is_too_scattered_to_be_kept_is_forgotten_from_above() {
        let mut received = ReceivedNumbers::default();
        received.add((2..1_000).step_by(2));
        assert!(received.has(2) && !received.has(998));
        received.add_all(1..=500);
        assert_eq!((received.up_to(), received.has_gap()), (500, false));
    }

    #[test]
    fn what_was_not_had_before_a_range_still_is_not() {
        let mut received = ReceivedNumbers::default();
        received.add([1, 2]);
        let none = received.up_to() + 2..=received.up_to() + 1;
        received.add_all(none);
        assert_eq!((received.up_to(), received.has_gap()), (2, false));
        received.add_all(5..=9);
        assert!(!received.has(4) && received.has(5) && received.has(9) && !received.has(10));
        received.add([3, 4]);
        assert_eq!((received.up_to(), received.has_gap()), (9, false));
    }
}
