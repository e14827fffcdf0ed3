//! A place that the creator made for somebody without a phone becomes an account's, with all that was played there.
//!
//! - It takes both: the account asks, the creator confirms. So nobody is given results that are not his, nor takes any.
//! - A place becomes somebody's once. Who has a place in the session, be it a left one, can't have another: nobody plays
//!   twice in a game.
//! - Claims are asked and decided after the evening too, since people open an account at home.

use super::Session;
use super::command::Request;
use super::decide::of_session;
use super::event::{ClaimDeclined, DecidedFact, Fact, ParticipantClaim, ParticipantClaimed};
use super::refusal::{Refusal, invalid};
use crate::ids::{ParticipantId, UserId};

/// Claims of a session that wait.
const CLAIMS_MAX: usize = 32;

impl Session {
    pub(super) fn ask_claim(
        &self,
        id: ParticipantId,
        name: &str,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        match self.participant_of(request.user) {
            Some(own) if own.is_removed => return Err(Refusal::ParticipantRemoved),
            Some(own) if own.id == id => return Ok(Vec::new()),
            Some(_) => return Err(Refusal::AlreadyInSession("you have")),
            None => {}
        }
        self.only_short()?;
        self.only_unclaimed(id)?;
        if self.claim(id, request.user).is_some() {
            return Ok(Vec::new());
        }
        if self.claims.len() >= CLAIMS_MAX {
            return Err(invalid("body", format!("{CLAIMS_MAX} claims wait already: the creator has to decide them")));
        }
        let claim = ParticipantClaim { participant_id: id, user_id: request.user, display_name: name.to_owned() };
        Ok(vec![of_session(Fact::ClaimAsked(claim))])
    }

    pub(super) fn confirm_claim(
        &self,
        id: ParticipantId,
        user_id: UserId,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_short()?;
        match self.participant_of(user_id) {
            Some(own) if own.id == id => return Ok(Vec::new()),
            Some(_) => return Err(Refusal::AlreadyInSession("this user has")),
            None => {}
        }
        self.only_unclaimed(id)?;
        self.claim(id, user_id).ok_or(Refusal::NotFound("claim"))?;
        Ok(vec![of_session(Fact::ParticipantClaimed(ParticipantClaimed { participant_id: id, user_id }))])
    }

    pub(super) fn decline_claim(
        &self,
        id: ParticipantId,
        user_id: UserId,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        if request.user != user_id {
            self.only_creator(request)?;
        }
        self.only_short()?;
        self.participant(id).ok_or(Refusal::NotFound("participant"))?;
        let waits = self.claim(id, user_id);
        let declined = waits.map(|_| Fact::ClaimDeclined(ClaimDeclined { participant_id: id, user_id }));
        Ok(declined.map(of_session).into_iter().collect())
    }

    /// Whoever asked is gone: none of his claims waits any more, whatever else the session still takes.
    pub(super) fn decline_all(&self, user_id: UserId) -> Vec<DecidedFact> {
        let own = self.claims.iter().filter(|claim| claim.user_id == user_id);
        own.map(|claim| ClaimDeclined { participant_id: claim.participant_id, user_id })
            .map(|declined| of_session(Fact::ClaimDeclined(declined)))
            .collect()
    }

    /// Claims to places without an account that wait for the creator.
    pub fn waiting_claims(&self) -> &[ParticipantClaim] {
        &self.claims
    }

    fn claim(&self, id: ParticipantId, user: UserId) -> Option<&ParticipantClaim> {
        self.claims.iter().find(|claim| claim.participant_id == id && claim.user_id == user)
    }

    fn only_unclaimed(&self, id: ParticipantId) -> Result<(), Refusal> {
        let participant = self.participant(id).ok_or(Refusal::NotFound("participant"))?;
        if participant.user_id.is_some() { Err(Refusal::AlreadyClaimed) } else { Ok(()) }
    }
}
