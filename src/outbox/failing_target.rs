//! Addresses of users at which the last attempt failed. An attempt there is one for all that waits for the address: it
//! waits together, ever longer, and is tried one at a time until something is taken again.

use std::time::Duration;

use entity::delivery;
use entity::failing_target::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::delivery::{DueDelivery, KEPT, Sink, is_due, milliseconds};
use super::lease::in_ms;

/// Rows that wait for one address and are put off together; what is more is put off by the next attempt.
const ROWS_MAX: u64 = 1_000;

/// For up to `limit` failing addresses that may be tried again, what has waited longest there. Users in `busy` have enough
/// of it under way.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    sink: Sink,
    busy: &[Uuid],
    limit: u64,
) -> Result<Vec<DueDelivery>, DbErr> {
    let same = Expr::col((delivery::Entity, delivery::Column::TargetId)).equals((Entity, Column::TargetId));
    let waits = Query::select().expr(Expr::val(1)).from(delivery::Entity).and_where(same).cond_where(is_due(db)).take();
    let mut failing =
        Entity::find().filter(Column::Sink.eq(sink.as_str())).filter(is_over(db)).filter(Expr::exists(waits));
    if !busy.is_empty() {
        failing = failing.filter(Column::UserId.is_not_in(busy.iter().copied()));
    }
    let mut due = Vec::new();
    for target in failing.order_by_asc(Column::RetryAtMs).limit(limit).all(db).await? {
        let waiting = delivery::Entity::find().filter(is_due(db).add(delivery::Column::TargetId.eq(target.target_id)));
        let oldest = waiting.order_by_asc(delivery::Column::DueAtMs).order_by_asc(delivery::Column::CreatedAtMs);
        due.extend(oldest.one(db).await?.map(|row| DueDelivery { id: row.id, user: row.user_id }));
    }
    Ok(due)
}

fn is_over(db: &impl ConnectionTrait) -> Condition {
    Condition::all().add(Expr::col((Entity, Column::RetryAtMs)).lte(in_ms(db, 0)))
}

/// An attempt at the address of this delivery failed: all that waits there waits longer, the more often it failed.
/// Answers what else waited for it, each tried once more. To be called in a transaction.
pub(crate) async fn fail(
    tx: &impl ConnectionTrait,
    claimed: &delivery::Model,
    target: Uuid,
    delay_after: impl FnOnce(i32) -> Duration,
) -> Result<Vec<delivery::Model>, DbErr> {
    let row = ActiveModel {
        target_id: Set(target),
        user_id: Set(claimed.user_id.unwrap_or_default()),
        sink: Set(claimed.sink.clone()),
        failures: Set(1),
        retry_at_ms: Set(0),
    };
    // Attempts that were under way together failed once.
    let again = OnConflict::column(Column::TargetId)
        .value(Column::Failures, Expr::col((Entity, Column::Failures)).add(1))
        .action_cond_where(is_over(tx))
        .to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(tx).await?;
    let failures = Entity::find_by_id(target).one(tx).await?.map_or(1, |row| row.failures);
    Entity::update_many()
        .col_expr(Column::RetryAtMs, in_ms(tx, milliseconds(delay_after(failures))))
        .filter(is_over(tx).add(Column::TargetId.eq(target)))
        .exec(tx)
        .await?;
    let Some(failing) = Entity::find_by_id(target).one(tx).await? else { return Ok(Vec::new()) };
    put_off(tx, target, failing.retry_at_ms).await
}

/// What others hold is not waited for: whoever deletes it holds more that this needs.
async fn put_off(tx: &impl ConnectionTrait, target: Uuid, until_ms: i64) -> Result<Vec<delivery::Model>, DbErr> {
    use delivery::{Column, Entity};
    let waiting: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_due(tx).add(Column::TargetId.eq(target)))
        .order_by_asc(Column::CreatedAtMs)
        .limit(ROWS_MAX)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(tx)
        .await?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    Entity::update_many()
        .col_expr(Column::DueAtMs, Expr::value(until_ms))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.is_in(waiting))
        .exec_with_returning(tx)
        .await
}

/// Something was taken there: what waits goes on.
pub(crate) async fn recover(db: &impl ConnectionTrait, target: Uuid) -> Result<(), DbErr> {
    Entity::delete_by_id(target).exec(db).await?;
    Ok(())
}

/// Forgets those that nothing was sent to for long; answers how many.
pub(crate) async fn forget_old(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let old = Expr::col(Column::RetryAtMs).lt(in_ms(db, -milliseconds(KEPT)));
    Ok(Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
