//! What a scoreboard comes to: live scores and money, places, winners.
//!
//! - Equals share a place and the next one is skipped: 1, 1, 3. What places are made of, and who has won, is for the
//!   discipline to say.

use super::discipline::{Rules, Share};
use super::event::{Fine, GameResult, LiveNet, Score};
use super::scoreboard::{Scoreboard, Tally};
use crate::ids::{Money, ParticipantId, UserId};

impl Scoreboard {
    fn shares(&self, rules: &Rules) -> Vec<Share> {
        rules.discipline().shares(self)
    }

    /// Everybody's live money, in order.
    pub(super) fn nets(&self, rules: &Rules) -> impl Iterator<Item = Money> {
        self.shares(rules).into_iter().map(Share::net)
    }

    /// The money that differs from the one at `before`.
    pub(super) fn changed_nets(&self, before: &Scoreboard, rules: &Rules, order: &[ParticipantId]) -> Vec<LiveNet> {
        let nets = before.nets(rules).zip(self.nets(rules)).zip(order);
        let changed = nets.filter(|((before, now), _)| before != now);
        changed.map(|((_, net), player)| LiveNet { participant_id: *player, net }).collect()
    }

    pub(super) fn scores(&self, rules: &Rules, order: &[ParticipantId]) -> Vec<Score> {
        let columns = self.tallies.iter().zip(self.nets(rules)).zip(order).enumerate();
        let score = |(index, ((tally, net), player)): (usize, ((&Tally, Money), &ParticipantId))| {
            let visit = rules.discipline().visits(self, index).map(|visits| visits.figures);
            Score {
                participant_id: *player,
                points: tally.total(),
                balls_potted: tally.balls,
                fouls: tally.fouls,
                net,
                current_break: visit.map(|visit| visit.current_break),
                high_break: visit.map(|visit| visit.high_break),
                visits: visit.map(|visit| visit.visits),
            }
        };
        columns.map(score).collect()
    }

    /// By place, then by order.
    pub(super) fn results(
        &self,
        rules: &Rules,
        order: &[ParticipantId],
        user_of: impl Fn(ParticipantId) -> Option<UserId>,
    ) -> Vec<GameResult> {
        let columns = self.tallies.iter().zip(self.shares(rules)).zip(self.places(rules)).zip(order);
        let result = |(((tally, share), place), player): (((&Tally, Share), u32), &ParticipantId)| GameResult {
            participant_id: *player,
            user_id: user_of(*player),
            place,
            points: tally.total(),
            balls_potted: tally.balls,
            fouls: tally.fouls,
            earned: share.earned,
            paid: share.paid,
            net: share.net(),
        };
        let mut results: Vec<_> = columns.map(result).collect();
        results.sort_by_key(|result| result.place);
        results
    }

    pub(super) fn winners(&self, rules: &Rules, order: &[ParticipantId]) -> Vec<ParticipantId> {
        let players = order.iter().enumerate().zip(self.places(rules));
        players
            .filter(|((player, _), place)| rules.discipline().has_won(self, *player, *place))
            .map(|((_, id), _)| *id)
            .collect()
    }

    /// Everybody's place, in order.
    fn places(&self, rules: &Rules) -> Vec<u32> {
        let heights = rules.discipline().heights(self);
        let place = |height: &i64| 1 + heights.iter().filter(|other| *other > height).count() as u32;
        heights.iter().map(place).collect()
    }

    /// Fines that wait for the next pot, by owner.
    pub(super) fn open_fines(&self, order: &[ParticipantId]) -> Vec<Fine> {
        let owners = self.tallies.iter().zip(order).filter(|(tally, _)| tally.fines_open > 0);
        owners.map(|(tally, owner)| Fine { participant_id: *owner, points: tally.fines_open }).collect()
    }
}
