//! PURE: what one socket still owes its user of one topic: items that came while the older ones are being read, and those
//! that were acknowledged and are to be marked. The socket runs it.

use bytestring::ByteString;
use uuid::Uuid;

use super::topics::{Item, Place};

/// Items sent at once; the next ones follow when these are acknowledged.
pub(super) const PAGE: u64 = 200;
/// Acknowledged items that wait to be marked.
const ACKNOWLEDGED_MAX: usize = 1_000;

/// Old items first, then new ones, each once where that can be had.
#[derive(Default)]
pub(super) struct Backlog {
    has_begun: bool,
    /// New ones that wait for the old ones; `None`: they go out at once.
    held: Option<Vec<(Uuid, ByteString)>>,
    /// There may be more behind this one.
    more_after: Option<Place>,
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

    /// The old ones are being read; from where on is the answer.
    pub(super) fn begin(&mut self) -> Option<Place> {
        self.has_begun = true;
        self.held.get_or_insert_default();
        self.more_after.take()
    }

    /// A new one: goes out now, or is held.
    pub(super) fn take(&mut self, id: Uuid, frame: ByteString) -> Option<ByteString> {
        match &mut self.held {
            Some(held) => {
                held.push((id, frame));
                None
            }
            None => Some(frame),
        }
    }

    /// The old ones are here: what goes out now, in order. A held one with an id that is among them is the newer.
    pub(super) fn read(&mut self, old: Vec<Item>) -> Vec<ByteString> {
        let held = self.held.take().unwrap_or_default();
        if old.len() as u64 == PAGE {
            self.more_after = old.last().map(|item| item.place);
        }
        let told_anew = |old: &Item| !held.iter().any(|(id, _)| *id == old.id());
        let mut frames: Vec<_> = old.into_iter().filter(told_anew).map(|item| item.frame).collect();
        frames.extend(held.into_iter().map(|(_, frame)| frame));
        frames
    }

    /// Whether the next page is due once these are acknowledged.
    pub(super) fn has_more(&self) -> bool {
        self.more_after.is_some() && self.held.is_none()
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

    /// Those are marked, or were lost and come again.
    pub(super) fn marked(&mut self) {
        self.is_marking = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u128) -> Item {
        Item { place: (number as i64, Uuid::from_u128(number)), frame: format!("old {number}").into() }
    }

    #[test]
    fn new_ones_wait_for_the_old_ones_and_replace_them() {
        let mut backlog = Backlog::default();
        assert!(backlog.begin().is_none());
        assert!(backlog.take(Uuid::from_u128(2), "new 2".into()).is_none());
        assert_eq!(backlog.read(vec![item(1), item(2)]), ["old 1", "new 2"]);
        assert_eq!(backlog.take(Uuid::from_u128(3), "new 3".into()), Some("new 3".into()));
        assert!(!backlog.has_more());
    }

    #[test]
    fn a_full_page_is_followed_by_another() {
        let mut backlog = Backlog::default();
        backlog.begin();
        let page: Vec<_> = (0..u128::from(PAGE)).map(item).collect();
        let last = page[page.len() - 1].place;
        assert_eq!(backlog.read(page).len() as u64, PAGE);
        assert!(backlog.has_more());
        assert_eq!(backlog.begin(), Some(last));
        assert!(!backlog.has_more(), "it is being read");
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
