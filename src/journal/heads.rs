//! The statements of one commit on SQLite: heads first, then the events of those sessions whose head answered; and the
//! other statements about heads and events, which run on PostgreSQL unchanged.

use std::collections::HashSet;
use std::sync::Arc;

use entity::session;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    TryGetable, Value,
};
use uuid::Uuid;

use super::lists::ListChange;
use super::{Append, Record};
use crate::game::event::{Event, Fact};
use crate::ids::{Position, Seq, SessionId, WriterId};

/// Rows of one statement. Powers of two below it are used, so that there are few different texts to prepare and the
/// databases' limit on bound values (32,766) is far.
const ROWS_MAX: usize = 512;
/// Splits `rows` into runs whose lengths are powers of two.
pub(super) fn runs<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = ROWS_MAX.min(1 << rows.len().checked_ilog2()?);
        let (run, rest) = rows.split_at(length);
        rows = rest;
        Some(run)
    })
}

/// SQLite looks a numbered name up in a list from its beginning, for each value; plain question marks have no name.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

/// Moves the heads of those sessions that stand where the append expects them, and says which these are. SQLite.
pub(super) async fn advance(db: &impl ConnectionTrait, appends: &[&Append]) -> Result<HashSet<Uuid>, DbErr> {
    let mut advanced = HashSet::with_capacity(appends.len());
    for run in runs(appends) {
        let values: Vec<Value> = run
            .iter()
            .flat_map(|append| {
                let head = append.after + append.records.len() as i64;
                [append.session.0.into(), append.after.0.into(), head.0.into()]
            })
            .collect();
        let sql = format!(
            "UPDATE session SET head = b.column3 FROM (VALUES {}) AS b \
             WHERE session.id = b.column1 AND session.head = b.column2 RETURNING session.id",
            placeholders(run.len(), 3)
        );
        for row in db.query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await? {
            advanced.insert(Uuid::try_get_by(&row, 0)?);
        }
    }
    Ok(advanced)
}

/// The events of these sessions, each after one seq and up to and with another; in order of session and seq.
pub(super) async fn parts(
    db: &impl ConnectionTrait,
    parts: &[(SessionId, Seq, Seq)],
) -> Result<Vec<entity::event::Model>, DbErr> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let (from, values): (String, Vec<Value>) = match backend {
        // One text, whatever the number of sessions.
        DbBackend::Postgres => (
            "unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS w (column1, column2, column3)".to_owned(),
            vec![
                parts.iter().map(|part| part.0.0).collect::<Vec<Uuid>>().into(),
                parts.iter().map(|part| part.1.0).collect::<Vec<i64>>().into(),
                parts.iter().map(|part| part.2.0).collect::<Vec<i64>>().into(),
            ],
        ),
        _ => (
            format!("(VALUES {}) AS w", placeholders(parts.len(), 3)),
            parts.iter().flat_map(|part| [part.0.0.into(), part.1.0.into(), part.2.0.into()]).collect(),
        ),
    };
    let sql = format!(
        "SELECT e.* FROM {from} JOIN event e \
         ON e.session_id = w.column1 AND e.seq > w.column2 AND e.seq <= w.column3 ORDER BY e.session_id, e.seq"
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    entity::event::Entity::find().from_raw_sql(statement).all(db).await
}

/// The row of a session that an append opens, as its last event leaves it; `None`: it opens none.
pub(super) fn opened(append: &Append) -> Option<session::Model> {
    let Event { fact: Fact::SessionCreated(created), timestamp, command_id, .. } = &append.records.first()?.event
    else {
        return None;
    };
    let change = ListChange::of(&append.records).unwrap_or_default();
    Some(session::Model {
        id: append.session.0,
        head: append.records.len() as i64,
        code: change.code.unwrap_or_else(|| created.code.clone()),
        name: change.name.unwrap_or_else(|| created.name.clone()),
        status: change.status.unwrap_or("waiting").to_owned(),
        is_private: change.is_private.unwrap_or(created.is_private),
        game_type: change.game_type.unwrap_or_else(|| created.rules.game_type().to_owned()),
        creator_user_id: change.creator.unwrap_or(created.creator_user_id.0),
        opened_by: created.creator_user_id.0,
        opened_command: command_id.0,
        created_at_ms: timestamp.millis(),
    })
}

/// Opens a new session; false: its id, code or opening command is taken.
pub(super) async fn open(db: &impl ConnectionTrait, append: &Append) -> Result<bool, DbErr> {
    let Some(row) = opened(append) else { return Ok(false) };
    let row = session::ActiveModel::from(row);
    let taken = OnConflict::new().do_nothing().to_owned();
    Ok(session::Entity::insert(row).on_conflict(taken).exec_without_returning(db).await? == 1)
}

/// Inserts event rows on SQLite, `first_position` being the place of the first in this writer's outbox.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    writer_id: WriterId,
    first_position: Position,
    records: &[Arc<Record>],
) -> Result<(), DbErr> {
    let mut position = first_position;
    for run in runs(records) {
        let mut values: Vec<Value> = Vec::with_capacity(run.len() * 6);
        for record in run {
            values.extend([
                record.event.session_id.0.into(),
                record.event.seq.0.into(),
                writer_id.0.into(),
                position.0.into(),
                record.command_hash.into(),
                record.stored_body().into_owned().into(),
            ]);
            position = position.next();
        }
        let sql = format!(
            "INSERT INTO event (session_id, seq, writer_id, position, command_hash, body) VALUES {}",
            placeholders(run.len(), 6)
        );
        db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await?;
    }
    Ok(())
}

/// The last position that is taken in this writer's outbox; 0: none.
pub(super) async fn last_position(db: &impl ConnectionTrait, writer_id: WriterId) -> Result<Position, DbErr> {
    use entity::event::{Column, Entity};
    let last = Entity::find()
        .select_only()
        .column(Column::Position)
        .filter(Column::WriterId.eq(writer_id.0))
        .order_by_desc(Column::Position)
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    Ok(Position(last.unwrap_or(0)))
}

/// Remembers up to where this writer's events are confirmed by the bus.
pub(super) async fn mark_published(
    db: &impl ConnectionTrait,
    writer_id: WriterId,
    published: Position,
) -> Result<(), DbErr> {
    use entity::writer::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Published, Expr::value(published.0))
        .filter(Column::Id.eq(writer_id.0))
        .filter(Column::Published.lt(published.0))
        .exec(db)
        .await?;
    Ok(())
}
