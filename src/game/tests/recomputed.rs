//! Every balance of an evening from its log alone, by the rules as they are written down: nothing here uses the code that
//! it is held against. Of snooker, what a frame came to is taken from the events that say so.

use std::collections::BTreeMap;

use crate::game::discipline::{Kolkhoz, KolkhozFoul, LastBall, Payer, Pyramid, PyramidFoul, Rules};
use crate::game::event::{Event, Fact, GameResult, TableShare};
use crate::game::money::TableSplit;
use crate::ids::{GameId, ParticipantId, Seq};

/// Everybody's balance; who is not in it has nothing to pay or get.
pub(super) fn balances(log: &[Event]) -> BTreeMap<ParticipantId, i64> {
    let mut evening = Recomputed::default();
    for event in log {
        evening.hear(event);
    }
    evening.sums()
}

#[derive(Default)]
struct Recomputed {
    rules: Rules,
    games: Vec<Played>,
    entries: Vec<(Seq, Fact)>,
}

struct Played {
    id: GameId,
    rules: Rules,
    order: Vec<ParticipantId>,
    /// As they count: what was forgotten stands where it was put.
    marks: Vec<Marked>,
    is_completed: bool,
    /// It was let go on by hand there: nothing before decides it.
    opened_at: Seq,
    told: Vec<GameResult>,
}

struct Marked {
    seq: Seq,
    player: usize,
    what: What,
    is_voided: bool,
    /// The event that moved it, to whom, and whether that was taken back.
    moves: Vec<(Seq, usize, bool)>,
}

#[derive(Clone)]
enum What {
    Ball(String),
    Foul(i64),
    Nothing,
}

impl Recomputed {
    fn hear(&mut self, event: &Event) {
        match &event.fact {
            Fact::SessionCreated(created) => self.rules = created.rules.clone(),
            Fact::SettingsChanged(changed) => self.rules = changed.rules.clone().unwrap_or(self.rules.clone()),
            Fact::GameStarted(started) => self.games.push(Played {
                id: event.game_id.expect("a game"),
                rules: self.rules.clone(),
                order: started.order.clone(),
                marks: Vec::new(),
                is_completed: false,
                opened_at: Seq::ZERO,
                told: Vec::new(),
            }),
            Fact::ExpenseAdded(_) | Fact::TableStopped(_) | Fact::PaymentMarked(_) => {
                self.entries.push((event.seq, event.fact.clone()));
            }
            Fact::EntryVoided(voided) => self.entries.retain(|(seq, _)| *seq != voided.voided_seq),
            _ => {
                if let Some(game) = self.games.iter_mut().find(|game| Some(game.id) == event.game_id) {
                    game.hear(event);
                }
            }
        }
    }

    fn sums(self) -> BTreeMap<ParticipantId, i64> {
        let mut of_games: BTreeMap<ParticipantId, i64> = BTreeMap::new();
        for game in self.games.iter().filter(|game| game.is_completed) {
            for (id, net) in game.order.iter().zip(game.nets()) {
                *of_games.entry(*id).or_default() += net;
            }
        }
        let mut sums = of_games.clone();
        let mut add = |id: ParticipantId, amount: i64| *sums.entry(id).or_default() += amount;
        for (_, entry) in &self.entries {
            match entry {
                Fact::ExpenseAdded(added) => {
                    let many = added.shares.len() as i64;
                    add(added.paid_by, added.amount.0);
                    for (index, share) in added.shares.iter().enumerate() {
                        let extra = i64::from((index as i64) < added.amount.0 % many);
                        add(share.participant_id, -(added.amount.0 / many + extra));
                    }
                }
                Fact::TableStopped(stopped) => {
                    add(stopped.paid_by, stopped.amount.0);
                    let weigh = |share: &TableShare| match stopped.split {
                        TableSplit::Equally => 0,
                        TableSplit::Losers => -of_games.get(&share.participant_id).copied().unwrap_or(0).min(0),
                        TableSplit::ByTime => share.milliseconds,
                    };
                    let weights: Vec<i64> = stopped.shares.iter().map(weigh).collect();
                    for (share, amount) in stopped.shares.iter().zip(split(stopped.amount.0, weights)) {
                        add(share.participant_id, -amount);
                    }
                }
                Fact::PaymentMarked(marked) => {
                    add(marked.from, marked.amount.0);
                    add(marked.to, -marked.amount.0);
                }
                _ => panic!("no entry"),
            }
        }
        sums
    }
}

/// Kopeck by kopeck to whom is owed most of one; by equal weights where there are none.
fn split(amount: i64, mut weights: Vec<i64>) -> Vec<i64> {
    if weights.iter().all(|weight| *weight == 0) {
        weights.fill(1);
    }
    let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let exact: Vec<i128> = weights.iter().map(|weight| i128::from(amount) * i128::from(*weight)).collect();
    let mut shares: Vec<i128> = exact.iter().map(|exact| exact / total).collect();
    while shares.iter().sum::<i128>() < i128::from(amount) {
        let owed = |index: &usize| exact[*index] - shares[*index] * total;
        let most = (0..shares.len()).rev().max_by_key(owed).expect("somebody");
        shares[most] += 1;
    }
    shares.into_iter().map(|share| share as i64).collect()
}

impl Played {
    fn hear(&mut self, event: &Event) {
        match &event.fact {
            Fact::BallPotted(potted) => {
                let what = What::Ball(potted.color.clone());
                let told = potted.correction.as_ref().map(|correction| &correction.results);
                self.mark(event.seq, potted.participant_id, what, told);
            }
            Fact::FoulCommitted(foul) => {
                let told = foul.correction.as_ref().map(|correction| &correction.results);
                self.mark(event.seq, foul.participant_id, What::Foul(foul.points), told);
            }
            Fact::TurnChanged(turn) => {
                let told = turn.correction.as_ref().map(|correction| &correction.results);
                self.mark(event.seq, turn.participant_id, What::Nothing, told);
            }
            Fact::EventVoided(voided) => {
                for mark in &mut self.marks {
                    mark.is_voided |= mark.seq == voided.voided_seq;
                    for (seq, _, is_voided) in &mut mark.moves {
                        *is_voided |= *seq == voided.voided_seq;
                    }
                }
                self.told = voided.standing.results.clone().unwrap_or_default();
            }
            Fact::EventReassigned(moved) => {
                let player = self.index(moved.participant_id);
                let mark = self.marks.iter_mut().find(|mark| mark.seq == moved.reassigned_seq).expect("a mark");
                mark.moves.push((event.seq, player, false));
                self.told = moved.standing.results.clone().unwrap_or_default();
            }
            Fact::GameReopened(reopened) => {
                self.is_completed = false;
                if reopened.cause == "manual" {
                    self.opened_at = event.seq;
                }
            }
            Fact::GameEnded(ended) => {
                self.is_completed = true;
                self.told = ended.results.clone();
            }
            _ => {}
        }
    }

    fn mark(&mut self, seq: Seq, of: ParticipantId, what: What, correction: Option<&Vec<GameResult>>) {
        let mark = Marked { seq, player: self.index(of), what, is_voided: false, moves: Vec::new() };
        let place = correction.and_then(|_| self.fold().decided_by);
        let place = place.and_then(|seq| self.marks.iter().position(|mark| mark.seq == seq));
        self.marks.insert(place.unwrap_or(self.marks.len()), mark);
        self.told = correction.cloned().unwrap_or_default();
    }

    fn index(&self, of: ParticipantId) -> usize {
        self.order.iter().position(|id| *id == of).expect("a player")
    }

    /// The marks that count, each with its player.
    fn standing(&self) -> impl Iterator<Item = (Seq, usize, What)> {
        self.marks.iter().filter(|mark| !mark.is_voided).map(|mark| {
            let moved = mark.moves.iter().rev().find(|(_, _, is_voided)| !is_voided);
            (mark.seq, moved.map_or(mark.player, |(_, player, _)| *player), mark.what.clone())
        })
    }

    fn fold(&self) -> Fold {
        match &self.rules {
            Rules::Kolkhoz(rules) => self.fold_kolkhoz(rules),
            Rules::Americana(rules) | Rules::MoscowPyramid(rules) => self.fold_pyramid(rules),
            Rules::Snooker(_) => self.fold_snooker(),
        }
    }

    fn fold_kolkhoz(&self, rules: &Kolkhoz) -> Fold {
        let players = self.order.len();
        let mut fold = Fold::new(players);
        let mut left: BTreeMap<&str, Option<u32>> =
            rules.balls.iter().map(|ball| (ball.color.name(), ball.count)).collect();
        let mut bulls = vec![0; players];
        for (seq, player, what) in self.standing() {
            match what {
                What::Ball(color) => {
                    if let Some(count) = left.get_mut(color.as_str()).expect("a ball of the rules") {
                        *count = count.saturating_sub(1);
                    }
                    let value = rules.balls.iter().find(|ball| ball.color.name() == color).expect("a ball").points;
                    let is_last = left.values().all(|left| *left == Some(0));
                    fold.points[player] += match rules.last_ball {
                        LastBall::ValuePlusOne if is_last => value + 1,
                        LastBall::PlayerCount if is_last => players as i64,
                        LastBall::PlayerCountPlusValue if is_last => value + players as i64,
                        _ => value,
                    };
                    for (owner, bulls) in bulls.iter_mut().enumerate() {
                        let fines = std::mem::take(bulls);
                        fold.bulls[player] += fines;
                        fold.bulls[owner] -= fines;
                    }
                    if is_last && seq > self.opened_at {
                        fold.decided_by = Some(seq);
                        return fold;
                    }
                }
                What::Foul(points) => match rules.foul {
                    KolkhozFoul::Subtract { .. } => fold.points[player] -= points,
                    KolkhozFoul::Pool { .. } => bulls[player] += points,
                    KolkhozFoul::None {} => {}
                },
                What::Nothing => {}
            }
        }
        fold
    }

    fn fold_pyramid(&self, rules: &Pyramid) -> Fold {
        let mut fold = Fold::new(self.order.len());
        for (seq, player, what) in self.standing() {
            let scorer = match (&what, rules.foul) {
                (What::Nothing, _) => continue,
                (What::Foul(_), PyramidFoul::OpponentPlusOne {}) => player ^ 1,
                _ => player,
            };
            let is_fine = matches!((&what, rules.foul), (What::Foul(_), PyramidFoul::OffenderMinusOne {}));
            fold.points[scorer] += if is_fine { -1 } else { 1 };
            let side = |side: usize| fold.points.iter().skip(side).step_by(2).sum::<i64>();
            let winner = [scorer % 2, 1 - scorer % 2].into_iter().find(|of| side(*of) >= rules.target_balls);
            if winner.is_some() && seq > self.opened_at {
                fold.winner = winner;
                fold.decided_by = Some(seq);
                return fold;
            }
        }
        fold
    }

    /// Only where what was forgotten is put is asked of it, and that has no weight where the money is taken from the log.
    fn fold_snooker(&self) -> Fold {
        Fold::new(self.order.len())
    }

    fn nets(&self) -> Vec<i64> {
        let fold = self.fold();
        let players = self.order.len();
        match &self.rules {
            Rules::Kolkhoz(rules) => (0..players)
                .map(|player| {
                    let points = match rules.payer {
                        Payer::Previous => fold.points[player] - fold.points[(player + 1) % players],
                        Payer::Everyone => fold.points.iter().map(|other| fold.points[player] - other).sum(),
                    };
                    (points + fold.bulls[player]) * rules.point_price.0
                })
                .collect(),
            Rules::Americana(rules) | Rules::MoscowPyramid(rules) => (0..players)
                .map(|player| match fold.winner {
                    None => 0,
                    Some(winner) if player % 2 == winner => rules.game_price.0,
                    Some(_) => -rules.game_price.0,
                })
                .collect(),
            Rules::Snooker(_) => {
                let net = |id: &ParticipantId| self.told.iter().find(|result| result.participant_id == *id);
                self.order.iter().map(|id| net(id).map_or(0, |result| result.net.0)).collect()
            }
        }
    }
}

/// What the marks come to, by player.
struct Fold {
    points: Vec<i64>,
    /// Fines got less fines paid.
    bulls: Vec<i64>,
    winner: Option<usize>,
    decided_by: Option<Seq>,
}

impl Fold {
    fn new(players: usize) -> Self {
        Fold { points: vec![0; players], bulls: vec![0; players], winner: None, decided_by: None }
    }
}
