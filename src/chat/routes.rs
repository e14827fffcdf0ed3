//! Chats over REST: made, listed, read; who comes into a group, and who leaves it.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::chats::Chats;
use super::view::ChatView;
use crate::account::CurrentUser;
use crate::http::{Body, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ChatId, UserId};

/// Body of `POST /chats`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChat {
    /// Who is in it beside you. One, and no title: the direct chat with that user.
    user_ids: Vec<UserId>,
    /// What a group is called, 1 to 100 characters.
    #[serde(default)]
    title: Option<String>,
}

/// Makes a group, or the direct chat with somebody where there is none yet.
#[utoipa::path(
    post, path = "/api/v1/chats", operation_id = "open_chat", tag = "chats", security(("bearer" = [])),
    request_body = NewChat,
    responses(
        (status = 200, description = "The direct chat that there was", body = ChatView),
        (status = 201, body = ChatView),
        (status = 403, description = "`user_blocked`: one of you blocked the other", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn create(
    user: CurrentUser,
    body: Body<NewChat>,
    chats: web::Data<Chats>,
) -> Result<HttpResponse, Problem> {
    let NewChat { user_ids, title } = body.into_inner();
    let others: BTreeSet<UserId> = user_ids.into_iter().filter(|other| *other != user.id).collect();
    let (chat, is_new) = match (others.len(), &title) {
        (1, None) => chats.direct(user.id, others).await?,
        _ => (chats.group(user.id, others, title).await?, true),
    };
    let seen = chats.seen_by(user.id, chat).await?;
    let mut answer = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    if is_new {
        answer.insert_header(("location", format!("/api/v1/chats/{chat}")));
    }
    Ok(answer.json(chats.view(user.id, seen).await?))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChatsQuery {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Your chats, the one with the latest message that you see first.
#[utoipa::path(
    get, path = "/api/v1/chats", operation_id = "list_chats", tag = "chats", security(("bearer" = [])),
    params(ChatsQuery),
    responses((status = 200, body = Listing<ChatView>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<ChatsQuery>,
    chats: web::Data<Chats>,
) -> Result<web::Json<Listing<ChatView>>, Problem> {
    let ChatsQuery { limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let after = page.after::<(i64, Uuid)>()?;
    if after.is_none() {
        chats.look_at_sessions_of(user.id).await?;
    }
    let rows = chats.latest_of(user.id, after, page.rows()).await?;
    let Listing { items, next_cursor } = Listing::of(rows, &page, |(at, row)| (*at, row.id), |(_, row)| row);
    let seen = chats.all_seen_by(user.id, items).await?;
    Ok(web::Json(Listing { items: chats.views(user.id, seen).await?, next_cursor }))
}

/// One chat.
#[utoipa::path(
    get, path = "/api/v1/chats/{id}", operation_id = "get_chat", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ChatView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn get(
    user: CurrentUser,
    id: PathId<ChatId>,
    chats: web::Data<Chats>,
) -> Result<web::Json<ChatView>, Problem> {
    let seen = chats.seen_by(user.id, id.into_inner()).await?;
    Ok(web::Json(chats.view(user.id, seen).await?))
}

/// Body of `POST /chats/{id}/members`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMembers {
    user_ids: Vec<UserId>,
}

/// Brings others into a group; who made it may. They see what is said from then on.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/members", operation_id = "add_chat_members", tag = "chats",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = NewMembers,
    responses(
        (status = 200, body = ChatView),
        (status = 403, description = "`insufficient_permissions`, `chat_not_member`, `user_blocked`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn add_members(
    user: CurrentUser,
    id: PathId<ChatId>,
    body: Body<NewMembers>,
    chats: web::Data<Chats>,
) -> Result<web::Json<ChatView>, Problem> {
    let id = id.into_inner();
    chats.bring_in(user.id, id, body.into_inner().user_ids.into_iter().collect()).await?;
    let seen = chats.seen_by(user.id, id).await?;
    Ok(web::Json(chats.view(user.id, seen).await?))
}

/// Leaves a group, or takes somebody out of it; who made it may.
#[utoipa::path(
    delete, path = "/api/v1/chats/{id}/members/{user_id}", operation_id = "remove_chat_member", tag = "chats",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 403, description = "`insufficient_permissions`, `chat_not_member`", body = ProblemBody),
        (status = 404, body = ProblemBody),
    ),
)]
pub(super) async fn remove_member(
    user: CurrentUser,
    path: web::Path<(String, String)>,
    chats: web::Data<Chats>,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("there is no such member");
    let (id, member) = path.into_inner();
    let id = id.parse().map(ChatId).map_err(|_| missing())?;
    let member = member.parse().map(UserId).map_err(|_| missing())?;
    chats.take_out(user.id, id, member).await?;
    Ok(HttpResponse::NoContent().finish())
}
