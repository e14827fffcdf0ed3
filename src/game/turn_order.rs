//! Who plays after whom: orders drawn without repeat, reversed, and with the one who breaks in front.
//!
//! - Every order has a rank among the n! (Lehmer code over the place order), so an order is one drawn number, and a
//!   played one is a number in a set.
//! - `random_no_repeat` counts every game of exactly these players, given orders too. A cancelled game counts for nothing:
//!   its order may come again, the next one is drawn as if it had never begun.
//! - Who potted the last ball of the game before breaks, which is stronger than not repeating: when all orders with
//!   him in front were played, one of them is played again. A reversed order is turned until he is in front.

use std::collections::{BTreeSet, VecDeque};

use super::discipline::Order;
use crate::ids::{Dice, ParticipantId};

/// An order of an earlier game.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlayedOrder<'a> {
    pub(super) order: &'a [ParticipantId],
    pub(super) reversed: bool,
}

/// What the next order is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw<'a> {
    pub(super) rule: Order,
    pub(super) alternate_direction: bool,
    /// In the order of places.
    pub(super) players: &'a [ParticipantId],
    /// Who potted the last ball of the game before.
    pub(super) breaker: Option<ParticipantId>,
    pub(super) dice: Dice,
}

/// Orders of larger groups are remembered for as long as those of six: 6! games.
const MEMORY: usize = 720;

impl Draw<'_> {
    /// The next order, and whether it is the one before, reversed.
    pub(super) fn draw<'p>(
        &self,
        played: impl DoubleEndedIterator<Item = PlayedOrder<'p>> + Clone,
    ) -> (Vec<ParticipantId>, bool) {
        if let Some(last) = played.clone().next_back()
            && self.alternate_direction
            && !last.reversed
            && self.is_mine(last.order)
        {
            let mut order: Vec<_> = last.order.iter().rev().copied().collect();
            if let Some(first) = self.breaker.and_then(|breaker| order.iter().position(|player| *player == breaker)) {
                order.rotate_left(first);
            }
            return (order, true);
        }
        let n = self.players.len();
        let first = self.breaker.and_then(|breaker| self.players.iter().position(|player| *player == breaker));
        // All orders with the same first player are neighbours in rank.
        let (start, many) = match first {
            Some(first) => ((first as u64).saturating_mul(factorial(n - 1)), factorial(n - 1)),
            None => (0, factorial(n)),
        };
        let drawn = self.dice.draw(0) % many;
        let rank = |step: u64| start.saturating_add(drawn.saturating_add(step) % many);
        let taken = match self.rule {
            Order::AlwaysRandom | Order::Manual => BTreeSet::new(),
            Order::RandomNoRepeat => self.taken(played),
        };
        let free = (0..many).take(MEMORY + 1).map(rank).find(|rank| !taken.contains(rank));
        (unrank(free.unwrap_or(rank(0)), self.players), false)
    }

    /// The ranks that these players may not have again yet.
    fn taken<'p>(&self, played: impl DoubleEndedIterator<Item = PlayedOrder<'p>>) -> BTreeSet<u64> {
        let mine = played.filter(|played| self.is_mine(played.order)).map(|played| rank(played.order, self.players));
        if self.players.len() > 6 {
            return mine.rev().take(MEMORY).collect();
        }
        let all = factorial(self.players.len());
        let mut taken = BTreeSet::new();
        for rank in mine {
            taken.insert(rank);
            if taken.len() as u64 >= all {
                taken.clear();
            }
        }
        taken
    }

    fn is_mine(&self, order: &[ParticipantId]) -> bool {
        order.len() == self.players.len() && order.iter().all(|player| self.players.contains(player))
    }
}

fn factorial(n: usize) -> u64 {
    (1..=n as u64).fold(1, u64::saturating_mul)
}

fn rank(order: &[ParticipantId], players: &[ParticipantId]) -> u64 {
    let mut left: VecDeque<_> = players.iter().copied().collect();
    order.iter().fold(0_u64, |rank, player| {
        let index = left.iter().position(|other| other == player).unwrap_or(0);
        let rank = rank.saturating_mul(left.len() as u64).saturating_add(index as u64);
        left.remove(index);
        rank
    })
}

fn unrank(mut rank: u64, players: &[ParticipantId]) -> Vec<ParticipantId> {
    let mut left: VecDeque<_> = players.iter().copied().collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let block = factorial(left.len() - 1);
        let index = ((rank / block) as usize).min(left.len() - 1);
        rank %= block;
        order.extend(left.remove(index));
    }
    order
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn players(n: u128) -> Vec<ParticipantId> {
        (0..n).map(|id| ParticipantId(Uuid::from_u128(id))).collect()
    }

    #[test]
    fn every_order_has_one_rank() {
        for n in 0..=6 {
            let players = players(n);
            let orders: BTreeSet<_> = (0..factorial(players.len())).map(|rank| unrank(rank, &players)).collect();
            assert_eq!(orders.len() as u64, factorial(players.len()));
            assert!((0..factorial(players.len())).all(|nth| rank(&unrank(nth, &players), &players) == nth));
        }
    }

    #[test]
    fn ten_players_have_their_last_rank_too() {
        let players = players(10);
        let last = unrank(factorial(10) - 1, &players);
        assert!(last.iter().rev().eq(&players));
        assert_eq!(rank(&last, &players), 3_628_799);
    }

    #[test]
    fn all_orders_are_drawn_about_equally_often() {
        let players = players(3);
        let mut drawn = [0_u32; 6];
        for seed in 0..6000 {
            let draw = Draw {
                rule: Order::AlwaysRandom,
                alternate_direction: false,
                players: &players,
                breaker: None,
                dice: Dice(seed),
            };
            drawn[rank(&draw.draw([].into_iter()).0, &players) as usize] += 1;
        }
        assert!(drawn.iter().all(|times| (850..1150).contains(times)), "{drawn:?}");
    }
}
