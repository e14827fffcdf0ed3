//! RabbitMQ. Two connections, one publishes and one consumes, so that a broker which takes no more messages (an alarm)
//! still takes acknowledgements. Both are made again for ever; what was not confirmed or not acknowledged then comes
//! again. Nothing here knows what a message means.

mod acks;
mod amqp_message;
mod declare;
mod link;
mod monitor;
mod node_queue;
mod publisher;
mod subscriber;
mod unacked_delivery;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::uri::AMQPUri;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use self::amqp_message::AmqpMessage;
use self::link::Link;
use self::node_queue::Node;
use self::publisher::{OutgoingMessage, WINDOW};
use self::unacked_delivery::UnackedDelivery;
use super::load::{Load, QueueReport};
use super::node_queue::BusBindings;
use super::topology::{BROADCAST_TARGET, QUEUES, Queue, broadcast_queue};
use super::{Bindings, BusError, Confirm, Delivery, Message, NodeQueue, Peers};
use crate::config::QueueType;

/// How long the broker may take to answer anything, a new connection too.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence of a broker that is gone is noticed within three of these.
const HEARTBEAT_SECONDS: u16 = 5;
/// Unacknowledged messages of one consumer.
const PREFETCH: u16 = 500;
/// How long a consumer may be without the broker before this node is not ready.
const MISSED_AFTER: Duration = Duration::from_secs(10);

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct BrokerSettings {
    /// In order of preference: the next is taken when one fails.
    pub urls: Vec<String>,
    /// What the durable queues are.
    pub queue_type: QueueType,
    /// What the connections are called at the broker.
    pub node_id: String,
}

/// The bus over RabbitMQ. Clones share the connections.
#[derive(Clone)]
pub struct Rabbit {
    inner: Arc<Inner>,
}

struct Inner {
    /// Which process its own messages are from; not the node's id, which somebody may give twice.
    origin: String,
    publishing: Link,
    consuming: Link,
    outgoing: mpsc::Sender<OutgoingMessage>,
    window: Arc<Semaphore>,
    loads: BTreeMap<&'static str, Arc<Load>>,
    node_id: String,
    /// Of this node's queue.
    node_load: Arc<Load>,
    closing: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
    bell: Notify,
    peers: KnownPeers,
}

/// Who else is on the bus, as the feed knows it.
#[derive(Clone)]
struct KnownPeers(Arc<AtomicU8>);

impl KnownPeers {
    fn set(&self, peers: Peers) {
        self.0.store(peers as u8, Ordering::Release);
    }

    fn get(&self) -> Peers {
        match self.0.load(Ordering::Acquire) {
            n if n == Peers::None as u8 => Peers::None,
            n if n == Peers::Nodes as u8 => Peers::Nodes,
            _ => Peers::OlderNodes,
        }
    }
}

impl Rabbit {
    /// Connects, and declares the topology. A broker that can't be reached is no error: it is tried for ever, and
    /// `is_up` tells. Queues that exist with other arguments are one. To be called in the runtime that is to do the
    /// work.
    pub async fn start(settings: BrokerSettings) -> Result<Self, BusError> {
        let urls = settings.urls.iter().map(|url| address(url)).collect::<Result<Vec<_>, _>>()?;
        let (closing, closed) = watch::channel(false);
        let node = &settings.node_id;
        let publishing = Link::new("publishing", urls.clone(), settings.queue_type, node, closed.clone());
        let consuming = Link::new("consuming", urls, settings.queue_type, node, closed);
        let first = match consuming.connect_once().await {
            Ok(connection) => Some(connection),
            Err(BusError::Topology(reason)) => return Err(BusError::Topology(reason)),
            Err(error) => {
                tracing::error!(%error, "the broker can't be reached, going on without it");
                None
            }
        };
        let (outgoing, messages) = mpsc::channel(WINDOW);
        let loads: BTreeMap<_, _> = QUEUES.iter().map(|queue| (queue.name, Arc::new(Load::default()))).collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(consuming.clone().run(first));
        tasks.spawn(publishing.clone().run(None));
        tasks.spawn(publisher::run(publishing.clone(), messages));
        let peers = KnownPeers(Arc::new(AtomicU8::new(Peers::OlderNodes as u8)));
        tasks.spawn(monitor::run(consuming.clone(), loads.clone(), peers.clone()));
        let inner = Inner {
            origin: crate::clock::new_id().to_string(),
            publishing,
            consuming,
            outgoing,
            window: Arc::new(Semaphore::new(WINDOW)),
            loads,
            node_id: settings.node_id,
            node_load: Arc::default(),
            closing,
            tasks: Mutex::new(tasks),
            bell: Notify::new(),
            peers,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(super) fn bell(&self) -> &Notify {
        &self.inner.bell
    }

    pub(super) fn is_up(&self) -> bool {
        self.inner.publishing.takes().is_ok() && self.inner.consuming.is_connected()
    }

    pub(super) fn is_consuming(&self) -> bool {
        let Inner { loads, node_load, .. } = &*self.inner;
        !loads.values().chain([node_load]).any(|load| load.misses_a_consumer_for(MISSED_AFTER))
    }

    pub(super) fn peers(&self) -> Peers {
        self.inner.peers.get()
    }

    pub(super) fn set_peers(&self, peers: Peers) {
        self.inner.peers.set(peers);
    }

    pub(super) async fn publish(&self, message: &Message) -> Confirm {
        self.send(AmqpMessage::event(message, &self.inner.origin)).await
    }

    /// In the order of the calls. Refused at once while the broker takes nothing: the caller has the message stored.
    async fn send(&self, message: AmqpMessage) -> Confirm {
        let (done, confirmed) = oneshot::channel();
        let sent = async {
            self.inner.publishing.takes()?;
            let permit = self.inner.window.clone().acquire_owned().await.map_err(|_| BusError::Down)?;
            let outgoing = OutgoingMessage::new(message, done, permit);
            self.inner.outgoing.send(outgoing).await.map_err(|_| BusError::Down)
        };
        match sent.await {
            Ok(()) => Box::pin(async move { confirmed.await.unwrap_or(Err(BusError::Down)) }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    pub(super) fn consume(&self, queue: &'static Queue) -> mpsc::Receiver<Delivery> {
        let (sender, deliveries) = mpsc::channel(usize::from(PREFETCH));
        let load = self.load(queue);
        self.own(subscriber::run(self.clone(), self.inner.consuming.clone(), queue, load, sender));
        deliveries
    }

    pub(super) fn node_queue(&self, node_id: &str) -> NodeQueue {
        let (sender, events) = mpsc::channel(usize::from(PREFETCH));
        let (changes, changed) = mpsc::unbounded_channel();
        let (link, origin) = (self.inner.consuming.clone(), self.inner.origin.clone());
        let load = self.inner.node_load.clone();
        let (id, bound) = (node_id.to_owned(), HashSet::new());
        let node = Node { id, origin, load: load.clone(), bound, events: sender, changes: changed };
        self.own(node_queue::run(link, node));
        NodeQueue::new(events, Bindings(BusBindings::Rabbit(changes)), load)
    }

    pub(super) fn queues(&self) -> Vec<QueueReport> {
        let Inner { loads, node_id, node_load, .. } = &*self.inner;
        let durable = QUEUES.iter().filter_map(|queue| Some(loads.get(queue.name)?.report(queue.name, queue.target)));
        durable.chain([node_load.report(&broadcast_queue(node_id), BROADCAST_TARGET)]).collect()
    }

    pub(super) fn load(&self, queue: &Queue) -> Arc<Load> {
        self.inner.loads.get(queue.name).cloned().unwrap_or_default()
    }

    pub(super) async fn close(&self) {
        // Every permit back: nothing is unconfirmed any more. Confirms have a timeout, and this one too.
        let _ = tokio::time::timeout(ANSWER_TIMEOUT, self.inner.window.acquire_many(WINDOW as u32)).await;
        let _ = self.inner.closing.send(true);
        let mut tasks = std::mem::take(&mut *self.tasks());
        // The subscribers end by being dropped: what they have not acknowledged goes to other nodes.
        let _ = tokio::time::timeout(Duration::from_secs(1), async {
            self.inner.publishing.closed().await;
            self.inner.consuming.closed().await;
        })
        .await;
        tasks.shutdown().await;
    }

    fn own(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a broker lets this program in: who, or why none does. Changes nothing there.
pub async fn reach(urls: &[String]) -> Result<String, String> {
    let mut reasons = Vec::new();
    for url in urls {
        let url = address(url).map_err(|error| error.to_string())?;
        let place = format!("{}:{}", url.authority.host, url.authority.port);
        let connecting = lapin::Connection::connect_uri(url, lapin::ConnectionProperties::default());
        match tokio::time::timeout(ANSWER_TIMEOUT, connecting).await {
            Ok(Ok(connection)) => {
                let _ = tokio::time::timeout(Duration::from_secs(1), connection.close(200, "seen".into())).await;
                return Ok(format!("RabbitMQ at {place}"));
            }
            Ok(Err(error)) => reasons.push(format!("{place}: {error}")),
            Err(_) => reasons.push(format!("{place}: no answer within {} s", ANSWER_TIMEOUT.as_secs())),
        }
    }
    Err(reasons.join("; ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A URL with our own timeouts where it names none. An empty virtual host is the default one: that is what people mean
/// by a slash at the end.
fn address(url: &str) -> Result<AMQPUri, BusError> {
    let mut address: AMQPUri =
        url.parse().map_err(|reason| BusError::Topology(format!("not an AMQP address: {reason}")))?;
    if address.vhost.is_empty() {
        address.vhost = "/".to_owned();
    }
    address.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    address.query.connection_timeout.get_or_insert(ANSWER_TIMEOUT.as_millis() as u64);
    Ok(address)
}

/// What the broker was asked, with an end to the wait.
async fn answered<T>(asked: impl Future<Output = lapin::Result<T>>) -> Result<T, BusError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the broker refused");
            Err(BusError::Down)
        }
        Err(_) => Err(BusError::TimedOut),
    }
}
