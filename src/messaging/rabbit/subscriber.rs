//! One consumer of a durable queue: deliveries out, acknowledgements back in batches. Made again whenever its channel
//! is lost or it heard nothing for a while; what was not acknowledged then comes again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery as Raw;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;

use super::acks::Acks;
use super::link::{Link, LiveConnection};
use super::{PREFETCH, Rabbit, UnackedDelivery, amqp_message, answered};
use crate::clock;
use crate::messaging::load::{ConsumerGauge, Load};
use crate::messaging::topology::Queue;
use crate::messaging::{BusError, Delivery};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static INTERRUPTED: Trouble = Trouble::new();
static STALE: Trouble = Trouble::new();

/// Settled deliveries that are acknowledged at once; fewer wait a little for company.
const ACKS_AT_ONCE: usize = 250;
const ACK_EVERY: Duration = Duration::from_millis(25);
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// A consumer that has nothing to do and hears nothing for so long is made again. Where a queue was deleted and
/// declared again at the same time, RabbitMQ may keep a consumer of which it has forgotten the way: it hands out
/// messages that never arrive, and says nothing. With the channel they go back to the queue.
const QUIET_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What comes again so soon after a quiet consumer was made anew had been handed out to it.
const HANDED_OUT_WITHIN: Duration = Duration::from_secs(1);

/// Why a consumer is over.
enum ConsumerEnd {
    /// Nobody takes the deliveries any more.
    Unwanted,
    /// It heard nothing.
    Quiet(QuietOutcome),
    /// The broker ended it, as it does when the queue is deleted.
    Cancelled,
    /// The broker closed its channel, or does not answer there.
    Closed(BusError),
    /// The connection is lost.
    Disconnected,
}

/// Whether a consumer that heard nothing should have heard something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuietOutcome {
    /// There was nothing to hear, unless what was handed out comes again now.
    Maybe,
    /// Messages were on their way when it ended, so what comes again says nothing.
    Not,
    /// Messages waited for it.
    Stale,
}

/// Consumes until nobody takes the deliveries, or the bus closes.
pub(super) async fn run(
    rabbit: Rabbit,
    link: Link,
    queue: &'static Queue,
    load: Arc<Load>,
    deliveries: mpsc::Sender<Delivery>,
) {
    let attached = ConsumerGauge::new(load.clone());
    let mut number = 0;
    let mut quiet = QuietOutcome::Not;
    loop {
        let live = tokio::select! {
            live = link.after(number) => live,
            () = deliveries.closed() => return,
        };
        let Some(live) = live else { return };
        let ended = match open(&live, queue).await {
            Ok((channel, consumer)) => {
                attached.is_there();
                let (settled, settlements) = mpsc::channel(usize::from(PREFETCH));
                let make = |tag| UnackedDelivery::new(tag, queue.name, settled.clone(), rabbit.clone(), load.clone());
                let mut subscription = Subscription::new(queue, channel, consumer, settlements);
                subscription.held_since = (quiet == QuietOutcome::Maybe).then(Instant::now);
                tokio::select! {
                    ended = subscription.run(&deliveries, &load, make) => ended.unwrap_or_else(ConsumerEnd::Closed),
                    () = link.lost(live.number) => ConsumerEnd::Disconnected,
                }
            }
            Err(error) => ConsumerEnd::Closed(error),
        };
        quiet = QuietOutcome::Not;
        match ended {
            ConsumerEnd::Unwanted => return,
            ConsumerEnd::Quiet(how) => {
                if how == QuietOutcome::Stale {
                    tell_stale(queue);
                }
                quiet = how;
                continue;
            }
            ConsumerEnd::Cancelled => {
                interrupted(queue, "cancelled", "the broker cancelled it, as when the queue is deleted")
            }
            ConsumerEnd::Closed(error) => interrupted(queue, "closed", &error.to_string()),
            // That is told and counted by the link.
            ConsumerEnd::Disconnected => {}
        }
        attached.is_missing();
        // A new connection even where only the channel failed: it may be that the queue is gone, which is declared
        // again then.
        link.suspect(live.number);
        number = live.number;
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

fn interrupted(queue: &Queue, reason: &'static str, error: &str) {
    telemetry::consumer_renewed(queue.name, reason);
    if INTERRUPTED.is_news() {
        tracing::warn!(queue = queue.name, error, "consuming is interrupted; the queue is declared and consumed again");
    }
}

fn tell_stale(queue: &Queue) {
    telemetry::consumer_renewed(queue.name, "stale");
    if STALE.is_news() {
        tracing::warn!(
            queue = queue.name,
            "the broker had messages for a consumer and delivered none of them; the consumer is made again"
        );
    }
}

async fn open(live: &LiveConnection, queue: &Queue) -> Result<(Channel, Consumer), BusError> {
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
    /// Deliveries that are not settled.
    outstanding: usize,
    /// When something came or was settled last.
    moved: Instant,
    /// When a quiet consumer was made anew; what it had been handed out comes first, and says that it was stale.
    held_since: Option<Instant>,
}

impl Subscription {
    fn new(queue: &'static Queue, channel: Channel, consumer: Consumer, settlements: mpsc::Receiver<u64>) -> Self {
        let (acks, moved) = (Acks::default(), Instant::now());
        Self { queue, channel, consumer, settlements, acks, outstanding: 0, moved, held_since: None }
    }

    async fn run(
        &mut self,
        deliveries: &mpsc::Sender<Delivery>,
        load: &Load,
        unacked: impl Fn(u64) -> UnackedDelivery,
    ) -> Result<ConsumerEnd, BusError> {
        let (mut tick, mut look) = (clock::every(ACK_EVERY), clock::every(LOOK_EVERY));
        let mut arrived = None;
        loop {
            tokio::select! {
                biased;
                tag = self.settlements.recv() => {
                    if let Some(tag) = tag {
                        self.settle(tag).await?;
                    }
                }
                _ = tick.tick(), if self.acks.waiting() > 0 => self.acknowledge().await?,
                place = deliveries.reserve(), if arrived.is_some() => match (place, arrived.take()) {
                    (Ok(place), Some(delivery)) => place.send(delivery),
                    _ => return self.leave().await,
                },
                raw = self.consumer.next(), if arrived.is_none() => match raw {
                    Some(Ok(raw)) => arrived = self.receive(raw, &unacked).await?,
                    Some(Err(error)) => {
                        tracing::debug!(%error, "the consumer failed");
                        return Err(BusError::Down);
                    }
                    None => return Ok(ConsumerEnd::Cancelled),
                },
                // What works here may take its time: while something is unsettled this says nothing of the broker.
                _ = look.tick() => if self.outstanding == 0 && self.moved.elapsed() > QUIET_MAX {
                    return self.end_quiet(load).await;
                },
                () = deliveries.closed() => return self.leave().await,
            }
        }
    }

    /// What came, unless it is of no use for this queue and settled at once.
    async fn receive(
        &mut self,
        raw: Raw,
        unacked: impl Fn(u64) -> UnackedDelivery,
    ) -> Result<Option<Delivery>, BusError> {
        let tag = raw.delivery_tag;
        self.outstanding += 1;
        self.moved = Instant::now();
        if self.held_since.take().is_some_and(|since| since.elapsed() < HANDED_OUT_WITHIN) && raw.redelivered {
            tell_stale(self.queue);
        }
        if !self.queue.needs_the_log && amqp_message::is_of_the_log(&raw) {
            let event_type = raw.properties.kind().as_ref().map_or("unknown", |kind| kind.as_str());
            telemetry::processed(event_type, self.queue.name, "ok", Duration::ZERO);
            self.settle(tag).await?;
            return Ok(None);
        }
        let (message, attempts, invalid) = amqp_message::open(raw);
        Ok(Some(Delivery { message, attempts, invalid, settlement: Box::new(unacked(tag)) }))
    }

    async fn settle(&mut self, tag: u64) -> Result<(), BusError> {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.moved = Instant::now();
        self.acks.settle(tag);
        if self.acks.waiting() >= ACKS_AT_ONCE { self.acknowledge().await } else { Ok(()) }
    }

    async fn acknowledge(&mut self) -> Result<(), BusError> {
        for ack in self.acks.take() {
            answered(self.channel.basic_ack(ack.tag, BasicAckOptions { multiple: ack.multiple })).await?;
        }
        Ok(())
    }

    /// Lets go of a channel on which nothing came.
    async fn end_quiet(&mut self, load: &Load) -> Result<ConsumerEnd, BusError> {
        self.acknowledge().await?;
        answered(self.channel.close(200, "nothing came".into())).await?;
        // What the broker sent before it heard of the end has come here too, and goes back to the queue.
        let is_crossed = matches!(self.consumer.next().now_or_never(), Some(Some(Ok(_))));
        let waits = load.depth.load(Ordering::Relaxed) > 0;
        Ok(ConsumerEnd::Quiet(match (is_crossed, waits) {
            (true, _) => QuietOutcome::Not,
            (false, true) => QuietOutcome::Stale,
            (false, false) => QuietOutcome::Maybe,
        }))
    }

    /// What is settled is acknowledged; the rest goes back to the queue with the channel.
    async fn leave(&mut self) -> Result<ConsumerEnd, BusError> {
        while let Ok(tag) = self.settlements.try_recv() {
            self.acks.settle(tag);
        }
        self.acknowledge().await?;
        answered(self.channel.close(200, "done".into())).await?;
        Ok(ConsumerEnd::Unwanted)
    }
}
