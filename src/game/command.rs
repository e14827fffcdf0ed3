//! What may be asked of a session.
//! Commands are imperative; the wire's scoring commands are the ones that have a `type` here.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};

use super::discipline::Rules;
use super::event::Role;
use super::money::{ExpenseKind, TableTerms};
use crate::ids::{Dice, GameId, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};

/// One command with all that deciding it needs: no clock and no randomness is read inside.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks; every command comes from an account.
    pub user: UserId,
    /// The game that the caller named, where a path named one; `None`: the current game.
    pub game: Option<GameId>,
    /// What is asked.
    pub command: Command,
    /// When it was asked, by this node's clock.
    pub at: Timestamp,
    /// The randomness it may use.
    pub dice: Dice,
}

/// What can be asked of a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Opens the session: always its first command.
    CreateSession(CreateSession),
    /// A scoring command of the wire contract.
    Score(Scoring),
    /// An account takes a place (or comes back to its own).
    Join {
        /// The name shown at the table, 1..64 characters.
        display_name: String,
        /// A player or a spectator, never `Creator`; `None`: as before, a player where that is new.
        role: Option<Role>,
    },
    /// A place for a guest without an account. Creator only.
    AddGuest {
        /// The name shown at the table, 1..64 characters.
        display_name: String,
    },
    /// A place kept for an account, which becomes active when it joins. Creator only.
    Invite {
        /// Who is invited.
        user_id: UserId,
        /// The account's display name.
        display_name: String,
    },
    /// Creator only.
    UpdateParticipant {
        /// Whose place.
        participant_id: ParticipantId,
        /// A new name, where given.
        display_name: Option<String>,
        /// A new right to score, where given.
        can_score: Option<bool>,
    },
    /// Leaves (own place) or removes (creator).
    RemoveParticipant {
        /// Whose place.
        participant_id: ParticipantId,
    },
    /// A place without an account is the caller's. Waits for the creator.
    AskClaim {
        /// Which place.
        participant_id: ParticipantId,
        /// The account's display name.
        display_name: String,
    },
    /// So it is: the place is that account's from now on. Creator only.
    ConfirmClaim {
        /// Which place.
        participant_id: ParticipantId,
        /// Who asked.
        user_id: UserId,
    },
    /// It is not; by the creator or whoever asked.
    DeclineClaim {
        /// Which place.
        participant_id: ParticipantId,
        /// Who asked.
        user_id: UserId,
    },
    /// Comes by a scorer link, to watch and to mark.
    AdmitScorer {
        /// Which link.
        link_id: uuid::Uuid,
        /// The name shown at the table, 1..64 characters.
        display_name: String,
    },
    /// A scorer link is taken back. Creator only.
    EndScorerLink {
        /// Which link.
        link_id: uuid::Uuid,
    },
    /// The account is gone: it leaves, and its place is a deleted player's, in a session that is over as well.
    Forget,
    /// Creator only; each field where given.
    ChangeSettings(Box<ChangeSettings>),
    /// A new join code; the old one is void. Creator only.
    ChangeCode {
        /// The server's doing, so no part of what was asked.
        #[serde(skip)]
        code: String,
    },
    /// What one paid for several.
    AddExpense(NewExpense),
    /// Money was handed over.
    MarkPayment(NewPayment),
    /// The table's clock stops.
    StopTable,
    /// An expense or a payment is taken back.
    VoidEntry {
        /// Which event.
        seq: Seq,
    },
    /// Creator only.
    CancelSession,
}

impl Command {
    /// One stable word for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Command::CreateSession(_) => "create_session",
            Command::Score(scoring) => scoring.kind(),
            Command::Join { .. } => "join",
            Command::AddGuest { .. } => "add_guest",
            Command::Invite { .. } => "invite",
            Command::UpdateParticipant { .. } => "update_participant",
            Command::AskClaim { .. } => "ask_claim",
            Command::ConfirmClaim { .. } => "confirm_claim",
            Command::DeclineClaim { .. } => "decline_claim",
            Command::AdmitScorer { .. } => "admit_scorer",
            Command::EndScorerLink { .. } => "end_scorer_link",
            Command::Forget => "forget",
            Command::RemoveParticipant { .. } => "remove_participant",
            Command::ChangeSettings(_) => "change_settings",
            Command::ChangeCode { .. } => "change_code",
            Command::AddExpense(_) => "add_expense",
            Command::MarkPayment(_) => "mark_payment",
            Command::StopTable => "stop_table",
            Command::VoidEntry { .. } => "void_entry",
            Command::CancelSession => "cancel_session",
        }
    }
}

impl Scoring {
    /// A mark that was forgotten, for an ended game.
    pub(super) fn is_correction(&self) -> bool {
        match self {
            Scoring::PotBall { correction, .. }
            | Scoring::CommitFoul { correction, .. }
            | Scoring::EndTurn { correction, .. } => *correction,
            _ => false,
        }
    }

    /// It puts right what was marked, also after the evening.
    pub(super) fn puts_right(&self) -> bool {
        self.is_correction() || matches!(self, Scoring::VoidEvent { .. } | Scoring::ReassignEvent { .. })
    }

    /// The `type` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Scoring::PotBall { .. } => "pot_ball",
            Scoring::CommitFoul { .. } => "commit_foul",
            Scoring::EndTurn { .. } => "end_turn",
            Scoring::StartGame { .. } => "start_game",
            Scoring::VoidEvent { .. } => "void_event",
            Scoring::ReassignEvent { .. } => "reassign_event",
            Scoring::ReopenGame {} => "reopen_game",
            Scoring::EndGame { .. } => "end_game",
            Scoring::CancelGame {} => "cancel_game",
            Scoring::CompleteSession {} => "complete_session",
        }
    }
}

/// The first command of a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CreateSession {
    /// The new session's id.
    pub session_id: SessionId,
    /// The id of its chat.
    pub chat_id: uuid::Uuid,
    /// The join code, unique among all sessions.
    pub code: String,
    /// 1..100 characters.
    pub name: String,
    /// Frozen into the session.
    pub rules: Rules,
    /// Where the rules came from.
    pub template_id: Option<uuid::Uuid>,
    /// Active players at most; `None`: what the rules suggest.
    pub max_players: Option<u32>,
    /// Only participants may read and watch it.
    pub is_private: bool,
    /// The creator's name at the table.
    pub display_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChangeSettings {
    /// 1..100 characters.
    pub name: Option<String>,
    /// Active players at most.
    pub max_players: Option<u32>,
    /// Only participants may read and watch it.
    pub is_private: Option<bool>,
    /// Only while waiting or between games.
    pub rules: Option<Rules>,
    /// What the table costs; `Some(None)`: nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Option<TableTerms>>,
    /// Hands the creator's role over to an active account holder.
    pub creator_participant_id: Option<ParticipantId>,
}

/// Body of `POST /sessions/{id}/expenses`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExpense {
    /// 1..100 characters.
    pub title: String,
    /// Minor units, 1..1000000000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    pub amount: Money,
    /// Who paid it all.
    pub paid_by: ParticipantId,
    /// Who bears it; absent: all who play or have played.
    #[serde(default)]
    pub shared_by: Option<Vec<ParticipantId>>,
    /// `other` where absent.
    #[serde(default)]
    pub kind: Option<ExpenseKind>,
}

/// Body of `POST /sessions/{id}/payments`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// Who paid.
    pub from: ParticipantId,
    /// Who was paid.
    pub to: ParticipantId,
    /// Minor units, 1..1000000000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    pub amount: Money,
}

/// The commands that also travel over WebSocket and AMQP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scoring {
    /// A ball went in.
    PotBall {
        /// Who potted it.
        participant_id: ParticipantId,
        /// One of the colours of the rules; anything else is `unknown_ball`.
        color: String,
        /// The cue ball itself was potted («свой»).
        #[serde(default)]
        own_ball: bool,
        /// Balls of that colour in one stroke, 1..15: several reds of snooker; one where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(minimum = 1, maximum = 15)]
        count: Option<u32>,
        /// Snooker: it counts as the ball on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        free_ball: bool,
        /// At most 200 characters.
        #[serde(default)]
        note: Option<String>,
        /// It was forgotten: added to an ended game.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        correction: bool,
    },
    /// A foul was made.
    CommitFoul {
        /// Who made it.
        participant_id: ParticipantId,
        /// 1..100; what the rules say where absent.
        #[serde(default)]
        points: Option<i64>,
        /// Snooker: how many reds leave the table by it, 0..15.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(minimum = 0, maximum = 15)]
        reds: Option<u32>,
        /// At most 200 characters.
        #[serde(default)]
        reason: Option<String>,
        /// It was forgotten: added to an ended game.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        correction: bool,
    },
    /// The turn passes on.
    EndTurn {
        /// Whose turn ends.
        participant_id: ParticipantId,
        /// `miss`, `safety` or the caller's own word, at most 200 characters.
        #[serde(default)]
        reason: Option<String>,
        /// It was forgotten: added to an ended game.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        correction: bool,
    },
    /// The next game begins.
    StartGame {
        /// The players in order; drawn by the rules where absent.
        #[serde(default)]
        order: Option<Vec<ParticipantId>>,
    },
    /// A marked ball, foul or end of turn is taken back.
    VoidEvent {
        /// Which event.
        seq: Seq,
    },
    /// A mark was another player's.
    ReassignEvent {
        /// Which event.
        seq: Seq,
        /// Whose mark it is.
        participant_id: ParticipantId,
    },
    /// The session's last game goes on.
    ReopenGame {},
    /// The game ends and is settled.
    EndGame {
        /// With the reason `conceded`: whose side gives the game up. Only in games that can be conceded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        participant_id: Option<ParticipantId>,
        /// At most 200 characters.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The game ends as if it had not been played.
    CancelGame {},
    /// The evening ends. Creator only.
    CompleteSession {},
}

/// In OpenAPI: the commands that mark something in a game. The others have calls of their own.
#[derive(Debug)]
pub struct MarkBody;

impl MarkBody {
    const KINDS: [&str; 3] = ["pot_ball", "commit_foul", "end_turn"];
}

impl utoipa::PartialSchema for MarkBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = Scoring::schema();
        if let RefOr::T(Schema::OneOf(commands)) = &mut schema {
            commands.items.retain(|command| MarkBody::KINDS.contains(&type_of(command).as_str()));
        }
        schema
    }
}

impl utoipa::ToSchema for MarkBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "Mark".into()
    }
}

/// The `type` that the schema of a command says.
fn type_of(command: &RefOr<Schema>) -> String {
    let RefOr::T(Schema::Object(command)) = command else { return String::new() };
    let Some(RefOr::T(Schema::Object(kind))) = command.properties.get("type") else { return String::new() };
    let word = kind.enum_values.as_ref().and_then(|words| words.first());
    word.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
