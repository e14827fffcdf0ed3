//! Matches: a fold over the last games of an evening that were played by rules equal to the present ones, where these say
//! `race_to`.
//!
//! - A match goes on while the same two sides play, whoever is first in the order; other sides begin another one.
//! - After it is won, the next game begins another one. A game without a winner counts for neither side.
//! - A cancelled game is none. Nothing is stored, so a void that changes a game's winner changes the match.

use super::Session;
use super::discipline::side;
use super::played_game::Game;
use super::view::{MatchSide, MatchView};
use crate::ids::ParticipantId;

impl Session {
    /// How the match stands that the last game belongs to; `None` where the rules race to nothing.
    pub(super) fn current_match(&self) -> Option<MatchView> {
        let race_to = self.rules.discipline().terms().race_to?;
        let latest = self.counted_games().rev().take_while(|game| self.rules_of(game) == &self.rules);
        let games: Vec<&Game> = latest.collect();
        let none = MatchView { race_to, won: Vec::new(), winner_participant_ids: None };
        Some(games.into_iter().rev().fold(none, |standing, game| self.after(standing, game)))
    }

    fn after(&self, mut standing: MatchView, game: &Game) -> MatchView {
        let sides = [0, 1].map(|of| members(game, of));
        let is_same = sides.iter().all(|side| standing.won.iter().any(|known| known.participant_ids == *side));
        if !is_same || standing.winner_participant_ids.is_some() {
            standing.won = sides.iter().map(|side| MatchSide { participant_ids: side.clone(), games: 0 }).collect();
            standing.winner_participant_ids = None;
        }
        let winner = self.board_of(game).winning_side().filter(|_| game.is_completed());
        let won = winner.and_then(|of| sides.get(of));
        if let Some(side) = won.and_then(|won| standing.won.iter_mut().find(|side| side.participant_ids == *won)) {
            side.games = side.games.saturating_add(1);
            if side.games >= standing.race_to {
                standing.winner_participant_ids = Some(side.participant_ids.clone());
            }
        }
        standing
    }
}

/// Who plays on that side, in an order that does not depend on the order of the game.
fn members(game: &Game, of: usize) -> Vec<ParticipantId> {
    let mut members: Vec<_> =
        game.order.iter().enumerate().filter(|(player, _)| side(*player) == of).map(|(_, id)| *id).collect();
    members.sort_unstable();
    members
}
