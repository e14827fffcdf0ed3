//! Who is in a club: by its code, as what, and no longer.

use actix_web::{HttpRequest, HttpResponse, web};
use entity::club;
use entity::club_member::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ClubsQuery;
use super::clubs::Club;
use super::membership::{ClubRole, Membership, lock_user, refuse_too_many};
use crate::account::{Accounts, CurrentUser, PublicUser};
use crate::clock;
use crate::database::Database;
use crate::http::{Body, Code, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ClubId, Timestamp, UserId};
use crate::session::joining::typed_code;

/// Members of one club.
const MEMBERS_MAX: u64 = 10_000;

/// Somebody who is in a club.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClubMember {
    user: PublicUser,
    role: ClubRole,
    joined_at: Timestamp,
}

/// Body of `POST /clubs/join`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinClub {
    /// Case-insensitive.
    code: String,
}

/// Joins the club of that code; joining twice answers the same.
#[utoipa::path(
    post, path = "/api/v1/clubs/join", operation_id = "join_club", tag = "clubs", security(("bearer" = [])),
    request_body = JoinClub,
    responses(
        (status = 200, body = Club),
        (status = 404, description = "`not_found`: there is no club with this code", body = ProblemBody),
        (status = 422, description = "`validation_failed`: also where the club is full, or you are in too many", body = ProblemBody),
    ),
)]
pub(super) async fn join(
    (user, request): (CurrentUser, HttpRequest),
    body: Body<JoinClub>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Club>, Problem> {
    let attempt = accounts.user_limits().try_code(Some(user.id), accounts.client_address(&request)).await?;
    let code = typed_code(&body.into_inner().code).ok_or_else(no_such_code)?;
    let of_code = || club::Entity::find().filter(club::Column::Code.eq(&code));
    of_code().one(database.reader()).await?.ok_or_else(no_such_code)?;
    attempt.forgive().await?;

    let tx = database.begin_write().await?;
    lock_user(&tx, user.id).await?;
    // The code may be void since it was looked at.
    let club = of_code().lock_exclusive().one(&tx).await?.ok_or_else(no_such_code)?;
    let member = match Entity::find_by_id((club.id, user.id.0)).one(&tx).await? {
        Some(member) => member,
        None => take_in(&tx, &club, user.id).await?,
    };
    let role = ClubRole::of(&club, &member);
    let shown = Club::of(&tx, Membership { club, role }).await?;
    tx.commit().await?;
    Ok(web::Json(shown))
}

async fn take_in(tx: &DatabaseTransaction, club: &club::Model, user: UserId) -> Result<Model, Problem> {
    if Entity::find().filter(Column::ClubId.eq(club.id)).count(tx).await? >= MEMBERS_MAX {
        return Err(Problem::invalid("code", format!("the club has {MEMBERS_MAX} members, and none has more")));
    }
    refuse_too_many(tx, user, "code").await?;
    let row = ActiveModel {
        club_id: Set(club.id),
        user_id: Set(user.0),
        is_manager: Set(false),
        joined_at_ms: Set(clock::now().millis()),
    };
    Ok(row.insert(tx).await?)
}

fn no_such_code() -> Problem {
    Problem::not_found("there is no club with this code")
}

fn no_such_member() -> Problem {
    Problem::not_found("there is no such member")
}

/// Who is in a club, the longest-standing first; members only.
#[utoipa::path(
    get, path = "/api/v1/clubs/{id}/members", operation_id = "list_club_members", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ClubsQuery),
    responses((status = 200, body = Listing<ClubMember>), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    (user, id): (CurrentUser, PathId<ClubId>),
    query: Query<ClubsQuery>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<ClubMember>>, Problem> {
    let ClubsQuery { limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let Membership { club, .. } = Membership::read(database.reader(), id.into_inner(), user.id).await?;
    let mut wanted = Entity::find().filter(Column::ClubId.eq(club.id));
    if let Some((at, member)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::JoinedAtMs.eq(at)).add(Column::UserId.gt(member));
        wanted = wanted.filter(Condition::any().add(Column::JoinedAtMs.gt(at)).add(same));
    }
    let rows = wanted.order_by_asc(Column::JoinedAtMs).order_by_asc(Column::UserId).limit(page.rows());
    let rows = Listing::of(rows.all(database.reader()).await?, &page, |row| (row.joined_at_ms, row.user_id), |row| row);
    let ids: Vec<UserId> = rows.items.iter().map(|row| UserId(row.user_id)).collect();
    let mut profiles = accounts.public_profiles(&ids).await?;
    let member = |row: Model| {
        let user = profiles.remove(&UserId(row.user_id))?;
        let joined_at = Timestamp::from_millis(row.joined_at_ms);
        Some(ClubMember { user, role: ClubRole::of(&club, &row), joined_at })
    };
    Ok(web::Json(Listing { items: rows.items.into_iter().filter_map(member).collect(), next_cursor: rows.next_cursor }))
}

/// Body of `PATCH /clubs/{id}/members/{user_id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    /// `owner` hands the club over; you manage it then.
    role: ClubRole,
}

/// Says what somebody is in the club; its owner only.
#[utoipa::path(
    patch, path = "/api/v1/clubs/{id}/members/{user_id}", operation_id = "change_club_member", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("user_id" = Uuid, Path)), request_body = MemberChange,
    responses(
        (status = 200, body = ClubMember),
        (status = 403, body = ProblemBody),
        (status = 404, description = "`not_found`: there is no such club, or this is none of its members", body = ProblemBody),
        (status = 422, description = "`validation_failed`: also for an owner who would be less without handing the club over", body = ProblemBody),
    ),
)]
pub(super) async fn change(
    (user, path): (CurrentUser, PathId<(ClubId, UserId)>),
    body: Body<MemberChange>,
    accounts: web::Data<Accounts>,
    database: web::Data<Database>,
) -> Result<web::Json<ClubMember>, Problem> {
    let ((id, whose), MemberChange { role }) = (path.into_inner(), body.into_inner());
    let tx = database.begin_write().await?;
    let mut membership = Membership::lock(&tx, id, user.id).await?;
    membership.must_be(ClubRole::Owner)?;
    let member = Entity::find_by_id((id.0, whose.0)).one(&tx).await?.ok_or_else(no_such_member)?;
    if whose == user.id && role != ClubRole::Owner {
        return Err(Problem::invalid("role", "you own this club: make somebody else its owner"));
    }
    let mut row = member.into_active_model();
    row.is_manager = Set(role >= ClubRole::Manager);
    let member = row.update(&tx).await?;
    if role == ClubRole::Owner {
        let mut row = membership.club.into_active_model();
        row.owner_id = Set(whose.0);
        membership.club = row.update(&tx).await?;
    }
    tx.commit().await?;
    let profile = accounts.public_profile(whose).await?.ok_or_else(no_such_member)?;
    let joined_at = Timestamp::from_millis(member.joined_at_ms);
    Ok(web::Json(ClubMember { user: profile, role: ClubRole::of(&membership.club, &member), joined_at }))
}

/// Leaves a club, or removes one of its members: managers remove members, the owner anybody else. What somebody played
/// there stays on the board.
#[utoipa::path(
    delete, path = "/api/v1/clubs/{id}/members/{user_id}", operation_id = "remove_club_member", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 403, body = ProblemBody),
        (status = 404, description = "`not_found`: there is no such club, or this is none of its members", body = ProblemBody),
        (status = 422, description = "`validation_failed`: the owner hands the club over first, or deletes it", body = ProblemBody),
    ),
)]
pub(super) async fn remove(
    user: CurrentUser,
    path: PathId<(ClubId, UserId)>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let (id, whose) = path.into_inner();
    let tx = database.begin_write().await?;
    let membership = Membership::lock(&tx, id, user.id).await?;
    let member = Entity::find_by_id((id.0, whose.0)).one(&tx).await?;
    let role = ClubRole::of(&membership.club, &member.ok_or_else(no_such_member)?);
    if whose != user.id {
        membership.must_be(ClubRole::Manager)?;
        if role >= membership.role {
            return Err(Problem::new(
                Code::InsufficientPermissions,
                "only the club's owner removes those who manage it",
            ));
        }
    } else if role == ClubRole::Owner {
        return Err(Problem::invalid("user_id", "you own this club: make somebody else its owner first, or delete it"));
    }
    Entity::delete_by_id((id.0, whose.0)).exec(&tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
