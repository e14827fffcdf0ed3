//! What each fact makes of a session. Nothing is checked here that `decide` has checked, and nothing can fail.
//! Where a fact speaks of a place or a game that is not there, it changes nothing but the seq.

use super::decide_marks::ECHO_MS;
use super::discipline::Color;
use super::event::{
    BallPotted, Event, Fact, FoulCommitted, GameEnded, GameReopened, GameStarted, ParticipantClaimed, PlayerDeparture,
    PlayerJoined, PlayerUpdated, Role, ScorerAdmitted, ScorerLinkEnded, SessionCreated, SettingsChanged, TableStopped,
};
use super::mark::{Act, Foul, Pot};
use super::money::{Entry, EntryKind, TableClock, TableTerms};
use super::played_game::Game;
use super::view::{GameStatus, Status};
use super::{OpenInvitation, Participant, RecentPot, Session};
use crate::ids::{ParticipantId, Seq, Timestamp, UserId};

/// Nobody marks more balls in three seconds.
const RECENT_POTS_MAX: usize = 64;

impl Session {
    /// It happened. Cannot fail: an event that was stored is a fact.
    pub fn apply(&mut self, event: &Event) {
        let is_foreign = self.seq > Seq::ZERO && event.session_id != self.id;
        if event.seq <= self.seq || is_foreign {
            return;
        }
        let is_first = self.seq == Seq::ZERO;
        self.seq = event.seq;
        self.last_hash = event.proof.link(self.last_hash);
        match &event.fact {
            Fact::SessionCreated(created) if is_first => self.open(created, event),
            Fact::SessionCreated(_) => {}
            Fact::PlayerJoined(joined) => self.admit(joined, event),
            Fact::PlayerLeft(gone) => self.empty(gone, event.timestamp, None),
            Fact::PlayerRemoved(gone) => self.empty(gone, event.timestamp, Some(event.seq)),
            Fact::PlayerUpdated(updated) => self.renew(updated),
            Fact::SettingsChanged(changed) => self.change(changed, event.timestamp),
            Fact::CreatorChanged(changed) => self.crown(changed.participant_id, changed.user_id),
            Fact::ExpenseAdded(added) => self.enter(event, EntryKind::of_expense(added)),
            Fact::PaymentMarked(marked) => self.enter(event, EntryKind::of_payment(marked)),
            Fact::TableStopped(stopped) => self.stop_clock(stopped, event),
            Fact::EntryVoided(voided) => self.void_entry_at(voided.voided_seq, event.seq),
            Fact::ClaimAsked(claim) if self.claims.contains(claim) => {}
            Fact::ClaimAsked(claim) => self.claims.push(claim.clone()),
            Fact::ClaimDeclined(declined) => self.forget_claim(declined.participant_id, declined.user_id),
            Fact::ParticipantClaimed(claimed) => self.give(claimed),
            Fact::ScorerAdmitted(admitted) => self.let_score(admitted),
            Fact::ScorerLinkEnded(ended) => self.end_link(ended),
            Fact::SessionCompleted(_) => {
                self.status = Status::Completed;
                self.completed_at = Some(event.timestamp);
            }
            Fact::SessionCancelled(_) => self.status = Status::Cancelled,
            Fact::GameStarted(started) => self.start(started, event),
            Fact::BallPotted(potted) => self.pot(potted, event),
            Fact::FoulCommitted(foul) => self.foul(foul, event),
            Fact::TurnChanged(turn) => {
                self.mark(event, turn.participant_id, Act::EndTurn, turn.correction.is_some());
            }
            Fact::EventVoided(voided) => {
                if let Some(game) = self.game_of(event) {
                    game.void(voided.voided_seq, event.seq);
                }
            }
            Fact::EventReassigned(moved) => {
                if let Some(game) = self.game_of(event) {
                    game.reassign(moved.reassigned_seq, moved.participant_id, event.seq);
                }
            }
            Fact::GameReopened(reopened) => {
                if let Some(game) = self.games.last_mut().filter(|game| Some(game.id) == event.game_id) {
                    game.reopen(event.seq, reopened.cause == GameReopened::MANUAL);
                }
            }
            Fact::GameEnded(ended) => self.end(event, GameStatus::Completed, Some(ended)),
            Fact::GameCancelled(_) => self.end(event, GameStatus::Cancelled, None),
            Fact::Newer(_) => self.leave_to_newer(event),
        }
    }

    fn renew(&mut self, updated: &PlayerUpdated) {
        if let Some(participant) = self.participant_mut(updated.participant_id) {
            participant.display_name.clone_from(&updated.display_name);
            participant.can_score = updated.can_score;
            if participant.role != Role::Spectator || participant.scorer_link.is_some() {
                participant.is_muted = !updated.can_score;
            }
        }
    }

    fn stop_clock(&mut self, stopped: &TableStopped, event: &Event) {
        if let Some(clock) = &mut self.table {
            clock.stop(event.timestamp, event.seq);
        }
        self.enter(event, EntryKind::of_table(stopped));
    }

    fn void_entry_at(&mut self, voided: Seq, by: Seq) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.seq == voided) {
            entry.voided_by.get_or_insert(by);
        }
    }

    fn forget_claim(&mut self, participant: ParticipantId, user: UserId) {
        self.claims.retain(|claim| claim.participant_id != participant || claim.user_id != user);
    }

    fn let_score(&mut self, admitted: &ScorerAdmitted) {
        if let Some(participant) = self.participant_mut(admitted.participant_id) {
            participant.scorer_link = Some(admitted.link_id);
            participant.can_score = true;
        }
    }

    fn end_link(&mut self, ended: &ScorerLinkEnded) {
        self.ended_scorer_links.push(ended.link_id);
        let came = |participant: &&mut Participant| participant.scorer_link == Some(ended.link_id);
        self.participants.iter_mut().filter(came).for_each(Participant::only_watch);
    }

    fn pot(&mut self, potted: &BallPotted, event: &Event) {
        if let Some(color) = Color::named(&potted.color) {
            let &BallPotted { own_ball, count, free_ball, .. } = potted;
            let pot = Pot { color, own_ball, count, free_ball };
            self.mark(event, potted.participant_id, Act::Pot(pot), potted.correction.is_some());
            self.note_pot(event);
        }
    }

    fn foul(&mut self, foul: &FoulCommitted, event: &Event) {
        let act = Act::Foul(Foul { points: foul.points, reds: foul.reds });
        self.mark(event, foul.participant_id, act, foul.correction.is_some());
    }

    fn leave_to_newer(&mut self, event: &Event) {
        self.id = event.session_id;
        self.newer_seq.get_or_insert(event.seq);
    }

    fn open(&mut self, created: &SessionCreated, event: &Event) {
        *self = Session {
            id: event.session_id,
            seq: event.seq,
            chat_id: created.chat_id,
            name: created.name.clone(),
            is_private: created.is_private,
            creator_user_id: created.creator_user_id,
            max_players: created.max_players,
            template_id: created.template_id,
            created_at: event.timestamp,
            participants: vec![Participant {
                id: created.creator_participant_id,
                user_id: Some(created.creator_user_id),
                display_name: created.creator_display_name.clone(),
                role: Role::Creator,
                is_guest: false,
                can_score: true,
                is_active: true,
                is_invited: false,
                invitation: None,
                is_removed: false,
                is_barred: false,
                removed_seq: None,
                is_muted: false,
                scorer_link: None,
                joined_at: Some(event.timestamp),
                left_at: None,
            }],
            rules: created.rules.clone(),
            last_hash: event.proof.link(None),
            ..Session::default()
        };
    }

    fn admit(&mut self, joined: &PlayerJoined, event: &Event) {
        let at = event.timestamp;
        let known = self.participant(joined.participant_id);
        // An older node took the code for enough, beside this one: the removal holds all the same.
        if joined.is_active && known.is_some_and(|participant| participant.is_barred) {
            return;
        }
        let participant = Participant {
            id: joined.participant_id,
            user_id: joined.user_id,
            display_name: joined.display_name.clone(),
            role: joined.role,
            is_guest: joined.is_guest,
            can_score: joined.can_score,
            is_active: joined.is_active,
            is_invited: !joined.is_active,
            invitation: (!joined.is_active).then_some(OpenInvitation { event_id: event.event_id, at }),
            is_removed: false,
            is_barred: false,
            removed_seq: known.and_then(|participant| participant.removed_seq),
            is_muted: known.is_some_and(|participant| participant.is_muted),
            scorer_link: None,
            joined_at: known.and_then(|participant| participant.joined_at).or(joined.is_active.then_some(at)),
            left_at: known.and_then(|participant| participant.left_at).filter(|_| !joined.is_active),
        };
        if let Some(clock) = &mut self.table {
            match participant.is_active_player() {
                true => clock.come(participant.id, at),
                false => clock.go(participant.id, at),
            }
        }
        match self.participant_mut(joined.participant_id) {
            Some(known) => *known = participant,
            None => self.participants.push(participant),
        }
    }

    fn empty(&mut self, gone: &PlayerDeparture, at: Timestamp, removed: Option<Seq>) {
        if let Some(participant) = self.participant_mut(gone.participant_id) {
            participant.is_active = false;
            participant.is_invited = false;
            participant.invitation = None;
            participant.is_removed = removed.is_some();
            participant.is_barred = gone.until_invited;
            participant.removed_seq = removed.or(participant.removed_seq);
            participant.left_at = Some(at);
            if participant.scorer_link.is_some() {
                participant.only_watch();
            }
        }
        if let Some(clock) = &mut self.table {
            clock.go(gone.participant_id, at);
        }
    }

    /// All else that a place is follows from who stands behind it.
    fn give(&mut self, &ParticipantClaimed { participant_id, user_id }: &ParticipantClaimed) {
        self.claims.retain(|claim| claim.participant_id != participant_id && claim.user_id != user_id);
        if self.participant_of(user_id).is_some() {
            return;
        }
        let Some(participant) = self.participant_mut(participant_id).filter(|it| it.user_id.is_none()) else { return };
        participant.user_id = Some(user_id);
        participant.is_guest = false;
        participant.can_score = true;
        participant.is_muted = false;
        // The creator takes a guest off the table by a removal, and has now said who that was.
        participant.is_removed = false;
        participant.is_barred = false;
    }

    fn participant_mut(&mut self, id: ParticipantId) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|participant| participant.id == id)
    }

    fn enter(&mut self, event: &Event, what: EntryKind) {
        self.entries.push(Entry { seq: event.seq, what, voided_by: None });
    }

    fn change(&mut self, changed: &SettingsChanged, at: Timestamp) {
        match changed.table {
            Some(Some(terms)) => self.set_table(terms, at),
            Some(None) => self.table = None,
            None => {}
        }
        if let Some(name) = &changed.name {
            self.name.clone_from(name);
        }
        if let Some(max_players) = changed.max_players {
            self.max_players = max_players;
        }
        if let Some(is_private) = changed.is_private {
            self.is_private = is_private;
        }
        if let Some(rules) = &changed.rules {
            let before = std::mem::replace(&mut self.rules, rules.clone());
            // Kept only where a game was played by them, so that changing one's mind costs nothing.
            if self.games.last().is_some_and(|game| game.rules == self.past_rules.len()) {
                self.past_rules.push(before);
            }
        }
    }

    /// One that runs goes on by other terms; a new one starts with the next game, or at once where one was played.
    fn set_table(&mut self, terms: TableTerms, at: Timestamp) {
        match &mut self.table {
            Some(clock) if clock.stopped.is_none() => clock.terms = terms,
            _ => {
                self.table = Some(TableClock::new(terms));
                if self.status == Status::InProgress {
                    self.start_table(at);
                }
            }
        }
    }

    fn start_table(&mut self, at: Timestamp) {
        let Some(clock) = &mut self.table else { return };
        clock.start(
            at,
            self.participants
                .iter()
                .filter(|participant| participant.is_active_player())
                .map(|participant| participant.id),
        );
    }

    fn crown(&mut self, id: ParticipantId, user: UserId) {
        if self.participant(id).is_none() {
            return;
        }
        self.creator_user_id = user;
        for participant in &mut self.participants {
            if participant.id == id {
                participant.role = Role::Creator;
                participant.can_score = true;
                participant.is_muted = false;
            } else if participant.role == Role::Creator {
                participant.role = Role::Participant;
            }
        }
    }

    fn start(&mut self, started: &GameStarted, event: &Event) {
        let Some(id) = event.game_id else { return };
        if self.game_in_progress().is_some() {
            return;
        }
        self.status = Status::InProgress;
        self.start_table(event.timestamp);
        self.started_at.get_or_insert(event.timestamp);
        self.games.push(Game::new(id, started, self.past_rules.len(), event));
    }

    fn note_pot(&mut self, event: &Event) {
        let at = event.timestamp;
        self.recent_pots.retain(|pot| pot.at.is_within(ECHO_MS, at));
        if self.recent_pots.len() == RECENT_POTS_MAX {
            self.recent_pots.pop_front();
        }
        self.recent_pots.push_back(RecentPot { seq: event.seq, at });
    }

    fn game_of(&mut self, event: &Event) -> Option<&mut Game> {
        self.games.iter_mut().rev().find(|game| Some(game.id) == event.game_id)
    }

    fn mark(&mut self, event: &Event, player: ParticipantId, act: Act, is_correction: bool) {
        let (past, present) = (&self.past_rules, &self.rules);
        let Some(game) = self.games.iter_mut().rev().find(|game| Some(game.id) == event.game_id) else { return };
        let rules = past.get(game.rules).unwrap_or(present);
        match is_correction {
            true if game.is_completed() => game.correct(rules, event.seq, player, act),
            false if game.is_in_progress() => game.mark(rules, event.seq, player, act),
            _ => {}
        }
    }

    fn end(&mut self, event: &Event, status: GameStatus, ended: Option<&GameEnded>) {
        if let Some(game) = self.games.last_mut().filter(|game| game.is_in_progress() && Some(game.id) == event.game_id)
        {
            game.status = status;
            game.ended = Some((event.seq, event.timestamp));
            game.end_reason = ended.map(|ended| ended.reason.clone());
            if let Some(by) = ended.and_then(|ended| ended.conceded_by) {
                game.concede(by);
            }
        }
    }
}
