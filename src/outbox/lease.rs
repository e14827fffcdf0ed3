//! Who is alive. A writer says so every few seconds, by the database's clock, so that nodes need not agree about the
//! time. What a writer stored that has gone silent is published by exactly one other, for as long as that one lives.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use entity::writer::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::database::now_ms;
use crate::ids::WriterId;

/// Starts that are looked at for the list of nodes.
const WRITERS_MAX: u64 = 1_000;

pub(super) fn in_ms(db: &impl ConnectionTrait, milliseconds: i64) -> SimpleExpr {
    Expr::cust(format!("{} + ({milliseconds})", now_ms(db)))
}

/// A writer lives. One that was taken for dead meanwhile is its own again.
pub async fn renew(db: &impl ConnectionTrait, writer_id: WriterId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::SeenAtMs, in_ms(db, 0))
        .col_expr(Column::TakenBy, Expr::value(None::<i64>))
        .col_expr(Column::TakenUntilMs, Expr::value(0))
        .col_expr(Column::Finished, Expr::value(false))
        .filter(Expr::col(Column::Id).eq(writer_id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// The writers that said within `silence_ms` that they live, and how long ago.
pub async fn living(db: &impl ConnectionTrait, silence_ms: i64) -> Result<Vec<(WriterId, Duration)>, DbErr> {
    let ago = Expr::cust(format!("{} - seen_at_ms", now_ms(db)));
    let rows: Vec<(i64, i64)> = Entity::find()
        .select_only()
        .column(Column::Id)
        .column_as(ago, "ago")
        .filter(Expr::col(Column::SeenAtMs).gt(in_ms(db, -silence_ms)))
        .into_tuple()
        .all(db)
        .await?;
    // The row of a start is written by the node's own clock, which may be ahead.
    let ago = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    Ok(rows.into_iter().map(|(id, ms)| (WriterId(id), ago(ms))).collect())
}

/// The last writer of each node that said within `within_ms` that it lives, and how long ago; the newest writer first.
pub async fn nodes(db: &impl ConnectionTrait, within_ms: i64) -> Result<Vec<(Model, Duration)>, DbErr> {
    let ago: HashMap<WriterId, Duration> = living(db, within_ms).await?.into_iter().collect();
    let there = Entity::find().filter(Expr::col(Column::SeenAtMs).gt(in_ms(db, -within_ms)));
    let writers = there.order_by_desc(Column::Id).limit(WRITERS_MAX).all(db).await?;
    let mut seen = HashSet::new();
    let last = writers.into_iter().filter(|writer| seen.insert(writer.node_id.clone()));
    Ok(last.filter_map(|writer| ago.get(&WriterId(writer.id)).map(|ago| (writer, *ago))).collect())
}

/// Silent for `silence_ms`, and nobody publishes for it.
fn abandoned(db: &impl ConnectionTrait, me: WriterId, silence_ms: i64) -> Condition {
    Condition::all()
        .add(Expr::col(Column::Id).ne(me.0))
        .add(Expr::col(Column::SeenAtMs).lte(in_ms(db, -silence_ms)))
        .add(Expr::col(Column::TakenUntilMs).lt(in_ms(db, 0)))
}

/// The writers that nobody publishes for, oldest first. With `finished`, those among them too that were done once and
/// stored something since: a commit may come late from a process that was as good as dead.
pub async fn abandoned_writers(
    db: &impl ConnectionTrait,
    me: WriterId,
    silence_ms: i64,
    finished: bool,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(abandoned(db, me, silence_ms)).order_by_asc(Column::Id);
    query = if finished {
        query.filter(Expr::cust(
            "EXISTS (SELECT 1 FROM event WHERE event.writer_id = writer.id AND event.position > writer.published)",
        ))
    } else {
        query.filter(Expr::col(Column::Finished).eq(false))
    };
    query.all(db).await
}

/// Takes a writer over for `lease_ms`; false: somebody was faster, or it lives.
pub async fn take_over(
    db: &impl ConnectionTrait,
    me: WriterId,
    writer_id: WriterId,
    silence_ms: i64,
    lease_ms: i64,
) -> Result<bool, DbErr> {
    let taken = Entity::update_many()
        .col_expr(Column::TakenBy, Expr::value(me.0))
        .col_expr(Column::TakenUntilMs, in_ms(db, lease_ms))
        .filter(Expr::col(Column::Id).eq(writer_id.0))
        .filter(abandoned(db, me, silence_ms))
        .exec(db)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Goes on for another `lease_ms`; false: it is not ours any more.
pub async fn hold(db: &impl ConnectionTrait, me: WriterId, writer_id: WriterId, lease_ms: i64) -> Result<bool, DbErr> {
    let held = Entity::update_many()
        .col_expr(Column::TakenUntilMs, in_ms(db, lease_ms))
        .filter(Expr::col(Column::Id).eq(writer_id.0))
        .filter(Expr::col(Column::TakenBy).eq(me.0))
        .exec(db)
        .await?;
    Ok(held.rows_affected == 1)
}

/// Lets go of a writer; `finished`: everything it stored is published.
pub async fn let_go(db: &impl ConnectionTrait, me: WriterId, writer_id: WriterId, finished: bool) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::TakenUntilMs, Expr::value(0))
        .col_expr(Column::Finished, Expr::value(finished))
        .filter(Expr::col(Column::Id).eq(writer_id.0))
        .filter(Expr::col(Column::TakenBy).eq(me.0))
        .exec(db)
        .await?;
    Ok(())
}
