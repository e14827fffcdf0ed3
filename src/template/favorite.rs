//! Templates that a user likes. Liking twice, or no longer liking what was not liked, changes nothing.

use actix_web::{HttpResponse, web};
use entity::template_favorite::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::find;
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{PathId, Problem, ProblemBody};

/// Likes a template.
#[utoipa::path(
    put, path = "/api/v1/templates/{id}/favorite", operation_id = "add_favorite_template", tag = "templates", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn add(
    user: CurrentUser,
    database: web::Data<Database>,
    id: PathId<Uuid>,
) -> Result<HttpResponse, Problem> {
    let template = find(database.reader(), id.into_inner(), user.id).await?;
    let row = ActiveModel {
        user_id: Set(user.id.0),
        template_id: Set(template.id),
        created_at_ms: Set(clock::now().millis()),
    };
    let once = OnConflict::columns([Column::UserId, Column::TemplateId]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(database.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// No longer likes it.
#[utoipa::path(
    delete, path = "/api/v1/templates/{id}/favorite", operation_id = "remove_favorite_template", tag = "templates", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn remove(
    user: CurrentUser,
    database: web::Data<Database>,
    id: PathId<Uuid>,
) -> Result<HttpResponse, Problem> {
    let template = find(database.reader(), id.into_inner(), user.id).await?;
    Entity::delete_by_id((user.id.0, template.id)).exec(database.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}
