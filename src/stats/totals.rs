//! PURE: what a player's games come to. Sums, streaks, the best game, balls by colour and breaks.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::details::PlayerDetails;
use crate::game::view::Breaks;
use crate::ids::{GameId, Money, SessionId, Timestamp};

/// What is counted of one game of a player.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct CountedGame {
    pub(super) game_id: Uuid,
    pub(super) session_id: Uuid,
    pub(super) game_type: String,
    pub(super) ended_at_ms: Option<i64>,
    pub(super) points: i64,
    pub(super) balls_potted: i32,
    pub(super) fouls: i32,
    pub(super) net: i64,
    pub(super) won: bool,
    pub(super) lost: bool,
    pub(super) currency: Option<String>,
    pub(super) details: Option<String>,
}

/// Sums over games. Balls, points, fouls and breaks count when they are marked, the rest when the game ends; a cancelled
/// game counts for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Totals {
    /// Ended games.
    pub games: i64,
    /// Games with the first place.
    pub wins: i64,
    /// Games that somebody else won.
    pub losses: i64,
    /// `wins / games`, 0..1; 0 without games.
    pub win_rate: f64,
    /// Points.
    pub points: i64,
    /// Balls.
    pub balls_potted: i64,
    /// Balls by colour; those of games of before it was kept are missing as long as they are not read from the log.
    pub balls_by_color: BTreeMap<String, i64>,
    /// Fouls.
    pub fouls: i64,
    /// The most points in one ended game.
    pub best_score: i64,
    /// The ended game with these points, the first one of several; `null` without ended games.
    #[schema(required)]
    pub best_game: Option<BestGame>,
    pub streak: Streaks,
    /// Of snooker; `null` where there is none.
    #[schema(required)]
    pub breaks: Option<Breaks>,
    /// What was won or lost, in minor units, by currency (ISO 4217).
    pub nets: BTreeMap<String, Money>,
}

/// The game in which a player made the most points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BestGame {
    pub game_id: GameId,
    pub session_id: SessionId,
    pub points: i64,
    pub ended_at: Timestamp,
}

/// Games won or lost one after the other, in the order in which they ended. A game that the player neither won nor lost
/// ends a streak and begins none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Streaks {
    /// The one that the last game belongs to.
    pub current: Streak,
    /// The most games won one after the other.
    pub longest_wins: i64,
    /// The most games lost one after the other.
    pub longest_losses: i64,
}

/// A streak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Streak {
    /// `null` where the last game was neither won nor lost, or there is none.
    #[schema(required)]
    pub kind: Option<StreakKind>,
    /// Games; 0 where there is no streak.
    pub length: i64,
}

/// What a streak is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreakKind {
    Wins,
    Losses,
}

impl Totals {
    /// One more game; ended ones in the order in which they ended.
    pub(super) fn add(&mut self, game: &CountedGame, details: Option<&PlayerDetails>) {
        self.points += game.points;
        self.balls_potted += i64::from(game.balls_potted);
        self.fouls += i64::from(game.fouls);
        if let Some(details) = details {
            self.add_details(details);
        }
        let Some(ended_at) = game.ended_at_ms else { return };
        if self.best_game.as_ref().is_none_or(|best| game.points > best.points) {
            self.best_score = game.points;
            self.best_game = Some(BestGame {
                game_id: GameId(game.game_id),
                session_id: SessionId(game.session_id),
                points: game.points,
                ended_at: Timestamp::from_millis(ended_at),
            });
        }
        self.games += 1;
        self.wins += i64::from(game.won);
        self.losses += i64::from(game.lost);
        self.streak.add(game.won, game.lost);
        // Sums of several currencies would be nobody's money; of rows without one it is not known yet.
        if let Some(currency) = &game.currency {
            *self.nets.entry(currency.clone()).or_default() += Money(game.net);
        }
        self.win_rate = self.wins as f64 / self.games as f64;
    }

    fn add_details(&mut self, details: &PlayerDetails) {
        for (color, balls) in &details.balls {
            *self.balls_by_color.entry(color.clone()).or_default() += i64::from(*balls);
        }
        if let Some(breaks) = details.breaks {
            let sum = self.breaks.get_or_insert_default();
            sum.highest = sum.highest.max(breaks.highest);
            sum.fifties = sum.fifties.saturating_add(breaks.fifties);
            sum.centuries = sum.centuries.saturating_add(breaks.centuries);
        }
    }
}

impl Streaks {
    fn add(&mut self, won: bool, lost: bool) {
        let kind = match (won, lost) {
            (true, _) => Some(StreakKind::Wins),
            (false, true) => Some(StreakKind::Losses),
            (false, false) => None,
        };
        let before = if kind == self.current.kind { self.current.length } else { 0 };
        self.current = Streak { kind, length: if kind.is_some() { before + 1 } else { 0 } };
        let longest = match kind {
            Some(StreakKind::Wins) => &mut self.longest_wins,
            Some(StreakKind::Losses) => &mut self.longest_losses,
            None => return,
        };
        *longest = self.current.length.max(*longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_neither_won_nor_lost_ends_a_streak() {
        let after = |games: &str| {
            let mut streaks = Streaks::default();
            games.chars().for_each(|game| streaks.add(game == 'w', game == 'l'));
            (streaks.current.kind, streaks.current.length, streaks.longest_wins, streaks.longest_losses)
        };
        assert_eq!(after(""), (None, 0, 0, 0));
        assert_eq!(after("wwlwww"), (Some(StreakKind::Wins), 3, 3, 1));
        assert_eq!(after("wwwll"), (Some(StreakKind::Losses), 2, 3, 2));
        assert_eq!(after("ww-w"), (Some(StreakKind::Wins), 1, 2, 0));
        assert_eq!(after("lll-"), (None, 0, 0, 3));
    }
}
