//! Scoring: what a mark, a game's start or end, or a void comes to, or why it may not be.
//!
//! - First permission, then whether the session is open, then the state of the game, then the arguments.
//! - A participant id that is no player of the game is `validation_failed`: a body that is wrong, not a missing page.
//! - Taking back the foul that had kept a side from its target ends the game with the void.
//! - A session is bounded to `MAX_EVENTS`; at the bound it can still be ended in order.

use super::command::{Command, Refusal, Request, Scoring};
use super::discipline::{FoulAsked, Order, PotAsked};
use super::event::{
    BallPotted, DecidedFact, EventVoided, Fact, Fine, FoulCommitted, GameEnded, GameStarted, Nothing, TurnChanged,
};
use super::mark::{Act, Foul, Pot};
use super::played_game::Game;
use super::scoreboard::{Brought, Scoreboard};
use super::turn_order::{Draw, PlayedOrder};
use super::view::Status;
use super::{Role, Session};
use crate::ids::{GameId, ParticipantId, Seq};

/// How long a session can get; a busy evening has a few thousand events.
pub const MAX_EVENTS: Seq = 100_000;

/// The reason of an end by which somebody gave the game up.
const CONCEDED: &str = "conceded";

/// Which of the dice's ids a new seat or game takes: far from those that the shell takes for events.
pub(super) const NEW_ID: u64 = 1 << 32;

impl Session {
    /// May this be done now, and what does it come to? Looks, never changes. An empty answer: it is so already.
    pub fn decide(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        match &request.command {
            Command::CreateSession(new) => self.create(new, request),
            _ if self.needs_newer() => Err(Refusal::NeedsNewer),
            _ if self.seq == 0 => Err(Refusal::NotAllowed("this session has not been opened")),
            Command::Score(scoring) => self.score(scoring, request),
            Command::Join { display_name, role } => self.join(display_name, *role, request),
            Command::AddGuest { display_name } => self.add_guest(display_name, request),
            Command::Invite { user_id, display_name } => self.invite(*user_id, display_name, request),
            Command::UpdateParticipant { participant_id, display_name, can_score } => {
                self.update(*participant_id, display_name.as_deref(), *can_score, request)
            }
            Command::Forget => Ok(self.forget(request)),
            Command::RemoveParticipant { participant_id } => self.remove(*participant_id, request),
            Command::ChangeSettings(change) => self.change_settings(change, request),
            Command::ChangeCode { code } => self.change_code(code, request),
            Command::CancelSession => self.cancel(request),
        }
    }

    fn score(&self, scoring: &Scoring, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        match scoring {
            Scoring::CompleteSession {} => self.only_creator(request)?,
            _ => self.only_scorers(request)?,
        }
        match scoring {
            Scoring::VoidEvent { .. } if self.status == Status::Completed => {}
            _ => self.only_open()?,
        }
        match scoring {
            Scoring::EndGame { .. } | Scoring::CancelGame {} | Scoring::CompleteSession {} => {}
            _ => self.only_short()?,
        }
        match scoring {
            Scoring::StartGame { order } => self.start_game(order.as_deref(), request),
            Scoring::VoidEvent { seq } => self.void_event(*seq, request),
            &Scoring::PotBall { participant_id, ref color, own_ball, count, free_ball, ref note } => {
                let game = self.game_asked(request)?;
                let player = player_in(game, participant_id)?;
                bounded("note", note.as_deref())?;
                let asked = PotAsked { color, own_ball, count, free_ball };
                let pot = self.rules_of(game).discipline().pot(self.board_of(game), player, &asked);
                // What is on for somebody who is not to play says nothing.
                if let Err(refusal @ Refusal::BallNotOn { .. }) = pot {
                    return self.only_in_turn(game, player).and(Err(refusal));
                }
                let pot = pot?;
                self.only_in_turn(game, player)?;
                Ok(self.marked(game, player, Act::Pot(pot), note, request))
            }
            &Scoring::CommitFoul { participant_id, points, reds, ref reason } => {
                let game = self.game_asked(request)?;
                let player = player_in(game, participant_id)?;
                let asked = FoulAsked { points, reds };
                let foul = self.rules_of(game).discipline().foul(self.board_of(game), asked)?;
                bounded("reason", reason.as_deref())?;
                self.only_in_turn(game, player)?;
                Ok(self.marked(game, player, Act::Foul(foul), reason, request))
            }
            Scoring::EndTurn { participant_id, reason } => {
                let game = self.game_asked(request)?;
                let player = player_in(game, *participant_id)?;
                bounded("reason", reason.as_deref())?;
                self.only_in_turn(game, player)?;
                Ok(self.marked(game, player, Act::EndTurn, reason, request))
            }
            Scoring::EndGame { reason, participant_id } => {
                let game = self.game_asked(request)?;
                bounded("reason", reason.as_deref())?;
                let said = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
                let reason = said.unwrap_or("manual");
                let mut board = self.board_of(game).clone();
                if let Some(by) = self.conceding(game, reason, *participant_id)? {
                    board.concede(self.rules_of(game), by);
                }
                Ok(vec![self.ended(game, &board, reason, *participant_id, request)])
            }
            Scoring::CancelGame {} => {
                let game = self.game_asked(request)?;
                Ok(vec![of_game(game.id, Fact::GameCancelled(Nothing {}))])
            }
            Scoring::CompleteSession {} if self.game_in_progress().is_some() => Err(Refusal::GameInProgress),
            Scoring::CompleteSession {} => Ok(vec![of_session(Fact::SessionCompleted(Nothing {}))]),
        }
    }

    /// The events of one mark: itself, and the end of the game where it decides it.
    fn marked(
        &self,
        game: &Game,
        player: usize,
        act: Act,
        note: &Option<String>,
        request: &Request,
    ) -> Vec<DecidedFact> {
        let rules = self.rules_of(game);
        let order = &game.order;
        let before = self.board_of(game);
        let mut board = before.clone();
        let Brought { points, awarded_to, fines } = board.mark(rules, player, act);
        let id_of = |index: usize| game.player_at(index).unwrap_or_default();
        let next = self.in_turn(order, board.turn).unwrap_or_default();
        let (participant_id, next_participant_id) = (id_of(player), next);
        let total_score = board.tally(player).total();
        let ball_on = rules.discipline().ball_on(&board).map(str::to_owned);
        let points_remaining = rules.discipline().points_remaining(&board);
        let remaining = points_remaining.map_or(Vec::new(), |_| rules.discipline().remaining(&board));
        let fact = match act {
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
        };
        let mut decided = vec![of_game(game.id, fact)];
        if let Some(decision) = board.decision {
            decided.push(self.ended(game, &board, decision.reason, None, request));
        }
        decided
    }

    /// Who gives the game up by ending it like this, if anybody does.
    fn conceding(&self, game: &Game, reason: &str, named: Option<ParticipantId>) -> Result<Option<usize>, Refusal> {
        let can_be_conceded = self.rules_of(game).discipline().concession(0).is_some();
        match named {
            None if can_be_conceded && reason == CONCEDED => Err(invalid("participant_id", "who concedes?")),
            None => Ok(None),
            Some(_) if !can_be_conceded => Err(invalid("participant_id", "this game can't be conceded")),
            Some(_) if reason != CONCEDED => Err(invalid("participant_id", "only with the reason conceded")),
            Some(named) => player_in(game, named).map(Some),
        }
    }

    fn ended(
        &self,
        game: &Game,
        board: &Scoreboard,
        reason: &str,
        conceded_by: Option<ParticipantId>,
        request: &Request,
    ) -> DecidedFact {
        let rules = self.rules_of(game);
        let ended = GameEnded {
            reason: reason.to_owned(),
            duration_seconds: request.at.seconds_since(game.started_at),
            results: board.results(rules, &game.order, |player| self.user_of(player)),
            winner_participant_ids: board.winners(rules, &game.order),
            conceded_by,
            currency: rules.currency().to_owned(),
        };
        of_game(game.id, Fact::GameEnded(Box::new(ended)))
    }

    fn void_event(&self, seq: Seq, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
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
            decided.push(self.ended(game, &board, decision.reason, None, request));
        }
        Ok(decided)
    }

    fn start_game(&self, given: Option<&[ParticipantId]>, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        if self.game_in_progress().is_some() {
            return Err(Refusal::GameInProgress);
        }
        let (order, reversed) = match given {
            Some(order) => (self.checked_order(order)?, false),
            None => self.drawn_order(request)?,
        };
        let discipline = self.rules.discipline();
        let board = Scoreboard::new(&self.rules, order.len());
        let ball_on = discipline.ball_on(&board).map(str::to_owned);
        let points_remaining = discipline.points_remaining(&board);
        let started = GameStarted {
            number: self.games.last().map_or(1, |game| game.number.saturating_add(1)),
            order,
            game_type: self.rules.game_type().to_owned(),
            reversed,
            remaining: points_remaining.map_or(Vec::new(), |_| discipline.remaining(&board)),
            ball_on,
            points_remaining,
        };
        Ok(vec![of_game(GameId(request.dice.id(NEW_ID, request.at)), Fact::GameStarted(started))])
    }

    fn checked_order(&self, order: &[ParticipantId]) -> Result<Vec<ParticipantId>, Refusal> {
        let players = self.rules.players();
        if order.len() > *players.end() {
            return Err(invalid("order", format!("these rules are for {} players at most", players.end())));
        }
        for (i, player) in order.iter().enumerate() {
            if !self.active_players().any(|seat| seat.id == *player) {
                return Err(invalid("order", format!("{player} is no active player of this session")));
            }
            if order.iter().take(i).any(|earlier| earlier == player) {
                return Err(invalid("order", format!("{player} is there twice")));
            }
        }
        if order.len() < *players.start() {
            return Err(Refusal::NotEnoughPlayers { needed: *players.start(), there: order.len() });
        }
        Ok(order.to_vec())
    }

    fn drawn_order(&self, request: &Request) -> Result<(Vec<ParticipantId>, bool), Refusal> {
        let players = self.rules.players();
        let active: Vec<_> = self.active_players().map(|seat| seat.id).collect();
        if self.rules.discipline().terms().order == Order::Manual {
            return Err(invalid("order", "these rules want the order given"));
        }
        if active.len() < *players.start() {
            return Err(Refusal::NotEnoughPlayers { needed: *players.start(), there: active.len() });
        }
        if active.len() > *players.end() {
            let message = format!("{} can play, there are {}: give an order of who does", players.end(), active.len());
            return Err(invalid("order", message));
        }
        let draw = Draw {
            rule: self.rules.discipline().terms().order,
            alternate_direction: self.rules.discipline().terms().alternate_direction,
            players: &active,
            breaker: self.breaker(),
            dice: request.dice,
        };
        let counted = self.counted_games();
        Ok(draw.draw(counted.map(|game| PlayedOrder { order: &game.order, reversed: game.reversed })))
    }

    /// The game that the request means, which must be in progress.
    fn game_asked(&self, request: &Request) -> Result<&Game, Refusal> {
        let current = self.game_in_progress();
        match (request.game, current) {
            (None, Some(game)) => Ok(game),
            (Some(named), Some(game)) if game.id == named => Ok(game),
            (Some(named), _) if !self.has_game(named) => Err(Refusal::NotFound("game")),
            (_, _) => Err(Refusal::GameNotActive),
        }
    }

    fn only_in_turn(&self, game: &Game, player: usize) -> Result<(), Refusal> {
        let current = self.current_player(game);
        if !self.rules_of(game).discipline().terms().enforce_turns || current == game.player_at(player) {
            return Ok(());
        }
        let current = current.and_then(|id| self.participant(id));
        Err(Refusal::NotYourTurn(current.map(|seat| seat.display_name.clone()).unwrap_or_default()))
    }

    fn only_scorers(&self, request: &Request) -> Result<(), Refusal> {
        let may = |seat: &super::Participant| seat.is_active && seat.can_score && seat.role != Role::Spectator;
        if request.user == self.creator_user_id || self.participant_of(request.user).is_some_and(may) {
            return Ok(());
        }
        Err(Refusal::NotAllowed("only the creator and players with the right to score may do this"))
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

fn player_in(game: &Game, id: ParticipantId) -> Result<usize, Refusal> {
    game.index_of(id).ok_or_else(|| invalid("participant_id", "does not play in this game"))
}

/// Free words that a marker may add.
fn bounded(field: &'static str, words: Option<&str>) -> Result<(), Refusal> {
    match words {
        Some(words) if words.chars().count() > 200 => Err(invalid(field, "must be 200 characters at most")),
        _ => Ok(()),
    }
}

pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Invalid { field, message: message.into() }
}

pub(super) fn of_session(fact: Fact) -> DecidedFact {
    DecidedFact { game_id: None, fact }
}

pub(super) fn of_game(game: GameId, fact: Fact) -> DecidedFact {
    DecidedFact { game_id: Some(game), fact }
}
