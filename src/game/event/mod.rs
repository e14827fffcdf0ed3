//! What happened: the stored vocabulary. Events never change once written, so fields are only ever added here, with
//! a default. A new type of event raises `FORMAT` of snapshots (`journal/snapshot.rs`).

mod corrections;
mod newer;
mod of_claims;
mod of_game;
mod of_money;
mod of_scorers;
mod proof;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

pub use corrections::{Correction, EventReassigned, EventVoided, GameReopened, Standing};
pub use newer::NewerFact;
pub use of_claims::{ClaimDeclined, ParticipantClaim, ParticipantClaimed};
pub use of_game::{
    BallPotted, Fine, FoulCommitted, GameEnded, GameResult, GameStarted, LiveNet, Remaining, Score, TurnChanged,
    VisitFigures,
};

pub use of_money::{EntryVoided, ExpenseAdded, ExpenseShare, PaymentMarked, TableShare, TableStopped};

pub use of_scorers::{ScorerAdmitted, ScorerLinkEnded};
pub use proof::{EventHash, Proof};

use super::discipline::Rules;
use super::money::TableTerms;
use crate::ids::{CommandId, CorrelationId, GameId, ParticipantId, Seq, SessionId, Timestamp, UserId};

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
    #[schema(value_type = Uuid)]
    pub command_id: CommandId,
    /// The request that caused it, over all services.
    #[schema(value_type = Uuid)]
    pub correlation_id: CorrelationId,
    /// When it was decided, by the deciding node's clock.
    pub timestamp: Timestamp,
    /// `prev_hash` and `hash`.
    #[serde(flatten)]
    pub proof: Proof,
}

impl Event {
    /// Closes a new event with its hash, and encodes it.
    pub fn sealed(mut self) -> (Self, Box<RawValue>) {
        self.proof.hash = None;
        let bare = encoded(&self);
        self.proof.hash = Some(EventHash::of(bare.get()));
        let json = encoded(&self);
        (self, json)
    }
}

fn encoded(event: &Event) -> Box<RawValue> {
    to_raw_value(event).expect("an event has string keys and finite numbers only")
}

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// The account.
    pub user_id: Option<UserId>,
    /// Its place, where it has one.
    pub participant_id: Option<ParticipantId>,
}

/// The part of an event that the rules decide: which game it is of, and what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct DecidedFact {
    /// The game it belongs to, if any.
    pub game_id: Option<GameId>,
    /// What happened.
    pub fact: Fact,
}

impl DecidedFact {
    /// The place that an account takes with these: whoever joins is the actor of that.
    pub fn taken_by(user: UserId, decided: &[DecidedFact]) -> Option<ParticipantId> {
        decided.iter().find_map(|decided| match &decided.fact {
            Fact::PlayerJoined(joined) if joined.user_id == Some(user) => Some(joined.participant_id),
            Fact::SessionCreated(created) if created.creator_user_id == user => Some(created.creator_participant_id),
            _ => None,
        })
    }
}

/// What a place is.
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

/// Declares `Fact`: each type of event once, with its name on the wire and in the log.
macro_rules! facts {
    ($($(#[doc = $doc:literal])+ $name:ident($data:ty) = $wire:tt,)+) => {
        /// `type` and `data` of an event.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum Fact {
            $($(#[doc = $doc])+ #[serde(rename = $wire)] $name($data),)+
            /// What only a newer version knows. Its event is kept as it was stored and written by nobody.
            #[serde(skip)]
            Newer(NewerFact),
        }

        impl Fact {
            /// All types of events that this version knows.
            pub const TYPES: &'static [&'static str] = &[$($wire),+];

            /// The event type of the contract, which is also its routing key.
            pub fn event_type(&self) -> &str {
                match self {
                    $(Fact::$name(_) => $wire,)+
                    Fact::Newer(newer) => &newer.event_type,
                }
            }
        }
    };
}

facts! {
    /// The session exists; its creator has the first place.
    SessionCreated(Box<SessionCreated>) = "session.created",
    /// A place was taken, taken again, or kept for an invited account (`is_active` false).
    PlayerJoined(PlayerJoined) = "session.player_joined",
    /// Left by own will.
    PlayerLeft(PlayerDeparture) = "session.player_left",
    /// Removed by the creator: may neither read nor come back until invited again.
    PlayerRemoved(PlayerDeparture) = "session.player_removed",
    /// Name or right to score changed; the values after the change.
    PlayerUpdated(PlayerUpdated) = "session.player_updated",
    /// Only what changed is there.
    SettingsChanged(Box<SettingsChanged>) = "session.settings_changed",
    /// The creator's role moved.
    CreatorChanged(CreatorChanged) = "session.creator_changed",
    /// Somebody paid for several.
    ExpenseAdded(Box<ExpenseAdded>) = "session.expense_added",
    /// Money was handed over.
    PaymentMarked(Box<PaymentMarked>) = "session.payment_marked",
    /// The table's clock was stopped; its time is an expense.
    TableStopped(Box<TableStopped>) = "session.table_stopped",
    /// An expense or a payment was taken back.
    EntryVoided(EntryVoided) = "session.entry_voided",
    /// An account says that a place without one is its own; the creator decides.
    ClaimAsked(ParticipantClaim) = "session.claim_asked",
    /// That claim waits no more: the creator said no, or it was taken back.
    ClaimDeclined(ClaimDeclined) = "session.claim_declined",
    /// A place without an account is somebody's from now on, and so is all that was played there.
    ParticipantClaimed(ParticipantClaimed) = "session.participant_claimed",
    /// A spectator may score, by a scorer link.
    ScorerAdmitted(ScorerAdmitted) = "session.scorer_admitted",
    /// A scorer link was taken back, and the right to score of all whom it brought.
    ScorerLinkEnded(ScorerLinkEnded) = "session.scorer_link_ended",
    /// The evening is over.
    SessionCompleted(Nothing) = "session.completed",
    /// The evening was called off.
    SessionCancelled(Nothing) = "session.cancelled",
    /// A game began.
    GameStarted(GameStarted) = "game.started",
    /// A ball was potted.
    BallPotted(BallPotted) = "game.ball_potted",
    /// A foul was made.
    FoulCommitted(FoulCommitted) = "game.foul_committed",
    /// A turn ended without a ball or a foul.
    TurnChanged(TurnChanged) = "game.turn_changed",
    /// A mark was taken back; all that followed from it is put right.
    EventVoided(Box<EventVoided>) = "game.event_voided",
    /// A mark was another player's; all that follows from it is put right.
    EventReassigned(Box<EventReassigned>) = "game.event_reassigned",
    /// The game is over and settled.
    GameEnded(Box<GameEnded>) = "game.ended",
    /// An ended game goes on.
    GameReopened(Box<GameReopened>) = "game.reopened",
    /// The game counts as not played.
    GameCancelled(Nothing) = "game.cancelled",
}

impl Fact {
    /// Of a mark: it was forgotten, and the game comes to this with it.
    pub(super) fn set_correction(&mut self, comes_to: Correction) {
        let (Fact::BallPotted(BallPotted { correction, .. })
        | Fact::FoulCommitted(FoulCommitted { correction, .. })
        | Fact::TurnChanged(TurnChanged { correction, .. })) = self
        else {
            return;
        };
        *correction = Some(Box::new(comes_to));
    }

    /// Of a mark that was forgotten: what the game comes to with it.
    pub fn correction(&self) -> Option<&Correction> {
        match self {
            Fact::BallPotted(BallPotted { correction, .. })
            | Fact::FoulCommitted(FoulCommitted { correction, .. })
            | Fact::TurnChanged(TurnChanged { correction, .. }) => correction.as_deref(),
            _ => None,
        }
    }

    /// The mark of the same ball just before, which may be one too many.
    pub fn echo_of(&self) -> Option<Seq> {
        if let Fact::BallPotted(potted) = self { potted.echo_of } else { None }
    }
}

/// `{}`: a type that says all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nothing {}

/// Data of `session.created`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionCreated {
    /// The join code, on its way to the row of the session: it stands in no event that is stored or told.
    #[serde(skip)]
    pub code: String,
    /// The session's chat.
    pub chat_id: Uuid,
    /// The session's name.
    pub name: String,
    /// The creator's account.
    pub creator_user_id: UserId,
    /// The creator's place.
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
    /// The place.
    pub participant_id: ParticipantId,
    /// The account; `None` for a guest.
    pub user_id: Option<UserId>,
    /// The name at the table.
    pub display_name: String,
    /// What the place is.
    pub role: Role,
    /// Nobody's account stands behind it.
    pub is_guest: bool,
    /// May mark balls.
    pub can_score: bool,
    /// False while it is an invitation.
    pub is_active: bool,
    /// Whose turn it is now, where coming back changed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_participant_id: Option<ParticipantId>,
}

/// Data of `session.player_left` and `session.player_removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Seat)]
pub struct PlayerDeparture {
    /// The place; its balance stays.
    pub participant_id: ParticipantId,
    /// Whose turn it is now, where it was that of who is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_participant_id: Option<ParticipantId>,
    /// A removal that only an invitation ends. Those of version 0.1.0 are without it: there the join code did, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub until_invited: bool,
    /// The place was only kept: an invitation was declined or withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<EndedInvitation>,
}

/// An invitation that nobody will follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EndedInvitation {
    /// The event that had kept the place.
    pub event_id: Uuid,
    /// Who was invited.
    pub user_id: UserId,
}

/// Data of `session.player_updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlayerUpdated {
    /// The place.
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
    /// What the table costs from now on; `null`: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<TableTerms>)]
    pub table: Option<Option<TableTerms>>,
    /// The join code is another one: those who may know it read the session for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code_changed: bool,
    /// The new join code, on its way to the row of the session.
    #[serde(skip)]
    pub code: Option<String>,
}

/// A value that is there, be it `null`.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Data of `session.creator_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreatorChanged {
    /// The new creator's place.
    pub participant_id: ParticipantId,
    /// The new creator's account.
    pub user_id: UserId,
}
