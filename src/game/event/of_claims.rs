//! The data of the events by which a place without an account becomes somebody's.

use serde::{Deserialize, Serialize};

use crate::ids::{ParticipantId, UserId};

/// Data of `session.claim_asked`, and a claim that waits for the creator's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ParticipantClaim {
    /// The place, which has no account.
    pub participant_id: ParticipantId,
    /// Who says that it is his.
    pub user_id: UserId,
    /// The account's display name then.
    pub display_name: String,
}

/// Data of `session.claim_declined`: the creator's no, or taken back by who had asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimDeclined {
    pub participant_id: ParticipantId,
    /// Whose claim it was.
    pub user_id: UserId,
}

/// Data of `session.participant_claimed`: the place is that account's, with all that was played and paid there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ParticipantClaimed {
    /// The place; its name stays.
    pub participant_id: ParticipantId,
    /// The account, which may score from now on as whoever joins may.
    pub user_id: UserId,
}
