//! The kinds of notifications.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A game that the user played has ended, or its results were corrected.
    GameCompleted,
    /// An achievement was earned.
    AchievementUnlocked,
    /// Somebody keeps a place for the user.
    SessionInvitation,
    /// Somebody wants to be friends.
    FriendRequest,
    /// Somebody wants to be friends too.
    FriendAccepted,
    /// Somebody says that money was handed over to the user, or by him.
    PaymentMarked,
    /// Somebody wrote.
    Message,
    /// A command that had been accepted could not be carried out.
    CommandRefused,
}

impl Kind {
    pub(super) const ALL: [Kind; 8] = [
        Kind::GameCompleted,
        Kind::AchievementUnlocked,
        Kind::SessionInvitation,
        Kind::FriendRequest,
        Kind::FriendAccepted,
        Kind::PaymentMarked,
        Kind::Message,
        Kind::CommandRefused,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::GameCompleted => "game_completed",
            Kind::AchievementUnlocked => "achievement_unlocked",
            Kind::SessionInvitation => "session_invitation",
            Kind::FriendRequest => "friend_request",
            Kind::FriendAccepted => "friend_accepted",
            Kind::PaymentMarked => "payment_marked",
            Kind::Message => "message",
            Kind::CommandRefused => "command_refused",
        }
    }

    pub(crate) fn named(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
