//! A session as its watchers see it: views, the evening's balance, and what statistics ask for.
//! Money of an evening is the sum over completed games; nothing of it is stored, so a void puts all of it right.

use super::money::{Claim, EntryKind};
use super::played_game::Game;
use super::settlement::settle;
use super::view::{
    BalanceView, EveningView, GameNet, GameStatus, GameSummary, GameView, ParticipantBalance, ParticipantView,
    PlayerSummary, SessionView, Total,
};
use super::{Participant, Session};
use crate::ids::{GameId, Money, ParticipantId, UserId};

/// One participant's evening.
#[derive(Clone, Copy, Default)]
struct Evening {
    of_games: Money,
    games: u32,
    balls: u32,
}

/// What moved one participant's balance beside the games.
#[derive(Clone, Copy, Default)]
struct EntrySums {
    expenses: Money,
    payments: Money,
}

impl Session {
    /// The whole session as a client sees it.
    pub fn view(&self, is_online: &dyn Fn(ParticipantId) -> bool) -> SessionView {
        let participants = self.participants.iter().zip(self.evenings()).zip(self.moved());
        let participant = |((participant, evening), moved): ((&Participant, Evening), EntrySums)| ParticipantView {
            id: participant.id,
            user_id: participant.user_id,
            display_name: participant.display_name.clone(),
            role: participant.role,
            is_guest: participant.is_guest,
            can_score: participant.can_score,
            is_active: participant.is_active,
            is_online: is_online(participant.id),
            balance: evening.of_games + moved.expenses + moved.payments,
            games_played: evening.games,
            balls_potted: evening.balls,
            joined_at: participant.joined_at,
            left_at: participant.left_at,
        };
        SessionView {
            id: self.id,
            code: None,
            chat_id: self.chat_id,
            name: self.name.clone(),
            status: self.status,
            is_private: self.is_private,
            creator_user_id: self.creator_user_id,
            max_players: self.max_players,
            rules: self.rules.clone(),
            template_id: self.template_id,
            seq: self.seq,
            participants: participants.map(participant).collect(),
            claims: self.claims.clone(),
            current_game: self.game_in_progress().map(|game| self.view_of(game)),
            race: self.current_match(),
            fingerprint: self.last_hash,
            table: self.table.as_ref().map(|clock| self.table_view(clock)),
            games_played: self.games.iter().filter(|game| game.is_completed()).count() as u32,
            created_at: self.created_at,
            started_at: self.started_at,
            completed_at: self.completed_at,
        }
    }

    /// One game as a client sees it.
    pub fn game_view(&self, game: GameId) -> Option<GameView> {
        self.game(game).map(|game| self.view_of(game))
    }

    fn view_of(&self, game: &Game) -> GameView {
        let rules = self.rules_of(game);
        let (board, order) = (game.board(rules), &game.order);
        let is_completed = game.is_completed();
        let ended_at = game.ended.map(|(_, at)| at);
        GameView {
            id: game.id,
            session_id: self.id,
            number: game.number,
            game_type: rules.game_type().to_owned(),
            status: game.status,
            order: order.clone(),
            reversed: game.reversed,
            current_participant_id: self.current_player(game),
            scores: board.scores(rules, order),
            remaining: rules.discipline().remaining(board),
            ball_on: rules.discipline().ball_on(board).filter(|_| game.is_in_progress()).map(str::to_owned),
            points_remaining: rules.discipline().points_remaining(board),
            fines: if game.is_in_progress() { board.open_fines(order) } else { Vec::new() },
            results: is_completed.then(|| board.results(rules, order, |player| self.user_of(player))),
            winner_participant_ids: if is_completed { board.winners(rules, order) } else { Vec::new() },
            end_reason: game.end_reason.clone(),
            started_at: game.started_at,
            ended_at,
            duration_seconds: ended_at.map(|at| at.seconds_since(game.started_at)),
        }
    }

    pub(super) fn user_of(&self, player: ParticipantId) -> Option<UserId> {
        self.participant(player).and_then(|participant| participant.user_id)
    }

    /// Who owes what, and the fewest transfers that clear it.
    pub fn balance(&self) -> BalanceView {
        let participants = self.participants.iter().zip(self.moved());
        let mut participants: Vec<_> = participants
            .map(|(participant, EntrySums { expenses, payments })| ParticipantBalance {
                participant_id: participant.id,
                net: expenses + payments,
                games: Vec::new(),
                expenses,
                payments,
            })
            .collect();
        for game in self.games.iter().filter(|game| game.is_completed()) {
            for (player, net) in game.order.iter().zip(self.board_of(game).nets(self.rules_of(game))) {
                if let Some(sum) = participants.iter_mut().find(|sum| sum.participant_id == *player) {
                    sum.net += net;
                    sum.games.push(GameNet { game_id: game.id, number: game.number, net });
                }
            }
        }
        let nets: Vec<_> = participants.iter().map(|sum| (sum.participant_id, sum.net)).collect();
        BalanceView { currency: self.rules.currency().to_owned(), participants, settlement: settle(&nets) }
    }

    /// What moved beside the games, in the order of places.
    fn moved(&self) -> Vec<EntrySums> {
        let mut moved = vec![EntrySums::default(); self.participants.len()];
        for entry in self.standing_entries() {
            let is_payment = matches!(entry.what, EntryKind::Payment { .. });
            for Claim { debtor, creditor, amount } in self.claims(entry) {
                for (id, amount) in [(debtor, -amount), (creditor, amount)] {
                    let participant = self.participants.iter().position(|participant| participant.id == id);
                    let Some(sum) = participant.and_then(|participant| moved.get_mut(participant)) else { continue };
                    let part = if is_payment { &mut sum.payments } else { &mut sum.expenses };
                    *part += amount;
                }
            }
        }
        moved
    }

    /// What a board shows beside the session itself.
    pub fn evening(&self) -> EveningView {
        let BalanceView { currency, participants, settlement } = self.balance();
        let last = self.games.iter().rev().find(|game| game.is_completed());
        let total = |sum: ParticipantBalance| Total { participant_id: sum.participant_id, net: sum.net };
        EveningView {
            last_game: last.map(|game| self.view_of(game)),
            currency,
            totals: participants.into_iter().map(total).collect(),
            settlement,
        }
    }

    /// What the completed games came to for each participant.
    pub(super) fn game_nets(&self) -> Vec<(ParticipantId, Money)> {
        self.participants
            .iter()
            .map(|participant| participant.id)
            .zip(self.evenings().into_iter().map(|sum| sum.of_games))
            .collect()
    }

    /// The games of everybody, in the order of places.
    fn evenings(&self) -> Vec<Evening> {
        let mut evenings = vec![Evening::default(); self.participants.len()];
        for game in self.games.iter().filter(|game| game.status != GameStatus::Cancelled) {
            let columns = self.board_of(game).tallies.iter().zip(self.board_of(game).nets(self.rules_of(game)));
            for (player, (tally, net)) in game.order.iter().zip(columns) {
                let participant = self.participants.iter().position(|participant| participant.id == *player);
                let Some(evening) = participant.and_then(|participant| evenings.get_mut(participant)) else { continue };
                evening.balls = evening.balls.saturating_add(tally.balls);
                if game.is_completed() {
                    evening.of_games += net;
                    evening.games += 1;
                }
            }
        }
        evenings
    }

    /// A game as statistics count it.
    pub fn player_games(&self, game: GameId) -> Option<GameSummary> {
        let game = self.game(game)?;
        let rules = self.rules_of(game);
        let board = game.board(rules);
        let winners = if game.is_completed() { board.winners(rules, &game.order) } else { Vec::new() };
        let mut players: Vec<_> = board
            .results(rules, &game.order, |player| self.user_of(player))
            .into_iter()
            .map(|result| {
                let index = game.index_of(result.participant_id);
                let tally = index.map(|index| board.tally(index)).unwrap_or_default();
                PlayerSummary {
                    participant_id: result.participant_id,
                    user_id: result.user_id,
                    points: result.points,
                    balls_potted: result.balls_potted,
                    balls_by_color: tally.balls_by_color.counts().collect(),
                    own_balls: tally.own_balls,
                    breaks: index
                        .and_then(|index| rules.discipline().visits(board, index))
                        .map(|visits| visits.breaks()),
                    fouls: result.fouls,
                    net: result.net,
                    place: result.place,
                    won: winners.contains(&result.participant_id),
                    lost: !winners.is_empty() && !winners.contains(&result.participant_id),
                }
            })
            .collect();
        players.sort_by_key(|player| game.index_of(player.participant_id));
        Some(GameSummary {
            game_id: game.id,
            number: game.number,
            game_type: rules.game_type().to_owned(),
            currency: rules.currency().to_owned(),
            status: game.status,
            started_at: game.started_at,
            ended_at: game.ended.map(|(_, at)| at),
            players,
        })
    }
}
