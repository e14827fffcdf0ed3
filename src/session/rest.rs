//! What the REST handlers of sessions share.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CommandError, CommandReceipt, Sessions, Submission};
use crate::account::{Accounts, CurrentUser};
use crate::game::Refusal;
use crate::game::command::Command;
use crate::game::event::Event;
use crate::game::view::SessionView;
use crate::http::{Code, IdempotencyKey, Problem, RequestId};
use crate::ids::{CommandId, CorrelationId, GameId, Seq, SessionId, UserId};

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let detail = error.to_string();
        match error {
            CommandError::Refused(Refusal::Invalid { field, message }) => Problem::invalid(field, message),
            error => match Code::named(error.code()) {
                Some(code) => Problem::new(code, detail),
                None => Problem::internal(detail),
            },
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        CommandError::from(refusal).into()
    }
}

pub(crate) async fn display_name(accounts: &Accounts, user: UserId) -> Result<String, Problem> {
    let profile = accounts.public_profile(user).await?;
    profile.map(|profile| profile.display_name).ok_or_else(|| Problem::not_found("there is no such user"))
}

pub(super) async fn view(sessions: &Sessions, id: SessionId, user: UserId) -> Result<SessionView, Problem> {
    Ok(sessions.view_for(id, user).await?)
}

/// The same after a command that was played: where it can't be read any more, nobody may be told that nothing was stored.
pub(crate) async fn changed_view(sessions: &Sessions, id: SessionId, user: UserId) -> Result<SessionView, Problem> {
    Ok(sessions.view_for(id, user).await.map_err(CommandError::after_a_command)?)
}

/// Refuses whoever may not read the session.
pub(crate) async fn readable(sessions: &Sessions, id: SessionId, user: UserId) -> Result<(), Problem> {
    Ok(sessions.look(id, move |state, _| state.may_read(user)).await??)
}

/// Whoever asks for a change, the key under which it happens once, and the request that its events name.
pub(crate) struct Caller {
    pub(crate) user: CurrentUser,
    pub(crate) key: CommandId,
    pub(crate) correlation_id: CorrelationId,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = CurrentUser::from_request(request, payload).into_inner();
        let key = IdempotencyKey::from_request(request, payload).into_inner();
        let correlation_id = CorrelationId(RequestId::of(request).0);
        ready(user.and_then(|user| Ok(Caller { user, key: CommandId(key?.0), correlation_id })))
    }
}

/// Has the session do something on behalf of a REST call.
pub(crate) async fn execute(
    sessions: &Sessions,
    session: SessionId,
    game: Option<GameId>,
    command: Command,
    &Caller { ref user, key, correlation_id }: &Caller,
) -> Result<CommandReceipt, Problem> {
    Ok(sessions.execute(session, Submission::new(user.id, game, command, key, correlation_id)).await?)
}

/// Answers the first event that a command made.
pub(super) fn first_event(receipt: &CommandReceipt, mut answer: HttpResponseBuilder) -> Result<HttpResponse, Problem> {
    let record = receipt.records.first().ok_or_else(no_such_event)?;
    Ok(answer.json(&record.json))
}

/// The event of a path, and what it is one of.
pub(super) fn event_of_path<T>((of, seq): &(String, String), id: fn(Uuid) -> T) -> Result<(T, Seq), Problem> {
    let of = of.parse().map_err(|_| no_such_event())?;
    Ok((id(of), seq.parse().map(Seq).map_err(|_| no_such_event())?))
}

fn no_such_event() -> Problem {
    Problem::not_found("there is no such event")
}

/// Query of the event lists.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only events after this one.
    #[serde(default)]
    pub(super) after_seq: Option<Seq>,
    /// 1..200, default 50.
    #[serde(default)]
    pub(super) limit: Option<i64>,
}

/// Events in order, without gaps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    /// Ascending.
    #[schema(value_type = Vec<Event>)]
    pub(super) items: Vec<Box<RawValue>>,
    /// The last event there is of this session, or of this game.
    pub(super) last_seq: Seq,
}
