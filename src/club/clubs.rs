//! A club as its members see it: opened, renamed, deleted; the code by which others join.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use entity::{club, club_member, club_session};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ClubsQuery;
use super::membership::{ClubRole, Membership, lock_user, refuse_too_many};
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Body, Fields, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ClubId, Timestamp, UserId};
use crate::session::joining::new_code;

/// Clubs of one owner who opens another one; what is handed over to somebody is not refused.
const OWNED_MAX: u64 = 20;
const NAME_LENGTH_MAX: usize = 100;

/// A club that you are in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Club {
    id: ClubId,
    name: String,
    /// By which others join; told to the owner and to managers, `null` for others.
    #[schema(required)]
    code: Option<String>,
    owner_user_id: UserId,
    my_role: ClubRole,
    members_count: i64,
    sessions_count: i64,
    created_at: Timestamp,
}

impl Club {
    pub(super) async fn of(db: &impl ConnectionTrait, membership: Membership) -> Result<Self, DbErr> {
        let id = [membership.club.id];
        let members = counts::<club_member::Entity>(db, club_member::Column::ClubId, &id).await?;
        let sessions = counts::<club_session::Entity>(db, club_session::Column::ClubId, &id).await?;
        Ok(Self::counted(membership, &members, &sessions))
    }

    fn counted(membership: Membership, members: &HashMap<Uuid, i64>, sessions: &HashMap<Uuid, i64>) -> Self {
        let Membership { club, role } = membership;
        let count = |of: &HashMap<Uuid, i64>| of.get(&club.id).copied().unwrap_or_default();
        Self {
            id: ClubId(club.id),
            members_count: count(members),
            sessions_count: count(sessions),
            name: club.name,
            code: (role >= ClubRole::Manager).then_some(club.code),
            owner_user_id: UserId(club.owner_id),
            my_role: role,
            created_at: Timestamp::from_millis(club.created_at_ms),
        }
    }
}

/// How many rows each club has; those without any are left out.
async fn counts<E: EntityTrait>(
    db: &impl ConnectionTrait,
    club: E::Column,
    clubs: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let counted = E::find().select_only().column(club).column_as(club.count(), "count");
    let counted = counted.filter(club.is_in(clubs.iter().copied())).group_by(club);
    Ok(counted.into_tuple::<(Uuid, i64)>().all(db).await?.into_iter().collect())
}

/// The clubs that you are in, the one that you joined last first.
#[utoipa::path(
    get, path = "/api/v1/clubs", operation_id = "list_clubs", tag = "clubs", security(("bearer" = [])),
    params(ClubsQuery),
    responses((status = 200, body = Listing<Club>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<ClubsQuery>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<Club>>, Problem> {
    use club_member::Column;
    let ClubsQuery { limit, cursor } = query.into_inner();
    let (db, page) = (database.reader(), Page::new(limit, cursor)?);
    let mut wanted = club_member::Entity::find().filter(Column::UserId.eq(user.id.0));
    if let Some((at, club)) = page.after::<(i64, Uuid)>()? {
        let same = Condition::all().add(Column::JoinedAtMs.eq(at)).add(Column::ClubId.lt(club));
        wanted = wanted.filter(Condition::any().add(Column::JoinedAtMs.lt(at)).add(same));
    }
    let rows = wanted.order_by_desc(Column::JoinedAtMs).order_by_desc(Column::ClubId).limit(page.rows());
    let rows = Listing::of(rows.all(db).await?, &page, |row| (row.joined_at_ms, row.club_id), |row| row);
    let ids: Vec<Uuid> = rows.items.iter().map(|row| row.club_id).collect();
    let clubs = club::Entity::find().filter(club::Column::Id.is_in(ids.iter().copied())).all(db).await?;
    let mut clubs: HashMap<Uuid, club::Model> = clubs.into_iter().map(|club| (club.id, club)).collect();
    let members = counts::<club_member::Entity>(db, Column::ClubId, &ids).await?;
    let sessions = counts::<club_session::Entity>(db, club_session::Column::ClubId, &ids).await?;
    let shown = |row: club_member::Model| {
        let club = clubs.remove(&row.club_id)?;
        let role = ClubRole::of(&club, &row);
        Some(Club::counted(Membership { club, role }, &members, &sessions))
    };
    Ok(web::Json(Listing { items: rows.items.into_iter().filter_map(shown).collect(), next_cursor: rows.next_cursor }))
}

/// Body of `POST /clubs`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClub {
    /// 1 to 100 characters.
    name: String,
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, 1..=NAME_LENGTH_MAX);
    fields.done().map(|()| name)
}

/// A code that no club has. Should another club take it before it is stored, that one is refused.
async fn free_code(tx: &DatabaseTransaction) -> Result<String, DbErr> {
    loop {
        let code = new_code();
        if club::Entity::find().filter(club::Column::Code.eq(&code)).one(tx).await?.is_none() {
            return Ok(code);
        }
    }
}

/// Opens a club, which is yours.
#[utoipa::path(
    post, path = "/api/v1/clubs", operation_id = "create_club", tag = "clubs", security(("bearer" = [])),
    request_body = NewClub,
    responses(
        (status = 201, body = Club),
        (status = 422, description = "`validation_failed`: also for who has all the clubs that one user may have", body = ProblemBody),
    ),
)]
pub(super) async fn create(
    user: CurrentUser,
    body: Body<NewClub>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let name = checked_name(&body.into_inner().name)?;
    let (tx, now) = (database.begin_write().await?, clock::now().millis());
    lock_user(&tx, user.id).await?;
    if club::Entity::find().filter(club::Column::OwnerId.eq(user.id.0)).count(&tx).await? >= OWNED_MAX {
        return Err(Problem::invalid("name", format!("you have {OWNED_MAX} clubs: delete one first, or hand it over")));
    }
    refuse_too_many(&tx, user.id, "name").await?;
    let row = club::ActiveModel {
        id: Set(clock::new_id()),
        name: Set(name),
        code: Set(free_code(&tx).await?),
        owner_id: Set(user.id.0),
        created_at_ms: Set(now),
    };
    let club = row.insert(&tx).await?;
    let member = club_member::ActiveModel {
        club_id: Set(club.id),
        user_id: Set(user.id.0),
        is_manager: Set(true),
        joined_at_ms: Set(now),
    };
    club_member::Entity::insert(member).exec_without_returning(&tx).await?;
    let shown = Club::of(&tx, Membership { club, role: ClubRole::Owner }).await?;
    tx.commit().await?;
    Ok(HttpResponse::Created().json(shown))
}

/// A club that you are in.
#[utoipa::path(
    get, path = "/api/v1/clubs/{id}", operation_id = "get_club", tag = "clubs", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Club),
        (status = 404, description = "`not_found`: there is no such club, or you are not in it", body = ProblemBody),
    ),
)]
pub(super) async fn get(
    user: CurrentUser,
    id: PathId<ClubId>,
    database: web::Data<Database>,
) -> Result<web::Json<Club>, Problem> {
    let membership = Membership::read(database.reader(), id.into_inner(), user.id).await?;
    Ok(web::Json(Club::of(database.reader(), membership).await?))
}

/// What to change; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClubChange {
    /// 1 to 100 characters.
    #[serde(default)]
    name: Option<String>,
}

/// Renames a club; its owner and managers only.
#[utoipa::path(
    patch, path = "/api/v1/clubs/{id}", operation_id = "change_club", tag = "clubs", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = ClubChange,
    responses(
        (status = 200, body = Club),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn change(
    user: CurrentUser,
    id: PathId<ClubId>,
    body: Body<ClubChange>,
    database: web::Data<Database>,
) -> Result<web::Json<Club>, Problem> {
    let name = body.into_inner().name.as_deref().map(checked_name).transpose()?;
    let tx = database.begin_write().await?;
    let mut membership = Membership::lock(&tx, id.into_inner(), user.id).await?;
    membership.must_be(ClubRole::Manager)?;
    if let Some(name) = name {
        let mut row = membership.club.into_active_model();
        row.name = Set(name);
        membership.club = row.update(&tx).await?;
    }
    let shown = Club::of(&tx, membership).await?;
    tx.commit().await?;
    Ok(web::Json(shown))
}

/// A new code to join by; the old one is void. The club's owner and managers only.
#[utoipa::path(
    post, path = "/api/v1/clubs/{id}/code", operation_id = "change_club_code", tag = "clubs",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Club), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn change_code(
    user: CurrentUser,
    id: PathId<ClubId>,
    database: web::Data<Database>,
) -> Result<web::Json<Club>, Problem> {
    let tx = database.begin_write().await?;
    let mut membership = Membership::lock(&tx, id.into_inner(), user.id).await?;
    membership.must_be(ClubRole::Manager)?;
    let mut row = membership.club.into_active_model();
    row.code = Set(free_code(&tx).await?);
    membership.club = row.update(&tx).await?;
    let shown = Club::of(&tx, membership).await?;
    tx.commit().await?;
    Ok(web::Json(shown))
}

/// Deletes a club; its owner only. The sessions stay, and are of no club.
#[utoipa::path(
    delete, path = "/api/v1/clubs/{id}", operation_id = "delete_club", tag = "clubs", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn remove(
    user: CurrentUser,
    id: PathId<ClubId>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let tx = database.begin_write().await?;
    let membership = Membership::lock(&tx, id.into_inner(), user.id).await?;
    membership.must_be(ClubRole::Owner)?;
    let club = membership.club.id;
    club_session::Entity::delete_many().filter(club_session::Column::ClubId.eq(club)).exec(&tx).await?;
    club_member::Entity::delete_many().filter(club_member::Column::ClubId.eq(club)).exec(&tx).await?;
    club::Entity::delete_by_id(club).exec(&tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
