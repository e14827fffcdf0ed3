//! A user's webhooks over REST.

use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::delivery;
use entity::webhook::{ActiveModel, Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::kind::Kind;
use super::sinks::Outbound;
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Body, Listing, PageQuery, PathId, Problem, ProblemBody, Query};
use crate::ids::Timestamp;

/// Of one user.
const WEBHOOKS_MAX: u64 = 10;

/// Where notifications are to be sent, too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// `https://` and a host that is at a public address; at most 2,000 characters.
    #[schema(example = "https://bot.example/artel")]
    url: String,
    /// The kinds of notifications that are sent there; all where absent.
    #[serde(default)]
    kinds: Option<Vec<Kind>>,
}

/// An address that notifications are sent to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    id: Uuid,
    url: String,
    /// The kinds of notifications that are sent there.
    kinds: Vec<Kind>,
    /// When it was made.
    created_at: Timestamp,
}

/// A webhook that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// Signs what is sent, and is told this once: `X-Artel-Signature` is `v1=` and the HMAC-SHA256, in hexadecimal digits, of
    /// `X-Artel-Timestamp`, a dot, and the body.
    secret: String,
}

impl Webhook {
    fn of(row: Model) -> Self {
        Self { id: row.id, kinds: kinds_of(&row), url: row.url, created_at: Timestamp::from_millis(row.created_at_ms) }
    }
}

/// Which kinds are sent there.
pub(super) fn kinds_of(row: &Model) -> Vec<Kind> {
    match &row.kinds {
        None => Kind::ALL.to_vec(),
        Some(kinds) => kinds.split(',').filter_map(Kind::named).collect(),
    }
}

/// Has notifications sent to an address, from now on.
#[utoipa::path(
    post, path = "/api/v1/webhooks", operation_id = "create_webhook", tag = "notifications",
    security(("bearer" = [])), request_body = NewWebhook,
    responses((status = 201, body = MadeWebhook), (status = 422, body = ProblemBody)),
)]
pub(super) async fn create(
    user: CurrentUser,
    body: Body<NewWebhook>,
    outbound: web::Data<Outbound>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let NewWebhook { url, kinds } = body.into_inner();
    outbound.target(&url).map_err(|reason| Problem::invalid("url", reason))?;
    let kinds = match kinds {
        Some(kinds) if kinds.is_empty() => return Err(Problem::invalid("kinds", "must name a kind, or be absent")),
        Some(mut kinds) => {
            kinds.sort_unstable();
            kinds.dedup();
            Some(kinds.into_iter().map(Kind::as_str).collect::<Vec<_>>().join(","))
        }
        None => None,
    };
    let row = Model {
        id: clock::new_id(),
        user_id: user.id.0,
        url,
        kinds,
        secret: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()),
        created_at_ms: clock::now().millis(),
    };
    let tx = database.begin_write().await?;
    if Entity::find().filter(Column::UserId.eq(user.id.0)).count(&tx).await? >= WEBHOOKS_MAX {
        return Err(Problem::invalid("url", format!("there are {WEBHOOKS_MAX} webhooks already: delete one first")));
    }
    Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    tx.commit().await?;
    let secret = row.secret.clone();
    Ok(HttpResponse::Created().json(MadeWebhook { webhook: Webhook::of(row), secret }))
}

/// The caller's webhooks, oldest first, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/webhooks", operation_id = "list_webhooks", tag = "notifications",
    security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = Listing<Webhook>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<PageQuery>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Webhook>>, Problem> {
    let page = query.into_inner().page()?;
    let mut rows = Entity::find().filter(Column::UserId.eq(user.id.0));
    if let Some(after) = page.after::<Uuid>()? {
        rows = rows.filter(Column::Id.gt(after));
    }
    let rows = rows.order_by_asc(Column::Id).limit(page.rows()).all(database.reader()).await?;
    Ok(web::Json(Listing::of(rows, &page, |row| row.id, Webhook::of)))
}

/// Deletes a webhook. What waits to be sent there is not sent any more.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "notifications",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn remove(
    user: CurrentUser,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let tx = database.begin_write().await?;
    let mine = Entity::delete_many().filter(Column::UserId.eq(user.id.0)).filter(Column::Id.eq(id));
    if mine.exec(&tx).await?.rows_affected == 0 {
        return Err(Problem::not_found("there is no such webhook"));
    }
    let waits = delivery::Entity::delete_many().filter(delivery::Column::UserId.eq(user.id.0));
    waits.filter(delivery::Column::TargetId.eq(id)).exec(&tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
