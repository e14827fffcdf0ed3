//! Why the rules refuse what was asked.

use crate::ids::Seq;

/// Why the rules said no: a closed list, each with its stable code (contract, section 8).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `validation_failed`.
    #[error("{field}: {message}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// `not_found`.
    #[error("there is no such {0} in this session")]
    NotFound(&'static str),
    /// `insufficient_permissions`.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// `participant_removed`.
    #[error("you were removed from this session; its creator may invite you again")]
    ParticipantRemoved,
    /// `already_claimed`.
    #[error("somebody's account stands behind this place")]
    AlreadyClaimed,
    /// `already_in_session`.
    #[error("{0} another place in this session, and nobody has two")]
    AlreadyInSession(&'static str),
    /// `session_full`.
    #[error("all {0} places are taken")]
    SessionFull(u32),
    /// `session_not_open`.
    #[error("this session is over, nobody can join it")]
    SessionNotOpen,
    /// `session_closed`.
    #[error("this session is over")]
    SessionClosed,
    /// `session_closed`: the bound on a session's length.
    #[error("this session has reached its {0} events; complete it and open another one")]
    SessionTooLong(Seq),
    /// `game_in_progress`.
    #[error("a game is in progress")]
    GameInProgress,
    /// `game_not_active`.
    #[error("this game is not in progress")]
    GameNotActive,
    /// `game_not_ended`.
    #[error("this game has not ended")]
    GameNotEnded,
    /// `game_not_reopenable`.
    #[error("{0}")]
    GameNotReopenable(&'static str),
    /// `not_your_turn`.
    #[error("it is {0}'s turn")]
    NotYourTurn(String),
    /// `unknown_ball`.
    #[error("these rules have no ball {0:?}")]
    UnknownBall(String),
    /// `ball_not_available`.
    #[error("no {0} ball is left on the table")]
    BallNotAvailable(&'static str),
    /// `ball_not_available`: it is there, and not on.
    #[error("{ball} is not on: {on} is")]
    BallNotOn {
        /// What was asked for.
        ball: &'static str,
        /// What is on; `color`: any but red.
        on: &'static str,
    },
    /// `not_enough_players`.
    #[error("{needed} players are needed, {there} are there")]
    NotEnoughPlayers {
        /// How many the rules ask for.
        needed: usize,
        /// How many there are.
        there: usize,
    },
    /// `event_not_voidable`.
    #[error("{0}")]
    EventNotVoidable(&'static str),
    /// `table_not_running`.
    #[error("the table's clock does not run")]
    TableNotRunning,
    /// `storage_unavailable`: this node is not up to date yet.
    #[error("a newer version of Artel plays this session, nothing was stored: send it again with the same key")]
    NeedsNewer,
}

pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Invalid { field, message: message.into() }
}

impl Refusal {
    /// The stable word of section 8 of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Invalid { .. } => "validation_failed",
            Refusal::NotFound(_) => "not_found",
            Refusal::NotAllowed(_) => "insufficient_permissions",
            Refusal::ParticipantRemoved => "participant_removed",
            Refusal::AlreadyClaimed => "already_claimed",
            Refusal::AlreadyInSession(_) => "already_in_session",
            Refusal::SessionFull(_) => "session_full",
            Refusal::SessionNotOpen => "session_not_open",
            Refusal::SessionClosed | Refusal::SessionTooLong(_) => "session_closed",
            Refusal::GameInProgress => "game_in_progress",
            Refusal::GameNotActive => "game_not_active",
            Refusal::GameNotEnded => "game_not_ended",
            Refusal::GameNotReopenable(_) => "game_not_reopenable",
            Refusal::NotYourTurn(_) => "not_your_turn",
            Refusal::UnknownBall(_) => "unknown_ball",
            Refusal::BallNotAvailable(_) | Refusal::BallNotOn { .. } => "ball_not_available",
            Refusal::NotEnoughPlayers { .. } => "not_enough_players",
            Refusal::EventNotVoidable(_) => "event_not_voidable",
            Refusal::TableNotRunning => "table_not_running",
            Refusal::NeedsNewer => "storage_unavailable",
        }
    }
}
