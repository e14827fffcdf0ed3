//! Sessions over REST (contract, section 2.3): opened, read, changed, ended. Their list is in `listing.rs`, taking a place
//! by code in `joining.rs`, the other places in `participant_routes.rs`, games in `game_routes.rs`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rest::{Caller, Events, EventsQuery, changed_view, display_name, execute, readable, view};
use super::{
    CommandError, Sessions, Submission, claim_routes, correction_routes, game_routes, joining, listing, money_routes,
    participant_routes,
};
use crate::account::{Accounts, CurrentUser};
use crate::database::Database;
use crate::game::Rules;
use crate::game::command::{ChangeSettings, Command, CreateSession, Scoring};
use crate::game::event::Event;
use crate::game::event::given;
use crate::game::money::TableTerms;
use crate::game::view::{BalanceView, SessionView};
use crate::http::{Body, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{ParticipantId, SessionId};
use crate::template::{self, GivenRules};

/// With 32^6 codes, two taken ones in a row mean that something else is wrong.
const CODE_ATTEMPTS: usize = 5;

/// Body of `POST /sessions`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSession {
    /// 1..100 characters.
    name: String,
    /// One of `template_id` and `rules`.
    #[serde(default)]
    template_id: Option<Uuid>,
    /// One of `template_id` and `rules`.
    #[serde(default)]
    #[schema(value_type = Option<Rules>)]
    rules: Option<GivenRules>,
    /// Active players at most; what the rules suggest where absent.
    #[serde(default)]
    max_players: Option<u32>,
    /// Private unless told otherwise.
    #[serde(default)]
    is_private: Option<bool>,
}

/// Opens a session; the caller is its creator and first participant.
#[utoipa::path(
    post, path = "/api/v1/sessions", operation_id = "open_session", tag = "sessions", security(("bearer" = [])), request_body = NewSession,
    responses((status = 201, body = SessionView), (status = 422, body = ProblemBody)),
)]
async fn create(
    caller: Caller,
    body: Body<NewSession>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Problem> {
    let NewSession { name, template_id, rules, max_players, is_private } = body.into_inner();
    let rules = match (template_id, rules) {
        (Some(template), None) => template::rules_of(database.reader(), template, caller.user.id)
            .await?
            .ok_or_else(|| Problem::invalid("template_id", "there is no such template"))?,
        (None, Some(rules)) => rules.into_rules()?,
        _ => return Err(Problem::invalid("rules", "give either template_id or rules")),
    };
    let display_name = display_name(&accounts, caller.user.id).await?;
    let create = CreateSession {
        session_id: SessionId(crate::clock::new_id()),
        chat_id: crate::clock::new_id(),
        code: String::new(),
        name,
        rules,
        template_id,
        max_players,
        is_private: is_private.unwrap_or(true),
        display_name,
    };
    // The same call again opens nothing.
    let is_new = !sessions.has_created(caller.user.id, caller.key).await?;
    if is_new {
        accounts.user_limits().open_session(caller.user.id).await?;
    }
    match open_under_a_free_code(&sessions, create, &caller).await {
        Ok(id) => Ok(HttpResponse::Created()
            .insert_header(("location", format!("/api/v1/sessions/{id}")))
            .json(changed_view(&sessions, id, caller.user.id).await?)),
        Err(error) => {
            if is_new && !matches!(error, CommandError::Unknown) {
                // Where this fails too, the caller is to hear what failed first.
                let _ = accounts.user_limits().session_not_opened(caller.user.id).await;
            }
            Err(error.into())
        }
    }
}

async fn open_under_a_free_code(
    sessions: &Sessions,
    mut create: CreateSession,
    &Caller { ref user, key, correlation_id }: &Caller,
) -> Result<SessionId, CommandError> {
    for _ in 0..CODE_ATTEMPTS {
        create.code = joining::new_code();
        let command = Command::CreateSession(create.clone());
        match sessions.create(Submission::new(user.id, None, command, key, correlation_id)).await {
            Err(CommandError::CodeTaken) => {}
            opened => return opened,
        }
    }
    Err(CommandError::CodeTaken)
}

/// One session.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}", operation_id = "get_session", tag = "sessions", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn get(
    user: CurrentUser,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<SessionView>, Problem> {
    let id = id.into_inner();
    readable(&sessions, id, user.id).await?;
    Ok(web::Json(view(&sessions, id, user.id).await?))
}

/// Body of `PATCH /sessions/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SessionPatch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    max_players: Option<u32>,
    #[serde(default)]
    is_private: Option<bool>,
    /// Only while waiting or between games.
    #[serde(default)]
    #[schema(value_type = Option<Rules>)]
    rules: Option<GivenRules>,
    /// What the table costs, from the first game on; `null`: nothing any more.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TableTerms>)]
    table: Option<Option<TableTerms>>,
    /// Hands the role over.
    #[serde(default)]
    creator_participant_id: Option<ParticipantId>,
}

/// Changes settings; creator only.
#[utoipa::path(
    patch, path = "/api/v1/sessions/{id}", operation_id = "change_session", tag = "sessions", security(("bearer" = [])), params(("id" = Uuid, Path)),
    request_body = SessionPatch,
    responses((status = 200, body = SessionView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn patch(
    caller: Caller,
    id: PathId<SessionId>,
    body: Body<SessionPatch>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<SessionView>, Problem> {
    let id = id.into_inner();
    let SessionPatch { name, max_players, is_private, rules, table, creator_participant_id } = body.into_inner();
    let rules = rules.map(GivenRules::into_rules).transpose()?;
    let change = ChangeSettings { name, max_players, is_private, rules, table, creator_participant_id };
    let command = Command::ChangeSettings(Box::new(change));
    execute(&sessions, id, None, command, &caller).await?;
    Ok(web::Json(changed_view(&sessions, id, caller.user.id).await?))
}

/// A new join code, by which others come from now on; the old one is void at once. Creator only.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/code", operation_id = "change_join_code", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn change_code(
    caller: Caller,
    id: PathId<SessionId>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<SessionView>, Problem> {
    let id = id.into_inner();
    let command = Command::ChangeCode { code: joining::free_code(&database).await? };
    execute(&sessions, id, None, command, &caller).await?;
    Ok(web::Json(changed_view(&sessions, id, caller.user.id).await?))
}

/// Ends the evening; creator only, no game in progress.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/complete", operation_id = "complete_session", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn complete(
    caller: Caller,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<SessionView>, Problem> {
    let id = id.into_inner();
    let command = Command::Score(Scoring::CompleteSession {});
    execute(&sessions, id, None, command, &caller).await?;
    Ok(web::Json(changed_view(&sessions, id, caller.user.id).await?))
}

/// Calls the evening off; creator only.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/cancel", operation_id = "cancel_session", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn cancel(
    caller: Caller,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<SessionView>, Problem> {
    let id = id.into_inner();
    execute(&sessions, id, None, Command::CancelSession, &caller).await?;
    Ok(web::Json(changed_view(&sessions, id, caller.user.id).await?))
}

/// The log of a session.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/events", operation_id = "list_session_events", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path), EventsQuery),
    responses((status = 200, body = Events), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn events(
    user: CurrentUser,
    id: PathId<SessionId>,
    query: Query<EventsQuery>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Events>, Problem> {
    let id = id.into_inner();
    readable(&sessions, id, user.id).await?;
    let EventsQuery { after_seq, limit } = query.into_inner();
    let limit = Page::new(limit, None)?.limit();
    let last_seq = sessions.look(id, |state, _| state.seq()).await?;
    let records =
        sessions.journal().read(id, after_seq.unwrap_or_default(), limit).await.map_err(CommandError::from)?;
    let items = records.iter().map(|record| record.json.clone()).collect();
    Ok(web::Json(Events { items, last_seq }))
}

/// Who owes what, and the fewest transfers that clear it.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/balance", operation_id = "get_session_balance", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = BalanceView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn balance(
    user: CurrentUser,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<BalanceView>, Problem> {
    let id = id.into_inner();
    readable(&sessions, id, user.id).await?;
    Ok(web::Json(sessions.look(id, |state, _| state.balance()).await?))
}

/// The paths of this room.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions").route(web::post().to(create)).route(web::get().to(listing::list)))
        .configure(joining::routes)
        .service(web::resource("/sessions/{id}").route(web::get().to(get)).route(web::patch().to(patch)))
        .service(web::resource("/sessions/{id}/code").route(web::post().to(change_code)))
        .service(web::resource("/sessions/{id}/complete").route(web::post().to(complete)))
        .service(web::resource("/sessions/{id}/cancel").route(web::post().to(cancel)))
        .service(web::resource("/sessions/{id}/events").route(web::get().to(events)))
        .service(web::resource("/sessions/{id}/balance").route(web::get().to(balance)))
        .configure(participant_routes::routes)
        .configure(claim_routes::routes)
        .configure(game_routes::routes)
        .configure(correction_routes::routes)
        .configure(money_routes::routes);
}

/// The OpenAPI of sessions.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(create, listing::list, get, patch, change_code, complete, cancel, events, balance),
    components(schemas(Event))
)]
pub(crate) struct Api;
