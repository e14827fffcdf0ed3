//! A user's notifications over REST.

use actix_web::{HttpResponse, web};
use entity::notification::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::table::{Notification, visible};
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::Timestamp;

/// A notification and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptNotification {
    #[serde(flatten)]
    notification: Notification,
    /// When the first device had it.
    #[schema(required)]
    delivered_at: Option<Timestamp>,
    /// When it was read.
    #[schema(required)]
    read_at: Option<Timestamp>,
}

impl KeptNotification {
    fn of(row: Model) -> Self {
        Self {
            delivered_at: row.delivered_at_ms.map(Timestamp::from_millis),
            read_at: row.read_at_ms.map(Timestamp::from_millis),
            notification: Notification::of(row),
        }
    }
}

/// Query of the list of notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// `true`: only those that were not read; `false`: only those that were; all where absent.
    unread: Option<bool>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The caller's notifications, newest first.
#[utoipa::path(
    get, path = "/api/v1/notifications", operation_id = "list_notifications", tag = "notifications",
    security(("bearer" = [])), params(Filter),
    responses((status = 200, body = Listing<KeptNotification>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    filter: Query<Filter>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<KeptNotification>>, Problem> {
    let Filter { unread, limit, cursor } = filter.into_inner();
    let page = Page::new(limit, cursor)?;
    let mut wanted = visible(user.id);
    if let Some(unread) = unread {
        wanted = wanted.add(if unread { Column::ReadAtMs.is_null() } else { Column::ReadAtMs.is_not_null() });
    }
    if let Some((at, id)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::CreatedAtMs.eq(at)).add(Column::Id.lt(id));
        wanted = wanted.add(Condition::any().add(Column::CreatedAtMs.lt(at)).add(same));
    }
    let rows = Entity::find().filter(wanted).order_by_desc(Column::CreatedAtMs).order_by_desc(Column::Id);
    let rows = rows.limit(page.rows()).all(database.reader()).await?;
    Ok(web::Json(Listing::of(rows, &page, |row| (row.created_at_ms, row.id), KeptNotification::of)))
}

/// Marks a notification as read, and so as delivered.
#[utoipa::path(
    put, path = "/api/v1/notifications/{id}/read", operation_id = "read_notification", tag = "notifications",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = KeptNotification), (status = 404, body = ProblemBody)),
)]
pub(super) async fn read(
    user: CurrentUser,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<web::Json<KeptNotification>, Problem> {
    let mine = visible(user.id).add(Column::Id.eq(id.into_inner()));
    mark_read(&database, mine.clone()).await?;
    let row = Entity::find().filter(mine).one(database.reader()).await?;
    let row = row.ok_or_else(|| Problem::not_found("there is no such notification"))?;
    Ok(web::Json(KeptNotification::of(row)))
}

/// Answer of `POST /notifications/read-all`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadAll {
    /// How many were unread.
    marked: u64,
}

/// Marks all the caller's notifications as read.
#[utoipa::path(
    post, path = "/api/v1/notifications/read-all", operation_id = "read_all_notifications", tag = "notifications",
    security(("bearer" = [])), responses((status = 200, body = ReadAll)),
)]
pub(super) async fn read_all(user: CurrentUser, database: web::Data<Database>) -> Result<web::Json<ReadAll>, Problem> {
    Ok(web::Json(ReadAll { marked: mark_read(&database, visible(user.id)).await? }))
}

async fn mark_read(database: &Database, which: Condition) -> Result<u64, Problem> {
    let now = clock::now().millis();
    let marked = Entity::update_many()
        .col_expr(Column::ReadAtMs, Expr::value(now))
        .col_expr(Column::DeliveredAtMs, Expr::col(Column::DeliveredAtMs).if_null(now))
        .filter(which)
        .filter(Column::ReadAtMs.is_null())
        .exec(database.writer())
        .await?;
    Ok(marked.rows_affected)
}

/// Deletes a notification.
#[utoipa::path(
    delete, path = "/api/v1/notifications/{id}", operation_id = "delete_notification", tag = "notifications",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn delete(
    user: CurrentUser,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let deleted = Entity::update_many()
        .col_expr(Column::DeletedAtMs, Expr::value(clock::now().millis()))
        .filter(visible(user.id).add(Column::Id.eq(id.into_inner())))
        .exec(database.writer())
        .await?;
    match deleted.rows_affected {
        0 => Err(Problem::not_found("there is no such notification")),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}
