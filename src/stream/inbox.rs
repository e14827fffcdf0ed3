//! What one socket still owes its user: notifications that came while the older ones are being read, and changes of the
//! statistics that may not be told yet. Pure; the socket runs it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytestring::ByteString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::ServerFrame;
use crate::ids::UserId;
use crate::social::{Notification, Place};

/// Notifications sent at once; the next ones follow when these are acknowledged.
pub(super) const BACKLOG: u64 = 200;
/// Statistics are told no more often.
pub(super) const STATS_EVERY: Duration = Duration::from_secs(1);

/// Old notifications first, then new ones, each once where that can be had.
#[derive(Default)]
pub(super) struct Inbox {
    has_begun: bool,
    /// New ones that wait for the old ones; `None`: they go out at once.
    held: Option<Vec<(Uuid, ByteString)>>,
    /// There may be more behind this one.
    more_after: Option<Place>,
}

impl Inbox {
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
    pub(super) fn read(&mut self, old: &[Notification]) -> Vec<ByteString> {
        let held = self.held.take().unwrap_or_default();
        if old.len() as u64 == BACKLOG {
            self.more_after = old.last().map(Notification::place);
        }
        let told_anew = |old: &&Notification| !held.iter().any(|(id, _)| *id == old.id);
        let frame = |old: &Notification| ServerFrame::Notification { notification: &json!(old) }.encode();
        let mut frames: Vec<_> = old.iter().filter(told_anew).map(frame).collect();
        frames.extend(held.into_iter().map(|(_, frame)| frame));
        frames
    }

    /// Whether the next page is due once these are acknowledged.
    pub(super) fn has_more(&self) -> bool {
        self.more_after.is_some() && self.held.is_none()
    }
}

/// Changes of the statistics, at most one frame a second.
#[derive(Default)]
pub(super) struct StatsTold {
    told_at: Option<Instant>,
    waiting: BTreeMap<String, Value>,
}

impl StatsTold {
    /// Gathers changes; answers how long they have to wait where nobody waits for that already.
    pub(super) fn add(&mut self, changes: &Value, now: Instant) -> Option<Duration> {
        let is_first = self.waiting.is_empty();
        for game in changes["games"].as_array().into_iter().flatten() {
            self.waiting.insert(game["game_id"].to_string(), game.clone());
        }
        let wait = self.told_at.map_or(Duration::ZERO, |at| (at + STATS_EVERY).saturating_duration_since(now));
        (is_first && !self.waiting.is_empty()).then_some(wait)
    }

    /// The frame that is due now.
    pub(super) fn take(&mut self, user_id: UserId, now: Instant) -> Option<ByteString> {
        if self.waiting.is_empty() {
            return None;
        }
        self.told_at = Some(now);
        let games: Vec<Value> = std::mem::take(&mut self.waiting).into_values().collect();
        Some(ServerFrame::Stats { user_id, changes: &json!({"games": games}) }.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Timestamp;

    fn notification(number: u128) -> Notification {
        Notification {
            id: Uuid::from_u128(number),
            kind: "message".to_owned(),
            title: format!("old {number}"),
            body: String::new(),
            data: Value::Null,
            created_at: Timestamp::from_millis(number as i64),
        }
    }

    #[test]
    fn new_ones_wait_for_the_old_ones_and_replace_them() {
        let mut inbox = Inbox::default();
        assert!(inbox.begin().is_none());
        assert!(inbox.take(Uuid::from_u128(2), "new 2".into()).is_none());
        let frames = inbox.read(&[notification(1), notification(2)]);
        assert_eq!(frames.len(), 2);
        assert!(frames[0].contains("old 1") && frames[1] == "new 2", "{frames:?}");
        assert_eq!(inbox.take(Uuid::from_u128(3), "new 3".into()), Some("new 3".into()));
        assert!(!inbox.has_more());
    }

    #[test]
    fn a_full_page_is_followed_by_another() {
        let mut inbox = Inbox::default();
        inbox.begin();
        let page: Vec<_> = (0..u128::from(BACKLOG)).map(notification).collect();
        assert_eq!(inbox.read(&page).len(), page.len());
        assert!(inbox.has_more());
        assert!(inbox.begin().is_some_and(|place| place.id() == page[page.len() - 1].id));
        assert!(!inbox.has_more(), "it is being read");
    }

    #[test]
    fn statistics_are_gathered_and_told_once_a_second() {
        let (mut told, start) = (StatsTold::default(), Instant::now());
        let change = |game: u32, points: i64| json!({"games": [{"game_id": game, "points": points}]});
        assert_eq!(told.add(&change(1, 1), start), Some(Duration::ZERO));
        assert!(told.take(UserId::default(), start).is_some());
        assert_eq!(told.add(&change(1, 2), start), Some(STATS_EVERY));
        assert_eq!(told.add(&change(1, 3), start), None, "somebody waits already");
        let frame = told.take(UserId::default(), start + STATS_EVERY).expect("due");
        assert!(frame.contains("\"points\":3") && !frame.contains("\"points\":2"), "{frame}");
        assert!(told.take(UserId::default(), start + STATS_EVERY).is_none());
    }
}
