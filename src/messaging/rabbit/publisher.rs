//! One channel that publishes: in order, pipelined, each message answered by the broker or failed. What failed is
//! published again by whoever has it stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::amqp_message::AmqpMessage;
use super::link::{Link, LiveConnection};
use crate::clock;
use crate::messaging::BusError;
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static INTERRUPTED: Trouble = Trouble::new();

/// Messages that wait for their confirm at once.
pub(super) const WINDOW: usize = 1_000;
/// How long a confirm may take before the connection counts as dead.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);
/// A message that no queue takes is returned before it is confirmed, but lapin tells of it with whichever confirm comes
/// next; so a confirm is believed when nothing was returned for so long after it.
const DOUBT: Duration = Duration::from_millis(3);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A outgoing_message and who waits for it.
pub(super) struct OutgoingMessage {
    outgoing_message: AmqpMessage,
    waiting: PendingConfirm,
}

/// Who waits for a confirm, and the place in the window that is free then.
struct PendingConfirm {
    done: oneshot::Sender<Result<(), BusError>>,
    _permit: OwnedSemaphorePermit,
}

impl OutgoingMessage {
    pub(super) fn new(
        outgoing_message: AmqpMessage,
        done: oneshot::Sender<Result<(), BusError>>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self { outgoing_message, waiting: PendingConfirm { done, _permit: permit } }
    }
}

impl PendingConfirm {
    fn settle(self, result: Result<(), BusError>) {
        if let Err(error) = &result {
            telemetry::publish_failed(error.word());
        }
        let _ = self.done.send(result);
    }
}

/// Publishes until the bus closes.
pub(super) async fn run(link: Link, mut outgoing: mpsc::Receiver<OutgoingMessage>) {
    let mut number = 0;
    loop {
        let live = tokio::select! {
            biased;
            live = link.after(number) => match live {
                Some(live) => live,
                None => return,
            },
            outgoing_message = outgoing.recv() => match outgoing_message {
                Some(OutgoingMessage { waiting, .. }) => {
                    waiting.settle(Err(BusError::Down));
                    continue;
                }
                None => return,
            },
        };
        number = live.number;
        let error = match open(&live).await {
            Ok(channel) => Session::new(channel).run(&link, number, &mut outgoing).await,
            Err(error) => error,
        };
        if INTERRUPTED.is_news() {
            tracing::warn!(%error, "publishing is interrupted");
        }
        link.suspect(number);
        // What waits came after what failed, and must not overtake it on the next connection.
        while let Ok(OutgoingMessage { waiting, .. }) = outgoing.try_recv() {
            waiting.settle(Err(error.clone()));
        }
    }
}

async fn open(live: &LiveConnection) -> Result<Channel, BusError> {
    let channel = super::answered(live.connection.create_channel()).await?;
    super::answered(channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}

type PendingPublish = BoxFuture<'static, lapin::Result<Confirmation>>;

/// One channel as long as it lives.
struct Session {
    channel: Arc<Channel>,
    pending: FuturesOrdered<PendingPublish>,
    /// Of each flight, in the same order: since when, and who waits.
    manifest: VecDeque<(Instant, PendingConfirm)>,
    /// Confirmed, but not believed yet.
    doubted: VecDeque<(Instant, PendingConfirm)>,
}

impl Session {
    fn new(channel: Channel) -> Self {
        Self {
            channel: Arc::new(channel),
            pending: FuturesOrdered::new(),
            manifest: VecDeque::new(),
            doubted: VecDeque::new(),
        }
    }

    /// Publishes until the channel is of no use any more; answers why.
    async fn run(mut self, link: &Link, number: u64, outgoing: &mut mpsc::Receiver<OutgoingMessage>) -> BusError {
        let mut look = clock::every(LOOK_EVERY);
        let mut trouble = Box::pin(link.trouble(number));
        loop {
            let believed = self.doubted.front().map(|(since, _)| *since + DOUBT);
            let failed = tokio::select! {
                biased;
                error = &mut trouble => {
                    if error != BusError::Blocked {
                        return self.fail(error);
                    }
                    // What is under way may arrive when the alarm is over; whoever waits must not wait for that.
                    self.fail_all(&BusError::Blocked);
                    refuse_while_blocked(link, number, outgoing).await;
                    trouble = Box::pin(link.trouble(number));
                    Ok(())
                }
                Some(landed) = self.pending.next(), if !self.pending.is_empty() => self.all_landed(landed),
                () = at(believed), if believed.is_some() => {
                    self.believe();
                    Ok(())
                }
                _ = look.tick() => self.look(),
                outgoing_message = outgoing.recv(), if self.pending.len() < WINDOW => match outgoing_message {
                    Some(outgoing_message) => {
                        self.publish_all(outgoing_message, outgoing).await;
                        Ok(())
                    }
                    None => return self.fail(BusError::Down),
                },
            };
            if let Err(error) = failed {
                return self.fail(error);
            }
        }
    }

    /// This one and what came with it, as far as the window reaches.
    async fn publish_all(&mut self, first: OutgoingMessage, outgoing: &mut mpsc::Receiver<OutgoingMessage>) {
        self.publish(first).await;
        while self.pending.len() < WINDOW
            && let Ok(next) = outgoing.try_recv()
        {
            self.publish(next).await;
        }
    }

    async fn publish(&mut self, OutgoingMessage { outgoing_message, waiting }: OutgoingMessage) {
        // Whoever gave up waiting publishes it again.
        if waiting.done.is_closed() {
            return;
        }
        let channel = self.channel.clone();
        let mut flight: PendingPublish = Box::pin(async move {
            let AmqpMessage { exchange, routing_key, mandatory, properties, body } = outgoing_message;
            let options = BasicPublishOptions { mandatory, immediate: false };
            channel.basic_publish(exchange.into(), routing_key, options, &body, properties).await?.await
        });
        // The first poll hands the frames over, so the order on the wire is the order of these calls.
        let flight = match futures_util::poll!(&mut flight) {
            std::task::Poll::Pending => flight,
            std::task::Poll::Ready(landed) => Box::pin(std::future::ready(landed)),
        };
        self.pending.push_back(flight);
        self.manifest.push_back((Instant::now(), waiting));
    }

    /// This one and what landed with it.
    fn all_landed(&mut self, first: lapin::Result<Confirmation>) -> Result<(), BusError> {
        self.landed(first)?;
        while let Some(Some(next)) = self.pending.next().now_or_never() {
            self.landed(next)?;
        }
        Ok(())
    }

    fn landed(&mut self, landed: lapin::Result<Confirmation>) -> Result<(), BusError> {
        let Some((_, waiting)) = self.manifest.pop_front() else { return Ok(()) };
        match landed {
            Ok(Confirmation::Ack(None)) => {
                self.doubted.push_back((Instant::now(), waiting));
                Ok(())
            }
            Ok(Confirmation::Nack(None)) => {
                waiting.settle(Err(BusError::Nacked));
                Ok(())
            }
            // Which one was returned is not told reliably; all that are not believed yet come again.
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => {
                waiting.settle(Err(BusError::Returned));
                Err(BusError::Returned)
            }
            Ok(Confirmation::NotRequested) => {
                waiting.settle(Err(BusError::Down));
                Err(BusError::Down)
            }
            Err(error) => {
                tracing::debug!(%error, "not published");
                waiting.settle(Err(BusError::Down));
                Err(BusError::Down)
            }
        }
    }

    fn believe(&mut self) {
        let now = Instant::now();
        while let Some((_, waiting)) = self.doubted.pop_front_if(|(since, _)| *since + DOUBT <= now) {
            waiting.settle(Ok(()));
        }
    }

    fn look(&self) -> Result<(), BusError> {
        match self.manifest.front() {
            Some((since, _)) if since.elapsed() > CONFIRM_TIMEOUT => Err(BusError::TimedOut),
            _ => Ok(()),
        }
    }

    fn fail(&mut self, error: BusError) -> BusError {
        self.fail_all(&error);
        error
    }

    fn fail_all(&mut self, error: &BusError) {
        self.pending = FuturesOrdered::new();
        for (_, waiting) in self.doubted.drain(..).chain(self.manifest.drain(..)) {
            waiting.settle(Err(error.clone()));
        }
    }
}

async fn refuse_while_blocked(link: &Link, number: u64, outgoing: &mut mpsc::Receiver<OutgoingMessage>) {
    let mut unblocked = Box::pin(link.unblocked(number));
    loop {
        tokio::select! {
            biased;
            () = &mut unblocked => return,
            Some(OutgoingMessage { waiting, .. }) = outgoing.recv() => waiting.settle(Err(BusError::Blocked)),
        }
    }
}

async fn at(time: Option<Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}
