//! The data of the events that put marks right: taken back, moved to another player, added to an ended game; and of the
//! game that goes on by it.

use serde::{Deserialize, Serialize};

use super::{GameResult, Remaining, Score};
use crate::ids::{ParticipantId, Seq, UserId};

/// How a game stands after something was put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Standing {
    /// All players' scores after it.
    pub scores: Vec<Score>,
    /// Whose turn it is after it; `null` where the game is over.
    pub current_participant_id: Option<ParticipantId>,
    /// What is left on the table after it; empty where balls are not counted.
    #[serde(default)]
    pub remaining: Vec<Remaining>,
    /// Which ball is on after it, in games where not every one may be potted at any time: a colour, or `color` for any but red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can still be made without fouls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
    /// The new results, where the game had ended and stays so.
    #[serde(default)]
    pub results: Option<Vec<GameResult>>,
    /// Of the money in the results; empty where there are none, and in events from before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
}

/// Data of `game.event_voided`: the game as it stands without the voided mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventVoided {
    /// Which event.
    pub voided_seq: Seq,
    pub voided_type: String,
    /// The account of the player whose mark it was; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    #[serde(flatten)]
    pub standing: Standing,
}

/// Data of `game.event_reassigned`: a mark was another player's. It counts for that one, where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventReassigned {
    /// Which mark.
    pub reassigned_seq: Seq,
    pub reassigned_type: String,
    /// Whose it was taken for.
    pub from_participant_id: ParticipantId,
    /// Whose it is.
    pub participant_id: ParticipantId,
    #[serde(flatten)]
    pub standing: Standing,
}

/// Data of `game.reopened`: an ended game goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameReopened {
    /// `manual`: somebody asked for it; `voided`, `reassigned`: what had ended it is taken back, or was another player's.
    pub cause: String,
    #[serde(flatten)]
    pub standing: Standing,
    /// The results that hold no more.
    pub former_results: Vec<GameResult>,
    /// Of the money in them.
    pub former_currency: String,
}

impl GameReopened {
    /// Somebody asked for it.
    pub const MANUAL: &str = "manual";
    /// What had ended the game is taken back.
    pub const VOIDED: &str = "voided";
    /// What had ended the game was another player's.
    pub const REASSIGNED: &str = "reassigned";
}

/// In a mark that was added to an ended game: what the game comes to with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Correction {
    /// All players' scores.
    pub scores: Vec<Score>,
    /// By place.
    pub results: Vec<GameResult>,
    /// Whoever has the first place; empty where nobody won.
    pub winner_participant_ids: Vec<ParticipantId>,
    /// Of the money in the results.
    pub currency: String,
}
