//! One game of a session: its order, its marks and the score they fold to.
//! It holds facts only; what may be marked is for `decide` to say.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::discipline::Rules;
use super::mark::{Act, Mark};
use super::scoreboard::Scoreboard;
use super::view::GameStatus;
use crate::ids::{GameId, ParticipantId, Seq, Timestamp};

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
    /// Index in the order of whose side gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) conceded_by: Option<u8>,
    /// By seq.
    pub(super) marks: Vec<Mark>,
    #[serde(skip)]
    pub(super) folded: BoardCache,
}

/// The fold of the marks that are not voided, once somebody asked for it. It is in no snapshot, so a new kind of game
/// changes no format.
#[derive(Clone, Debug, Default)]
pub(super) struct BoardCache(OnceLock<Scoreboard>);

/// Equal marks under equal rules have equal folds.
impl PartialEq for BoardCache {
    fn eq(&self, _: &Self) -> bool {
        true
    }
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

    /// Up to `limit` of its events after `after`, in order.
    pub(super) fn event_seqs(&self, after: Seq, limit: usize) -> Vec<Seq> {
        let mut seqs: Vec<Seq> = self.all_seqs().filter(|seq| *seq > after).collect();
        seqs.sort_unstable();
        seqs.truncate(limit);
        seqs
    }

    pub(super) fn last_seq(&self) -> Seq {
        self.all_seqs().max().unwrap_or(self.started_seq)
    }

    fn all_seqs(&self) -> impl Iterator<Item = Seq> {
        let marks = self.marks.iter().flat_map(|mark| [Some(mark.seq), mark.voided_by]);
        [Some(self.started_seq), self.ended.map(|(seq, _)| seq)].into_iter().chain(marks).flatten()
    }

    pub(super) fn mark(&mut self, rules: &Rules, seq: Seq, player: ParticipantId, act: Act) {
        let Some(index) = self.index_of(player) else { return };
        let Ok(compact) = u8::try_from(index) else { return };
        if let Some(board) = self.folded.0.get_mut() {
            board.mark(rules, index, act);
        }
        self.marks.push(Mark { seq, player: compact, act, voided_by: None });
    }

    /// The score as it stands. `rules`: those of this game.
    pub(super) fn board(&self, rules: &Rules) -> &Scoreboard {
        self.folded.0.get_or_init(|| self.board_without(rules, 0))
    }

    /// The score as if the mark `without` had never been made.
    pub(super) fn board_without(&self, rules: &Rules, without: Seq) -> Scoreboard {
        let mut board = Scoreboard::new(rules, self.order.len());
        for mark in self.marks.iter().filter(|mark| mark.voided_by.is_none() && mark.seq != without) {
            board.mark(rules, usize::from(mark.player), mark.act);
        }
        if let Some(by) = self.conceded_by {
            board.concede(rules, usize::from(by));
        }
        board
    }

    pub(super) fn concede(&mut self, by: ParticipantId) {
        self.conceded_by = self.index_of(by).and_then(|index| u8::try_from(index).ok());
        self.folded = BoardCache::default();
    }

    pub(super) fn void(&mut self, voided: Seq, by: Seq) {
        let Ok(index) = self.marks.binary_search_by_key(&voided, |mark| mark.seq) else { return };
        let Some(mark) = self.marks.get_mut(index) else { return };
        if mark.voided_by.is_none() {
            mark.voided_by = Some(by);
            self.folded = BoardCache::default();
        }
    }
}
