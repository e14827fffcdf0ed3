//! Outbox to bus. Publishes in order of position, pipelined; moves the position when everything up to it is confirmed.
//! At least once: a crash between a confirm and the stored position publishes again, with the same ids. What the bus
//! does not take stays where it is stored and is read again; nothing is dropped, and memory holds a window of it.

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, try_join_all};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::backlog::Backlog;
use super::leases::Leases;
use super::message::{advanced, messages_of};
use super::{Bus, BusError, Message};
use crate::clock;
use crate::database::Database;
use crate::ids::{Position, Timestamp};
use crate::journal::commit_feed::{self, Batch, CommitFeed};
use crate::outbox;
use crate::outbox::envelope::{Envelope, SOURCE_SERVICE};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static AGAIN: Trouble = Trouble::new();
static LATER: Trouble = Trouble::new();
static OUTBOX: Trouble = Trouble::new();
static STAY: Trouble = Trouble::new();

/// Events whose confirms are awaited at once.
const WINDOW: usize = 16_384;
/// Events published at once: confirms are heard between two bursts.
const BURST_MAX: usize = 4_096;
/// Events that wait in memory for the window; more of them are read again from the table, which costs far more.
const BACKLOG: usize = 32_768;
/// Events read at once where the relay lags behind.
const PAGE: u64 = 1_000;
const CLAIM_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a relay with nothing to do looks for commits that nobody was told of.
const LOOK_FOR_UNHEARD_EVERY: Duration = Duration::from_secs(2);
/// Bursts begin this far apart where events keep coming, since many messages at once cost the broker and this node far
/// less than one at a time. What comes after a pause goes out at once.
const PACE: Duration = Duration::from_millis(8);
/// Where more than one event comes in a millisecond, bursts grow up to this far apart.
const PACE_MAX: Duration = Duration::from_millis(25);
/// How long it waits after a failure before it publishes again.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Everything up to this position is confirmed; or not what stands at it.
type PublishResult = Result<Position, (Position, BusError)>;
type Confirms = FuturesOrdered<Either<Ready<PublishResult>, BoxFuture<'static, PublishResult>>>;

/// False: refused at once, so what comes after it must not overtake it.
fn push(confirms: &mut Confirms, mut confirmed: BoxFuture<'static, PublishResult>) -> bool {
    let settled = (&mut confirmed).now_or_never();
    let is_refused = matches!(settled, Some(Err(_)));
    confirms.push_back(settled.map_or(Either::Right(confirmed), |settled| Either::Left(ready(settled))));
    !is_refused
}

/// Hands messages over that are confirmed together.
async fn publish(bus: &Bus, position: Position, messages: Vec<Message>) -> BoxFuture<'static, PublishResult> {
    let mut confirms = Vec::new();
    let mut sent = Vec::new();
    for mut message in messages {
        message.is_own = true;
        sent.push((message.envelope.clone(), message.pattern().to_owned()));
        confirms.push(bus.publish(message).await);
    }
    let confirmed = async move {
        try_join_all(confirms).await.map_err(|error| (position, error))?;
        for (envelope, pattern) in sent {
            telemetry::published(&envelope.event_type, &pattern, &envelope.source_service);
        }
        Ok(position)
    };
    confirmed.boxed()
}

/// The task that publishes what this node stored.
pub struct Relay {
    database: Database,
    bus: Bus,
    committed: CommitFeed,
    backlog: Backlog,
    /// When it last looked for what nobody was told of.
    looked: Instant,
    /// The bus failed: not before this.
    resume: Option<Instant>,
    /// Messages of the outbox table whose confirms are awaited, beside everything else: one that is tried again for
    /// seconds must not hold up the rest.
    others: FuturesUnordered<BoxFuture<'static, (i64, Result<(), BusError>)>>,
    /// Their rows.
    sending: HashSet<i64>,
}

impl Relay {
    /// A relay for what the writer of `committed` stores.
    pub fn new(database: Database, bus: Bus, committed: CommitFeed) -> Self {
        Self {
            database,
            bus,
            committed,
            backlog: Backlog::new(BACKLOG),
            looked: Instant::now(),
            resume: None,
            others: FuturesUnordered::new(),
            sending: HashSet::new(),
        }
    }

    /// Publishes until the journal is closed or `stop` is true, then drains what is confirmed. Beside that it looks
    /// after the writers of other processes.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let leases = Leases::new(self.database.clone(), self.bus.clone(), self.committed.writer_id);
        tokio::select! {
            () = self.publish_own(stop) => {}
            () = leases.run() => {}
        }
    }

    async fn publish_own(mut self, mut stop: watch::Receiver<bool>) {
        let bus = self.bus.clone();
        let mut confirms = Confirms::new();
        let mut tick = clock::every(LOOK_EVERY);
        let mut stopping = false;
        let mut paced = Instant::now();
        loop {
            let now = Instant::now();
            if self.resume.is_none() && now >= paced {
                self.take_all();
                self.refill().await;
                if self.backlog.in_memory() > 0 {
                    let events = u64::try_from(self.backlog.in_memory()).unwrap_or(u64::MAX);
                    paced = now + Duration::from_millis(events).clamp(PACE, PACE_MAX);
                }
                self.publish_burst(&mut confirms).await;
            }
            let idle = confirms.is_empty() && self.backlog.is_empty();
            // A bus that is down is not waited for: others, or the next start, publish the rest.
            if stopping && (idle || self.resume.is_some()) {
                loop {
                    let may_be_more = self.send_others().await;
                    while let Some(other) = self.others.next().await {
                        self.confirmed(other).await;
                    }
                    if !may_be_more {
                        return self.committed.keep();
                    }
                }
            }
            let resume = self.resume;
            let burst = (resume.is_none() && !self.backlog.is_empty()).then_some(paced);
            // What is committed until the next burst waits where it is: hearing of each commit costs more than it says.
            let listens = burst.is_none_or(|burst| burst <= now);
            tokio::select! {
                biased;
                Some(first) = confirms.next(), if !confirms.is_empty() => self.note_confirmed(first, &mut confirms),
                Some(other) = self.others.next(), if !self.others.is_empty() => self.confirmed(other).await,
                batch = self.committed.batches.recv(), if listens && !stopping => match batch {
                    Some(Batch { first, records }) => self.backlog.take(first, records),
                    None => stopping = true,
                },
                // One page at a time: what is confirmed meanwhile has to be heard.
                () = bus.rung() => if self.send_others().await {
                    bus.ring();
                },
                _ = tick.tick() => self.look().await,
                () = until(burst), if burst.is_some() && confirms.len() < WINDOW => {}
                () = until(resume), if resume.is_some() => {
                    self.resume = if self.bus.is_up() { None } else { Some(Instant::now() + AGAIN_AFTER) };
                }
                _ = stop.changed(), if !stopping => {
                    stopping = true;
                    self.take_all();
                }
            }
        }
    }

    /// What the bus has answered by now.
    fn note_confirmed(&mut self, first: PublishResult, confirms: &mut Confirms) {
        let (mut confirmed, mut next) = (None, Some(first));
        while let Some(Ok(position)) = next {
            confirmed = Some(position);
            next = confirms.next().now_or_never().flatten();
        }
        if let Some(position) = confirmed {
            self.backlog.confirmed(position);
            self.committed.published(position);
        }
        if let Some(Err((position, error))) = next {
            // Everything from here on is published again; consumers know what they had.
            if AGAIN.is_news() {
                tracing::warn!(position = position.0, %error, "publishing again");
            }
            *confirms = Confirms::new();
            self.start_again();
        }
    }

    /// Publishes as much of the backlog as may be under way: first how far each session has got, so that no event counts
    /// as published before that does, then the events.
    async fn publish_burst(&mut self, confirms: &mut Confirms) {
        let burst = self.backlog.pop(WINDOW.saturating_sub(confirms.len()).min(BURST_MAX));
        let Some(&(first, _)) = burst.first() else { return };
        let records: Vec<_> = burst.iter().map(|(_, record)| record.clone()).collect();
        for hint in advanced(&records).filter(|hint| self.bus.wants(&hint.routing_key)) {
            let confirmed = publish(&self.bus, first.previous(), vec![hint]).await;
            if !push(confirms, confirmed) {
                return;
            }
        }
        for (position, record) in burst {
            let messages = messages_of(&record, |key| self.bus.wants(key), self.bus.peers());
            let confirmed = publish(&self.bus, position, messages).await;
            if !push(confirms, confirmed) {
                return;
            }
        }
    }

    fn start_again(&mut self) {
        self.backlog.start_again();
        self.resume = Some(Instant::now() + AGAIN_AFTER);
    }

    /// Takes all that was committed by now; of what was too much to be told it notes that it is in the table.
    fn take_all(&mut self) {
        // Asked first: what is told after that is taken all the same.
        let end = self.committed.end();
        while let Ok(Batch { first, records }) = self.committed.batches.try_recv() {
            self.backlog.take(first, records);
        }
        self.backlog.committed_before(end);
    }

    async fn refill(&mut self) {
        let Some(from) = self.backlog.missing_from() else { return };
        match commit_feed::read_from(self.database.reader(), self.committed.writer_id, from, PAGE).await {
            Ok(rows) => {
                if rows.is_empty() {
                    self.resume = Some(Instant::now() + AGAIN_AFTER);
                }
                self.backlog.fill(rows);
            }
            Err(error) => {
                if OUTBOX.is_news() {
                    tracing::error!(%error, "the outbox could not be read");
                }
                self.resume = Some(Instant::now() + AGAIN_AFTER);
            }
        }
    }

    async fn look(&mut self) {
        let published = self.backlog.published();
        self.committed.keep();
        let is_idle = self.backlog.is_empty() && self.resume.is_none();
        if is_idle && self.looked.elapsed() >= LOOK_FOR_UNHEARD_EVERY {
            self.look_for_unheard().await;
        }
        let waiting = self.backlog.unconfirmed();
        // What is on its way, or waits for a broker that is gone, is not in the backlog: the table knows it.
        match commit_feed::oldest(self.database.reader(), self.committed.writer_id, published, waiting > 0).await {
            Ok(oldest) => {
                let age_ms = oldest.map_or(0, |oldest: Timestamp| clock::now().millis() - oldest.millis());
                telemetry::outbox(waiting as f64, age_ms.max(0) as f64 / 1000.0);
            }
            // The age goes on to grow where it can be seen again.
            Err(error) => tracing::debug!(%error, "the age of the outbox could not be read"),
        }
        if self.send_others().await {
            self.bus.ring();
        }
    }

    /// A commit whose answer was lost is stored all the same, and the writer learns of it with its next one, which need
    /// never come.
    async fn look_for_unheard(&mut self) {
        match commit_feed::last_position(self.database.reader(), self.committed.writer_id).await {
            Ok(last) => {
                self.looked = Instant::now();
                if let Some(lasted) = OUTBOX.end() {
                    tracing::info!(?lasted, "the outbox can be read again");
                }
                self.backlog.committed_before(last.next());
            }
            Err(error) => {
                if OUTBOX.is_news() {
                    tracing::warn!(%error, "the outbox could not be read");
                }
            }
        }
    }

    /// Publishes a page of what waits in the outbox table, in order; answers whether more may wait.
    async fn send_others(&mut self) -> bool {
        if !self.bus.is_up() || self.others.len() >= WINDOW {
            return false;
        }
        let rows = match outbox::claim(&self.database, self.committed.writer_id, CLAIM_MS, PAGE).await {
            Ok(rows) => rows,
            Err(error) => {
                if OUTBOX.is_news() {
                    tracing::error!(%error, "the outbox could not be read");
                }
                return false;
            }
        };
        let may_be_more = rows.len() as u64 == PAGE;
        let mut unreadable = Vec::new();
        for row in rows {
            match serde_json::from_str::<Envelope>(&row.envelope) {
                // A row that is on its way for long is claimed anew here, not sent twice.
                Ok(_) if self.sending.contains(&row.id) => {}
                Ok(envelope) => {
                    self.send_other(row.id, Message::of_outbox(row.routing_key, envelope)).await;
                }
                Err(error) => {
                    tracing::error!(row.id, %error, "an outbox message is unreadable and is dropped");
                    unreadable.push(row.id);
                }
            }
        }
        self.forget(unreadable).await;
        may_be_more
    }

    async fn send_other(&mut self, row: i64, message: Message) {
        self.sending.insert(row);
        let (event_type, pattern) = (message.envelope.event_type.clone(), message.pattern().to_owned());
        let confirm = self.bus.publish(message).await;
        let confirmed = confirm.map(move |confirmed| {
            if confirmed.is_ok() {
                telemetry::published(&event_type, &pattern, SOURCE_SERVICE);
            }
            (row, confirmed)
        });
        self.others.push(confirmed.boxed());
    }

    /// Takes what the bus confirmed out of the table, together with what else it confirmed by now.
    async fn confirmed(&mut self, first: (i64, Result<(), BusError>)) {
        let (mut sent, mut kept) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some((id, confirmed)) = next {
            self.sending.remove(&id);
            match confirmed {
                Ok(()) => sent.push(id),
                Err(error) => {
                    if LATER.is_news() {
                        tracing::warn!(row.id = id, %error, "an outbox message is sent again later");
                    }
                    kept.push(id);
                }
            }
            next = self.others.next().now_or_never().flatten();
        }
        self.forget(sent).await;
        if !kept.is_empty()
            && let Err(error) = outbox::release(self.database.writer(), kept).await
        {
            tracing::debug!(%error, "the claims run out by themselves");
        }
    }

    async fn forget(&mut self, rows: Vec<i64>) {
        if rows.is_empty() {
            return;
        }
        if let Err(error) = outbox::sent(self.database.writer(), rows).await
            && STAY.is_news()
        {
            tracing::error!(%error, "sent messages stay in the outbox and will come again");
        }
    }
}

async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}
