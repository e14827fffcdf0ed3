//! What is told to users, for their connections to this node.

use super::FeedState;
use crate::ids::UserId;
use crate::outbox::user_message::UserMessage;
use crate::stream::backlog::TopicNews;
use crate::stream::connections::UserPush;
use crate::stream::topics::TopicName;
use crate::stream::wire::ServerFrame;

impl FeedState {
    pub(super) fn hear_user(&self, user: UserId, message: UserMessage) {
        match message {
            UserMessage::LoginsRevoked(logins) => {
                self.accounts.note_revoked(&logins);
                self.connections.revoke_of(user, &logins);
            }
            UserMessage::SharesEnded(shares) => self.connections.end_shares(|share| shares.contains(&share)),
            UserMessage::Notification(id, notification) => {
                let frame = ServerFrame::Notification { notification: notification.raw() }.encode();
                self.connections.tell(user, &UserPush::Topic(TopicName::Notifications, TopicNews::Item(id, frame)));
            }
            UserMessage::StatsChanged(games) => self.connections.tell(user, &UserPush::Stats(games.into())),
            UserMessage::FriendsChanged(change, user_id) => {
                let frame = ServerFrame::Friends { change, user_id }.encode();
                self.connections.tell(user, &UserPush::Frame(frame));
            }
        }
    }
}
