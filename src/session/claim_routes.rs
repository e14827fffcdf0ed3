//! A place that the creator made for somebody without a phone becomes an account's: asked for, confirmed, declined.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use entity::asked_place;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DbErr, EntityTrait, Set};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Sessions;
use super::rest::{Caller, display_name, execute};
use crate::account::Accounts;
use crate::database::Database;
use crate::friend::refuse_blocked;
use crate::game::command::Command;
use crate::game::view::ParticipantView;
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{ParticipantId, SessionId, UserId};

/// How far a claim is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClaimStatus {
    /// For the creator's word.
    Waiting,
    /// The place is the caller's.
    Confirmed,
}

/// A claim of the caller's.
#[derive(Debug, Serialize, ToSchema)]
struct OwnClaim {
    participant_id: ParticipantId,
    user_id: UserId,
    status: ClaimStatus,
}

/// Nothing has to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClaim {}

/// Says that a place without an account is yours. It waits until the session's creator confirms it; then all that was
/// played and paid there is yours, once. Whoever knows the place may ask, also in a private session and after the evening.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/participants/{pid}/claim", operation_id = "claim_participant", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("pid" = Uuid, Path)), request_body = NewClaim,
    responses(
        (status = 201, body = OwnClaim), (status = 403, description = "`user_blocked` among others", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`already_claimed`, `already_in_session`, `session_closed`", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
async fn claim(
    caller: Caller,
    ids: PathId<(SessionId, ParticipantId)>,
    _: Body<NewClaim>,
    (database, sessions): (web::Data<Database>, web::Data<Sessions>),
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Problem> {
    let ((id, participant_id), user_id) = (ids.into_inner(), caller.user.id);
    let status = move |state: &crate::game::Session, _: &dyn Fn(ParticipantId) -> bool| {
        let own = state.participant_of(user_id).is_some_and(|participant| participant.id == participant_id);
        let waits =
            state.waiting_claims().iter().any(|it| it.participant_id == participant_id && it.user_id == user_id);
        (own, waits)
    };
    // The creator is asked by it as an invited account is by an invitation, so it counts as one.
    if sessions.look(id, status).await? == (false, false) {
        let creator = sessions.look(id, |state, _| state.creator_user_id()).await?;
        refuse_blocked(database.reader(), user_id, creator).await?;
        accounts.user_limits().invite(user_id).await?;
        // Known before it is asked: where the account is deleted meanwhile, its claim is found and goes.
        note_asked(&database, user_id, id).await?;
    }
    let display_name = display_name(&accounts, user_id).await?;
    execute(&sessions, id, None, Command::AskClaim { participant_id, display_name }, &caller).await?;
    let (is_own, _) = sessions.look_at(id, true, status).await?;
    let status = if is_own { ClaimStatus::Confirmed } else { ClaimStatus::Waiting };
    Ok(HttpResponse::build(StatusCode::CREATED).json(OwnClaim { participant_id, user_id, status }))
}

async fn note_asked(database: &Database, user: UserId, session: SessionId) -> Result<(), DbErr> {
    let row = asked_place::ActiveModel { user_id: Set(user.0), session_id: Set(session.0) };
    let there =
        OnConflict::columns([asked_place::Column::UserId, asked_place::Column::SessionId]).do_nothing().to_owned();
    asked_place::Entity::insert(row).on_conflict(there).exec_without_returning(database.writer()).await?;
    Ok(())
}

/// Whose claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimDecision {
    /// Who asked.
    user_id: UserId,
}

/// Confirms a claim that waits: the place, with its results, balance and statistics, is that account's; creator only.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/participants/{pid}/claim/confirm", operation_id = "confirm_claim", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("pid" = Uuid, Path)), request_body = ClaimDecision,
    responses(
        (status = 200, body = ParticipantView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, description = "`already_claimed`, `already_in_session`, `session_closed`", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
async fn confirm(
    caller: Caller,
    ids: PathId<(SessionId, ParticipantId)>,
    body: Body<ClaimDecision>,
    sessions: web::Data<Sessions>,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<ParticipantView>, Problem> {
    let ((id, participant_id), ClaimDecision { user_id }) = (ids.into_inner(), body.into_inner());
    // Of one that is deleted after this look the session hears a moment later, and forgets it.
    if accounts.public_profile(user_id).await?.is_none() {
        return Err(Problem::invalid("user_id", "there is no such user"));
    }
    execute(&sessions, id, None, Command::ConfirmClaim { participant_id, user_id }, &caller).await?;
    let look = move |state: &crate::game::Session, online: &dyn Fn(ParticipantId) -> bool| {
        state.view(online).participants.into_iter().find(|participant| participant.id == participant_id)
    };
    let participant = sessions.look_at(id, true, look).await?;
    Ok(web::Json(participant.ok_or_else(|| Problem::not_found("there is no such participant"))?))
}

/// Declines a claim that waits; the creator, or who asked and takes it back.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/participants/{pid}/claim/decline", operation_id = "decline_claim", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("pid" = Uuid, Path)), request_body = ClaimDecision,
    responses(
        (status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
async fn decline(
    caller: Caller,
    ids: PathId<(SessionId, ParticipantId)>,
    body: Body<ClaimDecision>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let ((id, participant_id), ClaimDecision { user_id }) = (ids.into_inner(), body.into_inner());
    execute(&sessions, id, None, Command::DeclineClaim { participant_id, user_id }, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/participants/{pid}/claim").route(web::post().to(claim)))
        .service(web::resource("/sessions/{id}/participants/{pid}/claim/confirm").route(web::post().to(confirm)))
        .service(web::resource("/sessions/{id}/participants/{pid}/claim/decline").route(web::post().to(decline)));
}

/// The OpenAPI of claims.
#[derive(utoipa::OpenApi)]
#[openapi(paths(claim, confirm, decline))]
pub(crate) struct Api;
