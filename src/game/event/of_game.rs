//! The data of the events of a game.

use serde::{Deserialize, Serialize};

use super::Correction;
use crate::ids::{Money, ParticipantId, Seq, UserId};

/// Data of `game.started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameStarted {
    /// 1, 2, 3 ... in its session.
    pub number: u32,
    /// The players in their cyclic order; the first one breaks.
    pub order: Vec<ParticipantId>,
    /// `kolkhoz`, `americana`, `moscow_pyramid`, `snooker`.
    pub game_type: String,
    /// This order is the one before, reversed (`alternate_direction`).
    #[serde(default)]
    pub reversed: bool,
    /// What is on the table, in games in which potted balls may come back to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<Remaining>,
    /// Which ball is on, in games where not every one may be potted at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can be made without fouls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
}

/// Data of `game.ball_potted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BallPotted {
    /// Who potted it.
    pub participant_id: ParticipantId,
    /// The account behind that place; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Its colour.
    pub color: String,
    /// What the player gained by it, collected fines among them: `total_score` is that much higher than before. In events
    /// of version 0.1.0 the fines are left out.
    pub points: i64,
    /// The player's points after it, fines included.
    pub total_score: i64,
    /// The player's balls after it.
    pub balls_potted: u32,
    /// Whose turn it is now.
    pub next_participant_id: ParticipantId,
    /// What the marker wrote.
    pub note: Option<String>,
    /// The cue ball itself was potted.
    #[serde(default)]
    pub own_ball: bool,
    /// How many balls of that colour went in by this stroke; absent: one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u8,
    /// It counted as the ball on, and left nothing off the table.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free_ball: bool,
    /// Fines of the pool that this pot collected, by owner: each owner lost these points, the potter gained them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fines: Vec<Fine>,
    /// The live money of everyone whose money this changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<LiveNet>,
    /// What is left on the table, in games in which potted balls may come back to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<Remaining>,
    /// Which ball is on after it, in games where not every one may be potted at any time: a colour, or `color` for any but red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can still be made without fouls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
    /// The same ball was marked for the same player just before, by another command: perhaps it is one too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_of: Option<Seq>,
    /// It was forgotten and added when the game had ended: what the game comes to with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Box<Correction>>,
}

fn one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_one(count: &u8) -> bool {
    *count == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

/// Points that an owner of fines pays to the one who collects them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fine {
    /// The owner.
    pub participant_id: ParticipantId,
    pub points: i64,
}

/// What a player would get (or pay, below zero) if the game ended now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LiveNet {
    /// The player.
    pub participant_id: ParticipantId,
    /// Minor units.
    pub net: Money,
}

/// Data of `game.foul_committed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FoulCommitted {
    /// Who made it.
    pub participant_id: ParticipantId,
    /// The account behind that place; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// How much it weighs, 0 where the rules have no penalty.
    pub points: i64,
    /// The offender's points after it.
    pub total_score: i64,
    /// Who got the points, where the rules give them to somebody.
    pub awarded_to: Option<ParticipantId>,
    /// Reds that left the table by it; absent: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reds: u8,
    /// What the marker wrote.
    pub reason: Option<String>,
    /// Whose turn it is now.
    pub next_participant_id: ParticipantId,
    /// The live money of everyone whose money this changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<LiveNet>,
    /// What is left on the table, in games in which potted balls may come back to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<Remaining>,
    /// Which ball is on after it, in games where not every one may be potted at any time: a colour, or `color` for any but red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can still be made without fouls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
    /// It was forgotten and added when the game had ended: what the game comes to with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Box<Correction>>,
}

/// Data of `game.turn_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TurnChanged {
    /// Whose turn ended.
    pub participant_id: ParticipantId,
    /// `miss`, `safety`, ...
    pub reason: Option<String>,
    /// Whose turn it is now.
    pub next_participant_id: ParticipantId,
    /// Which ball is on after it, in games where not every one may be potted at any time: a colour, or `color` for any but red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can still be made without fouls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
    /// It was forgotten and added when the game had ended: what the game comes to with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Box<Correction>>,
}

/// Data of `game.ended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameEnded {
    /// `all_balls_potted`, `target_reached`, `black_potted`, or what the caller said; `manual` where nothing was said.
    pub reason: String,
    /// Since the start of the game.
    pub duration_seconds: i64,
    /// By place.
    pub results: Vec<GameResult>,
    /// Whoever has the first place; empty where nobody won.
    pub winner_participant_ids: Vec<ParticipantId>,
    /// Whose side gave the game up, whatever the score; absent: nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conceded_by: Option<ParticipantId>,
    /// Of the money in the results; empty in events from before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
}

/// One player's score in a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Score {
    /// The player.
    pub participant_id: ParticipantId,
    /// Points, fines included.
    pub points: i64,
    /// Balls.
    pub balls_potted: u32,
    /// Fouls.
    pub fouls: u32,
    /// What the player would get or pay if the game ended now.
    #[serde(default)]
    pub net: Money,
    /// Of the visit to the table under way, in games that count breaks.
    #[serde(default, rename = "break", skip_serializing_if = "Option::is_none")]
    pub current_break: Option<i64>,
    /// The highest break of this game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_break: Option<i64>,
    /// How often the player has been at the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<u32>,
}

/// A player's breaks in a game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisitFigures {
    /// Points of the visit to the table under way; 0 where it is somebody else's.
    pub current_break: i64,
    /// The most points of one visit.
    pub high_break: i64,
    /// How many visits had a mark.
    pub visits: u32,
}

/// How many balls of a colour are left on the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Remaining {
    /// The colour.
    pub color: String,
    /// How many; `null` where this colour is not counted.
    pub count: Option<u32>,
}

/// What a game came to for one player (contract: Result).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameResult {
    /// The player.
    pub participant_id: ParticipantId,
    /// The player's account.
    pub user_id: Option<UserId>,
    /// 1 is first; equal points share a place.
    pub place: u32,
    /// Points.
    pub points: i64,
    /// Balls.
    pub balls_potted: u32,
    /// Fouls.
    pub fouls: u32,
    /// What others pay this player.
    pub earned: Money,
    /// What this player pays others.
    pub paid: Money,
    /// `earned − paid`; over a game these sum to 0.
    pub net: Money,
}
