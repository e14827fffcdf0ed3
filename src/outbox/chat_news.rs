//! What the connections of a chat's members hear, on whatever node they are: one message for all of them, since a node
//! that several of them are connected to needs it once. One encoding, one decoding.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::envelope::{Data, Envelope, Priority};
use crate::ids::{ChatId, CorrelationId, Timestamp, UserId};

const PREFIX: &str = "chat.";

/// How far a member of a chat has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageStatus {
    /// A device of the member had it.
    Delivered,
    /// The member read it.
    Read,
}

/// A member had, or read, all up to a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MemberStatus {
    pub(crate) user_id: UserId,
    pub(crate) up_to: i64,
    pub(crate) status: MessageStatus,
    pub(crate) at: Timestamp,
    /// Whom it is told to, and the connection that said so.
    pub(crate) tell: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Uuid>,
}

/// What happened in a chat.
#[derive(Clone, Debug)]
pub(crate) enum ChatNews {
    /// Something was said; the message as clients see it.
    Message(Data),
    /// It says something else now.
    Edited(Data),
    /// It was taken back: what is left of it.
    Deleted(Data),
    /// Members had, or read, all up to messages.
    Statuses(ChatId, Vec<MemberStatus>),
    /// A member is writing.
    Typing { chat_id: ChatId, user_id: UserId },
}

/// The same and whom it is told to.
#[derive(Clone, Debug)]
pub(crate) struct ChatTelling {
    /// The first of them names the message; nobody: it is not to be told.
    pub(crate) user_ids: Vec<UserId>,
    /// The connection that did it: it was answered.
    pub(crate) origin: Option<Uuid>,
    pub(crate) news: ChatNews,
}

#[derive(Serialize)]
struct Told<'a, T> {
    user_ids: &'a [UserId],
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Uuid>,
    #[serde(flatten)]
    news: T,
}

#[derive(Serialize)]
struct OfMessage<'a> {
    message: &'a RawValue,
}

#[derive(Serialize)]
struct OfStatuses<'a> {
    chat_id: ChatId,
    statuses: &'a [MemberStatus],
}

#[derive(Deserialize)]
struct WithStatuses {
    chat_id: ChatId,
    statuses: Vec<MemberStatus>,
}

#[derive(Serialize, Deserialize)]
struct OfTyping {
    chat_id: ChatId,
    user_id: UserId,
}

#[derive(Deserialize)]
struct Recipients {
    user_ids: Vec<UserId>,
    #[serde(default)]
    origin: Option<Uuid>,
}

#[derive(Deserialize)]
struct WithMessage<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
}

impl ChatNews {
    fn name(&self) -> &'static str {
        match self {
            ChatNews::Message(_) => "message",
            ChatNews::Edited(_) => "message_edited",
            ChatNews::Deleted(_) => "message_deleted",
            ChatNews::Statuses(..) => "message_status",
            ChatNews::Typing { .. } => "typing",
        }
    }
}

impl ChatTelling {
    /// Its routing keys: one for each user, the first of them its own.
    pub(crate) fn keys(&self) -> Option<(String, Vec<String>)> {
        let mut keys = keys(&self.user_ids, self.news.name());
        Some((keys.next()?, keys.collect()))
    }

    /// Its envelope; `by`: who did it.
    pub(crate) fn envelope(&self, by: UserId, correlation_id: CorrelationId, at: Timestamp) -> Envelope {
        let event_type = format!("{PREFIX}{}", self.news.name());
        let envelope = Envelope::about_user(by, &event_type, at, self.data());
        Envelope { correlation_id, priority: Priority::Urgent as u8, ..envelope }
    }

    fn data(&self) -> Data {
        let &Self { ref user_ids, origin, ref news } = self;
        match news {
            ChatNews::Message(message) | ChatNews::Edited(message) | ChatNews::Deleted(message) => {
                Data::encode(&Told { user_ids, origin, news: OfMessage { message: message.raw() } })
            }
            ChatNews::Statuses(chat_id, statuses) => {
                Data::encode(&Told { user_ids, origin, news: OfStatuses { chat_id: *chat_id, statuses } })
            }
            &ChatNews::Typing { chat_id, user_id } => {
                Data::encode(&Told { user_ids, origin, news: OfTyping { chat_id, user_id } })
            }
        }
    }

    /// What an envelope says to the connections of chat members; `None`: it is for somebody else.
    pub(crate) fn read(envelope: &Envelope) -> Option<Self> {
        let name = envelope.event_type.strip_prefix(PREFIX)?;
        let json = envelope.data.json();
        let Recipients { user_ids, origin } = serde_json::from_str(json).ok()?;
        let message = || serde_json::from_str::<WithMessage<'_>>(json).ok().map(|told| Data::of(told.message));
        let news = match name {
            "message" => ChatNews::Message(message()?),
            "message_edited" => ChatNews::Edited(message()?),
            "message_deleted" => ChatNews::Deleted(message()?),
            "message_status" => {
                let WithStatuses { chat_id, statuses } = serde_json::from_str(json).ok()?;
                ChatNews::Statuses(chat_id, statuses)
            }
            "typing" => {
                let OfTyping { chat_id, user_id } = serde_json::from_str(json).ok()?;
                ChatNews::Typing { chat_id, user_id }
            }
            _ => return None,
        };
        Some(Self { user_ids, origin, news })
    }
}

fn keys<'a>(users: &'a [UserId], name: &'a str) -> impl Iterator<Item = String> + 'a {
    users.iter().map(move |user| format!("websocket.user.{user}.{name}"))
}

/// Does it tell what happened in a chat?
pub(crate) fn is_of_chats(envelope: &Envelope) -> bool {
    envelope.event_type.starts_with(PREFIX)
}

/// The keys that such a message is routed by beside its own, read from itself: its row in the outbox has the first one.
pub(crate) fn other_keys(envelope: &Envelope) -> Vec<String> {
    let Some(name) = envelope.event_type.strip_prefix(PREFIX) else { return Vec::new() };
    let told = serde_json::from_str::<Recipients>(envelope.data.json());
    told.map_or_else(|_| Vec::new(), |told| keys(&told.user_ids, name).skip(1).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_is_understood_and_routed_to_everybody() {
        let [anna, boris] = [1, 2].map(|user| UserId(Uuid::from_u128(user)));
        let (chat_id, at) = (ChatId(Uuid::from_u128(7)), Timestamp::from_millis(5));
        let message = || Data::encode(&json!({"id": Uuid::from_u128(9), "content": "шар"}));
        let (up_to, status) = (3, MessageStatus::Read);
        let status = MemberStatus { user_id: anna, up_to, status, at, tell: vec![boris], origin: None };
        for (news, name) in [
            (ChatNews::Message(message()), "message"),
            (ChatNews::Edited(message()), "message_edited"),
            (ChatNews::Deleted(message()), "message_deleted"),
            (ChatNews::Statuses(chat_id, vec![status]), "message_status"),
            (ChatNews::Typing { chat_id, user_id: anna }, "typing"),
        ] {
            let told = ChatTelling { user_ids: vec![anna, boris], origin: Some(Uuid::from_u128(4)), news };
            let (key, also) = told.keys().expect("somebody");
            assert_eq!(key, format!("websocket.user.{anna}.{name}"));
            assert_eq!(also, [format!("websocket.user.{boris}.{name}")]);
            let envelope = told.envelope(anna, CorrelationId::default(), at);
            assert_eq!(other_keys(&envelope), also);
            assert_eq!(format!("{:?}", ChatTelling::read(&envelope).expect("understood")), format!("{told:?}"));
        }
        let nobody = ChatTelling { user_ids: vec![], origin: None, news: ChatNews::Typing { chat_id, user_id: anna } };
        assert!(nobody.keys().is_none());
    }
}
