//! Which sessions count for a club. Whose session it is puts it there; nobody else's right to read it changes by that.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use entity::club_session::{ActiveModel, Column, Entity, Model};
use entity::session;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ClubsQuery;
use super::membership::{ClubRole, Membership};
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Code, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ClubId, SessionId, Timestamp, UserId};

/// Sessions of one club: ten tables, every evening, for more than two years.
const SESSIONS_MAX: u64 = 10_000;

/// A session that counts for a club, as all members see it. To read it one has to be allowed to by the session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClubSession {
    id: SessionId,
    name: String,
    /// `waiting`, `in_progress`, `completed`, `cancelled`.
    status: String,
    game_type: String,
    creator_user_id: UserId,
    created_at: Timestamp,
    /// When it was put into the club.
    added_at: Timestamp,
}

/// The sessions of a club, the newest first; members only.
#[utoipa::path(
    get, path = "/api/v1/clubs/{id}/sessions", operation_id = "list_club_sessions", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ClubsQuery),
    responses((status = 200, body = Listing<ClubSession>), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    id: PathId<ClubId>,
    query: Query<ClubsQuery>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<ClubSession>>, Problem> {
    let ClubsQuery { limit, cursor } = query.into_inner();
    let (db, page) = (database.reader(), Page::new(limit, cursor)?);
    let Membership { club, .. } = Membership::read(db, id.into_inner(), user.id).await?;
    let mut wanted = Entity::find().filter(Column::ClubId.eq(club.id));
    if let Some(after) = page.after::<Uuid>()? {
        wanted = wanted.filter(Column::SessionId.lt(after));
    }
    let rows = wanted.order_by_desc(Column::SessionId).limit(page.rows()).all(db).await?;
    let rows = Listing::of(rows, &page, |row| row.session_id, |row| row);
    let ids = rows.items.iter().map(|row| row.session_id);
    let sessions = session::Entity::find().filter(session::Column::Id.is_in(ids)).all(db).await?;
    let mut sessions: HashMap<Uuid, session::Model> = sessions.into_iter().map(|row| (row.id, row)).collect();
    let shown = |row: Model| {
        let session = sessions.remove(&row.session_id)?;
        Some(ClubSession {
            id: SessionId(session.id),
            name: session.name,
            status: session.status,
            game_type: session.game_type,
            creator_user_id: UserId(session.creator_user_id),
            created_at: Timestamp::from_millis(session.created_at_ms),
            added_at: Timestamp::from_millis(row.added_at_ms),
        })
    };
    Ok(web::Json(Listing { items: rows.items.into_iter().filter_map(shown).collect(), next_cursor: rows.next_cursor }))
}

/// Who runs a session now; `None`: there is no such session.
async fn creator_of(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<UserId>, DbErr> {
    let creator = session::Entity::find_by_id(session.0).select_only().column(session::Column::CreatorUserId);
    Ok(creator.into_tuple::<Uuid>().one(db).await?.map(UserId))
}

/// Puts a session of yours into a club that you are in, whenever it is or was played: its games count on the club's
/// board. The same again changes nothing.
#[utoipa::path(
    put, path = "/api/v1/clubs/{id}/sessions/{session_id}", operation_id = "add_club_session", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 403, description = "`insufficient_permissions`: another one runs this session", body = ProblemBody),
        (status = 404, description = "`not_found`: there is no such club or session, or you are not in the club", body = ProblemBody),
        (status = 422, description = "`validation_failed`: the session is in another club, or this one has too many", body = ProblemBody),
    ),
)]
pub(super) async fn add(
    user: CurrentUser,
    path: PathId<(ClubId, SessionId)>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = path.into_inner();
    let tx = database.begin_write().await?;
    let Membership { club, .. } = Membership::lock(&tx, id, user.id).await?;
    let creator = creator_of(&tx, session).await?.ok_or_else(|| Problem::not_found("there is no such session"))?;
    if creator != user.id {
        return Err(Problem::new(Code::InsufficientPermissions, "only the session's creator may do this"));
    }
    let elsewhere = || Problem::invalid("session_id", "the session is in another club: take it out there first");
    match Entity::find_by_id(session.0).one(&tx).await? {
        Some(row) if row.club_id == club.id => return Ok(HttpResponse::NoContent().finish()),
        Some(_) => return Err(elsewhere()),
        None => {}
    }
    if Entity::find().filter(Column::ClubId.eq(club.id)).count(&tx).await? >= SESSIONS_MAX {
        let full = format!("the club has {SESSIONS_MAX} sessions: take an old one out first");
        return Err(Problem::invalid("session_id", full));
    }
    let row =
        ActiveModel { session_id: Set(session.0), club_id: Set(club.id), added_at_ms: Set(clock::now().millis()) };
    // Another club may be faster.
    let taken = OnConflict::new().do_nothing().to_owned();
    if Entity::insert(row).on_conflict(taken).exec_without_returning(&tx).await? == 0 {
        return Err(elsewhere());
    }
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a session out of a club: its games count there no more. The club's owner and managers may, and whoever runs the
/// session, also when no member any more.
#[utoipa::path(
    delete, path = "/api/v1/clubs/{id}/sessions/{session_id}", operation_id = "remove_club_session", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 403, body = ProblemBody),
        (status = 404, description = "`not_found`: there is no such club or you are not in it, or the session is not", body = ProblemBody),
    ),
)]
pub(super) async fn remove(
    user: CurrentUser,
    path: PathId<(ClubId, SessionId)>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = path.into_inner();
    let tx = database.begin_write().await?;
    if creator_of(&tx, session).await? != Some(user.id) {
        Membership::lock(&tx, id, user.id).await?.must_be(ClubRole::Manager)?;
    }
    let out = Entity::delete_many().filter(Column::SessionId.eq(session.0)).filter(Column::ClubId.eq(id.0));
    if out.exec(&tx).await?.rows_affected == 0 {
        return Err(Problem::not_found("this session is not in this club"));
    }
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
