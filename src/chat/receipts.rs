//! The task that stores what devices acknowledge: nobody waits for it, so many are stored at once.

use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

use super::announcer::Announcements;
use super::marks::{self, Receipt};
use crate::clock;
use crate::database::Database;

/// What may wait; whoever comes then waits as well.
const WAITING_MAX: usize = 16_384;
/// Receipts that are stored at once at most.
const BATCH_MAX: usize = 8_192;
/// Further ones are waited for so long.
const PACE: Duration = Duration::from_millis(100);
/// Where many come, for longer: what a member had of a chat meanwhile is one row, and one thing to tell.
const PACE_MAX: Duration = Duration::from_millis(500);
/// So many for each of those times.
const RECEIPTS_OF_PACE: u32 = 256;

type Work = (Receipt, oneshot::Sender<Result<(), DbErr>>);

/// The way to the task. Clones share it.
#[derive(Clone)]
pub(super) struct ReceiptQueue(mpsc::Sender<Work>);

impl ReceiptQueue {
    /// Marks what a device had; the answer comes when that is stored.
    pub(super) async fn receive(&self, receipt: Receipt) -> Result<(), DbErr> {
        let lost = || DbErr::Custom("nobody stores what is acknowledged".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.send((receipt, answer)).await.map_err(|_| lost())?;
        answered.await.unwrap_or_else(|_| Err(lost()))
    }
}

/// The task. It ends when nobody can ask any more.
pub(crate) struct ReceiptWriter {
    database: Database,
    announcements: Announcements,
    work: mpsc::Receiver<Work>,
}

impl ReceiptWriter {
    pub(super) fn new(database: Database, announcements: Announcements) -> (ReceiptQueue, Self) {
        let (queue, work) = mpsc::channel(WAITING_MAX);
        (ReceiptQueue(queue), Self { database, announcements, work })
    }

    /// Writes until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let (mut batch, mut pace) = (Vec::new(), PACE);
        while let Some(first) = self.work.recv().await {
            tokio::time::sleep(pace).await;
            batch.push(first);
            while batch.len() < BATCH_MAX
                && let Ok(next) = self.work.try_recv()
            {
                batch.push(next);
            }
            let many = u32::try_from(batch.len()).unwrap_or(u32::MAX) / RECEIPTS_OF_PACE;
            pace = PACE.saturating_mul(many).clamp(PACE, PACE_MAX);
            let (receipts, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
            let now = clock::now();
            let stored = marks::receive(&self.database, &receipts, now).await;
            if let Ok(advances) = &stored {
                self.announcements.say_advanced(advances, now, None);
            }
            for answer in answers {
                let _ = answer.send(stored.as_ref().map(|_| ()).map_err(Clone::clone));
            }
        }
    }
}
