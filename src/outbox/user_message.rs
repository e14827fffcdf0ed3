//! What the connections of a user hear on whatever node they are: one encoding, one decoding.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::envelope::{Data, Envelope};
use crate::ids::{GameId, Timestamp, UserId};

const LOGINS_REVOKED: &str = "logins_revoked";
const SHARES_ENDED: &str = "shares_ended";
const NOTIFICATION: &str = "notification";
const STATS: &str = "stats";
const FRIENDS: &str = "friends";

/// A message to the connections of one user.
#[derive(Clone, Debug)]
pub(crate) enum UserMessage {
    /// These logins ended: their tokens are refused from now on, their connections closed.
    LoginsRevoked(Vec<Uuid>),
    /// These shares that the user made ended, and with them the streams that they opened.
    SharesEnded(Vec<Uuid>),
    /// A notification of that id, as the user sees it.
    Notification(Uuid, Data),
    /// These games count otherwise in the statistics than before.
    StatsChanged(Vec<ChangedGame>),
    /// Something is otherwise between the user and that one.
    FriendsChanged(FriendsChange, UserId),
}

/// What changed in a user's lists of friends, requests and blocks. Not why: whoever was declined, removed or blocked
/// hears the same as where it had just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FriendsChange {
    /// One of the two asks the other.
    Requested,
    /// There is no request between them any more.
    RequestEnded,
    /// They are friends.
    Accepted,
    /// They are no friends any more.
    Ended,
    /// The user blocked the other one; told to nobody else.
    Blocked,
    /// The user blocks the other one no more; told to nobody else.
    Unblocked,
}

/// A game of a player as it counts now.
#[derive(Clone, Debug)]
pub(crate) struct ChangedGame {
    pub(crate) game_id: GameId,
    /// How it counts, and its id.
    pub(crate) figures: Data,
}

#[derive(Serialize, Deserialize)]
struct Logins {
    login_ids: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Shares {
    share_ids: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Games<'a> {
    #[serde(borrow)]
    games: Vec<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Between {
    change: FriendsChange,
    user_id: UserId,
}

#[derive(Deserialize)]
struct OfGame {
    game_id: GameId,
}

#[derive(Deserialize)]
struct WithId {
    id: Uuid,
}

impl UserMessage {
    /// Its routing key.
    pub(crate) fn key(&self, user: UserId) -> String {
        format!("websocket.user.{user}.{}", self.name())
    }

    /// Its envelope, where nothing but itself is its cause.
    pub(crate) fn envelope(&self, user: UserId, at: Timestamp) -> Envelope {
        Envelope::about_user(user, &self.event_type(), at, self.data())
    }

    /// Its envelope, where another message is its cause: the same cause and salt give the same id.
    pub(crate) fn envelope_after(&self, cause: &Envelope, salt: &str, user: UserId) -> Envelope {
        Envelope::after(cause, salt, &self.event_type(), user, self.data())
    }

    /// What an envelope says to the connections of its user; `None`: it is for somebody else.
    pub(crate) fn read(envelope: &Envelope) -> Option<Self> {
        let json = envelope.data.json();
        Some(match envelope.event_type.strip_prefix("user.")? {
            LOGINS_REVOKED => UserMessage::LoginsRevoked(serde_json::from_str::<Logins>(json).ok()?.login_ids),
            SHARES_ENDED => UserMessage::SharesEnded(serde_json::from_str::<Shares>(json).ok()?.share_ids),
            NOTIFICATION => {
                let WithId { id } = serde_json::from_str(json).ok()?;
                UserMessage::Notification(id, envelope.data.clone())
            }
            STATS => {
                let changed = |figures: &RawValue| {
                    let OfGame { game_id } = serde_json::from_str(figures.get()).ok()?;
                    Some(ChangedGame { game_id, figures: Data::of(figures) })
                };
                let Games { games } = serde_json::from_str(json).ok()?;
                UserMessage::StatsChanged(games.into_iter().filter_map(changed).collect())
            }
            FRIENDS => {
                let Between { change, user_id } = serde_json::from_str(json).ok()?;
                UserMessage::FriendsChanged(change, user_id)
            }
            _ => return None,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            UserMessage::LoginsRevoked(_) => LOGINS_REVOKED,
            UserMessage::SharesEnded(_) => SHARES_ENDED,
            UserMessage::Notification(..) => NOTIFICATION,
            UserMessage::StatsChanged(_) => STATS,
            UserMessage::FriendsChanged(..) => FRIENDS,
        }
    }

    fn event_type(&self) -> String {
        format!("user.{}", self.name())
    }

    fn data(&self) -> Data {
        match self {
            UserMessage::LoginsRevoked(login_ids) => Data::encode(&Logins { login_ids: login_ids.clone() }),
            UserMessage::SharesEnded(share_ids) => Data::encode(&Shares { share_ids: share_ids.clone() }),
            UserMessage::Notification(_, notification) => notification.clone(),
            UserMessage::StatsChanged(games) => {
                Data::encode(&Games { games: games.iter().map(|game| game.figures.raw()).collect() })
            }
            &UserMessage::FriendsChanged(change, user_id) => Data::encode(&Between { change, user_id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        let (user, id) = (UserId(Uuid::from_u128(3)), Uuid::from_u128(7));
        let game = json!({"game_id": id, "points": 4});
        let changed = ChangedGame { game_id: GameId(id), figures: Data::encode(&game) };
        let messages = [
            (UserMessage::LoginsRevoked(vec![id]), "logins_revoked", json!({"login_ids": [id]})),
            (UserMessage::SharesEnded(vec![id]), "shares_ended", json!({"share_ids": [id]})),
            (
                UserMessage::Notification(id, Data::encode(&json!({"id": id, "title": "t"}))),
                "notification",
                json!({"id": id, "title": "t"}),
            ),
            (UserMessage::StatsChanged(vec![changed]), "stats", json!({"games": [game]})),
            (
                UserMessage::FriendsChanged(FriendsChange::RequestEnded, UserId(id)),
                "friends",
                json!({"change": "request_ended", "user_id": id}),
            ),
        ];
        for (message, name, data) in messages {
            assert_eq!(message.key(user), format!("websocket.user.{user}.{name}"));
            let envelope = message.envelope(user, Timestamp::from_millis(5));
            assert_eq!((envelope.event_type.as_str(), envelope.data.value()), (&*format!("user.{name}"), data));
            let read = UserMessage::read(&envelope).expect("understood");
            assert_eq!(format!("{read:?}"), format!("{message:?}"));
        }
        let other = Envelope::about_user(user, "user.registered", Timestamp::from_millis(5), Data::encode(&json!({})));
        assert!(UserMessage::read(&other).is_none());
    }
}
