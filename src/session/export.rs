//! An evening as a file, for a spreadsheet or a script.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CommandError, Sessions};
use crate::account::CurrentUser;
use crate::game::event::Fact;
use crate::game::view::{BalanceView, GameView, SessionView};
use crate::game::{Refusal, Session};
use crate::http::{PathId, Problem, ProblemBody, Query};
use crate::ids::{Money, ParticipantId, Seq, SessionId};
use crate::journal::Record;

/// Events that are read at once.
const PAGE: u64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExportFormat {
    Csv,
    Json,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `csv`, or `json` where absent.
    #[serde(default)]
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// All of an evening.
#[derive(Debug, Serialize, ToSchema)]
struct EveningExport {
    session: SessionView,
    games: Vec<GameView>,
    balance: BalanceView,
    /// The whole log, as its events are told elsewhere.
    #[schema(value_type = Vec<crate::game::event::Event>)]
    events: Vec<Box<serde_json::value::RawValue>>,
}

/// A line of the table: what does not apply is empty.
#[derive(Default, Serialize)]
struct Line {
    /// `result`, `mark`, `expense`, `payment`, `balance`, `transfer`.
    record: &'static str,
    game: Option<u32>,
    seq: Option<Seq>,
    at: Option<String>,
    participant: String,
    counterpart: String,
    what: String,
    points: Option<i64>,
    /// Minor units.
    amount: Option<Money>,
    currency: String,
}

/// An evening as a file: games, marks, balances, transfers. What was taken back is in the JSON alone.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/export", operation_id = "export_session", tag = "money", security(("bearer" = [])),
    params(("id" = Uuid, Path), ExportQuery),
    responses(
        (status = 200, content((EveningExport = "application/json"), (String = "text/csv"))),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn export(
    user: CurrentUser,
    id: PathId<SessionId>,
    query: Query<ExportQuery>,
    sessions: web::Data<Sessions>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let look = move |state: &Session, online: &dyn Fn(ParticipantId) -> bool| {
        state.may_read(user.id)?;
        Ok::<_, Refusal>((state.clone(), state.view(online)))
    };
    let (state, session) = sessions.look(id, look).await??;
    let records = log_upto(&sessions, id, state.seq()).await?;
    let format = query.into_inner().format.unwrap_or(ExportFormat::Json);
    let (ending, content_type) = match format {
        ExportFormat::Csv => ("csv", "text/csv; charset=utf-8"),
        ExportFormat::Json => ("json", "application/json"),
    };
    // A long evening takes its time, in which neither the session nor other calls wait.
    let file = web::block(move || match format {
        ExportFormat::Csv => table(&state, &records).map_err(Problem::internal),
        ExportFormat::Json => whole(&state, session, &records).map_err(Problem::internal),
    });
    let file = file.await.map_err(Problem::internal)??;
    let name = DispositionParam::Filename(format!("artel-{id}.{ending}"));
    let attached = ContentDisposition { disposition: DispositionType::Attachment, parameters: vec![name] };
    Ok(HttpResponse::Ok().insert_header(attached).content_type(content_type).body(file))
}

async fn log_upto(sessions: &Sessions, id: SessionId, upto: Seq) -> Result<Vec<Arc<Record>>, Problem> {
    let mut records: Vec<Arc<Record>> = Vec::new();
    loop {
        let after = records.last().map_or(Seq::ZERO, |record| record.seq());
        let page = sessions.journal().read_history(id, after, PAGE).await.map_err(CommandError::from)?;
        let is_end = (page.len() as u64) < PAGE;
        records.extend(page.into_iter().filter(|record| record.seq() <= upto));
        if is_end || records.last().is_none_or(|record| record.seq() <= after) {
            return Ok(records);
        }
    }
}

fn whole(state: &Session, session: SessionView, records: &[Arc<Record>]) -> serde_json::Result<Vec<u8>> {
    let games = state.games().filter_map(|game| state.game_view(game)).collect();
    let events = records.iter().map(|record| record.json.clone()).collect();
    serde_json::to_vec(&EveningExport { session, games, balance: state.balance(), events })
}

fn table(state: &Session, records: &[Arc<Record>]) -> Result<Vec<u8>, csv::Error> {
    let name =
        |id: ParticipantId| state.participant(id).map_or(String::new(), |participant| plain(&participant.display_name));
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut numbers = HashMap::new();
    for game in state.games().filter_map(|game| state.game_view(game)) {
        numbers.insert(game.id, game.number);
        for result in game.results.iter().flatten() {
            table.serialize(Line {
                record: "result",
                game: Some(game.number),
                at: game.ended_at.map(|at| at.to_string()),
                participant: name(result.participant_id),
                what: format!("place {}", result.place),
                points: Some(result.points),
                amount: Some(result.net),
                currency: state.rules().currency().to_owned(),
                ..Line::default()
            })?;
        }
    }
    let standing = state.standing_seqs();
    for record in records.iter().filter(|record| standing.contains(&record.seq())) {
        if let Some(line) = line_of(state, record, &name) {
            let game = record.event.game_id.and_then(|game| numbers.get(&game)).copied();
            table.serialize(Line { game, ..line })?;
        }
    }
    let BalanceView { currency, participants, settlement } = state.balance();
    for sum in participants {
        let participant = name(sum.participant_id);
        let (amount, currency) = (Some(sum.net), currency.clone());
        table.serialize(Line { record: "balance", participant, amount, currency, ..Line::default() })?;
    }
    for pay in settlement {
        table.serialize(Line {
            record: "transfer",
            participant: name(pay.from),
            counterpart: name(pay.to),
            amount: Some(pay.amount),
            currency: currency.clone(),
            ..Line::default()
        })?;
    }
    table.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))
}

fn line_of(state: &Session, record: &Record, name: &impl Fn(ParticipantId) -> String) -> Option<Line> {
    let event = &record.event;
    let mark = |what: String, points: i64| Line {
        record: "mark",
        participant: state.player_of_mark(event.seq).map_or(String::new(), name),
        what,
        points: Some(points),
        ..Line::default()
    };
    let of_event = match &event.fact {
        Fact::BallPotted(potted) => mark(potted.color.clone(), potted.points),
        Fact::FoulCommitted(foul) => mark("foul".to_owned(), foul.points),
        Fact::ExpenseAdded(added) => Line {
            record: "expense",
            participant: name(added.paid_by),
            what: plain(&added.title),
            amount: Some(added.amount),
            currency: added.currency.clone(),
            ..Line::default()
        },
        Fact::TableStopped(stopped) => Line {
            record: "expense",
            participant: name(stopped.paid_by),
            what: format!("table, {} min", stopped.minutes),
            amount: Some(stopped.amount),
            currency: stopped.currency.clone(),
            ..Line::default()
        },
        Fact::PaymentMarked(marked) => Line {
            record: "payment",
            participant: name(marked.from),
            counterpart: name(marked.to),
            amount: Some(marked.amount),
            currency: marked.currency.clone(),
            ..Line::default()
        },
        _ => return None,
    };
    Some(Line { seq: Some(event.seq), at: Some(event.timestamp.to_string()), ..of_event })
}

/// What a person typed, so that no spreadsheet takes it for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
