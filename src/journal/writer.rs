//! Group commit: what queued while the last commit ran goes into the next one, no timer. One task for each node.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use futures_util::FutureExt;
use sea_orm::{DbErr, EntityTrait, Set};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::outbox::Tap;
use super::snapshot::Snapshot;
use super::{APPENDS_WAITING_MAX, Append, AppendError, Journal, Record, Work, heads};
use crate::database::Database;
use crate::game::id::{SessionId, Timestamp};
use crate::telemetry;

/// Appends of one commit at most.
const BATCH_MAX: usize = 512;
/// Events of one commit at most, so that one commit stays short.
const BATCH_EVENTS_MAX: usize = 4_096;
/// Snapshots that wait for their turn between commits; more of them are not kept.
const SNAPSHOTS_WAITING_MAX: usize = 512;

/// The task that writes. It ends when the last `Journal` is dropped, with everything committed.
pub struct JournalWriter {
    database: Database,
    id: i64,
    position: i64,
    /// The last commit failed and may be stored all the same: the position has to be read again, or every commit to
    /// come would claim places that are taken.
    unsure: bool,
    published: Arc<AtomicI64>,
    published_stored: i64,
    work: mpsc::Receiver<Work>,
    tap: Tap,
}

impl JournalWriter {
    /// Registers a new writer in the database. To be called in the runtime that opened `database`.
    pub async fn register(database: Database, node_id: &str, now: Timestamp) -> Result<(Journal, Self), DbErr> {
        let row = entity::writer::ActiveModel {
            node_id: Set(node_id.to_owned()),
            published: Set(0),
            seen_at_ms: Set(now.millis()),
            taken_by: Set(None),
            taken_until_ms: Set(0),
            finished: Set(false),
            ..Default::default()
        };
        let id = entity::writer::Entity::insert(row).exec(database.writer()).await?.last_insert_id;
        let (sender, work) = mpsc::channel(APPENDS_WAITING_MAX);
        let published = Arc::new(AtomicI64::new(0));
        let tap = Tap::new(id, published.clone(), sender.downgrade());
        let journal = Journal { database: database.clone(), runtime: Handle::current(), work: sender };
        Ok((journal, Self { database, id, position: 0, unsure: false, published, published_stored: 0, work, tap }))
    }

    /// Where the relay hears of what was committed. To be taken before `run`.
    pub fn tap(&mut self) -> super::outbox::Committed {
        self.tap.open()
    }

    /// Writes until nobody can append any more.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut snapshots = VecDeque::new();
        while self.receive(&mut batch, snapshots.is_empty()).await {
            let mut appends = Vec::with_capacity(batch.len());
            let mut flushes = Vec::new();
            for work in batch.drain(..) {
                match work {
                    Work::Append(append) => appends.push(append),
                    Work::Snapshot(..) if snapshots.len() >= SNAPSHOTS_WAITING_MAX => {}
                    Work::Snapshot(session, snapshot) => snapshots.push_back((session, snapshot)),
                    Work::Flush(done) => flushes.push(done),
                    Work::Published => {}
                }
            }
            let appended = appends.len();
            // Lock order between nodes, and one append of a session is never split over two statements.
            appends.sort_by_key(|append| append.session);
            let mut rest = appends.into_iter().peekable();
            while rest.peek().is_some() {
                let mut events = 0;
                let chunk: Vec<Append> = std::iter::from_fn(|| {
                    let append = rest.next_if(|next| events == 0 || events + next.records.len() <= BATCH_EVENTS_MAX)?;
                    events += append.records.len();
                    Some(append)
                })
                .collect();
                self.commit(chunk).await;
            }
            // One between two commits: hundreds of sessions may come to their snapshots at the same moment.
            let upto = if flushes.is_empty() { 1 } else { snapshots.len() };
            self.keep(snapshots.drain(..upto.min(snapshots.len()))).await;
            if appended == 0 {
                self.mark_published().await;
            }
            for done in flushes {
                let _ = done.send(());
            }
        }
        self.keep(snapshots.into_iter()).await;
        self.mark_published().await;
    }

    /// Takes the work that queued; waits for some where it may. False: there will be no more.
    async fn receive(&mut self, batch: &mut Vec<Work>, waits: bool) -> bool {
        let received = self.work.recv_many(batch, BATCH_MAX);
        let count = if waits { Some(received.await) } else { received.now_or_never() };
        count != Some(0)
    }

    async fn keep(&self, snapshots: impl Iterator<Item = (SessionId, Box<Snapshot>)>) {
        for (session, snapshot) in snapshots {
            if let Err(error) = snapshot.store(self.database.writer(), session).await {
                tracing::debug!(session.id = %session, %error, "snapshot not kept");
            }
        }
    }

    async fn commit(&mut self, appends: Vec<Append>) {
        let started = Instant::now();
        match self.transact(&appends).await {
            Ok(stored) => {
                telemetry::batch_committed(appends.len(), started.elapsed());
                self.told(appends, &stored);
            }
            // A statement that failed for one must not sink its neighbours; a database that is gone sinks all alike.
            Err(error) if appends.len() > 1 && is_about_one_row(&error) => {
                tracing::warn!(%error, appends = appends.len(), "commit failed, storing one by one");
                for append in appends {
                    Box::pin(self.commit(vec![append])).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, appends = appends.len(), "events not stored");
                telemetry::commit_failed();
                for append in appends {
                    let _ = append.answer.send(Err(AppendError::Unavailable));
                }
            }
        }
    }

    /// One transaction; says which sessions' events are in it.
    async fn transact(&mut self, appends: &[Append]) -> Result<HashSet<SessionId>, DbErr> {
        let projected = |append: &Append| append.records.iter().any(|record| heads::is_projected(&record.event));
        if self.database.is_postgres() && !appends.iter().any(|append| append.after == 0 || projected(append)) {
            return self.store_at_once(appends).await;
        }
        let tx = self.database.begin_write().await?;
        if self.unsure {
            self.position = heads::last_position(&tx, self.id).await?;
        }
        self.unsure = true;
        let mut stored = HashSet::with_capacity(appends.len());
        for append in appends.iter().filter(|append| append.after == 0) {
            if heads::open(&tx, append).await? {
                stored.insert(append.session);
            }
        }
        let going_on: Vec<&Append> = appends.iter().filter(|append| append.after > 0).collect();
        if !going_on.is_empty() {
            stored.extend(heads::advance(&tx, &going_on).await?.into_iter().map(SessionId));
        }
        let records: Vec<Arc<Record>> = appends
            .iter()
            .filter(|append| stored.contains(&append.session))
            .flat_map(|append| append.records.iter().cloned())
            .collect();
        heads::insert(&tx, self.id, self.position + 1, &records).await?;
        for record in &records {
            heads::project(&tx, &record.event).await?;
        }
        let published = self.published.load(Ordering::Acquire);
        if published != self.published_stored {
            heads::mark_published(&tx, self.id, published).await?;
        }
        tx.commit().await?;
        self.unsure = false;
        self.published_stored = published;
        Ok(stored)
    }

    async fn store_at_once(&mut self, appends: &[Append]) -> Result<HashSet<SessionId>, DbErr> {
        let db = self.database.writer();
        if self.unsure {
            self.position = heads::last_position(db, self.id).await?;
        }
        self.unsure = true;
        let published = self.published.load(Ordering::Acquire);
        let stored = heads::store_at_once(db, self.id, self.position, published, appends).await?;
        self.unsure = false;
        self.published_stored = published;
        Ok(stored)
    }

    fn told(&mut self, appends: Vec<Append>, stored: &HashSet<SessionId>) {
        let mut committed = Vec::new();
        for append in appends {
            if stored.contains(&append.session) {
                committed.extend(append.records);
                let _ = append.answer.send(Ok(()));
            } else {
                telemetry::append_conflicted();
                let _ = append.answer.send(Err(AppendError::Conflict));
            }
        }
        if !committed.is_empty() {
            let first = self.position + 1;
            self.position += committed.len() as i64;
            self.tap.committed(first, committed);
        }
    }

    async fn mark_published(&mut self) {
        let published = self.published.load(Ordering::Acquire);
        if published == self.published_stored {
            return;
        }
        match heads::mark_published(self.database.writer(), self.id, published).await {
            Ok(()) => self.published_stored = published,
            // Kept for the next commit: until then a restart publishes again what consumers have seen already.
            Err(error) => tracing::debug!(%error, "outbox position not kept"),
        }
    }
}

fn is_about_one_row(error: &DbErr) -> bool {
    error.sql_err().is_some() || matches!(error, DbErr::Type(_) | DbErr::Json(_))
}
