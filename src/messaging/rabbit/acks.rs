//! Which delivery tags can be acknowledged with one frame. Pure.

use std::collections::BTreeMap;

/// Tags of one channel, which the broker numbers 1, 2, 3 ...
#[derive(Default)]
pub(super) struct Acks {
    /// Everything up to here is acknowledged.
    upto: u64,
    /// Settled beyond that; true: acknowledged already, by itself.
    settled: BTreeMap<u64, bool>,
    waiting: usize,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) tag: u64,
    /// And everything before it.
    pub(super) multiple: bool,
}

impl Acks {
    pub(super) fn settle(&mut self, tag: u64) {
        if self.settled.insert(tag, false).is_none() {
            self.waiting += 1;
        }
    }

    /// How many settled tags wait for their frame.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The frames for what is settled: one where there is no gap, one for each tag beyond a gap.
    pub(super) fn take(&mut self) -> Vec<Ack> {
        let mut frames = Vec::new();
        let mut last = None;
        while let Some(acknowledged) = self.settled.remove(&(self.upto + 1)) {
            self.upto += 1;
            if !acknowledged {
                last = Some(self.upto);
            }
        }
        // The broker knows a tag only once: the frame names the last one that was not acknowledged by itself.
        frames.extend(last.map(|tag| Ack { tag, multiple: true }));
        for (&tag, acknowledged) in self.settled.iter_mut().filter(|(_, acknowledged)| !**acknowledged) {
            *acknowledged = true;
            frames.push(Ack { tag, multiple: false });
        }
        self.waiting = 0;
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(tag: u64) -> Ack {
        Ack { tag, multiple: false }
    }

    fn all_up_to(tag: u64) -> Ack {
        Ack { tag, multiple: true }
    }

    #[test]
    fn what_is_settled_without_a_gap_is_one_frame() {
        let mut acks = Acks::default();
        for tag in [2, 1, 3] {
            acks.settle(tag);
        }
        assert_eq!(acks.waiting(), 3);
        assert_eq!(acks.take(), [all_up_to(3)]);
        assert_eq!((acks.waiting(), acks.take()), (0, vec![]));
    }

    #[test]
    fn beyond_a_gap_each_is_its_own_and_no_tag_is_named_twice() {
        let mut acks = Acks::default();
        for tag in [1, 3, 4] {
            acks.settle(tag);
        }
        assert_eq!(acks.take(), [all_up_to(1), one(3), one(4)]);
        acks.settle(2);
        assert_eq!(acks.take(), [all_up_to(2)]);
        acks.settle(5);
        assert_eq!(acks.take(), [all_up_to(5)]);
    }

    #[test]
    fn a_gap_that_closes_before_tags_acknowledged_by_themselves() {
        let mut acks = Acks::default();
        acks.settle(2);
        assert_eq!(acks.take(), [one(2)]);
        acks.settle(1);
        acks.settle(3);
        assert_eq!(acks.take(), [all_up_to(3)]);
    }
}
