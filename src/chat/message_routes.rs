//! Messages over REST: said, read, said otherwise, taken back.

use actix_web::{HttpResponse, web};
use entity::chat_message::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::changing::Asking;
use super::chats::Chats;
use super::message::ChatMessage;
use crate::http::{Body, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ChatId, MessageId};
use crate::session::rest::Caller;

impl Asking {
    fn over_rest(caller: &Caller) -> Self {
        Self { user: caller.user.id, origin: None, correlation_id: caller.correlation_id }
    }
}

/// Body of `POST /chats/{id}/messages` and of `PATCH /messages/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageBody {
    /// 1 to 4,000 characters, as a person counts them.
    content: String,
}

/// Says something in a chat. The same `Idempotency-Key` again is answered by the same message.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/messages", operation_id = "send_message", tag = "chats",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = MessageBody,
    responses(
        (status = 201, body = ChatMessage),
        (status = 403, description = "`chat_not_member`, `user_blocked`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`idempotency_key_reused`", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn send(
    caller: Caller,
    id: PathId<ChatId>,
    body: Body<MessageBody>,
    chats: web::Data<Chats>,
) -> Result<HttpResponse, Problem> {
    chats.charge(caller.user.id)?;
    let by = Asking::over_rest(&caller);
    let message = chats.say(by, caller.key.0, id.into_inner(), body.into_inner().content).await?;
    Ok(HttpResponse::Created().json(message))
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// Only messages before this number: the last ones of them.
    before: Option<i64>,
    /// Only messages after this number: the first ones of them, unless `before` is given too.
    after: Option<i64>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where the next page goes on, and in which direction.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MessagesCursor {
    Before(i64),
    After(i64),
}

/// What was said in a chat, by number; the last messages where neither `before` nor `after` is given.
#[utoipa::path(
    get, path = "/api/v1/chats/{id}/messages", operation_id = "list_messages", tag = "chats",
    security(("bearer" = [])), params(("id" = Uuid, Path), MessagesQuery),
    responses(
        (status = 200, body = Listing<ChatMessage>),
        (status = 403, description = "`chat_not_member`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn list(
    caller: Caller,
    id: PathId<ChatId>,
    query: Query<MessagesQuery>,
    chats: web::Data<Chats>,
) -> Result<web::Json<Listing<ChatMessage>>, Problem> {
    let MessagesQuery { mut before, mut after, limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let is_forward = match page.after::<MessagesCursor>()? {
        Some(MessagesCursor::Before(number)) => {
            before = Some(number);
            false
        }
        Some(MessagesCursor::After(number)) => {
            after = Some(number);
            true
        }
        None => after.is_some() && before.is_none(),
    };
    let seen = chats.seen_by(caller.user.id, id.into_inner()).await?;
    let first = seen.me.first_number.max(after.map_or(1, |number| number.saturating_add(1)));
    let last = seen.last_number().min(before.map_or(i64::MAX, |number| number.saturating_sub(1)));
    let rows = Entity::find().filter(Column::ChatId.eq(seen.chat.id)).filter(Column::Number.between(first, last));
    let rows = if is_forward { rows.order_by_asc(Column::Number) } else { rows.order_by_desc(Column::Number) };
    let rows = rows.limit(page.rows()).all(chats.database.reader()).await?;
    let next = |number| if is_forward { MessagesCursor::After(number) } else { MessagesCursor::Before(number) };
    let mut listing = Listing::of(rows, &page, |row| next(row.number), ChatMessage::of);
    if !is_forward {
        listing.items.reverse();
    }
    Ok(web::Json(listing))
}

/// Says something otherwise, within 24 hours. The same `Idempotency-Key` again changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/messages/{id}", operation_id = "edit_message", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = MessageBody,
    responses(
        (status = 200, body = ChatMessage),
        (status = 403, description = "`insufficient_permissions`, `chat_not_member`, `user_blocked`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`message_not_editable`: deleted, or too old; `idempotency_key_reused`", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn edit(
    caller: Caller,
    id: PathId<MessageId>,
    body: Body<MessageBody>,
    chats: web::Data<Chats>,
) -> Result<web::Json<ChatMessage>, Problem> {
    chats.charge(caller.user.id)?;
    let by = Asking::over_rest(&caller);
    Ok(web::Json(chats.edit(by, caller.key.0, id.into_inner(), body.into_inner().content).await?))
}

/// Takes a message back: yours, or any at the table of your session. Its place stays, without content.
#[utoipa::path(
    delete, path = "/api/v1/messages/{id}", operation_id = "delete_message", tag = "chats",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = ChatMessage),
        (status = 403, description = "`insufficient_permissions`, `chat_not_member`", body = ProblemBody),
        (status = 404, body = ProblemBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    id: PathId<MessageId>,
    chats: web::Data<Chats>,
) -> Result<web::Json<ChatMessage>, Problem> {
    Ok(web::Json(chats.delete(Asking::over_rest(&caller), id.into_inner()).await?))
}

/// Body of `POST /chats/{id}/read`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadMark {
    /// The number of the last message that was read.
    up_to: i64,
}

/// Marks all messages up to a number as read.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/read", operation_id = "read_messages", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = ReadMark,
    responses(
        (status = 204),
        (status = 403, description = "`chat_not_member`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn read(
    caller: Caller,
    id: PathId<ChatId>,
    body: Body<ReadMark>,
    chats: web::Data<Chats>,
) -> Result<HttpResponse, Problem> {
    chats.read(Asking::over_rest(&caller), id.into_inner(), body.into_inner().up_to).await?;
    Ok(HttpResponse::NoContent().finish())
}
