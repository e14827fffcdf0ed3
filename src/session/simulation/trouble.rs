//! What goes wrong, and how it ends.

use super::draws::Faults;
use super::node::Node;
use super::work::{Process, Work};
use super::world::{World, trace};
use super::{NODES, PERSONS, SESSIONS};

/// After so many rounds without faults everything is as it should be.
const ROUNDS: usize = 8;
/// More work than this in a round: something turns in circles.
const WORK_MAX: usize = 20_000;

impl World {
    /// One of the faults that last for some time.
    pub(super) fn fail(&mut self) {
        let node = self.draws.below(NODES);
        match self.draws.below(7) {
            0 if self.draws.one_in(self.faults.crashes) => self.crash(node),
            1 if self.draws.one_in(self.faults.stops) => self.stop(node),
            2 if self.draws.one_in(self.faults.storage_outages) => {
                trace!(self, "the database is away");
                self.store.is_away = true;
                self.pending.push(Work::StorageBack);
            }
            3 if self.draws.one_in(self.faults.broker_outages) => {
                trace!(self, "the broker is away");
                self.is_broker_up = false;
                (0..NODES).for_each(|node| self.unlink(node));
                self.pending.push(Work::BrokerBack);
            }
            4 if self.draws.one_in(self.faults.cuts) => {
                self.unlink(node);
                self.link(node);
            }
            5 if self.draws.one_in(self.faults.purges) => {
                let process = self.nodes[node].process;
                trace!(self, "the queue of {process:?} is emptied");
                self.pending.retain(|work| !matches!(work, Work::Hint(there, ..) if *there == process));
            }
            6 if self.draws.one_in(self.faults.locks) => {
                let session = self.draws.below(SESSIONS);
                trace!(self, "somebody holds session {session}");
                self.store.logs[session].is_locked = true;
                self.pending.push(Work::Unlock(session));
            }
            _ => {}
        }
    }

    fn crash(&mut self, node: usize) {
        let process = self.nodes[node].process;
        if !self.nodes[node].is_up {
            return;
        }
        trace!(self, "{process:?} dies");
        self.unlink(node);
        self.nodes[node].is_up = false;
        self.cut_off(process);
        self.pending.push(Work::Restart(node));
    }

    /// It comes back with nothing but what is stored.
    pub(super) fn restart(&mut self, node: usize) {
        if self.nodes[node].is_up {
            return;
        }
        let life = self.nodes[node].process.life + 1;
        self.nodes[node] = Node::new(Process { node, life }, &mut self.store);
        trace!(self, "{:?} starts", self.nodes[node].process);
        self.link(node);
    }

    fn stop(&mut self, node: usize) {
        if !self.nodes[node].is_up || self.nodes[node].is_stopped {
            return;
        }
        trace!(self, "{:?} is stopped", self.nodes[node].process);
        self.nodes[node].is_stopped = true;
        // The broker may find that it is silent.
        if self.draws.one_in(2) {
            self.unlink(node);
        }
        self.pending.push(Work::GoOn(node));
    }

    pub(super) fn go_on(&mut self, node: usize) {
        if !self.nodes[node].is_stopped {
            return;
        }
        trace!(self, "{:?} goes on", self.nodes[node].process);
        self.nodes[node].is_stopped = false;
        self.link(node);
    }

    /// All faults end, everybody asks until he is answered, and what nodes do by the clock is done.
    pub(super) fn recover(&mut self) {
        trace!(self, "all faults end");
        self.faults = Faults::default();
        self.store.is_away = false;
        self.store.logs.iter_mut().for_each(|log| log.is_locked = false);
        if !self.is_broker_up {
            self.broker_back();
        }
        for node in 0..NODES {
            self.restart(node);
            self.go_on(node);
        }
        self.drain();
        self.check_own_heard();
        for _ in 0..ROUNDS {
            self.drain();
            if self.is_settled() {
                return;
            }
            (0..PERSONS).for_each(|person| self.connect(person));
            for node in 0..NODES {
                let process = self.nodes[node].process;
                self.sweep(process);
                self.look_at_outbox(process);
                self.look_for_abandoned(process);
            }
            self.sweep_projection();
            (0..PERSONS).for_each(|person| self.insist(person));
        }
        self.drain();
    }

    fn drain(&mut self) {
        let mut done = 0;
        while !self.pending.is_empty() {
            self.work();
            done += 1;
            assert!(done < WORK_MAX, "the nodes turn in circles");
        }
    }
}
