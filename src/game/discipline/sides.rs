//! Two sides of one or two players each. Players 0 and 2 of the order are one side, 1 and 3 the other; a player's
//! opposite is 0↔1, 2↔3.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Debt, Fault, Share, Unit};
use crate::game::scoreboard::Scoreboard;
use crate::ids::Money;

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
    pub fn players(self) -> usize {
        match self {
            Format::OneOnOne => 2,
            Format::TwoOnTwo => 4,
        }
    }
}

/// The side of a player: 0 or 1.
pub(in crate::game) fn side(player: usize) -> usize {
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

/// Whether the game was decided for that player's side; nobody has won a game that was ended before.
pub(super) fn sides_won(board: &Scoreboard, player: usize) -> bool {
    board.winning_side() == Some(side(player))
}

/// Each loser pays that price to his opposite, once the game is decided.
pub(super) fn split(board: &Scoreboard, price: Money) -> Vec<Share> {
    let share = |player| match board.winning_side() {
        None => Share::default(),
        Some(winner) if side(player) == winner => Share { earned: price, paid: Money::ZERO },
        Some(_) => Share { earned: Money::ZERO, paid: price },
    };
    (0..board.tallies.len()).map(share).collect()
}

/// The same as debts, between the two sides that the game ended with.
pub(super) fn owed_by_losers(end: &Scoreboard, unit: Unit, amount: Money) -> Vec<Debt> {
    let winners = (0..end.tallies.len()).filter(|player| sides_won(end, *player));
    winners.map(|creditor| Debt { debtor: opposite(creditor), creditor, unit, amount }).collect()
}

/// The bounds of `race_to`.
pub(super) fn check_race(race_to: Option<u32>, faults: &mut Vec<Fault>) {
    if race_to.is_some_and(|games| !(1..=50).contains(&games)) {
        faults.push(("race_to".to_owned(), "must be 1 to 50".to_owned()));
    }
}
