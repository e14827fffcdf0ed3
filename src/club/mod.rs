//! Clubs: a hall, or friends who meet every week. A club is a set of sessions with those who are in it, and a board of
//! what was played in these sessions.
//!
//! Whatever changes in a club does so while its row is locked; whoever locks the row of a user as well does that before.

mod clubs;
mod members;
mod membership;
mod sessions;

use actix_web::web;
use entity::club_session;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use self::membership::Membership;
use crate::http::Problem;
use crate::ids::{ClubId, SessionId, UserId};

/// The sessions of a club, for one of its members; 404 for everybody else.
pub(crate) async fn sessions_of(
    db: &impl ConnectionTrait,
    club: ClubId,
    member: UserId,
) -> Result<Vec<SessionId>, Problem> {
    use club_session::{Column, Entity};
    Membership::read(db, club, member).await?;
    let sessions = Entity::find().select_only().column(Column::SessionId).filter(Column::ClubId.eq(club.0));
    let sessions: Vec<Uuid> = sessions.into_tuple().all(db).await?;
    Ok(sessions.into_iter().map(SessionId).collect())
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ClubsQuery {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/clubs").route(web::get().to(clubs::list)).route(web::post().to(clubs::create)))
        .service(web::resource("/clubs/join").route(web::post().to(members::join)))
        .service(
            web::resource("/clubs/{id}")
                .route(web::get().to(clubs::get))
                .route(web::patch().to(clubs::change))
                .route(web::delete().to(clubs::remove)),
        )
        .service(web::resource("/clubs/{id}/code").route(web::post().to(clubs::change_code)))
        .service(web::resource("/clubs/{id}/members").route(web::get().to(members::list)))
        .service(
            web::resource("/clubs/{id}/members/{user_id}")
                .route(web::patch().to(members::change))
                .route(web::delete().to(members::remove)),
        )
        .service(web::resource("/clubs/{id}/sessions").route(web::get().to(sessions::list)))
        .service(
            web::resource("/clubs/{id}/sessions/{session_id}")
                .route(web::put().to(sessions::add))
                .route(web::delete().to(sessions::remove)),
        );
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    clubs::list,
    clubs::create,
    clubs::get,
    clubs::change,
    clubs::remove,
    clubs::change_code,
    members::join,
    members::list,
    members::change,
    members::remove,
    sessions::list,
    sessions::add,
    sessions::remove
))]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
