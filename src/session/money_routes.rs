//! The evening's money over REST (contract, section 2.3): expenses, the table's clock, payments, and why somebody owes what.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::rest::{Caller, event_of_path, execute, first_event, readable};
use super::{CommandError, Sessions, export};
use crate::account::CurrentUser;
use crate::game::command::{Command, NewExpense, NewPayment};
use crate::game::event::Event;
use crate::game::money::ledger::LedgerLine;
use crate::http::{Body, PathId, Problem, ProblemBody};
use crate::ids::{Money, ParticipantId, Seq, SessionId, Timestamp};

/// Events of a ledger that are read at once.
const EVENTS_AT_ONCE: usize = 500;

/// What one paid for several: each bears his share, and the payer is credited the whole.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/expenses", operation_id = "add_expense", tag = "money", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = NewExpense,
    responses((status = 201, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn add_expense(
    caller: Caller,
    id: PathId<SessionId>,
    body: Body<NewExpense>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let command = Command::AddExpense(body.into_inner());
    first_event(&execute(&sessions, id.into_inner(), None, command, &caller).await?, HttpResponse::Created())
}

/// Money was handed over, in part or whole; also after the evening. By either of the two and the creator.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/payments", operation_id = "mark_payment", tag = "money", security(("bearer" = [])),
    params(("id" = Uuid, Path)), request_body = NewPayment,
    responses((status = 201, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)),
)]
async fn mark_payment(
    caller: Caller,
    id: PathId<SessionId>,
    body: Body<NewPayment>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let command = Command::MarkPayment(body.into_inner());
    first_event(&execute(&sessions, id.into_inner(), None, command, &caller).await?, HttpResponse::Created())
}

/// Stops the table's clock; its time becomes an expense.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/table/stop", operation_id = "stop_table", tag = "money", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn stop_table(
    caller: Caller,
    id: PathId<SessionId>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    first_event(&execute(&sessions, id.into_inner(), None, Command::StopTable, &caller).await?, HttpResponse::Ok())
}

/// Takes an expense or a payment back, after the evening too.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}/events/{seq}", operation_id = "void_entry", tag = "money", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("seq" = i64, Path)),
    responses((status = 200, body = Event), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)),
)]
async fn void_entry(
    caller: Caller,
    path: web::Path<(String, String)>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let (id, seq) = event_of_path(&path, SessionId)?;
    first_event(&execute(&sessions, id, None, Command::VoidEntry { seq }, &caller).await?, HttpResponse::Ok())
}

/// Why somebody has the balance that he has, line by line.
#[derive(Debug, Serialize, ToSchema)]
struct Ledger {
    participant_id: ParticipantId,
    /// Minor units: the sum of the lines.
    balance: Money,
    lines: Vec<DatedLine>,
}

/// A line, and when its event happened.
#[derive(Debug, Serialize, ToSchema)]
struct DatedLine {
    #[serde(flatten)]
    line: LedgerLine,
    at: Timestamp,
}

/// The proof of a balance: every line of it, down to the mark.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/participants/{pid}/ledger", operation_id = "get_ledger", tag = "money",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("pid" = Uuid, Path)),
    responses((status = 200, body = Ledger), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
async fn ledger(
    user: CurrentUser,
    path: PathId<(SessionId, ParticipantId)>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Ledger>, Problem> {
    let (session, participant_id) = path.into_inner();
    readable(&sessions, session, user.id).await?;
    let look = move |state: &crate::game::Session, _: &dyn Fn(ParticipantId) -> bool| state.ledger(participant_id);
    let lines = sessions.look(session, look).await?;
    let lines = lines.ok_or_else(|| Problem::not_found("there is no such participant"))?;
    let mut seqs: Vec<Seq> = lines.iter().map(|line| line.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let mut times = HashMap::with_capacity(seqs.len());
    for seqs in seqs.chunks(EVENTS_AT_ONCE) {
        let records = sessions.journal().read_these(session, seqs.to_vec()).await.map_err(CommandError::from)?;
        times.extend(records.iter().map(|record| (record.seq(), record.event.timestamp)));
    }
    let balance = lines.iter().map(|line| line.amount).sum();
    let dated = |line: LedgerLine| DatedLine { at: times.get(&line.seq).copied().unwrap_or_default(), line };
    Ok(web::Json(Ledger { participant_id, balance, lines: lines.into_iter().map(dated).collect() }))
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/expenses").route(web::post().to(add_expense)))
        .service(web::resource("/sessions/{id}/payments").route(web::post().to(mark_payment)))
        .service(web::resource("/sessions/{id}/table/stop").route(web::post().to(stop_table)))
        .service(web::resource("/sessions/{id}/events/{seq}").route(web::delete().to(void_entry)))
        .service(web::resource("/sessions/{id}/export").route(web::get().to(export::export)))
        .service(web::resource("/sessions/{id}/participants/{pid}/ledger").route(web::get().to(ledger)));
}

/// The OpenAPI of money.
#[derive(utoipa::OpenApi)]
#[openapi(paths(add_expense, mark_payment, stop_table, void_entry, ledger, export::export))]
pub(crate) struct Api;
