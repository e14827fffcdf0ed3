//! A message at a consumer, and the three ways to be done with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Message;
use super::load::Load;
use super::rabbit::UnackedDelivery;

/// A body that is no envelope.
#[derive(Clone, Debug)]
pub(super) struct Invalid {
    /// What is wrong with it.
    pub(super) reason: String,
    /// The body as it came.
    pub(super) body: String,
}

/// Who wants to know what became of it.
pub(super) enum DeliverySettlement {
    /// The publisher, in this process.
    Local {
        done: oneshot::Sender<()>,
        load: Arc<Load>,
        arrived: Instant,
    },
    Broker(UnackedDelivery),
}

/// A message at a consumer. One that is dropped unsettled comes again.
pub struct Delivery {
    /// What came.
    pub message: Message,
    /// How often it failed before.
    pub attempts: u32,
    pub(super) invalid: Option<Invalid>,
    pub(super) settle: DeliverySettlement,
}

impl Delivery {
    /// It is applied, or kept as a dead letter: it need not come again.
    pub fn ack(self) {
        match self.settle {
            DeliverySettlement::Local { done, load, arrived } => {
                load.took(arrived.elapsed());
                let _ = done.send(());
            }
            DeliverySettlement::Broker(unacked) => unacked.ack(),
        }
    }

    /// It is to be tried again later. In the process it waits here for `delay` and is given back; RabbitMQ keeps it in
    /// a retry queue, and the consumer is done with it.
    pub(super) async fn again(mut self, delay: Duration) -> Option<Self> {
        match self.settle {
            DeliverySettlement::Local { .. } => {
                tokio::time::sleep(delay).await;
                self.attempts += 1;
                Some(self)
            }
            DeliverySettlement::Broker(unacked) => {
                unacked.retry(&self.message, self.attempts).await;
                None
            }
        }
    }

    /// It is kept as a dead letter with its reason; on RabbitMQ a copy goes to `<queue>.dlq`.
    pub(super) async fn dead(self, reason: &str) {
        match self.settle {
            DeliverySettlement::Local { done, .. } => {
                let _ = done.send(());
            }
            DeliverySettlement::Broker(unacked) => {
                let body = self.invalid.map(|invalid| invalid.body);
                unacked.bury(&self.message, self.attempts, body, reason).await;
            }
        }
    }

    /// Did it come from this process?
    pub(super) fn is_local(&self) -> bool {
        matches!(self.settle, DeliverySettlement::Local { .. })
    }
}
