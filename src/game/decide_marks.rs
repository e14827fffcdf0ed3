//! Marks: what a ball, a foul or an end of a turn comes to, or why it may not be.
//!
//! - A participant id that is no player of the game is `validation_failed`: a body that is wrong, not a missing page.
//! - A ball that was marked for the same player within three seconds before is told as its echo, unless the rules count
//!   that ball: then there is no doubt.

use std::borrow::Cow;

use super::command::{Request, Scoring};
use super::decide::{bounded, of_game, player_in};
use super::decide_games::GameEnd;
use super::discipline::{FoulAsked, PotAsked};
use super::event::{BallPotted, DecidedFact, Fact, Fine, FoulCommitted, TurnChanged};
use super::mark::{Act, Foul, Pot};
use super::played_game::Game;
use super::refusal::{Refusal, invalid};
use super::scoreboard::{MarkEffect, Scoreboard};
use super::{RecentPot, Session};
use crate::ids::{Seq, Timestamp};

/// The same ball for the same player within so many milliseconds may be one too many.
pub(super) const ECHO_MS: i64 = 3_000;

/// A mark that is about to be made.
#[derive(Clone, Copy)]
struct NewMark<'a> {
    /// Index in the order of the game.
    player: usize,
    act: Act,
    /// What the marker wrote.
    note: &'a Option<String>,
}

impl Session {
    /// A ball, a foul or an end of a turn; in the game in progress, or forgotten in an ended one.
    pub(super) fn decide_mark(&self, scoring: &Scoring, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let is_correction = scoring.is_correction();
        let game = if is_correction { self.ended_game_asked(request)? } else { self.game_asked(request)? };
        let board = match is_correction {
            true => Cow::Owned(game.board_before_decision(self.rules_of(game))),
            false => Cow::Borrowed(self.board_of(game)),
        };
        let new = self.judged(game, &board, scoring, is_correction)?;
        if is_correction {
            // Nobody can have forgotten a ball of which none was left when the game was over.
            self.judged(game, self.board_of(game), scoring, is_correction)?;
        }
        Ok(match is_correction {
            true => {
                let (after, correction) = self.corrected(game, new.player, new.act);
                let brought = board.into_owned().mark(self.rules_of(game), new.player, new.act);
                let mut fact = self.mark_fact(game, new, (self.board_of(game), &after), brought);
                fact.set_correction(correction);
                vec![of_game(game.id, fact)]
            }
            false => self.marked(game, new, request),
        })
    }

    /// Whether a mark may be made on this board.
    fn judged<'a>(
        &self,
        game: &Game,
        board: &Scoreboard,
        scoring: &'a Scoring,
        is_correction: bool,
    ) -> Result<NewMark<'a>, Refusal> {
        let discipline = self.rules_of(game).discipline();
        let only_in_turn = |player| if is_correction { Ok(()) } else { self.only_in_turn(game, player) };
        let (player, act, note) = match scoring {
            &Scoring::PotBall { participant_id, ref color, own_ball, count, free_ball, ref note, .. } => {
                let player = player_in(game, participant_id)?;
                bounded("note", note.as_deref())?;
                let pot = discipline.pot(board, player, &PotAsked { color, own_ball, count, free_ball });
                // What is on for somebody who is not to play says nothing.
                if let Err(refusal @ Refusal::BallNotOn { .. }) = pot {
                    return only_in_turn(player).and(Err(refusal));
                }
                (player, Act::Pot(pot?), note)
            }
            &Scoring::CommitFoul { participant_id, points, reds, ref reason, .. } => {
                let player = player_in(game, participant_id)?;
                let foul = discipline.foul(board, FoulAsked { points, reds })?;
                bounded("reason", reason.as_deref())?;
                (player, Act::Foul(foul), reason)
            }
            Scoring::EndTurn { participant_id, reason, .. } => {
                let player = player_in(game, *participant_id)?;
                bounded("reason", reason.as_deref())?;
                (player, Act::EndTurn, reason)
            }
            _ => return Err(invalid("type", "is no mark")),
        };
        only_in_turn(player)?;
        Ok(NewMark { player, act, note })
    }

    /// The events of one mark: itself, and the end of the game where it decides it.
    fn marked(&self, game: &Game, new: NewMark<'_>, request: &Request) -> Vec<DecidedFact> {
        let rules = self.rules_of(game);
        let before = self.board_of(game);
        let mut board = before.clone();
        let brought = board.mark(rules, new.player, new.act);
        let mut fact = self.mark_fact(game, new, (before, &board), brought);
        if let Fact::BallPotted(potted) = &mut fact {
            potted.echo_of = self.echo_of(game, new, request.at);
        }
        let mut decided = vec![of_game(game.id, fact)];
        if let Some(decision) = board.decision {
            decided.push(self.ended(game, &board, GameEnd::by_rules(decision.reason), request));
        }
        decided
    }

    /// The mark of the same ball for the same player just before, where the rules don't count that ball.
    fn echo_of(&self, game: &Game, NewMark { player, act, .. }: NewMark<'_>, at: Timestamp) -> Option<Seq> {
        let Act::Pot(Pot { color, .. }) = act else { return None };
        if self.rules_of(game).discipline().is_counted(color) {
            return None;
        }
        let is_same = |pot: &&RecentPot| {
            let mark = game.mark_at(pot.seq).filter(|mark| mark.voided_by.is_none());
            let is_his = mark.is_some_and(|mark| game.player_of(mark) == player && mark.act == act);
            is_his && pot.at.is_within(ECHO_MS, at)
        };
        self.recent_pots.iter().rev().find(is_same).map(|pot| pot.seq)
    }

    /// What a mark is told as, with the scores before and after it.
    fn mark_fact(
        &self,
        game: &Game,
        NewMark { player, act, note }: NewMark<'_>,
        (before, board): (&Scoreboard, &Scoreboard),
        MarkEffect { points, awarded_to, fines }: MarkEffect,
    ) -> Fact {
        let (rules, order) = (self.rules_of(game), &game.order);
        let id_of = |index: usize| game.player_at(index).unwrap_or_default();
        let next = self.in_turn(order, board.turn).unwrap_or_default();
        let (participant_id, next_participant_id) = (id_of(player), next);
        let total_score = board.tally(player).total();
        let ball_on = rules.discipline().ball_on(board).map(str::to_owned);
        let points_remaining = rules.discipline().points_remaining(board);
        let remaining = points_remaining.map_or(Vec::new(), |_| rules.discipline().remaining(board));
        let fine = |(owner, points): &(usize, i64)| Fine { participant_id: id_of(*owner), points: *points };
        match act {
            Act::Pot(Pot { color, own_ball, count, free_ball }) => Fact::BallPotted(BallPotted {
                participant_id,
                user_id: self.user_of(participant_id),
                color: color.name().to_owned(),
                points,
                total_score,
                balls_potted: board.tally(player).balls,
                next_participant_id,
                note: note.clone(),
                own_ball,
                count,
                free_ball,
                fines: fines.iter().map(fine).collect(),
                nets: board.changed_nets(before, rules, order),
                remaining,
                ball_on,
                points_remaining,
                echo_of: None,
                correction: None,
            }),
            Act::Foul(Foul { points, reds }) => Fact::FoulCommitted(FoulCommitted {
                participant_id,
                user_id: self.user_of(participant_id),
                points,
                total_score,
                awarded_to: awarded_to.map(id_of),
                reds,
                reason: note.clone(),
                next_participant_id,
                nets: board.changed_nets(before, rules, order),
                remaining,
                ball_on,
                points_remaining,
                correction: None,
            }),
            Act::EndTurn => Fact::TurnChanged(TurnChanged {
                participant_id,
                reason: note.clone(),
                next_participant_id,
                ball_on,
                points_remaining,
                correction: None,
            }),
        }
    }

    fn only_in_turn(&self, game: &Game, player: usize) -> Result<(), Refusal> {
        let current = self.current_player(game);
        if !self.rules_of(game).discipline().terms().enforce_turns || current == game.player_at(player) {
            return Ok(());
        }
        let current = current.and_then(|id| self.participant(id));
        Err(Refusal::NotYourTurn(current.map(|participant| participant.display_name.clone()).unwrap_or_default()))
    }
}
