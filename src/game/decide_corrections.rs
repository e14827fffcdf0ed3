//! Putting right: a mark that is taken back, was another player's, or was forgotten; and a game that goes on.
//!
//! - What had ended a game by itself and is taken away lets it go on, where it is the session's last game and the session
//!   is open. Else the game stays ended and its results are those without it.
//! - A forgotten mark counts as the last one, before that which decided the game. It never lets a game go on.
//! - Who lets a game go on that its marks had decided plays on: they decide it no more, and it ends by what comes.

use super::Session;
use super::command::Request;
use super::decide::{of_game, player_in};
use super::decide_games::GameEnd;
use super::event::{Correction, DecidedFact, EventReassigned, EventVoided, Fact, GameReopened, Standing};
use super::mark::Act;
use super::played_game::{Game, Voidable};
use super::refusal::{Refusal, invalid};
use super::scoreboard::Scoreboard;
use crate::ids::{ParticipantId, Seq};

impl Session {
    pub(super) fn void_event(&self, seq: Seq, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let (game, voidable) = self.voidable(seq, request)?;
        let (voided_type, player) = match voidable {
            Voidable::Mark(mark, player) => (mark.act.event_type(), game.player_at(player)),
            Voidable::Reassignment => ("game.event_reassigned", None),
        };
        let user_id = player.and_then(|player| self.user_of(player));
        let after = game.after(|game| game.void(seq, self.seq.next()));
        Ok(self.put_right(game, &after, GameReopened::VOIDED, request, |standing| {
            let voided = EventVoided { voided_seq: seq, voided_type: voided_type.to_owned(), user_id, standing };
            Fact::EventVoided(Box::new(voided))
        }))
    }

    pub(super) fn reassign_event(
        &self,
        seq: Seq,
        participant_id: ParticipantId,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        let (game, voidable) = self.voidable(seq, request)?;
        let Voidable::Mark(mark, from) = voidable else {
            return Err(Refusal::EventNotVoidable("only balls, fouls and ends of turns are a player's"));
        };
        if player_in(game, participant_id)? == from {
            return Err(invalid("participant_id", "it is this player's already"));
        }
        let from_participant_id = game.player_at(from).unwrap_or_default();
        let after = game.after(|game| game.reassign(seq, participant_id, self.seq.next()));
        Ok(self.put_right(game, &after, GameReopened::REASSIGNED, request, |standing| {
            let reassigned_type = mark.act.event_type().to_owned();
            let moved =
                EventReassigned { reassigned_seq: seq, reassigned_type, from_participant_id, participant_id, standing };
            Fact::EventReassigned(Box::new(moved))
        }))
    }

    pub(super) fn reopen_game(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let last = self.games.last();
        let game = match request.game {
            Some(named) => Some(self.game(named).ok_or(Refusal::NotFound("game"))?),
            None => last,
        };
        let game = game.ok_or(Refusal::GameNotReopenable("no game has been played"))?;
        if game.is_in_progress() {
            return Err(Refusal::GameNotReopenable("this game is in progress"));
        }
        if !game.is_completed() {
            return Err(Refusal::GameNotReopenable("this game was cancelled"));
        }
        if last.is_none_or(|last| last.id != game.id) {
            return Err(Refusal::GameNotReopenable("only the last game of a session can go on"));
        }
        let after = game.after(|game| game.reopen(self.seq.next(), true));
        Ok(vec![self.reopened(game, &after, GameReopened::MANUAL)])
    }

    /// The ended game that a forgotten mark is for.
    pub(super) fn ended_game_asked(&self, request: &Request) -> Result<&Game, Refusal> {
        let game = match request.game {
            Some(named) => self.game(named).ok_or(Refusal::NotFound("game"))?,
            None => self.games.last().ok_or(Refusal::GameNotEnded)?,
        };
        if game.is_completed() { Ok(game) } else { Err(Refusal::GameNotEnded) }
    }

    /// The game with one more mark, and what it comes to then.
    pub(super) fn corrected(&self, game: &Game, player: usize, act: Act) -> (Scoreboard, Correction) {
        let rules = self.rules_of(game);
        let id = game.player_at(player).unwrap_or_default();
        let after = game.after(|game| game.correct(rules, self.seq.next(), id, act));
        let board = after.board(rules).clone();
        let correction = Correction {
            scores: board.scores(rules, &game.order),
            results: board.results(rules, &game.order, |player| self.user_of(player)),
            winner_participant_ids: board.winners(rules, &game.order),
            currency: rules.currency().to_owned(),
        };
        (board, correction)
    }

    /// What may be taken back, and the game that it is of.
    fn voidable(&self, seq: Seq, request: &Request) -> Result<(&Game, Voidable), Refusal> {
        if let Some(named) = request.game {
            let named = self.game(named).ok_or(Refusal::NotFound("game"))?;
            if !named.owns(seq) {
                return Err(Refusal::NotFound("event"));
            }
        }
        if !(Seq(1)..=self.seq).contains(&seq) {
            return Err(Refusal::NotFound("event"));
        }
        let found = self.games.iter().rev().find_map(|game| Some((game, game.voidable(seq)?)));
        let Some((game, (voidable, voided_by))) = found else {
            return Err(Refusal::EventNotVoidable("only balls, fouls and ends of turns can be taken back"));
        };
        if voided_by.is_some() {
            return Err(Refusal::EventNotVoidable("this was taken back already"));
        }
        if !game.is_in_progress() && !game.is_completed() {
            return Err(Refusal::EventNotVoidable("its game was cancelled"));
        }
        Ok((game, voidable))
    }

    /// What follows where a game is `after` instead: it may go on by that, or end.
    fn put_right(
        &self,
        game: &Game,
        after: &Game,
        cause: &'static str,
        request: &Request,
        fact: impl FnOnce(Standing) -> Fact,
    ) -> Vec<DecidedFact> {
        let board = after.board(self.rules_of(game));
        let goes_on = self.goes_on(game, board);
        let mut decided = vec![of_game(game.id, fact(self.standing(after, !goes_on)))];
        if goes_on {
            decided.push(self.reopened(game, &after.after(|game| game.reopen(self.seq + 2, false)), cause));
        } else if let Some(decision) = board.decision.filter(|_| game.is_in_progress()) {
            decided.push(self.ended(game, board, GameEnd::by_rules(decision.reason), request));
        }
        decided
    }

    /// It had ended by its marks, and would not have with this board.
    fn goes_on(&self, game: &Game, board: &Scoreboard) -> bool {
        let decided_by = self.board_of(game).decision.map(|decision| decision.reason);
        game.is_completed()
            && game.conceded_by.is_none()
            && decided_by.is_some()
            && decided_by == game.end_reason.as_deref()
            && board.decision.is_none()
            && self.games.last().is_some_and(|last| last.id == game.id)
            && !self.is_over()
    }

    fn reopened(&self, game: &Game, after: &Game, cause: &'static str) -> DecidedFact {
        let rules = self.rules_of(game);
        let reopened = GameReopened {
            cause: cause.to_owned(),
            standing: self.standing(after, false),
            former_results: self.board_of(game).results(rules, &game.order, |player| self.user_of(player)),
            former_currency: rules.currency().to_owned(),
        };
        of_game(game.id, Fact::GameReopened(Box::new(reopened)))
    }

    fn standing(&self, game: &Game, stays_ended: bool) -> Standing {
        let rules = self.rules_of(game);
        let (board, discipline) = (game.board(rules), rules.discipline());
        let is_over = game.is_completed() && stays_ended;
        Standing {
            scores: board.scores(rules, &game.order),
            current_participant_id: self.in_turn(&game.order, board.turn).filter(|_| !is_over),
            remaining: discipline.remaining(board),
            ball_on: discipline.ball_on(board).map(str::to_owned),
            points_remaining: discipline.points_remaining(board),
            results: is_over.then(|| board.results(rules, &game.order, |player| self.user_of(player))),
            currency: if is_over { rules.currency().to_owned() } else { String::new() },
        }
    }
}
