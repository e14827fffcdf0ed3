//! The door's handle: what the other files of this room do, they do on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::announcer::{Announcements, Announcer};
use super::audience::ChatAudience;
use super::receipts::{ReceiptQueue, ReceiptWriter};
use super::writer::{ChatWriter, WriterQueue};
use crate::account::{Accounts, Buckets};
use crate::database::Database;
use crate::http::{Code, Problem};
use crate::ids::{ChatId, UserId};
use crate::messaging::Bus;
use crate::session::Sessions;

/// How often a user is said to be writing in a chat.
const TYPING_EVERY: Duration = Duration::from_secs(3);

/// The chats. Clones share everything.
#[derive(Clone)]
pub(crate) struct Chats {
    pub(super) database: Database,
    pub(super) accounts: Accounts,
    pub(super) sessions: Sessions,
    pub(super) writer: WriterQueue,
    pub(super) receipts: ReceiptQueue,
    pub(super) announcements: Announcements,
    typing: Arc<Buckets<(UserId, ChatId)>>,
}

impl Chats {
    /// `back`: the same tables for the tasks that write.
    pub(crate) fn new(
        database: Database,
        (accounts, sessions): (Accounts, Sessions),
        (back, bus): (Database, Bus),
        audience: Arc<dyn ChatAudience>,
    ) -> (Self, (ChatWriter, ReceiptWriter, Announcer)) {
        let (announcements, announcer) = Announcer::new(bus.clone(), audience.clone());
        let (receipts, receiving) = ReceiptWriter::new(back.clone(), announcements.clone());
        let (writer, writing) = ChatWriter::new(back, bus, audience);
        let typing = Arc::new(Buckets::each(TYPING_EVERY));
        let tasks = (writing, receiving, announcer);
        (Self { database, accounts, sessions, writer, receipts, announcements, typing }, tasks)
    }

    /// Counts a message, or a change of one.
    pub(crate) fn charge(&self, user: UserId) -> Result<(), Problem> {
        self.accounts.user_limits().message(user, Instant::now()).map_err(|wait| {
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            let detail = format!("too many messages, try again in {seconds} s");
            Problem::new(Code::RateLimited, detail).retry_after(seconds)
        })
    }

    /// Whether it is time to say again that the user writes.
    pub(super) fn may_say_typing(&self, user: UserId, chat: ChatId) -> bool {
        self.typing.take((user, chat), Instant::now()).is_ok()
    }
}
