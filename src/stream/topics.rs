//! What users are told until they acknowledge it, whatever it is about: old before new, at least once.

use bytestring::ByteString;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use uuid::Uuid;

use super::wire::ServerFrame;
use crate::chat::{Chats, WaitingMessage, WaitingMessages};
use crate::ids::UserId;
use crate::notification::{Notification, Notifications};
use crate::outbox::envelope::Data;

/// Where an item stands among those of its topic.
pub(crate) type Place = (i64, Uuid);

/// Something to acknowledge.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) place: Place,
    pub(crate) frame: ByteString,
}

impl Item {
    pub(crate) fn id(&self) -> Uuid {
        self.place.1
    }
}

/// The topics that there are; its number is the place of its state in a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicName {
    Notifications,
    Messages,
}

impl TopicName {
    /// In the order in which a socket hears of them.
    pub(crate) const ALL: [TopicName; 2] = [TopicName::Notifications, TopicName::Messages];

    /// Whether an item that changed is told as a whole again; else its change is.
    pub(super) fn tells_anew(self) -> bool {
        self == TopicName::Notifications
    }
}

/// A part of what waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemPage {
    pub(crate) items: Vec<Item>,
    /// There may be more behind this one.
    pub(crate) next: Option<Place>,
}

/// A room whose items sockets deliver.
pub(crate) trait Topic: Send + Sync {
    /// Up to `limit` items that no device of the user has acknowledged, in order, from behind `after` on.
    fn waiting(&self, user: UserId, after: Option<Place>, limit: u64) -> BoxFuture<'static, Result<ItemPage, DbErr>>;

    /// A device of the user has these.
    fn acknowledge(&self, user: UserId, ids: Vec<Uuid>) -> BoxFuture<'static, Result<(), DbErr>>;
}

/// The rooms behind the topics.
pub(crate) struct Topics {
    notifications: Notifications,
    messages: MessagesTopic,
}

/// The messages of chats: what waits, and who takes note of what was had.
struct MessagesTopic {
    waiting: WaitingMessages,
    chats: Chats,
}

impl Topics {
    pub(crate) fn new(notifications: Notifications, waiting: WaitingMessages, chats: Chats) -> Self {
        Self { notifications, messages: MessagesTopic { waiting, chats } }
    }

    pub(super) fn of(&self, name: TopicName) -> &dyn Topic {
        match name {
            TopicName::Notifications => &self.notifications,
            TopicName::Messages => &self.messages,
        }
    }
}

impl Topic for Notifications {
    fn waiting(&self, user: UserId, after: Option<Place>, limit: u64) -> BoxFuture<'static, Result<ItemPage, DbErr>> {
        let notifications = self.clone();
        let item = |notification: Notification| {
            let json = Data::encode(&notification);
            let frame = ServerFrame::Notification { notification: json.raw() }.encode();
            Item { place: (notification.created_at.millis(), notification.id), frame }
        };
        async move {
            let items: Vec<Item> = notifications.undelivered(user, after, limit).await?.into_iter().map(item).collect();
            let next = items.last().filter(|_| items.len() as u64 == limit).map(|item| item.place);
            Ok(ItemPage { items, next })
        }
        .boxed()
    }

    fn acknowledge(&self, user: UserId, ids: Vec<Uuid>) -> BoxFuture<'static, Result<(), DbErr>> {
        let notifications = self.clone();
        async move { notifications.delivered(user, ids).await }.boxed()
    }
}

impl Topic for MessagesTopic {
    fn waiting(&self, user: UserId, after: Option<Place>, limit: u64) -> BoxFuture<'static, Result<ItemPage, DbErr>> {
        let messages = self.waiting.clone();
        async move {
            let waiting = messages.of(user, after, limit).await?;
            let place = |waiting: &WaitingMessage| (waiting.message.created_at.millis(), waiting.message.id.0);
            let next = waiting.last().filter(|_| waiting.len() as u64 == limit).map(place);
            let items = waiting.iter().filter(|waiting| waiting.is_waiting).map(|waiting| {
                let json = Data::encode(&waiting.message);
                Item { place: place(waiting), frame: ServerFrame::Message { message: json.raw() }.encode() }
            });
            Ok(ItemPage { items: items.collect(), next })
        }
        .boxed()
    }

    fn acknowledge(&self, user: UserId, ids: Vec<Uuid>) -> BoxFuture<'static, Result<(), DbErr>> {
        let chats = self.chats.clone();
        async move { chats.received(user, ids).await }.boxed()
    }
}
