//! What users are told until they acknowledge it, whatever it is about: old before new, at least once.

use bytestring::ByteString;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use uuid::Uuid;

use super::wire::ServerFrame;
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
}

impl TopicName {
    pub(crate) const ALL: [TopicName; 1] = [TopicName::Notifications];
}

/// A room whose items sockets deliver.
pub(crate) trait Topic: Send + Sync {
    /// Up to `limit` items that no device of the user has acknowledged, in order, from behind `after` on.
    fn waiting(&self, user: UserId, after: Option<Place>, limit: u64) -> BoxFuture<'static, Result<Vec<Item>, DbErr>>;

    /// A device of the user has these.
    fn acknowledge(&self, user: UserId, ids: Vec<Uuid>) -> BoxFuture<'static, Result<(), DbErr>>;
}

/// The rooms behind the topics.
pub(crate) struct Topics {
    notifications: Notifications,
}

impl Topics {
    pub(crate) fn new(notifications: Notifications) -> Self {
        Self { notifications }
    }

    pub(super) fn of(&self, name: TopicName) -> &dyn Topic {
        match name {
            TopicName::Notifications => &self.notifications,
        }
    }
}

impl Topic for Notifications {
    fn waiting(&self, user: UserId, after: Option<Place>, limit: u64) -> BoxFuture<'static, Result<Vec<Item>, DbErr>> {
        let notifications = self.clone();
        let item = |notification: Notification| {
            let json = Data::encode(&notification);
            let frame = ServerFrame::Notification { notification: json.raw() }.encode();
            Item { place: (notification.created_at.millis(), notification.id), frame }
        };
        async move { Ok(notifications.undelivered(user, after, limit).await?.into_iter().map(item).collect()) }.boxed()
    }

    fn acknowledge(&self, user: UserId, ids: Vec<Uuid>) -> BoxFuture<'static, Result<(), DbErr>> {
        let notifications = self.clone();
        async move { notifications.delivered(user, ids).await }.boxed()
    }
}
