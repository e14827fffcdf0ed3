//! The other nodes: which process each is, which of its messages was the last, for how long it has been silent, and which
//! of them still have to say who watches a session. Pure; the feed runs it.
//!
//! Time is what the feed listened, not what a clock says: a node that was stopped, or had no broker, takes nobody for gone
//! whom it could not have heard.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::hearing::DEAF_AFTER;
use super::node_message::Sender;
use crate::ids::{SessionId, WriterId};
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
    epoch: Option<WriterId>,
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
    gone: VecDeque<(String, WriterId, u64)>,
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
    pub(super) fn seen(&mut self, me: Option<WriterId>, writers: &[(WriterId, Duration)]) {
        for node in self.living.values_mut() {
            if let Some((_, ago)) = writers.iter().find(|(id, _)| node.epoch == Some(*id)) {
                node.silent = node.silent.min(*ago);
            }
        }
        let ended = self.gone.iter().filter(|(.., counter)| *counter == ENDED).map(|(_, epoch, _)| Some(*epoch));
        let known: HashSet<Option<WriterId>> =
            self.living.values().map(|node| node.epoch).chain(ended).chain([me]).collect();
        let buried: HashSet<WriterId> = self.gone.iter().map(|(_, epoch, _)| *epoch).collect();
        self.are_all_named = writers.iter().all(|(id, _)| known.contains(&Some(*id)) || buried.contains(id));
        let is_back = |id: WriterId| buried.contains(&id) && !known.contains(&Some(id));
        self.is_one_back = writers.iter().any(|(id, ago)| *ago < SILENT_AFTER && is_back(*id));
        self.is_last_writer = writers.iter().all(|(id, _)| me == Some(*id));
        // One of an earlier version does not say which of them it is.
        let is_unknown = |id: WriterId| !known.contains(&None) && !known.contains(&Some(id));
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

    fn bury(&mut self, node: &str, epoch: Option<WriterId>, counter: u64) {
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
