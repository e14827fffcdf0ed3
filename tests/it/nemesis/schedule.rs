//! What breaks, when and for how long: drawn from the seed alone, so that a seed names a schedule.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use super::dice::Dice;

pub(super) const NODES: usize = 4;
/// Faults that last at the same time.
const AT_ONCE: usize = 3;
/// Nodes that are down, stopped or cut off from the database at the same time.
const NODES_GONE: usize = 2;
/// Between the end of a fault and the next one of the same thing.
const REST: Duration = Duration::from_secs(3);
const DURABLE: [&str; 5] = [
    "game.service.queue",
    "stats.service.queue",
    "notifications.service.queue",
    "audit.log.queue",
    "compensation.queue",
];

/// How a link is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Silent; what was under way is lost when it heals.
    Stalled,
    /// Silent; what was under way arrives when it heals.
    Held,
    Refused,
    /// Milliseconds in each direction.
    Delayed(u64),
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Database,
    Broker,
}

/// A row that somebody else locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// The head of a session's log.
    Session,
    /// How far the projections of a session are.
    Cursors,
}

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `kill -9`; it comes back under its id when the time is over.
    Killed {
        node: usize,
    },
    /// SIGSTOP, then SIGCONT.
    Stopped {
        node: usize,
    },
    /// Killed, and back with a clock that is so many hours off, then again with the right one.
    Clock {
        node: usize,
        hours: i32,
    },
    /// Of all nodes where none is named.
    Link {
        to: To,
        node: Option<usize>,
        broken: Broken,
    },
    /// Down until the time is over.
    DatabaseDown {
        at_once: bool,
    },
    /// The number of a session.
    Locked {
        row: Row,
        session: usize,
    },
    /// Down until the time is over.
    BrokerDown {
        killed: bool,
    },
    /// It takes no messages until the time is over.
    BrokerAlarm,
    QueueDeleted {
        queue: &'static str,
    },
    QueuePurged {
        queue: &'static str,
    },
    NodeQueueDeleted {
        node: usize,
    },
    NodeQueuePurged {
        node: usize,
    },
    /// Messages come again: late, several times, in another order.
    Doubled,
    /// The connections of the clients are closed; of all nodes where none is named.
    ClientsCut {
        node: Option<usize>,
    },
}

/// A fault and its time, from the beginning of the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    pub(super) fault: Fault,
}

impl Fault {
    /// The kind, as figures are grouped by.
    pub(super) fn kind(&self) -> &'static str {
        use Broken::{Delayed, Held, Refused, Stalled};
        match *self {
            Fault::Killed { .. } => "node killed",
            Fault::Stopped { .. } => "node stopped",
            Fault::Clock { .. } => "clock an hour off",
            Fault::Link { to: To::Database, node, broken } => match (broken, node) {
                (Stalled | Held, Some(_)) => "database link silent",
                (Refused, Some(_)) => "database link refused",
                (Delayed(_), Some(_)) => "database link slow",
                (Stalled | Held, None) => "database silent to all",
                (Refused, None) => "database refused to all",
                (Delayed(_), None) => "database slow to all",
            },
            Fault::Link { to: To::Broker, node, broken } => match (broken, node) {
                (Stalled | Held, Some(_)) => "broker link silent",
                (Refused, Some(_)) => "broker link refused",
                (Delayed(_), Some(_)) => "broker link slow",
                (Stalled | Held, None) => "broker silent to all",
                (Refused, None) => "broker refused to all",
                (Delayed(_), None) => "broker slow to all",
            },
            Fault::DatabaseDown { at_once: true } => "database restarted (immediate)",
            Fault::DatabaseDown { at_once: false } => "database restarted (fast)",
            Fault::Locked { row: Row::Session, .. } => "session's row locked",
            Fault::Locked { row: Row::Cursors, .. } => "session's cursors locked",
            Fault::BrokerDown { killed: true } => "broker killed",
            Fault::BrokerDown { killed: false } => "broker stopped",
            Fault::BrokerAlarm => "broker's memory alarm",
            Fault::QueueDeleted { .. } => "queue deleted",
            Fault::QueuePurged { .. } => "queue purged",
            Fault::NodeQueueDeleted { .. } => "node's queue deleted",
            Fault::NodeQueuePurged { .. } => "node's queue purged",
            Fault::Doubled => "messages doubled",
            Fault::ClientsCut { .. } => "clients cut",
        }
    }

    /// The node that it concerns; `None`: all of them, or no node as such.
    pub(super) fn node(&self) -> Option<usize> {
        match *self {
            Fault::Killed { node }
            | Fault::Stopped { node }
            | Fault::Clock { node, .. }
            | Fault::NodeQueueDeleted { node }
            | Fault::NodeQueuePurged { node } => Some(node),
            Fault::Link { node, .. } | Fault::ClientsCut { node } => node,
            _ => None,
        }
    }

    pub(super) fn session(&self) -> Option<usize> {
        match *self {
            Fault::Locked { session, .. } => Some(session),
            _ => None,
        }
    }

    /// Its node is no use to clients as long as it lasts.
    pub(super) fn takes_node(&self) -> Option<usize> {
        match *self {
            Fault::Killed { node } | Fault::Stopped { node } | Fault::Clock { node, .. } => Some(node),
            Fault::Link { to: To::Database, node, broken } if !matches!(broken, Broken::Delayed(_)) => node,
            _ => None,
        }
    }

    /// What it breaks: one thing is broken in one way at a time.
    fn targets(&self) -> Vec<String> {
        match *self {
            Fault::Killed { node } | Fault::Stopped { node } | Fault::Clock { node, .. } => {
                vec![format!("process {node}")]
            }
            Fault::Link { to, node: Some(node), .. } => vec![format!("{to:?} {node}")],
            Fault::Link { to, node: None, .. } => (0..NODES).map(|node| format!("{to:?} {node}")).collect(),
            Fault::DatabaseDown { .. } => {
                let links = (0..NODES).map(|node| format!("{:?} {node}", To::Database));
                links.chain(["rows".to_owned()]).collect()
            }
            Fault::Locked { .. } => vec!["rows".to_owned()],
            Fault::BrokerDown { .. } | Fault::BrokerAlarm => {
                let links = (0..NODES).map(|node| format!("{:?} {node}", To::Broker));
                links.chain(["queues".to_owned()]).collect()
            }
            Fault::QueueDeleted { .. }
            | Fault::QueuePurged { .. }
            | Fault::NodeQueueDeleted { .. }
            | Fault::NodeQueuePurged { .. } => vec!["queues".to_owned()],
            Fault::Doubled => vec!["messages".to_owned()],
            Fault::ClientsCut { .. } => vec!["clients".to_owned()],
        }
    }

    fn draw(dice: &mut Dice, sessions: usize) -> Self {
        let node = dice.below(NODES);
        let some = |dice: &mut Dice| (dice.below(6) > 0).then_some(node);
        match dice.below(36) {
            0..=4 => Fault::Killed { node },
            5..=8 => Fault::Stopped { node },
            9 => Fault::Clock { node, hours: *dice.pick(&[-1, 1]) },
            10..=14 => Fault::Link { to: To::Database, node: some(dice), broken: Broken::draw(dice) },
            15..=18 => Fault::Link { to: To::Broker, node: some(dice), broken: Broken::draw(dice) },
            19..=20 => Fault::DatabaseDown { at_once: dice.below(2) == 0 },
            21..=22 => Fault::Locked { row: Row::Session, session: dice.below(sessions) },
            23 => Fault::Locked { row: Row::Cursors, session: dice.below(sessions) },
            24..=25 => Fault::BrokerDown { killed: dice.below(2) == 0 },
            26 => Fault::BrokerAlarm,
            27 => Fault::QueueDeleted { queue: DURABLE[dice.below(DURABLE.len())] },
            28..=29 => Fault::QueuePurged { queue: DURABLE[dice.below(DURABLE.len())] },
            30 => Fault::NodeQueueDeleted { node },
            31 => Fault::NodeQueuePurged { node },
            32..=33 => Fault::Doubled,
            _ => Fault::ClientsCut { node: some(dice) },
        }
    }

    /// How long it lasts.
    fn duration(&self, dice: &mut Dice, longest: Duration) -> Duration {
        let (least, most) = match self {
            // Shorter than others take to miss it, as long as they may take, or longer.
            Fault::Killed { .. } => *dice.pick(&[(0, 500), (2_000, 7_000), (8_000, 15_000)]),
            Fault::Stopped { .. } => *dice.pick(&[(500, 4_000), (6_000, 20_000)]),
            Fault::Clock { .. } => (8_000, 20_000),
            Fault::Link { .. } => *dice.pick(&[(1_000, 5_000), (8_000, 20_000)]),
            Fault::DatabaseDown { .. } => (0, 4_000),
            Fault::Locked { .. } => (3_000, 15_000),
            Fault::BrokerDown { .. } => (0, 10_000),
            Fault::BrokerAlarm => (3_000, 15_000),
            Fault::Doubled => (5_000, 20_000),
            Fault::QueueDeleted { .. }
            | Fault::QueuePurged { .. }
            | Fault::NodeQueueDeleted { .. }
            | Fault::NodeQueuePurged { .. }
            | Fault::ClientsCut { .. } => (0, 0),
        };
        Duration::from_millis(dice.between(least, most)).min(longest)
    }
}

impl Broken {
    fn draw(dice: &mut Dice) -> Self {
        match dice.below(4) {
            0 => Broken::Stalled,
            1 => Broken::Held,
            2 => Broken::Refused,
            _ => Broken::Delayed(dice.between(20, 300)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self {
            Fault::Clock { hours, .. } => write!(f, " ({hours:+} h)")?,
            Fault::Link { broken, .. } => write!(f, " ({broken:?})")?,
            Fault::QueueDeleted { queue } | Fault::QueuePurged { queue } => write!(f, " ({queue})")?,
            _ => {}
        }
        if let Some(node) = self.node() {
            write!(f, ", node {node}")?;
        }
        if let Some(session) = self.session() {
            write!(f, ", session {session}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6.1} s for {:4.1} s: {}", self.at.as_secs_f64(), self.lasts.as_secs_f64(), self.fault)
    }
}

impl Planned {
    fn end(&self) -> Duration {
        self.at + self.lasts
    }

    fn is_with(&self, other: &Planned) -> bool {
        self.at < other.end() + REST && other.at < self.end() + REST
    }
}

/// How much happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) length: Duration,
    /// The longest pause between the beginnings of two faults.
    pub(super) pause: Duration,
    pub(super) longest: Duration,
}

/// The faults of a round, in order of time; all are over at its end.
pub(super) fn draw(seed: u64, pace: Pace, sessions: usize) -> Vec<Planned> {
    let mut dice = Dice::of(seed);
    let mut planned: Vec<Planned> = Vec::new();
    let mut at = Duration::from_secs(2);
    while at < pace.length {
        for _ in 0..20 {
            let fault = Fault::draw(&mut dice, sessions);
            let lasts = fault.duration(&mut dice, pace.longest);
            let next = Planned { at, lasts, fault };
            if next.end() <= pace.length && fits(&planned, &next) {
                planned.push(next);
                break;
            }
        }
        at += Duration::from_millis(dice.between(500, pace.pause.as_millis() as u64));
    }
    planned
}

fn fits(planned: &[Planned], next: &Planned) -> bool {
    let beside: Vec<&Planned> = planned.iter().filter(|other| other.is_with(next)).collect();
    let broken: HashSet<String> = beside.iter().flat_map(|other| other.fault.targets()).collect();
    let gone: HashSet<usize> = beside.iter().chain([&next]).filter_map(|other| other.fault.takes_node()).collect();
    beside.len() < AT_ONCE
        && gone.len() <= NODES_GONE
        && !next.fault.targets().iter().any(|target| broken.contains(target))
}

#[test]
fn a_seed_is_a_schedule_and_all_kinds_come() {
    let pace =
        Pace { length: Duration::from_secs(1_800), pause: Duration::from_secs(8), longest: Duration::from_secs(20) };
    let (one, same, other) = (draw(1, pace, 4), draw(1, pace, 4), draw(2, pace, 4));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let kinds: HashSet<&str> = one.iter().chain(&other).map(|planned| planned.fault.kind()).collect();
    assert!(one.len() > 200 && kinds.len() >= 25, "{} faults of {} kinds", one.len(), kinds.len());
    assert!(one.is_sorted_by_key(|planned| planned.at));
}
