//! What one node hears: the messages of the sessions and users connected to it. Bindings come and go with them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::in_process::NodeBindings;
use super::load::Load;
use super::{BusError, Message};

/// What comes from a node's queue.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    /// A message that a binding asked for.
    Message(Message),
    /// The queue was lost and is there again with all bindings: what came in between is in the journal only.
    Reconnected,
}

/// The queue of a node. Messages may be lost in it (it is bounded, and ends with its connection): they are hints, and
/// whoever sees a gap reads the journal.
pub struct NodeQueue {
    /// What it is bound to.
    pub bindings: Bindings,
    events: mpsc::Receiver<NodeArrival>,
    /// When what was handed out last had come.
    handed: Option<Instant>,
    load: Arc<Load>,
}

/// An event and when it came.
pub(super) type NodeArrival = (Instant, NodeEvent);

impl NodeQueue {
    pub(super) fn new(events: mpsc::Receiver<NodeArrival>, bindings: Bindings, load: Arc<Load>) -> Self {
        Self { bindings, events, handed: None, load }
    }

    /// Whether there is a queue now, and something is taken from it.
    pub fn is_open(&self) -> bool {
        match &self.bindings.0 {
            BusBindings::InProcess(_) => true,
            BusBindings::Rabbit(_) => self.load.workers.load(Ordering::Relaxed) > 0,
        }
    }

    /// The next event; `None`: the bus is closed. Asking for it says that the one before is dealt with.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        if let Some(came) = self.handed.take() {
            self.load.took(came.elapsed());
        }
        let (came, event) = self.events.recv().await?;
        self.handed = Some(came);
        Some(event)
    }
}

/// A change of the bindings.
pub(super) enum Change {
    Bind(String, oneshot::Sender<Result<(), BusError>>),
    Unbind(String),
}

/// The patterns that a node's queue is bound to: a set, so binding twice is binding once.
#[derive(Clone)]
pub struct Bindings(pub(super) BusBindings);

#[derive(Clone)]
pub(super) enum BusBindings {
    InProcess(NodeBindings),
    /// Bounded by what is bound: a change never waits, since the feed asks for many at once and polls none meanwhile.
    Rabbit(mpsc::UnboundedSender<Change>),
}

impl Bindings {
    /// Binds a pattern. `Ok`: whatever is published from now on arrives. `Err`: it is remembered, and made before the
    /// next `Reconnected`.
    pub async fn bind(&self, pattern: String) -> Result<(), BusError> {
        match &self.0 {
            BusBindings::InProcess(bindings) => {
                bindings.bind(pattern);
                Ok(())
            }
            BusBindings::Rabbit(changes) => {
                let (done, bound) = oneshot::channel();
                changes.send(Change::Bind(pattern, done)).map_err(|_| BusError::Down)?;
                bound.await.unwrap_or(Err(BusError::Down))
            }
        }
    }

    /// Forgets a pattern; messages on their way may still arrive.
    pub async fn unbind(&self, pattern: String) {
        match &self.0 {
            BusBindings::InProcess(bindings) => bindings.unbind(&pattern),
            BusBindings::Rabbit(changes) => {
                let _ = changes.send(Change::Unbind(pattern));
            }
        }
    }
}
