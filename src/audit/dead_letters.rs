//! Dead letters over REST: looked at, sent again, or forgotten.

use actix_web::{HttpResponse, web};
use entity::dead_letter;
use sea_orm::EntityTrait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::admin::Admin;
use crate::database::Database;
use crate::http::{Listing, PageQuery, PathId, Problem, ProblemBody, Query};
use crate::ids::Timestamp;
use crate::messaging::dead_letters;

/// A message that could not be applied.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetter {
    id: Uuid,
    /// Where it failed.
    queue: String,
    message_id: Uuid,
    routing_key: String,
    /// Why it is here.
    reason: String,
    /// How often it was tried.
    attempts: i32,
    failed_at: Timestamp,
    /// The message itself.
    #[schema(value_type = Object)]
    envelope: Value,
}

impl DeadLetter {
    fn of(row: dead_letter::Model) -> Self {
        Self {
            id: row.id,
            queue: row.queue,
            message_id: row.message_id,
            routing_key: row.routing_key,
            reason: row.reason,
            attempts: row.attempts,
            failed_at: Timestamp::from_millis(row.failed_at_ms),
            // What is no JSON is shown as it came.
            envelope: serde_json::from_str(&row.envelope).unwrap_or(Value::String(row.envelope)),
        }
    }
}

/// Messages that could not be applied, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters", operation_id = "list_dead_letters", tag = "admin",
    security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = Listing<DeadLetter>), (status = 403, body = ProblemBody)),
)]
pub(super) async fn list(
    _: Admin,
    paging: Query<PageQuery>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<DeadLetter>>, Problem> {
    let page = paging.into_inner().page()?;
    let rows = dead_letters::list(database.reader(), page.after::<Uuid>()?, page.rows()).await?;
    Ok(web::Json(Listing::of(rows, &page, |row| row.id, DeadLetter::of)))
}

/// One of them.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters/{id}", operation_id = "get_dead_letter", tag = "admin",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = DeadLetter), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
    ),
)]
pub(super) async fn one(
    _: Admin,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<web::Json<DeadLetter>, Problem> {
    let letter = dead_letter::Entity::find_by_id(id.into_inner()).one(database.reader()).await?;
    letter.map(|letter| web::Json(DeadLetter::of(letter))).ok_or_else(missing)
}

/// Sends a dead letter again; answers what it was.
#[utoipa::path(
    post, path = "/api/v1/admin/dead-letters/{id}/replay", operation_id = "replay_dead_letter", tag = "admin",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = DeadLetter), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "It is no message and can't be sent."),
    ),
)]
pub(super) async fn replay(
    _: Admin,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<web::Json<DeadLetter>, Problem> {
    let id = id.into_inner();
    let tx = database.begin_write().await?;
    let letter = dead_letter::Entity::find_by_id(id).one(&tx).await?.ok_or_else(missing)?;
    match dead_letters::replay(&tx, id).await {
        Ok(true) => tx.commit().await?,
        Ok(false) => return Err(missing()),
        Err(sea_orm::DbErr::Json(reason)) => {
            return Err(Problem::invalid("envelope", reason));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(web::Json(DeadLetter::of(letter)))
}

/// Forgets a dead letter.
#[utoipa::path(
    delete, path = "/api/v1/admin/dead-letters/{id}", operation_id = "discard_dead_letter", tag = "admin",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn discard(
    _: Admin,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    match dead_letters::discard(database.writer(), id.into_inner()).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(missing()),
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no such dead letter")
}
