//! What may be done, and what it comes to: who may ask, and for what a session is open. What each kind of command comes to
//! is in the files beside this one.
//!
//! - First permission, then whether the session is open, then the state of the game, then the arguments.
//! - A session is bounded to `MAX_EVENTS`; at the bound it can still be ended in order.

use super::command::{Command, Request, Scoring};
use super::event::Role;
use super::event::{DecidedFact, Fact, Nothing};
use super::played_game::Game;
use super::refusal::{Refusal, invalid};
use super::view::Status;
use super::{Participant, Session};
use crate::ids::{GameId, ParticipantId, Seq};

/// How long a session can get; a busy evening has a few thousand events.
pub const MAX_EVENTS: Seq = Seq(100_000);

/// Which of the dice's ids a new place or game takes: far from those that the shell takes for events.
pub(super) const NEW_ID: u64 = 1 << 32;

impl Session {
    /// May this be done now, and what does it come to? Looks, never changes. An empty answer: it is so already.
    pub fn decide(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        match &request.command {
            Command::CreateSession(new) => self.create(new, request),
            _ if self.needs_newer() => Err(Refusal::NeedsNewer),
            _ if self.seq == Seq::ZERO => Err(Refusal::NotAllowed("this session has not been opened")),
            Command::Score(scoring) => self.score(scoring, request),
            Command::Join { display_name, role } => self.join(display_name, *role, request),
            Command::AddGuest { display_name } => self.add_guest(display_name, request),
            Command::Invite { user_id, display_name } => self.invite(*user_id, display_name, request),
            Command::UpdateParticipant { participant_id, display_name, can_score } => {
                self.update(*participant_id, display_name.as_deref(), *can_score, request)
            }
            Command::AskClaim { participant_id, display_name } => {
                self.ask_claim(*participant_id, display_name, request)
            }
            &Command::ConfirmClaim { participant_id, user_id } => self.confirm_claim(participant_id, user_id, request),
            &Command::DeclineClaim { participant_id, user_id } => self.decline_claim(participant_id, user_id, request),
            Command::AdmitScorer { link_id, display_name } => self.admit_scorer(*link_id, display_name, request),
            Command::EndScorerLink { link_id } => self.end_scorer_link(*link_id, request),
            Command::Forget => Ok(self.forget(request)),
            Command::RemoveParticipant { participant_id } => self.remove(*participant_id, request),
            Command::ChangeSettings(change) => self.change_settings(change, request),
            Command::ChangeCode { code } => self.change_code(code, request),
            Command::AddExpense(expense) => self.add_expense(expense, request),
            Command::MarkPayment(payment) => self.mark_payment(payment, request),
            Command::StopTable => self.stop_table(request),
            Command::VoidEntry { seq } => self.void_entry(*seq, request),
            Command::CancelSession => self.cancel(request),
        }
    }

    fn score(&self, scoring: &Scoring, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        match scoring {
            Scoring::CompleteSession {} => self.only_creator(request)?,
            // Balances are settled by then: a helper's link is for the marks of the evening.
            _ if self.is_over() => self.only_scoring_players(request)?,
            _ => self.only_scorers(request)?,
        }
        match scoring {
            _ if scoring.puts_right() && self.status == Status::Completed => {}
            _ => self.only_open()?,
        }
        match scoring {
            Scoring::EndGame { .. } | Scoring::CancelGame {} | Scoring::CompleteSession {} => {}
            _ => self.only_short()?,
        }
        match scoring {
            Scoring::StartGame { order } => self.start_game(order.as_deref(), request),
            Scoring::PotBall { .. } | Scoring::CommitFoul { .. } | Scoring::EndTurn { .. } => {
                self.decide_mark(scoring, request)
            }
            Scoring::VoidEvent { seq } => self.void_event(*seq, request),
            &Scoring::ReassignEvent { seq, participant_id } => self.reassign_event(seq, participant_id, request),
            Scoring::ReopenGame {} => self.reopen_game(request),
            Scoring::EndGame { reason, participant_id } => self.end_game(reason.as_deref(), *participant_id, request),
            Scoring::CancelGame {} => self.cancel_game(request),
            Scoring::CompleteSession {} if self.game_in_progress().is_some() => Err(Refusal::GameInProgress),
            Scoring::CompleteSession {} => {
                let completed = of_session(Fact::SessionCompleted(Nothing {}));
                Ok(self.table_stopped(request.at).into_iter().chain([completed]).collect())
            }
        }
    }

    pub(super) fn only_scorers(&self, request: &Request) -> Result<(), Refusal> {
        let may = self.participant_of(request.user).is_some_and(super::Participant::may_score);
        if request.user == self.creator_user_id || may {
            return Ok(());
        }
        Err(Refusal::NotAllowed("only the creator and players with the right to score may do this"))
    }

    /// Those who may score and have a place of their own: not helpers who came by a link.
    pub(super) fn only_scoring_players(&self, request: &Request) -> Result<(), Refusal> {
        self.only_scorers(request)?;
        let only_helps = |participant: &Participant| participant.role == Role::Spectator;
        if request.user != self.creator_user_id && self.participant_of(request.user).is_some_and(only_helps) {
            return Err(Refusal::NotAllowed("a scorer link is for marks alone, while the evening lasts"));
        }
        Ok(())
    }

    pub(super) fn only_creator(&self, request: &Request) -> Result<(), Refusal> {
        if request.user == self.creator_user_id {
            return Ok(());
        }
        Err(Refusal::NotAllowed("only the session's creator may do this"))
    }

    pub(super) fn only_open(&self) -> Result<(), Refusal> {
        if self.is_over() { Err(Refusal::SessionClosed) } else { Ok(()) }
    }

    pub(super) fn only_short(&self) -> Result<(), Refusal> {
        if self.seq >= MAX_EVENTS { Err(Refusal::SessionTooLong(MAX_EVENTS)) } else { Ok(()) }
    }
}

/// Free words that a marker may add.
pub(super) fn bounded(field: &'static str, words: Option<&str>) -> Result<(), Refusal> {
    match words {
        Some(words) if words.chars().count() > 200 => Err(invalid(field, "must be 200 characters at most")),
        _ => Ok(()),
    }
}

/// The index of a player in the order of a game.
pub(super) fn player_in(game: &Game, id: ParticipantId) -> Result<usize, Refusal> {
    game.index_of(id).ok_or_else(|| invalid("participant_id", "does not play in this game"))
}

pub(super) fn of_session(fact: Fact) -> DecidedFact {
    DecidedFact { game_id: None, fact }
}

pub(super) fn of_game(game: GameId, fact: Fact) -> DecidedFact {
    DecidedFact { game_id: Some(game), fact }
}
