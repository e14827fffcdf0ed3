//! Tells players that their statistics changed: gathered in memory, sent at most once a second to each of them. Nothing
//! waits in the outbox for it, since what is lost with a process is only a hint: the statistics themselves are stored.
//!
//! Each player has a turn within the second. All told in one moment, the sockets of a full hall would keep the threads
//! that balls come in by busy for tens of milliseconds.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;

use crate::clock;
use crate::game::view::{GameStatus, GameSummary, PlayerSummary};
use crate::ids::{GameId, Money, SessionId, UserId};
use crate::messaging::{Bus, Message};
use crate::outbox::envelope::Data;
use crate::outbox::user_message::{ChangedGame, UserMessage};

const EVERY: Duration = Duration::from_secs(1);
/// Turns within that time.
const TURNS: u8 = 25;
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);
/// Users told in one turn; under load the others wait, and what they hear comes in fewer, fuller messages.
const USERS_MAX: usize = 20;

/// A game of a player, as it counts now.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Change {
    game_id: GameId,
    session_id: SessionId,
    game_type: String,
    status: GameStatus,
    points: i64,
    balls_potted: u32,
    fouls: u32,
    net: Money,
    currency: String,
    won: bool,
    lost: bool,
}

impl Change {
    pub(super) fn of(session_id: SessionId, game: &GameSummary, player: &PlayerSummary) -> Self {
        Self {
            game_id: game.game_id,
            session_id,
            game_type: game.game_type.clone(),
            status: game.status,
            points: player.points,
            balls_potted: player.balls_potted,
            fouls: player.fouls,
            net: if game.status == GameStatus::Completed { player.net } else { Money::ZERO },
            currency: game.currency.clone(),
            won: player.won,
            lost: player.lost,
        }
    }
}

/// What is to be told to the users of one turn.
#[derive(Default)]
struct PendingChanges {
    users: VecDeque<UserId>,
    changes: HashMap<UserId, BTreeMap<GameId, Change>>,
}

impl PendingChanges {
    fn add(&mut self, user: UserId, change: Change) {
        let games = self.changes.entry(user).or_insert_with(|| {
            self.users.push_back(user);
            BTreeMap::new()
        });
        games.insert(change.game_id, change);
    }

    /// Those that wait longest.
    fn take(&mut self) -> Vec<(UserId, Vec<Change>)> {
        let count = self.users.len().min(USERS_MAX);
        let users: Vec<UserId> = self.users.drain(..count).collect();
        let games = |user| Some((user, self.changes.remove(&user)?.into_values().collect()));
        users.into_iter().filter_map(games).collect()
    }
}

/// The same turn for a user each time: ids end at random.
fn turn_of(user: UserId) -> u8 {
    (user.0.as_u128() % u128::from(TURNS)) as u8
}

/// What is still to be told, by turns.
#[derive(Clone, Default)]
pub(super) struct StatsAnnouncer(Arc<Mutex<HashMap<u8, PendingChanges>>>);

impl StatsAnnouncer {
    pub(super) fn add(&self, changes: impl IntoIterator<Item = (UserId, Change)>) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (user, change) in changes {
            turns.entry(turn_of(user)).or_default().add(user, change);
        }
    }

    fn take(&self, turn: u8) -> Vec<(UserId, Vec<Change>)> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.get_mut(&turn).map(PendingChanges::take).unwrap_or_default()
    }

    /// Tells them until it is dropped.
    pub(super) async fn run(self, bus: Bus) {
        let mut due = clock::every(EVERY / u32::from(TURNS));
        for turn in (0..TURNS).cycle() {
            due.tick().await;
            let mut confirms = Vec::new();
            for (user, games) in self.take(turn) {
                let game = |change: &Change| ChangedGame { game_id: change.game_id, figures: Data::encode(change) };
                let changed = UserMessage::StatsChanged(games.iter().map(game).collect());
                let key = changed.key(user);
                if bus.wants(&key) {
                    let message = Message::new(key, changed.envelope(user, clock::now()));
                    confirms.push(bus.publish(message).await);
                }
            }
            // A message whose confirm nobody waits for is not sent; whether it is taken does not matter: what counts is
            // in the tables.
            let _ = tokio::time::timeout(CONFIRM_TIMEOUT, join_all(confirms)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn change(points: i64) -> Change {
        Change {
            game_id: GameId::default(),
            session_id: SessionId::default(),
            game_type: "kolkhoz".to_owned(),
            status: GameStatus::InProgress,
            points,
            balls_potted: 1,
            fouls: 0,
            net: Money::ZERO,
            currency: "RUB".to_owned(),
            won: false,
            lost: false,
        }
    }

    #[test]
    fn a_second_tells_each_player_once_and_no_moment_of_it_tells_all() {
        let announcer = StatsAnnouncer::default();
        let users: Vec<UserId> = (0..300).map(|n| UserId(Uuid::from_u128(n))).collect();
        for points in [1, 2] {
            announcer.add(users.iter().map(|&user| (user, change(points))));
        }
        let turns: Vec<_> = (0..TURNS).map(|turn| announcer.take(turn)).collect();
        assert!(turns.iter().all(|told| told.len() <= USERS_MAX), "{turns:?}");
        let mut told: Vec<_> = turns.into_iter().flatten().collect();
        told.sort_by_key(|(user, _)| *user);
        assert_eq!(told.iter().map(|(user, _)| *user).collect::<Vec<_>>(), users);
        assert!(told.iter().all(|(_, games)| games.len() == 1 && games[0].points == 2), "as it is by then");
        assert!((0..TURNS).all(|turn| announcer.take(turn).is_empty()));
    }

    #[test]
    fn where_too_many_share_a_turn_the_rest_waits_for_the_next() {
        let announcer = StatsAnnouncer::default();
        let user = |n: usize| UserId(Uuid::from_u128(n as u128 * u128::from(TURNS)));
        announcer.add((0..USERS_MAX + 5).map(|n| (user(n), change(1))));
        assert_eq!(announcer.take(0).len(), USERS_MAX);
        announcer.add([(user(0), change(2))]);
        let rest: Vec<UserId> = announcer.take(0).into_iter().map(|(user, _)| user).collect();
        assert_eq!(rest, [(USERS_MAX..USERS_MAX + 5).map(user).collect(), vec![user(0)]].concat());
    }
}
