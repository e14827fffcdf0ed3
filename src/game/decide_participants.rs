//! Places and settings: who opens, joins, leaves and runs a session, and what may be changed about it.
//!
//! - A place is kept for ever: whoever comes back has the same id, balance, role and right to score, unless another role
//!   is asked for. A player becomes a spectator between games only; the creator plays.
//! - Who was removed comes back when invited again; an invitation that is withdrawn is a removal too.
//! - An invitation can be declined by its account and withdrawn by the creator; it may be given again after leaving, and
//!   when it is over by time.
//! - Spectators do not take a player's place, but the bound on all places counts them.
//! - A spectator cannot be made creator: the creator plays.
//! - The currency cannot change once a game was played by it, money moved in it or a clock counts in it: a balance is one
//!   sum.

use super::command::{ChangeSettings, CreateSession, Request};
use super::decide::{NEW_ID, of_game, of_session};
use super::discipline::Rules;
use super::event::{
    CreatorChanged, DecidedFact, Fact, Nothing, PlayerDeparture, PlayerJoined, PlayerUpdated, Role, SessionCreated,
    SettingsChanged,
};
use super::money::TableTerms;
use super::refusal::{Refusal, invalid};
use super::{Participant, Session, first_present};
use crate::ids::{ParticipantId, Seq, UserId};
use crate::text::{DELETED_PLAYER, composed, is_visible};

/// Places that a session can have over an evening, left ones and spectators included.
const PARTICIPANTS_MAX: usize = 64;

impl Session {
    pub(super) fn create(&self, new: &CreateSession, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        if self.seq != Seq::ZERO {
            return Err(Refusal::NotAllowed("this session has been opened already"));
        }
        let created = SessionCreated {
            code: new.code.clone(),
            chat_id: new.chat_id,
            name: named("name", &new.name, 100)?,
            creator_user_id: request.user,
            creator_participant_id: new_participant(request),
            creator_display_name: named("display_name", &new.display_name, 64)?,
            max_players: within_bounds(new.max_players.unwrap_or(new.rules.discipline().suggested_players()))?,
            is_private: new.is_private,
            rules: sound(&new.rules)?,
            template_id: new.template_id,
        };
        Ok(vec![of_session(Fact::SessionCreated(Box::new(created)))])
    }

    pub(super) fn join(&self, name: &str, asked: Option<Role>, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let known = self.participant_of(request.user);
        if known.is_some_and(|participant| participant.is_removed) {
            return Err(Refusal::ParticipantRemoved);
        }
        if self.is_over() {
            return Err(Refusal::SessionNotOpen);
        }
        self.only_short()?;
        if asked == Some(Role::Creator) {
            return Err(invalid("role", "must be participant or spectator"));
        }
        let role = match known {
            Some(participant) if participant.role == Role::Creator => match asked {
                Some(Role::Spectator) => return Err(invalid("role", "the creator plays: hand that role over first")),
                _ => Role::Creator,
            },
            Some(participant) if !participant.is_invited => asked.unwrap_or(participant.role),
            Some(_) | None => asked.unwrap_or(Role::Participant),
        };
        let there = known.filter(|participant| participant.is_active);
        if there.is_some_and(|participant| participant.role == role) {
            return Ok(Vec::new());
        }
        let in_play = |participant: &Participant| {
            self.game_in_progress().is_some_and(|game| game.order.contains(&participant.id))
        };
        if role == Role::Spectator && there.is_some_and(in_play) {
            return Err(Refusal::GameInProgress);
        }
        // Who only changes the role keeps the name.
        let display_name = match there {
            Some(participant) => participant.display_name.clone(),
            None => named("display_name", name, 64)?,
        };
        self.only_with_room(known.is_none(), role)?;
        Ok(self.joined(PlayerJoined {
            participant_id: known.map_or_else(|| new_participant(request), |participant| participant.id),
            user_id: Some(request.user),
            display_name,
            role,
            is_guest: false,
            can_score: role != Role::Spectator && known.is_none_or(|participant| !participant.is_muted),
            is_active: true,
            current_participant_id: None,
        }))
    }

    pub(super) fn add_guest(&self, name: &str, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        self.only_short()?;
        let display_name = named("display_name", name, 64)?;
        self.only_with_room(true, Role::Participant)?;
        Ok(self.joined(PlayerJoined {
            participant_id: new_participant(request),
            user_id: None,
            display_name,
            role: Role::Participant,
            is_guest: true,
            can_score: false,
            is_active: true,
            current_participant_id: None,
        }))
    }

    pub(super) fn invite(&self, user: UserId, name: &str, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        self.only_short()?;
        let known = self.participant_of(user);
        if self.expects(user, request.at) {
            return Ok(Vec::new());
        }
        let display_name = named("display_name", name, 64)?;
        if known.is_none() {
            self.only_with_places()?;
        }
        Ok(self.joined(PlayerJoined {
            participant_id: known.map_or_else(|| new_participant(request), |participant| participant.id),
            user_id: Some(user),
            display_name,
            role: known.map_or(Role::Participant, |participant| participant.role),
            is_guest: false,
            can_score: known.is_none_or(|participant| participant.can_score),
            is_active: false,
            current_participant_id: None,
        }))
    }

    pub(super) fn update(
        &self,
        id: ParticipantId,
        name: Option<&str>,
        can_score: Option<bool>,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        self.only_short()?;
        let participant = self.participant(id).ok_or(Refusal::NotFound("participant"))?;
        let only_watches = participant.role == Role::Spectator && participant.scorer_link.is_none();
        if only_watches && can_score == Some(true) {
            return Err(invalid("can_score", "a spectator cannot score"));
        }
        let display_name = match name {
            Some(name) => named("display_name", name, 64)?,
            None => participant.display_name.clone(),
        };
        let can_score = can_score.unwrap_or(participant.can_score);
        if display_name == participant.display_name && can_score == participant.can_score {
            return Ok(Vec::new());
        }
        Ok(vec![of_session(Fact::PlayerUpdated(PlayerUpdated { participant_id: id, display_name, can_score }))])
    }

    pub(super) fn forget(&self, request: &Request) -> Vec<DecidedFact> {
        let mut decided = self.decline_all(request.user);
        let Some(participant) = self.participant_of(request.user) else { return decided };
        // Where it can't be left any more, the name goes all the same.
        decided.extend(self.remove(participant.id, request).unwrap_or_default());
        if participant.display_name != DELETED_PLAYER {
            let (display_name, can_score) = (DELETED_PLAYER.to_owned(), participant.can_score);
            let updated = PlayerUpdated { participant_id: participant.id, display_name, can_score };
            decided.push(of_session(Fact::PlayerUpdated(updated)));
        }
        decided
    }

    pub(super) fn remove(&self, id: ParticipantId, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let own = self.participant_of(request.user).map(|participant| participant.id);
        let is_creator = request.user == self.creator_user_id;
        let participant = self.participant(id);
        if !is_creator && (own.is_none() || participant.is_some_and(|participant| Some(participant.id) != own)) {
            return Err(Refusal::NotAllowed("only the session's creator may remove others"));
        }
        self.only_open()?;
        self.only_short()?;
        let participant = participant.ok_or(Refusal::NotFound("participant"))?;
        if !participant.is_active && !participant.is_invited {
            return Ok(Vec::new());
        }
        let current_participant_id = self.turn_after(id, false);
        let gone = PlayerDeparture {
            participant_id: id,
            current_participant_id,
            until_invited: own != Some(id),
            invitation: participant.ended_invitation(),
        };
        if gone.until_invited {
            return Ok(vec![of_session(Fact::PlayerRemoved(gone))]);
        }
        let mut decided = vec![of_session(Fact::PlayerLeft(gone))];
        if is_creator {
            let heir = self.active_players().filter(|other| other.id != id).find_map(crowned);
            decided.extend(heir.map(|heir| of_session(Fact::CreatorChanged(heir))));
        }
        Ok(decided)
    }

    pub(super) fn change_settings(
        &self,
        change: &ChangeSettings,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        self.only_short()?;
        if change.rules.is_some() && self.game_in_progress().is_some() {
            return Err(Refusal::GameInProgress);
        }
        let name = change.name.as_deref().map(|name| named("name", name, 100)).transpose()?;
        let max_players = change.max_players.map(within_bounds).transpose()?;
        let seated = self.active_players().count();
        if max_players.is_some_and(|max| (max as usize) < seated) {
            return Err(invalid("max_players", format!("{seated} are at the table")));
        }
        let rules = change.rules.as_ref().map(sound).transpose()?;
        if let Some(rules) = &rules {
            self.only_same_currency(rules, change)?;
        }
        let heir = match change.creator_participant_id {
            Some(id) => {
                let participant = self.active_players().find(|participant| participant.id == id).and_then(crowned);
                Some(
                    participant
                        .ok_or_else(|| invalid("creator_participant_id", "must be an active player with an account"))?,
                )
            }
            None => None,
        };
        let changed = SettingsChanged {
            name: name.filter(|name| *name != self.name),
            max_players: max_players.filter(|max| *max != self.max_players),
            is_private: change.is_private.filter(|is_private| *is_private != self.is_private),
            rules: rules.filter(|rules| *rules != self.rules),
            table: self.changed_table(change.table)?,
            ..SettingsChanged::default()
        };
        let mut decided = Vec::new();
        if changed != SettingsChanged::default() {
            decided.push(of_session(Fact::SettingsChanged(Box::new(changed))));
        }
        let heir = heir.filter(|heir| heir.user_id != self.creator_user_id);
        decided.extend(heir.map(|heir| of_session(Fact::CreatorChanged(heir))));
        Ok(decided)
    }

    /// Terms that are others than before.
    fn changed_table(&self, asked: Option<Option<TableTerms>>) -> Result<Option<Option<TableTerms>>, Refusal> {
        let there = self.table.as_ref().filter(|clock| clock.stopped.is_none()).map(|clock| clock.terms);
        let asked = match asked {
            Some(Some(terms)) => Some(Some(self.sound_terms(terms)?)),
            asked => asked,
        };
        Ok(asked.filter(|asked| *asked != there))
    }

    pub(super) fn change_code(&self, code: &str, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        self.only_short()?;
        let changed = SettingsChanged { code_changed: true, code: Some(code.to_owned()), ..SettingsChanged::default() };
        Ok(vec![of_session(Fact::SettingsChanged(Box::new(changed)))])
    }

    pub(super) fn cancel(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_creator(request)?;
        self.only_open()?;
        let running = self.game_in_progress().map(|game| of_game(game.id, Fact::GameCancelled(Nothing {})));
        Ok(running.into_iter().chain([of_session(Fact::SessionCancelled(Nothing {}))]).collect())
    }

    pub(super) fn joined(&self, mut joined: PlayerJoined) -> Vec<DecidedFact> {
        let plays = joined.is_active && joined.role != Role::Spectator;
        joined.current_participant_id = self.turn_after(joined.participant_id, plays);
        vec![of_session(Fact::PlayerJoined(joined))]
    }

    /// Whose turn it is once this place is taken by a player or empty; `None`: that changes nothing.
    fn turn_after(&self, id: ParticipantId, plays: bool) -> Option<ParticipantId> {
        let game = self.game_in_progress()?;
        let is_there = |other| if other == id { plays } else { self.is_at_table(other) };
        let turn = first_present(&game.order, self.board_of(game).turn, is_there);
        turn.filter(|_| turn != self.current_player(game))
    }

    pub(super) fn only_with_room(&self, is_new: bool, role: Role) -> Result<(), Refusal> {
        if role != Role::Spectator && self.active_players().count() >= self.max_players as usize {
            return Err(Refusal::SessionFull(self.max_players));
        }
        if is_new { self.only_with_places() } else { Ok(()) }
    }

    fn only_with_places(&self) -> Result<(), Refusal> {
        if self.participants.len() >= PARTICIPANTS_MAX {
            Err(Refusal::SessionFull(PARTICIPANTS_MAX as u32))
        } else {
            Ok(())
        }
    }

    fn only_same_currency(&self, rules: &Rules, change: &ChangeSettings) -> Result<(), Refusal> {
        let clock = self.table.as_ref().filter(|clock| clock.stopped.is_none() && change.table != Some(None));
        let is_bound =
            self.counted_games().next().is_some() || self.standing_entries().next().is_some() || clock.is_some();
        if is_bound && self.rules.currency() != rules.currency() {
            return Err(invalid("rules", "currency: cannot change once there is money in it"));
        }
        Ok(())
    }
}

fn crowned(participant: &Participant) -> Option<CreatorChanged> {
    participant.user_id.map(|user_id| CreatorChanged { participant_id: participant.id, user_id })
}

pub(super) fn new_participant(request: &Request) -> ParticipantId {
    ParticipantId(request.dice.id(NEW_ID, request.at))
}

/// A name for the eyes of others: trimmed, composed (NFC), not empty, nothing invisible in it.
pub(super) fn named(field: &'static str, name: &str, max: usize) -> Result<String, Refusal> {
    let name = composed(name.trim());
    if name.is_empty() || name.chars().count() > max {
        return Err(invalid(field, format!("must be 1 to {max} characters")));
    }
    if !is_visible(&name) {
        return Err(invalid(field, "must not contain control or format characters"));
    }
    Ok(name)
}

fn within_bounds(max_players: u32) -> Result<u32, Refusal> {
    if (2..=32).contains(&max_players) { Ok(max_players) } else { Err(invalid("max_players", "must be 2 to 32")) }
}

fn sound(rules: &Rules) -> Result<Rules, Refusal> {
    match rules.validate().into_iter().next() {
        Some((field, message)) => Err(invalid("rules", format!("{field}: {message}"))),
        None => Ok(rules.clone()),
    }
}
