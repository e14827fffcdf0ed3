//! One consumer of a durable queue: deliveries out, acknowledgements back in batches. Made again whenever its channel
//! is lost; what was not acknowledged then comes again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;

use super::acks::Acks;
use super::link::{Link, Live};
use super::{PREFETCH, Rabbit, Ticket, answered, parcel};
use crate::messaging::delivery::Settle;
use crate::messaging::load::Load;
use crate::messaging::topology::Queue;
use crate::messaging::{BusError, Delivery};
use crate::telemetry;

/// Settled deliveries that are acknowledged at once; fewer wait a little for company.
const ACKS_AT_ONCE: usize = 250;
const ACK_EVERY: Duration = Duration::from_millis(25);
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Consumes until nobody takes the deliveries, or the bus closes.
pub(super) async fn run(
    rabbit: Rabbit,
    link: Link,
    queue: &'static Queue,
    load: Arc<Load>,
    deliveries: mpsc::Sender<Delivery>,
) {
    let mut number = 0;
    loop {
        let live = tokio::select! {
            live = link.after(number) => live,
            () = deliveries.closed() => return,
        };
        let Some(live) = live else { return };
        let ended = match open(&live, queue).await {
            Ok((channel, consumer)) => {
                let (settled, settlements) = mpsc::channel(usize::from(PREFETCH));
                let make = |tag| Ticket::new(tag, queue.name, settled.clone(), rabbit.clone(), load.clone());
                let mut subscription = Subscription { queue, channel, consumer, settlements, acks: Acks::default() };
                tokio::select! {
                    ended = subscription.run(&deliveries, make) => ended,
                    () = link.lost(live.number) => Err(BusError::Down),
                }
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(queue = queue.name, %error, "consuming is interrupted");
                // On the same connection where only the channel failed; it may be that the queue is gone, which a new
                // connection declares again.
                link.suspect(live.number);
                number = live.number;
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}

async fn open(live: &Live, queue: &Queue) -> Result<(Channel, Consumer), BusError> {
    let channel = answered(live.connection.create_channel()).await?;
    answered(channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
    let consuming =
        channel.basic_consume(queue.name.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default());
    let consumer = answered(consuming).await?;
    Ok((channel, consumer))
}

/// One channel as long as it lives. Settlements of its deliveries come back to it and to no later one.
struct Subscription {
    queue: &'static Queue,
    channel: Channel,
    consumer: Consumer,
    settlements: mpsc::Receiver<u64>,
    acks: Acks,
}

impl Subscription {
    /// `Ok`: nobody takes the deliveries any more.
    async fn run(
        &mut self,
        deliveries: &mpsc::Sender<Delivery>,
        ticket: impl Fn(u64) -> Ticket,
    ) -> Result<(), BusError> {
        let mut tick = tokio::time::interval(ACK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut arrived = None;
        loop {
            tokio::select! {
                biased;
                tag = self.settlements.recv() => {
                    if let Some(tag) = tag {
                        self.acks.settle(tag);
                    }
                    if self.acks.waiting() >= ACKS_AT_ONCE {
                        self.acknowledge().await?;
                    }
                }
                _ = tick.tick(), if self.acks.waiting() > 0 => self.acknowledge().await?,
                place = deliveries.reserve(), if arrived.is_some() => match (place, arrived.take()) {
                    (Ok(place), Some(delivery)) => place.send(delivery),
                    _ => return self.leave().await,
                },
                raw = self.consumer.next(), if arrived.is_none() => match raw {
                    Some(Ok(raw)) => {
                        let tag = raw.delivery_tag;
                        if !self.queue.needs_the_log && parcel::is_of_the_log(&raw) {
                            let event_type = raw.properties.kind().as_ref().map_or("unknown", |kind| kind.as_str());
                            telemetry::processed(event_type, self.queue.name, "ok");
                            self.acks.settle(tag);
                            if self.acks.waiting() >= ACKS_AT_ONCE {
                                self.acknowledge().await?;
                            }
                            continue;
                        }
                        let (message, attempts, invalid) = parcel::open(raw);
                        arrived = Some(Delivery { message, attempts, invalid, settle: Settle::Broker(ticket(tag)) });
                    }
                    Some(Err(error)) => {
                        tracing::debug!(%error, "the consumer failed");
                        return Err(BusError::Down);
                    }
                    // The broker cancelled it: the queue was deleted.
                    None => return Err(BusError::Returned),
                },
                () = deliveries.closed() => return self.leave().await,
            }
        }
    }

    async fn acknowledge(&mut self) -> Result<(), BusError> {
        for ack in self.acks.take() {
            answered(self.channel.basic_ack(ack.tag, BasicAckOptions { multiple: ack.multiple })).await?;
        }
        Ok(())
    }

    /// What is settled is acknowledged; the rest goes back to the queue with the channel.
    async fn leave(&mut self) -> Result<(), BusError> {
        while let Ok(tag) = self.settlements.try_recv() {
            self.acks.settle(tag);
        }
        self.acknowledge().await?;
        answered(self.channel.close(200, "done".into())).await
    }
}
