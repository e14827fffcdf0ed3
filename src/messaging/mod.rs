//! Messages between the parts of the service and to others: the bus, what travels on it, and who carries it there.
//! Nothing about sockets.

pub(crate) mod backlog;
pub mod consumer;
pub mod dead_letters;
mod delivery;
mod derived;
#[cfg(test)]
mod golden;
mod in_process;
mod leases;
mod load;
pub mod message;
mod node_queue;
pub mod processed;
pub mod rabbit;
pub mod relay;
pub mod scaling;
pub mod topology;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc};

pub use self::delivery::Delivery;
pub use self::in_process::InProcess;
pub(crate) use self::leases::SILENCE_MS;
pub use self::load::QueueReport;
pub use self::message::{Message, Peers};
pub use self::node_queue::{Bindings, NodeEvent, NodeQueue};
pub use self::rabbit::Rabbit;
use self::topology::Queue;

/// Why a message is not known to be taken, or the bus can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// It will come again.
    #[error("a consumer went away before it had applied the message")]
    NotTaken,
    /// There is no connection now; one is being made.
    #[error("the broker can't be reached")]
    Down,
    /// The broker takes nothing now: it is short of memory or disk.
    #[error("the broker is blocked by an alarm")]
    Blocked,
    /// The broker could not keep it.
    #[error("the broker did not take the message")]
    Nacked,
    /// A queue of the topology is gone; it is declared again.
    #[error("the message was returned: no queue takes it")]
    Returned,
    /// The broker did not answer.
    #[error("the broker did not answer in time")]
    TimedOut,
    /// The broker's queues are not those of this program.
    #[error("{0}")]
    Topology(String),
}

impl BusError {
    /// The reason as a label.
    fn word(&self) -> &'static str {
        match self {
            BusError::NotTaken => "not_taken",
            BusError::Down => "down",
            BusError::Blocked => "blocked",
            BusError::Nacked => "nacked",
            BusError::Returned => "returned",
            BusError::TimedOut => "timed_out",
            BusError::Topology(_) => "topology",
        }
    }
}

/// Resolves when the message can't be lost any more.
pub type Confirm = BoxFuture<'static, Result<(), BusError>>;

/// The bus, wherever it runs.
#[derive(Clone)]
pub enum Bus {
    /// One node, nothing else installed.
    InProcess(InProcess),
    /// Several nodes, and other systems.
    Rabbit(Rabbit),
}

impl Bus {
    /// A bus inside this process.
    pub fn in_process() -> Self {
        Bus::InProcess(InProcess::default())
    }

    /// Does it end with this process? Then nobody else can be publishing.
    pub fn is_local(&self) -> bool {
        matches!(self, Bus::InProcess(_))
    }

    /// Does it take messages now?
    pub fn is_up(&self) -> bool {
        match self {
            Bus::InProcess(_) => true,
            Bus::Rabbit(bus) => bus.is_up(),
        }
    }

    /// Do all consumers of this node get what is for them, but for moments?
    pub fn is_consuming(&self) -> bool {
        match self {
            Bus::InProcess(_) => true,
            Bus::Rabbit(bus) => bus.is_consuming(),
        }
    }

    /// May anybody be bound to this key? What nobody can receive need not be made.
    pub fn wants(&self, routing_key: &str) -> bool {
        match self {
            Bus::InProcess(bus) => bus.wants(routing_key),
            // What other nodes and other systems are bound to is not known here.
            Bus::Rabbit(_) => true,
        }
    }

    /// Who has to hear of the events that are stored here.
    pub fn peers(&self) -> Peers {
        match self {
            Bus::InProcess(_) => Peers::None,
            Bus::Rabbit(bus) => bus.peers(),
        }
    }

    /// It became known who else is there. Until then there may be anybody.
    pub fn set_peers(&self, peers: Peers) {
        match self {
            Bus::InProcess(_) => {}
            Bus::Rabbit(bus) => bus.set_peers(peers),
        }
    }

    /// Hands a message over; waits only while too many are unconfirmed. Messages are sent in the order of the calls.
    /// Whoever hears an error publishes again.
    pub async fn publish(&self, message: Message) -> Confirm {
        match self {
            Bus::InProcess(bus) => bus.publish(message).await,
            Bus::Rabbit(bus) => bus.publish(&message).await,
        }
    }

    /// The deliveries of a queue of the topology. Several consumers of one queue share its messages on RabbitMQ; inside
    /// the process each gets them all, so there may be one only.
    pub fn consume(&self, queue: &'static Queue) -> mpsc::Receiver<Delivery> {
        match self {
            Bus::InProcess(bus) => bus.bind(queue),
            Bus::Rabbit(bus) => bus.consume(queue),
        }
    }

    /// Something waits in the outbox table, committed: the relay need not wait for its next look.
    pub fn ring(&self) {
        self.bell().notify_one();
    }

    /// Resolves when somebody rang since the last time.
    pub async fn rung(&self) {
        self.bell().notified().await;
    }

    fn bell(&self) -> &Notify {
        match self {
            Bus::InProcess(bus) => bus.bell(),
            Bus::Rabbit(bus) => bus.bell(),
        }
    }

    /// This node's own queue.
    pub fn node_queue(&self, node_id: &str) -> NodeQueue {
        match self {
            Bus::InProcess(bus) => bus.node_queue(node_id),
            Bus::Rabbit(bus) => bus.node_queue(node_id),
        }
    }

    /// What waits where, and who works on it: the durable queues and this node's own.
    pub fn queues(&self) -> Vec<QueueReport> {
        match self {
            Bus::InProcess(bus) => bus.queues(),
            Bus::Rabbit(bus) => bus.queues(),
        }
    }

    /// Waits until everything published is confirmed or has failed, and lets go of the broker.
    pub async fn close(&self) {
        match self {
            Bus::InProcess(_) => {}
            Bus::Rabbit(bus) => bus.close().await,
        }
    }
}
