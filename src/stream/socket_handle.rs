//! How a socket is reached from outside, and what becomes of that which does not fit into its mailbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Recipient;
use actix::prelude::SendError;

use super::backlog::TopicNews;
use super::connections::UserPush;
use super::wire::Close;

/// A socket as others reach it. What does not fit into its mailbox is made good, so that a slow reader, or a burst, costs
/// nobody what was told.
pub(crate) struct SocketHandle {
    socket: Recipient<UserPush>,
    /// It was told that something did not fit, and has not come to that yet.
    overflowed: Arc<AtomicBool>,
    is_closed: AtomicBool,
}

impl SocketHandle {
    pub(crate) fn new(socket: Recipient<UserPush>) -> Self {
        Self { socket, overflowed: Arc::default(), is_closed: AtomicBool::new(false) }
    }

    #[expect(clippy::disallowed_methods, reason = "one message beyond the bound at a time")]
    pub(crate) fn tell(&self, push: UserPush) {
        let Err(SendError::Full(push)) = self.socket.try_send(push) else { return };
        match push {
            UserPush::Close(why) => self.close(why),
            UserPush::Topic(_, TopicNews::Change(_)) | UserPush::Frame(_) | UserPush::Stats(_) => {
                self.close(Close::SlowConsumer);
            }
            UserPush::Hint(_) => {}
            UserPush::Topic(_, TopicNews::Item(..))
            | UserPush::Reachable
            | UserPush::Missed
            | UserPush::Overflowed(_) => {
                if !self.overflowed.swap(true, Ordering::AcqRel) {
                    self.socket.do_send(UserPush::Overflowed(self.overflowed.clone()));
                }
            }
        }
    }

    /// Closes it, whatever waits there.
    #[expect(clippy::disallowed_methods, reason = "once for each handle")]
    pub(crate) fn close(&self, why: Close) {
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            self.socket.do_send(UserPush::Close(why));
        }
    }
}
