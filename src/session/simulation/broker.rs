//! The broker, which has a queue for each node, and what a node hears by it, as `stream/feed` does it: bound first, then
//! the log is looked at; and again after every loss.

use std::sync::Arc;

use super::node::Message;
use super::work::{Process, Query, Turn, Work};
use super::world::{World, trace};
use super::{NODES, number_of};
use crate::ids::{Position, Seq};
use crate::journal::Record;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The broker says no, or is not there.
    Refused,
    /// An answer is to come.
    Awaited {
        /// It will be a yes.
        is_confirmed: bool,
    },
}

impl World {
    /// Hands an event of a writer over, whose process need not hear of it.
    pub(super) fn publish(&mut self, process: Process, row: usize, position: Position, record: &Arc<Record>) -> Sent {
        self.store.rows[row].attempted(position);
        if self.nodes[process.node].queue.is_none() {
            return Sent::Refused;
        }
        let is_own = self.nodes[process.node].writer.row == row;
        let session = number_of(record);
        if self.draws.one_in(self.faults.refused_messages) {
            return Sent::Awaited { is_confirmed: false };
        }
        self.store.rows[row].taken.insert(position);
        for node in 0..NODES {
            let there = self.nodes[node].process;
            let is_bound = self.nodes[node].queue.as_ref().is_some_and(|bindings| bindings.contains(&session));
            if !is_bound || (is_own && there == process) {
                continue;
            }
            for _ in 0..self.copies() {
                self.pending.push(Work::Hint(there, session, record.clone()));
            }
        }
        for _ in 0..self.copies() {
            self.pending.push(Work::Consume(session, record.seq()));
        }
        Sent::Awaited { is_confirmed: !self.draws.one_in(self.faults.lost_confirms) }
    }

    fn copies(&mut self) -> usize {
        if self.draws.one_in(self.faults.lost_messages) {
            return 0;
        }
        1 + usize::from(self.draws.one_in(self.faults.doubled_messages))
    }

    /// A node connects, with a queue that is bound to whatever it hears.
    pub(super) fn link(&mut self, node: usize) {
        let process = self.nodes[node].process;
        self.pending.push(Work::Turn(process, Turn::Linked));
    }

    /// The queue is there with all its bindings: what was stored meanwhile is read.
    pub(super) fn linked(&mut self, process: Process) {
        let node = &mut self.nodes[process.node];
        if !self.is_broker_up || node.queue.is_some() {
            return;
        }
        trace!(self, "{process:?} is connected");
        let node = &mut self.nodes[process.node];
        node.queue = Some(node.bound.keys().copied().collect());
        node.bound.values_mut().for_each(|is_bound| *is_bound = true);
        let sessions = node.living();
        self.pending.push(Work::Query(process, Query::Heads { sessions }));
        self.wake_relay(process);
    }

    /// The queue of a node is gone, and all that was in it; confirms too.
    pub(super) fn unlink(&mut self, node: usize) {
        let process = self.nodes[node].process;
        if self.nodes[node].queue.take().is_none() {
            return;
        }
        trace!(self, "{process:?} has lost its queue");
        self.pending.retain(|work| !matches!(work, Work::Hint(there, ..) if *there == process));
        for work in &mut self.pending {
            if let Work::Turn(there, Turn::Confirmed(_, is_confirmed)) = work
                && *there == process
            {
                *is_confirmed = false;
            }
        }
    }

    pub(super) fn broker_back(&mut self) {
        self.is_broker_up = true;
        (0..NODES).for_each(|node| self.link(node));
    }

    /// A session came to live here: it is bound, and then read.
    pub(super) fn lives_here(&mut self, process: Process, session: usize) {
        match self.nodes[process.node].bound.get(&session) {
            Some(true) => self.listen(process, session),
            Some(false) => {}
            None => self.bind(process, session),
        }
    }

    pub(super) fn lives_here_no_more(&mut self, process: Process, session: usize) {
        let node = &mut self.nodes[process.node];
        if node.bound.remove(&session).is_some()
            && let Some(bindings) = &mut node.queue
        {
            bindings.remove(&session);
        }
    }

    fn bind(&mut self, process: Process, session: usize) {
        self.nodes[process.node].bound.insert(session, false);
        self.pending.push(Work::Bind(process, session));
    }

    /// A binding arrives at the broker.
    pub(super) fn at_broker(&mut self, process: Process, session: usize) {
        if !self.runs(process) {
            return;
        }
        let node = &mut self.nodes[process.node];
        let is_wanted = node.bound.contains_key(&session);
        let is_bound = node.queue.as_mut().is_some_and(|bindings| {
            if is_wanted {
                bindings.insert(session);
            }
            true
        });
        self.pending.push(Work::Turn(process, Turn::Bound { session, is_bound }));
    }

    pub(super) fn bound(&mut self, process: Process, session: usize, is_bound: bool) {
        // Else it is made before the next connection is told of, where all this is done for all.
        if is_bound {
            if let Some(there) = self.nodes[process.node].bound.get_mut(&session) {
                *there = true;
            }
            self.listen(process, session);
        }
    }

    fn listen(&mut self, process: Process, session: usize) {
        self.request(process, session, Message::Head);
    }

    /// Bindings and heads are compared with what should be.
    pub(super) fn sweep(&mut self, process: Process) {
        trace!(self, "{process:?} sweeps");
        let living = self.nodes[process.node].living();
        for &session in &living {
            if !self.nodes[process.node].bound.contains_key(&session) {
                self.bind(process, session);
            }
        }
        self.pending.push(Work::Query(process, Query::Heads { sessions: living }));
    }

    /// The projection hears of an event, and follows the log up to it.
    pub(super) fn project(&mut self, session: usize, seq: Seq) {
        let log = &mut self.store.logs[session];
        assert!(seq <= log.head(), "published before it was stored");
        log.applied = log.applied.max(seq);
    }

    /// It looks by itself for what nobody told it of.
    pub(super) fn sweep_projection(&mut self) {
        for log in &mut self.store.logs {
            log.applied = log.head();
        }
    }
}
