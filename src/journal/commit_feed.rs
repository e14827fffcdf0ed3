//! The commits of this node as they happen, for the relay that publishes their events; and the same read again from the
//! table. A session event is its own outbox record: its row carries the writer's position, and `writer.published` says
//! how far the bus has confirmed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entity::{event, writer};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use tokio::sync::mpsc;

use super::follow::{self, LogPart};
use super::{JournalError, Record, Work};
use crate::game::event::Fact;
use crate::ids::{Position, Timestamp, WriterId};
use crate::outbox;

/// Batches the relay may lag behind before it reads them from the table instead.
const BATCHES_MAX: usize = 256;

/// How far a writer's events are published.
#[derive(Debug, Default)]
pub(super) struct PublishProgress {
    confirmed: AtomicI64,
    stored: AtomicI64,
}

impl PublishProgress {
    /// What the bus has confirmed.
    pub(super) fn confirmed(&self) -> Position {
        Position(self.confirmed.load(Ordering::Acquire))
    }

    /// What of that the writer's row says.
    pub(super) fn stored(&self) -> Position {
        Position(self.stored.load(Ordering::Acquire))
    }

    pub(super) fn set_stored(&self, position: Position) {
        self.stored.store(position.0, Ordering::Release);
    }
}

/// Events of one commit, in order of position.
pub struct Batch {
    /// The position of the first.
    pub first: Position,
    /// The events.
    pub records: Vec<Arc<Record>>,
}

/// The writer's end: tells of commits without ever waiting for the relay.
pub(super) struct CommitSender {
    writer_id: WriterId,
    end: Arc<AtomicI64>,
    published: Arc<PublishProgress>,
    work: mpsc::WeakSender<Work>,
    sender: Option<mpsc::Sender<Batch>>,
}

impl CommitSender {
    pub(super) fn new(writer_id: WriterId, published: Arc<PublishProgress>, work: mpsc::WeakSender<Work>) -> Self {
        Self { writer_id, end: Arc::new(AtomicI64::new(1)), published, work, sender: None }
    }

    pub(super) fn open(&mut self) -> CommitFeed {
        let (sender, batches) = mpsc::channel(BATCHES_MAX);
        self.sender = Some(sender);
        CommitFeed {
            writer_id: self.writer_id,
            end: self.end.clone(),
            published: self.published.clone(),
            work: self.work.clone(),
            batches,
        }
    }

    pub(super) fn committed(&self, first: Position, records: Vec<Arc<Record>>) {
        if let Some(sender) = &self.sender {
            let end = first + records.len() as i64;
            // A batch that does not fit is missed by its positions: the relay reads the gap from the table.
            let _ = sender.try_send(Batch { first, records });
            self.end.store(end.0, Ordering::Release);
        }
    }
}

/// The relay's end.
pub struct CommitFeed {
    /// Whose positions these are.
    pub writer_id: WriterId,
    end: Arc<AtomicI64>,
    published: Arc<PublishProgress>,
    work: mpsc::WeakSender<Work>,
    /// The commits, as far as they fitted.
    pub batches: mpsc::Receiver<Batch>,
}

impl CommitFeed {
    /// Everything before this position is committed. What `batches` does not hold of it when this was asked first did
    /// not fit, and no later batch need ever come to show the gap.
    pub fn end(&self) -> Position {
        Position(self.end.load(Ordering::Acquire))
    }

    /// Everything up to `position` is confirmed by the bus; stored with the writer's next commit.
    pub fn published(&self, position: Position) {
        self.published.confirmed.store(position.0, Ordering::Release);
    }

    /// Has an idle writer store the position where its row says another one. To be asked now and then, since a database
    /// that is gone does not take it; and not for every confirm, for it costs a commit of its own.
    pub fn keep(&self) {
        if self.published.confirmed() == self.published.stored() {
            return;
        }
        if let Some(work) = self.work.upgrade() {
            // A full queue is about to commit anyway.
            let _ = work.try_send(Work::Published);
        }
    }
}

/// Events of a writer from a position on, for a relay that lags or takes over from a dead node.
pub async fn read_from(
    db: &impl ConnectionTrait,
    writer_id: WriterId,
    position: Position,
    limit: u64,
) -> Result<Vec<(Position, Arc<Record>)>, JournalError> {
    event::Entity::find()
        .filter(event::Column::WriterId.eq(writer_id.0))
        .filter(event::Column::Position.gte(position.0))
        .order_by_asc(event::Column::Position)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(|row| Ok((Position(row.position), Arc::new(Record::stored(row)?))))
        .collect()
}

/// The first `limit` events of a part that users may have to be told of, with their positions: ends of games and those that
/// go on, ends of evenings, invitations, places that became somebody's and payments, what was taken back of them, and
/// corrections of ended games. Of several nodes, which may be of several versions, also those of types that this one
/// doesn't know.
pub async fn telling(
    db: &impl ConnectionTrait,
    part: LogPart,
    limit: u64,
) -> Result<Vec<(Position, Result<Arc<Record>, JournalError>)>, DbErr> {
    let backend = db.get_database_backend();
    // What costs most is to find the type in the text.
    let is_postgres = backend == DbBackend::Postgres;
    let says = if is_postgres { "strpos" } else { "instr" };
    let kind = |name: &str| match is_postgres {
        // After `{"event_id":"...","session_id":"...","seq":...,"type":"`.
        true => format!("split_part(body, '\"', 14) = '{name}'"),
        false => format!("instr(body, '\"type\":\"{name}\"') > 0"),
    };
    let newer = match is_postgres {
        true => format!("split_part(body, '\"', 14) NOT IN ('{}')", Fact::TYPES.join("', '")),
        false => "false".to_owned(),
    };
    let sql = format!(
        "SELECT * FROM ({}) AS e WHERE {newer} OR {} OR ({} AND {says}(body, '\"is_active\":false') > 0) \
         OR {} OR {} OR {} OR {} OR {} OR (({} OR {}) AND {says}(body, '\"results\":[') > 0) \
         OR (({} OR {} OR {}) AND {says}(body, '\"correction\":{{') > 0) \
         OR (({} OR {}) AND {says}(body, '\"invitation\":{{') > 0) ORDER BY position LIMIT {limit}",
        follow::part_of("*"),
        kind("game.ended"),
        kind("session.player_joined"),
        kind("game.reopened"),
        kind("session.payment_marked"),
        kind("session.completed"),
        kind("session.entry_voided"),
        kind("session.participant_claimed"),
        kind("game.event_voided"),
        kind("game.event_reassigned"),
        kind("game.ball_potted"),
        kind("game.foul_committed"),
        kind("game.turn_changed"),
        kind("session.player_left"),
        kind("session.player_removed"),
    );
    let values: [Value; 3] = [part.writer_id.0.into(), part.after.0.into(), part.upto.0.into()];
    let rows = event::Entity::find().from_raw_sql(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    Ok(rows.into_iter().map(|row| (Position(row.position), Record::stored(row).map(Arc::new))).collect())
}

/// When the oldest of what is not confirmed was stored: this writer's events behind `published`, where there are any, and
/// what waits in the outbox for whichever node.
pub async fn oldest(
    db: &impl ConnectionTrait,
    writer_id: WriterId,
    published: Position,
    has_events: bool,
) -> Result<Option<Timestamp>, JournalError> {
    let event = if has_events { read_from(db, writer_id, published.next(), 1).await? } else { Vec::new() };
    let event = event.first().map(|(_, record)| record.event.timestamp);
    Ok([event, outbox::oldest(db).await?].into_iter().flatten().min())
}

/// The last position that a writer has stored anything at, heard of or not.
pub async fn last_position(db: &impl ConnectionTrait, writer_id: WriterId) -> Result<Position, DbErr> {
    super::heads::last_position(db, writer_id).await
}

/// The writers and how far each is published.
pub async fn writers(db: &impl ConnectionTrait) -> Result<Vec<writer::Model>, DbErr> {
    writer::Entity::find().order_by_asc(writer::Column::Id).all(db).await
}

/// Everything of a writer up to `position` is confirmed.
pub async fn mark(db: &impl ConnectionTrait, writer_id: WriterId, position: Position) -> Result<(), DbErr> {
    super::heads::mark_published(db, writer_id, position).await
}
