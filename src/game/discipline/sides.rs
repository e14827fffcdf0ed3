//! Two sides of one or two players each. Players 0 and 2 of the order are one side, 1 and 3 the other; a player's
//! opposite is 0↔1, 2↔3.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::game::scoreboard::Scoreboard;

/// The size of the sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Format {
    /// One against one.
    #[default]
    #[serde(rename = "1x1")]
    OneOnOne,
    /// Two against two.
    #[serde(rename = "2x2")]
    TwoOnTwo,
}

impl Format {
    /// How many play.
    pub fn players(self) -> usize {
        match self {
            Format::OneOnOne => 2,
            Format::TwoOnTwo => 4,
        }
    }
}

/// The side of a player: 0 or 1.
pub(super) fn side(player: usize) -> usize {
    player % 2
}

/// The player that `player` plays and pays against.
pub(super) fn opposite(player: usize) -> usize {
    player ^ 1
}

/// The points of all players of a side.
pub(super) fn side_total(board: &Scoreboard, of: usize) -> i64 {
    let mates = board.tallies.iter().enumerate().filter(|(player, _)| side(*player) == of);
    mates.fold(0, |sum, (_, tally)| tally.total().saturating_add(sum))
}
