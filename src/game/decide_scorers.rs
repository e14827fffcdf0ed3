//! Helpers who mark balls and don't play: spectators with the right to score, which a scorer link of the creator's brings.
//!
//! - The right hangs on the link and stands in the log: where the link ends, it ends in the same event for all whom it
//!   brought, and for whoever is on the way.
//! - A spectator has it in no other way, and keeps it while watching only.
//! - Whom the creator took the right to score from does not get it back by a link.

use uuid::Uuid;

use super::command::Request;
use super::decide::of_session;
use super::decide_participants::{named, new_participant};
use super::event::{DecidedFact, Fact, PlayerJoined, Role, ScorerAdmitted, ScorerLinkEnded};
use super::refusal::Refusal;
use super::{Participant, Session};

impl Participant {
    /// Sits at the table, or watches it by a scorer link, and was not denied the right.
    pub(super) fn may_score(&self) -> bool {
        self.is_active && self.can_score && (self.role != Role::Spectator || self.scorer_link.is_some())
    }

    /// What a scorer link gave is gone.
    pub(super) fn only_watch(&mut self) {
        self.scorer_link = None;
        self.can_score = false;
    }
}

impl Session {
    pub(super) fn admit_scorer(
        &self,
        link_id: Uuid,
        name: &str,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        if self.ended_scorer_links.contains(&link_id) {
            return Err(Refusal::NotFound("scorer link"));
        }
        let known = self.participant_of(request.user);
        if known.is_some_and(|participant| participant.is_removed) {
            return Err(Refusal::ParticipantRemoved);
        }
        if self.is_over() {
            return Err(Refusal::SessionNotOpen);
        }
        self.only_short()?;
        if request.user == self.creator_user_id || known.is_some_and(Participant::may_score) {
            return Ok(Vec::new());
        }
        if known.is_some_and(|participant| participant.is_muted) {
            return Err(Refusal::NotAllowed("the session's creator took your right to score away"));
        }
        let participant_id = known.map_or_else(|| new_participant(request), |participant| participant.id);
        let admitted = of_session(Fact::ScorerAdmitted(ScorerAdmitted { participant_id, link_id }));
        if known.is_some_and(|participant| participant.is_active) {
            return Ok(vec![admitted]);
        }
        self.only_with_room(known.is_none(), Role::Spectator)?;
        let mut decided = self.joined(PlayerJoined {
            participant_id,
            user_id: Some(request.user),
            display_name: named("display_name", name, 64)?,
            role: Role::Spectator,
            is_guest: false,
            can_score: false,
            is_active: true,
            current_participant_id: None,
        });
        decided.push(admitted);
        Ok(decided)
    }

    /// Also in a session that is over or has reached its bound: what was given can be taken.
    pub(super) fn end_scorer_link(&self, link_id: Uuid, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        if self.ended_scorer_links.contains(&link_id) {
            return Ok(Vec::new());
        }
        Ok(vec![of_session(Fact::ScorerLinkEnded(ScorerLinkEnded { link_id }))])
    }
}
