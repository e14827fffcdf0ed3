//! The queue of this node: exclusive, gone with its connection, bound to what is connected here. Made again with all
//! its bindings, and then whoever listens is told that something may have been missed.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, oneshot};

use super::link::{Link, LiveConnection};
use super::{amqp_message, answered};
use crate::clock;
use crate::messaging::load::{ConsumerGauge, Load};
use crate::messaging::node_queue::{Change, NodeArrival};
use crate::messaging::topology::{BROADCAST, BROADCAST_MAX, EVENTS, broadcast_queue};
use crate::messaging::{BusError, NodeEvent};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static INTERRUPTED: Trouble = Trouble::new();

/// Events that wait here for the feed. When there are more, all go, and the journal is read instead.
const WAITING_MAX: usize = 8_192;
/// Changes of bindings under way at once.
const CHANGES_AT_ONCE: usize = 256;
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often the broker is asked what waits.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A node as its queue knows it, whatever becomes of the connection.
pub(super) struct Node {
    pub(super) id: String,
    /// Of this process: what it tells itself is not handed out.
    pub(super) origin: String,
    pub(super) load: Arc<Load>,
    /// The patterns that are asked for.
    pub(super) bound: HashSet<String>,
    pub(super) events: mpsc::Sender<NodeArrival>,
    pub(super) changes: mpsc::UnboundedReceiver<Change>,
}

/// Carries events until nobody takes them, or the bus closes.
pub(super) async fn run(link: Link, mut node: Node) {
    let attached = ConsumerGauge::new(node.load.clone());
    let mut number = 0;
    loop {
        let live = tokio::select! {
            // A binding is made where it can be, and remembered only where it can't.
            biased;
            live = link.after(number) => live,
            Some(change) = node.changes.recv() => {
                remember(&mut node.bound, change);
                continue;
            }
            () = node.events.closed() => return,
        };
        let Some(live) = live else { return };
        let is_first = number == 0;
        number = live.number;
        let ended = match open(&live, &node.id).await {
            Ok(mut session) => {
                attached.is_there();
                note_worker(&node.load, 1);
                let ended = tokio::select! {
                    ended = session.run(&mut node, is_first) => ended,
                    () = link.lost(live.number) => Err(BusError::Down),
                };
                note_worker(&node.load, 0);
                attached.is_missing();
                ended
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => return,
            Err(error) => {
                if INTERRUPTED.is_news() {
                    tracing::warn!(%error, "the queue of this node is interrupted");
                }
                link.suspect(live.number);
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

/// It is one queue for one node: the node's own worker, or none.
fn note_worker(load: &Load, workers: u64) {
    load.workers.store(workers, Ordering::Relaxed);
    load.consumers.store(workers, Ordering::Relaxed);
}

fn remember(bound: &mut HashSet<String>, change: Change) {
    match change {
        Change::Bind(pattern, done) => {
            bound.insert(pattern);
            let _ = done.send(Err(BusError::Down));
        }
        Change::Unbind(pattern) => {
            bound.remove(&pattern);
        }
    }
}

async fn open(live: &LiveConnection, node_id: &str) -> Result<Session, BusError> {
    let name = broadcast_queue(node_id);
    // After a cut the broker may still hold the old connection, which owns a queue of that name.
    let name = match declare(live, &name).await {
        Ok(channel) => return consume(channel, name).await,
        Err(BusError::TimedOut) => return Err(BusError::TimedOut),
        Err(_) => format!("{name}.{}", crate::clock::new_id().simple()),
    };
    let channel = declare(live, &name).await?;
    consume(channel, name).await
}

async fn declare(live: &LiveConnection, name: &str) -> Result<Channel, BusError> {
    let channel = answered(live.connection.create_channel()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(BROADCAST_MAX));
    let options = QueueDeclareOptions::exclusive().auto_delete();
    answered(channel.queue_declare(name.into(), options, arguments)).await?;
    Ok(channel)
}

async fn consume(channel: Channel, queue: String) -> Result<Session, BusError> {
    // Without acknowledgements, which cost the broker more than the messages are worth: they are hints.
    let options = BasicConsumeOptions { exclusive: true, no_ack: true, ..Default::default() };
    let consuming = channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
    let consumer = answered(consuming).await?;
    Ok(Session { channel, consumer, queue })
}

type Answer = oneshot::Sender<Result<(), BusError>>;
type BindingChange = BoxFuture<'static, (Result<(), BusError>, Option<Answer>)>;
type BindingChanges = FuturesUnordered<BindingChange>;

/// One channel as long as it lives.
struct Session {
    channel: Channel,
    consumer: Consumer,
    queue: String,
}

impl Session {
    /// `Ok`: nobody takes the events any more.
    async fn run(&mut self, node: &mut Node, is_first: bool) -> Result<(), BusError> {
        let Node { origin, load, bound, events, changes, .. } = node;
        let mut changing = BindingChanges::new();
        for pattern in bound.iter() {
            self.change(&mut changing, Change::Bind(pattern.clone(), oneshot::channel().0)).await;
            if changing.len() >= CHANGES_AT_ONCE {
                settle(changing.next().await)?;
            }
        }
        while let Some(changed) = changing.next().await {
            settle(Some(changed))?;
        }
        let mut waiting = VecDeque::new();
        if !is_first || !bound.is_empty() {
            arrive(&mut waiting, NodeEvent::Reconnected);
        }
        let mut look = clock::every(LOOK_EVERY);
        loop {
            tokio::select! {
                biased;
                changed = changing.next(), if !changing.is_empty() => settle(changed)?,
                Some(change) = changes.recv(), if changing.len() < CHANGES_AT_ONCE => {
                    match &change {
                        Change::Bind(pattern, _) => bound.insert(pattern.clone()),
                        Change::Unbind(pattern) => bound.remove(pattern),
                    };
                    self.change(&mut changing, change).await;
                }
                place = events.reserve(), if !waiting.is_empty() => match (place, waiting.pop_front()) {
                    (Ok(place), Some(event)) => place.send(event),
                    _ => return Ok(()),
                },
                _ = look.tick(), if changing.len() < CHANGES_AT_ONCE => changing.push(self.look(load.clone(), waiting.len())),
                raw = self.consumer.next() => match raw {
                    Some(Ok(raw)) if amqp_message::is_known(&raw, origin) => {}
                    Some(Ok(raw)) => match amqp_message::for_nodes(raw) {
                        (None, _, None) => tracing::warn!("a message that another system addressed to nodes"),
                        (Some(message), _, None) => arrive(&mut waiting, NodeEvent::Message(message)),
                        (_, _, Some(invalid)) => tracing::warn!(reason = invalid.reason, "an unreadable hint"),
                    },
                    Some(Err(_)) | None => return Err(BusError::Down),
                },
                () = events.closed() => return Ok(()),
            }
        }
    }

    /// Asks what waits at the broker beside the `waiting` here; on this channel, since nobody else may look at an
    /// exclusive queue.
    fn look(&self, load: Arc<Load>, waiting: usize) -> BindingChange {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        Box::pin(async move {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::exclusive().auto_delete() };
            let asked = answered(channel.queue_declare(queue.as_str().into(), passive, FieldTable::default())).await;
            let looked = asked.map(|queue| {
                let depth = queue.message_count() as usize + waiting;
                load.depth.store(depth as u64, Ordering::Relaxed);
                if depth == 0 {
                    load.rest();
                }
                telemetry::queue_size(BROADCAST, depth);
                telemetry::workers(BROADCAST, 1, load.latency());
            });
            (looked, None)
        })
    }

    /// Sends a change; the first poll hands it over, so changes are made in the order of the calls.
    async fn change(&self, changing: &mut BindingChanges, change: Change) {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        let (pattern, answer) = match change {
            Change::Bind(pattern, answer) => (pattern, Some(answer)),
            Change::Unbind(pattern) => (pattern, None),
        };
        let binds = answer.is_some();
        let mut asked: BoxFuture<'static, Result<(), BusError>> = Box::pin(async move {
            let (queue, exchange, key) = (queue.as_str().into(), EVENTS.into(), pattern.as_str().into());
            let none = FieldTable::default();
            if binds {
                answered(channel.queue_bind(queue, exchange, key, QueueBindOptions::default(), none)).await
            } else {
                answered(channel.queue_unbind(queue, exchange, key, none)).await
            }
        });
        match futures_util::poll!(&mut asked) {
            Poll::Ready(result) => changing.push(Box::pin(std::future::ready((result, answer)))),
            Poll::Pending => changing.push(Box::pin(async move { (asked.await, answer) })),
        }
    }
}

/// The feed takes it when it can. Too much for it is as if the queue had been lost: the journal tells it all.
fn arrive(waiting: &mut VecDeque<NodeArrival>, event: NodeEvent) {
    let now = Instant::now();
    if waiting.len() >= WAITING_MAX {
        tracing::warn!("more than can wait came from other nodes; the journal is read instead");
        waiting.clear();
        waiting.push_back((now, NodeEvent::Reconnected));
    }
    waiting.push_back((now, event));
}

fn settle(changed: Option<(Result<(), BusError>, Option<Answer>)>) -> Result<(), BusError> {
    let Some((result, answer)) = changed else { return Ok(()) };
    if let Some(answer) = answer {
        let _ = answer.send(result.clone());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::messaging::Message;
    use crate::outbox::envelope::Envelope;

    #[test]
    fn too_much_to_wait_becomes_a_look_into_the_journal_and_what_came_after() {
        let hint = |n: usize| {
            let envelope = Envelope::between_nodes(None, "node.alive", clock::now(), serde_json::Value::Null);
            NodeEvent::Message(Message::new(format!("websocket.node.{n}"), envelope))
        };
        let mut waiting = VecDeque::new();
        (0..WAITING_MAX).for_each(|n| arrive(&mut waiting, hint(n)));
        assert_eq!(waiting.len(), WAITING_MAX, "nothing is lost before the bound");
        arrive(&mut waiting, hint(WAITING_MAX));
        let events: Vec<_> = waiting.iter().map(|(_, event)| event).collect();
        let [NodeEvent::Reconnected, NodeEvent::Message(last)] = events[..] else { panic!("{events:?}") };
        assert_eq!(last.routing_key, format!("websocket.node.{WAITING_MAX}"));
    }
}
