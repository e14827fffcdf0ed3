//! Friends: who asked whom, who said yes, and who wants nothing to do with whom.
//!
//! Whatever changes between two users does so while the rows of both are locked, in one order, together with what is
//! said of it: of two who ask each other at once the second one finds the request of the first, and accepts it.

mod block;
mod friends;
mod pair;
mod requests;

use std::collections::HashSet;

use actix_web::web;
use entity::{friendship, user_block};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::http::{Code, Problem};
use crate::ids::UserId;

/// 403 where one of the two blocked the other: they neither ask nor invite nor write to each other. Which of them it was
/// is not told.
pub(crate) async fn refuse_blocked(db: &impl ConnectionTrait, one: UserId, other: UserId) -> Result<(), Problem> {
    use user_block::{Column, Entity};
    let by = |user: UserId, blocked: UserId| {
        Condition::all().add(Column::UserId.eq(user.0)).add(Column::BlockedId.eq(blocked.0))
    };
    let blocked = Entity::find().select_only().column(Column::UserId);
    let blocked = blocked.filter(Condition::any().add(by(one, other)).add(by(other, one)));
    match blocked.into_tuple::<Uuid>().one(db).await? {
        Some(_) => Err(Problem::new(Code::UserBlocked, "one of you blocked the other")),
        None => Ok(()),
    }
}

/// The friends of a user.
pub(crate) async fn friends_of(db: &impl ConnectionTrait, user: UserId) -> Result<HashSet<UserId>, DbErr> {
    use friendship::{Column, Entity};
    let rows = Entity::find().select_only().columns([Column::LowUserId, Column::HighUserId]);
    let of_user = Condition::any().add(Column::LowUserId.eq(user.0)).add(Column::HighUserId.eq(user.0));
    let pairs: Vec<(Uuid, Uuid)> = rows.filter(of_user).into_tuple().all(db).await?;
    Ok(pairs.into_iter().map(|(low, high)| UserId(if low == user.0 { high } else { low })).collect())
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FriendsQuery {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/friends").route(web::get().to(friends::list)))
        .service(
            web::resource("/friends/requests")
                .route(web::get().to(requests::list))
                .route(web::post().to(requests::create)),
        )
        .service(web::resource("/friends/requests/{id}").route(web::delete().to(requests::withdraw)))
        .service(web::resource("/friends/requests/{id}/accept").route(web::put().to(requests::accept)))
        .service(web::resource("/friends/requests/{id}/decline").route(web::put().to(requests::decline)))
        .service(web::resource("/friends/blocked").route(web::get().to(block::list)))
        .service(web::resource("/friends/{user_id}").route(web::delete().to(friends::remove)))
        .service(
            web::resource("/friends/{user_id}/block")
                .route(web::put().to(block::create))
                .route(web::delete().to(block::remove)),
        );
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    friends::list,
    friends::remove,
    requests::list,
    requests::create,
    requests::withdraw,
    requests::accept,
    requests::decline,
    block::list,
    block::create,
    block::remove
))]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
