//! Server-Sent Events: a session to read along, for boards, TVs and scripts (contract, section 4).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{FutureExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Interval, sleep_until};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::accepted::{AcceptedConnection, cut_later};
use super::connections::{ASKING_COSTS, Opener, Place, cost_of_welcome};
use super::shares::pass_of;
use crate::account::CurrentUser;
use crate::clock;
use crate::game::view::{EveningView, SessionView};
use crate::http::{Code, PathId, Problem, Query};
use crate::ids::{Seq, SessionId, Timestamp};
use crate::session::rest::readable;
use crate::session::{Listener, Push, Viewer};

const PUSHES_MAX: usize = 256;
/// Events of what was missed that are read at once.
const MISSED_PAGE: u32 = 500;
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// Query of the stream.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The code of a share, instead of the `Authorization` header.
    #[serde(default)]
    share: Option<String>,
    /// A share token of earlier versions: such could not be taken back, and open nothing any more.
    #[serde(default)]
    token: Option<String>,
}

/// The session as Server-Sent Events.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/stream", operation_id = "stream_session", tag = "sessions", security(("bearer" = []), ()),
    params(("id" = Uuid, Path), StreamQuery, ("Last-Event-ID" = Option<i64>, Header)),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 401, body = crate::http::ProblemBody),
        (status = 403, body = crate::http::ProblemBody),
        (status = 404, body = crate::http::ProblemBody),
    ),
)]
pub(super) async fn open(
    request: HttpRequest,
    id: PathId<SessionId>,
    query: Query<StreamQuery>,
    services: web::Data<Services>,
) -> Result<HttpResponse, Problem> {
    let Services { sessions, connections, .. } = &**services;
    let session = id.into_inner();
    let Reading { viewer, opener, expires_at } = reading(&request, session, query.into_inner(), &services).await?;
    let place = connections.enter("sse", opener, &request)?;
    let too_much = |wait: Duration| {
        let detail = "you asked for much at once: come back in a moment";
        Problem::new(Code::RateLimited, detail).retry_after(wait.as_secs() + 1)
    };
    connections.charge(opener, ASKING_COSTS).map_err(too_much)?;
    // Reachable first: a login that ends now is told, one that ended before is found.
    let ended = place.introduce_stream();
    only_live(opener, &services).await?;
    // A number that no event can have is none.
    let after = request.headers().get("last-event-id").and_then(|seq| seq.to_str().ok()?.parse().ok()).map(Seq);
    let after = after.filter(|seq| *seq >= Seq::ZERO);
    let (push, pushes) = mpsc::channel(PUSHES_MAX);
    let connection = AcceptedConnection::of(&request);
    let listener = Listener {
        id: sessions.listener_id(),
        viewer,
        wants_evening: true,
        push: push.clone(),
        on_slow: Arc::new(move || cut_later(connection.clone())),
    };
    let mut comments = clock::every(COMMENT_EVERY);
    comments.reset();
    let head = sessions.look(session, |state, _| state.seq()).await?;
    connections.charge(opener, cost_of_welcome(head, after)).map_err(too_much)?;
    sessions.watch(session, listener.clone(), Uuid::nil(), after).await?;
    let closing = connections.closing();
    let reader = Reader {
        services,
        session,
        last: after,
        missed_up_to: Seq::ZERO,
        listener,
        pushes,
        comments,
        closing,
        opener,
        ended,
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

/// Who reads, by what, and for how long.
struct Reading {
    viewer: Viewer,
    opener: Opener,
    expires_at: Timestamp,
}

async fn reading(
    request: &HttpRequest,
    session: SessionId,
    query: StreamQuery,
    Services { accounts, sessions, shares, .. }: &Services,
) -> Result<Reading, Problem> {
    match query {
        StreamQuery { token: Some(_), .. } => {
            let detail = "this link is of an earlier version and has ended: share the session anew";
            Err(Problem::new(Code::TokenExpired, detail))
        }
        StreamQuery { share: Some(code), .. } => {
            let share = shares.open(&code, accounts.client_network(request), sessions).await?;
            if share.session_id != session.0 {
                return Err(Problem::new(Code::InsufficientPermissions, "this share is of another session"));
            }
            let expires_at = Timestamp::from_millis(share.expires_at_ms);
            Ok(Reading { viewer: Viewer::Share(pass_of(&share)), opener: Opener::Share(share.id), expires_at })
        }
        StreamQuery { share: None, token: None } => {
            let user = CurrentUser::of(request, accounts)?;
            readable(sessions, session, user.id).await?;
            let opener = Opener::Login(user.id, user.login_id);
            Ok(Reading { viewer: Viewer::User(user.id), opener, expires_at: user.expires_at })
        }
    }
}

async fn only_live(opener: Opener, Services { accounts, shares, .. }: &Services) -> Result<(), Problem> {
    match opener {
        Opener::Login(_, login) if !accounts.login_is_live(login).await? => {
            Err(Problem::new(Code::Unauthenticated, "this login was ended"))
        }
        Opener::Share(share) if !shares.is_live(share).await? => {
            Err(Problem::new(Code::TokenExpired, "this share has ended"))
        }
        _ => Ok(()),
    }
}

/// The first event of a stream: the session, and beside its fields what a board shows of the evening.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamSnapshot)]
pub(super) struct Snapshot<'a> {
    #[serde(flatten)]
    session: &'a SessionView,
    #[serde(flatten)]
    evening: Option<&'a EveningView>,
}

struct Reader {
    session: SessionId,
    /// The last event that was told; `None`: it begins with the state.
    last: Option<Seq>,
    /// Up to here they are read from the journal: there is no bound to what may have been missed.
    missed_up_to: Seq,
    listener: Listener,
    services: web::Data<Services>,
    pushes: mpsc::Receiver<Push>,
    comments: Interval,
    closing: watch::Receiver<bool>,
    opener: Opener,
    /// What opened it has ended.
    ended: Arc<Notify>,
    expires_at: Timestamp,
    ready: VecDeque<Bytes>,
    _place: Place,
}

impl Reader {
    /// The next piece of the stream; `None`: it ends, and the reader comes back with `Last-Event-ID`.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.has_ended() {
                return None;
            }
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if let Some(last) = self.last.filter(|last| *last < self.missed_up_to) {
                self.catch_up(last).await?;
                continue;
            }
            let end = tokio::time::Instant::now() + self.left();
            tokio::select! {
                push = self.pushes.recv() => self.take(push?).await?,
                _ = self.comments.tick() => return self.still_here().await,
                _ = self.closing.changed() => return None,
                () = self.ended.notified() => return None,
                () = sleep_until(end) => return None,
            }
        }
    }

    /// One page of what was missed, which ends with whatever ends the stream.
    async fn catch_up(&mut self, last: Seq) -> Option<()> {
        let end = tokio::time::Instant::now() + self.left();
        let page = async {
            self.services.connections.charge_in_turn(self.opener, MISSED_PAGE).await;
            self.services.sessions.journal().read_history(self.session, last, MISSED_PAGE.into()).await
        };
        let missed = tokio::select! {
            page = page => page.ok()?,
            _ = self.closing.changed() => return None,
            () = self.ended.notified() => return None,
            () = sleep_until(end) => return None,
        };
        self.events(&missed);
        // A log that does not go on from there: the reader comes back and sees for itself.
        if self.last == Some(last) {
            return None;
        }
        // What happened meanwhile is stored, so it is read in its turn; but who may not read any more hears of it here.
        while let Ok(push) = self.pushes.try_recv() {
            match push {
                Push::Events(records) if self.is_behind() => {
                    let head = records.last().map_or(Seq::ZERO, |record| record.seq());
                    self.missed_up_to = self.missed_up_to.max(head);
                }
                push => self.take(push).await?,
            }
        }
        if self.comments.tick().now_or_never().is_some() {
            let comment = self.still_here().await?;
            self.ready.push_back(comment);
        }
        Some(())
    }

    fn is_behind(&self) -> bool {
        self.last.is_some_and(|last| last < self.missed_up_to)
    }

    /// How long what opened it lasts.
    fn left(&self) -> Duration {
        let left_ms = self.expires_at.millis().saturating_sub(clock::now().millis());
        Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))
    }

    fn has_ended(&self) -> bool {
        self.left().is_zero() || *self.closing.borrow() || self.ended.notified().now_or_never().is_some()
    }

    /// What tells of the end of a share may be lost with a broker: it is looked at now and then.
    async fn still_here(&self) -> Option<Bytes> {
        let has_ended = match self.opener {
            // Where the database does not answer, it goes on as it is.
            Opener::Share(share) => self.services.shares.is_live(share).await.is_ok_and(|is_live| !is_live),
            Opener::Login(..) => false,
        };
        (!has_ended).then_some(Bytes::from_static(b": still here\n\n"))
    }

    async fn take(&mut self, push: Push) -> Option<()> {
        match push {
            Push::Welcome(welcome) => match &welcome.view {
                Some(_) if self.last.is_some_and(|last| (Seq::ZERO..=welcome.seq).contains(&last)) => {
                    self.missed_up_to = welcome.seq;
                }
                Some(view) => {
                    let seq = welcome.seq;
                    self.last = Some(seq);
                    let snapshot = Snapshot { session: view, evening: welcome.evening.as_ref() };
                    let state = serde_json::to_string(&snapshot).ok()?;
                    self.ready.push_back(Bytes::from(format!("id: {seq}\nevent: snapshot\ndata: {state}\n\n")));
                }
                None => self.events(&welcome.missed),
            },
            Push::Events(records) => self.events(&records),
            Push::Presence { .. } => {}
            Push::Lost(_) => {
                let (session, listener) = (self.session, self.listener.clone());
                self.services.sessions.watch(session, listener, Uuid::nil(), self.last).await.ok()?;
            }
            Push::Dismissed(..) => return None,
        }
        Some(())
    }

    fn events(&mut self, records: &[Arc<crate::journal::Record>]) {
        for record in records {
            if self.last == Some(record.seq().previous()) {
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
        self.services.sessions.leave(self.session, self.listener.id);
    }
}
