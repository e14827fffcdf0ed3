//! Kolkhoz: every potted ball is worth its colour's points, and every point is paid for.
//!
//! Absent fields mean: `payer` previous, `last_ball` value, `foul` subtract 1, 2 to 8 players.
//! The mark that clears a counted table ends the game; everybody in the first place has won, once anything was marked.
//! Fines of the pool are collected by the next pot; the potter's own are cleared without a trace.
//! Points that a foul takes away count in the ring like points of balls, so `earned` and `paid` may fall below zero;
//! fines of the pool do not: each is paid by its owner to the one who collected it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Color, Debt, Discipline, Fault, FoulAsked, Order, PotAsked, PottedBalls, Share, Table, Terms, Unit, check_price,
};
use crate::game::Refusal;
use crate::game::event::Remaining;
use crate::game::mark::{Act, Foul, Pot};
use crate::game::scoreboard::{Decision, MarkEffect, Scoreboard, Tally};
use crate::ids::Money;

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
            point_price: Money::ZERO,
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

/// What was potted by anybody.
fn potted(board: &Scoreboard) -> PottedBalls {
    if let Table::Kolkhoz(potted) = board.table { potted } else { PottedBalls::default() }
}

/// How many balls of that colour are left; `None` where they are not counted.
fn left(ball: &Ball, potted: &PottedBalls) -> Option<u32> {
    ball.count.map(|count| count.saturating_sub(potted.of(ball.color)))
}

impl Kolkhoz {
    fn of_color(&self, color: Color) -> Option<&Ball> {
        self.balls.iter().find(|ball| ball.color == color)
    }

    /// Every colour is counted, so there is a last ball.
    fn is_table_counted(&self) -> bool {
        !self.balls.is_empty() && self.balls.iter().all(|ball| ball.count.is_some())
    }

    fn is_cleared(&self, potted: &PottedBalls) -> bool {
        self.is_table_counted() && self.balls.iter().all(|ball| left(ball, potted) == Some(0))
    }

    fn worth(&self, color: Color, is_last: bool, players: usize) -> i64 {
        let value = self.of_color(color).map_or(0, |ball| ball.points);
        let players = i64::try_from(players).unwrap_or(i64::MAX);
        match self.last_ball {
            _ if !is_last => value,
            LastBall::Value => value,
            LastBall::ValuePlusOne => value.saturating_add(1),
            LastBall::PlayerCount => players,
            LastBall::PlayerCountPlusValue => value.saturating_add(players),
        }
    }

    fn take(&self, board: &mut Scoreboard, player: usize, color: Color) -> MarkEffect {
        let mut is_last = false;
        if let Table::Kolkhoz(potted) = &mut board.table {
            potted.add(color, 1);
            is_last = self.is_cleared(potted);
        }
        if is_last {
            let decision = Decision { reason: "all_balls_potted", won_by: None, cleared_by: Some(player) };
            board.decision = Some(decision);
        }
        let points = self.worth(color, is_last, board.tallies.len());
        board.add(player, points);
        let fines = collect_fines(board, player);
        let points = fines.iter().fold(points, |sum, (_, fines)| sum.saturating_add(*fines));
        MarkEffect { points, awarded_to: None, fines }
    }

    fn commit_foul(&self, board: &mut Scoreboard, player: usize, points: i64) {
        match self.foul {
            KolkhozFoul::Subtract { .. } => board.add(player, points.saturating_neg()),
            KolkhozFoul::Pool { .. } => {
                if let Some(tally) = board.tallies.get_mut(player) {
                    tally.fines_open = tally.fines_open.saturating_add(points);
                }
            }
            KolkhozFoul::None {} => {}
        }
    }
}

/// What each owner of open fines pays to the one who potted.
fn collect_fines(board: &mut Scoreboard, collector: usize) -> Vec<(usize, i64)> {
    let mut fines = Vec::new();
    let mut collected = 0_i64;
    for (owner, tally) in board.tallies.iter_mut().enumerate() {
        let open = std::mem::take(&mut tally.fines_open);
        if open > 0 && owner != collector {
            tally.fines_paid = tally.fines_paid.saturating_add(open);
            collected = collected.saturating_add(open);
            fines.push((owner, open));
        }
    }
    if let Some(tally) = board.tallies.get_mut(collector) {
        tally.fines_collected = tally.fines_collected.saturating_add(collected);
    }
    fines
}

impl Discipline for Kolkhoz {
    fn terms(&self) -> Terms<'_> {
        let &Kolkhoz { order, alternate_direction, enforce_turns, .. } = self;
        Terms { currency: &self.currency, order, alternate_direction, enforce_turns, race_to: None }
    }

    fn players(&self) -> RangeInclusive<usize> {
        self.min_players as usize..=self.max_players as usize
    }

    fn suggested_players(&self) -> u32 {
        self.max_players
    }

    fn validate(&self, faults: &mut Vec<Fault>) {
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
        if self.last_ball != LastBall::Value && !self.is_table_counted() {
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

    fn table(&self) -> Table {
        Table::Kolkhoz(PottedBalls::default())
    }

    fn pot(&self, board: &Scoreboard, _: usize, asked: &PotAsked<'_>) -> Result<Pot, Refusal> {
        let color = asked.ball(|color| self.of_color(color).is_some())?;
        if self.of_color(color).is_some_and(|ball| left(ball, &potted(board)) == Some(0)) {
            return Err(Refusal::BallNotAvailable(color.name()));
        }
        asked.one(color)
    }

    fn foul(&self, _: &Scoreboard, asked: FoulAsked) -> Result<Foul, Refusal> {
        let given = asked.weight()?;
        let points = match self.foul {
            KolkhozFoul::Subtract { points } | KolkhozFoul::Pool { points } => given.unwrap_or(points),
            KolkhozFoul::None {} => 0,
        };
        Ok(Foul { points, reds: 0 })
    }

    fn mark(&self, board: &mut Scoreboard, player: usize, act: Act) -> MarkEffect {
        match act {
            Act::Pot(pot) => return self.take(board, player, pot.color),
            Act::Foul(Foul { points, .. }) => self.commit_foul(board, player, points),
            Act::EndTurn => {}
        }
        MarkEffect::default()
    }

    fn is_counted(&self, color: Color) -> bool {
        self.of_color(color).is_some_and(|ball| ball.count.is_some())
    }

    fn remaining(&self, board: &Scoreboard) -> Vec<Remaining> {
        let potted = potted(board);
        let remaining = |ball: &Ball| Remaining { color: ball.color.name().to_owned(), count: left(ball, &potted) };
        self.balls.iter().map(remaining).collect()
    }

    fn heights(&self, board: &Scoreboard) -> Vec<i64> {
        board.tallies.iter().map(Tally::total).collect()
    }

    fn has_won(&self, board: &Scoreboard, _: usize, place: u32) -> bool {
        place == 1 && board.has_marks()
    }

    fn debts(&self, board: &Scoreboard, _: &Scoreboard) -> Vec<Debt> {
        let players = board.tallies.len();
        let unit = Unit::Point(self.point_price);
        let owed = |(creditor, tally): (usize, &Tally)| {
            let amount = self.point_price.times(tally.points);
            let debtors: Vec<usize> = match self.payer {
                Payer::Previous => vec![(creditor + players - 1) % players.max(1)],
                Payer::Everyone => (0..players).filter(|player| *player != creditor).collect(),
            };
            debtors.into_iter().map(move |debtor| Debt { debtor, creditor, unit, amount })
        };
        board.tallies.iter().enumerate().flat_map(owed).collect()
    }

    fn fine_price(&self) -> Money {
        self.point_price
    }

    fn shares(&self, board: &Scoreboard) -> Vec<Share> {
        let tallies = &board.tallies;
        let all = tallies.iter().fold(0_i64, |sum, tally| sum.saturating_add(tally.points));
        let others = i64::try_from(tallies.len()).unwrap_or(i64::MAX).saturating_sub(1);
        let next = tallies.iter().cycle().skip(1);
        let share = |(tally, next): (&Tally, &Tally)| {
            let (earned, paid) = match self.payer {
                Payer::Previous => (tally.points, next.points),
                Payer::Everyone => (tally.points.saturating_mul(others), all.saturating_sub(tally.points)),
            };
            let price = |points: i64, fines: i64| self.point_price.times(points.saturating_add(fines));
            Share { earned: price(earned, tally.fines_collected), paid: price(paid, tally.fines_paid) }
        };
        tallies.iter().zip(next).map(share).collect()
    }
}
