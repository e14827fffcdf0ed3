//! What happened: the stored vocabulary. Events never change once written, so fields are only ever added here, with
//! a default.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::{GameId, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};
use super::rules::Rules;

/// One fact of a session, as it is stored, streamed and published (contract, section 2.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    /// Unique; time-ordered.
    pub event_id: Uuid,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// Its number there.
    pub seq: Seq,
    /// `type` and `data`.
    #[serde(flatten)]
    pub fact: Fact,
    /// The game it belongs to, if any.
    pub game_id: Option<GameId>,
    /// Who caused it.
    pub actor: Actor,
    /// The idempotency key of the command that made it.
    pub command_id: Uuid,
    /// The request that caused it, over all services.
    pub correlation_id: Uuid,
    /// When it was decided, by the deciding node's clock.
    pub timestamp: Timestamp,
}

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// The account.
    pub user_id: Option<UserId>,
    /// Its seat, where it has one.
    pub participant_id: Option<ParticipantId>,
}

/// The part of an event that the rules decide: which game it is of, and what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The game it belongs to, if any.
    pub game_id: Option<GameId>,
    /// What happened.
    pub fact: Fact,
}

/// What a seat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the session; plays too.
    Creator,
    /// Plays.
    Participant,
    /// Watches, never scores.
    Spectator,
}

/// `type` and `data` of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", content = "data")]
pub enum Fact {
    /// The session exists; its creator has the first seat.
    #[serde(rename = "session.created")]
    SessionCreated(Box<SessionCreated>),
    /// A seat was taken, taken again, or kept for an invited account (`is_active` false).
    #[serde(rename = "session.player_joined")]
    PlayerJoined(PlayerJoined),
    /// Left by own will.
    #[serde(rename = "session.player_left")]
    PlayerLeft(Seat),
    /// Removed by the creator.
    #[serde(rename = "session.player_removed")]
    PlayerRemoved(Seat),
    /// Name or right to score changed; the values after the change.
    #[serde(rename = "session.player_updated")]
    PlayerUpdated(PlayerUpdated),
    /// Only what changed is there.
    #[serde(rename = "session.settings_changed")]
    SettingsChanged(Box<SettingsChanged>),
    /// The creator's role moved.
    #[serde(rename = "session.creator_changed")]
    CreatorChanged(CreatorChanged),
    /// The evening is over.
    #[serde(rename = "session.completed")]
    SessionCompleted(Nothing),
    /// The evening was called off.
    #[serde(rename = "session.cancelled")]
    SessionCancelled(Nothing),
    /// A game began.
    #[serde(rename = "game.started")]
    GameStarted(GameStarted),
    /// A ball was potted.
    #[serde(rename = "game.ball_potted")]
    BallPotted(BallPotted),
    /// A foul was made.
    #[serde(rename = "game.foul_committed")]
    FoulCommitted(FoulCommitted),
    /// A turn ended without a ball or a foul.
    #[serde(rename = "game.turn_changed")]
    TurnChanged(TurnChanged),
    /// A mark was taken back; all that followed from it is put right.
    #[serde(rename = "game.event_voided")]
    EventVoided(Box<EventVoided>),
    /// The game is over and settled.
    #[serde(rename = "game.ended")]
    GameEnded(Box<GameEnded>),
    /// The game counts as not played.
    #[serde(rename = "game.cancelled")]
    GameCancelled(Nothing),
}

impl Fact {
    /// The event type of the contract, which is also its routing key.
    pub fn event_type(&self) -> &'static str {
        match self {
            Fact::SessionCreated(_) => "session.created",
            Fact::PlayerJoined(_) => "session.player_joined",
            Fact::PlayerLeft(_) => "session.player_left",
            Fact::PlayerRemoved(_) => "session.player_removed",
            Fact::PlayerUpdated(_) => "session.player_updated",
            Fact::SettingsChanged(_) => "session.settings_changed",
            Fact::CreatorChanged(_) => "session.creator_changed",
            Fact::SessionCompleted(_) => "session.completed",
            Fact::SessionCancelled(_) => "session.cancelled",
            Fact::GameStarted(_) => "game.started",
            Fact::BallPotted(_) => "game.ball_potted",
            Fact::FoulCommitted(_) => "game.foul_committed",
            Fact::TurnChanged(_) => "game.turn_changed",
            Fact::EventVoided(_) => "game.event_voided",
            Fact::GameEnded(_) => "game.ended",
            Fact::GameCancelled(_) => "game.cancelled",
        }
    }
}

/// `{}`: a type that says all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nothing {}

/// Data of `session.created`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionCreated {
    /// The join code.
    pub code: String,
    /// The session's chat.
    pub chat_id: Uuid,
    /// The session's name.
    pub name: String,
    /// The creator's account.
    pub creator_user_id: UserId,
    /// The creator's seat.
    pub creator_participant_id: ParticipantId,
    /// The creator's name at the table.
    pub creator_display_name: String,
    /// Active players at most.
    pub max_players: u32,
    /// Only participants may read and watch it.
    pub is_private: bool,
    /// The rules that hold until changed.
    pub rules: Rules,
    /// Where they came from.
    pub template_id: Option<Uuid>,
}

/// Data of `session.player_joined`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlayerJoined {
    /// The seat.
    pub participant_id: ParticipantId,
    /// The account; `None` for a guest.
    pub user_id: Option<UserId>,
    /// The name at the table.
    pub display_name: String,
    /// What the seat is.
    pub role: Role,
    /// Nobody's account stands behind it.
    pub is_guest: bool,
    /// May mark balls.
    pub can_score: bool,
    /// False while it is an invitation.
    pub is_active: bool,
}

/// Data of `session.player_left` and `session.player_removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Seat {
    /// The seat; its balance stays.
    pub participant_id: ParticipantId,
}

/// Data of `session.player_updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlayerUpdated {
    /// The seat.
    pub participant_id: ParticipantId,
    /// The name from now on.
    pub display_name: String,
    /// The right to score from now on.
    pub can_score: bool,
}

/// Data of `session.settings_changed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingsChanged {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_players: Option<u32>,
    /// The new privacy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_private: Option<bool>,
    /// The new rules, from the next game on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
}

/// Data of `session.creator_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreatorChanged {
    /// The new creator's seat.
    pub participant_id: ParticipantId,
    /// The new creator's account.
    pub user_id: UserId,
}

/// Data of `game.started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameStarted {
    /// 1, 2, 3 ... in its session.
    pub number: u32,
    /// The players in their cyclic order; the first one breaks.
    pub order: Vec<ParticipantId>,
    /// `kolkhoz`, `americana`, `moscow_pyramid`.
    pub game_type: String,
    /// This order is the one before, reversed (`alternate_direction`).
    #[serde(default)]
    pub reversed: bool,
}

/// Data of `game.ball_potted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BallPotted {
    /// Who potted it.
    pub participant_id: ParticipantId,
    /// The account behind that seat; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Its colour.
    pub color: String,
    /// What the ball itself brought, without collected fines.
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
    /// Fines of the pool that this pot collected, by owner: each owner lost these points, the potter gained them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fines: Vec<Fine>,
    /// The live money of everyone whose money this changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<LiveNet>,
}

/// Points that an owner of fines pays to the one who collects them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fine {
    /// The owner.
    pub participant_id: ParticipantId,
    /// How many points.
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
    /// The account behind that seat; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// How much it weighs, 0 where the rules have no penalty.
    pub points: i64,
    /// The offender's points after it.
    pub total_score: i64,
    /// Who got the points, where the rules give them to somebody.
    pub awarded_to: Option<ParticipantId>,
    /// What the marker wrote.
    pub reason: Option<String>,
    /// Whose turn it is now.
    pub next_participant_id: ParticipantId,
    /// The live money of everyone whose money this changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<LiveNet>,
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
}

/// Data of `game.event_voided`: the game as it stands without the voided mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventVoided {
    /// Which event.
    pub voided_seq: Seq,
    /// Its type.
    pub voided_type: String,
    /// The account of the player whose mark it was; `None` for a guest.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// All players' scores after the void.
    pub scores: Vec<Score>,
    /// Whose turn it is after the void.
    pub current_participant_id: Option<ParticipantId>,
    /// What is left on the table after the void; empty where balls are not counted.
    #[serde(default)]
    pub remaining: Vec<Remaining>,
    /// The new results, where the game had ended.
    #[serde(default)]
    pub results: Option<Vec<GameResult>>,
    /// Of the money in the results; empty where there are none, and in events from before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
}

/// Data of `game.ended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GameEnded {
    /// `all_balls_potted`, `target_reached`, or what the caller said; `manual` where nothing was said.
    pub reason: String,
    /// Since the start of the game.
    pub duration_seconds: i64,
    /// By place.
    pub results: Vec<GameResult>,
    /// Whoever has the first place; empty where nobody won.
    pub winner_participant_ids: Vec<ParticipantId>,
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
