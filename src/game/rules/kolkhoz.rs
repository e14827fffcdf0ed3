//! Kolkhoz: every potted ball is worth its colour's points, and every point is paid for.
//!
//! Absent fields mean: `payer` previous, `last_ball` value, `foul` subtract 1, 2 to 8 players.
//! Points that a foul takes away count in the ring like points of balls, so `earned` and `paid` may fall below zero;
//! fines of the pool do not: each is paid by its owner to the one who collected it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Color, Fault, Order, Share, check_price};
use crate::game::id::Money;
use crate::game::scoreboard::Tally;

/// The rules of kolkhoz.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Kolkhoz {
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Minor units for one point, 0..100000000.
    #[schema(value_type = i64, minimum = 0, maximum = 100_000_000)]
    pub point_price: Money,
    /// 1..8 colours, each once.
    #[schema(min_items = 1, max_items = 8)]
    pub balls: Vec<Ball>,
    /// Who pays for points.
    #[serde(default)]
    pub payer: Payer,
    /// What the last ball of a counted table is worth.
    #[serde(default)]
    pub last_ball: LastBall,
    /// What a foul costs.
    #[serde(default)]
    pub foul: KolkhozFoul,
    /// Where the order of a game comes from.
    #[serde(default)]
    pub order: Order,
    /// Every second game goes the other way round.
    #[serde(default)]
    pub alternate_direction: bool,
    /// Marks out of turn are refused.
    #[serde(default)]
    pub enforce_turns: bool,
    /// 2 at least.
    #[serde(default = "two")]
    #[schema(minimum = 2)]
    pub min_players: u32,
    /// 10 at most.
    #[serde(default = "eight")]
    #[schema(maximum = 10)]
    pub max_players: u32,
}

/// The balls of one colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ball {
    /// The colour.
    pub color: Color,
    /// What one is worth, 1..100.
    #[schema(minimum = 1, maximum = 100)]
    pub points: i64,
    /// How many there are, 1..16; absent: not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 16)]
    pub count: Option<u32>,
}

/// Who pays for a player's points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// The player before him («прямой»).
    #[default]
    Previous,
    /// All others, each point in full.
    Everyone,
}

/// What the last ball of a counted table is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LastBall {
    /// Its points, as any other.
    #[default]
    Value,
    /// One more.
    ValuePlusOne,
    /// As many as there are players.
    PlayerCount,
    /// Both.
    PlayerCountPlusValue,
}

/// What a foul costs in kolkhoz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KolkhozFoul {
    /// Points are taken from the offender, below zero too.
    Subtract {
        /// 1..100.
        #[serde(default = "one")]
        #[schema(minimum = 1, maximum = 100)]
        points: i64,
    },
    /// Fines («быки») pile up, whoever pots next collects them.
    Pool {
        /// Fines for one foul, 1..100.
        #[serde(default = "one")]
        #[schema(minimum = 1, maximum = 100)]
        points: i64,
    },
    /// Nothing.
    None {},
}

fn one() -> i64 {
    1
}

fn two() -> u32 {
    2
}

fn eight() -> u32 {
    8
}

impl Default for KolkhozFoul {
    fn default() -> Self {
        KolkhozFoul::Subtract { points: 1 }
    }
}

impl Default for Kolkhoz {
    fn default() -> Self {
        Kolkhoz {
            currency: "RUB".to_owned(),
            point_price: 0,
            balls: Vec::new(),
            payer: Payer::default(),
            last_ball: LastBall::default(),
            foul: KolkhozFoul::default(),
            order: Order::default(),
            alternate_direction: false,
            enforce_turns: false,
            min_players: two(),
            max_players: eight(),
        }
    }
}

impl Ball {
    /// How many are left; `None` where they are not counted.
    pub(in crate::game) fn left(&self, potted: &[u32; 8]) -> Option<u32> {
        let gone = potted.get(self.color as usize).copied().unwrap_or(0);
        self.count.map(|count| count.saturating_sub(gone))
    }
}

impl Kolkhoz {
    pub(super) fn validate(&self, faults: &mut Vec<Fault>) {
        let mut fault = |field: String, message: &str| faults.push((field, message.to_owned()));
        if self.balls.is_empty() || self.balls.len() > 8 {
            fault("balls".to_owned(), "must be 1 to 8 colours");
        }
        for (i, ball) in self.balls.iter().enumerate() {
            if self.balls.iter().take(i).any(|earlier| earlier.color == ball.color) {
                fault(format!("balls[{i}].color"), "each colour may be there once");
            }
            if !(1..=100).contains(&ball.points) {
                fault(format!("balls[{i}].points"), "must be 1 to 100");
            }
            if ball.count.is_some_and(|count| !(1..=16).contains(&count)) {
                fault(format!("balls[{i}].count"), "must be 1 to 16, or absent");
            }
        }
        if self.last_ball != LastBall::Value && !self.is_counted() {
            fault("last_ball".to_owned(), "needs a count for every colour");
        }
        if let KolkhozFoul::Subtract { points } | KolkhozFoul::Pool { points } = self.foul
            && !(1..=100).contains(&points)
        {
            fault("foul.points".to_owned(), "must be 1 to 100");
        }
        if self.min_players < 2 {
            fault("min_players".to_owned(), "must be 2 or more");
        }
        if self.max_players > 10 {
            fault("max_players".to_owned(), "must be 10 or less");
        }
        if self.min_players > self.max_players {
            fault("min_players".to_owned(), "must not be above max_players");
        }
        check_price("point_price", self.point_price, faults);
    }

    pub(in crate::game) fn ball(&self, color: Color) -> Option<&Ball> {
        self.balls.iter().find(|ball| ball.color == color)
    }

    /// Every colour is counted, so there is a last ball.
    fn is_counted(&self) -> bool {
        !self.balls.is_empty() && self.balls.iter().all(|ball| ball.count.is_some())
    }

    pub(in crate::game) fn is_cleared(&self, potted: &[u32; 8]) -> bool {
        self.is_counted() && self.balls.iter().all(|ball| ball.left(potted) == Some(0))
    }

    pub(in crate::game) fn worth(&self, color: Color, is_last: bool, players: usize) -> i64 {
        let value = self.ball(color).map_or(0, |ball| ball.points);
        let players = i64::try_from(players).unwrap_or(i64::MAX);
        match self.last_ball {
            _ if !is_last => value,
            LastBall::Value => value,
            LastBall::ValuePlusOne => value.saturating_add(1),
            LastBall::PlayerCount => players,
            LastBall::PlayerCountPlusValue => value.saturating_add(players),
        }
    }

    pub(super) fn shares(&self, tallies: &[Tally]) -> Vec<Share> {
        let all = tallies.iter().fold(0_i64, |sum, tally| sum.saturating_add(tally.points));
        let others = i64::try_from(tallies.len()).unwrap_or(i64::MAX).saturating_sub(1);
        let next = tallies.iter().cycle().skip(1);
        let share = |(tally, next): (&Tally, &Tally)| {
            let (earned, paid) = match self.payer {
                Payer::Previous => (tally.points, next.points),
                Payer::Everyone => (tally.points.saturating_mul(others), all.saturating_sub(tally.points)),
            };
            let price = |points: i64, fines: i64| points.saturating_add(fines).saturating_mul(self.point_price);
            Share { earned: price(earned, tally.fines_collected), paid: price(paid, tally.fines_paid) }
        };
        tallies.iter().zip(next).map(share).collect()
    }
}
