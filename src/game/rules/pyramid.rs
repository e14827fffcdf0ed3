//! Americana and Moscow pyramid: two sides race to a number of balls, each loser pays the price of the game.
//!
//! Absent fields mean: `target_balls` 8, `format` 1x1, `foul` opponent_plus_one. Points stand with the player who made
//! them; the totals of the sides decide. Players 0 and 2 of the order are one side, 1 and 3 the other; a player's
//! opposite is 0↔1, 2↔3.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Fault, Order, Share, check_price};
use crate::game::id::Money;

/// The rules of americana and of Moscow pyramid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pyramid {
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Minor units that each loser pays, 0..100000000.
    #[schema(value_type = i64, minimum = 0, maximum = 100_000_000)]
    pub game_price: Money,
    /// Balls to win, 1..15.
    #[serde(default = "eight")]
    #[schema(minimum = 1, maximum = 15)]
    pub target_balls: i64,
    /// One against one, or two against two.
    #[serde(default)]
    pub format: Format,
    /// What a foul costs.
    #[serde(default)]
    pub foul: PyramidFoul,
    /// Where the order of a game comes from.
    #[serde(default)]
    pub order: Order,
    /// Every second game goes the other way round.
    #[serde(default)]
    pub alternate_direction: bool,
    /// Marks out of turn are refused.
    #[serde(default)]
    pub enforce_turns: bool,
}

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

/// What a foul costs in the pyramids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PyramidFoul {
    /// The opposite player gets a ball; this can win the game.
    OpponentPlusOne {},
    /// The offender loses a ball, below zero too.
    OffenderMinusOne {},
}

impl Default for PyramidFoul {
    fn default() -> Self {
        PyramidFoul::OpponentPlusOne {}
    }
}

fn eight() -> i64 {
    8
}

/// The side of a player: 0 or 1.
pub(in crate::game) fn side(player: usize) -> usize {
    player % 2
}

/// The player that `player` plays and pays against.
pub(in crate::game) fn opposite(player: usize) -> usize {
    player ^ 1
}

impl Pyramid {
    pub(super) fn validate(&self, faults: &mut Vec<Fault>) {
        if !(1..=15).contains(&self.target_balls) {
            faults.push(("target_balls".to_owned(), "must be 1 to 15".to_owned()));
        }
        check_price("game_price", self.game_price, faults);
    }

    pub(super) fn shares(&self, players: usize, winning_side: Option<usize>) -> Vec<Share> {
        let share = |player| match winning_side {
            None => Share::default(),
            Some(winner) if side(player) == winner => Share { earned: self.game_price, paid: 0 },
            Some(_) => Share { earned: 0, paid: self.game_price },
        };
        (0..players).map(share).collect()
    }
}
