//! Displays: a TV has no keyboard to type the code of a share on, so it shows a short code of its own, and a phone that
//! may share an evening sends it there (as RFC 8628 lets devices sign in). The display asks now and then what it was sent.

use actix_web::{HttpRequest, HttpResponse, web};
use entity::display::{Column, Entity, Model};
use entity::{display, share};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::codes::{self, CODE_ATTEMPTS, new_code, typed};
use super::shares::{Kind, Share, Shares, Wanted, shown};
use crate::account::Limit;
use crate::clock;
use crate::database::Database;
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{SessionId, Timestamp};
use crate::session::rest::Caller;

/// Short enough to read over a table and to type with one hand; it stands for minutes.
const CODE_LENGTH: usize = 6;
/// No session's own code is longer.
const JOIN_CODE_MAX: usize = 12;
/// Ten minutes.
const LIFE_MS: i64 = 10 * 60 * 1000;
const NEW_DISPLAYS: Limit = Limit::per_minute("new displays from this address", 30);
/// Codes that no display shows, by one user.
const WRONG_CODES: Limit = Limit::per_minute("wrong codes of displays", 20);

/// A display that waits, or was just sent something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Display)]
pub(super) struct DisplayView {
    /// Not to be guessed, and for the display alone: whoever has it learns what the display is sent.
    id: Uuid,
    /// Six characters to type on a phone.
    code: String,
    /// A page for a phone that scans it.
    url: String,
    /// The code of the share that it was sent.
    #[schema(required)]
    share_code: Option<String>,
    /// The session's own code, which the share doesn't tell: to be shown to those who come to the table.
    #[schema(required)]
    join_code: Option<String>,
    /// Then the display needs another code.
    expires_at: Timestamp,
}

fn view(display: Model, share_code: Option<String>, request: &HttpRequest, shares: &Shares) -> DisplayView {
    DisplayView {
        id: display.id,
        url: format!("{}/tv/{}", shares.base(request), display.code),
        code: display.code,
        share_code,
        join_code: display.join_code,
        expires_at: Timestamp::from_millis(display.expires_at_ms),
    }
}

/// One whose code is not over.
async fn live(database: &Database, column: Column, value: impl Into<sea_orm::Value>) -> Result<Option<Model>, DbErr> {
    let live = Entity::find().filter(column.eq(value)).filter(Column::ExpiresAtMs.gt(clock::now().millis()));
    live.one(database.reader()).await
}

/// Stores one under a code that is free, and forgets those that are over.
async fn store(database: &Database) -> Result<Model, Problem> {
    let now = clock::now().millis();
    Entity::delete_many().filter(Column::ExpiresAtMs.lte(now)).exec(database.writer()).await?;
    for _ in 0..CODE_ATTEMPTS {
        let new = Model {
            id: clock::new_id(),
            code: new_code(CODE_LENGTH),
            share_id: None,
            join_code: None,
            expires_at_ms: now + LIFE_MS,
        };
        let row = display::ActiveModel {
            id: Set(new.id),
            code: Set(new.code.clone()),
            share_id: Set(None),
            join_code: Set(None),
            expires_at_ms: Set(new.expires_at_ms),
        };
        let taken = OnConflict::new().do_nothing().to_owned();
        if Entity::insert(row).on_conflict(taken).exec_without_returning(database.writer()).await? > 0 {
            return Ok(new);
        }
    }
    Err(codes::none_free())
}

/// A display that waits to be sent an evening, for ten minutes. Needs no login.
#[utoipa::path(
    post, path = "/api/v1/displays", operation_id = "open_display", tag = "sessions", security(()),
    responses((status = 201, body = DisplayView), (status = 429, body = ProblemBody)),
)]
pub(super) async fn create(request: HttpRequest, services: web::Data<Services>) -> Result<HttpResponse, Problem> {
    let Services { shares, accounts, .. } = &**services;
    shares.attempts.take(&NEW_DISPLAYS, &accounts.client_network(&request).to_string()).await?;
    let made = store(&shares.database).await?;
    Ok(HttpResponse::Created().json(view(made, None, &request, shares)))
}

/// What a display was sent, if anything yet; 404 once its code is over. The id is all it needs; to be asked every two seconds.
#[utoipa::path(
    get, path = "/api/v1/displays/{id}", operation_id = "get_display", tag = "sessions", security(()),
    params(("id" = Uuid, Path)), responses((status = 200, body = DisplayView), (status = 404, body = ProblemBody)),
)]
pub(super) async fn read(
    id: PathId<Uuid>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<web::Json<DisplayView>, Problem> {
    let shares = &services.shares;
    let found = live(&shares.database, Column::Id, id.into_inner()).await?;
    let display = found.ok_or_else(|| Problem::not_found("there is no such display, or its code is over"))?;
    let sent = match display.share_id {
        Some(id) => share::Entity::find_by_id(id).one(shares.database.reader()).await?,
        None => None,
    };
    Ok(web::Json(view(display, sent.map(|share| share.code), &request, shares)))
}

/// Body of `POST /sessions/{id}/displays`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisplayCode {
    /// What the display shows: in any case, with dashes or spaces.
    code: String,
    /// The session's own code, if the display is to show it.
    #[serde(default)]
    join_code: Option<String>,
}

/// Shows the session on a display, by a share of its own that ends as any other does. 404 where no display shows this code,
/// or where it was sent something else meanwhile.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/displays", operation_id = "show_on_display", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = DisplayCode,
    responses(
        (status = 200, body = Share), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn send(
    Caller { user, key, .. }: Caller,
    id: PathId<SessionId>,
    body: Body<DisplayCode>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<web::Json<Share>, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let (session, DisplayCode { code, join_code }) = (id.into_inner(), body.into_inner());
    sessions.look(session, move |state, _| state.may_share(user.id)).await??;
    if join_code
        .as_ref()
        .is_some_and(|code| code.len() > JOIN_CODE_MAX || !code.bytes().all(|it| it.is_ascii_alphanumeric()))
    {
        return Err(Problem::invalid("join_code", "must be the code of a session"));
    }
    let by = user.id.to_string();
    shares.attempts.look(&WRONG_CODES, &by).await?;
    let found = match typed(&code, CODE_LENGTH) {
        Some(code) => live(&shares.database, Column::Code, code).await?,
        None => None,
    };
    let none = || Problem::not_found("no display shows this code");
    let Some(display) = found else {
        shares.attempts.take(&WRONG_CODES, &by).await?;
        return Err(none());
    };
    let made = shares.make(Wanted { session, kind: Kind::Board, name: None }, user.id, key, sessions).await?;
    let free_or_the_same = Condition::any().add(Column::ShareId.is_null()).add(Column::ShareId.eq(made.id));
    let sent = Entity::update_many()
        .col_expr(Column::ShareId, Expr::value(made.id))
        .col_expr(Column::JoinCode, Expr::value(join_code))
        .filter(Column::Id.eq(display.id))
        .filter(free_or_the_same)
        .exec(shares.database.writer())
        .await?;
    if sent.rows_affected == 0 {
        shares.end(&made).await?;
        return Err(none());
    }
    Ok(web::Json(shown(made, &request, shares)))
}
