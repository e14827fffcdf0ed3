//! The score of one game: a fold of its marks under its rules, one mark at a time. What is the same in all games; what
//! a mark is worth is for the discipline to say.
//!
//! - A pot keeps the turn with the potter; a foul and an end of turn pass it to the next after that player.
//! - The mark that decides a game ends it: whatever is marked after it does not count. Only a void can leave marks
//!   behind such a point (the foul that had kept a side from its target is taken back).

use super::discipline::{PottedBalls, Rules, Table};
use super::mark::{Act, Pot};

/// Turn, points and balls of a game; players are known by their index in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scoreboard {
    pub(super) turn: usize,
    pub(super) tallies: Vec<Tally>,
    pub(super) table: Table,
    /// How many marks counted.
    marks: u32,
    pub(super) decision: Option<Decision>,
}

/// One player's column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Of balls and fouls, without fines.
    pub(super) points: i64,
    pub(super) fines_collected: i64,
    pub(super) fines_paid: i64,
    /// Fines of his that wait for the next pot.
    pub(super) fines_open: i64,
    pub(super) balls: u32,
    pub(super) balls_by_color: PottedBalls,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The `reason` of its `game.ended`.
    pub(super) reason: &'static str,
    /// The side that won by it, in games of two sides.
    pub(super) won_by: Option<usize>,
    /// Who potted the last ball of the table.
    pub(super) cleared_by: Option<usize>,
}

/// What one mark brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MarkEffect {
    /// To the potter, collected fines among them.
    pub(super) points: i64,
    /// Who got a point by another's foul.
    pub(super) awarded_to: Option<usize>,
    /// Fines collected, by owner.
    pub(super) fines: Vec<(usize, i64)>,
}

impl Scoreboard {
    pub(super) fn new(rules: &Rules, players: usize) -> Self {
        let table = rules.discipline().table();
        Scoreboard { tallies: vec![Tally::default(); players], table, ..Scoreboard::default() }
    }

    pub(super) fn tally(&self, player: usize) -> Tally {
        self.tallies.get(player).copied().unwrap_or_default()
    }

    pub(super) fn has_marks(&self) -> bool {
        self.marks > 0
    }

    pub(super) fn winning_side(&self) -> Option<usize> {
        self.decision.and_then(|decision| decision.won_by)
    }

    pub(super) fn add(&mut self, player: usize, points: i64) {
        if let Some(tally) = self.tallies.get_mut(player) {
            tally.points = tally.points.saturating_add(points);
        }
    }

    /// That player gives the game up, whatever the marks say: a void may make them decide it after all.
    pub(super) fn concede(&mut self, rules: &Rules, by: usize) {
        self.decision = rules.discipline().concession(by).or(self.decision);
    }

    /// Counts one more mark.
    pub(super) fn mark(&mut self, rules: &Rules, player: usize, act: Act) -> MarkEffect {
        if self.decision.is_some() || player >= self.tallies.len() {
            return MarkEffect::default();
        }
        self.marks = self.marks.saturating_add(1);
        let players = self.tallies.len();
        self.turn = if matches!(act, Act::Pot(_)) { player } else { (player + 1) % players };
        if let Some(tally) = self.tallies.get_mut(player) {
            match act {
                Act::Pot(Pot { color, own_ball, count, .. }) => {
                    tally.balls_by_color.add(color, u32::from(count));
                    tally.balls = tally.balls.saturating_add(u32::from(count));
                    tally.own_balls = tally.own_balls.saturating_add(u32::from(own_ball));
                }
                Act::Foul(_) => tally.fouls = tally.fouls.saturating_add(1),
                Act::EndTurn => {}
            }
        }
        rules.discipline().mark(self, player, act)
    }
}
