//! Invitations: a place that is kept for an account. It lasts two weeks: time comes with whoever asks, so nothing has to
//! be stored, and nobody told, when one is over.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{EndedInvitation, Role};
use super::refusal::Refusal;
use super::{Participant, Session};
use crate::ids::{Timestamp, UserId};

/// How long an invitation can be followed.
pub const INVITATION_LIFE_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// An invitation that was not followed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvitation {
    /// The event that keeps the place.
    pub event_id: Uuid,
    /// When that was.
    pub at: Timestamp,
}

impl Participant {
    /// The invitation can be followed at that time.
    pub fn is_invited_at(&self, now: Timestamp) -> bool {
        let is_over = |invitation: &OpenInvitation| now.millis() - invitation.at.millis() >= INVITATION_LIFE_MS;
        self.is_invited && !self.invitation.as_ref().is_some_and(is_over)
    }

    /// What ends where the place is given up now.
    pub(super) fn ended_invitation(&self) -> Option<EndedInvitation> {
        let invitation = self.invitation.filter(|_| self.is_invited)?;
        Some(EndedInvitation { event_id: invitation.event_id, user_id: self.user_id? })
    }
}

impl Session {
    /// Has a place at the table, or is invited to one: another invitation would say nothing new.
    pub fn expects(&self, user: UserId, now: Timestamp) -> bool {
        self.participant_of(user).is_some_and(|participant| participant.is_active || participant.is_invited_at(now))
    }

    /// What is to be seen before joining: by whoever has the code, whoever is invited and whoever may read it.
    pub fn may_preview(&self, user: UserId, has_code: bool, now: Timestamp) -> Result<(), Refusal> {
        match self.participant_of(user) {
            Some(participant) if participant.is_removed => Err(Refusal::ParticipantRemoved),
            Some(participant) if participant.is_invited_at(now) => Ok(()),
            _ if has_code && !self.is_unknown() => Ok(()),
            Some(participant) if participant.is_invited && self.is_private && !participant.has_sat() => {
                Err(Refusal::NotAllowed(OVER))
            }
            _ => self.may_read(user),
        }
    }

    /// Whoever is invited, or sits at the table, needs no code to join. Who watches does to play: a helper who came by a
    /// scorer link was never told it.
    pub fn may_join_without_code(&self, user: UserId, role: Option<Role>, now: Timestamp) -> Result<(), Refusal> {
        match self.participant_of(user) {
            Some(participant) if participant.is_removed => Err(Refusal::ParticipantRemoved),
            Some(participant)
                if participant.is_active
                    && participant.role == Role::Spectator
                    && role.is_some_and(|role| role != Role::Spectator) =>
            {
                Err(Refusal::NotAllowed("who watches needs the join code to play"))
            }
            Some(participant) if participant.is_active || participant.is_invited_at(now) => Ok(()),
            Some(participant) if participant.is_invited => Err(Refusal::NotAllowed(OVER)),
            _ => Err(Refusal::NotAllowed("without an invitation the join code is needed")),
        }
    }

    /// A state that an earlier version kept: it does not say since when somebody is invited.
    pub fn lacks_invitations(&self) -> bool {
        // In one that is over no invitation can be followed any more.
        let lacks = |participant: &Participant| participant.is_invited && participant.invitation.is_none();
        !self.is_over() && self.participants.iter().any(lacks)
    }
}

const OVER: &str = "this invitation is over: ask for another one, or for the join code";
