//! What a user is told on a socket beside the sessions: notifications until they are acknowledged, and statistics.

use std::time::Instant;

use actix::prelude::{ActorFutureExt, AsyncContext, WrapFuture};
use uuid::Uuid;

use super::{ACKNOWLEDGED_MAX, Ctx, Socket, UNMARKED, UNREAD};
use crate::stream::inbox::BACKLOG;
use crate::stream::wire::Close;

impl Socket {
    /// Sends what no device of the user had yet; new notifications wait until then.
    pub(super) fn send_undelivered(&mut self, ctx: &mut Ctx) {
        let (notifications, user, after) = (self.services.notifications.clone(), self.user.id, self.inbox.begin());
        let reading = async move { notifications.undelivered(user, after, BACKLOG).await };
        ctx.spawn(reading.into_actor(self).map(|read, socket, ctx: &mut Ctx| match read {
            Ok(old) => socket.inbox.read(&old).into_iter().for_each(|frame| ctx.text(frame)),
            Err(error) => {
                if UNREAD.is_news() {
                    tracing::error!(%error, "the notifications of a user could not be read");
                }
                // They would be missed: a new connection reads them again.
                socket.close(Close::TryAgainLater, ctx);
            }
        }));
    }

    pub(super) fn acknowledge(&mut self, ids: Vec<Uuid>, ctx: &mut Ctx) {
        // What does not fit comes again.
        self.acknowledged.extend(ids.into_iter().take(ACKNOWLEDGED_MAX.saturating_sub(self.acknowledged.len())));
        if !self.is_marking {
            self.mark_delivered(ctx);
        }
        if self.inbox.has_more() {
            self.send_undelivered(ctx);
        }
    }

    /// One statement at a time: what is acknowledged meanwhile is marked by the next.
    fn mark_delivered(&mut self, ctx: &mut Ctx) {
        self.is_marking = !self.acknowledged.is_empty();
        if !self.is_marking {
            return;
        }
        let (notifications, user, ids) =
            (self.services.notifications.clone(), self.user.id, std::mem::take(&mut self.acknowledged));
        let marking = async move { notifications.delivered(user, ids).await };
        ctx.spawn(marking.into_actor(self).map(|marked, socket, ctx: &mut Ctx| {
            if let Err(error) = marked
                && UNMARKED.is_news()
            {
                tracing::warn!(%error, "notifications are not marked delivered and will come again");
            }
            socket.mark_delivered(ctx);
        }));
    }

    pub(super) fn tell_stats(&mut self, ctx: &mut Ctx) {
        if let Some(frame) = self.stats.take(self.user.id, Instant::now()) {
            ctx.text(frame);
        }
    }
}
