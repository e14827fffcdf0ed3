//! How far each session is applied: a row that whoever applies a session holds until the transaction ends. A row that
//! somebody else holds is never waited for, since a node may be stopped with it in its hands.

use std::collections::HashMap;

use entity::consumer_cursor::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Set,
};
use uuid::Uuid;

use crate::ids::{Seq, SessionId};

/// Whose rows these are.
pub(super) const CONSUMER: &str = "statistics";
/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// Makes the rows of sessions that have none. On PostgreSQL outside of any transaction: a row that is inserted and not
/// committed would be waited for by whoever inserts it too.
pub(super) async fn make(db: &impl ConnectionTrait, sessions: &[Uuid]) -> Result<(), DbErr> {
    for sessions in sessions.chunks(ROWS_MAX) {
        let rows = sessions.iter().map(|&session| row(SessionId(session), Seq::ZERO));
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(db).await?;
    }
    Ok(())
}

/// How far these sessions are applied, by now or a moment ago.
pub(super) async fn seen(db: &impl ConnectionTrait, sessions: &[Uuid]) -> Result<HashMap<SessionId, Seq>, DbErr> {
    let rows = of(sessions).all(db).await?;
    Ok(rows.into_iter().map(|cursor| (SessionId(cursor.session_id), Seq(cursor.seq))).collect())
}

fn of(sessions: &[Uuid]) -> Select<Entity> {
    Entity::find().filter(Column::Consumer.eq(CONSUMER)).filter(Column::SessionId.is_in(sessions.iter().copied()))
}

/// How far these sessions are applied. Nobody else applies them before the transaction ends: the consumer of another
/// node would otherwise write older figures over newer ones. Those that are missing in the answer are held by somebody
/// else. On SQLite nobody else writes, and a session without a row has nothing applied yet.
pub(super) async fn hold(tx: &DatabaseTransaction, sessions: &[Uuid]) -> Result<HashMap<SessionId, Seq>, DbErr> {
    let is_postgres = tx.get_database_backend() == DbBackend::Postgres;
    let mut applied = HashMap::with_capacity(sessions.len());
    if !is_postgres {
        applied.extend(sessions.iter().map(|&session| (SessionId(session), Seq::ZERO)));
    }
    for sessions in sessions.chunks(ROWS_MAX) {
        let mut rows = of(sessions).order_by_asc(Column::SessionId);
        if is_postgres {
            rows = rows.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        }
        let rows = rows.all(tx).await?;
        applied.extend(rows.into_iter().map(|cursor| (SessionId(cursor.session_id), Seq(cursor.seq))));
    }
    Ok(applied)
}

/// Moves rows that are held.
pub(super) async fn advance(tx: &DatabaseTransaction, cursors: &[(SessionId, Seq)]) -> Result<(), DbErr> {
    for cursors in cursors.chunks(ROWS_MAX) {
        let rows = cursors.iter().map(|&(session, seq)| row(session, seq));
        let there = OnConflict::columns([Column::Consumer, Column::SessionId]).update_column(Column::Seq).to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn row(session: SessionId, seq: Seq) -> ActiveModel {
    ActiveModel { consumer: Set(CONSUMER.to_owned()), session_id: Set(session.0), seq: Set(seq.0) }
}
