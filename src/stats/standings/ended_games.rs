//! PURE: the ended games in memory, in the order they ended, and what boards are counted from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ended_game::{EndedGame, GameKey, Name, SessionIndex, UserIndex};
use super::rating::Ratings;
use crate::ids::{GameId, Money, SessionId, Timestamp, UserId};

/// The rating of somebody who was never rated.
const RATING_FIRST: f64 = 1_500.0;

/// Sums of one player.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) games: i64,
    pub(super) wins: i64,
    /// Of the currency that is asked for.
    pub(super) net: Money,
}

/// By what players are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Measure)]
pub(in crate::stats) enum Ranking {
    #[default]
    Net,
    Wins,
    /// Only those who are rated.
    Rating,
}

/// Which games count, and whose.
pub(super) struct BoardFilter<'a> {
    /// Games that ended then or later.
    pub(super) since: Timestamp,
    pub(super) game_type: Option<&'a str>,
    /// Of which money `net` is.
    pub(super) currency: &'a str,
    /// Only games that were played for it.
    pub(super) is_of_currency_only: bool,
    pub(super) ranking: Ranking,
    /// Only these players; `None`: all.
    pub(super) among: Option<&'a HashSet<UserId>>,
    /// Only games of these sessions, each named once; `None`: all.
    pub(super) sessions: Option<&'a [SessionId]>,
    /// Only what comes behind that value and player.
    pub(super) after: Option<(i64, UserId)>,
    pub(super) limit: usize,
}

/// A player on a board.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stats) struct Standing {
    pub(in crate::stats) user: UserId,
    /// Equal values share one: 1, 1, 3.
    pub(in crate::stats) rank: i64,
    /// What it is ranked by.
    pub(in crate::stats) value: i64,
    pub(in crate::stats) games: i64,
    pub(in crate::stats) wins: i64,
    pub(in crate::stats) net: Money,
    pub(in crate::stats) rating: i64,
}

/// What a player is ranked by, the player, and where the player's sums are.
type Candidate = (i64, UserId, usize);

/// Things by number, each once.
struct Numbers<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn number(&mut self, thing: &T) -> u32 {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        number
    }
}

/// All ended games, and sums over them.
pub(super) struct EndedGames {
    users: Numbers<UserId>,
    sessions: Numbers<SessionId>,
    names: Numbers<String>,
    ended: HashMap<GameId, Timestamp>,
    games: BTreeMap<GameKey, EndedGame>,
    /// The same games by session: a board of some sessions looks at no others.
    of_sessions: BTreeSet<(SessionIndex, GameKey)>,
    /// Over all games of that type and currency, by the numbers of users: there are few of these, and a board looks at
    /// all users.
    totals: HashMap<(Name, Option<Name>), Vec<Tally>>,
    ratings: Ratings,
    /// The first game that is not rated as it stands now.
    unrated: Option<GameKey>,
}

impl EndedGames {
    /// Without any. `trail_max`: how many games back a change is cheap.
    pub(super) fn new(trail_max: usize) -> Self {
        Self {
            users: Numbers::default(),
            sessions: Numbers::default(),
            names: Numbers::default(),
            ended: HashMap::new(),
            games: BTreeMap::new(),
            of_sessions: BTreeSet::new(),
            totals: HashMap::new(),
            ratings: Ratings::new(trail_max),
            unrated: None,
        }
    }

    pub(super) fn user(&mut self, id: UserId) -> UserIndex {
        self.users.number(&id)
    }

    pub(super) fn session(&mut self, id: SessionId) -> SessionIndex {
        self.sessions.number(&id)
    }

    pub(super) fn name(&mut self, name: &str) -> Name {
        self.names.number(&name.to_owned())
    }

    /// A game as it stands now; `None`: it has not ended, or counts for nothing. [`EndedGames::rate`] follows.
    pub(super) fn set(&mut self, id: GameId, now: Option<(Timestamp, EndedGame)>) {
        let before = self.ended.get(&id).map(|at| (*at, id));
        if let (Some(key), Some((at, game))) = (before, &now)
            && key.0 == *at
            && self.games.get(&key) == Some(game)
        {
            return;
        }
        if let Some(key) = before {
            self.ended.remove(&id);
            if let Some(gone) = self.games.remove(&key) {
                self.of_sessions.remove(&(gone.session, key));
                self.count(&gone, -1);
            }
            self.must_rate(key);
        }
        if let Some((at, game)) = now {
            self.count(&game, 1);
            self.ended.insert(id, at);
            self.of_sessions.insert((game.session, (at, id)));
            self.games.insert((at, id), game);
            self.must_rate((at, id));
        }
    }

    fn must_rate(&mut self, key: GameKey) {
        self.unrated = Some(self.unrated.map_or(key, |first| first.min(key)));
    }

    fn count(&mut self, game: &EndedGame, times: i64) {
        let totals = self.totals.entry((game.game_type, game.currency)).or_default();
        for player in &game.players {
            let at = player.user as usize;
            if totals.len() <= at {
                totals.resize(at + 1, Tally::default());
            }
            if let Some(tally) = totals.get_mut(at) {
                tally.add(times, times * i64::from(player.won), player.net.times(times));
            }
        }
    }

    /// Is everything rated as it stands now?
    pub(super) fn is_rated(&self) -> bool {
        self.unrated.is_none()
    }

    /// Brings the ratings up to the games as they stand now.
    pub(super) fn rate(&mut self) {
        let Some(first) = self.unrated.take() else { return };
        let from = self.ratings.rewind(first);
        let again = from.map_or_else(|| self.games.range(..), |from| self.games.range(from..));
        for (key, game) in again {
            self.ratings.rate(*key, game);
        }
    }

    /// The rating of a player in games of one type, rounded, and its deviation; `None`: never rated.
    pub(super) fn rating(&self, user: UserId, game_type: &str) -> Option<(i64, i64)> {
        let (user, kind) = (self.users.numbers.get(&user)?, self.names.numbers.get(game_type)?);
        let rating = self.ratings.of(Some(*kind), *user)?;
        Some((rating.rating.round() as i64, rating.deviation.round() as i64))
    }

    /// One page of a board, in order.
    pub(super) fn board(&self, filter: &BoardFilter<'_>) -> Vec<Standing> {
        let kind = filter.game_type.map(|name| self.names.numbers.get(name).copied());
        // Nobody has played that.
        if kind == Some(None) {
            return Vec::new();
        }
        let kind = kind.flatten();
        let tallies = self.tallies(filter, kind);
        let ratings = self.ratings.of_all(kind);
        let rating = |at: usize| ratings.get(at).copied().flatten().map(|rating| rating.rating);
        let candidate = |at: usize| -> Option<Candidate> {
            let tally = tallies.get(at).filter(|tally| tally.games > 0)?;
            let value = match filter.ranking {
                Ranking::Net => tally.net.0,
                Ranking::Wins => tally.wins,
                Ranking::Rating => rating(at)?.round() as i64,
            };
            Some((value, *self.users.all.get(at)?, at))
        };
        let candidates: Vec<Candidate> = match filter.among {
            None => (0..tallies.len()).filter_map(candidate).collect(),
            Some(among) => {
                let known = among.iter().filter_map(|user| self.users.numbers.get(user));
                known.filter_map(|user| candidate(*user as usize)).collect()
            }
        };
        let is_behind = |(value, user, _): &Candidate| {
            filter.after.is_none_or(|(last, last_user)| *value < last || (*value == last && *user > last_user))
        };
        let mut page: Vec<Candidate> = candidates.iter().copied().filter(is_behind).collect();
        let ahead = candidates.len() - page.len();
        let order = |a: &Candidate, b: &Candidate| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        if page.len() > filter.limit && filter.limit > 0 {
            page.select_nth_unstable_by(filter.limit - 1, order);
        }
        page.truncate(filter.limit);
        page.sort_unstable_by(order);
        let mut rank = page.first().map_or(0, |first| 1 + candidates.iter().filter(|one| one.0 > first.0).count());
        let mut last = page.first().map(|first| first.0);
        let standing = |(place, (value, user, at)): (usize, Candidate)| {
            if last != Some(value) {
                rank = 1 + ahead + place;
            }
            last = Some(value);
            let Tally { games, wins, net } = tallies.get(at).copied().unwrap_or_default();
            let rating = rating(at).unwrap_or(RATING_FIRST).round() as i64;
            Standing { user, rank: rank as i64, value, games, wins, net, rating }
        };
        page.into_iter().enumerate().map(standing).collect()
    }

    /// The sums of all players, by their numbers.
    fn tallies(&self, filter: &BoardFilter<'_>, kind: Option<Name>) -> Vec<Tally> {
        let currency = self.names.numbers.get(filter.currency).copied();
        let counts = |of: Name, paid_in: Option<Name>| {
            kind.is_none_or(|kind| kind == of)
                && (!filter.is_of_currency_only || (paid_in.is_some() && paid_in == currency))
        };
        let net = |paid_in: Option<Name>, net: Money| {
            if paid_in.is_some() && paid_in == currency { net } else { Money::ZERO }
        };
        let mut tallies = vec![Tally::default(); self.users.all.len()];
        if filter.since == Timestamp::default() && filter.sessions.is_none() {
            for ((_, paid_in), totals) in self.totals.iter().filter(|((of, paid_in), _)| counts(*of, *paid_in)) {
                for (tally, total) in tallies.iter_mut().zip(totals) {
                    tally.add(total.games, total.wins, net(*paid_in, total.net));
                }
            }
            return tallies;
        }
        let add = |game: &EndedGame| {
            for player in game.players.iter().filter(|_| counts(game.game_type, game.currency)) {
                if let Some(tally) = tallies.get_mut(player.user as usize) {
                    tally.add(1, i64::from(player.won), net(game.currency, player.net));
                }
            }
        };
        let since = (filter.since, GameId::default());
        match filter.sessions {
            Some(sessions) => sessions.iter().flat_map(|session| self.games_of(*session, since)).for_each(add),
            None => self.games.range(since..).map(|(_, game)| game).for_each(add),
        }
        tallies
    }

    /// The games of a session from there on.
    fn games_of(&self, session: SessionId, since: GameKey) -> impl Iterator<Item = &EndedGame> {
        let session = self.sessions.numbers.get(&session).copied();
        let keys = session.map(|session| {
            let last = (Timestamp::from_millis(i64::MAX), GameId(Uuid::max()));
            self.of_sessions.range((session, since)..=(session, last))
        });
        keys.into_iter().flatten().filter_map(|(_, key)| self.games.get(key))
    }
}

impl Tally {
    fn add(&mut self, games: i64, wins: i64, net: Money) {
        self.games += games;
        self.wins += wins;
        self.net += net;
    }
}
