//! Messages that could not be applied: kept with the reason, listed, replayed or discarded by an operator.

use entity::dead_letter;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::Delivery;
use crate::clock;
use crate::outbox;
use crate::outbox::envelope::Envelope;

/// Keeps a message that failed for good, once: it comes again where a crash came before its acknowledgement.
pub(super) async fn keep(
    db: &impl ConnectionTrait,
    queue: &str,
    delivery: &Delivery,
    reason: &str,
) -> Result<(), DbErr> {
    use dead_letter::Column;
    let id = delivery.message.envelope.event_id;
    let kept = dead_letter::Entity::find().filter(Column::MessageId.eq(id)).filter(Column::Queue.eq(queue));
    if kept.one(db).await?.is_some() {
        return Ok(());
    }
    let body = match &delivery.invalid {
        Some(invalid) => invalid.body.clone(),
        None => serde_json::to_string(&*delivery.message.envelope).unwrap_or_default(),
    };
    // PostgreSQL takes no NUL in a text, and a dead letter must never be refused for what is in it.
    let storable = |text: &str| text.replace('\0', "\u{fffd}");
    let row = dead_letter::ActiveModel {
        id: Set(crate::clock::new_id()),
        queue: Set(queue.to_owned()),
        message_id: Set(id),
        routing_key: Set(storable(&delivery.message.routing_key)),
        envelope: Set(storable(&body)),
        reason: Set(storable(reason)),
        attempts: Set(delivery.attempts as i32 + 1),
        failed_at_ms: Set(clock::now().millis()),
    };
    dead_letter::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// The dead letters after `after`, oldest first.
pub async fn list(
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<dead_letter::Model>, DbErr> {
    let mut query = dead_letter::Entity::find().order_by_asc(dead_letter::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(dead_letter::Column::Id.gt(after));
    }
    query.all(db).await
}

/// Puts a dead letter back into the outbox; false: there is none of that id. To be called in a transaction.
pub async fn replay(tx: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let Some(letter) = dead_letter::Entity::find_by_id(id).one(tx).await? else { return Ok(false) };
    let envelope = Envelope::read(letter.envelope.as_bytes())
        .map_err(|error| DbErr::Json(format!("it is no envelope, so it can't be sent again: {error}")))?;
    outbox::enqueue(tx, &letter.routing_key, &envelope, clock::now()).await?;
    discard(tx, id).await
}

/// Forgets a dead letter; false: there is none of that id.
pub async fn discard(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(dead_letter::Entity::delete_by_id(id).exec(db).await?.rows_affected > 0)
}

/// One line about a dead letter.
pub fn describe(letter: &dead_letter::Model) -> serde_json::Value {
    // What was never an envelope is shown as it came.
    let envelope: serde_json::Value =
        serde_json::from_str(&letter.envelope).unwrap_or_else(|_| letter.envelope.clone().into());
    serde_json::json!({
        "id": letter.id,
        "queue": letter.queue,
        "message_id": letter.message_id,
        "routing_key": letter.routing_key,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "failed_at": crate::ids::Timestamp::from_millis(letter.failed_at_ms),
        "envelope": envelope,
    })
}
