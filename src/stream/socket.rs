//! One WebSocket, one actor (the only file that knows actix-web-actors). It turns frames into calls of the session room
//! and pushes into frames; what a session is, it does not know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Handler, SpawnHandle, StreamHandler, WrapFuture,
};
use actix_http::ws::{CloseCode, CloseReason, Item, ProtocolError};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use bytestring::ByteString;
use futures_util::stream;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::connections::{Connections, Place, Told};
use super::fragments::{Fragments, Taken};
use super::handshake;

use super::inbox::{BACKLOG, Inbox, StatsTold};
use super::subscriptions::{Failed, Heard, SUBSCRIPTIONS_MAX, Subscriptions, Watching, Welcomed};
use super::wire::{self, BadFrame, ClientFrame, Close, FRAME_MAX, ServerFrame};
use super::{Scissors, Settings, cut_later};
use crate::account::{Accounts, CurrentUser, PublicUser, TokenBucket};
use crate::clock;
use crate::game::command::Command;
use crate::game::id::{Seq, SessionId};
use crate::problem::{Code, Problem};
use crate::session::{Listener, NotPlayed, Order, Push, Sessions, Welcome};
use crate::social::Notifications;

/// Pushes that may wait for one socket; when it is full the socket is a slow consumer.
const PUSHES_MAX: usize = 256;
/// Other frames a second for each command a second.
const FRAMES_PER_COMMAND: u32 = 5;
const REFUSALS_MAX: u32 = 200;
const REFUSALS_WINDOW: Duration = Duration::from_secs(10);

/// `GET /ws`
pub(super) async fn open(
    request: HttpRequest,
    payload: web::Payload,
    accounts: web::Data<Accounts>,
    sessions: web::Data<Sessions>,
    notifications: web::Data<Notifications>,
    connections: web::Data<Connections>,
    settings: web::Data<Settings>,
) -> Result<HttpResponse, Problem> {
    handshake::check_origin(&request, &settings.allowed_origins)?;
    let user = match handshake::token_in_protocols(&request) {
        Some(token) => accounts.verify(&token)?,
        None => CurrentUser::of(&request, &accounts)?,
    };
    if !accounts.login_is_live(user.login_id).await? {
        return Err(Problem::new(Code::Unauthenticated, "this login was ended"));
    }
    let profile = accounts
        .public_profile(user.id)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated, "this account is gone"))?;
    let place = connections
        .enter("websocket")
        .ok_or_else(|| Problem::new(Code::Overloaded, "all connections of this server are taken"))?;
    let scissors = request.conn_data::<Arc<Scissors>>().cloned();
    let socket = Socket::new((user, profile), place, scissors, &accounts, &sessions, &notifications, &settings);
    ws::WsResponseBuilder::new(socket, &request, payload)
        .protocols(&[handshake::PROTOCOL])
        .frame_size(FRAME_MAX)
        .start()
        .map_err(|error| Problem::new(Code::ValidationFailed, format!("no WebSocket handshake: {error}")))
}

struct Socket {
    user: CurrentUser,
    profile: PublicUser,
    place: Place,
    scissors: Option<Arc<Scissors>>,
    accounts: web::Data<Accounts>,
    sessions: web::Data<Sessions>,
    notifications: web::Data<Notifications>,
    inbox: Inbox,
    stats: StatsTold,
    settings: web::Data<Settings>,
    listener_id: u64,
    /// Where the sessions push; made with the first subscription, since many sockets never have one.
    push: Option<mpsc::Sender<Push>>,
    subscriptions: Subscriptions,
    commands: TokenBucket,
    frames: TokenBucket,
    refusals: (Instant, u32),
    heard_at: Instant,
    fragments: Fragments,
    expiry: Option<SpawnHandle>,
}

type Ctx = ws::WebsocketContext<Socket>;

impl Socket {
    fn new(
        (user, profile): (CurrentUser, PublicUser),
        place: Place,
        scissors: Option<Arc<Scissors>>,
        accounts: &web::Data<Accounts>,
        sessions: &web::Data<Sessions>,
        notifications: &web::Data<Notifications>,
        settings: &web::Data<Settings>,
    ) -> Self {
        let now = Instant::now();
        let rate = settings.commands_per_second;
        Self {
            listener_id: sessions.listener_id(),
            user,
            profile,
            place,
            scissors,
            accounts: accounts.clone(),
            sessions: sessions.clone(),
            notifications: notifications.clone(),
            inbox: Inbox::default(),
            stats: StatsTold::default(),
            settings: settings.clone(),
            push: None,
            subscriptions: Subscriptions::default(),
            commands: TokenBucket::new(f64::from(rate), f64::from(2 * rate), now),
            frames: TokenBucket::new(
                f64::from(FRAMES_PER_COMMAND * rate),
                f64::from(2 * FRAMES_PER_COMMAND * rate),
                now,
            ),
            refusals: (now, 0),
            heard_at: now,
            fragments: Fragments::default(),
            expiry: None,
        }
    }

    fn close(&self, why: Close, ctx: &mut Ctx) {
        ctx.close(Some(CloseReason { code: CloseCode::from(why as u16), description: Some(why.reason().to_owned()) }));
        ctx.stop();
    }

    fn refuse(&mut self, bad: &BadFrame, ctx: &mut Ctx) {
        let frame = ServerFrame::Error { id: bad.id, session_id: None, code: bad.code, message: bad.message.as_str() };
        ctx.text(frame.encode());
    }

    fn rate_limited(&mut self, id: Option<Uuid>, ctx: &mut Ctx) {
        let now = Instant::now();
        if now.duration_since(self.refusals.0) > REFUSALS_WINDOW {
            self.refusals = (now, 0);
        }
        self.refusals.1 += 1;
        if self.refusals.1 >= REFUSALS_MAX {
            return self.close(Close::Flooding, ctx);
        }
        let message = "slower, please".to_owned();
        self.refuse(&BadFrame { id, code: Code::RateLimited.as_str(), message }, ctx);
    }

    fn text(&mut self, text: &str, ctx: &mut Ctx) {
        let now = Instant::now();
        if !self.frames.try_take(now) {
            return self.rate_limited(None, ctx);
        }
        match wire::parse(text) {
            Ok(ClientFrame::Command { id, session_id, command }) => {
                if !self.commands.try_take(now) {
                    return self.rate_limited(Some(id), ctx);
                }
                match wire::parse_command(id, command) {
                    Ok(command) => self.command(id, session_id, Command::Score(command), ctx),
                    Err(bad) => self.refuse(&bad, ctx),
                }
            }
            Ok(ClientFrame::Subscribe { id, session_id, after_seq }) => self.subscribe(id, session_id, after_seq, ctx),
            Ok(ClientFrame::Unsubscribe { id, session_id }) => {
                if self.subscriptions.end(session_id) {
                    self.sessions.leave(session_id, self.listener_id);
                }
                ctx.text(ServerFrame::Unsubscribed { id, session_id }.encode());
            }
            Ok(ClientFrame::Authenticate { id, token }) => self.authenticate(id, &token, ctx),
            Ok(ClientFrame::AckNotifications { ids }) => self.acknowledge(ids, ctx),
            Ok(ClientFrame::Pong { .. }) => {}
            Err(bad) => self.refuse(&bad, ctx),
        }
    }

    fn command(&mut self, id: Uuid, session_id: SessionId, command: Command, ctx: &mut Ctx) {
        let order = Order { user: self.user.id, game: None, command, command_id: id, correlation_id: id };
        let sessions = self.sessions.clone();
        let executing = async move { sessions.execute(session_id, order).await };
        let answered = executing.into_actor(self).map(move |result, _, ctx: &mut Ctx| {
            let frame = match &result {
                Ok(played) => {
                    let events = wire::raw_events(&played.records);
                    ServerFrame::Ack { id, session_id, seq: played.seq, events }.encode()
                }
                Err(error) => error_frame(id, session_id, error),
            };
            ctx.text(frame);
        });
        ctx.spawn(answered);
    }

    fn subscribe(&mut self, id: Uuid, session_id: SessionId, after: Option<Seq>, ctx: &mut Ctx) {
        match self.subscriptions.ask(session_id, id) {
            Some(watching) => self.watch(session_id, watching, after, ctx),
            None => {
                let message = format!("{SUBSCRIPTIONS_MAX} subscriptions at most for one connection");
                self.refuse(&BadFrame { id: Some(id), code: Code::ValidationFailed.as_str(), message }, ctx);
            }
        }
    }

    fn watch(&mut self, session_id: SessionId, watching: Watching, after: Option<Seq>, ctx: &mut Ctx) {
        let (sessions, user) = (self.sessions.clone(), self.user.id);
        let listener = self.listener(ctx);
        let starting = async move {
            if !sessions.look(session_id, move |state, _| state.may_read(user)).await? {
                return Err(NotPlayed::Refused(not_a_participant()));
            }
            sessions.watch(session_id, listener, watching.request, after).await
        };
        ctx.spawn(starting.into_actor(self).map(move |result, socket, ctx: &mut Ctx| {
            let Err(error) = result else { return };
            match socket.subscriptions.failed(session_id, watching) {
                Failed::Overtaken => {}
                Failed::Answers(ids) => ids.into_iter().for_each(|id| ctx.text(error_frame(id, session_id, &error))),
                Failed::Closes => socket.close(Close::TryAgainLater, ctx),
            }
        }));
    }

    fn listener(&mut self, ctx: &mut Ctx) -> Listener {
        let push = self.push.get_or_insert_with(|| {
            let (push, mut pushes) = mpsc::channel(PUSHES_MAX);
            ctx.add_stream(stream::poll_fn(move |cx| pushes.poll_recv(cx)));
            push
        });
        let push = push.clone();
        let (address, scissors) = (ctx.address(), self.scissors.clone());
        Listener {
            id: self.listener_id,
            user: Some(self.user.id),
            push,
            on_slow: Arc::new(move || {
                let _ = address.try_send(Told::Close(Close::SlowConsumer));
                cut_later(scissors.clone());
            }),
        }
    }

    fn authenticate(&mut self, id: Uuid, token: &str, ctx: &mut Ctx) {
        match self.accounts.verify(token) {
            Ok(user) if user.id == self.user.id => {
                self.user = user;
                self.place.introduce(self.user.id, self.user.login_id, ctx.address().recipient());
                self.close_when_expired(ctx);
                ctx.text(ServerFrame::Authenticated { id, expires_at: self.user.expires_at }.encode());
            }
            Ok(_) => {
                let message = "this token is of another user".to_owned();
                self.refuse(&BadFrame { id: Some(id), code: Code::Unauthenticated.as_str(), message }, ctx);
            }
            Err(problem) => {
                let bad =
                    BadFrame { id: Some(id), code: problem.code().as_str(), message: problem.detail().to_owned() };
                self.refuse(&bad, ctx);
            }
        }
    }

    /// Sends what no device of the user had yet; new notifications wait until then.
    fn send_undelivered(&mut self, ctx: &mut Ctx) {
        let (notifications, user, after) = (self.notifications.clone(), self.user.id, self.inbox.begin());
        let reading = async move { notifications.undelivered(user, after, BACKLOG).await };
        ctx.spawn(reading.into_actor(self).map(|read, socket, ctx: &mut Ctx| match read {
            Ok(old) => socket.inbox.read(&old).into_iter().for_each(|frame| ctx.text(frame)),
            Err(error) => {
                tracing::error!(%error, "the notifications of a user could not be read");
                // They would be missed: a new connection reads them again.
                socket.close(Close::TryAgainLater, ctx);
            }
        }));
    }

    fn acknowledge(&mut self, ids: Vec<Uuid>, ctx: &mut Ctx) {
        let (notifications, user) = (self.notifications.clone(), self.user.id);
        let marking = async move { notifications.delivered(user, ids).await };
        ctx.spawn(marking.into_actor(self).map(|marked, _, _| {
            if let Err(error) = marked {
                tracing::warn!(%error, "notifications are not marked delivered and will come again");
            }
        }));
        if self.inbox.has_more() {
            self.send_undelivered(ctx);
        }
    }

    fn tell_stats(&mut self, ctx: &mut Ctx) {
        if let Some(frame) = self.stats.take(self.user.id, Instant::now()) {
            ctx.text(frame);
        }
    }

    fn close_when_expired(&mut self, ctx: &mut Ctx) {
        let left_ms = self.user.expires_at.millis() - clock::now().millis();
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        let timer = ctx.run_later(left, |socket, ctx| socket.close(Close::TokenExpired, ctx));
        if let Some(earlier) = self.expiry.replace(timer) {
            ctx.cancel_future(earlier);
        }
    }

    fn heartbeat(&mut self, ctx: &mut Ctx) {
        if self.heard_at.elapsed() > 2 * self.settings.heartbeat {
            return self.close(Close::HeartbeatLost, ctx);
        }
        ctx.text(ServerFrame::Ping { ts: clock::now() }.encode());
    }

    fn welcomed(&mut self, welcome: &Welcome, ctx: &mut Ctx) {
        let Welcome { session, request, seq, ref view, ref missed } = *welcome;
        match self.subscriptions.welcomed(session, request, seq) {
            Some(Welcomed::Answers(ids)) => {
                for id in ids {
                    let events = wire::raw_events(missed);
                    let frame =
                        ServerFrame::Subscribed { id, session_id: session, seq, session: view.as_ref(), events };
                    ctx.text(frame.encode());
                }
            }
            // More was missed than can be told in events: the client has to ask for the state.
            Some(Welcomed::GoesOn) if view.is_some() => self.close(Close::GoingAway, ctx),
            Some(Welcomed::GoesOn) => self.events(missed, ctx),
            None => {}
        }
    }

    fn events(&mut self, records: &[Arc<crate::journal::Record>], ctx: &mut Ctx) {
        for record in records {
            let session = record.event.session_id;
            match self.subscriptions.heard(session, record.seq()) {
                Heard::Next => ctx.text(wire::event_frame(record)),
                Heard::NotNow => {}
                Heard::Gap => return self.watch_again(session, ctx),
            }
        }
    }

    fn watch_again(&mut self, session: SessionId, ctx: &mut Ctx) {
        if let Some((watching, after)) = self.subscriptions.again(session) {
            self.watch(session, watching, after, ctx);
        }
    }
}

fn not_a_participant() -> crate::game::command::Refusal {
    crate::game::command::Refusal::NotAllowed("this session is private to its participants")
}

fn error_frame(id: Uuid, session_id: SessionId, error: &NotPlayed) -> ByteString {
    let message = error.to_string();
    ServerFrame::Error { id: Some(id), session_id: Some(session_id), code: error.code(), message: &message }.encode()
}

impl Actor for Socket {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        self.place.introduce(self.user.id, self.user.login_id, ctx.address().recipient());
        self.close_when_expired(ctx);
        ctx.run_interval(self.settings.heartbeat, Self::heartbeat);
        let connected = ServerFrame::Connected {
            connection_id: self.place.id(),
            user: &self.profile,
            heartbeat_seconds: self.settings.heartbeat.as_secs(),
            server_time: clock::now(),
        };
        ctx.text(connected.encode());
        self.inbox.hold();
    }

    fn stopped(&mut self, _: &mut Ctx) {
        for session in self.subscriptions.sessions() {
            self.sessions.leave(session, self.listener_id);
        }
    }
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for Socket {
    fn handle(&mut self, message: Result<ws::Message, ProtocolError>, ctx: &mut Ctx) {
        self.heard_at = Instant::now();
        match message {
            Ok(ws::Message::Text(text)) => self.text(&text, ctx),
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Binary(_)) => self.binary(ctx),
            Ok(ws::Message::Continuation(item)) => self.continued(item, ctx),
            Ok(ws::Message::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            Err(ProtocolError::Overflow) => self.close(Close::TooBig, ctx),
            Err(_) => self.close(Close::Policy, ctx),
        }
    }
}

impl Socket {
    fn binary(&mut self, ctx: &mut Ctx) {
        // Costs what a text frame costs.
        if !self.frames.try_take(Instant::now()) {
            return self.rate_limited(None, ctx);
        }
        let message = "text frames only".to_owned();
        self.refuse(&BadFrame { id: None, code: Code::MalformedJson.as_str(), message }, ctx);
    }

    fn continued(&mut self, item: Item, ctx: &mut Ctx) {
        match self.fragments.take(item) {
            Taken::More => {}
            Taken::Text(text) => self.text(&text, ctx),
            Taken::Binary => self.binary(ctx),
            Taken::TooBig => self.close(Close::TooBig, ctx),
            Taken::NoText => self.close(Close::Policy, ctx),
        }
    }
}

impl StreamHandler<Push> for Socket {
    fn handle(&mut self, push: Push, ctx: &mut Ctx) {
        match &push {
            Push::Events(records) => self.events(records, ctx),
            Push::Welcome(welcome) => self.welcomed(welcome, ctx),
            Push::Presence { session, online } => {
                if self.subscriptions.is_welcome(*session) {
                    ctx.text(ServerFrame::Presence { session_id: *session, online }.encode());
                }
            }
            Push::Lost(session) => self.watch_again(*session, ctx),
            Push::Dismissed(session) => {
                if self.subscriptions.end(*session) {
                    let frame = ServerFrame::Error {
                        id: None,
                        session_id: Some(*session),
                        code: Code::InsufficientPermissions.as_str(),
                        message: "this session is private now",
                    };
                    ctx.text(frame.encode());
                }
            }
        }
    }
}

impl Handler<Told> for Socket {
    type Result = ();

    fn handle(&mut self, told: Told, ctx: &mut Ctx) {
        match told {
            Told::Close(why) => self.close(why, ctx),
            Told::Notification(id, frame) => {
                if let Some(frame) = self.inbox.take(id, frame) {
                    ctx.text(frame);
                }
            }
            Told::Reachable => {
                if !self.inbox.has_begun() {
                    self.send_undelivered(ctx);
                }
            }
            Told::Missed => self.send_undelivered(ctx),
            Told::Stats(changes) => {
                if let Some(wait) = self.stats.add(&changes, Instant::now()) {
                    ctx.run_later(wait, Self::tell_stats);
                }
            }
        }
    }
}
