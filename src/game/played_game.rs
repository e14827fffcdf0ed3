//! One game of a session: its order, its marks and the score they fold to.
//! It holds facts only; what may be marked is for `decide` to say.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::discipline::Rules;
use super::event::{Event, GameStarted};
use super::mark::{Act, Mark};
use super::scoreboard::{MarkEffect, Scoreboard};
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
    /// Marks that were added when the game had ended, by seq.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<Correction>,
    /// Marks that were another player's, by seq.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reassigned: Vec<Reassignment>,
    /// Events that ended or reopened it before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past_ends: Vec<Seq>,
    /// Somebody let it go on there: whatever had decided it before decides it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goes_on_after: Option<Seq>,
    #[serde(skip)]
    pub(super) folded: BoardCache,
}

/// A mark that was added when the game had ended: its seq, and the seq of the mark before which it counts, which had
/// decided the game then. It keeps that place whatever becomes of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Correction(Seq, Option<Seq>);

/// A mark that was another player's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reassignment {
    /// The event that said so.
    seq: Seq,
    /// The mark.
    mark: Seq,
    /// Whose it is: index in the order.
    player: u8,
    /// The event that took that back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voided_by: Option<Seq>,
}

/// What a void takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voidable {
    /// A mark, of that player.
    Mark(Mark, usize),
    /// That a mark was another player's.
    Reassignment,
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
    /// A game that has just begun. `rules`: which version of the session's.
    pub(super) fn new(id: GameId, started: &GameStarted, rules: usize, event: &Event) -> Self {
        Game {
            id,
            number: started.number,
            rules,
            order: started.order.clone(),
            reversed: started.reversed,
            status: GameStatus::InProgress,
            started_seq: event.seq,
            started_at: event.timestamp,
            ended: None,
            end_reason: None,
            conceded_by: None,
            marks: Vec::new(),
            corrections: Vec::new(),
            reassigned: Vec::new(),
            past_ends: Vec::new(),
            goes_on_after: None,
            folded: BoardCache::default(),
        }
    }

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
        self.all_seqs().any(|own| own == seq)
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
        let moved = self.reassigned.iter().flat_map(|moved| [Some(moved.seq), moved.voided_by]);
        let ends = self.past_ends.iter().map(|seq| Some(*seq));
        let once = [Some(self.started_seq), self.ended.map(|(seq, _)| seq)].into_iter();
        once.chain(marks).chain(moved).chain(ends).flatten()
    }

    /// Whose mark it is, whoever it was made for.
    pub(super) fn player_of(&self, mark: &Mark) -> usize {
        let moved = self.reassigned.iter().rev().find(|moved| moved.mark == mark.seq && moved.voided_by.is_none());
        usize::from(moved.map_or(mark.player, |moved| moved.player))
    }

    /// What the void of that event would take back, and whether that was done already.
    pub(super) fn voidable(&self, seq: Seq) -> Option<(Voidable, Option<Seq>)> {
        if let Some(mark) = self.mark_at(seq) {
            return Some((Voidable::Mark(*mark, self.player_of(mark)), mark.voided_by));
        }
        let moved = self.reassigned.iter().find(|moved| moved.seq == seq);
        moved.map(|moved| (Voidable::Reassignment, moved.voided_by))
    }

    pub(super) fn mark(&mut self, rules: &Rules, seq: Seq, player: ParticipantId, act: Act) {
        let Some(index) = self.index_of(player) else { return };
        let Ok(compact) = u8::try_from(index) else { return };
        if let Some(board) = self.folded.0.get_mut() {
            board.mark(rules, index, act);
        }
        self.marks.push(Mark { seq, player: compact, act, voided_by: None });
    }

    /// A mark that was forgotten: it counts as the last one before that which has decided the game.
    pub(super) fn correct(&mut self, rules: &Rules, seq: Seq, player: ParticipantId, act: Act) {
        let Some(player) = self.index_of(player).and_then(|index| u8::try_from(index).ok()) else { return };
        let before = self.decided_by(rules);
        self.marks.push(Mark { seq, player, act, voided_by: None });
        self.corrections.push(Correction(seq, before));
        self.folded = BoardCache::default();
    }

    /// The score as it stands. `rules`: those of this game.
    pub(super) fn board(&self, rules: &Rules) -> &Scoreboard {
        self.folded.0.get_or_init(|| {
            let (mut board, _) = self.fold(rules, &self.counted_marks(), |_, _, _, _| {});
            if let Some(by) = self.conceded_by {
                board.concede(rules, usize::from(by));
            }
            board
        })
    }

    /// The score before the mark that decided the game, on which a forgotten one is judged.
    pub(super) fn board_before_decision(&self, rules: &Rules) -> Scoreboard {
        let marks = self.counted_marks();
        let (board, decided_at) = self.fold(rules, &marks, |_, _, _, _| {});
        match decided_at {
            Some(index) => self.fold(rules, marks.get(..index).unwrap_or_default(), |_, _, _, _| {}).0,
            None => board,
        }
    }

    /// The mark that has decided the game.
    fn decided_by(&self, rules: &Rules) -> Option<Seq> {
        let marks = self.counted_marks();
        let (_, decided_at) = self.fold(rules, &marks, |_, _, _, _| {});
        decided_at.and_then(|index| marks.get(index)).map(|mark| mark.seq)
    }

    /// Goes through the marks as they count, each with its player, the score after it and what it brought; answers the seq
    /// of the last one.
    pub(super) fn replay(&self, rules: &Rules, seen: impl FnMut(&Mark, usize, &Scoreboard, &MarkEffect)) -> Seq {
        let marks = self.counted_marks();
        self.fold(rules, &marks, seen);
        marks.last().map_or(self.started_seq, |mark| mark.seq)
    }

    /// The marks that stand, in the order in which they count.
    fn counted_marks(&self) -> Vec<&Mark> {
        let stands = |mark: &&Mark| mark.voided_by.is_none();
        if self.corrections.is_empty() {
            return self.marks.iter().filter(stands).collect();
        }
        let mut order: Vec<&Mark> = Vec::with_capacity(self.marks.len());
        for mark in &self.marks {
            let place = self.before(mark).and_then(|before| order.iter().rposition(|other| other.seq == before));
            order.insert(place.unwrap_or(order.len()), mark);
        }
        order.retain(stands);
        order
    }

    /// The mark before which a forgotten one counts.
    fn before(&self, mark: &Mark) -> Option<Seq> {
        let found = self.corrections.binary_search_by_key(&mark.seq, |correction| correction.0).ok();
        found.and_then(|index| self.corrections.get(index)).and_then(|correction| correction.1)
    }

    /// The score of these marks, and which of them decided the game.
    fn fold(
        &self,
        rules: &Rules,
        marks: &[&Mark],
        mut seen: impl FnMut(&Mark, usize, &Scoreboard, &MarkEffect),
    ) -> (Scoreboard, Option<usize>) {
        let mut board = Scoreboard::new(rules, self.order.len());
        let mut decided_at = None;
        for (index, mark) in marks.iter().enumerate() {
            let (player, was_open) = (self.player_of(mark), board.decision.is_none());
            let brought = board.mark(rules, player, mark.act);
            if self.goes_on_after.is_some_and(|seq| mark.seq < seq) {
                board.decision = None;
            } else if was_open && board.decision.is_some() {
                decided_at = Some(index);
            }
            seen(mark, player, &board, &brought);
        }
        (board, decided_at)
    }

    /// The game as it would be after a change.
    pub(super) fn after(&self, change: impl FnOnce(&mut Game)) -> Game {
        let mut after = Game { folded: BoardCache::default(), ..self.clone() };
        change(&mut after);
        after
    }

    pub(super) fn concede(&mut self, by: ParticipantId) {
        self.conceded_by = self.index_of(by).and_then(|index| u8::try_from(index).ok());
        self.folded = BoardCache::default();
    }

    /// Takes back a mark, or that one was another player's.
    pub(super) fn void(&mut self, voided: Seq, by: Seq) {
        let mark = self.marks.binary_search_by_key(&voided, |mark| mark.seq).ok();
        let taken_back = match mark.and_then(|index| self.marks.get_mut(index)) {
            Some(mark) => Some(&mut mark.voided_by),
            None => self.reassigned.iter_mut().find(|moved| moved.seq == voided).map(|moved| &mut moved.voided_by),
        };
        if let Some(voided_by) = taken_back.filter(|voided_by| voided_by.is_none()) {
            *voided_by = Some(by);
            self.folded = BoardCache::default();
        }
    }

    /// A mark is that player's.
    pub(super) fn reassign(&mut self, mark: Seq, player: ParticipantId, seq: Seq) {
        let Some(player) = self.index_of(player).and_then(|index| u8::try_from(index).ok()) else { return };
        if self.mark_at(mark).is_some() {
            self.reassigned.push(Reassignment { seq, mark, player, voided_by: None });
            self.folded = BoardCache::default();
        }
    }

    /// It goes on; `is_decided_anew`: whatever had decided it does so no more.
    pub(super) fn reopen(&mut self, seq: Seq, is_decided_anew: bool) {
        self.past_ends.extend(self.ended.take().map(|(ended, _)| ended));
        self.past_ends.push(seq);
        self.status = GameStatus::InProgress;
        self.end_reason = None;
        self.conceded_by = None;
        if is_decided_anew {
            self.goes_on_after = Some(seq);
        }
        self.folded = BoardCache::default();
    }
}
