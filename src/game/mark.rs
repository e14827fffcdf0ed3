//! What was marked in a game, as compact as ten thousand of them ask for: one short array each in a snapshot.
//! Marks are raw; what they are worth is for the scoreboard.

use serde::{Deserialize, Serialize};

use super::discipline::Color;
use crate::ids::Seq;

/// One mark of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub(super) struct Mark {
    pub(super) seq: Seq,
    /// Index in the order of the game.
    pub(super) player: u8,
    pub(super) act: Act,
    /// The event that took it back.
    pub(super) voided_by: Option<Seq>,
}

/// What a player did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Pot {
        color: Color,
        own_ball: bool,
    },
    /// `points` as the event has them: what was subtracted, or the number of fines.
    Foul {
        points: i64,
    },
    EndTurn,
}

impl Act {
    pub(super) fn event_type(self) -> &'static str {
        match self {
            Act::Pot { .. } => "game.ball_potted",
            Act::Foul { .. } => "game.foul_committed",
            Act::EndTurn => "game.turn_changed",
        }
    }
}

/// `[seq, player, kind, colour or points, voided by or 0]`
type Row = (Seq, u8, u8, i64, Seq);

const POT: u8 = 0;
const POT_OWN: u8 = 1;
const FOUL: u8 = 2;
const END_TURN: u8 = 3;

impl From<Mark> for Row {
    fn from(mark: Mark) -> Row {
        let (kind, value) = match mark.act {
            Act::Pot { color, own_ball: false } => (POT, color as i64),
            Act::Pot { color, own_ball: true } => (POT_OWN, color as i64),
            Act::Foul { points } => (FOUL, points),
            Act::EndTurn => (END_TURN, 0),
        };
        (mark.seq, mark.player, kind, value, mark.voided_by.unwrap_or(0))
    }
}

impl TryFrom<Row> for Mark {
    type Error = &'static str;

    fn try_from((seq, player, kind, value, voided_by): Row) -> Result<Self, Self::Error> {
        let color = || usize::try_from(value).ok().and_then(|i| Color::ALL.get(i).copied()).ok_or("no such colour");
        let act = match kind {
            POT => Act::Pot { color: color()?, own_ball: false },
            POT_OWN => Act::Pot { color: color()?, own_ball: true },
            FOUL => Act::Foul { points: value },
            END_TURN => Act::EndTurn,
            _ => return Err("no such kind of mark"),
        };
        Ok(Mark { seq, player, act, voided_by: (voided_by != 0).then_some(voided_by) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_one_short_array_and_comes_back_the_same() {
        let acts = Color::ALL
            .into_iter()
            .flat_map(|color| [Act::Pot { color, own_ball: false }, Act::Pot { color, own_ball: true }])
            .chain([Act::Foul { points: 3 }, Act::EndTurn]);
        for act in acts {
            for voided_by in [None, Some(9)] {
                let mark = Mark { seq: 7, player: 2, act, voided_by };
                let json = serde_json::to_string(&mark).expect("json");
                assert!(json.len() < 16, "{json}");
                assert_eq!(serde_json::from_str::<Mark>(&json).expect("mark"), mark);
            }
        }
    }

    #[test]
    fn a_row_that_means_nothing_is_an_error() {
        for row in ["[1,0,4,0,0]", "[1,0,0,8,0]", "[1,0,0,-1,0]"] {
            assert!(serde_json::from_str::<Mark>(row).is_err(), "{row}");
        }
    }
}
