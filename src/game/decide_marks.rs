//! Marks: what a ball, a foul, an end of a turn or its void comes to, or why it may not be.
//!
//! - A participant id that is no player of the game is `validation_failed`: a body that is wrong, not a missing page.
//! - Taking back the foul that had kept a side from its target ends the game with the void.

use super::Session;
use super::command::{Refusal, Request, Scoring};
use super::decide::{bounded, invalid, of_game};
use super::decide_games::GameEnd;
use super::discipline::{FoulAsked, PotAsked};
use super::event::{BallPotted, DecidedFact, EventVoided, Fact, Fine, FoulCommitted, TurnChanged};
use super::mark::{Act, Foul, Pot};
use super::played_game::Game;
use super::scoreboard::{Brought, Scoreboard};
use crate::ids::{ParticipantId, Seq};

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
    /// A ball, a foul or an end of a turn.
    pub(super) fn decide_mark(&self, scoring: &Scoring, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let game = self.game_asked(request)?;
        let discipline = self.rules_of(game).discipline();
        let (player, act, note) = match scoring {
            &Scoring::PotBall { participant_id, ref color, own_ball, count, free_ball, ref note } => {
                let player = player_in(game, participant_id)?;
                bounded("note", note.as_deref())?;
                let asked = PotAsked { color, own_ball, count, free_ball };
                let pot = discipline.pot(self.board_of(game), player, &asked);
                // What is on for somebody who is not to play says nothing.
                if let Err(refusal @ Refusal::BallNotOn { .. }) = pot {
                    return self.only_in_turn(game, player).and(Err(refusal));
                }
                (player, Act::Pot(pot?), note)
            }
            &Scoring::CommitFoul { participant_id, points, reds, ref reason } => {
                let player = player_in(game, participant_id)?;
                let foul = discipline.foul(self.board_of(game), FoulAsked { points, reds })?;
                bounded("reason", reason.as_deref())?;
                (player, Act::Foul(foul), reason)
            }
            Scoring::EndTurn { participant_id, reason } => {
                let player = player_in(game, *participant_id)?;
                bounded("reason", reason.as_deref())?;
                (player, Act::EndTurn, reason)
            }
            // Other commands are no marks.
            _ => return Ok(Vec::new()),
        };
        self.only_in_turn(game, player)?;
        Ok(self.marked(game, NewMark { player, act, note }, request))
    }

    /// The events of one mark: itself, and the end of the game where it decides it.
    fn marked(&self, game: &Game, new: NewMark<'_>, request: &Request) -> Vec<DecidedFact> {
        let NewMark { player, act, note } = new;
        let rules = self.rules_of(game);
        let before = self.board_of(game);
        let mut board = before.clone();
        let brought = board.mark(rules, player, act);
        let fact = self.mark_fact(game, NewMark { player, act, note }, (before, &board), brought);
        let mut decided = vec![of_game(game.id, fact)];
        if let Some(decision) = board.decision {
            decided.push(self.ended(game, &board, GameEnd::by_rules(decision.reason), request));
        }
        decided
    }

    /// What a mark is told as, with the scores before and after it.
    fn mark_fact(
        &self,
        game: &Game,
        NewMark { player, act, note }: NewMark<'_>,
        (before, board): (&Scoreboard, &Scoreboard),
        Brought { points, awarded_to, fines }: Brought,
    ) -> Fact {
        let (rules, order) = (self.rules_of(game), &game.order);
        let id_of = |index: usize| game.player_at(index).unwrap_or_default();
        let next = self.in_turn(order, board.turn).unwrap_or_default();
        let (participant_id, next_participant_id) = (id_of(player), next);
        let total_score = board.tally(player).total();
        let ball_on = rules.discipline().ball_on(board).map(str::to_owned);
        let points_remaining = rules.discipline().points_remaining(board);
        let remaining = points_remaining.map_or(Vec::new(), |_| rules.discipline().remaining(board));
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
                fines: fines
                    .iter()
                    .map(|(owner, points)| Fine { participant_id: id_of(*owner), points: *points })
                    .collect(),
                nets: board.changed_nets(before, rules, order),
                remaining,
                ball_on,
                points_remaining,
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
            }),
            Act::EndTurn => {
                let reason = note.clone();
                Fact::TurnChanged(TurnChanged {
                    participant_id,
                    reason,
                    next_participant_id,
                    ball_on,
                    points_remaining,
                })
            }
        }
    }

    pub(super) fn void_event(&self, seq: Seq, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        if let Some(named) = request.game {
            let named = self.game(named).ok_or(Refusal::NotFound("game"))?;
            if !named.owns(seq) {
                return Err(Refusal::NotFound("event"));
            }
        }
        if !(1..=self.seq).contains(&seq) {
            return Err(Refusal::NotFound("event"));
        }
        // Marks are only made in the newest game, so an event's game is the last one that began before it.
        let newer = self.games.partition_point(|game| game.started_seq < seq);
        let found = newer.checked_sub(1).and_then(|index| self.games.get(index));
        let Some((game, mark)) = found.and_then(|game| Some((game, game.mark_at(seq)?))) else {
            return Err(Refusal::EventNotVoidable("only balls, fouls and ends of turns can be taken back"));
        };
        if mark.voided_by.is_some() {
            return Err(Refusal::EventNotVoidable("this was taken back already"));
        }
        if !game.is_in_progress() && !game.is_completed() {
            return Err(Refusal::EventNotVoidable("its game was cancelled"));
        }
        let rules = self.rules_of(game);
        let board = game.board_without(rules, seq);
        let results = board.results(rules, &game.order, |player| self.user_of(player));
        let ends_now = board.decision.filter(|_| game.is_in_progress());
        let voided = EventVoided {
            voided_seq: seq,
            voided_type: mark.act.event_type().to_owned(),
            user_id: game.player_at(usize::from(mark.player)).and_then(|player| self.user_of(player)),
            scores: board.scores(rules, &game.order),
            current_participant_id: self.in_turn(&game.order, board.turn).filter(|_| game.is_in_progress()),
            remaining: rules.discipline().remaining(&board),
            ball_on: rules.discipline().ball_on(&board).map(str::to_owned),
            points_remaining: rules.discipline().points_remaining(&board),
            results: game.is_completed().then_some(results),
            currency: if game.is_completed() { rules.currency().to_owned() } else { String::new() },
        };
        let mut decided = vec![of_game(game.id, Fact::EventVoided(Box::new(voided)))];
        if let Some(decision) = ends_now {
            decided.push(self.ended(game, &board, GameEnd::by_rules(decision.reason), request));
        }
        Ok(decided)
    }

    fn only_in_turn(&self, game: &Game, player: usize) -> Result<(), Refusal> {
        let current = self.current_player(game);
        if !self.rules_of(game).discipline().terms().enforce_turns || current == game.player_at(player) {
            return Ok(());
        }
        let current = current.and_then(|id| self.participant(id));
        Err(Refusal::NotYourTurn(current.map(|seat| seat.display_name.clone()).unwrap_or_default()))
    }
}

pub(super) fn player_in(game: &Game, id: ParticipantId) -> Result<usize, Refusal> {
    game.index_of(id).ok_or_else(|| invalid("participant_id", "does not play in this game"))
}
