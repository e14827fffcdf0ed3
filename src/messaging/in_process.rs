//! The bus of a single node: queues are bounded channels. A publish is confirmed when every queue's consumer has applied
//! the message for good, so the outbox position never runs ahead of what a crash would lose.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};

use super::topology::{Queue, matches};
use super::{BusError, Confirm, Delivery, Message, QueueState};

/// Messages that wait in one queue; the relay waits when it is full.
const QUEUE_MAX: usize = 8_192;

struct Bound {
    name: &'static str,
    patterns: Vec<String>,
    queue: mpsc::Sender<Delivery>,
}

/// Queues by binding.
#[derive(Clone, Default)]
pub struct InProcess {
    bound: Arc<Mutex<Vec<Bound>>>,
}

impl InProcess {
    pub(super) fn bind(&self, queue: &Queue) -> mpsc::Receiver<Delivery> {
        self.bind_patterns(queue.name, queue.bindings.iter().map(|&pattern| pattern.to_owned()).collect())
    }

    pub(super) fn bind_patterns(&self, name: &'static str, patterns: Vec<String>) -> mpsc::Receiver<Delivery> {
        let (sender, deliveries) = mpsc::channel(QUEUE_MAX);
        self.lock().push(Bound { name, patterns, queue: sender });
        deliveries
    }

    pub(super) fn queues(&self) -> Vec<QueueState> {
        let state = |bound: &Bound| QueueState {
            name: bound.name.to_owned(),
            messages: (bound.queue.max_capacity() - bound.queue.capacity()) as u64,
            capacity: Some(bound.queue.max_capacity() as u64),
            consumers: u32::from(!bound.queue.is_closed()),
        };
        self.lock().iter().map(state).collect()
    }

    pub(super) fn wants(&self, routing_key: &str) -> bool {
        self.lock().iter().any(|bound| bound.takes(routing_key))
    }

    pub(super) async fn publish(&self, message: Message) -> Confirm {
        let queues: Vec<_> = {
            let mut bound = self.lock();
            bound.retain(|bound| !bound.queue.is_closed());
            bound.iter().filter(|bound| bound.takes(&message.routing_key)).map(|bound| bound.queue.clone()).collect()
        };
        let mut settled = Vec::with_capacity(queues.len());
        for queue in queues {
            let (done, applied) = oneshot::channel();
            let delivery = Delivery { message: message.clone(), attempts: 0, done: Some(done) };
            // A queue without a consumer is one that is shutting down: not confirmed, so it comes again.
            let _ = queue.send(delivery).await;
            settled.push(applied);
        }
        Box::pin(async move {
            let all = join_all(settled).await;
            if all.iter().all(Result::is_ok) { Ok(()) } else { Err(BusError::NotTaken) }
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Bound>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bound {
    fn takes(&self, routing_key: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, routing_key))
    }
}
