//! Keeps this node's writer alive, and publishes what writers left behind whose nodes are gone.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{Bus, BusError, Message};
use crate::database::Database;
use crate::journal::outbox;
use crate::journal::{JournalError, lease};
use crate::telemetry;

/// How often a writer says that it lives.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// A writer that was silent for so long is dead.
const SILENCE_MS: i64 = 10_000;
/// How long whoever takes over may be silent.
const LEASE_MS: i64 = 15_000;
/// Looks between two that also ask whether writers that are done stored something since.
const LOOKS_BETWEEN: u32 = 30;
/// Events read and published at once.
const PAGE: u64 = 500;

/// What can stop a take-over; it is tried again.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("its writer lives, or another node took it over")]
    NotOurs,
}

impl From<sea_orm::DbErr> for Stopped {
    fn from(error: sea_orm::DbErr) -> Self {
        Stopped::Journal(error.into())
    }
}

/// The leases of one writer.
pub(super) struct Leases {
    database: Database,
    bus: Bus,
    writer_id: i64,
    /// A bus in the process means that no other node can live: whoever else stored something is dead.
    silence_ms: i64,
}

impl Leases {
    pub(super) fn new(database: Database, bus: Bus, writer_id: i64) -> Self {
        let silence_ms = if bus.is_local() { 0 } else { SILENCE_MS };
        Self { database, bus, writer_id, silence_ms }
    }

    /// Renews and takes over for ever. Each in its own time: a long take-over must not make this node look dead.
    pub(super) async fn run(&self) {
        tokio::join!(self.renew(), self.take_over());
    }

    async fn renew(&self) {
        let mut due = tokio::time::interval(RENEW_EVERY);
        // An idle node of its own spares the disk.
        while !self.bus.is_local() {
            due.tick().await;
            if let Err(error) = lease::renew(self.database.writer(), self.writer_id).await {
                tracing::warn!(%error, "this node could not say that it lives");
            }
        }
    }

    async fn take_over(&self) {
        let mut due = tokio::time::interval(RENEW_EVERY);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for look in 0_u32.. {
            due.tick().await;
            if !self.bus.is_up() {
                continue;
            }
            let finished = look % LOOKS_BETWEEN == 0;
            let db = self.database.reader();
            match lease::abandoned_writers(db, self.writer_id, self.silence_ms, finished).await {
                Ok(writers) => {
                    for writer in writers {
                        self.publish_for(&writer).await;
                    }
                }
                Err(error) => tracing::error!(%error, "the writers could not be read"),
            }
        }
    }

    async fn publish_for(&self, writer: &entity::writer::Model) {
        match self.try_publish_for(writer).await {
            Ok(0) => {}
            Ok(count) => {
                telemetry::writer_taken_over();
                tracing::info!(
                    writer.id,
                    node = writer.node_id,
                    count,
                    "published what a node that is gone had stored"
                );
            }
            Err(Stopped::NotOurs) => tracing::debug!(writer.id, "not taken over"),
            Err(error) => {
                tracing::warn!(writer.id, node = writer.node_id, %error, "not everything of a node that is gone is published yet");
                if let Err(error) = lease::let_go(self.database.writer(), self.writer_id, writer.id, false).await {
                    tracing::debug!(%error, "the lease runs out by itself");
                }
            }
        }
    }

    async fn try_publish_for(&self, writer: &entity::writer::Model) -> Result<usize, Stopped> {
        let db = self.database.writer();
        if !lease::take_over(db, self.writer_id, writer.id, self.silence_ms, LEASE_MS).await? {
            return Err(Stopped::NotOurs);
        }
        let (mut position, mut count) = (writer.published, 0);
        loop {
            let rows = outbox::read_from(self.database.reader(), writer.id, position + 1, PAGE).await?;
            let Some(&(last, _)) = rows.last() else { break };
            let mut confirms = Vec::new();
            for (_, record) in &rows {
                for message in self.messages(record) {
                    confirms.push(self.bus.publish(message).await);
                }
            }
            try_join_all(confirms).await?;
            count += rows.len();
            position = last;
            outbox::mark(db, writer.id, position).await?;
            if !lease::hold(db, self.writer_id, writer.id, LEASE_MS).await? {
                return Err(Stopped::NotOurs);
            }
        }
        lease::let_go(db, self.writer_id, writer.id, true).await?;
        Ok(count)
    }

    fn messages(&self, record: &std::sync::Arc<crate::journal::Record>) -> Vec<Message> {
        super::message::messages_of(record, |key| self.bus.wants(key))
    }
}
