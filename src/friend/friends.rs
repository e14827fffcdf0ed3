//! Who one's friends are, and one fewer.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use entity::friendship::{Column, Model};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::FriendsQuery;
use super::pair::{Pair, of_user};
use crate::account::{Accounts, CurrentUser, PublicUser};
use crate::database::Database;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query, RequestId};
use crate::ids::{Timestamp, UserId};

/// Somebody who is your friend.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Friend {
    user: PublicUser,
    /// When the request was accepted.
    since: Timestamp,
}

impl Friend {
    pub(super) async fn of(row: &Model, me: UserId, accounts: &Accounts) -> Result<Self, Problem> {
        let user = accounts.public_profile(friend_of(row, me)).await?;
        let user = user.ok_or_else(|| Problem::not_found("there is no such user"))?;
        Ok(Self { user, since: Timestamp::from_millis(row.since_ms) })
    }
}

fn friend_of(row: &Model, me: UserId) -> UserId {
    UserId(if row.low_user_id == me.0 { row.high_user_id } else { row.low_user_id })
}

/// Your friends, the newest first.
#[utoipa::path(
    get, path = "/api/v1/friends", operation_id = "list_friends", tag = "friends", security(("bearer" = [])),
    params(FriendsQuery),
    responses((status = 200, body = Listing<Friend>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<FriendsQuery>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Friend>>, Problem> {
    let FriendsQuery { limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let mut wanted = of_user(user.id);
    if let Some((at, request)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::SinceMs.eq(at)).add(Column::RequestId.lt(request));
        wanted = wanted.filter(Condition::any().add(Column::SinceMs.lt(at)).add(same));
    }
    let rows = wanted.order_by_desc(Column::SinceMs).order_by_desc(Column::RequestId).limit(page.rows());
    let rows = Listing::of(rows.all(database.reader()).await?, &page, |row| (row.since_ms, row.request_id), |row| row);
    let ids: Vec<UserId> = rows.items.iter().map(|row| friend_of(row, user.id)).collect();
    let mut profiles: HashMap<UserId, PublicUser> = accounts.public_profiles(&ids).await?;
    let friend = |row: Model| {
        let profile = profiles.remove(&friend_of(&row, user.id))?;
        Some(Friend { user: profile, since: Timestamp::from_millis(row.since_ms) })
    };
    Ok(web::Json(Listing { items: rows.items.into_iter().filter_map(friend).collect(), next_cursor: rows.next_cursor }))
}

/// Ends a friendship. The other one is not told; the list is one shorter.
#[utoipa::path(
    delete, path = "/api/v1/friends/{user_id}", operation_id = "remove_friend", tag = "friends",
    security(("bearer" = [])), params(("user_id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 404, description = "`not_found`: this is nobody, or no friend of yours", body = ProblemBody),
    ),
)]
pub(super) async fn remove(
    user: CurrentUser,
    other: PathId<UserId>,
    request_id: RequestId,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let mut pair = Pair::lock(&database, user.id, other.into_inner(), request_id).await?;
    let friendship = pair.friendship().await?;
    let friendship = friendship.ok_or_else(|| Problem::not_found("this user is no friend of yours"))?;
    pair.end_friendship(friendship).await?;
    pair.store().await?;
    Ok(HttpResponse::NoContent().finish())
}
