//! Scorer links: a short code by which a helper marks the balls of one session and neither plays in it nor runs it. The
//! helper has an account of his own, be it a guest's, and a spectator's place; the right to score hangs on the link.
//!
//! What is stored here finds the link of a code. Whether it stands is said by the log, in the order of everything else, so
//! that nobody slips in while it is taken back.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::scorer_link::{self, Column, Entity, Model};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::codes::{self, CODE_ATTEMPTS, LIFE_MS, LINK_LENGTH, checked_name, new_code, typed};
use super::shares::Shares;
use crate::account::{CurrentUser, Limit};
use crate::clock;
use crate::game::command::Command;
use crate::game::view::SessionView;
use crate::http::{Body, Code, Listing, PageQuery, PathId, Problem, ProblemBody, Query};
use crate::ids::{CommandId, ParticipantId, SessionId, Timestamp, UserId};
use crate::session::Sessions;
use crate::session::rest::{Caller, changed_view, display_name, execute};

/// Links of a session at once.
const LINKS_MAX: u64 = 32;
/// Links that a session ever has: the log remembers those that ended.
const MADE_MAX: u64 = 500;
/// Codes that nobody made, from one address; then nobody there comes by a link for a while.
const WRONG_CODES: Limit = Limit::per_minute("wrong scorer codes from this address", 30);

/// A scorer link that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScorerLink {
    id: Uuid,
    /// Ten characters to type.
    code: String,
    /// A page that takes the code.
    url: String,
    #[schema(required)]
    name: Option<String>,
    created_at: Timestamp,
    /// Nobody comes by it after that; who came by it goes on.
    expires_at: Timestamp,
}

fn shown(link: Model, request: &HttpRequest, shares: &Shares) -> ScorerLink {
    ScorerLink {
        id: link.id,
        url: format!("{}/score/{}", shares.base(request), link.code),
        code: link.code,
        name: link.name,
        created_at: Timestamp::from_millis(link.created_at_ms),
        expires_at: Timestamp::from_millis(link.expires_at_ms),
    }
}

fn live() -> Select<Entity> {
    Entity::find().filter(Column::EndedAtMs.is_null()).filter(Column::ExpiresAtMs.gt(clock::now().millis()))
}

async fn only_creator(sessions: &Sessions, session: SessionId, user: UserId) -> Result<(), Problem> {
    let may = sessions.look(session, move |state, _| state.creator_user_id() == user).await?;
    if may {
        Ok(())
    } else {
        Err(Problem::new(Code::InsufficientPermissions, "only the session's creator may do this"))
    }
}

async fn made_before(shares: &Shares, by: UserId, key: CommandId) -> Result<Option<Model>, DbErr> {
    let made = Entity::find().filter(Column::MadeBy.eq(by.0)).filter(Column::CommandId.eq(key.0));
    made.one(shares.database.reader()).await
}

/// Body of `POST /sessions/{id}/scorer-links`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewScorerLink {
    /// At most 64 characters, to tell several apart.
    #[serde(default)]
    name: Option<String>,
}

/// A code by which helpers mark the balls of this session, for 30 days or until it is taken back; creator only.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/scorer-links", operation_id = "make_scorer_link", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = NewScorerLink,
    responses(
        (status = 201, body = ScorerLink), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn create(
    Caller { user, key, .. }: Caller,
    id: PathId<SessionId>,
    body: Body<NewScorerLink>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<HttpResponse, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let (session, name) = (id.into_inner(), checked_name(body.into_inner().name)?);
    only_creator(sessions, session, user.id).await?;
    let (db, of_session) = (&shares.database, Column::SessionId.eq(session.0));
    for _ in 0..CODE_ATTEMPTS {
        if let Some(made) = made_before(shares, user.id, key).await? {
            return match (made.session_id, &made.name) == (session.0, &name) {
                true => Ok(HttpResponse::build(StatusCode::CREATED).json(shown(made, &request, shares))),
                false => Err(Problem::new(Code::IdempotencyKeyReused, "this key made another link")),
            };
        }
        let there = live().filter(of_session.clone()).count(db.reader()).await?;
        if there >= LINKS_MAX || Entity::find().filter(of_session.clone()).count(db.reader()).await? >= MADE_MAX {
            let bound = format!("{LINKS_MAX} scorer links at most for one session: take one back first");
            return Err(Problem::invalid("body", bound));
        }
        let now = clock::now().millis();
        let row = scorer_link::ActiveModel {
            id: Set(clock::new_id()),
            session_id: Set(session.0),
            code: Set(new_code(LINK_LENGTH)),
            name: Set(name.clone()),
            made_by: Set(user.id.0),
            command_id: Set(key.0),
            created_at_ms: Set(now),
            expires_at_ms: Set(now + LIFE_MS),
            ended_at_ms: Set(None),
        };
        // It or its key may be there meanwhile: the next look finds it.
        let taken = OnConflict::new().do_nothing().to_owned();
        Entity::insert(row).on_conflict(taken).exec_without_returning(db.writer()).await?;
    }
    Err(codes::none_free())
}

/// The scorer links that stand, newest first; creator only.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/scorer-links", operation_id = "list_scorer_links", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), PageQuery),
    responses(
        (status = 200, body = Listing<ScorerLink>), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn list(
    user: CurrentUser,
    id: PathId<SessionId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<web::Json<Listing<ScorerLink>>, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let session = id.into_inner();
    only_creator(sessions, session, user.id).await?;
    let page = query.into_inner().page()?;
    let mut rows = live().filter(Column::SessionId.eq(session.0)).order_by_desc(Column::Id).limit(page.rows());
    if let Some(after) = page.after::<Uuid>()? {
        rows = rows.filter(Column::Id.lt(after));
    }
    let rows = rows.all(shares.database.reader()).await?;
    Ok(web::Json(Listing::of(rows, &page, |link| link.id, |link| shown(link, &request, shares))))
}

/// Takes a scorer link back, and the right to score from all whom it brought: they go on watching. Creator only.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}/scorer-links/{link_id}", operation_id = "delete_scorer_link", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("link_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn delete(
    caller: Caller,
    ids: PathId<(SessionId, Uuid)>,
    services: web::Data<Services>,
) -> Result<HttpResponse, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let (session, link_id) = ids.into_inner();
    only_creator(sessions, session, caller.user.id).await?;
    let of_session = Entity::find_by_id(link_id).filter(Column::SessionId.eq(session.0));
    if of_session.one(shares.database.reader()).await?.is_none() {
        return Err(Problem::not_found("there is no such scorer link"));
    }
    execute(sessions, session, None, Command::EndScorerLink { link_id }, &caller).await?;
    Entity::update_many()
        .col_expr(Column::EndedAtMs, Expr::value(clock::now().millis()))
        .filter(Column::Id.eq(link_id))
        .filter(Column::EndedAtMs.is_null())
        .exec(shares.database.writer())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Body of `POST /sessions/scorer`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScorerCode {
    /// In any case, with dashes or without.
    code: String,
    /// The account's where absent.
    #[serde(default)]
    display_name: Option<String>,
}

/// Where a scorer link has brought the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScorerPlace {
    session: SessionView,
    participant_id: ParticipantId,
}

/// Comes by a scorer link: the caller, who may be a guest, watches the session and marks its balls. A player who may score
/// stays as he is; twice answers the same place.
#[utoipa::path(
    post, path = "/api/v1/sessions/scorer", operation_id = "come_as_scorer", tag = "sessions", security(("bearer" = [])),
    request_body = ScorerCode,
    responses(
        (status = 200, body = ScorerPlace), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn come_in(
    (caller, request): (Caller, HttpRequest),
    body: Body<ScorerCode>,
    services: web::Data<Services>,
) -> Result<web::Json<ScorerPlace>, Problem> {
    let Services { shares, sessions, accounts, .. } = &**services;
    let (ScorerCode { code, display_name: name }, user) = (body.into_inner(), caller.user.id);
    let from = accounts.client_network(&request).to_string();
    shares.attempts.look(&WRONG_CODES, &from).await?;
    let link = match typed(&code, LINK_LENGTH) {
        Some(code) => live().filter(Column::Code.eq(code)).one(shares.database.reader()).await?,
        None => None,
    };
    let Some(Model { id: link_id, session_id, .. }) = link else {
        shares.attempts.take(&WRONG_CODES, &from).await?;
        return Err(Problem::not_found("there is no scorer link of this code"));
    };
    let session = SessionId(session_id);
    let display_name = match name {
        Some(name) => name,
        None => display_name(accounts, user).await?,
    };
    execute(sessions, session, None, Command::AdmitScorer { link_id, display_name }, &caller).await?;
    let place = sessions.look(session, move |state, _| state.participant_of(user).map(|participant| participant.id));
    let participant_id = place.await?.ok_or_else(|| Problem::not_found("there is no such participant"))?;
    Ok(web::Json(ScorerPlace { session: changed_view(sessions, session, user).await?, participant_id }))
}
