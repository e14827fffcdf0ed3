//! One game of a session: its order, its marks and the score they fold to.
//! It holds facts only; what may be marked is for `decide` to say.

use serde::{Deserialize, Serialize};

use super::id::{GameId, ParticipantId, Seq, Timestamp};
use super::mark::{Act, Mark};
use super::rules::Rules;
use super::scoreboard::Scoreboard;
use super::view::GameStatus;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Game {
    pub(super) id: GameId,
    pub(super) number: u32,
    /// Which version of the session's rules it is played by.
    pub(super) rules: usize,
    pub(super) order: Vec<ParticipantId>,
    pub(super) reversed: bool,
    pub(super) status: GameStatus,
    pub(super) started_seq: Seq,
    pub(super) started_at: Timestamp,
    /// Seq and time of `game.ended` or `game.cancelled`.
    pub(super) ended: Option<(Seq, Timestamp)>,
    pub(super) end_reason: Option<String>,
    /// By seq. INVARIANT: `board` is the fold of those that are not voided.
    pub(super) marks: Vec<Mark>,
    pub(super) board: Scoreboard,
}

impl Game {
    pub(super) fn is_in_progress(&self) -> bool {
        self.status == GameStatus::InProgress
    }

    pub(super) fn is_completed(&self) -> bool {
        self.status == GameStatus::Completed
    }

    pub(super) fn index_of(&self, player: ParticipantId) -> Option<usize> {
        self.order.iter().position(|other| *other == player)
    }

    pub(super) fn player_at(&self, index: usize) -> Option<ParticipantId> {
        self.order.get(index).copied()
    }

    pub(super) fn current_player(&self) -> Option<ParticipantId> {
        self.player_at(self.board.turn).filter(|_| self.is_in_progress())
    }

    pub(super) fn mark_at(&self, seq: Seq) -> Option<&Mark> {
        self.marks.binary_search_by_key(&seq, |mark| mark.seq).ok().and_then(|index| self.marks.get(index))
    }

    /// Is this event one of this game's?
    pub(super) fn owns(&self, seq: Seq) -> bool {
        self.started_seq == seq
            || self.ended.is_some_and(|(ended, _)| ended == seq)
            || self.mark_at(seq).is_some()
            || self.marks.iter().any(|mark| mark.voided_by == Some(seq))
    }

    pub(super) fn mark(&mut self, rules: &Rules, seq: Seq, player: ParticipantId, act: Act) {
        let Some(index) = self.index_of(player) else { return };
        let Ok(compact) = u8::try_from(index) else { return };
        self.board.mark(rules, index, act);
        self.marks.push(Mark { seq, player: compact, act, voided_by: None });
    }

    /// The score as if the mark `without` had never been made.
    pub(super) fn board_without(&self, rules: &Rules, without: Seq) -> Scoreboard {
        let mut board = Scoreboard::new(self.order.len());
        for mark in self.marks.iter().filter(|mark| mark.voided_by.is_none() && mark.seq != without) {
            board.mark(rules, usize::from(mark.player), mark.act);
        }
        board
    }

    pub(super) fn void(&mut self, rules: &Rules, voided: Seq, by: Seq) {
        let Ok(index) = self.marks.binary_search_by_key(&voided, |mark| mark.seq) else { return };
        let Some(mark) = self.marks.get_mut(index) else { return };
        if mark.voided_by.is_none() {
            mark.voided_by = Some(by);
            self.board = self.board_without(rules, voided);
        }
    }
}
