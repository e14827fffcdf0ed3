//! Games and scoring over REST (contract, section 2.3).

use actix_web::{HttpResponse, web};
use entity::game;
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rest::{Caller, Events, EventsQuery, event_of_path, execute, first_event, readable};
use super::{CommandError, Sessions};
use crate::account::CurrentUser;
use crate::database::Database;
use crate::game::command::{Command, MarkBody, Scoring};
use crate::game::event::{Event, GameResult, Remaining, Score};
use crate::game::view::{GameStatus, GameView};
use crate::http::{Body, Code, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{GameId, ParticipantId, Seq, SessionId};

/// Body of `POST /sessions/{id}/games`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGame {
    /// The players in order; drawn by the rules where absent.
    #[serde(default)]
    order: Option<Vec<ParticipantId>>,
}

/// Body of `POST /games/{id}/end`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndGame {
    /// At most 200 characters; `manual` where absent.
    #[serde(default)]
    reason: Option<String>,
    /// With the reason `conceded`: whose side gives the game up. Only in games that can be conceded.
    #[serde(default)]
    participant_id: Option<ParticipantId>,
}

pub(super) async fn session_of(database: &Database, game: GameId) -> Result<SessionId, Problem> {
    let row = game::Entity::find_by_id(game.0).one(database.reader()).await?;
    row.map(|row| SessionId(row.session_id)).ok_or_else(|| Problem::not_found("there is no such game"))
}

/// The session of a game that the user may read.
async fn readable_session_of(
    (database, sessions): (&Database, &Sessions),
    game: GameId,
    user: &CurrentUser,
) -> Result<SessionId, Problem> {
    let session = session_of(database, game).await?;
    readable(sessions, session, user.id).await?;
    Ok(session)
}

pub(super) async fn view(sessions: &Sessions, session: SessionId, game: GameId) -> Result<GameView, Problem> {
    let view = sessions.look(session, move |state, _| state.game_view(game)).await?;
    view.ok_or_else(|| Problem::not_found("there is no such game"))
}

/// Starts the next game.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/games", operation_id = "start_game", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    request_body = NewGame,
    responses((status = 201, body = GameView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn start(
    caller: Caller,
    id: PathId<SessionId>,
    body: Body<NewGame>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let command = Command::Score(Scoring::StartGame { order: body.into_inner().order });
    let played = execute(&sessions, id, None, command, &caller).await?;
    let game = played.records.iter().find_map(|record| record.event.game_id);
    let game = game.ok_or_else(|| Problem::new(Code::GameNotActive, "no game was started"))?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/v1/games/{game}")))
        .json(view(&sessions, id, game).await?))
}

/// Query of `GET /sessions/{id}/games`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GamesQuery {
    /// 1..200, default 50.
    #[serde(default)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The games of a session, in order.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/games", operation_id = "list_session_games", tag = "games", security(("bearer" = [])),
    params(("id" = Uuid, Path), GamesQuery),
    responses((status = 200, body = Listing<GameView>), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn list(
    user: CurrentUser,
    id: PathId<SessionId>,
    query: Query<GamesQuery>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Listing<GameView>>, Problem> {
    let id = id.into_inner();
    readable(&sessions, id, user.id).await?;
    let GamesQuery { limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let after = page.after::<u32>()?.unwrap_or(0);
    let rows = page.rows() as usize;
    let look = move |state: &crate::game::Session, _: &dyn Fn(ParticipantId) -> bool| {
        let later = state.games().filter_map(|game| state.game_view(game)).filter(|game| game.number > after);
        later.take(rows).collect::<Vec<_>>()
    };
    let games = sessions.look(id, look).await?;
    Ok(web::Json(Listing::of(games, &page, |game| game.number, |game| game)))
}

/// One game.
#[utoipa::path(
    get, path = "/api/v1/games/{id}", operation_id = "get_game", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = GameView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn get(
    user: CurrentUser,
    id: PathId<GameId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<GameView>, Problem> {
    let game = id.into_inner();
    let session = readable_session_of((&database, &sessions), game, &user).await?;
    Ok(web::Json(view(&sessions, session, game).await?))
}

/// The event of a mark.
#[derive(Debug, Serialize, ToSchema)]
struct MarkedEvent {
    #[serde(flatten)]
    event: Event,
    /// The same ball was marked for the same player in the three seconds before, by that event: perhaps one is too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_of: Option<Seq>,
}

impl MarkedEvent {
    fn of(event: &Event) -> Self {
        Self { event: event.clone(), echo_of: event.fact.echo_of() }
    }
}

/// Marks a ball, a foul or the end of a turn.
#[utoipa::path(
    post, path = "/api/v1/games/{id}/events", operation_id = "mark_event", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    request_body = MarkBody,
    responses((status = 201, body = MarkedEvent), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn score(
    caller: Caller,
    id: PathId<GameId>,
    body: Body<Scoring>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let game = id.into_inner();
    let command = body.into_inner();
    if !matches!(command, Scoring::PotBall { .. } | Scoring::CommitFoul { .. } | Scoring::EndTurn { .. }) {
        return Err(Problem::invalid("type", "here: pot_ball, commit_foul or end_turn"));
    }
    let session = session_of(&database, game).await?;
    let played = execute(&sessions, session, Some(game), Command::Score(command), &caller).await?;
    let record = played.records.first().ok_or_else(|| Problem::new(Code::GameNotActive, "nothing was marked"))?;
    Ok(match record.event.fact.echo_of() {
        Some(_) => HttpResponse::Created().json(MarkedEvent::of(&record.event)),
        None => HttpResponse::Created().json(&record.json),
    })
}

/// Takes a mark back, in a game in progress or ended; all that followed from it is put right.
#[utoipa::path(
    delete, path = "/api/v1/games/{id}/events/{seq}", operation_id = "void_event", tag = "games", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("seq" = i64, Path)),
    responses((status = 200, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn void(
    caller: Caller,
    path: web::Path<(String, String)>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let (game, seq) = event_of_path(&path, GameId)?;
    let session = session_of(&database, game).await?;
    let command = Command::Score(Scoring::VoidEvent { seq });
    first_event(&execute(&sessions, session, Some(game), command, &caller).await?, HttpResponse::Ok())
}

/// The log of one game, by pages; `last_seq` is its last event.
#[utoipa::path(
    get, path = "/api/v1/games/{id}/events", operation_id = "list_game_events", tag = "games", security(("bearer" = [])),
    params(("id" = Uuid, Path), EventsQuery),
    responses((status = 200, body = Events), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn events(
    user: CurrentUser,
    id: PathId<GameId>,
    query: Query<EventsQuery>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Events>, Problem> {
    let game = id.into_inner();
    let session = readable_session_of((&database, &sessions), game, &user).await?;
    let EventsQuery { after_seq, limit } = query.into_inner();
    let (after, limit) = (after_seq.unwrap_or_default(), Page::new(limit, None)?.limit() as usize);
    let page = sessions.look(session, move |state, _| state.game_events(game, after, limit)).await?;
    let (seqs, last_seq) = page.ok_or_else(|| Problem::not_found("there is no such game"))?;
    let records = sessions.journal().read_these(session, seqs).await.map_err(CommandError::from)?;
    Ok(web::Json(Events { items: records.iter().map(|record| record.json.clone()).collect(), last_seq }))
}

/// The score of a game.
#[derive(Debug, Serialize, ToSchema)]
struct Scores {
    game_id: GameId,
    status: GameStatus,
    current_participant_id: Option<ParticipantId>,
    scores: Vec<Score>,
    remaining: Vec<Remaining>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ball_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points_remaining: Option<i64>,
}

/// The score as it stands.
#[utoipa::path(
    get, path = "/api/v1/games/{id}/scores", operation_id = "get_game_scores", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Scores), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn scores(
    user: CurrentUser,
    id: PathId<GameId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Scores>, Problem> {
    let game_id = id.into_inner();
    let session = readable_session_of((&database, &sessions), game_id, &user).await?;
    let game = view(&sessions, session, game_id).await?;
    let GameView { status, current_participant_id, scores, remaining, ball_on, points_remaining, .. } = game;
    let scores = Scores { game_id, status, current_participant_id, scores, remaining, ball_on, points_remaining };
    Ok(web::Json(scores))
}

/// Ends and settles a game.
#[utoipa::path(
    post, path = "/api/v1/games/{id}/end", operation_id = "end_game", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    request_body = EndGame,
    responses((status = 200, body = GameView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn end(
    caller: Caller,
    id: PathId<GameId>,
    body: Body<EndGame>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<GameView>, Problem> {
    let game = id.into_inner();
    let session = session_of(&database, game).await?;
    let EndGame { reason, participant_id } = body.into_inner();
    let command = Command::Score(Scoring::EndGame { reason, participant_id });
    execute(&sessions, session, Some(game), command, &caller).await?;
    Ok(web::Json(view(&sessions, session, game).await?))
}

/// Cancels a game; it counts as not played.
#[utoipa::path(
    post, path = "/api/v1/games/{id}/cancel", operation_id = "cancel_game", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = GameView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn cancel(
    caller: Caller,
    id: PathId<GameId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<GameView>, Problem> {
    let game = id.into_inner();
    let session = session_of(&database, game).await?;
    let command = Command::Score(Scoring::CancelGame {});
    execute(&sessions, session, Some(game), command, &caller).await?;
    Ok(web::Json(view(&sessions, session, game).await?))
}

/// What a game came to.
#[derive(Debug, Serialize, ToSchema)]
struct Results {
    game_id: GameId,
    results: Vec<GameResult>,
}

/// The results of a completed game.
#[utoipa::path(
    get, path = "/api/v1/games/{id}/results", operation_id = "get_game_results", tag = "games", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Results), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn results(
    user: CurrentUser,
    id: PathId<GameId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Results>, Problem> {
    let game_id = id.into_inner();
    let session = readable_session_of((&database, &sessions), game_id, &user).await?;
    match view(&sessions, session, game_id).await?.results {
        Some(results) => Ok(web::Json(Results { game_id, results })),
        None => Err(Problem::new(Code::GameNotEnded, "this game has no results yet")),
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/games").route(web::post().to(start)).route(web::get().to(list)))
        .service(web::resource("/games/{id}").route(web::get().to(get)))
        .service(web::resource("/games/{id}/events").route(web::post().to(score)).route(web::get().to(events)))
        .service(web::resource("/games/{id}/events/{seq}").route(web::delete().to(void)))
        .service(web::resource("/games/{id}/scores").route(web::get().to(scores)))
        .service(web::resource("/games/{id}/end").route(web::post().to(end)))
        .service(web::resource("/games/{id}/cancel").route(web::post().to(cancel)))
        .service(web::resource("/games/{id}/results").route(web::get().to(results)));
}

/// The OpenAPI of games.
#[derive(utoipa::OpenApi)]
#[openapi(paths(start, list, get, score, void, events, scores, end, cancel, results))]
pub(crate) struct Api;
