//! Which messages were answered for good, for consumers whose effects no log tells: what comes again is known.

use std::collections::HashSet;
use std::time::Duration;

use entity::processed_message::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::topology::Queue;
use crate::database::Database;
use crate::ids::Timestamp;

/// Rows of one statement.
const ROWS_MAX: usize = 500;
/// How long a message is known: far longer than any broker keeps one.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Those of these that were answered before.
pub async fn known(db: &impl ConnectionTrait, queue: &Queue, ids: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    let mut known = HashSet::new();
    for ids in ids.chunks(ROWS_MAX) {
        let rows = Entity::find()
            .filter(Column::Consumer.eq(queue.name))
            .filter(Column::MessageId.is_in(ids.iter().copied()))
            .all(db)
            .await?;
        known.extend(rows.into_iter().map(|row| row.message_id));
    }
    Ok(known)
}

/// These are answered, if the transaction commits.
pub async fn note(tx: &DatabaseTransaction, queue: &Queue, ids: &[Uuid], now: Timestamp) -> Result<(), DbErr> {
    for ids in ids.chunks(ROWS_MAX) {
        let rows = ids.iter().map(|&id| ActiveModel {
            consumer: Set(queue.name.to_owned()),
            message_id: Set(id),
            processed_at_ms: Set(now.millis()),
        });
        let there = OnConflict::columns([Column::Consumer, Column::MessageId]).do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Forgets the old ones; answers how many.
pub async fn forget_old(database: &Database, now: Timestamp) -> Result<u64, DbErr> {
    let before = now.millis() - KEPT.as_millis() as i64;
    let tx = database.begin_long_write().await?;
    let forgotten = Entity::delete_many().filter(Column::ProcessedAtMs.lt(before)).exec(&tx).await?;
    tx.commit().await?;
    Ok(forgotten.rows_affected)
}
