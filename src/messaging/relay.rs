//! Outbox to bus. Publishes in order of position, pipelined; moves the position when everything up to it is confirmed.
//! At least once: a crash between a confirm and the stored position publishes again, with the same ids.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join_all};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;

use super::message::messages_of;
use super::{Bus, BusError, Message};
use crate::clock;
use crate::database::Database;
use crate::game::id::Timestamp;
use crate::journal::Record;
use crate::journal::envelope::{Envelope, SOURCE_SERVICE};
use crate::journal::outbox::{self, Batch, Committed};
use crate::telemetry;

/// Events whose confirms are awaited at once.
const WINDOW: usize = 4_096;
/// Events read at once where the relay lags behind.
const PAGE: u64 = 1_000;
const CLAIM_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The task that publishes what this node stored.
pub struct Relay {
    database: Database,
    bus: Bus,
    committed: Committed,
    /// The next position to publish.
    next: i64,
    /// Confirmed up to here.
    published: i64,
    kept: i64,
    backlog: VecDeque<(i64, Arc<Record>)>,
    /// Messages of the outbox table whose confirms are awaited, beside everything else: one that is tried again for
    /// seconds must not hold up the rest.
    others: FuturesUnordered<BoxFuture<'static, (i64, Result<(), BusError>)>>,
    /// Their rows.
    sending: HashSet<i64>,
}

impl Relay {
    /// A relay for what the writer of `committed` stores.
    pub fn new(database: Database, bus: Bus, committed: Committed) -> Self {
        Self {
            database,
            bus,
            committed,
            next: 1,
            published: 0,
            kept: 0,
            backlog: VecDeque::new(),
            others: FuturesUnordered::new(),
            sending: HashSet::new(),
        }
    }

    /// Publishes until the journal is closed or `stop` is true, then drains what is confirmed.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        self.take_over_the_dead().await;
        let mut confirms = FuturesOrdered::new();
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let mut stopping = false;
        loop {
            while confirms.len() < WINDOW
                && let Some((position, record)) = self.backlog.pop_front()
            {
                confirms.push_back(self.publish(position, record).await);
            }
            if stopping && confirms.is_empty() && self.backlog.is_empty() {
                self.send_others().await;
                while let Some(other) = self.others.next().await {
                    self.confirmed(other).await;
                }
                return self.committed.keep();
            }
            tokio::select! {
                biased;
                Some(confirmed) = confirms.next(), if !confirms.is_empty() => match confirmed {
                    Ok(position) => {
                        self.published = position;
                        self.committed.published(position);
                    }
                    Err((position, error)) => {
                        // Everything from here on is published again; consumers know what they had.
                        tracing::warn!(position, %error, "publishing again");
                        confirms = FuturesOrdered::new();
                        self.backlog.clear();
                        self.next = self.published + 1;
                        tokio::time::sleep(LOOK_EVERY).await;
                        self.read_backlog().await;
                    }
                },
                Some(other) = self.others.next(), if !self.others.is_empty() => self.confirmed(other).await,
                batch = self.committed.batches.recv(), if self.backlog.len() < WINDOW && !stopping => match batch {
                    Some(batch) => self.take(batch).await,
                    None => stopping = true,
                },
                _ = tick.tick() => self.look().await,
                _ = stop.changed(), if !stopping => {
                    stopping = true;
                    while let Ok(batch) = self.committed.batches.try_recv() {
                        self.take(batch).await;
                    }
                }
            }
        }
    }

    async fn take(&mut self, Batch { first, records }: Batch) {
        if first > self.next {
            // The relay lagged and a batch did not fit: its place is in the table.
            self.read_until(first).await;
        }
        for (position, record) in (first..).zip(records) {
            if position >= self.next {
                self.next = position + 1;
                self.backlog.push_back((position, record));
            }
        }
    }

    async fn read_until(&mut self, end: i64) {
        while self.next < end {
            let before = self.next;
            self.read_backlog().await;
            if self.next == before {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn read_backlog(&mut self) {
        let read = outbox::read_from(self.database.reader(), self.committed.writer_id, self.next, PAGE).await;
        match read {
            Ok(rows) => {
                for (position, record) in rows {
                    self.next = position + 1;
                    self.backlog.push_back((position, record));
                }
            }
            Err(error) => tracing::error!(%error, "the outbox could not be read"),
        }
    }

    async fn publish(
        &mut self,
        position: i64,
        record: Arc<Record>,
    ) -> impl Future<Output = Result<i64, (i64, BusError)>> + use<> {
        let mut confirms = Vec::new();
        let mut sent = Vec::new();
        for message in messages_of(&record, |key| self.bus.wants(key)) {
            sent.push((message.envelope.clone(), message.pattern().to_owned()));
            confirms.push(self.bus.publish(message).await);
        }
        async move {
            try_join_all(confirms).await.map_err(|error| (position, error))?;
            for (envelope, pattern) in sent {
                telemetry::published(&envelope.event_type, &pattern, &envelope.source_service);
            }
            Ok(position)
        }
    }

    async fn look(&mut self) {
        if self.kept != self.published {
            self.kept = self.published;
            self.committed.keep();
        }
        let waiting = self.next - 1 - self.published;
        let oldest = self.backlog.front().map(|(_, record)| record.event.timestamp);
        let age_ms = oldest.map_or(0, |oldest: Timestamp| clock::now().millis() - oldest.millis());
        telemetry::outbox(waiting as f64, age_ms as f64 / 1000.0);
        self.send_others().await;
    }

    /// Publishes what waits in the outbox table, in order.
    async fn send_others(&mut self) {
        // An empty look takes no write lock.
        match outbox::any(self.database.reader()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "the outbox could not be read"),
        }
        while self.others.len() < WINDOW {
            let db = self.database.writer();
            let rows = match outbox::claim(db, self.committed.writer_id, clock::now(), CLAIM_MS, PAGE).await {
                Ok(rows) if rows.is_empty() => return,
                Ok(rows) => rows,
                Err(error) => return tracing::error!(%error, "the outbox could not be read"),
            };
            let mut unreadable = Vec::new();
            for row in rows {
                match serde_json::from_str::<Envelope>(&row.envelope) {
                    // A row that is on its way for long is claimed anew here, not sent twice.
                    Ok(_) if !self.sending.insert(row.id) => {}
                    Ok(envelope) => {
                        let message = Message::new(row.routing_key, envelope);
                        let (event_type, pattern) = (message.envelope.event_type.clone(), message.pattern().to_owned());
                        let confirm = self.bus.publish(message).await;
                        let confirmed = confirm.map(move |confirmed| {
                            if confirmed.is_ok() {
                                telemetry::published(&event_type, &pattern, SOURCE_SERVICE);
                            }
                            (row.id, confirmed)
                        });
                        self.others.push(confirmed.boxed());
                    }
                    Err(error) => {
                        tracing::error!(row.id, %error, "an outbox message is unreadable and is dropped");
                        unreadable.push(row.id);
                    }
                }
            }
            self.forget(unreadable).await;
        }
    }

    /// Takes what the bus confirmed out of the table, together with what else it confirmed by now.
    async fn confirmed(&mut self, first: (i64, Result<(), BusError>)) {
        let mut sent = Vec::new();
        let mut next = Some(first);
        while let Some((id, confirmed)) = next {
            self.sending.remove(&id);
            match confirmed {
                Ok(()) => sent.push(id),
                Err(error) => tracing::warn!(row.id = id, %error, "an outbox message is sent again later"),
            }
            next = self.others.next().now_or_never().flatten();
        }
        self.forget(sent).await;
    }

    async fn forget(&mut self, rows: Vec<i64>) {
        if rows.is_empty() {
            return;
        }
        if let Err(error) = outbox::sent(self.database.writer(), rows).await {
            tracing::error!(%error, "sent messages stay in the outbox and will come again");
        }
    }

    /// What earlier processes stored but had not confirmed.
    async fn take_over_the_dead(&mut self) {
        if let Err(error) = self.try_take_over().await {
            tracing::error!(%error, "the outbox of earlier runs could not be published");
        }
    }

    async fn try_take_over(&mut self) -> Result<(), crate::journal::JournalError> {
        let database = self.database.clone();
        let db = database.reader();
        for writer in outbox::writers(db).await? {
            if writer.id == self.committed.writer_id {
                continue;
            }
            let mut position = writer.published;
            loop {
                let rows = outbox::read_from(db, writer.id, position + 1, PAGE).await?;
                let Some((last, _)) = rows.last() else { break };
                let last = *last;
                for (at, record) in rows {
                    let confirm = self.publish(at, record).await;
                    if let Err((at, error)) = confirm.await {
                        tracing::warn!(writer.id, at, %error, "an event of an earlier run is not published yet");
                        return Ok(());
                    }
                }
                position = last;
                outbox::mark(database.writer(), writer.id, position).await?;
            }
        }
        Ok(())
    }
}
