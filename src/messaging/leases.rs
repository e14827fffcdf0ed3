//! Keeps this node's writer alive, and publishes what writers left behind whose nodes are gone.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::message::{advanced, messages_of};
use super::{Bus, BusError};
use crate::clock;
use crate::database::Database;
use crate::ids::{Position, WriterId};
use crate::journal::JournalError;
use crate::journal::commit_feed;
use crate::outbox::lease;
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static LEFT: Trouble = Trouble::new();
static UNHEARD: Trouble = Trouble::new();
static UNREAD: Trouble = Trouble::new();

/// How often a writer says that it lives.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How soon it says so again that could not.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// A writer that was silent for so long is dead.
pub(crate) const SILENCE_MS: i64 = 10_000;
/// How long whoever takes over may be silent.
const LEASE_MS: i64 = 15_000;
/// Looks between two that also ask whether writers that are done stored something since.
const LOOKS_BETWEEN: u32 = 30;
/// Events read and published at once.
const PAGE: u64 = 500;

/// What can stop a take-over; it is tried again.
#[derive(Debug, thiserror::Error)]
enum StopReason {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("its writer lives, or another node took it over")]
    NotOurs,
}

impl From<sea_orm::DbErr> for StopReason {
    fn from(error: sea_orm::DbErr) -> Self {
        StopReason::Journal(error.into())
    }
}

/// The leases of one writer.
pub(super) struct Leases {
    database: Database,
    bus: Bus,
    writer_id: WriterId,
    /// A bus in the process means that no other node can live: whoever else stored something is dead.
    silence_ms: i64,
}

impl Leases {
    pub(super) fn new(database: Database, bus: Bus, writer_id: WriterId) -> Self {
        let silence_ms = if bus.is_local() { 0 } else { SILENCE_MS };
        Self { database, bus, writer_id, silence_ms }
    }

    /// Renews and takes over for ever. Each in its own time: a long take-over must not make this node look dead.
    pub(super) async fn run(&self) {
        tokio::join!(self.renew(), self.take_over());
    }

    async fn renew(&self) {
        let mut due = clock::every(RENEW_EVERY);
        // An idle node of its own spares the disk.
        while !self.bus.is_local() {
            due.tick().await;
            if let Err(error) = lease::renew(self.database.writer(), self.writer_id).await {
                if UNHEARD.is_news() {
                    tracing::warn!(%error, "this node could not say that it lives");
                }
                due.reset_after(AGAIN_AFTER);
            }
        }
    }

    async fn take_over(&self) {
        let mut due = clock::every(RENEW_EVERY);
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
                Err(error) => {
                    if UNREAD.is_news() {
                        tracing::error!(%error, "the writers could not be read");
                    }
                }
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
            Err(StopReason::NotOurs) => tracing::debug!(writer.id, "not taken over"),
            Err(error) => {
                if LEFT.is_news() {
                    tracing::warn!(writer.id, node = writer.node_id, %error, "not everything of a node that is gone is published yet");
                }
                if let Err(error) =
                    lease::let_go(self.database.writer(), self.writer_id, WriterId(writer.id), false).await
                {
                    tracing::debug!(%error, "the lease runs out by itself");
                }
            }
        }
    }

    async fn try_publish_for(&self, writer: &entity::writer::Model) -> Result<usize, StopReason> {
        let (db, left) = (self.database.writer(), WriterId(writer.id));
        if !lease::take_over(db, self.writer_id, left, self.silence_ms, LEASE_MS).await? {
            return Err(StopReason::NotOurs);
        }
        let (mut position, mut count) = (Position(writer.published), 0);
        loop {
            let rows = commit_feed::read_from(self.database.reader(), left, position.next(), PAGE).await?;
            let Some(&(last, _)) = rows.last() else { break };
            let mut confirms = Vec::new();
            let records: Vec<_> = rows.iter().map(|(_, record)| record.clone()).collect();
            for message in advanced(&records).filter(|message| self.bus.wants(&message.routing_key)) {
                confirms.push(self.bus.publish(message).await);
            }
            for record in &records {
                for message in messages_of(record, |key| self.bus.wants(key), self.bus.peers()) {
                    confirms.push(self.bus.publish(message).await);
                }
            }
            try_join_all(confirms).await?;
            count += rows.len();
            position = last;
            commit_feed::mark(db, left, position).await?;
            if !lease::hold(db, self.writer_id, left, LEASE_MS).await? {
                return Err(StopReason::NotOurs);
            }
        }
        lease::let_go(db, self.writer_id, left, true).await?;
        Ok(count)
    }
}
