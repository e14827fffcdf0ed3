//! One ended game, as boards and ratings see it.

use crate::ids::{GameId, Money, Timestamp};

/// Where a game stands among all: when it ended, and its id where two ended at once.
pub(super) type GameKey = (Timestamp, GameId);
/// A user by number.
pub(super) type UserIndex = u32;
/// A session by number.
pub(super) type SessionIndex = u32;
/// A game type or a currency by number.
pub(super) type Name = u32;

/// A game that has ended, with its players who have accounts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EndedGame {
    pub(super) session: SessionIndex,
    pub(super) game_type: Name,
    /// Players of one place are of one side.
    pub(super) is_of_two_sides: bool,
    /// `None`: it is not known yet.
    pub(super) currency: Option<Name>,
    pub(super) players: Vec<PlayerOutcome>,
}

/// What an ended game came to for one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlayerOutcome {
    pub(super) user: UserIndex,
    pub(super) place: i32,
    pub(super) won: bool,
    pub(super) net: Money,
}
