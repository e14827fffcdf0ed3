//! What a schedule draws from its seed: the same seed draws the same.

use crate::ids::Dice;

/// Numbers, one after the other.
pub(super) struct Draws {
    dice: Dice,
    drawn: u64,
}

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice(u128::from(seed)), drawn: 0 }
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.dice.draw(self.drawn)
    }

    /// 0 up to and without `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }

    /// 0: never.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        n > 0 && self.below(n) == 0
    }

    pub(super) fn dice(&mut self) -> Dice {
        Dice(u128::from(self.draw()) << 64 | u128::from(self.draw()))
    }
}

/// How often each kind of fault happens: once in so many times; 0: never. Each schedule has its own, and not all kinds,
/// since many faults of one kind hide what few of another would show.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// A commit fails, and nothing is stored.
    pub(super) failed_commits: usize,
    /// It is stored, and its answer is lost.
    pub(super) lost_answers: usize,
    /// Its sender hears that it failed, and it is stored later, or never.
    pub(super) late_commits: usize,
    pub(super) failed_reads: usize,
    /// The row of a session is held by somebody.
    pub(super) locks: usize,
    /// The database answers nobody for some time.
    pub(super) storage_outages: usize,
    /// A node loses its memory.
    pub(super) crashes: usize,
    /// A node does nothing for some time and then goes on.
    pub(super) stops: usize,
    /// What is told from node to node is lost.
    pub(super) lost_messages: usize,
    pub(super) doubled_messages: usize,
    /// The broker has a message, and nobody hears that.
    pub(super) lost_confirms: usize,
    /// The broker does not take a message.
    pub(super) refused_messages: usize,
    /// The broker loses all queues of nodes and is away for some time.
    pub(super) broker_outages: usize,
    /// A node loses its connection to the broker, and its queue with it.
    pub(super) cuts: usize,
    /// The queue of a node is emptied.
    pub(super) purges: usize,
}

impl Faults {
    pub(super) fn drawn(draws: &mut Draws) -> Self {
        let has_storage = !draws.one_in(4);
        let mut rate = |applies: bool, rarest: usize| {
            let rate = 3 + draws.below(rarest);
            if draws.one_in(2) && applies { rate } else { 0 }
        };
        Self {
            failed_commits: rate(has_storage, 12),
            lost_answers: rate(has_storage, 12),
            late_commits: rate(has_storage, 12),
            failed_reads: rate(has_storage, 20),
            locks: rate(has_storage, 12),
            storage_outages: rate(has_storage, 12),
            crashes: rate(true, 12),
            stops: rate(true, 12),
            lost_messages: rate(true, 8),
            doubled_messages: rate(true, 8),
            lost_confirms: rate(true, 12),
            refused_messages: rate(true, 12),
            broker_outages: rate(true, 12),
            cuts: rate(true, 12),
            purges: rate(true, 12),
        }
    }

    /// The database answers everybody, so that everybody is to be answered.
    pub(super) fn spare_storage(&self) -> bool {
        [self.failed_commits, self.lost_answers, self.late_commits, self.failed_reads, self.locks, self.storage_outages]
            .iter()
            .all(|rate| *rate == 0)
    }
}
