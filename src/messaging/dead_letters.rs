//! Messages that could not be applied: kept with the reason, listed, replayed or discarded by an operator.

use std::time::Duration;

use entity::dead_letter::{self, Column};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set,
};
use uuid::Uuid;

use super::Delivery;
use crate::clock;
use crate::ids::Timestamp;
use crate::outbox;
use crate::outbox::delivery::{self, DeliveryRequest, REQUESTED};
use crate::outbox::envelope::Envelope;

/// Of what could not be sent outside, for one user; the oldest ones go.
const UNSENT_MAX: u64 = 100;
/// How long that is kept.
const UNSENT_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// What the queues of all ways outside begin with.
const OUTSIDE: &str = "delivery.";

/// Keeps what could not be sent outside; replayed, it is asked for again.
pub(crate) async fn keep_unsent(
    tx: &impl ConnectionTrait,
    asked: DeliveryRequest,
    reason: &str,
    attempts: i32,
) -> Result<(), DbErr> {
    let (queue, envelope) = (asked.sink.queue(), asked.message());
    let user = envelope.user_id.map(|user| user.0);
    let row = dead_letter::ActiveModel {
        id: Set(crate::clock::new_id()),
        queue: Set(queue.to_owned()),
        message_id: Set(envelope.event_id),
        routing_key: Set(REQUESTED.to_owned()),
        envelope: Set(storable(&serde_json::to_string(&envelope).unwrap_or_default())),
        reason: Set(storable(reason)),
        attempts: Set(attempts),
        failed_at_ms: Set(clock::now().millis()),
        user_id: Set(user),
    };
    dead_letter::Entity::insert(row).exec_without_returning(tx).await?;
    let of_user = match user {
        Some(user) => Column::UserId.eq(user),
        None => Column::UserId.is_null(),
    };
    let of_user = Condition::all().add(Column::Queue.starts_with(OUTSIDE)).add(of_user);
    let newest = dead_letter::Entity::find().select_only().column(Column::Id).filter(of_user.clone());
    let newest = newest.order_by_desc(Column::Id).limit(UNSENT_MAX).into_query();
    dead_letter::Entity::delete_many().filter(of_user).filter(Column::Id.not_in_subquery(newest)).exec(tx).await?;
    Ok(())
}

/// Forgets what could not be sent outside long ago; answers how much.
pub(crate) async fn forget_unsent(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    let before = now.millis() - UNSENT_KEPT.as_millis() as i64;
    let old = Condition::all().add(Column::Queue.starts_with(OUTSIDE)).add(Column::FailedAtMs.lt(before));
    Ok(dead_letter::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}

/// PostgreSQL takes no NUL in a text, and a dead letter must never be refused for what is in it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Keeps a message that failed for good, once: it comes again where a crash came before its acknowledgement.
pub(super) async fn keep(
    db: &impl ConnectionTrait,
    queue: &str,
    delivery: &Delivery,
    reason: &str,
) -> Result<(), DbErr> {
    let id = delivery.message.envelope.event_id;
    let kept = dead_letter::Entity::find().filter(Column::MessageId.eq(id)).filter(Column::Queue.eq(queue));
    if kept.one(db).await?.is_some() {
        return Ok(());
    }
    // What a session's log has stays there, whoever leaves.
    let user = delivery.message.envelope.user_id.filter(|_| delivery.message.envelope.seq.is_none());
    let body = match &delivery.invalid {
        Some(invalid) => invalid.body.clone(),
        None => serde_json::to_string(&*delivery.message.envelope).unwrap_or_default(),
    };
    let row = dead_letter::ActiveModel {
        id: Set(crate::clock::new_id()),
        queue: Set(queue.to_owned()),
        message_id: Set(id),
        routing_key: Set(storable(&delivery.message.routing_key)),
        envelope: Set(storable(&body)),
        reason: Set(storable(reason)),
        attempts: Set(delivery.attempts as i32 + 1),
        failed_at_ms: Set(clock::now().millis()),
        user_id: Set(user.map(|user| user.0)),
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
    let mut query = dead_letter::Entity::find().order_by_asc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.all(db).await
}

/// Puts a dead letter back into the outbox, or among what is to be sent outside: no node but one that knows it takes it
/// there. False: there is none of that id. To be called in a transaction.
pub async fn replay(tx: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let Some(letter) = dead_letter::Entity::find_by_id(id).one(tx).await? else { return Ok(false) };
    let envelope = Envelope::read(letter.envelope.as_bytes())
        .map_err(|error| DbErr::Json(format!("it is no envelope, so it can't be sent again: {error}")))?;
    match DeliveryRequest::asked_by(&envelope) {
        Some(asked) => delivery::request_again(tx, &asked).await?,
        None => outbox::enqueue(tx, &letter.routing_key, &envelope, clock::now()).await?,
    }
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
