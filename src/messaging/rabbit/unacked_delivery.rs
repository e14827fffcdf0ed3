//! How a consumer settles a delivery of the broker. An unacked of a channel that is lost does nothing: its message comes
//! again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::Rabbit;
use super::amqp_message::AmqpMessage;
use crate::messaging::Message;
use crate::messaging::delivery::Settlement;
use crate::messaging::load::Load;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static STAYS: Trouble = Trouble::new();

const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// One unacknowledged delivery.
pub(super) struct UnackedDelivery {
    tag: u64,
    queue: &'static str,
    /// To the channel it came from.
    settled: mpsc::Sender<u64>,
    rabbit: Rabbit,
    load: Arc<Load>,
    arrived: Instant,
}

impl UnackedDelivery {
    pub(super) fn new(
        tag: u64,
        queue: &'static str,
        settled: mpsc::Sender<u64>,
        rabbit: Rabbit,
        load: Arc<Load>,
    ) -> Self {
        Self { tag, queue, settled, rabbit, load, arrived: Instant::now() }
    }

    /// Acknowledges when the other is confirmed; until then the message is still here. Ends without where the channel
    /// is lost, since the message comes again.
    async fn replace(&self, replacement: impl Fn() -> AmqpMessage + Send) {
        while !self.settled.is_closed() {
            match self.rabbit.send(replacement()).await.await {
                Ok(()) => {
                    let _ = self.settled.try_send(self.tag);
                    return;
                }
                Err(error) => {
                    if STAYS.is_news() {
                        tracing::warn!(queue = self.queue, %error, "a failed message stays where it is for now");
                    }
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }
}

impl Settlement for UnackedDelivery {
    fn ack(self: Box<Self>) {
        self.load.took(self.arrived.elapsed());
        // There is a place for each unacknowledged delivery of the channel.
        let _ = self.settled.try_send(self.tag);
    }

    /// Puts the message into the next retry queue, whose delay it is.
    fn retry<'a>(
        self: Box<Self>,
        message: &'a Message,
        attempts: u32,
        _: Duration,
    ) -> BoxFuture<'a, Option<Box<dyn Settlement>>> {
        Box::pin(async move {
            self.replace(|| AmqpMessage::retry(self.queue, message, attempts)).await;
            None
        })
    }

    /// Puts the message, or the body that is none, into the dead letter queue.
    fn bury<'a>(
        self: Box<Self>,
        message: &'a Message,
        attempts: u32,
        raw: Option<String>,
        reason: &'a str,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.replace(|| AmqpMessage::dead(self.queue, message, attempts, raw.clone(), reason)).await;
        })
    }

    fn is_local(&self) -> bool {
        false
    }
}
