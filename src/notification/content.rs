//! What a notification says, kind by kind, to be told in whatever words. What came with its message and is nothing to this
//! version is kept as it came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::kind::Kind;
use crate::ids::{GameId, Money, SessionId, Timestamp, UserId};
use crate::outbox::envelope::Envelope;
use crate::stats::achievements::UnlockedAchievement;

/// What a notification says.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content {
    GameCompleted(GameCompleted),
    AchievementUnlocked(AchievementUnlocked),
    SessionInvitation(SessionInvitation),
    FriendRequest(FromUser),
    FriendAccepted(FromUser),
    PaymentMarked(PaymentMarked),
    Message(ChatMessage),
    CommandRefused(CommandRefused),
}

/// An account by its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) user_id: Uuid,
    pub(super) display_name: String,
}

/// What a game came to for its user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct GameCompleted {
    /// The account that played; `None` for a guest, who is told of nothing.
    pub(super) user_id: Option<UserId>,
    pub(super) game_id: Option<GameId>,
    pub(super) session_id: Option<SessionId>,
    pub(super) session_name: Option<String>,
    pub(super) place: i64,
    pub(super) net: Money,
    /// ISO 4217; empty where an earlier version did not say.
    pub(super) currency: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_corrected: bool,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AchievementUnlocked {
    pub(super) code: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) game_id: Option<GameId>,
    pub(super) earned_at: Option<Timestamp>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl From<UnlockedAchievement> for AchievementUnlocked {
    fn from(unlocked: UnlockedAchievement) -> Self {
        let UnlockedAchievement { code, title, description, game_id, earned_at } = unlocked;
        let (title, description) = (title.map(str::to_owned), description.map(str::to_owned));
        let (game_id, earned_at) = (Some(game_id), Some(earned_at));
        Self { code, title, description, game_id, earned_at, rest: Map::new() }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct SessionInvitation {
    pub(super) session_id: Option<SessionId>,
    pub(super) session_name: Option<String>,
    pub(super) invited_by: Option<Person>,
    /// Where the page follows it.
    pub(super) link: Option<String>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
    /// Who invited by the message; `None`: whoever runs the session.
    #[serde(skip)]
    pub(super) inviter: Option<Uuid>,
}

/// A request of another user, or his answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FromUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from_user_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Person>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// Money that was handed over to its user, or by him.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PaymentMarked {
    pub(super) session_id: Option<SessionId>,
    pub(super) session_name: Option<String>,
    pub(super) amount: Money,
    pub(super) currency: String,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ChatMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sender_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Person>,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chat_id: Option<Uuid>,
    /// The last message of the chat by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_number: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_id: Option<Uuid>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl ChatMessage {
    /// The chat, and how far it had got.
    pub(super) fn place(&self) -> Option<(Uuid, i64)> {
        Some((self.chat_id?, self.last_number?))
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct CommandRefused {
    pub(super) code: String,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl Content {
    /// What a message says that asks for a notification of that kind. Err: what is wrong with it.
    pub(super) fn read(kind: Kind, cause: &Envelope) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Invitation {
            #[serde(default)]
            invited_by: Option<Uuid>,
            #[serde(flatten)]
            rest: Map<String, Value>,
        }
        let json = cause.data.json();
        // Of some messages everything that counts stands beside the data.
        let json = if json.starts_with('{') { json } else { "{}" };
        let session_id = cause.session_id;
        Ok(match kind {
            Kind::GameCompleted => {
                let game = serde_json::from_str(json)?;
                Content::GameCompleted(GameCompleted { game_id: cause.game_id, session_id, ..game })
            }
            Kind::AchievementUnlocked => Content::AchievementUnlocked(serde_json::from_str(json)?),
            Kind::SessionInvitation => {
                let Invitation { invited_by, rest } = serde_json::from_str(json)?;
                let link = session_id.map(|session| format!("/join/{session}"));
                let invitation =
                    SessionInvitation { session_id, link, inviter: invited_by, rest, ..Default::default() };
                Content::SessionInvitation(invitation)
            }
            Kind::FriendRequest => Content::FriendRequest(serde_json::from_str(json)?),
            Kind::FriendAccepted => Content::FriendAccepted(serde_json::from_str(json)?),
            Kind::PaymentMarked => Content::PaymentMarked(PaymentMarked { session_id, ..serde_json::from_str(json)? }),
            Kind::Message => Content::Message(serde_json::from_str(json)?),
            Kind::CommandRefused => Content::CommandRefused(serde_json::from_str(json)?),
        })
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Content::GameCompleted(_) => Kind::GameCompleted,
            Content::AchievementUnlocked(_) => Kind::AchievementUnlocked,
            Content::SessionInvitation(_) => Kind::SessionInvitation,
            Content::FriendRequest(_) => Kind::FriendRequest,
            Content::FriendAccepted(_) => Kind::FriendAccepted,
            Content::PaymentMarked(_) => Kind::PaymentMarked,
            Content::Message(_) => Kind::Message,
            Content::CommandRefused(_) => Kind::CommandRefused,
        }
    }

    /// Who has to be named in it.
    pub(super) fn sender(&self) -> Option<Uuid> {
        match self {
            Content::SessionInvitation(invitation) => invitation.inviter,
            Content::FriendRequest(asked) | Content::FriendAccepted(asked) => asked.from_user_id,
            Content::Message(message) => message.sender_id,
            _ => None,
        }
    }

    /// Puts the name there.
    pub(super) fn name_sender(&mut self, person: &Person) {
        let from = match self {
            Content::SessionInvitation(invitation) => &mut invitation.invited_by,
            Content::FriendRequest(asked) | Content::FriendAccepted(asked) => &mut asked.from,
            Content::Message(message) => &mut message.from,
            _ => return,
        };
        *from = Some(person.clone());
    }

    /// Where the name of its session stands, where it has one.
    pub(super) fn session_name(&mut self) -> Option<&mut Option<String>> {
        match self {
            Content::GameCompleted(game) => Some(&mut game.session_name),
            Content::SessionInvitation(invitation) => Some(&mut invitation.session_name),
            Content::PaymentMarked(payment) => Some(&mut payment.session_name),
            _ => None,
        }
    }
}
