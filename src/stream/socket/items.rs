//! What a user is told on a socket beside the sessions: items of all topics until they are acknowledged, and statistics.

use std::time::Instant;

use actix::prelude::{ActorFutureExt, AsyncContext, WrapFuture};
use uuid::Uuid;

use super::{Ctx, Socket, UNMARKED, UNREAD};
use crate::stream::backlog::{Backlog, PAGE};
use crate::stream::topics::TopicName;
use crate::stream::wire::Close;

impl Socket {
    pub(super) fn backlog(&mut self, topic: TopicName) -> &mut Backlog {
        &mut self.backlogs[topic as usize]
    }

    /// Sends what no device of the user had yet; new items wait until then.
    pub(super) fn send_waiting(&mut self, topic: TopicName, ctx: &mut Ctx) {
        let Some(after) = self.backlog(topic).begin() else { return };
        let reading = self.services.topics.of(topic).waiting(self.user.id, after, PAGE);
        ctx.spawn(reading.into_actor(self).map(move |read, socket, ctx: &mut Ctx| match read {
            Ok(old) => {
                socket.backlog(topic).read(old, topic.tells_anew()).into_iter().for_each(|frame| ctx.text(frame));
                // Not before the client has taken these: until then nothing of this socket goes on.
                if socket.backlog(topic).has_more() {
                    socket.send_waiting(topic, ctx);
                }
            }
            Err(error) => {
                if UNREAD.is_news() {
                    tracing::error!(?topic, %error, "what waits for a user could not be read");
                }
                // It would be missed: a new connection reads it again.
                socket.close(Close::TryAgainLater, ctx);
            }
        }));
    }

    pub(super) fn send_all_waiting(&mut self, ctx: &mut Ctx) {
        TopicName::ALL.into_iter().for_each(|topic| self.send_waiting(topic, ctx));
    }

    pub(super) fn acknowledge(&mut self, topic: TopicName, ids: Vec<Uuid>, ctx: &mut Ctx) {
        self.backlog(topic).acknowledge(ids);
        self.mark(topic, ctx);
    }

    /// One statement at a time: what is acknowledged meanwhile is marked by the next.
    fn mark(&mut self, topic: TopicName, ctx: &mut Ctx) {
        let Some(ids) = self.backlog(topic).next_to_mark() else { return };
        let marking = self.services.topics.of(topic).acknowledge(self.user.id, ids);
        ctx.spawn(marking.into_actor(self).map(move |marked, socket, ctx: &mut Ctx| {
            if let Err(error) = marked
                && UNMARKED.is_news()
            {
                tracing::warn!(?topic, %error, "what a user acknowledged is not marked and will come again");
            }
            socket.backlog(topic).marked();
            socket.mark(topic, ctx);
        }));
    }

    /// What the client said just before it went is true all the same.
    pub(super) fn mark_rest(&mut self) {
        for topic in TopicName::ALL {
            let ids = self.backlog(topic).rest();
            if !ids.is_empty() {
                let marking = self.services.topics.of(topic).acknowledge(self.user.id, ids);
                // What fails comes again.
                actix::spawn(async move { drop(marking.await) });
            }
        }
    }

    pub(super) fn tell_stats(&mut self, ctx: &mut Ctx) {
        if let Some(frame) = self.stats.take(self.user.id, Instant::now()) {
            ctx.text(frame);
        }
    }
}
