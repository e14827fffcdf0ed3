//! Web Push subscriptions of a user's browsers over REST.

use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::push_subscription::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sinks::Outbound;
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Body, Fields, PathId, Problem, ProblemBody};
use crate::ids::Timestamp;

/// Of one user; the oldest one makes room.
const SUBSCRIPTIONS_MAX: usize = 10;

/// A browser that wants to be told, as `PushSubscription.toJSON()` says it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPushSubscription {
    /// Where the push service takes what is for it.
    endpoint: String,
    /// Taken, and without use.
    #[serde(default, rename = "expirationTime")]
    #[schema(value_type = Option<f64>)]
    _expiration_time: Option<f64>,
    keys: PushKeys,
}

/// What is encrypted with, in base64url.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PushKeys {
    /// The browser's public key.
    p256dh: String,
    /// What it has in common with us.
    auth: String,
}

/// A browser that is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PushSubscription {
    id: Uuid,
    /// When it subscribed.
    created_at: Timestamp,
}

impl PushSubscription {
    fn of(row: Model) -> Self {
        Self { id: row.id, created_at: Timestamp::from_millis(row.created_at_ms) }
    }
}

/// Has notifications pushed to a browser. `GET /api/v1/server` tells the key to subscribe with. A browser that subscribes
/// again takes its own place.
#[utoipa::path(
    post, path = "/api/v1/push-subscriptions", operation_id = "create_push_subscription", tag = "notifications",
    security(("bearer" = [])), request_body = NewPushSubscription,
    responses((status = 201, body = PushSubscription), (status = 422, body = ProblemBody)),
)]
pub(super) async fn create(
    user: CurrentUser,
    body: Body<NewPushSubscription>,
    outbound: web::Data<Outbound>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let NewPushSubscription { endpoint, keys: PushKeys { p256dh, auth }, .. } = body.into_inner();
    let mut fields = Fields::new();
    if let Err(reason) = outbound.target(&endpoint) {
        fields.wrong("endpoint", reason);
    }
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap_or_default();
    let (public, secret) = (bytes(&p256dh), bytes(&auth));
    fields.check(public.len() == 65 && public[0] == 4, "keys.p256dh", "must be an uncompressed P-256 key in base64url");
    fields.check(secret.len() == 16, "keys.auth", "must be 16 bytes in base64url");
    fields.done()?;
    let row = Model {
        id: clock::new_id(),
        user_id: user.id.0,
        endpoint,
        p256dh: URL_SAFE_NO_PAD.encode(public),
        auth: URL_SAFE_NO_PAD.encode(secret),
        created_at_ms: clock::now().millis(),
    };
    let tx = database.begin_write().await?;
    let mine = Entity::find().filter(Column::UserId.eq(user.id.0)).order_by_desc(Column::Id).all(&tx).await?;
    let (again, others): (Vec<_>, Vec<_>) = mine.into_iter().partition(|mine| mine.endpoint == row.endpoint);
    let oldest = others.iter().skip(SUBSCRIPTIONS_MAX - 1);
    // A browser is one whoever uses it: who knows both its address and its secret is in it now.
    let of_browser = Column::Auth.eq(row.auth.as_str()).and(Column::Endpoint.eq(row.endpoint.as_str()));
    Entity::delete_many().filter(of_browser).exec(&tx).await?;
    let gone: Vec<Uuid> = again.iter().chain(oldest).map(|row| row.id).collect();
    Entity::delete_many().filter(Column::Id.is_in(gone)).exec(&tx).await?;
    Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::Created().json(PushSubscription::of(row)))
}

/// Ends the pushes to a browser.
#[utoipa::path(
    delete, path = "/api/v1/push-subscriptions/{id}", operation_id = "delete_push_subscription", tag = "notifications",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn remove(
    user: CurrentUser,
    id: PathId<Uuid>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let mine = Entity::delete_many().filter(Column::UserId.eq(user.id.0)).filter(Column::Id.eq(id.into_inner()));
    match mine.exec(database.writer()).await?.rows_affected {
        0 => Err(Problem::not_found("there is no such subscription")),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}
