//! A message at a consumer, and the three ways to be done with it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Message;

/// A body that is no envelope.
#[derive(Clone, Debug)]
pub(super) struct Invalid {
    /// What is wrong with it.
    pub(super) reason: String,
    /// The body as it came.
    pub(super) body: String,
}

/// How the transport of a delivery hears what became of it. Dropped: the message comes again.
pub(super) trait Settlement: Send + Sync {
    /// It need not come again.
    fn ack(self: Box<Self>);

    /// It is to be tried again, after `attempts` that failed before. `Some`: the consumer still has it, and `delay` is over.
    fn retry<'a>(
        self: Box<Self>,
        message: &'a Message,
        attempts: u32,
        delay: Duration,
    ) -> BoxFuture<'a, Option<Box<dyn Settlement>>>;

    /// It is kept as a dead letter. `raw`: its body, where that is no message.
    fn bury<'a>(
        self: Box<Self>,
        message: &'a Message,
        attempts: u32,
        raw: Option<String>,
        reason: &'a str,
    ) -> BoxFuture<'a, ()>;

    /// Does it come from this process?
    fn is_local(&self) -> bool;
}

/// A message at a consumer. One that is dropped unsettled comes again.
pub struct Delivery {
    /// What came.
    pub message: Message,
    /// How often it failed before.
    pub attempts: u32,
    pub(super) invalid: Option<Invalid>,
    pub(super) settlement: Box<dyn Settlement>,
}

impl Delivery {
    /// It is applied, or kept as a dead letter: it need not come again.
    pub fn ack(self) {
        self.settlement.ack();
    }

    /// It is to be tried again later. In the process it waits here for `delay` and is given back; RabbitMQ keeps it in
    /// a retry queue, and the consumer is done with it.
    pub(super) async fn again(mut self, delay: Duration) -> Option<Self> {
        self.settlement = self.settlement.retry(&self.message, self.attempts, delay).await?;
        self.attempts += 1;
        Some(self)
    }

    /// It is kept as a dead letter with its reason; on RabbitMQ a copy goes to `<queue>.dlq`.
    pub(super) async fn dead(self, reason: &str) {
        let body = self.invalid.map(|invalid| invalid.body);
        self.settlement.bury(&self.message, self.attempts, body, reason).await;
    }

    /// Did it come from this process?
    pub(super) fn is_local(&self) -> bool {
        self.settlement.is_local()
    }
}
