//! What reaches a socket: frames of its client, and what it is told.

use std::sync::atomic::Ordering;
use std::time::Instant;

use actix::prelude::{Actor, ActorContext, AsyncContext, Handler, StreamHandler};
use actix_http::ws::ProtocolError;
use actix_web_actors::ws;

use super::{Ctx, PUSHES_MAX, Socket};
use crate::clock;
use crate::http::Code;
use crate::session::Push;
use crate::stream::backlog::Backlog;
use crate::stream::connections::UserPush;
use crate::stream::frames::Incoming;
use crate::stream::topics::TopicName;
use crate::stream::wire::{BadFrame, Close, ServerFrame};

impl Actor for Socket {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        ctx.set_mailbox_capacity(PUSHES_MAX);
        self.place.introduce(self.user.id, self.user.login_id, ctx.address().recipient());
        self.close_when_expired(ctx);
        ctx.run_interval(self.services.settings.heartbeat, Self::heartbeat);
        let connected = ServerFrame::Connected {
            connection_id: self.place.id(),
            user: &self.profile,
            heartbeat_seconds: self.services.settings.heartbeat.as_secs(),
            server_time: clock::now(),
        };
        ctx.text(connected.encode());
        self.backlogs.iter_mut().for_each(Backlog::hold);
    }

    fn stopped(&mut self, _: &mut Ctx) {
        for session in self.subscriptions.sessions() {
            self.services.sessions.leave(session, self.listener_id);
        }
        self.mark_rest();
    }
}

impl StreamHandler<Result<Incoming, Close>> for Socket {
    fn handle(&mut self, incoming: Result<Incoming, Close>, ctx: &mut Ctx) {
        self.heard_at = Instant::now();
        match incoming {
            Ok(Incoming::Text(text)) => self.text(&text, ctx),
            Ok(Incoming::Binary) => {
                let message = "text frames only".to_owned();
                self.refuse(&BadFrame { id: None, code: Code::MalformedJson.as_str(), message }, ctx);
            }
            Ok(Incoming::Ping(payload)) => ctx.pong(&payload),
            Ok(Incoming::Sign) => {}
            Ok(Incoming::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            Err(why) => self.close(why, ctx),
        }
    }
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for Socket {
    /// Wanted by the context, whose own stream never gives anything.
    fn handle(&mut self, _: Result<ws::Message, ProtocolError>, _: &mut Ctx) {}
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
            Push::Dismissed(session, refusal) => {
                // Who was removed between asking and hearing is answered; whoever was welcome is told.
                if let Some(id) = self.subscriptions.dismissed(*session) {
                    let (session_id, code, message) = (Some(*session), refusal.code(), refusal.to_string());
                    ctx.text(ServerFrame::Error { id, session_id, code, message: &message }.encode());
                }
            }
        }
    }
}

impl Handler<UserPush> for Socket {
    type Result = ();

    fn handle(&mut self, push: UserPush, ctx: &mut Ctx) {
        match push {
            UserPush::Close(why) => self.close(why, ctx),
            UserPush::Topic(topic, news) => {
                self.backlog(topic).take(news).into_iter().for_each(|frame| ctx.text(frame))
            }
            UserPush::Frame(frame) | UserPush::Hint(frame) => ctx.text(frame),
            UserPush::Reachable => {
                for topic in TopicName::ALL {
                    if !self.backlog(topic).has_begun() {
                        self.send_waiting(topic, ctx);
                    }
                }
            }
            UserPush::Missed => self.send_all_waiting(ctx),
            UserPush::Overflowed(overflowed) => {
                overflowed.store(false, Ordering::Release);
                self.send_all_waiting(ctx);
            }
            UserPush::Stats(games) => {
                if let Some(wait) = self.stats.add(&games, Instant::now()) {
                    ctx.run_later(wait, Self::tell_stats);
                }
            }
        }
    }
}
