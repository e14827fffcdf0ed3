//! Group commit: what queued while the last commit ran goes into the next one, no timer. One task for each node.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{DbErr, EntityTrait, Set};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::command_key::CommandKeys;
use super::commit_feed::{CommitSender, PublishProgress};
use super::lists::ListChange;
use super::opened::Snapshot;
use super::single_statement::{Outbox, Outcome};
use super::{
    APPENDS_WAITING_MAX, Append, AppendError, HISTORIES_AT_ONCE, Journal, Record, Work, command_key, heads,
    single_statement,
};
use crate::database::Database;
use crate::ids::{CommandId, Position, Seq, SessionId, Timestamp, UserId, WriterId};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static NOT_STORED: Trouble = Trouble::new();
static ONE_BY_ONE: Trouble = Trouble::new();

/// Appends of one commit at most.
const BATCH_MAX: usize = 512;
/// Events of one commit at most, so that one commit stays short.
const BATCH_EVENTS_MAX: usize = 4_096;
/// How soon a session whose row was held is tried again where nothing else is to be written; and how long at most.
const LOCKED_AGAIN: Duration = Duration::from_millis(20);
const LOCKED_MAX: Duration = Duration::from_secs(5);
/// Snapshots that wait for their turn between commits; more of them are not kept.
const SNAPSHOTS_WAITING_MAX: usize = 512;

/// The task that writes. It ends when the last `Journal` is dropped, with everything committed.
pub struct JournalWriter {
    database: Database,
    id: WriterId,
    position: Position,
    /// The last commit failed and may be stored all the same: the position has to be read again, or every commit to
    /// come would claim places that are taken.
    unsure: bool,
    published: Arc<PublishProgress>,
    work: mpsc::Receiver<Work>,
    commits: CommitSender,
    keys: CommandKeys,
    /// Appends to sessions whose row somebody else holds.
    locked: Vec<Append>,
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
        let id = WriterId(entity::writer::Entity::insert(row).exec(database.writer()).await?.last_insert_id);
        let (sender, work) = mpsc::channel(APPENDS_WAITING_MAX);
        let published = Arc::new(PublishProgress::default());
        let commits = CommitSender::new(id, published.clone(), sender.downgrade());
        let keys = CommandKeys::open(&database).await?;
        let journal = Journal {
            database: database.clone(),
            runtime: Handle::current(),
            keys: keys.clone(),
            work: sender,
            histories: Arc::new(Semaphore::new(HISTORIES_AT_ONCE)),
        };
        let writer = Self {
            database,
            id,
            position: Position::ZERO,
            unsure: false,
            published,
            work,
            commits,
            keys,
            locked: Vec::new(),
        };
        Ok((journal, writer))
    }

    /// Where the relay hears of what was committed. To be taken before `run`.
    pub fn commit_feed(&mut self) -> super::commit_feed::CommitFeed {
        self.commits.open()
    }

    /// Writes until nobody can append any more.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut snapshots = VecDeque::new();
        while self.receive(&mut batch, snapshots.is_empty()).await {
            let mut appends = self.take_locked();
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
        let count = match waits {
            true if self.locked.is_empty() => Some(received.await),
            true => tokio::time::timeout(LOCKED_AGAIN, received).await.ok(),
            false => received.now_or_never(),
        };
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
                if let Some(lasted) = NOT_STORED.end() {
                    tracing::info!(?lasted, "events are stored again");
                }
                self.told(appends, &stored);
            }
            Err(error) if command_key::is_taken(&error) => self.refuse_used_keys(appends).await,
            // A statement that failed for one must not sink its neighbours; a database that is gone sinks all alike.
            Err(error) if appends.len() > 1 && is_about_one_row(&error) => {
                if ONE_BY_ONE.is_news() {
                    tracing::warn!(%error, appends = appends.len(), "commit failed, storing one by one");
                }
                for append in appends {
                    Box::pin(self.commit(vec![append])).await;
                }
            }
            Err(error) => {
                if NOT_STORED.is_news() {
                    tracing::error!(%error, appends = appends.len(), "events not stored");
                }
                telemetry::commit_failed();
                not_stored(appends);
            }
        }
    }

    /// Nothing was stored, since a key is taken: the others are stored again, and those with such keys each alone. One
    /// whose head moved meanwhile is told of that first, since its command may be the one that has the key.
    async fn refuse_used_keys(&mut self, appends: Vec<Append>) {
        let taken = match self.keys.taken(self.database.writer(), &appends).await {
            Ok(taken) if taken.iter().any(|taken| !taken.is_empty()) => taken,
            other => {
                tracing::error!(error = ?other.err(), appends = appends.len(), "used keys not found, events not stored");
                telemetry::commit_failed();
                return not_stored(appends);
            }
        };
        let is_alone = appends.len() == 1;
        let (mut rest, mut suspects) = (Vec::with_capacity(appends.len()), Vec::new());
        for (append, taken) in appends.into_iter().zip(taken) {
            if taken.is_empty() {
                rest.push(append);
            } else if is_alone {
                let refusal = self.refusal_of(&append, taken).await;
                let _ = append.answer.send(Err(refusal));
            } else {
                suspects.push(append);
            }
        }
        if !rest.is_empty() {
            Box::pin(self.commit(rest)).await;
        }
        for append in suspects {
            Box::pin(self.commit(vec![append])).await;
        }
    }

    /// Of one whose keys were found to be taken: where its head moved by then, they may be taken by its own commands, which
    /// another node stored.
    async fn refusal_of(&self, append: &Append, taken: Vec<(UserId, CommandId)>) -> AppendError {
        match entity::session::Entity::find_by_id(append.session.0).one(self.database.writer()).await {
            Ok(Some(row)) if append.after > Seq::ZERO && Seq(row.head) != append.after => AppendError::Conflict,
            Ok(_) => AppendError::KeysUsed(taken),
            Err(_) => AppendError::Unavailable,
        }
    }

    /// One transaction; says whose events are in it.
    async fn transact(&mut self, appends: &[Append]) -> Result<Outcome, DbErr> {
        if self.database.is_postgres() {
            return self.store_in_one_statement(appends).await;
        }
        let tx = self.database.begin_write().await?;
        if self.unsure {
            self.position = heads::last_position(&tx, self.id).await?;
            self.keys.catch_up(&tx).await?;
        }
        self.unsure = true;
        let mut stored = HashSet::with_capacity(appends.len());
        for append in appends.iter().filter(|append| append.after == Seq::ZERO) {
            if heads::open(&tx, append).await? {
                stored.insert(append.session);
            }
        }
        let going_on: Vec<&Append> = appends.iter().filter(|append| append.after > Seq::ZERO).collect();
        if !going_on.is_empty() {
            stored.extend(heads::advance(&tx, &going_on).await?.into_iter().map(SessionId));
        }
        let stored_appends = || appends.iter().filter(|append| stored.contains(&append.session));
        let records: Vec<Arc<Record>> = stored_appends().flat_map(|append| append.records.iter().cloned()).collect();
        heads::insert(&tx, self.id, self.position.next(), &records).await?;
        for append in stored_appends() {
            // What an opening append changes beside its own row is in here, too.
            if let Some(change) = ListChange::of(&append.records) {
                change.store(&tx, append.session).await?;
            }
        }
        self.keys.insert(&tx, stored_appends().flat_map(command_key::numbers).collect()).await?;
        let published = self.published.confirmed();
        if published != self.published.stored() {
            heads::mark_published(&tx, self.id, published).await?;
        }
        tx.commit().await?;
        self.unsure = false;
        self.published.set_stored(published);
        Ok(Outcome { stored, locked: HashSet::new() })
    }

    async fn store_in_one_statement(&mut self, appends: &[Append]) -> Result<Outcome, DbErr> {
        let db = self.database.writer();
        if self.unsure {
            self.position = heads::last_position(db, self.id).await?;
        }
        self.unsure = true;
        let published = self.published.confirmed();
        let outbox = Outbox { writer_id: self.id, position: self.position, published };
        let outcome = single_statement::store(db, outbox, appends).await?;
        self.unsure = false;
        self.published.set_stored(published);
        Ok(outcome)
    }

    fn told(&mut self, appends: Vec<Append>, outcome: &Outcome) {
        self.keys.committed(appends.iter().filter(|append| outcome.stored.contains(&append.session)));
        let mut committed = Vec::new();
        for append in appends {
            if outcome.stored.contains(&append.session) {
                committed.extend(append.records);
                let _ = append.answer.send(Ok(()));
            } else if outcome.locked.contains(&append.session) {
                self.locked.push(append);
            } else {
                telemetry::append_conflicted();
                let _ = append.answer.send(Err(AppendError::Conflict));
            }
        }
        if !committed.is_empty() {
            let first = self.position.next();
            self.position = self.position + committed.len() as i64;
            self.commits.committed(first, committed);
        }
    }

    /// Those whose session somebody else holds come again with the next commit, but not for ever.
    fn take_locked(&mut self) -> Vec<Append> {
        let (late, again): (Vec<_>, Vec<_>) =
            self.locked.drain(..).partition(|append| append.since.elapsed() >= LOCKED_MAX);
        for append in late {
            tracing::warn!(session.id = %append.session, "events not stored: somebody else holds the session");
            let _ = append.answer.send(Err(AppendError::Unavailable));
        }
        again
    }

    async fn mark_published(&mut self) {
        let published = self.published.confirmed();
        if published == self.published.stored() {
            return;
        }
        match heads::mark_published(self.database.writer(), self.id, published).await {
            Ok(()) => self.published.set_stored(published),
            // The relay asks again: until then a restart publishes again what consumers have seen already.
            Err(error) => tracing::debug!(%error, "outbox position not kept"),
        }
    }
}

fn not_stored(appends: Vec<Append>) {
    for append in appends {
        let _ = append.answer.send(Err(AppendError::Unavailable));
    }
}

fn is_about_one_row(error: &DbErr) -> bool {
    error.sql_err().is_some() || matches!(error, DbErr::Type(_) | DbErr::Json(_))
}
