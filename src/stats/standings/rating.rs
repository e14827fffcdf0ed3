//! PURE: Glicko-2 ratings, a fold over ended games in the order they ended.
//!
//! After Mark Glickman, "Example of the Glicko-2 system" (2022): everybody begins at 1500 with a deviation of 350. Each
//! game is a rating period of its own for those who played it. Where more than two play each for himself, as in kolkhoz,
//! the game counts as one against each of the others, won by the better place (the decomposition into pairs of Weng and
//! Lin, "A Bayesian approximation method for online ranking", 2011); where sides play, against each of the other side.
//! Whoever has no account is nobody's opponent, and a game that nobody won rates nobody.

use std::collections::{HashMap, VecDeque};

use skillratings::Outcomes;
use skillratings::glicko2::{Glicko2Config, Glicko2Rating, glicko2_rating_period};

use super::ended_game::{EndedGame, GameKey, Name, UserIndex};

/// The last games, of which it is kept what ratings were before: what changes among them costs those after it alone. A
/// change before them costs a fold over everything.
pub(super) const TRAIL_MAX: usize = 20_000;

/// Whose rating, by which games: those of one kind, or all.
type Subject = (Option<Name>, UserIndex);

/// What a game changed, as it was before.
type FormerRatings = Vec<(Subject, Option<Glicko2Rating>)>;

/// The ratings after some games.
pub(super) struct Ratings {
    trail_max: usize,
    /// By user, for each kind of game: there are few kinds, and a board looks at all users.
    now: HashMap<Option<Name>, Vec<Option<Glicko2Rating>>>,
    /// What the last games found.
    trail: VecDeque<(GameKey, FormerRatings)>,
    /// Games were rated that the trail does not reach back to.
    is_cut: bool,
}

impl Ratings {
    pub(super) fn new(trail_max: usize) -> Self {
        Self { trail_max, now: HashMap::new(), trail: VecDeque::new(), is_cut: false }
    }

    pub(super) fn of(&self, kind: Option<Name>, user: UserIndex) -> Option<Glicko2Rating> {
        self.of_all(kind).get(user as usize).copied().flatten()
    }

    /// Those of all users, by their numbers; whoever is behind the last of them has none.
    pub(super) fn of_all(&self, kind: Option<Name>) -> &[Option<Glicko2Rating>] {
        self.now.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Answers what it was before.
    fn set(&mut self, (kind, user): Subject, rating: Option<Glicko2Rating>) -> Option<Glicko2Rating> {
        let (of_kind, at) = (self.now.entry(kind).or_default(), user as usize);
        if of_kind.len() <= at {
            of_kind.resize(at + 1, None);
        }
        of_kind.get_mut(at).and_then(|now| std::mem::replace(now, rating))
    }

    /// Rates one more game, which ended after all others.
    pub(super) fn rate(&mut self, key: GameKey, game: &EndedGame) {
        let mut before = Vec::new();
        for kind in [None, Some(game.game_type)] {
            let found: Vec<_> = game.players.iter().map(|player| self.of(kind, player.user)).collect();
            for (at, player) in game.players.iter().enumerate() {
                let opponents: Vec<_> = (0..game.players.len())
                    .filter_map(|other| Some((found[other].unwrap_or_default(), game.outcome(at, other)?)))
                    .collect();
                if opponents.is_empty() {
                    continue;
                }
                let mine = found[at].unwrap_or_default();
                let rated = glicko2_rating_period(&mine, &opponents, &Glicko2Config::new());
                before.push(((kind, player.user), self.set((kind, player.user), Some(rated))));
            }
        }
        self.trail.push_back((key, before));
        if self.trail.len() > self.trail_max {
            self.trail.pop_front();
            self.is_cut = true;
        }
    }

    /// Takes back all games from this one on. Answers from where on games are to be rated again: `None`: all of them.
    pub(super) fn rewind(&mut self, to: GameKey) -> Option<GameKey> {
        let is_within = |ratings: &Self| ratings.trail.front().is_some_and(|(first, _)| *first <= to);
        if self.is_cut && !is_within(self) {
            *self = Self::new(self.trail_max);
            return None;
        }
        while self.trail.back().is_some_and(|(last, _)| *last >= to) {
            let Some((_, before)) = self.trail.pop_back() else { break };
            for (subject, rating) in before.into_iter().rev() {
                self.set(subject, rating);
            }
        }
        Some(to)
    }
}

impl EndedGame {
    /// How a player did against another one; `None` for two of one side, and where nobody won.
    fn outcome(&self, player: usize, other: usize) -> Option<Outcomes> {
        let (mine, other) = (self.players.get(player)?, self.players.get(other)?);
        if mine.user == other.user || !self.players.iter().any(|player| player.won) {
            return None;
        }
        match mine.place.cmp(&other.place) {
            std::cmp::Ordering::Less => Some(Outcomes::WIN),
            std::cmp::Ordering::Greater => Some(Outcomes::LOSS),
            std::cmp::Ordering::Equal if self.is_of_two_sides => None,
            std::cmp::Ordering::Equal => Some(Outcomes::DRAW),
        }
    }
}
