//! Tells players that their statistics changed: gathered in memory, sent at most once a second to each of them. Nothing
//! waits in the outbox for it, since what is lost with a process is only a hint: the statistics themselves are stored.

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
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);
/// Users told at once; under load the others wait, and what they hear comes in fewer, fuller messages.
const USERS_MAX: usize = 500;

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

#[derive(Default)]
struct PendingChanges {
    users: VecDeque<UserId>,
    changes: HashMap<UserId, BTreeMap<GameId, Change>>,
}

/// What is still to be told.
#[derive(Clone, Default)]
pub(super) struct StatsAnnouncer(Arc<Mutex<PendingChanges>>);

impl StatsAnnouncer {
    pub(super) fn add(&self, changes: impl IntoIterator<Item = (UserId, Change)>) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (user, change) in changes {
            let PendingChanges { users, changes } = &mut *gathered;
            let games = changes.entry(user).or_insert_with(|| {
                users.push_back(user);
                BTreeMap::new()
            });
            games.insert(change.game_id, change);
        }
    }

    /// Those that wait longest.
    fn take(&self) -> Vec<(UserId, Vec<Change>)> {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = gathered.users.len().min(USERS_MAX);
        let users: Vec<UserId> = gathered.users.drain(..count).collect();
        let games = |user| Some((user, gathered.changes.remove(&user)?.into_values().collect()));
        users.into_iter().filter_map(games).collect()
    }

    /// Tells them until it is dropped.
    pub(super) async fn run(self, bus: Bus) {
        let mut due = clock::every(EVERY);
        loop {
            due.tick().await;
            let mut confirms = Vec::new();
            for (user, games) in self.take() {
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
