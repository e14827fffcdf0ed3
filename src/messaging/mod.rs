//! Messages between the parts of the service and to others: the bus, what travels on it, and who carries it there.
//! Nothing about sockets.

pub mod consumer;
pub mod dead_letters;
mod in_process;
pub mod message;
pub mod relay;
pub mod topology;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

pub use self::in_process::InProcess;
pub use self::message::Message;
use self::topology::Queue;

/// Why a message is not known to be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// It will come again.
    #[error("a consumer went away before it had applied the message")]
    NotTaken,
}

/// The queue of this node's own connections.
const OWN_QUEUE: &str = "websocket.broadcast";

/// A queue as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QueueState {
    /// Its name.
    pub name: String,
    /// Messages that wait.
    pub messages: u64,
    /// How many may wait before the publisher does; `null`: no bound is known.
    #[schema(required)]
    pub capacity: Option<u64>,
    /// Consumers at work.
    pub consumers: u32,
}

/// Resolves when the message can't be lost any more.
pub type Confirm = BoxFuture<'static, Result<(), BusError>>;

/// A message at a consumer.
pub struct Delivery {
    /// What came.
    pub message: Message,
    /// How often it failed here before.
    pub attempts: u32,
    done: Option<oneshot::Sender<()>>,
}

impl Delivery {
    /// It is applied, or kept as a dead letter: it need not come again.
    pub fn ack(mut self) {
        if let Some(done) = self.done.take() {
            let _ = done.send(());
        }
    }
}

/// The bus, wherever it runs.
#[derive(Clone)]
pub enum Bus {
    /// One node, nothing else installed.
    InProcess(InProcess),
}

impl Bus {
    /// A bus inside this process.
    pub fn in_process() -> Self {
        Bus::InProcess(InProcess::default())
    }

    /// Is anybody bound to this key? What nobody can receive need not be made.
    pub fn wants(&self, routing_key: &str) -> bool {
        match self {
            Bus::InProcess(bus) => bus.wants(routing_key),
        }
    }

    /// Hands a message over; waits only while queues are full.
    pub async fn publish(&self, message: Message) -> Confirm {
        match self {
            Bus::InProcess(bus) => bus.publish(message).await,
        }
    }

    /// The deliveries of a queue of the topology.
    pub fn consume(&self, queue: &Queue) -> mpsc::Receiver<Delivery> {
        match self {
            Bus::InProcess(bus) => bus.bind(queue),
        }
    }

    /// The deliveries of this node's own queue, bound to `patterns`.
    pub fn listen(&self, patterns: Vec<String>) -> mpsc::Receiver<Delivery> {
        match self {
            Bus::InProcess(bus) => bus.bind_patterns(OWN_QUEUE, patterns),
        }
    }

    /// The deliveries of a queue of the topology to a consumer that can use only these keys: a bus inside the process
    /// carries nothing else there.
    pub fn consume_only(&self, queue: &Queue, patterns: &[&str]) -> mpsc::Receiver<Delivery> {
        match self {
            Bus::InProcess(bus) => {
                bus.bind_patterns(queue.name, patterns.iter().map(|&pattern| pattern.to_owned()).collect())
            }
        }
    }

    /// What the bus knows about its queues.
    pub async fn queues(&self) -> Result<Vec<QueueState>, BusError> {
        match self {
            Bus::InProcess(bus) => Ok(bus.queues()),
        }
    }
}
