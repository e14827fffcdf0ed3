//! Who wants nothing to do with whom. It ends whatever is between the two, without telling the other one why.

use actix_web::{HttpResponse, web};
use entity::user_block::{ActiveModel, Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::FriendsQuery;
use super::pair::Pair;
use crate::account::{Accounts, CurrentUser, PublicUser};
use crate::database::Database;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query, RequestId};
use crate::ids::{Timestamp, UserId};
use crate::outbox::friendship::FriendshipStep;

/// Users whom one user blocks.
const BLOCKED_MAX: u64 = 1_000;

/// Somebody whom you blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockedUser {
    user: PublicUser,
    since: Timestamp,
}

/// Whom you blocked, the last one first.
#[utoipa::path(
    get, path = "/api/v1/friends/blocked", operation_id = "list_blocked_users", tag = "friends",
    security(("bearer" = [])), params(FriendsQuery),
    responses((status = 200, body = Listing<BlockedUser>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<FriendsQuery>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<BlockedUser>>, Problem> {
    let FriendsQuery { limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let mut wanted = Entity::find().filter(Column::UserId.eq(user.id.0));
    if let Some((at, blocked)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::SinceMs.eq(at)).add(Column::BlockedId.lt(blocked));
        wanted = wanted.filter(Condition::any().add(Column::SinceMs.lt(at)).add(same));
    }
    let rows = wanted.order_by_desc(Column::SinceMs).order_by_desc(Column::BlockedId).limit(page.rows());
    let rows = Listing::of(rows.all(database.reader()).await?, &page, |row| (row.since_ms, row.blocked_id), |row| row);
    let ids: Vec<UserId> = rows.items.iter().map(|row| UserId(row.blocked_id)).collect();
    let mut profiles = accounts.public_profiles(&ids).await?;
    let blocked = |row: Model| {
        let user = profiles.remove(&UserId(row.blocked_id))?;
        Some(BlockedUser { user, since: Timestamp::from_millis(row.since_ms) })
    };
    Ok(web::Json(Listing {
        items: rows.items.into_iter().filter_map(blocked).collect(),
        next_cursor: rows.next_cursor,
    }))
}

/// Blocks somebody: neither of you asks, invites or writes to the other. A friendship or a request between you ends.
#[utoipa::path(
    put, path = "/api/v1/friends/{user_id}/block", operation_id = "block_user", tag = "friends",
    security(("bearer" = [])), params(("user_id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
pub(super) async fn create(
    user: CurrentUser,
    other: PathId<UserId>,
    request_id: RequestId,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let other = other.into_inner();
    if other == user.id {
        return Err(Problem::invalid("user_id", "this is you"));
    }
    let mut pair = Pair::lock(&database, user.id, other, request_id).await?;
    if pair.block().await?.is_some() {
        return Ok(HttpResponse::NoContent().finish());
    }
    if Entity::find().filter(Column::UserId.eq(user.id.0)).count(pair.tx()).await? >= BLOCKED_MAX {
        return Err(Problem::invalid("user_id", format!("{BLOCKED_MAX} users at most: unblock one first")));
    }
    if let Some(friendship) = pair.friendship().await? {
        pair.end_friendship(friendship).await?;
    }
    if let Some(request) = pair.request().await? {
        let is_mine = request.from_user_id == user.id.0;
        let step = if is_mine { FriendshipStep::Withdrawn } else { FriendshipStep::Declined };
        pair.end_request(request, step).await?;
    }
    let row = ActiveModel { user_id: Set(user.id.0), blocked_id: Set(other.0), since_ms: Set(pair.now.millis()) };
    Entity::insert(row).exec_without_returning(pair.tx()).await?;
    pair.say(FriendshipStep::Blocked, None);
    pair.store().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Blocks somebody no more. What ended by it does not come back.
#[utoipa::path(
    delete, path = "/api/v1/friends/{user_id}/block", operation_id = "unblock_user", tag = "friends",
    security(("bearer" = [])), params(("user_id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)),
)]
pub(super) async fn remove(
    user: CurrentUser,
    other: PathId<UserId>,
    request_id: RequestId,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let mut pair = Pair::lock(&database, user.id, other.into_inner(), request_id).await?;
    if let Some(block) = pair.block().await? {
        Entity::delete_by_id((block.user_id, block.blocked_id)).exec(pair.tx()).await?;
        pair.say(FriendshipStep::Unblocked, None);
        pair.store().await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
