//! One WebSocket, one actor (nothing else knows actix-web-actors). It turns frames into calls of the session room
//! and pushes into frames; what a session is, it does not know.

mod chat;
mod items;
mod messages;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::{ActorContext, ActorFutureExt, AsyncContext, SpawnHandle, WrapFuture};
use actix_http::error::PayloadError;
use actix_http::ws::{CloseCode, CloseReason};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use bytestring::ByteString;
use futures_util::stream;
use tokio::sync::mpsc;
use uuid::Uuid;

use self::chat::ChatFrame;
use super::Services;
use super::accepted::{AcceptedConnection, cut_later};
use super::backlog::Backlog;
use super::connections::{ASKING_COSTS, Opener, Place, cost_of_welcome};
use super::frames::Frames;
use super::handshake;
use super::socket_handle::SocketHandle;
use super::stats_frames::StatsFrames;
use super::subscriptions::{
    EventDecision, FailureDecision, SUBSCRIPTIONS_MAX, SubscribeDecision, Subscriptions, WatchId, WelcomeDecision,
};
use super::topics::TopicName;
use super::wire::{self, BadFrame, ClientFrame, Close, ServerFrame};
use crate::account::{CurrentUser, PublicUser, TokenBucket};
use crate::clock;
use crate::game::command::Command;
use crate::http::{Code, Problem};
use crate::ids::{CommandId, CorrelationId, Seq, SessionId};
use crate::session::{CommandError, Listener, Push, Submission, Viewer, Welcome};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNMARKED: Trouble = Trouble::new();
static UNREAD: Trouble = Trouble::new();

/// Pushes that may wait for one socket, of its sessions and of its user each; when that is full the socket is a slow
/// consumer.
const PUSHES_MAX: usize = 256;
/// Frames a second for each command a second, and at least so many: what is over the rate of commands is refused, so it
/// has to be read.
const FRAMES_PER_COMMAND: u32 = 5;
const FRAMES_MIN: u32 = 100;
const REFUSALS_MAX: u32 = 200;
const REFUSALS_WINDOW: Duration = Duration::from_secs(10);

/// `GET /ws`
pub(super) async fn open(
    request: HttpRequest,
    payload: web::Payload,
    services: web::Data<Services>,
) -> Result<HttpResponse, Problem> {
    let Services { accounts, connections, settings, .. } = &**services;
    handshake::check_origin(&request, &settings.allowed_origins)?;
    let user = match handshake::token_in_protocols(&request) {
        Some(token) => accounts.verify(&token)?,
        None => CurrentUser::of(&request, accounts)?,
    };
    if !accounts.login_is_live(user.login_id).await? {
        return Err(Problem::new(Code::Unauthenticated, "this login was ended"));
    }
    let profile = accounts
        .public_profile(user.id)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated, "this account is gone"))?;
    let place = connections.enter("websocket", Opener::Login(user.id, user.login_id), &request)?;
    let frames_per_second = f64::from((FRAMES_PER_COMMAND * settings.commands_per_second).max(FRAMES_MIN));
    let socket = Socket::new((user, profile), place, AcceptedConnection::of(&request), services);
    let mut response = ws::handshake_with_protocols(&request, &[handshake::PROTOCOL])
        .map_err(|error| Problem::new(Code::ValidationFailed, format!("no WebSocket handshake: {error}")))?;
    let tokens = TokenBucket::new(frames_per_second, 2.0 * frames_per_second, Instant::now());
    let frames = Frames::new(payload, tokens);
    // The context buffers whatever its own stream gives, so it gets none.
    let nothing = stream::pending::<Result<Bytes, PayloadError>>();
    Ok(response.streaming(ws::WebsocketContext::with_factory(nothing, move |ctx| {
        ctx.add_stream(frames);
        socket
    })))
}

struct Socket {
    user: CurrentUser,
    profile: PublicUser,
    place: Place,
    connection: Option<Arc<AcceptedConnection>>,
    services: web::Data<Services>,
    /// Of each topic.
    backlogs: [Backlog; TopicName::ALL.len()],
    stats: StatsFrames,
    listener_id: u64,
    /// Where the sessions push; made with the first subscription, since many sockets never have one.
    push: Option<mpsc::Sender<Push>>,
    subscriptions: Subscriptions,
    /// Subscriptions that wait for their turn.
    starting: HashMap<SessionId, SpawnHandle>,
    refusals: (Instant, u32),
    heard_at: Instant,
    expiry: Option<SpawnHandle>,
}

type Ctx = ws::WebsocketContext<Socket>;

impl Socket {
    fn new(
        (user, profile): (CurrentUser, PublicUser),
        place: Place,
        connection: Option<Arc<AcceptedConnection>>,
        services: web::Data<Services>,
    ) -> Self {
        let now = Instant::now();
        Self {
            listener_id: services.sessions.listener_id(),
            user,
            profile,
            place,
            connection,
            services,
            backlogs: Default::default(),
            stats: StatsFrames::default(),
            push: None,
            subscriptions: Subscriptions::default(),
            starting: HashMap::new(),
            refusals: (now, 0),
            heard_at: now,
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
        match wire::parse(text) {
            Ok(ClientFrame::Command { id, session_id, command }) => {
                if self.services.accounts.user_limits().command(self.user.id, Instant::now()).is_err() {
                    return self.rate_limited(Some(id), ctx);
                }
                match wire::parse_command(id, command) {
                    Ok(command) => self.command(id, session_id, Command::Score(command), ctx),
                    Err(bad) => self.refuse(&bad, ctx),
                }
            }
            Ok(ClientFrame::Subscribe { id, session_id, after_seq }) => self.subscribe(id, session_id, after_seq, ctx),
            Ok(ClientFrame::Unsubscribe { id, session_id }) => {
                if let Some(starting) = self.starting.remove(&session_id) {
                    ctx.cancel_future(starting);
                }
                if self.subscriptions.end(session_id) {
                    self.services.sessions.leave(session_id, self.listener_id);
                }
                ctx.text(ServerFrame::Unsubscribed { id, session_id }.encode());
            }
            Ok(ClientFrame::Authenticate { id, token }) => self.authenticate(id, &token, ctx),
            Ok(ClientFrame::Message { id, chat_id: chat, content }) => {
                self.chat(id, ChatFrame::Say { chat, content }, ctx);
            }
            Ok(ClientFrame::EditMessage { id, message_id: message, content }) => {
                self.chat(id, ChatFrame::Edit { message, content }, ctx);
            }
            Ok(ClientFrame::DeleteMessage { id, message_id: message }) => {
                self.chat(id, ChatFrame::Delete { message }, ctx);
            }
            Ok(ClientFrame::Read { chat_id, up_to }) => self.read(chat_id, up_to, ctx),
            Ok(ClientFrame::Typing { chat_id }) => self.typing(chat_id, ctx),
            Ok(ClientFrame::Received { message_ids }) => self.acknowledge(TopicName::Messages, message_ids, ctx),
            Ok(ClientFrame::AckNotifications { ids }) => self.acknowledge(TopicName::Notifications, ids, ctx),
            Ok(ClientFrame::Pong { .. }) => {}
            Err(bad) => self.refuse(&bad, ctx),
        }
    }

    fn command(&mut self, id: Uuid, session_id: SessionId, command: Command, ctx: &mut Ctx) {
        let submission = Submission::new(self.user.id, None, command, CommandId(id), CorrelationId(id));
        let sessions = self.services.sessions.clone();
        let executing = async move { sessions.execute(session_id, submission).await };
        let answered = executing.into_actor(self).map(move |result, _, ctx: &mut Ctx| {
            let frame = match &result {
                Ok(played) => {
                    let events = wire::raw_events(&played.records);
                    let echo_of = played.records.first().and_then(|record| record.event.fact.echo_of());
                    ServerFrame::Ack { id, session_id, seq: played.seq, events, echo_of }.encode()
                }
                Err(error) => error_frame(id, session_id, error),
            };
            ctx.text(frame);
        });
        ctx.spawn(answered);
    }

    fn subscribe(&mut self, id: Uuid, session_id: SessionId, after: Option<Seq>, ctx: &mut Ctx) {
        match self.subscriptions.ask(session_id, id) {
            SubscribeDecision::Watches(watching) => self.watch(session_id, watching, after, ctx),
            SubscribeDecision::Awaits => self.rate_limited(Some(id), ctx),
            SubscribeDecision::TooMany => {
                let message = format!("{SUBSCRIPTIONS_MAX} subscriptions at most for one connection");
                self.refuse(&BadFrame { id: Some(id), code: Code::ValidationFailed.as_str(), message }, ctx);
            }
        }
    }

    fn watch(&mut self, session_id: SessionId, watching: WatchId, after: Option<Seq>, ctx: &mut Ctx) {
        let (sessions, user) = (self.services.sessions.clone(), self.user.id);
        let (connections, payer) = (self.place.connections().clone(), Opener::Login(user, self.user.login_id));
        let listener = self.listener(ctx);
        let starting = async move {
            connections.charge_in_turn(payer, ASKING_COSTS).await;
            let head = sessions.look(session_id, move |state, _| state.may_read(user).map(|()| state.seq())).await??;
            connections.charge_in_turn(payer, cost_of_welcome(head, after)).await;
            sessions.watch(session_id, listener, watching.request, after).await
        };
        let starting = ctx.spawn(starting.into_actor(self).map(move |result, socket, ctx: &mut Ctx| {
            socket.starting.remove(&session_id);
            let Err(error) = result else { return };
            match socket.subscriptions.failed(session_id, watching) {
                FailureDecision::NotAwaited => {}
                FailureDecision::Answers(id) => ctx.text(error_frame(id, session_id, &error)),
                FailureDecision::Closes => socket.close(Close::TryAgainLater, ctx),
            }
        }));
        if let Some(earlier) = self.starting.insert(session_id, starting) {
            ctx.cancel_future(earlier);
        }
    }

    fn listener(&mut self, ctx: &mut Ctx) -> Listener {
        let push = self.push.get_or_insert_with(|| {
            let (push, mut pushes) = mpsc::channel(PUSHES_MAX);
            ctx.add_stream(stream::poll_fn(move |cx| pushes.poll_recv(cx)));
            push
        });
        let push = push.clone();
        let (socket, connection) = (SocketHandle::new(ctx.address().recipient()), self.connection.clone());
        Listener {
            id: self.listener_id,
            viewer: Viewer::User(self.user.id),
            wants_evening: false,
            push,
            on_slow: Arc::new(move || {
                socket.close(Close::SlowConsumer);
                cut_later(connection.clone());
            }),
        }
    }

    fn authenticate(&mut self, id: Uuid, token: &str, ctx: &mut Ctx) {
        match self.services.accounts.verify(token) {
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

    fn close_when_expired(&mut self, ctx: &mut Ctx) {
        let left_ms = self.user.expires_at.millis() - clock::now().millis();
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        let timer = ctx.run_later(left, |socket, ctx| socket.close(Close::TokenExpired, ctx));
        if let Some(earlier) = self.expiry.replace(timer) {
            ctx.cancel_future(earlier);
        }
    }

    fn is_silent(&self) -> bool {
        self.heard_at.elapsed() > 2 * self.services.settings.heartbeat
    }

    fn heartbeat(&mut self, ctx: &mut Ctx) {
        if self.is_silent() {
            // After a stop of this process the time is over before what the client sent meanwhile is read.
            ctx.run_later(self.services.settings.heartbeat / 2, |socket, ctx| {
                if socket.is_silent() {
                    socket.close(Close::HeartbeatLost, ctx);
                }
            });
        }
        ctx.text(ServerFrame::Ping { ts: clock::now() }.encode());
    }

    fn welcomed(&mut self, welcome: &Welcome, ctx: &mut Ctx) {
        let Welcome { session, request, seq, ref view, ref missed, .. } = *welcome;
        match self.subscriptions.welcomed(session, request, seq) {
            Some(WelcomeDecision::Answers(id)) => {
                let events = wire::raw_events(missed);
                let frame = ServerFrame::Subscribed { id, session_id: session, seq, session: view.as_ref(), events };
                ctx.text(frame.encode());
            }
            // More was missed than can be told in events: the client has to ask for the state.
            Some(WelcomeDecision::GoesOn) if view.is_some() => self.close(Close::GoingAway, ctx),
            Some(WelcomeDecision::GoesOn) => self.events(missed, ctx),
            None => {}
        }
    }

    fn events(&mut self, records: &[Arc<crate::journal::Record>], ctx: &mut Ctx) {
        for record in records {
            let session = record.event.session_id;
            match self.subscriptions.heard(session, record.seq()) {
                EventDecision::Next => ctx.text(wire::event_frame(record)),
                EventDecision::NotNow => {}
                EventDecision::Gap => return self.watch_again(session, ctx),
            }
        }
    }

    fn watch_again(&mut self, session: SessionId, ctx: &mut Ctx) {
        if let Some((watching, after)) = self.subscriptions.again(session) {
            self.watch(session, watching, after, ctx);
        }
    }
}

fn error_frame(id: Uuid, session_id: SessionId, error: &CommandError) -> ByteString {
    let message = error.to_string();
    ServerFrame::Error { id: Some(id), session_id: Some(session_id), code: error.code(), message: &message }.encode()
}
