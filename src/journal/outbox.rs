//! What waits to be published. A session event is its own outbox record: its row carries the writer's position, and
//! `writer.published` says how far the bus has confirmed. Everything else waits in the `outbox` table, written in the
//! transaction of the change that caused it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entity::{event, outbox, writer};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use tokio::sync::mpsc;

use super::envelope::Envelope;
use super::lease::in_ms;
use super::{JournalError, Record, Work};
use crate::game::id::Timestamp;

/// Batches the relay may lag behind before it reads them from the table instead.
const TAP_MAX: usize = 256;
/// Messages of one statement.
const ROWS_MAX: usize = 500;

/// Events of one commit, in order of position.
pub struct Batch {
    /// The position of the first.
    pub first: i64,
    /// The events.
    pub records: Vec<Arc<Record>>,
}

/// The writer's end: tells of commits without ever waiting for the relay.
pub(super) struct Tap {
    writer_id: i64,
    end: Arc<AtomicI64>,
    published: Arc<AtomicI64>,
    work: mpsc::WeakSender<Work>,
    sender: Option<mpsc::Sender<Batch>>,
}

impl Tap {
    pub(super) fn new(writer_id: i64, published: Arc<AtomicI64>, work: mpsc::WeakSender<Work>) -> Self {
        Self { writer_id, end: Arc::new(AtomicI64::new(1)), published, work, sender: None }
    }

    pub(super) fn open(&mut self) -> Committed {
        let (sender, batches) = mpsc::channel(TAP_MAX);
        self.sender = Some(sender);
        Committed {
            writer_id: self.writer_id,
            end: self.end.clone(),
            published: self.published.clone(),
            work: self.work.clone(),
            batches,
        }
    }

    pub(super) fn committed(&self, first: i64, records: Vec<Arc<Record>>) {
        if let Some(sender) = &self.sender {
            let end = first + records.len() as i64;
            // A batch that does not fit is missed by its positions: the relay reads the gap from the table.
            let _ = sender.try_send(Batch { first, records });
            self.end.store(end, Ordering::Release);
        }
    }
}

/// The relay's end.
pub struct Committed {
    /// Whose positions these are.
    pub writer_id: i64,
    end: Arc<AtomicI64>,
    published: Arc<AtomicI64>,
    work: mpsc::WeakSender<Work>,
    /// The commits, as far as they fitted.
    pub batches: mpsc::Receiver<Batch>,
}

impl Committed {
    /// Everything before this position is committed. What `batches` does not hold of it when this was asked first did
    /// not fit, and no later batch need ever come to show the gap.
    pub fn end(&self) -> i64 {
        self.end.load(Ordering::Acquire)
    }

    /// Everything up to `position` is confirmed by the bus; stored with the writer's next commit.
    pub fn published(&self, position: i64) {
        self.published.store(position, Ordering::Release);
    }

    /// Has an idle writer store the position. Not for every confirm: it costs a commit of its own.
    pub fn keep(&self) {
        if let Some(work) = self.work.upgrade() {
            // A full queue is about to commit anyway.
            let _ = work.try_send(Work::Published);
        }
    }
}

/// Events of a writer from a position on, for a relay that lags or takes over from a dead node.
pub async fn read_from(
    db: &impl ConnectionTrait,
    writer_id: i64,
    position: i64,
    limit: u64,
) -> Result<Vec<(i64, Arc<Record>)>, JournalError> {
    event::Entity::find()
        .filter(event::Column::WriterId.eq(writer_id))
        .filter(event::Column::Position.gte(position))
        .order_by_asc(event::Column::Position)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(|row| Ok((row.position, Arc::new(Record::stored(row)?))))
        .collect()
}

/// The last position that a writer has stored anything at, heard of or not.
pub async fn last_position(db: &impl ConnectionTrait, writer_id: i64) -> Result<i64, DbErr> {
    super::heads::last_position(db, writer_id).await
}

/// The writers and how far each is published.
pub async fn writers(db: &impl ConnectionTrait) -> Result<Vec<writer::Model>, DbErr> {
    writer::Entity::find().order_by_asc(writer::Column::Id).all(db).await
}

/// Everything of a writer up to `position` is confirmed.
pub async fn mark(db: &impl ConnectionTrait, writer_id: i64, position: i64) -> Result<(), DbErr> {
    super::heads::mark_published(db, writer_id, position).await
}

/// Enqueues a message in the caller's transaction.
pub async fn enqueue(
    tx: &impl ConnectionTrait,
    routing_key: &str,
    envelope: &Envelope,
    now: Timestamp,
) -> Result<(), DbErr> {
    enqueue_all(tx, &[(routing_key.to_owned(), envelope.clone())], now).await
}

/// Enqueues messages in the caller's transaction, to go out in this order.
pub async fn enqueue_all(
    tx: &impl ConnectionTrait,
    messages: &[(String, Envelope)],
    now: Timestamp,
) -> Result<(), DbErr> {
    for messages in messages.chunks(ROWS_MAX) {
        let row = |(routing_key, envelope): &(String, Envelope)| {
            let envelope = serde_json::to_string(envelope).map_err(|error| DbErr::Json(error.to_string()))?;
            Ok(outbox::ActiveModel {
                routing_key: Set(routing_key.clone()),
                envelope: Set(envelope),
                claimed_by: Set(None),
                claimed_until_ms: Set(0),
                created_at_ms: Set(now.millis()),
                ..Default::default()
            })
        };
        let rows: Vec<_> = messages.iter().map(row).collect::<Result<_, DbErr>>()?;
        outbox::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Does anything wait here at all?
pub async fn any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Id)
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?
        .is_some())
}

/// Takes up to `limit` messages that nobody else is sending, for `claim_ms` milliseconds of the database's clock.
pub async fn claim(
    db: &impl ConnectionTrait,
    writer_id: i64,
    claim_ms: i64,
    limit: u64,
) -> Result<Vec<outbox::Model>, DbErr> {
    use outbox::Column;
    let free =
        || Condition::any().add(Column::ClaimedBy.is_null()).add(Expr::col(Column::ClaimedUntilMs).lt(in_ms(db, 0)));
    let ids: Vec<i64> = outbox::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(free())
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = outbox::Entity::update_many()
        .col_expr(Column::ClaimedBy, Expr::value(writer_id))
        .col_expr(Column::ClaimedUntilMs, in_ms(db, claim_ms))
        .filter(Column::Id.is_in(ids))
        .filter(free())
        .exec_with_returning(db)
        .await?;
    claimed.sort_by_key(|row| row.id);
    Ok(claimed)
}

/// Gives back what was claimed but not sent.
pub async fn release(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<(), DbErr> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::ClaimedUntilMs, Expr::value(0))
        .col_expr(outbox::Column::ClaimedBy, Expr::value(None::<i64>))
        .filter(outbox::Column::Id.is_in(ids))
        .exec(db)
        .await?;
    Ok(())
}

/// The bus has confirmed these.
pub async fn sent(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<(), DbErr> {
    outbox::Entity::delete_many().filter(outbox::Column::Id.is_in(ids)).exec(db).await?;
    Ok(())
}
