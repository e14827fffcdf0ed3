//! Americana and Moscow pyramid: two sides race to a number of balls, each loser pays the price of the game.
//!
//! Absent fields mean: `target_balls` 8, `format` 1x1, `foul` opponent_plus_one. Points stand with the player who made
//! them; the totals of the sides decide.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sides::{Format, check_race, opposite, owed_by_losers, side, side_total, sides_won, split};
use super::{Color, Debt, Discipline, Fault, FoulAsked, Order, PotAsked, Share, Terms, Unit, check_price};
use crate::game::mark::{Act, Foul, Pot};
use crate::game::refusal::{Refusal, invalid};
use crate::game::scoreboard::{Decision, MarkEffect, Scoreboard};
use crate::ids::Money;

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
    /// Games that win a match, 1..50; absent: no match is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 50)]
    pub race_to: Option<u32>,
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

impl Pyramid {
    /// Points decide the game as soon as a side has its balls. Where both have, in a game that went on though it was
    /// decided, the last point decides.
    fn award(&self, board: &mut Scoreboard, player: usize, points: i64) {
        board.add(player, points);
        let sides = [side(player), 1 - side(player)];
        let winner = sides.into_iter().find(|side| side_total(board, *side) >= self.target_balls);
        board.decision = winner.map(|side| Decision { reason: "target_reached", won_by: Some(side), cleared_by: None });
    }
}

impl Discipline for Pyramid {
    fn terms(&self) -> Terms<'_> {
        let &Pyramid { order, alternate_direction, enforce_turns, race_to, .. } = self;
        Terms { currency: &self.currency, order, alternate_direction, enforce_turns, race_to }
    }

    fn players(&self) -> RangeInclusive<usize> {
        let players = self.format.players();
        players..=players
    }

    fn validate(&self, faults: &mut Vec<Fault>) {
        if !(1..=15).contains(&self.target_balls) {
            faults.push(("target_balls".to_owned(), "must be 1 to 15".to_owned()));
        }
        check_price("game_price", self.game_price, faults);
        check_race(self.race_to, faults);
    }

    fn pot(&self, _: &Scoreboard, _: usize, asked: &PotAsked<'_>) -> Result<Pot, Refusal> {
        asked.one(asked.ball(|color| color == Color::White)?)
    }

    fn foul(&self, _: &Scoreboard, asked: FoulAsked) -> Result<Foul, Refusal> {
        match asked.weight()? {
            None | Some(1) => Ok(Foul { points: 1, reds: 0 }),
            Some(_) => Err(invalid("points", "a foul weighs 1 in this game")),
        }
    }

    fn mark(&self, board: &mut Scoreboard, player: usize, act: Act) -> MarkEffect {
        match (act, self.foul) {
            (Act::EndTurn, _) => MarkEffect::default(),
            (Act::Pot(_), _) => {
                self.award(board, player, 1);
                MarkEffect { points: 1, ..MarkEffect::default() }
            }
            (Act::Foul(_), PyramidFoul::OpponentPlusOne {}) => {
                self.award(board, opposite(player), 1);
                MarkEffect { awarded_to: Some(opposite(player)), ..MarkEffect::default() }
            }
            (Act::Foul(_), PyramidFoul::OffenderMinusOne {}) => {
                self.award(board, player, -1);
                MarkEffect::default()
            }
        }
    }

    /// The totals of the sides.
    fn heights(&self, board: &Scoreboard) -> Vec<i64> {
        (0..board.tallies.len()).map(|player| side_total(board, side(player))).collect()
    }

    fn has_won(&self, board: &Scoreboard, player: usize, _: u32) -> bool {
        sides_won(board, player)
    }

    fn debts(&self, board: &Scoreboard, end: &Scoreboard) -> Vec<Debt> {
        let price = if board.decision.is_some() { self.game_price } else { Money::ZERO };
        owed_by_losers(end, Unit::Game(self.game_price), price)
    }

    fn shares(&self, board: &Scoreboard) -> Vec<Share> {
        split(board, self.game_price)
    }
}
