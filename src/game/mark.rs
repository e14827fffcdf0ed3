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
    Pot(Pot),
    Foul(Foul),
    EndTurn,
}

/// A stroke that potted something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pot {
    pub(super) color: Color,
    /// The cue ball itself went in.
    pub(super) own_ball: bool,
    /// Balls of that colour; 1 but for several reds in one stroke.
    pub(super) count: u8,
    /// It counted as the ball on.
    pub(super) free_ball: bool,
}

impl Pot {
    /// One ball, as it usually is.
    pub(super) fn one(color: Color) -> Pot {
        Pot { color, own_ball: false, count: 1, free_ball: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foul {
    /// As the event has them: what was subtracted or given away, or the number of fines.
    pub(super) points: i64,
    /// Reds that left the table by it.
    pub(super) reds: u8,
}

impl Act {
    pub(super) fn event_type(self) -> &'static str {
        match self {
            Act::Pot(_) => "game.ball_potted",
            Act::Foul(_) => "game.foul_committed",
            Act::EndTurn => "game.turn_changed",
        }
    }
}

/// `[seq, player, kind, value, voided by or 0]`. The value is the colour's number of a pot and the points of a foul; a
/// stroke of more than one ball or with a free ball adds 8 for each ball and 2048 for a free one, a foul that took reds
/// away 128 for each.
type Row = (Seq, u8, u8, i64, Seq);

const POT: u8 = 0;
const POT_OWN: u8 = 1;
const FOUL: u8 = 2;
const END_TURN: u8 = 3;
const STROKE: u8 = 4;
const FOUL_WITH_REDS: u8 = 5;

const BALL: i64 = 8;
const FREE_BALL: i64 = 2048;
const RED: i64 = 128;

impl From<Mark> for Row {
    fn from(mark: Mark) -> Row {
        let (kind, value) = match mark.act {
            Act::Pot(Pot { color, own_ball, count: 1, free_ball: false }) => {
                (if own_ball { POT_OWN } else { POT }, color as i64)
            }
            Act::Pot(Pot { color, own_ball: _, count, free_ball }) => {
                (STROKE, color as i64 + BALL * i64::from(count) + FREE_BALL * i64::from(free_ball))
            }
            Act::Foul(Foul { points, reds: 0 }) => (FOUL, points),
            Act::Foul(Foul { points, reds }) => (FOUL_WITH_REDS, points + RED * i64::from(reds)),
            Act::EndTurn => (END_TURN, 0),
        };
        (mark.seq, mark.player, kind, value, mark.voided_by.unwrap_or(Seq::ZERO))
    }
}

fn color(number: i64) -> Result<Color, &'static str> {
    usize::try_from(number).ok().and_then(|i| Color::ALL.get(i).copied()).ok_or("no such colour")
}

impl TryFrom<Row> for Mark {
    type Error = &'static str;

    fn try_from((seq, player, kind, value, voided_by): Row) -> Result<Self, Self::Error> {
        let act = match kind {
            POT => Act::Pot(Pot::one(color(value)?)),
            POT_OWN => Act::Pot(Pot { own_ball: true, ..Pot::one(color(value)?) }),
            STROKE => {
                let count = u8::try_from(value.rem_euclid(FREE_BALL) / BALL).map_err(|_| "too many balls")?;
                let free_ball = value >= FREE_BALL;
                Act::Pot(Pot { count, free_ball, ..Pot::one(color(value.rem_euclid(BALL))?) })
            }
            FOUL => Act::Foul(Foul { points: value, reds: 0 }),
            FOUL_WITH_REDS => {
                let reds = u8::try_from(value / RED).map_err(|_| "too many reds")?;
                Act::Foul(Foul { points: value % RED, reds })
            }
            END_TURN => Act::EndTurn,
            _ => return Err("no such kind of mark"),
        };
        Ok(Mark { seq, player, act, voided_by: (voided_by != Seq::ZERO).then_some(voided_by) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_one_short_array_and_comes_back_the_same() {
        let pots = Color::ALL.into_iter().map(Pot::one).flat_map(|pot| {
            [
                pot,
                Pot { own_ball: true, ..pot },
                Pot { free_ball: true, ..pot },
                Pot { count: 15, ..pot },
                Pot { count: 2, free_ball: true, ..pot },
            ]
        });
        let fouls = [Foul { points: 3, reds: 0 }, Foul { points: 7, reds: 15 }];
        let acts = pots.map(Act::Pot).chain(fouls.map(Act::Foul)).chain([Act::EndTurn]);
        for act in acts {
            for voided_by in [None, Some(Seq(9))] {
                let mark = Mark { seq: Seq(7), player: 2, act, voided_by };
                let json = serde_json::to_string(&mark).expect("json");
                assert!(json.len() < 17, "{json}");
                assert_eq!(serde_json::from_str::<Mark>(&json).expect("mark"), mark);
            }
        }
    }

    #[test]
    fn a_row_that_means_nothing_is_an_error() {
        for row in ["[1,0,6,0,0]", "[1,0,0,8,0]", "[1,0,0,-1,0]", "[1,0,5,-1000,0]", "[1,0,5,99999,0]"] {
            assert!(serde_json::from_str::<Mark>(row).is_err(), "{row}");
        }
    }
}
