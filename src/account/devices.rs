//! The logins of an account: on which devices it is signed in, and ending one of them.

use actix_web::{HttpResponse, web};
use entity::login::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{Accounts, CurrentUser};
use crate::clock;
use crate::http::{Listing, PageQuery, PathId, Problem, ProblemBody, Query};
use crate::ids::Timestamp;

/// A login that is still good.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Login)]
pub(super) struct Device {
    id: Uuid,
    /// When the password was given.
    created_at: Timestamp,
    /// When its tokens were renewed last.
    last_used_at: Timestamp,
    /// What its client calls itself.
    #[schema(required)]
    user_agent: Option<String>,
    /// The login of this very request.
    is_current: bool,
}

impl Device {
    fn of(row: Model, current: Uuid) -> Self {
        Self {
            id: row.id,
            created_at: Timestamp::from_millis(row.created_at_ms),
            last_used_at: Timestamp::from_millis(row.last_used_at_ms.unwrap_or(row.created_at_ms)),
            user_agent: row.user_agent,
            is_current: row.id == current,
        }
    }
}

/// Where you are signed in, the newest login first.
#[utoipa::path(
    get, path = "/api/v1/users/me/logins", operation_id = "list_logins", tag = "users", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Listing<Device>), (status = 401, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    accounts: web::Data<Accounts>,
    paging: Query<PageQuery>,
) -> Result<web::Json<Listing<Device>>, Problem> {
    let page = paging.into_inner().page()?;
    let mut live = Entity::find()
        .filter(Column::UserId.eq(user.id.0))
        .filter(Column::RevokedAtMs.is_null())
        .filter(Column::ExpiresAtMs.gt(clock::now().millis()));
    if let Some(after) = page.after::<Uuid>()? {
        live = live.filter(Column::Id.lt(after));
    }
    let rows = live.order_by_desc(Column::Id).limit(page.rows()).all(accounts.0.database.reader()).await?;
    Ok(web::Json(Listing::of(rows, &page, |row| row.id, |row| Device::of(row, user.login_id))))
}

/// Ends one of your logins: its tokens are refused from now on, its sockets are closed.
#[utoipa::path(
    delete, path = "/api/v1/users/me/logins/{id}", operation_id = "end_login", tag = "users",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn end(
    user: CurrentUser,
    request: actix_web::HttpRequest,
    accounts: web::Data<Accounts>,
    id: PathId<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (id.into_inner(), clock::now());
    let tx = accounts.0.database.begin_write().await?;
    let ended = revoke(&tx, user.id, LoginEnd::One(id), now).await?;
    if ended.is_empty() {
        return Err(Problem::not_found("you have no such login"));
    }
    let client = Client::of(&request, &accounts);
    record(&tx, "user.login_ended", Some(user.id), &client, json!({"login_id": id})).await?;
    tx.commit().await?;
    accounts.note_revoked(&ended);
    Ok(HttpResponse::NoContent().finish())
}
