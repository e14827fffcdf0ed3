//! What clients see of a session: the objects of the wire contract.
//! They are made from a `Session` on demand and hold nothing that it does not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::discipline::{Color, Rules};
use super::event::{EventHash, Fine, GameResult, ParticipantClaim, Remaining, Role, Score};
use super::money::TableSplit;
pub use super::settlement::Transfer;
use crate::ids::{GameId, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};

/// How far an evening is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No game has begun.
    #[default]
    Waiting,
    /// From the first game on.
    InProgress,
    /// Over.
    Completed,
    /// Called off.
    Cancelled,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Cancelled => "cancelled",
        }
    }
}

/// How far a game is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GameStatus {
    /// Being played.
    InProgress,
    /// Over and settled.
    Completed,
    /// Counts as not played.
    Cancelled,
}

impl GameStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            GameStatus::InProgress => "in_progress",
            GameStatus::Completed => "completed",
            GameStatus::Cancelled => "cancelled",
        }
    }
}

/// An evening at one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    pub id: SessionId,
    /// The join code, for those who sit at the table; `null` for everybody else.
    pub code: Option<String>,
    pub chat_id: Uuid,
    pub name: String,
    /// How far it is.
    pub status: Status,
    /// Only participants may read and watch it.
    pub is_private: bool,
    /// Who runs it.
    pub creator_user_id: UserId,
    /// Active players at most.
    pub max_players: u32,
    /// The rules of the next game (and of the current one).
    pub rules: Rules,
    /// Where the rules came from.
    pub template_id: Option<Uuid>,
    /// The last event's number.
    pub seq: Seq,
    /// All places, in the order they were taken.
    pub participants: Vec<ParticipantView>,
    /// Claims to places without an account that wait for the creator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ParticipantClaim>,
    /// The game in progress.
    pub current_game: Option<GameView>,
    /// The match that the present rules race to, while there is one.
    #[serde(rename = "match")]
    pub race: Option<MatchView>,
    /// The table's clock, where one was set.
    pub table: Option<TableView>,
    /// The hash of the last event: who reads the same sees the same.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub fingerprint: Option<EventHash>,
    /// How many games were completed.
    pub games_played: u32,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its first game began.
    pub started_at: Option<Timestamp>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
}

/// A place in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView {
    pub id: ParticipantId,
    /// The account; `null` for a guest.
    pub user_id: Option<UserId>,
    /// The name at the table.
    pub display_name: String,
    /// What the place is.
    pub role: Role,
    /// Nobody's account stands behind it.
    pub is_guest: bool,
    /// May mark balls.
    pub can_score: bool,
    /// False for who left, was removed, or has not followed the invitation yet.
    pub is_active: bool,
    /// Watches now.
    pub is_online: bool,
    /// The sum of the nets over completed games, in minor units.
    pub balance: Money,
    /// Completed games with this player.
    pub games_played: u32,
    /// In all games that were not cancelled.
    pub balls_potted: u32,
    /// `null` while it is an invitation.
    pub joined_at: Option<Timestamp>,
    /// When the place was left last; `null` while active.
    pub left_at: Option<Timestamp>,
}

/// One game of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Game)]
pub struct GameView {
    pub id: GameId,
    pub session_id: SessionId,
    /// 1, 2, 3 ... in its session.
    pub number: u32,
    /// By which kind of rules it is played.
    pub game_type: String,
    /// How far it is.
    pub status: GameStatus,
    /// The players in their cyclic order.
    pub order: Vec<ParticipantId>,
    /// The order is the one of the game before, reversed.
    pub reversed: bool,
    /// Whose turn it is; `null` once it is over.
    pub current_participant_id: Option<ParticipantId>,
    /// In order.
    pub scores: Vec<Score>,
    /// What is left on the table, colour by colour.
    pub remaining: Vec<Remaining>,
    /// Which ball is on, in games where not every one may be potted at any time: a colour, or `color` for any but red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ball_on: Option<String>,
    /// The most that can still be made without fouls, in such games.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_remaining: Option<i64>,
    /// Fines of the pool that wait for the next pot, by owner.
    pub fines: Vec<Fine>,
    /// By place; `null` unless it is completed.
    pub results: Option<Vec<GameResult>>,
    /// Who won; empty where nobody did.
    pub winner_participant_ids: Vec<ParticipantId>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was completed or cancelled.
    pub ended_at: Option<Timestamp>,
    /// From one to the other.
    pub duration_seconds: Option<i64>,
}

/// Games of the same two sides by the same rules, one after the other, until a side has won enough of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Match)]
pub struct MatchView {
    /// Games that win it.
    pub race_to: u32,
    /// Both sides, the one that was first in the order of its first game before the other; empty before that game.
    pub won: Vec<MatchSide>,
    /// The side that has won it.
    pub winner_participant_ids: Option<Vec<ParticipantId>>,
}

/// One side of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchSide {
    /// Who plays on it.
    pub participant_ids: Vec<ParticipantId>,
    /// How many games it has won.
    pub games: u32,
}

/// Who owes what after the completed games.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceView {
    /// ISO 4217.
    pub currency: String,
    /// All places, in the order they were taken.
    pub participants: Vec<ParticipantBalance>,
    /// The fewest transfers that clear all balances.
    pub settlement: Vec<Transfer>,
}

/// One participant's part of the balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParticipantBalance {
    /// The place.
    pub participant_id: ParticipantId,
    /// The sum of the nets.
    pub net: Money,
    /// Game by game.
    pub games: Vec<GameNet>,
    /// What expenses came to, the table's time among them.
    pub expenses: Money,
    /// What was paid to others less what was received.
    pub payments: Money,
}

/// The table's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Table)]
pub struct TableView {
    /// Minor units; a minute that has begun counts.
    pub price_per_hour: Money,
    /// Who pays the house, and is paid by the others.
    pub paid_by: ParticipantId,
    pub split: TableSplit,
    /// With the first game; `null` before it.
    pub started_at: Option<Timestamp>,
    /// `null` while it runs.
    pub stopped_at: Option<Timestamp>,
    /// What it came to; `null` while it runs, and where that was taken back.
    pub minutes: Option<i64>,
    pub amount: Option<Money>,
}

/// What one game came to for one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GameNet {
    pub game_id: GameId,
    /// Its number in the session.
    pub number: u32,
    /// Minor units.
    pub net: Money,
}

/// What a board shows beside the session itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Evening)]
pub struct EveningView {
    /// The last completed game.
    pub last_game: Option<GameView>,
    /// ISO 4217.
    pub currency: String,
    /// What the evening came to so far, place by place.
    pub totals: Vec<Total>,
    /// The fewest transfers that clear it.
    pub settlement: Vec<Transfer>,
}

/// What the evening came to for one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Total {
    /// The place.
    pub participant_id: ParticipantId,
    /// Minor units.
    pub net: Money,
}

/// A game as statistics count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameSummary {
    pub game_id: GameId,
    /// Its number in the session.
    pub number: u32,
    /// By which kind of rules it is played.
    pub game_type: String,
    /// Of its money, ISO 4217.
    pub currency: String,
    /// How far it is.
    pub status: GameStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was completed or cancelled.
    pub ended_at: Option<Timestamp>,
    /// In order.
    pub players: Vec<PlayerSummary>,
}

/// One player of a game as statistics count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerSummary {
    /// The place.
    pub participant_id: ParticipantId,
    /// The account; `None` for a guest.
    pub user_id: Option<UserId>,
    /// Points, fines included.
    pub points: i64,
    /// Balls.
    pub balls_potted: u32,
    /// The same by colour, without those of which none was potted.
    pub balls_by_color: BTreeMap<Color, u32>,
    /// Of these, the cue ball itself.
    pub own_balls: u32,
    /// Where they are counted.
    pub breaks: Option<Breaks>,
    /// Fouls.
    pub fouls: u32,
    /// What the game came to; live while it is in progress.
    pub net: Money,
    /// Equal points share a place.
    pub place: u32,
    /// The game is completed and this player is among its winners.
    pub won: bool,
    /// The game is completed, was won, and not by this player.
    pub lost: bool,
}

/// Breaks of a player: points of one visit to the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Breaks {
    /// The most points of one visit.
    pub highest: i64,
    /// Breaks of 50 to 99 points.
    pub fifties: u32,
    /// Breaks of 100 points and more.
    pub centuries: u32,
}
