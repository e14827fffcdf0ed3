//! PURE: what one socket still owes its user of one topic: what came while the older items are being read, and items that
//! were acknowledged and are to be marked. The socket runs it.

use bytestring::ByteString;
use uuid::Uuid;

use super::topics::{Item, ItemPage, Place};

/// Old items read at once; the next ones are when the socket has taken these.
pub(super) const PAGE: u64 = 200;
/// New ones that wait for the old ones; where there are more, all that waits is read again.
const HELD_MAX: usize = 1_000;
/// Acknowledged items that wait to be marked.
const ACKNOWLEDGED_MAX: usize = 12_000;

/// News of a topic.
#[derive(Clone, Debug)]
pub(crate) enum TopicNews {
    /// A new item of that id, as a frame.
    Item(Uuid, ByteString),
    /// An item is no more as it was. Nobody acknowledges that.
    Change(ByteString),
}

impl TopicNews {
    fn is_item(&self, other: Uuid) -> bool {
        matches!(self, Self::Item(id, _) if *id == other)
    }

    fn into_frame(self) -> ByteString {
        match self {
            Self::Item(_, frame) | Self::Change(frame) => frame,
        }
    }
}

/// Old items first, then new ones, each once where that can be had.
#[derive(Default)]
pub(super) struct Backlog {
    has_begun: bool,
    /// News that wait for the old ones; `None`: they go out at once.
    held: Option<Vec<TopicNews>>,
    is_reading: bool,
    /// There may be more behind this one.
    more_after: Option<Place>,
    /// All that waits is to be read once more: something may have been missed.
    starts_again: bool,
    acknowledged: Vec<Uuid>,
    is_marking: bool,
}

impl Backlog {
    /// New ones wait until the old ones can be read.
    pub(super) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Were the old ones asked for?
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The old ones are to be read; from where on is the answer. `None`: they are being read, and will be again.
    pub(super) fn begin(&mut self) -> Option<Option<Place>> {
        self.has_begun = true;
        self.held.get_or_insert_default();
        if self.is_reading {
            self.starts_again = true;
            return None;
        }
        self.is_reading = true;
        let after = self.more_after.take();
        if after.is_none() {
            self.starts_again = false;
        }
        Some(after)
    }

    /// Goes out now, or is held. Where there is no room, items are read again, as they are by then, and only changes go
    /// out.
    pub(super) fn take(&mut self, news: TopicNews) -> Vec<ByteString> {
        let Some(held) = &mut self.held else { return vec![news.into_frame()] };
        held.push(news);
        if held.len() <= HELD_MAX {
            return Vec::new();
        }
        self.starts_again = true;
        let changes = held.drain(..).filter(|news| matches!(news, TopicNews::Change(_)));
        changes.map(TopicNews::into_frame).collect()
    }

    /// Old ones are here: what goes out now, in order. `tells_anew`: a held item with an id that is among them is the
    /// newer, and goes out in the place of the old one; else it is the same as it was.
    pub(super) fn read(&mut self, page: ItemPage, tells_anew: bool) -> Vec<ByteString> {
        self.is_reading = false;
        self.more_after = page.next;
        let held = self.held.get_or_insert_default();
        let mut once = |old: Item| {
            let place = held.iter().position(|news| news.is_item(old.id()));
            let told = place.map(|place| held.remove(place).into_frame());
            told.filter(|_| tells_anew).unwrap_or(old.frame)
        };
        let mut frames: Vec<_> = page.items.into_iter().map(&mut once).collect();
        if !self.has_more() {
            frames.extend(self.held.take().unwrap_or_default().into_iter().map(TopicNews::into_frame));
        }
        frames
    }

    /// Whether more old ones are to be read.
    pub(super) fn has_more(&self) -> bool {
        self.more_after.is_some() || self.starts_again
    }

    /// The user has these. What does not fit comes again.
    pub(super) fn acknowledge(&mut self, ids: Vec<Uuid>) {
        self.acknowledged.extend(ids.into_iter().take(ACKNOWLEDGED_MAX.saturating_sub(self.acknowledged.len())));
    }

    /// What is to be marked now; nothing while others are being marked.
    pub(super) fn next_to_mark(&mut self) -> Option<Vec<Uuid>> {
        if self.is_marking || self.acknowledged.is_empty() {
            return None;
        }
        self.is_marking = true;
        Some(std::mem::take(&mut self.acknowledged))
    }

    /// What was acknowledged and is not being marked yet, of a socket that ends.
    pub(super) fn rest(&mut self) -> Vec<Uuid> {
        std::mem::take(&mut self.acknowledged)
    }

    /// Those are marked, or were lost and come again.
    pub(super) fn marked(&mut self) {
        self.is_marking = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: std::ops::RangeInclusive<u128>, is_last: bool) -> ItemPage {
        let item = |number: u128| Item {
            place: (number as i64, Uuid::from_u128(number)),
            frame: format!("old {number}").into(),
        };
        let items: Vec<Item> = numbers.map(item).collect();
        ItemPage { next: items.last().filter(|_| !is_last).map(|item| item.place), items }
    }

    fn take(backlog: &mut Backlog, number: u128) -> Option<ByteString> {
        backlog.take(TopicNews::Item(Uuid::from_u128(number), format!("new {number}").into())).pop()
    }

    fn change(backlog: &mut Backlog, number: u128) -> Option<ByteString> {
        backlog.take(TopicNews::Change(format!("change of {number}").into())).pop()
    }

    #[test]
    fn new_ones_wait_for_the_old_ones_and_replace_them() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.begin(), Some(None));
        assert!(take(&mut backlog, 2).is_none());
        assert_eq!(backlog.read(page(1..=2, true), true), ["old 1", "new 2"]);
        assert_eq!(take(&mut backlog, 3), Some("new 3".into()));
        assert!(!backlog.has_more());
    }

    #[test]
    fn what_is_old_and_new_at_once_keeps_its_place() {
        let mut backlog = Backlog::default();
        backlog.begin();
        assert!(take(&mut backlog, 2).is_none());
        assert_eq!(backlog.read(page(1..=3, true), true), ["old 1", "new 2", "old 3"]);
    }

    #[test]
    fn pages_follow_each_other_and_new_ones_the_last_of_them() {
        let mut backlog = Backlog::default();
        backlog.begin();
        assert!(take(&mut backlog, 9).is_none());
        assert_eq!(backlog.read(page(1..=2, false), true), ["old 1", "old 2"]);
        assert!(backlog.has_more());
        assert_eq!(backlog.begin(), Some(Some((2, Uuid::from_u128(2)))));
        assert_eq!(backlog.read(page(3..=3, true), true), ["old 3", "new 9"]);
        assert!(!backlog.has_more());
    }

    #[test]
    fn what_may_have_been_missed_is_read_when_the_page_is_here() {
        let mut backlog = Backlog::default();
        backlog.begin();
        assert_eq!(backlog.begin(), None, "it is being read");
        assert_eq!(backlog.read(page(1..=1, true), true), ["old 1"]);
        assert!(backlog.has_more());
        assert_eq!(backlog.begin(), Some(None));
        assert_eq!(backlog.read(page(1..=2, true), true), ["old 1", "old 2"]);
        assert!(!backlog.has_more());
    }

    #[test]
    fn what_is_as_it_was_is_told_as_it_was_read_and_its_changes_after_it() {
        let mut backlog = Backlog::default();
        backlog.hold();
        assert!(take(&mut backlog, 2).is_none());
        assert!(change(&mut backlog, 2).is_none());
        assert!(take(&mut backlog, 9).is_none());
        assert!(change(&mut backlog, 1).is_none());
        backlog.begin();
        assert_eq!(backlog.read(page(1..=1, false), false), ["old 1"]);
        backlog.begin();
        assert_eq!(backlog.read(page(2..=2, true), false), ["old 2", "change of 2", "new 9", "change of 1"]);
        assert_eq!(change(&mut backlog, 9), Some("change of 9".into()));
    }

    #[test]
    fn changes_that_cannot_wait_go_out_before_all_is_read_again() {
        let mut backlog = Backlog::default();
        backlog.begin();
        assert!(change(&mut backlog, 1).is_none());
        for number in 1..HELD_MAX as u128 {
            assert!(take(&mut backlog, number).is_none());
        }
        let frame = |text: &str| TopicNews::Change(text.to_owned().into());
        assert_eq!(backlog.take(frame("the last")), ["change of 1", "the last"]);
        assert_eq!(backlog.read(page(1..=1, true), false), ["old 1"]);
        assert!(backlog.has_more());
    }

    #[test]
    fn more_new_ones_than_can_wait_are_read_with_the_old_ones() {
        let mut backlog = Backlog::default();
        backlog.begin();
        for number in 0..=HELD_MAX as u128 {
            assert!(take(&mut backlog, 100 + number).is_none());
        }
        assert_eq!(backlog.read(page(1..=1, true), true), ["old 1"]);
        assert!(backlog.has_more());
        assert_eq!(backlog.begin(), Some(None));
        assert_eq!(backlog.read(page(1..=3, true), true).len(), 3);
        assert_eq!(take(&mut backlog, 3), Some("new 3".into()));
    }

    #[test]
    fn what_is_acknowledged_is_marked_in_one_go_after_another() {
        let mut backlog = Backlog::default();
        let ids: Vec<Uuid> = (0..3).map(Uuid::from_u128).collect();
        assert_eq!(backlog.next_to_mark(), None);
        backlog.acknowledge(ids[..1].to_vec());
        assert_eq!(backlog.next_to_mark(), Some(ids[..1].to_vec()));
        backlog.acknowledge(ids[1..2].to_vec());
        backlog.acknowledge(ids[2..].to_vec());
        assert_eq!(backlog.next_to_mark(), None, "the first is being marked");
        backlog.marked();
        assert_eq!(backlog.next_to_mark(), Some(ids[1..].to_vec()));
        backlog.marked();
        assert_eq!(backlog.next_to_mark(), None);
    }
}
