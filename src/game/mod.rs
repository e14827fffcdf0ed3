//! The rules of the evening, pure: `decide` says what a command comes to or why not, `apply` makes it so.
//! Nothing here waits, reads a clock, draws a number or writes anywhere; time and dice come with the request.
//!
//! - What is stored is a fact: `apply` cannot fail. It takes events in the order of their seq and skips what it has
//!   seen already, and what can be no fact of this session.
//! - A creator who left without a successor keeps the role and its rights, and finds them on coming back.
//! - Handing the creator's role over brings the right to score with it; the former creator stays as a participant.

mod apply;
mod balance;
pub mod command;
pub mod currency;
mod decide;
mod decide_claims;
mod decide_corrections;
mod decide_games;
mod decide_marks;
mod decide_participants;
mod decide_scorers;
pub mod discipline;
pub mod event;
mod invitation;
mod mark;
mod matches;
pub mod money;
mod played_game;
mod refusal;
mod results;
mod scoreboard;
mod settlement;
mod turn_order;
pub mod view;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{ChangeSettings, Command, CreateSession, Request, Scoring};
pub use decide::MAX_EVENTS;
pub use discipline::{GameType, Rules};
pub use event::{Actor, DecidedFact, Event, EventHash, Fact, Role};
pub use invitation::{INVITATION_LIFE_MS, OpenInvitation};
pub use refusal::Refusal;
pub use settlement::{Transfer, settle};
pub use view::{BalanceView, EveningView, GameStatus, GameSummary, GameView, SessionView, Status};

use crate::ids::{GameId, ParticipantId, Seq, SessionId, Timestamp, UserId};
use event::ParticipantClaim;
use money::{Entry, TableClock};
use played_game::Game;
use scoreboard::Scoreboard;

/// An evening at one table: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    id: SessionId,
    seq: Seq,
    chat_id: Uuid,
    name: String,
    status: Status,
    is_private: bool,
    creator_user_id: UserId,
    max_players: u32,
    template_id: Option<Uuid>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    participants: Vec<Participant>,
    rules: Rules,
    /// Versions of the rules that games were played by before `rules` came; a game's `rules` counts through both.
    past_rules: Vec<Rules>,
    games: Vec<Game>,
    /// The hash of the last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_hash: Option<EventHash>,
    /// Expenses and payments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
    /// Claims that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ParticipantClaim>,
    /// Scorer links that were taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended_scorer_links: Vec<Uuid>,
    /// The table's clock, where one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<TableClock>,
    /// The balls of the last three seconds.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    recent_pots: VecDeque<RecentPot>,
    /// The first event that only a newer version reads, so that this is not the whole state. Never in a snapshot.
    #[serde(skip)]
    newer_seq: Option<Seq>,
}

/// A ball that was marked a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RecentPot {
    seq: Seq,
    at: Timestamp,
}

/// A place in a session, with or without an account behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub id: ParticipantId,
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
    /// Sits at the table now.
    pub is_active: bool,
    /// The place is kept for an account that was invited, be that over by now or not.
    pub is_invited: bool,
    /// By what it is kept, as long as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<OpenInvitation>,
    /// Removed by the creator, and not invited again since.
    #[serde(default)]
    pub is_removed: bool,
    /// That holds against a join of a node of version 0.1.0, which lets the removed come back by the code.
    #[serde(default)]
    pub is_barred: bool,
    /// The event that removed it last: what its account shared before that has ended.
    #[serde(default)]
    pub removed_seq: Option<Seq>,
    /// The creator took the right to score away, which outlives a time as a spectator.
    #[serde(default)]
    pub is_muted: bool,
    /// Of a spectator: the link by which he may score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer_link: Option<Uuid>,
    /// When it became active first.
    pub joined_at: Option<Timestamp>,
    /// When it was left last; `None` while active.
    pub left_at: Option<Timestamp>,
}

impl Participant {
    /// At the table and not only watching.
    pub fn is_active_player(&self) -> bool {
        self.is_active && self.role != Role::Spectator
    }

    /// Sat at the table at some time, so that a balance may stand behind the place.
    pub fn has_sat(&self) -> bool {
        self.joined_at.is_some()
    }
}

impl Session {
    /// The number of the last event; 0 before the first.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Its id; nil before its first event.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The hash of its last event, by which two who read it see that they read the same.
    pub fn last_hash(&self) -> Option<EventHash> {
        self.last_hash
    }

    /// Names the hash of its last event, in a state that an earlier version kept without it.
    pub fn chain_to(&mut self, hash: EventHash) {
        self.last_hash = Some(hash);
    }

    /// A newer version plays it: it can be read here as far as it is known, and nothing be made of it.
    pub fn needs_newer(&self) -> bool {
        self.newer_seq.is_some()
    }

    /// Not even who plays can be read here.
    fn is_unknown(&self) -> bool {
        self.newer_seq == Some(Seq(1))
    }

    pub fn chat_id(&self) -> Uuid {
        self.chat_id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Only participants may read and watch it.
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// The kind of game that the present rules are for.
    pub fn game_type(&self) -> &'static str {
        self.rules.game_type()
    }

    /// Who runs it.
    pub fn creator_user_id(&self) -> UserId {
        self.creator_user_id
    }

    /// Active players at most.
    pub fn max_players(&self) -> u32 {
        self.max_players
    }

    /// The rules of the game in progress, and of the next one.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// When it was opened.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// All places ever taken, in that order.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// The place of that id.
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.id == id)
    }

    /// The place of an account, be it active, invited or left.
    pub fn participant_of(&self, user: UserId) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.user_id == Some(user))
    }

    /// A public session may be read and watched by any account, a private one by whoever has a place or had one; neither
    /// by who was removed. Who is invited sees the preview until the place is taken.
    pub fn may_read(&self, user: UserId) -> Result<(), Refusal> {
        match self.participant_of(user) {
            _ if self.is_unknown() => Err(Refusal::NeedsNewer),
            Some(participant) if participant.is_removed => Err(Refusal::ParticipantRemoved),
            Some(participant) if participant.has_sat() => Ok(()),
            _ if !self.is_private => Ok(()),
            Some(participant) if participant.is_invited => Err(Refusal::NotAllowed("you are invited: join first")),
            _ => Err(Refusal::NotAllowed("this session is private to its participants")),
        }
    }

    /// The join code lets others in, so it is told to those who sit at the table, and to nobody who only reads.
    pub fn may_know_code(&self, user: UserId) -> bool {
        self.participant_of(user).is_some_and(Participant::is_active_player)
    }

    /// Those who sit or watch at the table may share what they see.
    pub fn may_share(&self, user: UserId) -> Result<(), Refusal> {
        self.may_read(user)?;
        if self.participant_of(user).is_some_and(|participant| participant.is_active) {
            return Ok(());
        }
        Err(Refusal::NotAllowed("only participants may share a session"))
    }

    /// What an account shared at event `seq` ends when it is removed, also if it is invited again.
    pub fn share_stands(&self, made_by: UserId, seq: Seq) -> bool {
        self.participant_of(made_by).is_some_and(|maker| maker.removed_seq.is_none_or(|removed| removed <= seq))
    }

    /// Completed or cancelled.
    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Cancelled)
    }

    /// The game in progress.
    pub fn current_game(&self) -> Option<GameId> {
        self.game_in_progress().map(|game| game.id)
    }

    /// Is this one of its games?
    pub fn has_game(&self, game: GameId) -> bool {
        self.game(game).is_some()
    }

    /// Up to `limit` events of a game after `after`, and its last one; `None`: there is no such game.
    pub fn game_events(&self, game: GameId, after: Seq, limit: usize) -> Option<(Vec<Seq>, Seq)> {
        self.game(game).map(|game| (game.event_seqs(after, limit), game.last_seq()))
    }

    /// Its games by number.
    pub fn games(&self) -> impl Iterator<Item = GameId> + '_ {
        self.games.iter().map(|game| game.id)
    }

    /// The last event of that game.
    pub fn last_seq_of(&self, game: GameId) -> Option<Seq> {
        self.game(game).map(Game::last_seq)
    }

    /// The games that a place plays in, or has played in.
    pub fn games_of(&self, participant: ParticipantId) -> impl Iterator<Item = GameId> + '_ {
        self.games.iter().filter(move |game| game.order.contains(&participant)).map(|game| game.id)
    }

    /// The marks, expenses and payments that were not taken back, by seq.
    pub fn standing_seqs(&self) -> HashSet<Seq> {
        let marks = self.counted_games().flat_map(|game| &game.marks).filter(|mark| mark.voided_by.is_none());
        marks.map(|mark| mark.seq).chain(self.standing_entries().map(|entry| entry.seq)).collect()
    }

    /// Whose mark that is, whoever it was made for.
    pub fn player_of_mark(&self, seq: Seq) -> Option<ParticipantId> {
        let (game, mark) = self.games.iter().rev().find_map(|game| Some((game, game.mark_at(seq)?)))?;
        game.player_at(game.player_of(mark))
    }

    fn game(&self, id: GameId) -> Option<&Game> {
        self.games.iter().rev().find(|game| game.id == id)
    }

    fn game_in_progress(&self) -> Option<&Game> {
        self.games.last().filter(|game| game.is_in_progress())
    }

    /// All but the cancelled ones, which count for nothing.
    fn counted_games(&self) -> impl DoubleEndedIterator<Item = &Game> + Clone {
        self.games.iter().filter(|game| game.status != GameStatus::Cancelled)
    }

    fn rules_of(&self, game: &Game) -> &Rules {
        self.past_rules.get(game.rules).unwrap_or(&self.rules)
    }

    fn board_of<'a>(&'a self, game: &'a Game) -> &'a Scoreboard {
        game.board(self.rules_of(game))
    }

    /// Whose turn it is where the marks say `turn`: players who are not at the table are passed over.
    fn in_turn(&self, order: &[ParticipantId], turn: usize) -> Option<ParticipantId> {
        first_present(order, turn, |id| self.is_at_table(id))
    }

    fn is_at_table(&self, id: ParticipantId) -> bool {
        self.participant(id).is_some_and(Participant::is_active_player)
    }

    /// Whose turn it is in a game in progress.
    fn current_player(&self, game: &Game) -> Option<ParticipantId> {
        self.in_turn(&game.order, self.board_of(game).turn).filter(|_| game.is_in_progress())
    }

    fn active_players(&self) -> impl Iterator<Item = &Participant> {
        self.participants.iter().filter(|participant| participant.is_active_player())
    }

    /// Who potted the last ball of the game before, if that still stands.
    fn breaker(&self) -> Option<ParticipantId> {
        let last = self.counted_games().next_back().filter(|game| game.is_completed())?;
        self.board_of(last).decision?.cleared_by.and_then(|by| last.player_at(by))
    }
}

/// From `turn` on and around, the first who is there; where nobody is, the turn stays.
fn first_present(
    order: &[ParticipantId],
    turn: usize,
    is_there: impl Fn(ParticipantId) -> bool,
) -> Option<ParticipantId> {
    let mut from_there = order.iter().copied().cycle().skip(turn).take(order.len());
    from_there.find(|id| is_there(*id)).or_else(|| order.get(turn).copied())
}
