//! The loop of every consumer: take what waits, apply it in one transaction, settle it. Twice is once, because the
//! handler records in that transaction what it applied.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::mpsc;

use super::topology::{self, Queue};
use super::{Bus, Delivery, Message, dead_letters};
use crate::clock;
use crate::database::{self, Database};
use crate::journal::JournalError;
use crate::outbox::envelope::MAX_RETRIES;
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static DATABASE: Trouble = Trouble::new();
static RETRIES: Trouble = Trouble::new();
static UNKEPT: Trouble = Trouble::new();

/// Messages applied in one transaction at most.
const BATCH_MAX: usize = 1_000;
/// Messages that are worth a transaction whatever the pace.
const BATCH_FULL: usize = 250;
const PACE_STEP: Duration = Duration::from_millis(5);
/// Retries that wait for their time at most; more of them wait in the queue.
const WAITING_MAX: usize = 1_000;
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// While the database is away it is asked again so soon: everything goes on when it is back.
const DATABASE_AGAIN_MAX: Duration = Duration::from_secs(1);

/// Why a message could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may go better later.
    #[error("{0}")]
    Transient(String),
    /// It never will.
    #[error("{0}")]
    Permanent(String),
    /// The database does not answer: no fault of the message, and no attempt of it.
    #[error("the database does not answer: {0}")]
    Database(DbErr),
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        if database::is_about_a_value(&error) { Self::Permanent(error.to_string()) } else { Self::Database(error) }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Unavailable(error) => error.into(),
            JournalError::Unreadable { .. } => Failure::Permanent(error.to_string()),
        }
    }
}

/// What a consumer does with messages.
pub trait Handler: Send {
    /// What can't be done inside a transaction. Comes before `apply`, with the same messages; both may come again.
    fn prepare(&mut self, _messages: &[Message]) -> impl Future<Output = Result<(), Failure>> + Send {
        std::future::ready(Ok(()))
    }

    /// Applies all of these in the transaction, or none. The same message may come again, late and out of order.
    fn apply(
        &mut self,
        tx: &DatabaseTransaction,
        messages: &[Message],
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The transaction of the last `apply` is settled; what was kept in memory for it may be used, or must be dropped.
    fn settled(&mut self, _committed: bool) {}

    /// Is there anything to do for it? What concerns nobody is settled at once, without a transaction.
    fn concerns(&self, _message: &Message) -> bool {
        true
    }
}

/// Consumes until the bus closes the queue. Bound by the call, not only when it is awaited: what is published next
/// arrives.
pub fn run(
    bus: Bus,
    queue: &'static Queue,
    database: Database,
    handler: impl Handler,
) -> impl Future<Output = ()> + Send {
    let deliveries = bus.consume(queue);
    consume(bus, queue, deliveries, database, handler)
}

async fn consume(
    bus: Bus,
    &Queue { name: queue, pace, .. }: &'static Queue,
    mut deliveries: mpsc::Receiver<Delivery>,
    database: Database,
    mut handler: impl Handler,
) {
    let mut waiting: FuturesUnordered<BoxFuture<'static, Option<Delivery>>> = FuturesUnordered::new();
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut begun = Instant::now();
    telemetry::consuming(queue, topology::event_types(queue));
    // A file has one writer, and balls wait for it as long as a transaction lasts: there, many short ones.
    let pace = if database.is_postgres() { pace } else { pace / 4 };
    loop {
        // A batch that is full enough is not waited for.
        while begun.elapsed() < pace && deliveries.len() < BATCH_FULL {
            tokio::time::sleep(PACE_STEP.min(pace)).await;
        }
        tokio::select! {
            count = deliveries.recv_many(&mut batch, BATCH_MAX), if waiting.len() < WAITING_MAX => {
                if count == 0 {
                    return;
                }
            }
            Some(delivery) = waiting.next(), if !waiting.is_empty() => match delivery {
                Some(delivery) => batch.push(delivery),
                // It waits at the broker now.
                None => continue,
            },
        }
        begun = Instant::now();
        if batch.first().is_some_and(Delivery::is_local) {
            telemetry::queue_size(queue, deliveries.len());
        }
        let mut batch = bury_invalid(queue, &database, std::mem::take(&mut batch), begun).await;
        for passing in batch.extract_if(.., |delivery| !handler.concerns(&delivery.message)) {
            telemetry::processed(&passing.message.envelope.event_type, queue, "ok", begun.elapsed());
            passing.ack();
        }
        if batch.is_empty() {
            continue;
        }
        let failed = apply(queue, &database, &mut handler, batch, begun).await;
        // What it enqueued is to go out now.
        bus.ring();
        for failed in failed {
            let delay = backoff(failed.attempts);
            waiting.push(Box::pin(failed.again(delay)));
        }
    }
}

/// Takes out what can't be read: it will never be.
async fn bury_invalid(queue: &'static str, database: &Database, batch: Vec<Delivery>, begun: Instant) -> Vec<Delivery> {
    let (invalid, valid): (Vec<_>, Vec<_>) = batch.into_iter().partition(|delivery| delivery.invalid.is_some());
    for delivery in invalid {
        let reason = delivery.invalid.as_ref().map(|invalid| invalid.reason.clone()).unwrap_or_default();
        telemetry::processed(telemetry::UNREADABLE, queue, "dead", begun.elapsed());
        bury(queue, database, delivery, &reason).await;
    }
    valid
}

/// Applies a batch as a whole, or one by one where it fails; answers what is to be tried again.
async fn apply(
    queue: &'static str,
    database: &Database,
    handler: &mut impl Handler,
    batch: Vec<Delivery>,
    begun: Instant,
) -> Vec<Delivery> {
    if batch.is_empty() {
        return Vec::new();
    }
    let mut failed_alone = None;
    match attempt(queue, database, handler, &batch, begun).await {
        Ok(()) => {
            batch.into_iter().for_each(Delivery::ack);
            return Vec::new();
        }
        Err(failure) if batch.len() > 1 => tracing::warn!(queue, %failure, "a batch failed, applying one by one"),
        Err(failure) => failed_alone = Some(failure),
    }
    let mut again = Vec::new();
    for delivery in batch {
        let event_type = delivery.message.envelope.event_type.clone();
        let result = match failed_alone.take() {
            Some(failure) => Err(failure),
            None => attempt(queue, database, handler, std::slice::from_ref(&delivery), begun).await,
        };
        match result {
            Ok(()) => delivery.ack(),
            Err(Failure::Transient(reason)) if delivery.attempts < retries_of(&delivery.message) => {
                if RETRIES.is_news() {
                    tracing::warn!(
                        queue,
                        event_type,
                        reason,
                        attempts = delivery.attempts,
                        "a message waits for a retry"
                    );
                }
                telemetry::processed(&event_type, queue, "retried", begun.elapsed());
                again.push(delivery);
            }
            Err(Failure::Transient(reason) | Failure::Permanent(reason)) => {
                telemetry::processed(&event_type, queue, "dead", begun.elapsed());
                bury(queue, database, delivery, &reason).await;
            }
            // `attempt` waits for the database, so it never gives this back.
            Err(Failure::Database(_)) => again.push(delivery),
        }
    }
    again
}

/// One transaction. While the database is away this waits: nothing can be recorded then, not even a failure.
async fn attempt(
    queue: &'static str,
    database: &Database,
    handler: &mut impl Handler,
    deliveries: &[Delivery],
    begun: Instant,
) -> Result<(), Failure> {
    let messages: Vec<Message> = deliveries.iter().map(|delivery| delivery.message.clone()).collect();
    let mut outages = 0;
    loop {
        let result = caught(transact(database, handler, &messages)).await;
        handler.settled(result.is_ok());
        match result {
            Ok(()) => {
                if let Some(lasted) = DATABASE.end() {
                    tracing::info!(queue, ?lasted, "the database answers again");
                }
                let (took, now_ms) = (begun.elapsed(), clock::now().millis());
                for Message { envelope, .. } in &messages {
                    telemetry::processed(&envelope.event_type, queue, "ok", took);
                    telemetry::message_age(queue, (now_ms - envelope.timestamp.millis()) as f64 / 1000.0);
                }
                return Ok(());
            }
            // Not again as it is: one by one, and what is too much alone has a number of attempts.
            Err(Failure::Database(error)) if database::is_out_of_time(&error) => {
                return Err(Failure::Transient(error.to_string()));
            }
            Err(Failure::Database(error)) => {
                if DATABASE.is_news() {
                    tracing::error!(queue, %error, "the database does not answer, waiting");
                }
                tokio::time::sleep(backoff(outages).min(DATABASE_AGAIN_MAX)).await;
                outages += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn transact(database: &Database, handler: &mut impl Handler, messages: &[Message]) -> Result<(), Failure> {
    handler.prepare(messages).await?;
    let tx = database.begin_write().await?;
    handler.apply(&tx, messages).await?;
    Ok(tx.commit().await?)
}

async fn bury(queue: &'static str, database: &Database, delivery: Delivery, reason: &str) {
    let id = delivery.message.envelope.event_id;
    tracing::error!(queue, message.id = %id, reason, "a message is a dead letter now");
    let mut outages = 0;
    while let Err(error) = dead_letters::keep(database.writer(), queue, &delivery, reason).await {
        if UNKEPT.is_news() {
            tracing::error!(queue, message.id = %id, %error, "the dead letter is not kept yet");
        }
        tokio::time::sleep(backoff(outages).min(DATABASE_AGAIN_MAX)).await;
        outages += 1;
    }
    delivery.dead(reason).await;
}

/// What `work` answers. Where it panics it never will: what it worked on must not take along what comes after it.
pub(crate) async fn caught<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let result = AssertUnwindSafe(work).catch_unwind().await;
    result.unwrap_or_else(|panic| Err(Failure::Permanent(panicked(&*panic))))
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
    format!("applying it panicked: {said}")
}

/// As many as it asks for, within reason.
fn retries_of(message: &Message) -> u32 {
    message.envelope.max_retries.min(MAX_RETRIES)
}

/// Doubles from half a second to a minute, with a fifth of jitter.
fn backoff(attempts: u32) -> Duration {
    let delay = BACKOFF_FIRST.saturating_mul(1 << attempts.min(10)).min(BACKOFF_MAX);
    delay.mul_f64(rand::random_range(0.8..1.2))
}
