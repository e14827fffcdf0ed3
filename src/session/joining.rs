//! Taking a place by a join code.

use actix_web::{HttpRequest, web};
use entity::session;
use rand::RngExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Sessions;
use super::rest::{Caller, changed_view, display_name, execute};
use crate::account::{Accounts, CurrentUser};
use crate::clock;
use crate::database::Database;
use crate::game::command::Command;
use crate::game::event::Role;
use crate::game::view::{SessionView, Status};
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{ParticipantId, SessionId};

/// Characters of a join code: none that is mistaken for another.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 6;

pub(crate) fn new_code() -> String {
    let mut random = rand::rng();
    (0..CODE_LENGTH).map(|_| char::from(CODE_ALPHABET[random.random_range(0..CODE_ALPHABET.len())])).collect()
}

/// A code as it is stored, of what somebody typed; `None`: it is none. Spares the database what cannot be there;
/// PostgreSQL would fail over a NUL.
pub(crate) fn typed_code(text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    (code.len() == CODE_LENGTH && code.bytes().all(|byte| CODE_ALPHABET.contains(&byte))).then_some(code)
}

/// A code that no session has. Should another session take it before it is stored, that one is refused.
pub(super) async fn free_code(database: &Database) -> Result<String, Problem> {
    loop {
        let code = new_code();
        let taken = session::Entity::find().filter(session::Column::Code.eq(&code)).one(database.reader()).await?;
        if taken.is_none() {
            return Ok(code);
        }
    }
}

/// Who may take a place by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum JoinRole {
    Participant,
    Spectator,
}

/// Body of `POST /sessions/join`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    /// Case-insensitive. One of `code` and `session_id`.
    #[serde(default)]
    code: Option<String>,
    /// For the invited, who need no code.
    #[serde(default)]
    session_id: Option<SessionId>,
    /// The account's where absent.
    #[serde(default)]
    display_name: Option<String>,
    /// `participant` where absent.
    #[serde(default)]
    role: Option<JoinRole>,
}

/// Answer of `POST /sessions/join`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Joined)]
struct JoinAnswer {
    session: SessionView,
    participant_id: ParticipantId,
}

/// Takes a place by join code, or by an invitation; joining twice answers the same participant. An explicit role is honoured
/// whenever it is asked for: a spectator becomes a participant where a place is free, a participant a spectator between
/// games.
#[utoipa::path(
    post, path = "/api/v1/sessions/join", operation_id = "join_session", tag = "sessions", security(("bearer" = [])), request_body = JoinBody,
    responses((status = 200, body = JoinAnswer), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn join(
    (caller, request): (Caller, HttpRequest),
    body: Body<JoinBody>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<JoinAnswer>, Problem> {
    let (body, now) = (body.into_inner(), clock::now());
    let role = body.role.map(|role| match role {
        JoinRole::Spectator => Role::Spectator,
        JoinRole::Participant => Role::Participant,
    });
    let id = match (body.code, body.session_id) {
        (Some(code), None) => by_code((&accounts, &database), &request, &caller.user, &code).await?,
        (None, Some(id)) => {
            sessions.look(id, move |state, _| state.may_join_without_code(caller.user.id, role, now)).await??;
            id
        }
        _ => return Err(Problem::invalid("code", "give either code or session_id")),
    };
    let name = match body.display_name {
        Some(name) => name,
        None => display_name(&accounts, caller.user.id).await?,
    };
    let command = Command::Join { display_name: name, role };
    execute(&sessions, id, None, command, &caller).await?;
    let user_id = caller.user.id;
    let participant =
        sessions.look(id, move |state, _| state.participant_of(user_id).map(|participant| participant.id)).await?;
    let participant_id = participant.ok_or_else(|| Problem::not_found("there is no such participant"))?;
    Ok(web::Json(JoinAnswer { session: changed_view(&sessions, id, user_id).await?, participant_id }))
}

/// The session of a code; each try counts.
async fn by_code(
    (accounts, database): (&Accounts, &Database),
    request: &HttpRequest,
    user: &CurrentUser,
    code: &str,
) -> Result<SessionId, Problem> {
    let attempt = accounts.user_limits().try_code(Some(user.id), accounts.client_address(request)).await?;
    let missing = || Problem::not_found("there is no session with this code");
    let code = typed_code(code).ok_or_else(missing)?;
    let row = session::Entity::find().filter(session::Column::Code.eq(code)).one(database.reader()).await?;
    let id = row.map(|row| SessionId(row.id)).ok_or_else(missing)?;
    attempt.forgive().await?;
    Ok(id)
}

/// What an invited person sees before joining.
#[derive(Debug, Serialize, ToSchema)]
struct Preview {
    id: SessionId,
    name: String,
    status: Status,
    game_type: String,
    creator_display_name: String,
    /// Active players.
    participants_count: usize,
    max_players: u32,
}

/// A preview for whoever has the code.
#[utoipa::path(
    get, path = "/api/v1/sessions/by-code/{code}", tag = "sessions", security(("bearer" = [])),
    params(("code" = String, Path)),
    responses((status = 200, body = Preview), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn preview_by_code(
    (user, request): (CurrentUser, HttpRequest),
    code: web::Path<String>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<Preview>, Problem> {
    let id = by_code((&accounts, &database), &request, &user, &code).await?;
    let now = clock::now();
    // The code itself is the permission.
    sessions.look(id, move |state, _| state.may_preview(user.id, true, now)).await??;
    preview_of(&sessions, id).await
}

/// The same for the invited, who have no code, and for whoever may read the session.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/preview", operation_id = "preview_session", tag = "sessions", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Preview), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn preview(
    user: CurrentUser,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Preview>, Problem> {
    let (id, now) = (id.into_inner(), clock::now());
    sessions.look(id, move |state, _| state.may_preview(user.id, false, now)).await??;
    preview_of(&sessions, id).await
}

async fn preview_of(sessions: &Sessions, id: SessionId) -> Result<web::Json<Preview>, Problem> {
    let look = move |state: &crate::game::Session, _: &dyn Fn(ParticipantId) -> bool| {
        let creator = state.participants().iter().find(|participant| participant.role == Role::Creator);
        Preview {
            id,
            name: state.name().to_owned(),
            status: state.status(),
            game_type: state.game_type().to_owned(),
            creator_display_name: creator.map(|participant| participant.display_name.clone()).unwrap_or_default(),
            participants_count: state
                .participants()
                .iter()
                .filter(|participant| participant.is_active_player())
                .count(),
            max_players: state.max_players(),
        }
    };
    Ok(web::Json(sessions.look(id, look).await?))
}

/// The paths of joining.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/join").route(web::post().to(join)))
        .service(web::resource("/sessions/by-code/{code}").route(web::get().to(preview_by_code)))
        .service(web::resource("/sessions/{id}/preview").route(web::get().to(preview)));
}

/// The OpenAPI of joining.
#[derive(utoipa::OpenApi)]
#[openapi(paths(join, preview_by_code, preview))]
pub(crate) struct Api;
