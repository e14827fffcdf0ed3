//! The bus of a single node: queues are bounded channels. A publish is confirmed when every queue's consumer has applied
//! the message for good, so the outbox position never runs ahead of what a crash would lose.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Notify, mpsc, oneshot};

use super::delivery::Settlement;
use super::load::{Load, QueueReport};
use super::node_queue::{BusBindings, NodeArrival};
use super::topology::{BROADCAST_TARGET, Queue, broadcast_queue, matches};
use super::{Bindings, BusError, Confirm, Delivery, Message, NodeEvent, NodeQueue};

/// Messages that wait in one queue; the relay waits when it is full.
const QUEUE_MAX: usize = 8_192;

struct BoundQueue {
    queue: &'static Queue,
    sender: mpsc::Sender<Delivery>,
    load: Arc<Load>,
}

struct Node {
    name: String,
    bindings: NodeBindings,
    sender: mpsc::Sender<NodeArrival>,
    load: Arc<Load>,
}

#[derive(Default)]
struct Queues {
    bound: Vec<BoundQueue>,
    nodes: Vec<Node>,
}

/// Queues by binding.
#[derive(Clone, Default)]
pub struct InProcess {
    queues: Arc<Mutex<Queues>>,
    bell: Arc<Notify>,
}

/// What the node is bound to: `websocket.session.<id>.#` and the like are found by their beginning, however many.
#[derive(Clone, Default)]
pub(super) struct NodeBindings(Arc<RwLock<Patterns>>);

#[derive(Default)]
struct Patterns {
    beginnings: HashSet<String>,
    others: Vec<String>,
}

/// `a.b.#` without further wildcards: `a.b`.
fn beginning(pattern: &str) -> Option<&str> {
    pattern.strip_suffix(".#").filter(|beginning| !beginning.contains(['*', '#']))
}

impl NodeBindings {
    pub(super) fn bind(&self, pattern: String) {
        let mut patterns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(beginning) = beginning(&pattern) {
            patterns.beginnings.insert(beginning.to_owned());
        } else if !patterns.others.contains(&pattern) {
            patterns.others.push(pattern);
        }
    }

    pub(super) fn unbind(&self, pattern: &str) {
        let mut patterns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match beginning(pattern) {
            Some(beginning) => {
                patterns.beginnings.remove(beginning);
            }
            None => patterns.others.retain(|other| other != pattern),
        }
    }

    fn takes(&self, key: &str) -> bool {
        let patterns = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ends = key.match_indices('.').map(|(end, _)| end).chain([key.len()]);
        ends.map(|end| &key[..end]).any(|beginning| patterns.beginnings.contains(beginning))
            || patterns.others.iter().any(|pattern| matches(pattern, key))
    }
}

impl InProcess {
    pub(super) fn bind(&self, queue: &'static Queue) -> mpsc::Receiver<Delivery> {
        let (sender, deliveries) = mpsc::channel(QUEUE_MAX);
        let mut queues = self.lock();
        // One whose consumer is gone stays until it has another: what it did not take must not count as taken.
        queues.bound.retain(|bound| bound.queue.name != queue.name || !bound.sender.is_closed());
        queues.bound.push(BoundQueue { queue, sender, load: Arc::default() });
        drop(queues);
        deliveries
    }

    pub(super) fn bell(&self) -> &Notify {
        &self.bell
    }

    pub(super) fn node_queue(&self, node_id: &str) -> NodeQueue {
        let (sender, events) = mpsc::channel(QUEUE_MAX);
        let (bindings, load) = (NodeBindings::default(), Arc::new(Load::default()));
        let name = broadcast_queue(node_id);
        self.lock().nodes.push(Node { name, bindings: bindings.clone(), sender, load: load.clone() });
        NodeQueue::new(events, Bindings(BusBindings::InProcess(bindings)), load)
    }

    pub(super) fn wants(&self, key: &str) -> bool {
        let queues = self.lock();
        queues.bound.iter().any(|bound| bound.takes(key)) || queues.nodes.iter().any(|node| node.bindings.takes(key))
    }

    pub(super) async fn publish(&self, message: Message) -> Confirm {
        let takes = |bound: &BoundQueue| message.keys().any(|key| bound.takes(key));
        let hears = |node: &Node| message.keys().any(|key| node.bindings.takes(key));
        let (consumers, nodes): (Vec<_>, Vec<_>) = {
            let mut queues = self.lock();
            queues.nodes.retain(|node| !node.sender.is_closed());
            let consumers = queues
                .bound
                .iter()
                .filter(|bound| takes(bound))
                .map(|bound| (bound.sender.clone(), bound.load.clone()));
            let nodes = queues.nodes.iter().filter(|node| hears(node)).map(|node| node.sender.clone());
            (consumers.collect(), nodes.collect())
        };
        for node in nodes {
            let _ = node.send((Instant::now(), NodeEvent::Message(message.clone()))).await;
        }
        let mut settled = Vec::with_capacity(consumers.len());
        for (queue, load) in consumers {
            let (done, applied) = oneshot::channel();
            let settlement = Box::new(Unsettled { done, load, arrived: Instant::now() });
            let delivery = Delivery { message: message.clone(), attempts: 0, invalid: None, settlement };
            // A queue without a consumer is one that is shutting down: not confirmed, so it comes again.
            let _ = queue.send(delivery).await;
            settled.push(applied);
        }
        Box::pin(async move {
            let all = join_all(settled).await;
            if all.iter().all(Result::is_ok) { Ok(()) } else { Err(BusError::NotTaken) }
        })
    }

    pub(super) fn queues(&self) -> Vec<QueueReport> {
        let queues = self.lock();
        let consumers = queues
            .bound
            .iter()
            .map(|BoundQueue { queue, sender, load }| report(queue.name, queue.target, load, sender));
        let nodes =
            queues.nodes.iter().map(|Node { name, sender, load, .. }| report(name, BROADCAST_TARGET, load, sender));
        consumers.chain(nodes).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery that its publisher, in this process, waits for.
struct Unsettled {
    done: oneshot::Sender<()>,
    load: Arc<Load>,
    arrived: Instant,
}

impl Settlement for Unsettled {
    fn ack(self: Box<Self>) {
        self.load.took(self.arrived.elapsed());
        let _ = self.done.send(());
    }

    fn retry<'a>(
        self: Box<Self>,
        _: &'a Message,
        _: u32,
        delay: Duration,
    ) -> BoxFuture<'a, Option<Box<dyn Settlement>>> {
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            Some(self as Box<dyn Settlement>)
        })
    }

    fn bury<'a>(self: Box<Self>, _: &'a Message, _: u32, _: Option<String>, _: &'a str) -> BoxFuture<'a, ()> {
        let _ = self.done.send(());
        Box::pin(std::future::ready(()))
    }

    fn is_local(&self) -> bool {
        true
    }
}

fn report<T>(name: &str, target: Duration, load: &Load, sender: &mpsc::Sender<T>) -> QueueReport {
    let waiting = sender.max_capacity() - sender.capacity();
    QueueReport { depth: waiting as u64, consumers: 1, workers: 1, ..load.report(name, target) }
}

impl BoundQueue {
    fn takes(&self, key: &str) -> bool {
        self.queue.in_process.iter().any(|pattern| matches(pattern, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_a_queue_without_its_consumer_did_not_take_counts_as_taken_by_nobody() {
        let bus = InProcess::default();
        let envelope = crate::outbox::envelope::Envelope::between_nodes(
            None,
            "stats.advanced",
            crate::ids::Timestamp::from_millis(0),
            serde_json::Value::Null,
        );
        let publish = async || {
            let message = Message::new("stats.advanced".to_owned(), envelope.clone());
            let confirm = bus.publish(message).await;
            confirm.await
        };
        drop(bus.bind(&crate::messaging::topology::STATS));
        for _ in 0..2 {
            assert_eq!(publish().await, Err(BusError::NotTaken));
        }
        let mut deliveries = bus.bind(&crate::messaging::topology::STATS);
        let taking = async { deliveries.recv().await.expect("a message").ack() };
        assert_eq!(futures_util::join!(publish(), taking).0, Ok(()));
    }

    #[test]
    fn a_node_hears_what_it_is_bound_to_until_it_is_not() {
        let bindings = NodeBindings::default();
        bindings.bind("websocket.session.7.#".to_owned());
        bindings.bind("websocket.*.9".to_owned());
        assert!(bindings.takes("websocket.session.7.ball_potted"));
        assert!(bindings.takes("websocket.session.7"));
        assert!(bindings.takes("websocket.user.9"));
        assert!(!bindings.takes("websocket.session.70.ball_potted"));
        bindings.unbind("websocket.session.7.#");
        bindings.unbind("websocket.*.9");
        assert!(!bindings.takes("websocket.session.7.ball_potted"));
        assert!(!bindings.takes("websocket.user.9"));
    }
}
