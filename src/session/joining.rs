//! Taking a seat by a join code.

use actix_web::web;
use entity::session;
use rand::RngExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Sessions;
use super::rest::{display_name, execute};
use crate::account::{Accounts, CurrentUser};
use crate::database::Database;
use crate::game::command::Command;
use crate::game::event::Role;
use crate::game::id::{ParticipantId, SessionId};
use crate::game::view::{SessionView, Status};
use crate::problem::{Body, IdempotencyKey, Problem, ProblemBody, RequestId};

/// Characters of a join code: none that is mistaken for another.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 6;

pub(super) fn new_code() -> String {
    let mut random = rand::rng();
    (0..CODE_LENGTH).map(|_| char::from(CODE_ALPHABET[random.random_range(0..CODE_ALPHABET.len())])).collect()
}

/// Who may take a seat by code.
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
    /// Case-insensitive.
    code: String,
    /// The account's where absent.
    #[serde(default)]
    display_name: Option<String>,
    /// `participant` where absent.
    #[serde(default)]
    role: Option<JoinRole>,
}

/// Answer of `POST /sessions/join`.
#[derive(Debug, Serialize, ToSchema)]
struct Joined {
    session: SessionView,
    participant_id: ParticipantId,
}

/// Takes a seat by join code; joining twice answers the same participant.
#[utoipa::path(
    post, path = "/api/v1/sessions/join", tag = "sessions", security(("bearer" = [])), request_body = JoinBody,
    responses((status = 200, body = Joined), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn join(
    user: CurrentUser,
    key: IdempotencyKey,
    request_id: RequestId,
    body: Body<JoinBody>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<Joined>, Problem> {
    let body = body.into_inner();
    let id = by_code(&database, &body.code).await?;
    let name = match body.display_name {
        Some(name) => name,
        None => display_name(&accounts, user.id).await?,
    };
    let role = match body.role {
        Some(JoinRole::Spectator) => Role::Spectator,
        Some(JoinRole::Participant) | None => Role::Participant,
    };
    let command = Command::Join { display_name: name, role };
    execute(&sessions, id, None, command, (&user, key, request_id)).await?;
    let user_id = user.id;
    let look = move |state: &crate::game::Session, online: &dyn Fn(ParticipantId) -> bool| {
        let participant = state.participant_of(user_id)?;
        Some(Joined { session: state.view(online), participant_id: participant.id })
    };
    let joined = sessions.look(id, look).await?;
    Ok(web::Json(joined.ok_or_else(|| Problem::not_found("there is no such participant"))?))
}

async fn by_code(database: &Database, code: &str) -> Result<SessionId, Problem> {
    let missing = || Problem::not_found("there is no session with this code");
    let code = code.trim().to_ascii_uppercase();
    // Spares the database what is no code; PostgreSQL would fail over a NUL.
    if code.len() != CODE_LENGTH || !code.bytes().all(|byte| CODE_ALPHABET.contains(&byte)) {
        return Err(missing());
    }
    let row = session::Entity::find().filter(session::Column::Code.eq(code)).one(database.reader()).await?;
    row.map(|row| SessionId(row.id)).ok_or_else(missing)
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

/// A preview for the invited.
#[utoipa::path(
    get, path = "/api/v1/sessions/by-code/{code}", tag = "sessions", security(("bearer" = [])),
    params(("code" = String, Path)),
    responses((status = 200, body = Preview), (status = 404, body = ProblemBody)),
)]
async fn preview(
    _: CurrentUser,
    code: web::Path<String>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Preview>, Problem> {
    let id = by_code(&database, &code).await?;
    let look = move |state: &crate::game::Session, _: &dyn Fn(ParticipantId) -> bool| {
        let creator = state.participants().iter().find(|seat| seat.role == Role::Creator);
        Preview {
            id,
            name: state.name().to_owned(),
            status: state.status(),
            game_type: state.game_type().to_owned(),
            creator_display_name: creator.map(|seat| seat.display_name.clone()).unwrap_or_default(),
            participants_count: state.participants().iter().filter(|seat| seat.is_active_player()).count(),
            max_players: state.max_players(),
        }
    };
    Ok(web::Json(sessions.look(id, look).await?))
}

/// The paths of joining.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/join").route(web::post().to(join)))
        .service(web::resource("/sessions/by-code/{code}").route(web::get().to(preview)));
}

/// The OpenAPI of joining.
#[derive(utoipa::OpenApi)]
#[openapi(paths(join, preview))]
pub(crate) struct Api;
