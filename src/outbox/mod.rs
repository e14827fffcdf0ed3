//! What waits to be published and is no session event: messages stored in the transaction of the change that caused them,
//! so that one is never there without the other. The relay claims and sends them. Also who may publish for whom.

pub(crate) mod chat_news;
pub(crate) mod delivery;
pub mod envelope;
pub(crate) mod failing_target;
pub(crate) mod friendship;
pub mod lease;
pub(crate) mod user_message;

use entity::outbox;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use self::envelope::Envelope;
use self::lease::in_ms;
use crate::database::{Database, is_among};
use crate::ids::{Timestamp, WriterId};

/// Messages of one statement.
const ROWS_MAX: usize = 500;
/// When the oldest one was stored.
pub async fn oldest(db: &impl ConnectionTrait) -> Result<Option<Timestamp>, DbErr> {
    let row: Option<i64> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::CreatedAtMs)
        .order_by_asc(outbox::Column::Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(row.map(Timestamp::from_millis))
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

/// Takes up to `limit` messages that nobody else is sending, for `claim_ms` milliseconds of the database's clock.
pub async fn claim(
    database: &Database,
    writer_id: WriterId,
    claim_ms: i64,
    limit: u64,
) -> Result<Vec<outbox::Model>, DbErr> {
    use outbox::Column;
    let db = database.writer();
    let free =
        || Condition::any().add(Column::ClaimedBy.is_null()).add(Expr::col(Column::ClaimedUntilMs).lt(in_ms(db, 0)));
    let ids: Vec<i64> = outbox::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(free())
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        // An empty look takes no write lock.
        .all(database.reader())
        .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = outbox::Entity::update_many()
        .col_expr(Column::ClaimedBy, Expr::value(writer_id.0))
        .col_expr(Column::ClaimedUntilMs, in_ms(db, claim_ms))
        .filter(is_among(db, Column::Id, ids))
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
        .filter(is_among(db, outbox::Column::Id, ids))
        .exec(db)
        .await?;
    Ok(())
}

/// The bus has confirmed these.
pub async fn sent(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<(), DbErr> {
    outbox::Entity::delete_many().filter(is_among(db, outbox::Column::Id, ids)).exec(db).await?;
    Ok(())
}
