//! The statements of one commit: heads first, then the events of those sessions whose head answered, then the rows that
//! lists are made from. Runs unchanged on SQLite and PostgreSQL but for the row locks.

use std::collections::HashSet;
use std::sync::Arc;

use entity::{game, session, session_member};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Set, Statement, TryGetable, Value,
};
use uuid::Uuid;

use super::{Append, Record};
use crate::game::event::{Event, Fact};
use crate::game::id::SessionId;

/// Rows of one statement. Powers of two below it are used, so that there are few different texts to prepare and the
/// databases' limit on bound values (32,766) is far.
const ROWS_MAX: usize = 512;
/// Splits `rows` into runs whose lengths are powers of two.
fn runs<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = ROWS_MAX.min(1 << rows.len().checked_ilog2()?);
        let (run, rest) = rows.split_at(length);
        rows = rest;
        Some(run)
    })
}

/// SQLite looks a numbered name up in a list from its beginning, for each value; plain question marks have no name.
fn placeholders(backend: DbBackend, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { "," };
            text.push_str(comma);
            match backend {
                DbBackend::Postgres => text.push_str(&format!("${}", row * columns + column)),
                _ => text.push('?'),
            }
        }
        text.push(')');
    }
    text
}

/// Moves the heads of those sessions that stand where the append expects them, and says which these are.
/// `appends` must be in order of session id: two nodes then lock rows in the same order.
pub(super) async fn advance(db: &impl ConnectionTrait, appends: &[&Append]) -> Result<HashSet<Uuid>, DbErr> {
    let mut advanced = HashSet::with_capacity(appends.len());
    for run in runs(appends) {
        let values: Vec<Value> = run
            .iter()
            .flat_map(|append| {
                let head = append.after + append.records.len() as i64;
                [append.session.0.into(), append.after.into(), head.into()]
            })
            .collect();
        let rows = placeholders(db.get_database_backend(), run.len(), 3);
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => format!(
                "WITH b (id, expected, head) AS (VALUES {rows}), \
                 l AS (SELECT s.id FROM session s JOIN b ON s.id = b.id AND s.head = b.expected \
                       ORDER BY s.id FOR UPDATE OF s) \
                 UPDATE session SET head = b.head FROM b JOIN l ON l.id = b.id \
                 WHERE session.id = b.id AND session.head = b.expected RETURNING session.id"
            ),
            _ => format!(
                "UPDATE session SET head = b.column3 FROM (VALUES {rows}) AS b \
                 WHERE session.id = b.column1 AND session.head = b.column2 RETURNING session.id"
            ),
        };
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        for row in db.query_all_raw(statement).await? {
            advanced.insert(Uuid::try_get_by(&row, 0)?);
        }
    }
    Ok(advanced)
}

/// The events of these sessions, each after one seq and up to and with another; in order of session and seq.
pub(super) async fn parts(
    db: &impl ConnectionTrait,
    parts: &[(SessionId, i64, i64)],
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
                parts.iter().map(|part| part.1).collect::<Vec<i64>>().into(),
                parts.iter().map(|part| part.2).collect::<Vec<i64>>().into(),
            ],
        ),
        _ => (
            format!("(VALUES {}) AS w", placeholders(backend, parts.len(), 3)),
            parts.iter().flat_map(|part| [part.0.0.into(), part.1.into(), part.2.into()]).collect(),
        ),
    };
    let sql = format!(
        "SELECT e.* FROM {from} JOIN event e \
         ON e.session_id = w.column1 AND e.seq > w.column2 AND e.seq <= w.column3 ORDER BY e.session_id, e.seq"
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    entity::event::Entity::find().from_raw_sql(statement).all(db).await
}

/// All of a commit in one statement, and so in one round trip: for sessions that are open already and events that
/// change no list. Says which sessions' events are stored; their positions follow `position` in the order of `appends`,
/// which must be that of session id. PostgreSQL only.
pub(super) async fn store_at_once(
    db: &impl ConnectionTrait,
    writer_id: i64,
    position: i64,
    published: i64,
    appends: &[Append],
) -> Result<HashSet<SessionId>, DbErr> {
    let sql = "WITH b AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS b (id, expected, head)), \
         l AS (SELECT s.id FROM session s JOIN b ON s.id = b.id AND s.head = b.expected ORDER BY s.id FOR UPDATE OF s), \
         u AS (UPDATE session SET head = b.head FROM b JOIN l ON l.id = b.id \
               WHERE session.id = b.id AND session.head = b.expected RETURNING session.id), \
         r AS (SELECT r.*, row_number() OVER (ORDER BY r.place) AS number \
               FROM unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::text[]) WITH ORDINALITY \
                    AS r (session_id, seq, command_hash, body, place) \
               JOIN u ON u.id = r.session_id), \
         e AS (INSERT INTO event (session_id, seq, writer_id, position, command_hash, body) \
               SELECT session_id, seq, $8, $9 + number, command_hash, body FROM r), \
         p AS (UPDATE writer SET published = $10 WHERE id = $8 AND published < $10) \
         SELECT id FROM u";
    let (mut ids, mut expected, mut heads) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sessions, mut seqs, mut hashes, mut bodies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for append in appends {
        ids.push(append.session.0);
        expected.push(append.after);
        heads.push(append.after + append.records.len() as i64);
        for record in &append.records {
            sessions.push(append.session.0);
            seqs.push(record.event.seq);
            hashes.push(record.command_hash);
            bodies.push(record.json.get().to_owned());
        }
    }
    let values: [Value; 10] = [
        ids.into(),
        expected.into(),
        heads.into(),
        sessions.into(),
        seqs.into(),
        hashes.into(),
        bodies.into(),
        writer_id.into(),
        position.into(),
        published.into(),
    ];
    let stored = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    stored.iter().map(|row| Ok(SessionId(Uuid::try_get_by(row, 0)?))).collect()
}

/// Does an event change a row that lists are made from?
pub(super) fn is_projected(event: &Event) -> bool {
    match event.fact {
        Fact::SessionCreated(_)
        | Fact::PlayerJoined(_)
        | Fact::GameStarted(_)
        | Fact::SettingsChanged(_)
        | Fact::CreatorChanged(_)
        | Fact::SessionCompleted(_)
        | Fact::SessionCancelled(_) => true,
        Fact::PlayerLeft(_)
        | Fact::PlayerRemoved(_)
        | Fact::PlayerUpdated(_)
        | Fact::BallPotted(_)
        | Fact::FoulCommitted(_)
        | Fact::TurnChanged(_)
        | Fact::EventVoided(_)
        | Fact::GameEnded(_)
        | Fact::GameCancelled(_) => false,
    }
}

/// Opens a new session; false: its id, code or opening command is taken.
pub(super) async fn open(db: &impl ConnectionTrait, append: &Append) -> Result<bool, DbErr> {
    let Some(Event { fact: Fact::SessionCreated(created), timestamp, command_id, .. }) =
        append.records.first().map(|record| &record.event)
    else {
        return Ok(false);
    };
    let row = session::ActiveModel {
        id: Set(append.session.0),
        head: Set(append.records.len() as i64),
        code: Set(created.code.clone()),
        name: Set(created.name.clone()),
        status: Set("waiting".to_owned()),
        is_private: Set(created.is_private),
        game_type: Set(created.rules.game_type().to_owned()),
        creator_user_id: Set(created.creator_user_id.0),
        opened_by: Set(created.creator_user_id.0),
        opened_command: Set(*command_id),
        created_at_ms: Set(timestamp.millis()),
    };
    let taken = OnConflict::new().do_nothing().to_owned();
    Ok(session::Entity::insert(row).on_conflict(taken).exec_without_returning(db).await? == 1)
}

/// Inserts event rows, `first_position` being the place of the first in this writer's outbox.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    writer_id: i64,
    first_position: i64,
    records: &[Arc<Record>],
) -> Result<(), DbErr> {
    let mut position = first_position;
    for run in runs(records) {
        let mut values: Vec<Value> = Vec::with_capacity(run.len() * 6);
        for record in run {
            values.extend([
                record.event.session_id.0.into(),
                record.event.seq.into(),
                writer_id.into(),
                position.into(),
                record.command_hash.into(),
                record.json.get().into(),
            ]);
            position += 1;
        }
        let sql = format!(
            "INSERT INTO event (session_id, seq, writer_id, position, command_hash, body) VALUES {}",
            placeholders(db.get_database_backend(), run.len(), 6)
        );
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

/// The last position that is taken in this writer's outbox; 0: none.
pub(super) async fn last_position(db: &impl ConnectionTrait, writer_id: i64) -> Result<i64, DbErr> {
    use entity::event::{Column, Entity};
    let last = Entity::find()
        .select_only()
        .column(Column::Position)
        .filter(Column::WriterId.eq(writer_id))
        .order_by_desc(Column::Position)
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    Ok(last.unwrap_or(0))
}

/// Keeps the rows that lists are made from in step with an event.
pub(super) async fn project(db: &impl ConnectionTrait, event: &Event) -> Result<(), DbErr> {
    let id = event.session_id.0;
    let mut change = session::ActiveModel { id: ActiveValue::Unchanged(id), ..Default::default() };
    match &event.fact {
        Fact::SessionCreated(created) => return seat(db, id, created.creator_user_id.0).await,
        Fact::PlayerJoined(joined) => {
            return match joined.user_id {
                Some(user) => seat(db, id, user.0).await,
                None => Ok(()),
            };
        }
        Fact::GameStarted(started) => {
            let Some(game_id) = event.game_id else { return Ok(()) };
            let row = game::ActiveModel { id: Set(game_id.0), session_id: Set(id), number: Set(started.number as i32) };
            game::Entity::insert(row).exec_without_returning(db).await?;
            if started.number > 1 {
                return Ok(());
            }
            change.status = Set("in_progress".to_owned());
        }
        Fact::SettingsChanged(changed) => {
            change.name = changed.name.clone().map_or(ActiveValue::NotSet, Set);
            change.is_private = changed.is_private.map_or(ActiveValue::NotSet, Set);
            change.game_type =
                changed.rules.as_ref().map_or(ActiveValue::NotSet, |rules| Set(rules.game_type().to_owned()));
            if change.name.is_not_set() && change.is_private.is_not_set() && change.game_type.is_not_set() {
                return Ok(());
            }
        }
        Fact::CreatorChanged(changed) => change.creator_user_id = Set(changed.user_id.0),
        Fact::SessionCompleted(_) => change.status = Set("completed".to_owned()),
        Fact::SessionCancelled(_) => change.status = Set("cancelled".to_owned()),
        Fact::PlayerLeft(_)
        | Fact::PlayerRemoved(_)
        | Fact::PlayerUpdated(_)
        | Fact::BallPotted(_)
        | Fact::FoulCommitted(_)
        | Fact::TurnChanged(_)
        | Fact::EventVoided(_)
        | Fact::GameEnded(_)
        | Fact::GameCancelled(_) => return Ok(()),
    }
    session::Entity::update_many().set(change).filter(session::Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

async fn seat(db: &impl ConnectionTrait, session: Uuid, user: Uuid) -> Result<(), DbErr> {
    let row = session_member::ActiveModel { session_id: Set(session), user_id: Set(user) };
    let there = OnConflict::new().do_nothing().to_owned();
    session_member::Entity::insert(row).on_conflict(there).exec_without_returning(db).await?;
    Ok(())
}

/// Remembers up to where this writer's events are confirmed by the bus.
pub(super) async fn mark_published(db: &impl ConnectionTrait, writer_id: i64, published: i64) -> Result<(), DbErr> {
    use entity::writer::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Published, Expr::value(published))
        .filter(Column::Id.eq(writer_id))
        .filter(Column::Published.lt(published))
        .exec(db)
        .await?;
    Ok(())
}
