//! Games: how one begins and ends.

use super::Session;
use super::command::Request;
use super::decide::{NEW_ID, bounded, of_game, player_in};
use super::discipline::Order;
use super::event::{DecidedFact, Fact, GameEnded, GameStarted, Nothing};
use super::played_game::Game;
use super::refusal::{Refusal, invalid};
use super::scoreboard::Scoreboard;
use super::turn_order::{Draw, PlayedOrder};
use crate::ids::{GameId, ParticipantId};

/// The reason of an end by which somebody gave the game up.
const CONCEDED: &str = "conceded";

/// How a game ends.
pub(super) struct GameEnd<'a> {
    pub(super) reason: &'a str,
    /// Whose side gave it up.
    pub(super) conceded_by: Option<ParticipantId>,
}

impl<'a> GameEnd<'a> {
    /// By what was marked.
    pub(super) fn by_rules(reason: &'a str) -> Self {
        Self { reason, conceded_by: None }
    }
}

impl Session {
    pub(super) fn start_game(
        &self,
        given: Option<&[ParticipantId]>,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
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
            if !self.active_players().any(|participant| participant.id == *player) {
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
        let active: Vec<_> = self.active_players().map(|participant| participant.id).collect();
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

    pub(super) fn end_game(
        &self,
        reason: Option<&str>,
        by: Option<ParticipantId>,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        let game = self.game_asked(request)?;
        bounded("reason", reason)?;
        let said = reason.map(str::trim).filter(|reason| !reason.is_empty());
        let reason = said.unwrap_or("manual");
        let mut board = self.board_of(game).clone();
        if let Some(by) = self.conceding(game, reason, by)? {
            board.concede(self.rules_of(game), by);
        }
        let end = GameEnd { reason, conceded_by: by };
        Ok(vec![self.ended(game, &board, end, request)])
    }

    pub(super) fn cancel_game(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let game = self.game_asked(request)?;
        Ok(vec![of_game(game.id, Fact::GameCancelled(Nothing {}))])
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

    pub(super) fn ended(
        &self,
        game: &Game,
        board: &Scoreboard,
        GameEnd { reason, conceded_by }: GameEnd<'_>,
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

    /// The game that the request means, which must be in progress.
    pub(super) fn game_asked(&self, request: &Request) -> Result<&Game, Refusal> {
        let current = self.game_in_progress();
        match (request.game, current) {
            (None, Some(game)) => Ok(game),
            (Some(named), Some(game)) if game.id == named => Ok(game),
            (Some(named), _) if !self.has_game(named) => Err(Refusal::NotFound("game")),
            (_, _) => Err(Refusal::GameNotActive),
        }
    }
}
