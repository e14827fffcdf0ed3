//! Projections hear of events by messages, and those may be lost: a queue can be deleted or purged. So each looks by
//! itself, now and then, through what writers stored since it last looked, and brings in what is missing. What that costs
//! goes by new events, not by sessions, and nothing is written for any of them: only how far it has looked.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use entity::projection_cursor::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, Set, Statement,
    TryGetable,
};

use crate::database::Database;
use crate::ids::{Position, WriterId};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static BEHIND: Trouble = Trouble::new();

/// How long a sweep waits after the one before.
const EVERY: Duration = Duration::from_secs(10);
/// What was stored so long ago should have been brought in by its messages.
const GRACE: Duration = Duration::from_secs(5);
/// Events looked through at once.
const STEP: i64 = 10_000;
/// Pauses after each step where more are to come, in times that it took: others are at most a third slower.
const PAUSES: u32 = 2;

/// A part of what a writer stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPart {
    pub writer_id: WriterId,
    /// The position before the first.
    pub after: Position,
    /// The position of the last.
    pub upto: Position,
}

/// The events of a part, whose writer, beginning and end are the first three values of the statement. In the order of
/// their index and limited, or PostgreSQL may think that the whole table is quicker.
pub(crate) fn part_of(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM event WHERE writer_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT {STEP}"
    )
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepOutcome {
    /// Everything of it up to this position is in the projection.
    Upto(Position),
    /// Somebody else is at it, or a node of a newer version has to be; not before the next sweep.
    Held,
}

/// What is made of logs.
pub trait Projection: Send {
    /// Names its rows. It begins with each writer's first event.
    const NAME: &'static str;
    /// One that has to be there before it.
    const AFTER: Option<&'static str>;
    /// What can go wrong; it is tried again with the next sweep.
    type Error: Display + From<DbErr> + Send;

    /// Brings in what is missing of a part. The same part may come again, at the same time on another node too.
    fn sweep(
        &mut self,
        database: &Database,
        part: LogPart,
    ) -> impl Future<Output = Result<SweepOutcome, Self::Error>> + Send;
}

/// Sweeps two projections for ever, the second as far as the first has got. Where a published event is one that is
/// applied (`is_exact`), only the cursors move.
pub async fn run<P: Projection>(database: Database, is_exact: bool, mut first: P, mut second: impl Projection) {
    loop {
        tokio::time::sleep(EVERY.mul_f64(rand::random_range(0.8..1.0))).await;
        let noted: HashMap<WriterId, Position> = match writers(&database, P::NAME, P::AFTER).await {
            Ok(writers) => writers.into_iter().map(|writer| (writer.id, writer.end)).collect(),
            Err(error) => {
                told(&error);
                continue;
            }
        };
        tokio::time::sleep(GRACE).await;
        let until = |writer: &Writer| noted.get(&writer.id).copied().unwrap_or_default();
        let swept = sweep(&database, is_exact, until, &mut first).await;
        let swept = swept && sweep(&database, is_exact, |writer| writer.end, &mut second).await;
        if swept && let Some(lasted) = BEHIND.end() {
            tracing::info!(?lasted, "what messages did not tell of is found again");
        }
    }
}

fn told(error: &impl Display) {
    if BEHIND.is_news() {
        tracing::warn!(%error, "what messages did not tell of is not found yet");
    }
}

/// False: it failed.
async fn sweep<P: Projection>(
    database: &Database,
    is_exact: bool,
    until: impl Fn(&Writer) -> Position,
    projection: &mut P,
) -> bool {
    let writers = match writers(database, P::NAME, P::AFTER).await {
        Ok(writers) => writers,
        Err(error) => {
            told(&error);
            return false;
        }
    };
    let mut is_whole = true;
    for writer in writers {
        let until = until(&writer);
        // What can't be swept of one writer holds up no other one.
        let swept = sweep_writer(database, is_exact, writer, until, projection).await;
        is_whole &= swept.inspect_err(told).is_ok();
    }
    is_whole
}

async fn sweep_writer<P: Projection>(
    database: &Database,
    is_exact: bool,
    writer: Writer,
    until: Position,
    projection: &mut P,
) -> Result<(), P::Error> {
    let end = until.min(writer.end);
    let mut after = writer.swept;
    if is_exact {
        let applied = writer.published.min(end);
        if applied > after {
            advance(database.writer(), P::NAME, writer.id, applied).await?;
        }
        return Ok(());
    }
    while after < end {
        let began = Instant::now();
        let Some(turn) = Turn::take(database, P::NAME).await? else { return Ok(()) };
        let part = LogPart { writer_id: writer.id, after, upto: end.min(after + STEP) };
        let SweepOutcome::Upto(position) = projection.sweep(database, part).await? else { return Ok(()) };
        after = position;
        advance(database.writer(), P::NAME, writer.id, position).await?;
        turn.end().await;
        if after < end {
            tokio::time::sleep(began.elapsed() * PAUSES).await;
        }
    }
    Ok(())
}

/// The right to look, which one node has at a time, for a step. It spares work and no more: whoever loses it on the way
/// brings in what is there already.
struct Turn(Option<DatabaseTransaction>);

impl Turn {
    async fn take(database: &Database, projection: &str) -> Result<Option<Self>, DbErr> {
        if !database.is_postgres() {
            return Ok(Some(Self(None)));
        }
        let tx = database.begin_write().await?;
        let row = Entity::find().select_only().column(Column::Position);
        let row = row.filter(Column::Projection.eq(projection)).filter(Column::WriterId.eq(0));
        let row = row.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let free: Option<i64> = row.into_tuple().one(&tx).await?;
        Ok(free.map(|_| Self(Some(tx))))
    }

    async fn end(self) {
        if let Some(tx) = self.0 {
            // One that was lost on the way has ended already.
            let _ = tx.commit().await;
        }
    }
}

/// A writer that stored something which a projection has not looked through.
struct Writer {
    id: WriterId,
    published: Position,
    swept: Position,
    /// How far it may be looked through.
    end: Position,
}

/// The writers that have more. One that is gone, published and looked through as far costs no look at the events.
async fn writers(database: &Database, projection: &str, after: Option<&str>) -> Result<Vec<Writer>, DbErr> {
    let db = database.reader();
    // What has to be there before it ends it; without that, what its writer has stored does.
    let end = match after {
        Some(_) => "(SELECT b.position FROM projection_cursor b WHERE b.projection = $2 AND b.writer_id = w.id)",
        None => "(SELECT max(e.position) FROM event e WHERE e.writer_id = w.id)",
    };
    let sql = format!(
        "SELECT * FROM (SELECT w.id, w.published, coalesce(c.position, 0) AS swept, coalesce({end}, 0) AS last \
             FROM writer w LEFT JOIN projection_cursor c ON c.projection = $1 AND c.writer_id = w.id \
             WHERE NOT (w.finished AND coalesce(c.position, 0) >= w.published)) AS w \
         WHERE w.last > w.swept ORDER BY w.id"
    );
    let values = std::iter::once(projection).chain(after).map(sea_orm::Value::from);
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    let number = |row: &sea_orm::QueryResult, at| i64::try_get_by(row, at).map_err(DbErr::from);
    let writer = |row: sea_orm::QueryResult| {
        Ok(Writer {
            id: WriterId(number(&row, 0)?),
            published: Position(number(&row, 1)?),
            swept: Position(number(&row, 2)?),
            end: Position(number(&row, 3)?),
        })
    };
    rows.into_iter().map(writer).collect()
}

/// Never back.
async fn advance(
    db: &impl ConnectionTrait,
    projection: &str,
    writer_id: WriterId,
    position: Position,
) -> Result<(), DbErr> {
    use sea_orm::sea_query::{Expr, ExprTrait};
    let row =
        ActiveModel { projection: Set(projection.to_owned()), writer_id: Set(writer_id.0), position: Set(position.0) };
    let excluded = Expr::col(("excluded", Column::Position));
    let there = OnConflict::columns([Column::Projection, Column::WriterId])
        .update_column(Column::Position)
        .action_and_where(Expr::col((Entity, Column::Position)).lt(excluded))
        .to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(db).await?;
    Ok(())
}
