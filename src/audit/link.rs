//! Links requests to the events they caused. The log is ordered by session and by writer, so what a request did can't be
//! found in it without an index; one in the log itself would cost every ball. This one follows behind in small steps
//! that the journal does not feel, and whoever asks waits until it has caught up, so an answer is always complete.

use std::time::Duration;

use entity::audit_cursor::{self, ActiveModel, Column, Entity};
use entity::{audit_link, event};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::Deserialize;
use uuid::Uuid;

use super::ROWS_MAX;
use crate::clock;
use crate::database::Database;
use crate::ids::{CorrelationId, WriterId};
use crate::journal::commit_feed;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static BEHIND: Trouble = Trouble::new();

/// How often it is asked which writers have stored something.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const STEP_EVERY: Duration = Duration::from_millis(100);
/// Events of one transaction: on SQLite a ball that comes meanwhile waits for it, two milliseconds or so.
const STEP: u64 = 256;

/// Follows the log until it is dropped.
pub(crate) async fn run(database: Database) {
    let mut look = clock::every(LOOK_EVERY);
    let mut due = clock::every(STEP_EVERY);
    let mut behind = Vec::new();
    loop {
        let done = tokio::select! {
            _ = look.tick() => ahead(&database).await.map(|writers| behind = writers),
            _ = due.tick(), if !behind.is_empty() => follow(&database, &mut behind).await,
        };
        if let Err(error) = done
            && BEHIND.is_news()
        {
            tracing::warn!(%error, "the audit is behind the log");
        }
    }
}

async fn ahead(database: &Database) -> Result<Vec<WriterId>, DbErr> {
    Ok(commit_feed::writers(database.reader()).await?.into_iter().map(|writer| WriterId(writer.id)).collect())
}

/// One step; who has nothing more is looked at the next time.
async fn follow(database: &Database, behind: &mut Vec<WriterId>) -> Result<(), DbErr> {
    if let Some(writer) = behind.last()
        && !step(database, *writer).await?
    {
        behind.pop();
    }
    Ok(())
}

/// Links everything that is in the log now.
pub(super) async fn catch_up(database: &Database) -> Result<(), DbErr> {
    for writer in commit_feed::writers(database.reader()).await? {
        while step(database, WriterId(writer.id)).await? {}
    }
    Ok(())
}

#[derive(Deserialize)]
struct CauseLink {
    correlation_id: CorrelationId,
}

/// Links the next events of a writer; false: there are none. Two nodes may do the same: the links are the same then.
async fn step(database: &Database, writer: WriterId) -> Result<bool, DbErr> {
    let cursor = Entity::find_by_id(writer.0).one(database.reader()).await?;
    let position = cursor.map_or(0, |audit_cursor::Model { position, .. }| position);
    let rows = event::Entity::find()
        .filter(event::Column::WriterId.eq(writer.0))
        .filter(event::Column::Position.gt(position))
        .order_by_asc(event::Column::Position)
        .limit(STEP)
        .all(database.reader())
        .await?;
    let Some(last) = rows.last().map(|row| row.position) else { return Ok(false) };
    let mut links = Vec::with_capacity(rows.len());
    for row in &rows {
        match serde_json::from_str::<CauseLink>(&row.body) {
            Ok(CauseLink { correlation_id }) => links.push((correlation_id, row.session_id, row.seq)),
            Err(error) => tracing::error!(session.id = %row.session_id, row.seq, %error, "an event is unreadable"),
        }
    }
    // In order of the key, which is random: the pages of the table are visited once.
    links.sort_unstable();
    let tx = database.begin_write().await?;
    for links in links.chunks(ROWS_MAX) {
        let row = |(correlation, session, seq): &(CorrelationId, Uuid, i64)| audit_link::ActiveModel {
            correlation_id: Set(correlation.0),
            session_id: Set(*session),
            seq: Set(*seq),
        };
        let there = OnConflict::new().do_nothing().to_owned();
        audit_link::Entity::insert_many(links.iter().map(row)).on_conflict(there).exec_without_returning(&tx).await?;
    }
    let linked = ActiveModel { writer_id: Set(writer.0), position: Set(last) };
    let there = OnConflict::column(Column::WriterId).update_column(Column::Position).to_owned();
    Entity::insert(linked).on_conflict(there).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(true)
}
