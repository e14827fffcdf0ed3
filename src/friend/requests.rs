//! Requests to be friends: made, answered, taken back. One that meets the other one's own request accepts it.

use actix_web::{HttpResponse, web};
use entity::friend_request::{Column, Entity, Model};
use entity::friendship;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::friends::Friend;
use super::pair::{Pair, of_user};
use crate::account::{Accounts, CurrentUser, Limit, PublicUser};
use crate::database::Database;
use crate::http::{Body, Code, Listing, Page, PathId, Problem, ProblemBody, Query, RequestId};
use crate::ids::{Timestamp, UserId};
use crate::outbox::friendship::FriendshipStep;

/// Requests of one user that wait for their answers.
const OPEN_MAX: u64 = 100;
/// Requests that wait for the answer of one user: more than anybody reads.
const ASKED_MAX: u64 = 1_000;
/// Tries of a user, over all nodes: each one may be a notification for somebody.
const TRIES: Limit = Limit::per_hour("friend requests", 200);
/// When to ask somebody again who has too many requests.
const LATER_SECONDS: u64 = 3_600;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RequestStatus {
    /// It waits for its answer.
    Pending,
    /// The two are friends.
    Accepted,
}

/// A request to be friends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FriendRequest {
    id: Uuid,
    /// Who asks.
    from: PublicUser,
    /// Who is asked.
    to: PublicUser,
    /// `accepted` in the answer to a request that met one of the other user's; those in lists are `pending`.
    status: RequestStatus,
    created_at: Timestamp,
}

/// Those whose profiles are there still.
async fn shown(rows: Vec<Model>, status: RequestStatus, accounts: &Accounts) -> Result<Vec<FriendRequest>, Problem> {
    let mut ids: Vec<UserId> = rows.iter().flat_map(|row| [UserId(row.from_user_id), UserId(row.to_user_id)]).collect();
    ids.sort_unstable();
    ids.dedup();
    let profiles = accounts.public_profiles(&ids).await?;
    let profile = |id: Uuid| profiles.get(&UserId(id)).cloned();
    let request = |row: Model| {
        Some(FriendRequest {
            id: row.id,
            from: profile(row.from_user_id)?,
            to: profile(row.to_user_id)?,
            status,
            created_at: Timestamp::from_millis(row.created_at_ms),
        })
    };
    Ok(rows.into_iter().filter_map(request).collect())
}

/// Whose requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// Those that wait for your answer.
    #[default]
    In,
    /// Your own.
    Out,
}

/// Query of the list of requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestsQuery {
    /// `in`: those that wait for your answer; `out`: your own; `in` where absent.
    #[param(inline)]
    direction: Option<Direction>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Requests that nobody has answered yet, the newest first.
#[utoipa::path(
    get, path = "/api/v1/friends/requests", operation_id = "list_friend_requests", tag = "friends",
    security(("bearer" = [])), params(RequestsQuery),
    responses((status = 200, body = Listing<FriendRequest>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<RequestsQuery>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<FriendRequest>>, Problem> {
    let RequestsQuery { direction, limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let whose = match direction.unwrap_or_default() {
        Direction::In => Column::ToUserId,
        Direction::Out => Column::FromUserId,
    };
    let mut wanted = Entity::find().filter(whose.eq(user.id.0));
    if let Some(after) = page.after::<Uuid>()? {
        wanted = wanted.filter(Column::Id.lt(after));
    }
    let rows = wanted.order_by_desc(Column::Id).limit(page.rows()).all(database.reader()).await?;
    let Listing { items, next_cursor } = Listing::of(rows, &page, |row| row.id, |row| row);
    Ok(web::Json(Listing { items: shown(items, RequestStatus::Pending, &accounts).await?, next_cursor }))
}

/// Body of `POST /friends/requests`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFriendRequest {
    /// Who is asked.
    user_id: UserId,
}

/// Asks somebody to be friends; where that one has asked you, you are.
#[utoipa::path(
    post, path = "/api/v1/friends/requests", operation_id = "request_friend", tag = "friends",
    security(("bearer" = [])), request_body = NewFriendRequest,
    responses(
        (status = 200, description = "Accepted: this user had asked you", body = FriendRequest),
        (status = 201, description = "It waits for the answer", body = FriendRequest),
        (status = 403, description = "`user_blocked`: one of you blocked the other", body = ProblemBody),
        (status = 404, description = "`not_found`: there is no such user", body = ProblemBody),
        (status = 409, description = "`already_friends`, `friend_request_exists`", body = ProblemBody),
        (status = 422, description = "`cannot_friend_yourself`, `validation_failed`", body = ProblemBody),
    ),
)]
pub(super) async fn create(
    user: CurrentUser,
    body: Body<NewFriendRequest>,
    request_id: RequestId,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let NewFriendRequest { user_id } = body.into_inner();
    if user_id == user.id {
        return Err(Problem::new(Code::CannotFriendYourself, "this is you"));
    }
    accounts.attempts().take(&TRIES, &user.id.to_string()).await?;
    let mut pair = Pair::lock(&database, user.id, user_id, request_id).await?;
    pair.refuse_blocked().await?;
    if pair.friendship().await?.is_some() {
        return Err(Problem::new(Code::AlreadyFriends, "you are friends already"));
    }
    let (mut answer, status, request) = match pair.request().await? {
        Some(mine) if mine.from_user_id == user.id.0 => {
            return Err(Problem::new(Code::FriendRequestExists, "your request waits for an answer already"));
        }
        Some(theirs) => {
            pair.accept(theirs.clone()).await?;
            (HttpResponse::Ok(), RequestStatus::Accepted, theirs)
        }
        None => {
            only_so_many(&pair).await?;
            (HttpResponse::Created(), RequestStatus::Pending, pair.ask().await?)
        }
    };
    pair.store().await?;
    let shown = shown(vec![request], status, &accounts).await?.pop();
    Ok(answer.json(shown.ok_or_else(|| Problem::not_found("there is no such user"))?))
}

async fn only_so_many(pair: &Pair) -> Result<(), Problem> {
    let open = Entity::find().filter(Column::FromUserId.eq(pair.me.0)).count(pair.tx()).await?;
    if open >= OPEN_MAX {
        return Err(Problem::invalid(
            "user_id",
            format!("{OPEN_MAX} requests of yours wait for their answers: take one back first"),
        ));
    }
    let asked = Entity::find().filter(Column::ToUserId.eq(pair.other.0)).count(pair.tx()).await?;
    if asked >= ASKED_MAX {
        let detail = "this user has more requests than anybody answers, try again later";
        return Err(Problem::new(Code::RateLimited, detail).retry_after(LATER_SECONDS));
    }
    Ok(())
}

/// Accepts a request that waits for your answer. The same again answers the same.
#[utoipa::path(
    put, path = "/api/v1/friends/requests/{id}/accept", operation_id = "accept_friend_request", tag = "friends",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Friend),
        (status = 404, description = "`not_found`: no such request waits for your answer", body = ProblemBody),
        (status = 422, description = "`validation_failed`: one of you has all the friends that one user may have", body = ProblemBody),
    ),
)]
pub(super) async fn accept(
    user: CurrentUser,
    id: PathId<Uuid>,
    request_id: RequestId,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Friend>, Problem> {
    let id = id.into_inner();
    let friendship = match open(&database, user.id, id, Column::ToUserId, request_id).await? {
        Some((mut pair, request)) => {
            let friendship = pair.accept(request).await?;
            pair.store().await?;
            friendship
        }
        None => {
            let accepted = of_user(user.id).filter(friendship::Column::RequestId.eq(id));
            let accepted = accepted.filter(friendship::Column::AskedBy.ne(user.id.0)).one(database.reader()).await?;
            accepted.ok_or_else(no_such_request)?
        }
    };
    Ok(web::Json(Friend::of(&friendship, user.id, &accounts).await?))
}

/// Declines a request. Who asked is not told; the request is gone.
#[utoipa::path(
    put, path = "/api/v1/friends/requests/{id}/decline", operation_id = "decline_friend_request", tag = "friends",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 404, description = "`not_found`: no such request waits for your answer", body = ProblemBody),
    ),
)]
pub(super) async fn decline(
    user: CurrentUser,
    id: PathId<Uuid>,
    request_id: RequestId,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let open = open(&database, user.id, id.into_inner(), Column::ToUserId, request_id).await?;
    end(open, FriendshipStep::Declined).await
}

/// Takes a request of yours back.
#[utoipa::path(
    delete, path = "/api/v1/friends/requests/{id}", operation_id = "withdraw_friend_request", tag = "friends",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 404, description = "`not_found`: no such request of yours waits for its answer", body = ProblemBody),
    ),
)]
pub(super) async fn withdraw(
    user: CurrentUser,
    id: PathId<Uuid>,
    request_id: RequestId,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let open = open(&database, user.id, id.into_inner(), Column::FromUserId, request_id).await?;
    end(open, FriendshipStep::Withdrawn).await
}

async fn end(open: Option<(Pair, Model)>, step: FriendshipStep) -> Result<HttpResponse, Problem> {
    let (mut pair, request) = open.ok_or_else(no_such_request)?;
    pair.end_request(request, step).await?;
    pair.store().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The request of that id where it waits still and `mine` has me, and who the two are. What is found before they are
/// locked may be answered meanwhile, so it is looked for again.
async fn open(
    database: &Database,
    me: UserId,
    id: Uuid,
    mine: Column,
    request_id: RequestId,
) -> Result<Option<(Pair, Model)>, Problem> {
    let found = Entity::find_by_id(id).filter(mine.eq(me.0)).one(database.reader()).await?;
    let Some(found) = found else { return Ok(None) };
    let other = if found.from_user_id == me.0 { found.to_user_id } else { found.from_user_id };
    let pair = Pair::lock(database, me, UserId(other), request_id).await?;
    let still = pair.request().await?.filter(|request| request.id == id);
    Ok(still.map(|request| (pair, request)))
}

fn no_such_request() -> Problem {
    Problem::not_found("there is no such request")
}
