//! PURE: changes of a user's statistics, at most one frame a second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytestring::ByteString;

use super::wire::ServerFrame;
use crate::ids::{GameId, UserId};
use crate::outbox::envelope::Data;
use crate::outbox::user_message::ChangedGame;

/// Statistics are told no more often.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// What is gathered until the next frame.
#[derive(Default)]
pub(super) struct StatsFrames {
    sent_at: Option<Instant>,
    waiting: BTreeMap<GameId, Data>,
}

impl StatsFrames {
    /// Gathers changes; answers how long they have to wait where nobody waits for that already.
    pub(super) fn add(&mut self, games: &[ChangedGame], now: Instant) -> Option<Duration> {
        let is_first = self.waiting.is_empty();
        self.waiting.extend(games.iter().map(|game| (game.game_id, game.figures.clone())));
        let wait = self.sent_at.map_or(Duration::ZERO, |at| (at + EVERY).saturating_duration_since(now));
        (is_first && !self.waiting.is_empty()).then_some(wait)
    }

    /// The frame that is due now.
    pub(super) fn take(&mut self, user_id: UserId, now: Instant) -> Option<ByteString> {
        if self.waiting.is_empty() {
            return None;
        }
        self.sent_at = Some(now);
        let waiting = std::mem::take(&mut self.waiting);
        let games = waiting.values().map(Data::raw).collect();
        Some(ServerFrame::stats(user_id, games).encode())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn statistics_are_gathered_and_told_once_a_second() {
        let (mut frames, start) = (StatsFrames::default(), Instant::now());
        let change = |game: u128, points: i64| {
            let game_id = GameId(Uuid::from_u128(game));
            [ChangedGame { game_id, figures: Data::encode(&json!({"game_id": game_id, "points": points})) }]
        };
        assert_eq!(frames.add(&change(1, 1), start), Some(Duration::ZERO));
        assert!(frames.take(UserId::default(), start).is_some());
        assert_eq!(frames.add(&change(1, 2), start), Some(EVERY));
        assert_eq!(frames.add(&change(1, 3), start), None, "somebody waits already");
        let frame = frames.take(UserId::default(), start + EVERY).expect("due");
        assert!(frame.contains("\"points\":3") && !frame.contains("\"points\":2"), "{frame}");
        assert!(frames.take(UserId::default(), start + EVERY).is_none());
    }
}
