//! Places at a session over REST (contract, section 2.3): guests, invitations, rights, leaving.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sessions;
use super::rest::{Caller, execute};
use crate::account::{Accounts, PublicUser};
use crate::clock;
use crate::database::Database;
use crate::friend::refuse_blocked;
use crate::game::command::Command;
use crate::game::view::ParticipantView;
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{ParticipantId, SessionId, UserId};

/// Body of `POST /sessions/{id}/participants`: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewParticipant {
    /// A guest without an account.
    #[serde(default)]
    display_name: Option<String>,
    /// An invitation.
    #[serde(default)]
    user_id: Option<UserId>,
}

/// Adds a guest or invites an account; creator only.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/participants", operation_id = "add_participant", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = NewParticipant,
    responses((status = 201, body = ParticipantView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn add_participant(
    caller: Caller,
    id: PathId<SessionId>,
    body: Body<NewParticipant>,
    sessions: web::Data<Sessions>,
    (accounts, database): (web::Data<Accounts>, web::Data<Database>),
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    match body.into_inner() {
        NewParticipant { display_name: Some(display_name), user_id: None } => {
            added(&sessions, id, Command::AddGuest { display_name }, None, &caller).await
        }
        NewParticipant { display_name: None, user_id: Some(user_id) } => {
            let profile = accounts.public_profile(user_id).await?;
            let profile = profile.ok_or_else(|| Problem::invalid("user_id", "there is no such user"))?;
            invite(&sessions, id, profile, &caller, (&accounts, &database)).await
        }
        _ => Err(Problem::invalid("display_name", "give either display_name or user_id")),
    }
}

/// Body of `POST /friends/{user_id}/invite`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitation)]
struct InvitationBody {
    /// Where a place is kept for the friend.
    session_id: SessionId,
}

/// Invites a friend, or any other user, to a session; its creator only. The same as `POST /sessions/{id}/participants` with
/// `user_id`.
#[utoipa::path(
    post, path = "/api/v1/friends/{user_id}/invite", operation_id = "invite_friend", tag = "friends",
    security(("bearer" = [])), params(("user_id" = Uuid, Path)), request_body = InvitationBody,
    responses(
        (status = 201, body = ParticipantView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
async fn invite_friend(
    caller: Caller,
    user: PathId<UserId>,
    body: Body<InvitationBody>,
    sessions: web::Data<Sessions>,
    (accounts, database): (web::Data<Accounts>, web::Data<Database>),
) -> Result<HttpResponse, Problem> {
    let profile = accounts.public_profile(user.into_inner()).await?;
    let profile = profile.ok_or_else(|| Problem::not_found("there is no such user"))?;
    invite(&sessions, body.into_inner().session_id, profile, &caller, (&accounts, &database)).await
}

/// Keeps a place for an account, whichever call asks for it.
async fn invite(
    sessions: &Sessions,
    id: SessionId,
    invited: PublicUser,
    caller: &Caller,
    (accounts, database): (&Accounts, &Database),
) -> Result<HttpResponse, Problem> {
    let PublicUser { id: user_id, display_name, .. } = invited;
    let now = clock::now();
    // Who has a place or an invitation already is not told again.
    if !sessions.look(id, move |state, _| state.expects(user_id, now)).await? {
        refuse_blocked(database.reader(), caller.user.id, user_id).await?;
        accounts.user_limits().invite(caller.user.id).await?;
    }
    added(sessions, id, Command::Invite { user_id, display_name }, Some(user_id), caller).await
}

/// Has the session take a participant; answers the place. `invited`: whose that is where it is there already.
async fn added(
    sessions: &Sessions,
    id: SessionId,
    command: Command,
    invited: Option<UserId>,
    caller: &Caller,
) -> Result<HttpResponse, Problem> {
    let played = execute(sessions, id, None, command, caller).await?;
    let added = played.records.iter().find_map(|record| match &record.event.fact {
        crate::game::event::Fact::PlayerJoined(joined) => Some(joined.participant_id),
        _ => None,
    });
    let look = move |state: &crate::game::Session, online: &dyn Fn(ParticipantId) -> bool| {
        let id = added.or_else(|| Some(state.participant_of(invited?)?.id))?;
        state.view(online).participants.into_iter().find(|participant| participant.id == id)
    };
    let participant = sessions.look_at(id, true, look).await?;
    let participant = participant.ok_or_else(|| Problem::not_found("there is no such participant"))?;
    Ok(HttpResponse::build(StatusCode::CREATED).json(participant))
}

/// Body of `PATCH /sessions/{id}/participants/{pid}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ParticipantPatch {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    can_score: Option<bool>,
}

/// Changes a place; creator only.
#[utoipa::path(
    patch, path = "/api/v1/sessions/{id}/participants/{pid}", operation_id = "change_participant", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("pid" = Uuid, Path)), request_body = ParticipantPatch,
    responses((status = 200, body = ParticipantView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn patch_participant(
    caller: Caller,
    ids: PathId<(SessionId, ParticipantId)>,
    body: Body<ParticipantPatch>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<ParticipantView>, Problem> {
    let (id, participant_id) = ids.into_inner();
    let ParticipantPatch { display_name, can_score } = body.into_inner();
    let command = Command::UpdateParticipant { participant_id, display_name, can_score };
    execute(&sessions, id, None, command, &caller).await?;
    let look = move |state: &crate::game::Session, online: &dyn Fn(ParticipantId) -> bool| {
        state.view(online).participants.into_iter().find(|participant| participant.id == participant_id)
    };
    let participant = sessions.look_at(id, true, look).await?;
    Ok(web::Json(participant.ok_or_else(|| Problem::not_found("there is no such participant"))?))
}

/// Leaves (own place) or removes (creator).
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}/participants/{pid}", operation_id = "remove_participant", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("pid" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn remove_participant(
    caller: Caller,
    ids: PathId<(SessionId, ParticipantId)>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let (id, participant_id) = ids.into_inner();
    execute(&sessions, id, None, Command::RemoveParticipant { participant_id }, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/participants").route(web::post().to(add_participant)))
        .service(
            web::resource("/sessions/{id}/participants/{pid}")
                .route(web::patch().to(patch_participant))
                .route(web::delete().to(remove_participant)),
        )
        .service(web::resource("/friends/{user_id}/invite").route(web::post().to(invite_friend)));
}

/// The OpenAPI of places.
#[derive(utoipa::OpenApi)]
#[openapi(paths(add_participant, invite_friend, patch_participant, remove_participant))]
pub(crate) struct Api;
