//! Server-Sent Events: a session to read along, for boards, TVs and scripts (contract, section 4).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};
use uuid::Uuid;

use super::connections::{Connections, Place};
use super::{Scissors, cut_later};
use crate::account::{Accounts, CurrentUser};
use crate::clock;
use crate::game::id::{Seq, SessionId, Timestamp};
use crate::problem::{Code, PathId, Problem, Query};
use crate::session::rest::readable;
use crate::session::{Listener, Push, Sessions};

const PUSHES_MAX: usize = 256;
/// Events of what was missed that are read at once.
const MISSED_PAGE: u64 = 500;
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// Query of the stream.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamQuery {
    /// A share token, instead of the `Authorization` header.
    #[serde(default)]
    token: Option<String>,
}

/// Answer of `POST /sessions/{id}/share`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Share {
    /// Reads this session's stream, nothing else, for 30 days.
    token: String,
    /// A board that shows it.
    url: String,
}

/// A read-only token for boards and TVs.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/share", tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Share), (status = 403, body = crate::problem::ProblemBody), (status = 404, body = crate::problem::ProblemBody)),
)]
pub(super) async fn share(
    user: CurrentUser,
    id: PathId<SessionId>,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Share>, Problem> {
    let session = id.into_inner();
    readable(&sessions, session, user.id).await?;
    let token = accounts.share_token(session.0)?;
    let url = format!("{}/board/{session}?token={token}", own_origin(&request, &accounts));
    Ok(web::Json(Share { token, url }))
}

/// The session as Server-Sent Events.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/stream", tag = "sessions", security(("bearer" = []), ()),
    params(("id" = Uuid, Path), StreamQuery, ("Last-Event-ID" = Option<i64>, Header)),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 401, body = crate::problem::ProblemBody),
        (status = 403, body = crate::problem::ProblemBody),
        (status = 404, body = crate::problem::ProblemBody),
    ),
)]
pub(super) async fn open(
    request: HttpRequest,
    id: PathId<SessionId>,
    query: Query<StreamQuery>,
    accounts: web::Data<Accounts>,
    sessions: web::Data<Sessions>,
    connections: web::Data<Connections>,
) -> Result<HttpResponse, Problem> {
    let session = id.into_inner();
    let (user, expires_at) = match query.into_inner().token {
        Some(token) => {
            let share = accounts.verify_share(&token)?;
            if share.session_id != session.0 {
                return Err(Problem::new(Code::InsufficientPermissions, "this token is of another session"));
            }
            sessions.look(session, |_, _| ()).await?;
            (None, share.expires_at)
        }
        None => {
            let user = CurrentUser::of(&request, &accounts)?;
            readable(&sessions, session, user.id).await?;
            (Some(user.id), user.expires_at)
        }
    };
    let place = connections
        .enter("sse")
        .ok_or_else(|| Problem::new(Code::Overloaded, "all connections of this server are taken"))?;
    // A number that no event can have is none.
    let after = request.headers().get("last-event-id").and_then(|seq| seq.to_str().ok()?.parse().ok());
    let after = after.filter(|seq: &Seq| *seq >= 0);
    let (push, pushes) = mpsc::channel(PUSHES_MAX);
    let scissors = request.conn_data::<Arc<Scissors>>().cloned();
    let listener = Listener {
        id: sessions.listener_id(),
        user,
        push: push.clone(),
        on_slow: Arc::new(move || cut_later(scissors.clone())),
    };
    let mut comments = interval(COMMENT_EVERY);
    comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    comments.reset();
    sessions.watch(session, listener.clone(), Uuid::nil(), after).await?;
    let reader = Reader {
        session,
        last: after,
        missed_up_to: 0,
        listener,
        sessions,
        pushes,
        comments,
        closing: connections.closing(),
        expires_at,
        ready: VecDeque::new(),
        _place: place,
    };
    let lines = stream::unfold(reader, |mut reader| async {
        let bytes = reader.next().await?;
        Some((Ok::<_, actix_web::Error>(bytes), reader))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines))
}

struct Reader {
    session: SessionId,
    /// The last event that was told; `None`: it begins with the state.
    last: Option<Seq>,
    /// Up to here they are read from the journal: there is no bound to what may have been missed.
    missed_up_to: Seq,
    listener: Listener,
    sessions: web::Data<Sessions>,
    pushes: mpsc::Receiver<Push>,
    comments: Interval,
    closing: watch::Receiver<bool>,
    expires_at: Timestamp,
    ready: VecDeque<Bytes>,
    _place: Place,
}

impl Reader {
    /// The next piece of the stream; `None`: it ends, and the reader comes back with `Last-Event-ID`.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if let Some(last) = self.last.filter(|last| *last < self.missed_up_to) {
                let missed = self.sessions.journal().read(self.session, last, MISSED_PAGE).await.ok()?;
                self.events(&missed);
                // A log that does not go on from there: the reader comes back and sees for itself.
                if self.last == Some(last) {
                    return None;
                }
                continue;
            }
            let left_ms = self.expires_at.millis() - clock::now().millis();
            let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
            tokio::select! {
                push = self.pushes.recv() => self.take(push?).await?,
                _ = self.comments.tick() => return Some(Bytes::from_static(b": still here\n\n")),
                _ = self.closing.changed() => return None,
                () = sleep_until(tokio::time::Instant::now() + left) => return None,
            }
        }
    }

    async fn take(&mut self, push: Push) -> Option<()> {
        match push {
            Push::Welcome(welcome) => match &welcome.view {
                Some(_) if self.last.is_some_and(|last| (0..=welcome.seq).contains(&last)) => {
                    self.missed_up_to = welcome.seq;
                }
                Some(view) => {
                    let seq = welcome.seq;
                    self.last = Some(seq);
                    let state = serde_json::to_string(view).ok()?;
                    self.ready.push_back(Bytes::from(format!("id: {seq}\nevent: snapshot\ndata: {state}\n\n")));
                }
                None => self.events(&welcome.missed),
            },
            Push::Events(records) => self.events(&records),
            Push::Presence { .. } => {}
            Push::Lost(_) => {
                let (session, listener) = (self.session, self.listener.clone());
                self.sessions.watch(session, listener, Uuid::nil(), self.last).await.ok()?;
            }
            Push::Dismissed(_) => return None,
        }
        Some(())
    }

    fn events(&mut self, records: &[Arc<crate::journal::Record>]) {
        for record in records {
            if self.last.is_some_and(|last| record.seq() == last + 1) {
                self.last = Some(record.seq());
                let event_type = record.event.fact.event_type();
                let line = format!("id: {}\nevent: {event_type}\ndata: {}\n\n", record.seq(), record.json.get());
                self.ready.push_back(Bytes::from(line));
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.sessions.leave(self.session, self.listener.id);
    }
}

/// Scheme and host as the client sees them.
fn own_origin(request: &HttpRequest, accounts: &Accounts) -> String {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = if accounts.is_https(request) { "https" } else { "http" };
    format!("{scheme}://{host}")
}
