//! The data of the events by which helpers mark balls and neither play nor run the session.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::ParticipantId;

/// Data of `session.scorer_admitted`: a spectator may score, as long as the link stands that brought him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScorerAdmitted {
    /// Whose place.
    pub participant_id: ParticipantId,
    /// The scorer link.
    pub link_id: Uuid,
}

/// Data of `session.scorer_link_ended`: nobody comes by it any more, and whoever came by it only watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScorerLinkEnded {
    /// The scorer link.
    pub link_id: Uuid,
}
