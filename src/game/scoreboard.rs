//! The score of one game: a fold of its marks under its rules, one mark at a time.
//!
//! - A pot keeps the turn with the potter; a foul and an end of turn pass it to the next after that player.
//! - The mark that clears a counted table, or brings a side to its target, decides the game: whatever is marked after
//!   it does not count. Only a void can leave marks behind such a point (the foul that had kept a side from its
//!   target is taken back).
//! - Fines are collected by the next pot; the potter's own are cleared without a trace.

use serde::{Deserialize, Serialize};

use super::event::Remaining;
use super::mark::Act;
use super::rules::{Color, Kolkhoz, KolkhozFoul, Pyramid, PyramidFoul, Rules, opposite, side};

/// Turn, points and balls of a game; players are known by their index in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scoreboard {
    pub(super) turn: usize,
    pub(super) tallies: Vec<Tally>,
    /// By colour, in the order of `Color::ALL`.
    potted: [u32; 8],
    /// How many marks counted.
    marks: u32,
    pub(super) decision: Option<Decision>,
}

/// One player's column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Of balls and fouls, without fines.
    pub(super) points: i64,
    pub(super) fines_collected: i64,
    pub(super) fines_paid: i64,
    /// Fines of his that wait for the next pot.
    pub(super) fines_open: i64,
    pub(super) balls: u32,
    pub(super) own_balls: u32,
    pub(super) fouls: u32,
}

impl Tally {
    /// Points as players see them.
    pub(super) fn total(&self) -> i64 {
        self.points.saturating_add(self.fines_collected).saturating_sub(self.fines_paid)
    }
}

/// What ended the game by the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Decision {
    /// The table is empty; `by` potted the last ball.
    Cleared { by: usize },
    /// A side has its balls.
    Won { side: usize },
}

impl Decision {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Decision::Cleared { .. } => "all_balls_potted",
            Decision::Won { .. } => "target_reached",
        }
    }
}

/// What one mark brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// To the potter, without fines.
    pub(super) points: i64,
    /// Who got a point by another's foul.
    pub(super) awarded_to: Option<usize>,
    /// Fines collected, by owner.
    pub(super) fines: Vec<(usize, i64)>,
}

impl Scoreboard {
    pub(super) fn new(players: usize) -> Self {
        Scoreboard { tallies: vec![Tally::default(); players], ..Scoreboard::default() }
    }

    pub(super) fn tally(&self, player: usize) -> Tally {
        self.tallies.get(player).copied().unwrap_or_default()
    }

    pub(super) fn has_marks(&self) -> bool {
        self.marks > 0
    }

    pub(super) fn winning_side(&self) -> Option<usize> {
        match self.decision {
            Some(Decision::Won { side }) => Some(side),
            Some(Decision::Cleared { .. }) | None => None,
        }
    }

    pub(super) fn side_total(&self, of: usize) -> i64 {
        let mates = self.tallies.iter().enumerate().filter(|(player, _)| side(*player) == of);
        mates.fold(0, |sum, (_, tally)| tally.total().saturating_add(sum))
    }

    pub(super) fn is_available(&self, rules: &Rules, color: Color) -> bool {
        match rules {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.ball(color).is_some_and(|ball| ball.left(&self.potted) != Some(0)),
            Rules::Americana(_) | Rules::MoscowPyramid(_) => true,
        }
    }

    pub(super) fn remaining(&self, rules: &Rules) -> Vec<Remaining> {
        rules.remaining(&self.potted)
    }

    /// Counts one more mark.
    pub(super) fn mark(&mut self, rules: &Rules, player: usize, act: Act) -> Brought {
        if self.decision.is_some() || player >= self.tallies.len() {
            return Brought::default();
        }
        self.marks = self.marks.saturating_add(1);
        let players = self.tallies.len();
        self.turn = if matches!(act, Act::Pot { .. }) { player } else { (player + 1) % players };
        if let Some(tally) = self.tallies.get_mut(player) {
            match act {
                Act::Pot { own_ball, .. } => {
                    tally.balls = tally.balls.saturating_add(1);
                    tally.own_balls = tally.own_balls.saturating_add(u32::from(own_ball));
                }
                Act::Foul { .. } => tally.fouls = tally.fouls.saturating_add(1),
                Act::EndTurn => {}
            }
        }
        match (rules, act) {
            (_, Act::EndTurn) => Brought::default(),
            (Rules::Kolkhoz(kolkhoz), Act::Pot { color, .. }) => self.pot(kolkhoz, player, color),
            (Rules::Kolkhoz(kolkhoz), Act::Foul { points }) => self.foul(kolkhoz, player, points),
            (Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid), Act::Pot { .. }) => {
                self.award(pyramid, player, 1);
                Brought { points: 1, ..Brought::default() }
            }
            (Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid), Act::Foul { .. }) => match pyramid.foul {
                PyramidFoul::OpponentPlusOne {} => {
                    self.award(pyramid, opposite(player), 1);
                    Brought { awarded_to: Some(opposite(player)), ..Brought::default() }
                }
                PyramidFoul::OffenderMinusOne {} => {
                    self.award(pyramid, player, -1);
                    Brought::default()
                }
            },
        }
    }

    fn pot(&mut self, rules: &Kolkhoz, player: usize, color: Color) -> Brought {
        if let Some(potted) = self.potted.get_mut(color as usize) {
            *potted = potted.saturating_add(1);
        }
        let is_last = rules.is_cleared(&self.potted);
        if is_last {
            self.decision = Some(Decision::Cleared { by: player });
        }
        let points = rules.worth(color, is_last, self.tallies.len());
        self.add(player, points);
        Brought { points, awarded_to: None, fines: self.collect_fines(player) }
    }

    fn collect_fines(&mut self, collector: usize) -> Vec<(usize, i64)> {
        let mut fines = Vec::new();
        let mut collected = 0_i64;
        for (owner, tally) in self.tallies.iter_mut().enumerate() {
            let open = std::mem::take(&mut tally.fines_open);
            if open > 0 && owner != collector {
                tally.fines_paid = tally.fines_paid.saturating_add(open);
                collected = collected.saturating_add(open);
                fines.push((owner, open));
            }
        }
        if let Some(tally) = self.tallies.get_mut(collector) {
            tally.fines_collected = tally.fines_collected.saturating_add(collected);
        }
        fines
    }

    fn foul(&mut self, rules: &Kolkhoz, player: usize, points: i64) -> Brought {
        match rules.foul {
            KolkhozFoul::Subtract { .. } => self.add(player, points.saturating_neg()),
            KolkhozFoul::Pool { .. } => {
                if let Some(tally) = self.tallies.get_mut(player) {
                    tally.fines_open = tally.fines_open.saturating_add(points);
                }
            }
            KolkhozFoul::None {} => {}
        }
        Brought::default()
    }

    fn award(&mut self, rules: &Pyramid, player: usize, points: i64) {
        self.add(player, points);
        let winner = [0, 1].into_iter().find(|side| self.side_total(*side) >= rules.target_balls);
        self.decision = winner.map(|side| Decision::Won { side });
    }

    fn add(&mut self, player: usize, points: i64) {
        if let Some(tally) = self.tallies.get_mut(player) {
            tally.points = tally.points.saturating_add(points);
        }
    }
}
