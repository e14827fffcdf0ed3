//! Putting games right over REST: a mark that is another player's, a game that goes on (contract, section 2.3). Taking a mark
//! back stands with the marks.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sessions;
use super::game_routes::{session_of, view};
use super::rest::{Caller, event_of_path, execute, first_event};
use crate::database::Database;
use crate::game::command::{Command, Scoring};
use crate::game::event::Event;
use crate::game::view::GameView;
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{GameId, ParticipantId};

/// Body of `POST /games/{id}/events/{seq}/reassign`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reassign {
    /// Whose mark it was.
    participant_id: ParticipantId,
}

/// Moves a mark to the player whose it was, in a game in progress or ended; all that followed from it is put right. To be
/// taken back like a mark.
#[utoipa::path(
    post, path = "/api/v1/games/{id}/events/{seq}/reassign", operation_id = "reassign_event", tag = "games",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("seq" = i64, Path)), request_body = Reassign,
    responses(
        (status = 200, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
async fn reassign(
    caller: Caller,
    path: web::Path<(String, String)>,
    body: Body<Reassign>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let (game, seq) = event_of_path(&path, GameId)?;
    let session = session_of(&database, game).await?;
    let command = Command::Score(Scoring::ReassignEvent { seq, participant_id: body.into_inner().participant_id });
    first_event(&execute(&sessions, session, Some(game), command, &caller).await?, HttpResponse::Ok())
}

/// Lets the session's last game go on; its results count for nothing until it ends again.
#[utoipa::path(
    post, path = "/api/v1/games/{id}/reopen", operation_id = "reopen_game", tag = "games", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = GameView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn reopen(
    caller: Caller,
    id: PathId<GameId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<GameView>, Problem> {
    let game = id.into_inner();
    let session = session_of(&database, game).await?;
    execute(&sessions, session, Some(game), Command::Score(Scoring::ReopenGame {}), &caller).await?;
    Ok(web::Json(view(&sessions, session, game).await?))
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/games/{id}/events/{seq}/reassign").route(web::post().to(reassign)))
        .service(web::resource("/games/{id}/reopen").route(web::post().to(reopen)));
}

/// The OpenAPI of these.
#[derive(utoipa::OpenApi)]
#[openapi(paths(reassign, reopen))]
pub(crate) struct Api;
