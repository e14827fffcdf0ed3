//! The other nodes: which process each is, which of its messages was the last, for how long it has been silent, and which
//! of them still have to say who watches a session. Pure; the feed runs it.
//!
//! Time is what the feed listened, not what a clock says: a node that was stopped, or had no broker, takes nobody for gone
//! whom it could not have heard.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::hearing::DEAF_AFTER;
use super::node_message::Sender;
use crate::ids::SessionId;
use crate::messaging::Peers;

/// A node that gave no sign of life for this long is gone, with its watchers. Under the seven seconds that are promised,
/// for the time that this node takes itself.
pub(super) const GONE_AFTER: Duration = Duration::from_millis(6_500);
/// A node that has been silent on the bus for this long is looked for in the database.
const SILENT_AFTER: Duration = Duration::from_secs(3);
/// Nodes that are gone and whose last message is remembered, so that it is known when it comes again.
const GONE_MAX: usize = 1_024;
/// No message comes after the one with which a node ended.
const ENDED: u64 = u64::MAX;
/// Whoever waits for the answers of all nodes has given up by then.
const ASKED_MAX: Duration = Duration::from_secs(2);

/// What a message says about its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageAge {
    /// The next one of a node that is known.
    Next,
    /// The node was not known, or was taken for gone.
    New,
    /// The node was started again: nobody of its earlier start is there any more.
    Restarted,
    /// It is late, or comes again, or is of an earlier start: to be dropped.
    Old,
}

struct Node {
    epoch: Option<i64>,
    /// How often it said that it had met others; `None`: it has not said so yet.
    meetings: Option<u64>,
    counter: u64,
    /// Since its last message.
    unheard: Duration,
    /// Since its last sign of life, in the database too.
    silent: Duration,
}

/// All that are known.
#[derive(Default)]
pub(super) struct OtherNodes {
    living: HashMap<String, Node>,
    /// Start and last message of those that are gone, the oldest first.
    gone: VecDeque<(String, i64, u64)>,
    /// One that lives by the database has never been heard of, or was taken for gone.
    is_one_unknown: bool,
    /// All that live by the database, or did until now, are among those that are known: others may be of any version.
    are_all_named: bool,
    /// One that was taken for gone lives by the database: it may hear this one, and not be heard.
    is_one_back: bool,
    /// Nobody else gave a sign of life in the database.
    is_last_writer: bool,
    /// Sessions of which it is asked who watches: since when, and who has not answered.
    asked: HashMap<SessionId, (Duration, HashSet<String>)>,
}

impl OtherNodes {
    /// A message came.
    pub(super) fn hear(&mut self, sender: &Sender) -> MessageAge {
        let heard = match self.living.get(&sender.node) {
            Some(there) => match (sender.epoch, there.epoch) {
                (None, None) => MessageAge::Next,
                (Some(epoch), Some(known)) if epoch == known && sender.counter > there.counter => MessageAge::Next,
                (Some(epoch), known) if known.is_none_or(|known| epoch > known) => MessageAge::Restarted,
                _ => MessageAge::Old,
            },
            None => {
                let gone = self.gone.iter().find(|(node, ..)| *node == sender.node);
                let is_old = gone.zip(sender.epoch).is_some_and(|((_, epoch, counter), said)| {
                    said < *epoch || (said == *epoch && sender.counter <= *counter)
                });
                if is_old { MessageAge::Old } else { MessageAge::New }
            }
        };
        if heard != MessageAge::Old {
            let Sender { node, epoch, counter } = sender.clone();
            if heard == MessageAge::New {
                self.gone.retain(|(gone, ..)| *gone != node);
            }
            let same = self.living.get(&node).filter(|there| there.epoch == epoch);
            let meetings = same.and_then(|there| there.meetings);
            let there = Node { epoch, meetings, counter, unheard: Duration::ZERO, silent: Duration::ZERO };
            self.living.insert(node, there);
        }
        heard
    }

    /// A node said that it ends: nothing that it says later counts. False: it was not known.
    pub(super) fn leave(&mut self, node: &str) -> bool {
        match self.living.remove(node) {
            Some(Node { epoch, .. }) => {
                self.bury(node, epoch, ENDED);
                true
            }
            None => false,
        }
    }

    /// Some time has passed. `on_bus`: what others say on the bus was heard; `in_database`: whether they live was seen
    /// there. Answers those that are gone from now on.
    pub(super) fn pass(&mut self, time: Duration, on_bus: bool, in_database: bool) -> Vec<String> {
        for node in self.living.values_mut() {
            if on_bus {
                node.unheard += time;
            }
            // What is of an earlier version is not known by its row in the database.
            if on_bus || (in_database && node.epoch.is_some()) {
                node.silent += time;
            }
        }
        for (since, _) in self.asked.values_mut() {
            *since += time;
        }
        self.asked.retain(|_, (since, _)| *since < ASKED_MAX);
        // Whoever is silent on the bus may have lost his way to it: only the database tells whether he lives.
        let is_known = |node: &Node| in_database || node.epoch.is_none();
        let silent = self.living.iter().filter(|(_, node)| node.silent >= GONE_AFTER && is_known(node));
        let gone: Vec<String> = silent.map(|(node, _)| node.clone()).collect();
        for name in &gone {
            if let Some(Node { epoch, counter, .. }) = self.living.remove(name) {
                self.bury(name, epoch, counter);
            }
        }
        gone
    }

    /// The bus carries again what it did not for a while. Nobody answers for the time in which that was not noticed.
    pub(super) fn hear_again(&mut self) {
        for node in self.living.values_mut() {
            node.unheard = node.unheard.saturating_sub(DEAF_AFTER);
            node.silent = node.silent.saturating_sub(DEAF_AFTER);
        }
    }

    /// These processes live by the database, `me` among them: they gave their last sign of life there so long ago.
    pub(super) fn seen(&mut self, me: Option<i64>, writers: &[(i64, Duration)]) {
        for node in self.living.values_mut() {
            if let Some((_, ago)) = writers.iter().find(|(id, _)| node.epoch == Some(*id)) {
                node.silent = node.silent.min(*ago);
            }
        }
        let ended = self.gone.iter().filter(|(.., counter)| *counter == ENDED).map(|(_, epoch, _)| Some(*epoch));
        let known: HashSet<Option<i64>> =
            self.living.values().map(|node| node.epoch).chain(ended).chain([me]).collect();
        let buried: HashSet<i64> = self.gone.iter().map(|(_, epoch, _)| *epoch).collect();
        self.are_all_named = writers.iter().all(|(id, _)| known.contains(&Some(*id)) || buried.contains(id));
        let is_back = |id: i64| buried.contains(&id) && !known.contains(&Some(id));
        self.is_one_back = writers.iter().any(|(id, ago)| *ago < SILENT_AFTER && is_back(*id));
        self.is_last_writer = writers.iter().all(|(id, _)| me == Some(*id));
        // One of an earlier version does not say which of them it is.
        let is_unknown = |id: i64| !known.contains(&None) && !known.contains(&Some(id));
        self.is_one_unknown = writers.iter().any(|(id, ago)| *ago < SILENT_AFTER && is_unknown(*id));
    }

    /// One that lives, as far as is known, is not heard on the bus.
    pub(super) fn is_one_silent(&self) -> bool {
        self.is_one_unknown || self.living.values().any(|node| node.unheard >= SILENT_AFTER)
    }

    /// A node said how often it has met others; true: since it said so last, it may have told of its events to nobody.
    pub(super) fn has_met(&mut self, node: &str, meetings: Option<u64>) -> bool {
        let there = self.living.get_mut(node);
        there.is_some_and(|there| std::mem::replace(&mut there.meetings, meetings) != meetings)
    }

    /// Who has to be told of what is stored here; `None`: nobody is known, and somebody may be there all the same.
    pub(super) fn peers(&self) -> Option<Peers> {
        // Until its first life sign a node may be of any version.
        if !self.are_all_named || self.living.values().any(|node| node.meetings.is_none()) {
            return Some(Peers::OlderNodes);
        }
        (self.is_one_back || !self.living.is_empty()).then_some(Peers::Nodes)
    }

    /// By the database no other process has given a sign of life for long, and none is known.
    pub(super) fn is_alone(&self) -> bool {
        self.is_last_writer && self.living.is_empty()
    }

    /// Whether there is one that would answer.
    pub(super) fn is_one_to_ask(&self) -> bool {
        self.living.values().any(Node::answers)
    }

    /// It is asked who watches a session; false: there is nobody to wait for.
    pub(super) fn ask(&mut self, session: SessionId) -> bool {
        let nodes: HashSet<String> =
            self.living.iter().filter(|(_, node)| node.answers()).map(|(name, _)| name.clone()).collect();
        let is_asked = !nodes.is_empty();
        if is_asked {
            self.asked.insert(session, (Duration::ZERO, nodes));
        }
        is_asked
    }

    /// A node said who watches a session there; true: it was the last one that was waited for.
    pub(super) fn answered(&mut self, session: SessionId, node: &str) -> bool {
        let Some((_, nodes)) = self.asked.get_mut(&session) else { return false };
        nodes.remove(node);
        let is_last = nodes.is_empty();
        if is_last {
            self.asked.remove(&session);
        }
        is_last
    }

    /// A node is gone, or has no watchers: the sessions for which nobody is waited for any more.
    pub(super) fn answered_all(&mut self, node: &str) -> Vec<SessionId> {
        let asked: Vec<SessionId> = self.asked.keys().copied().collect();
        asked.into_iter().filter(|session| self.answered(*session, node)).collect()
    }

    fn bury(&mut self, node: &str, epoch: Option<i64>, counter: u64) {
        let Some(epoch) = epoch else { return };
        if self.gone.len() >= GONE_MAX {
            self.gone.pop_front();
        }
        self.gone.push_back((node.to_owned(), epoch, counter));
    }
}

impl Node {
    /// Nodes of earlier versions say who watches only where a session lives; one that is silent may be dead.
    fn answers(&self) -> bool {
        self.epoch.is_some() && self.unheard < SILENT_AFTER
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const SESSION: SessionId = SessionId(Uuid::from_u128(7));

    fn sender(node: &str, epoch: impl Into<Option<i64>>, counter: u64) -> Sender {
        Sender { node: node.to_owned(), epoch: epoch.into(), counter }
    }

    /// Seconds until the first one is gone.
    fn gone_after(nodes: &mut OtherNodes, on_bus: bool, in_database: bool) -> Option<f64> {
        (1..=100).find(|_| !nodes.pass(SECOND / 4, on_bus, in_database).is_empty()).map(|beats| f64::from(beats) / 4.0)
    }

    #[test]
    fn what_is_late_or_comes_twice_is_dropped() {
        let mut nodes = OtherNodes::default();
        let told = [(3, 5), (3, 6), (3, 6), (3, 2), (2, 9), (3, 7), (4, 1), (3, 8), (4, 1), (4, 2)];
        let heard = told.map(|(epoch, counter)| nodes.hear(&sender("a", epoch, counter)));
        use MessageAge::{New, Next, Old, Restarted};
        assert_eq!(heard, [New, Next, Old, Old, Old, Next, Restarted, Old, Old, Next]);
    }

    #[test]
    fn who_is_gone_is_not_back_by_an_old_message() {
        let mut nodes = OtherNodes::default();
        nodes.hear(&sender("a", 3, 5));
        assert_eq!(gone_after(&mut nodes, true, true), Some(6.5), "within the seven seconds that are promised");
        assert_eq!(nodes.hear(&sender("a", 3, 5)), MessageAge::Old);
        assert_eq!(nodes.hear(&sender("a", 2, 50)), MessageAge::Old);
        assert_eq!(nodes.hear(&sender("a", 3, 6)), MessageAge::New, "it was stopped for a while");
        assert!(nodes.leave("a") && !nodes.leave("a"));
        assert_eq!(nodes.hear(&sender("a", 3, 7)), MessageAge::Old, "it said that it ends");
        assert_eq!(nodes.hear(&sender("a", 4, 1)), MessageAge::New);
        for n in 0..2 * GONE_MAX {
            nodes.hear(&sender(&n.to_string(), 9, 1));
            nodes.leave(&n.to_string());
        }
        assert_eq!(nodes.gone.len(), GONE_MAX);
    }

    #[test]
    fn nodes_of_earlier_versions_are_heard_as_before_and_replaced_by_newer_ones() {
        let mut nodes = OtherNodes::default();
        assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::New);
        assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::Next);
        assert!(!nodes.is_one_to_ask() && !nodes.ask(SESSION), "they don't answer where a session does not live");
        assert_eq!(nodes.hear(&sender("a", 7, 1)), MessageAge::Restarted);
        assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::Old, "left from before the update");
        assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
        assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::New, "the update was taken back");
        assert_eq!(gone_after(&mut nodes, false, true), None, "it has no row that is known");
        assert_eq!(gone_after(&mut nodes, true, false), Some(6.5));
    }

    #[test]
    fn nobody_is_gone_whom_this_node_could_not_hear() {
        let mut nodes = OtherNodes::default();
        nodes.hear(&sender("a", 3, 5));
        assert_eq!(nodes.pass(5 * SECOND, true, false), [""; 0]);
        assert_eq!(gone_after(&mut nodes, false, false), None, "neither broker nor database");
        nodes.hear_again();
        assert_eq!(nodes.pass(5 * SECOND, true, false), [""; 0]);
        nodes.hear(&sender("a", 3, 6));
        assert_eq!(gone_after(&mut nodes, true, false), None, "whether it lives is not known without the database");
        assert_eq!(nodes.pass(Duration::ZERO, true, true), ["a"]);
        nodes.hear(&sender("a", 3, 7));
        assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
    }

    #[test]
    fn who_is_silent_on_the_bus_lives_by_its_row_in_the_database() {
        let mut nodes = OtherNodes::default();
        nodes.hear(&sender("a", 3, 5));
        for on_bus in [true, false] {
            for _ in 0..20 {
                assert_eq!(nodes.pass(SECOND, on_bus, true), [""; 0]);
                nodes.seen(Some(1), &[(3, SECOND), (1, Duration::ZERO)]);
            }
            assert!(nodes.is_one_silent());
        }
        nodes.seen(Some(1), &[(3, 2 * SECOND)]);
        assert_eq!(gone_after(&mut nodes, false, true), Some(5.5), "that of its last sign counts");
        assert!(!nodes.is_one_silent());
    }

    #[test]
    fn who_lives_by_the_database_and_is_not_known_is_silent() {
        let mut nodes = OtherNodes::default();
        let look = |nodes: &mut OtherNodes, writers: &[(i64, Duration)]| {
            nodes.seen(Some(1), writers);
            nodes.is_one_silent()
        };
        nodes.hear(&sender("a", 3, 5));
        nodes.hear(&sender("b", 4, 5));
        nodes.leave("b");
        assert!(!look(&mut nodes, &[(1, SECOND), (3, SECOND), (4, SECOND)]), "itself, a neighbour, and one that ended");
        assert!(look(&mut nodes, &[(1, SECOND), (5, SECOND)]), "it started without the bus");
        assert!(!look(&mut nodes, &[(5, 4 * SECOND)]), "it ended, or was killed");
        assert_eq!(nodes.pass(10 * SECOND, true, true), ["a"]);
        assert!(look(&mut nodes, &[(3, SECOND)]), "it was stopped, and goes on without the bus");
        nodes.hear(&sender("c", None, 0));
        assert!(!look(&mut nodes, &[(5, SECOND)]), "it may be the one of an earlier version");
    }

    #[test]
    fn events_are_told_to_whoever_may_be_there_and_to_nobody_where_nobody_is() {
        let mut nodes = OtherNodes::default();
        assert_eq!(nodes.peers(), Some(Peers::OlderNodes), "nothing is known yet");
        nodes.seen(Some(1), &[(1, SECOND), (3, SECOND)]);
        assert_eq!((nodes.peers(), nodes.is_alone()), (Some(Peers::OlderNodes), false), "it may be of any version");
        nodes.hear(&sender("a", 3, 1));
        nodes.seen(Some(1), &[(3, SECOND)]);
        assert!(nodes.has_met("a", Some(0)) && !nodes.has_met("a", Some(0)) && nodes.has_met("a", Some(1)));
        assert_eq!(nodes.peers(), Some(Peers::Nodes));
        nodes.hear(&sender("old", None, 0));
        assert_eq!(nodes.peers(), Some(Peers::OlderNodes));
        nodes.leave("old");
        assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
        nodes.seen(Some(1), &[(1, SECOND), (3, 4 * SECOND)]);
        assert_eq!((nodes.peers(), nodes.is_alone()), (None, false), "its row is not old enough");
        nodes.seen(Some(1), &[(1, SECOND), (3, SECOND)]);
        assert_eq!((nodes.peers(), nodes.is_alone()), (Some(Peers::Nodes), false), "it goes on, and is not heard");
        nodes.seen(Some(1), &[(1, SECOND)]);
        assert_eq!((nodes.peers(), nodes.is_alone()), (None, true));
    }

    #[test]
    fn who_is_silent_while_the_connection_comes_and_goes_is_gone_all_the_same() {
        let mut nodes = OtherNodes::default();
        nodes.hear(&sender("a", 3, 5));
        let rounds = (1..).find(|_| {
            nodes.hear_again();
            !nodes.pass(2 * SECOND, true, true).is_empty()
        });
        assert_eq!(rounds, Some(10), "half a second of each two counts");
    }

    #[test]
    fn it_is_known_when_all_have_answered() {
        let mut nodes = OtherNodes::default();
        assert!(!nodes.ask(SESSION));
        nodes.hear(&sender("a", 3, 1));
        nodes.hear(&sender("b", 4, 1));
        assert!(nodes.ask(SESSION));
        assert!(!nodes.answered(SESSION, "a") && !nodes.answered(SESSION, "a"));
        assert!(nodes.answered(SESSION, "b") && !nodes.answered(SESSION, "b"));
        assert!(nodes.ask(SESSION));
        assert_eq!(nodes.answered_all("a"), []);
        assert_eq!(nodes.answered_all("b"), [SESSION]);
        assert!(nodes.ask(SESSION));
        nodes.pass(3 * SECOND, true, false);
        assert!(nodes.asked.is_empty(), "nobody waits for it");
        assert!(!nodes.ask(SESSION), "who is silent is not waited for");
    }
}
