//! What members hear of each other in passing: how far somebody has got, that somebody writes. It is told and forgotten,
//! as what nodes tell each other is: the next one says it again, and the messages themselves say what is stored. So it
//! goes to the bus directly, and never waits in the outbox.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::audience::ChatAudience;
use super::marks::Advance;
use crate::clock;
use crate::ids::{ChatId, CorrelationId, Timestamp, UserId};
use crate::messaging::{Bus, Confirm, Message, Peers};
use crate::outbox::chat_news::{ChatNews, ChatTelling, MemberStatus, MessageStatus};

/// Announcements that wait for the bus; more are not told.
const WAITING_MAX: usize = 16_384;
/// How often it is told how far members have got.
const STATUS_EVERY: Duration = Duration::from_millis(250);
/// What is told is not worth more waiting than this.
const TELL_TIMEOUT: Duration = Duration::from_millis(500);

/// Who got how far.
type StatusKey = (ChatId, UserId, MessageStatus);

/// Something to be told.
enum Announcement {
    Advanced(StatusKey, PendingStatus),
    Now(ChatTelling, UserId),
}

struct PendingStatus {
    up_to: i64,
    at: Timestamp,
    tell: BTreeSet<UserId>,
    origin: Option<Uuid>,
}

/// The way to the announcer. Clones share it.
#[derive(Clone)]
pub(super) struct Announcements(mpsc::Sender<Announcement>);

impl Announcements {
    /// Members got further. `origin`: the connection that said so need not hear of it.
    pub(super) fn say_advanced(&self, advances: &[Advance], at: Timestamp, origin: Option<Uuid>) {
        for Advance { chat, user, status, up_to, tell } in advances {
            let pending = PendingStatus { up_to: *up_to, at, tell: tell.clone(), origin };
            let _ = self.0.try_send(Announcement::Advanced((*chat, *user, *status), pending));
        }
    }

    /// To be told at once; `by`: who does it.
    pub(super) fn say(&self, telling: ChatTelling, by: UserId) {
        let _ = self.0.try_send(Announcement::Now(telling, by));
    }
}

/// The task that tells.
pub(crate) struct Announcer {
    bus: Bus,
    audience: Arc<dyn ChatAudience>,
    news: mpsc::Receiver<Announcement>,
    pending: HashMap<StatusKey, PendingStatus>,
    /// What was said and is not confirmed yet; a message whose confirm nobody waits for is not sent.
    said: FuturesUnordered<Confirm>,
}

impl Announcer {
    pub(super) fn new(bus: Bus, audience: Arc<dyn ChatAudience>) -> (Announcements, Self) {
        let (sender, news) = mpsc::channel(WAITING_MAX);
        (Announcements(sender), Self { bus, audience, news, pending: HashMap::new(), said: FuturesUnordered::new() })
    }

    /// Tells until nobody can say any more.
    pub(crate) async fn run(mut self) {
        let mut due = clock::every(STATUS_EVERY);
        loop {
            tokio::select! {
                news = self.news.recv() => match news {
                    Some(Announcement::Now(telling, by)) => self.tell(&telling, by).await,
                    Some(Announcement::Advanced(key, status)) => self.note(key, status),
                    None => return,
                },
                Some(_) = self.said.next(), if !self.said.is_empty() => {}
                _ = due.tick(), if !self.pending.is_empty() => self.tell_pending().await,
            }
        }
    }

    fn note(&mut self, key: StatusKey, status: PendingStatus) {
        let there = self.pending.get_mut(&key);
        if let Some(there) = there {
            there.tell.extend(status.tell);
            if status.up_to > there.up_to {
                (there.up_to, there.at, there.origin) = (status.up_to, status.at, status.origin);
            }
        } else if self.pending.len() < WAITING_MAX {
            self.pending.insert(key, status);
        }
    }

    /// One message for each chat, however many members got further.
    async fn tell_pending(&mut self) {
        let mut chats: BTreeMap<ChatId, Vec<MemberStatus>> = BTreeMap::new();
        for ((chat, user_id, status), PendingStatus { up_to, at, tell, origin }) in std::mem::take(&mut self.pending) {
            let tell = tell.into_iter().collect();
            chats.entry(chat).or_default().push(MemberStatus { user_id, up_to, status, at, tell, origin });
        }
        for (chat, statuses) in chats {
            let users: BTreeSet<UserId> = statuses.iter().flat_map(|status| status.tell.iter().copied()).collect();
            let Some(by) = statuses.first().map(|status| status.user_id) else { continue };
            let (user_ids, news) = (users.into_iter().collect(), ChatNews::Statuses(chat, statuses));
            self.tell(&ChatTelling { user_ids, origin: None, news }, by).await;
        }
    }

    /// Who is connected here at once, and other nodes by the bus, where there are any.
    async fn tell(&mut self, telling: &ChatTelling, by: UserId) {
        self.audience.hear(telling);
        if self.bus.peers() == Peers::None {
            return;
        }
        let Some((key, also)) = telling.keys() else { return };
        let now = clock::now();
        let envelope = telling.envelope(by, CorrelationId(clock::new_id()), now);
        let message = Message { also, is_own: true, ..Message::new(key, envelope) };
        if let Ok(confirm) = tokio::time::timeout(TELL_TIMEOUT, self.bus.publish(message)).await {
            self.said.push(confirm);
        }
    }
}
