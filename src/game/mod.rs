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
mod decide;
mod decide_seats;
pub mod event;
pub mod id;
mod mark;
mod played_game;
mod results;
pub mod rules;
mod scoreboard;
mod settlement;
mod turn_order;
pub mod view;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{ChangeSettings, Command, CreateSession, Refusal, Request, Scoring};
pub use decide::MAX_EVENTS;
pub use event::{Actor, Decided, Event, Fact, Role};
pub use id::{Dice, GameId, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};
pub use rules::Rules;
pub use settlement::{Transfer, settle};
pub use view::{BalanceView, GameStatus, GameSummary, GameView, SessionView, Status};

use played_game::Game;
use scoreboard::Decision;

/// An evening at one table: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    id: SessionId,
    seq: Seq,
    code: String,
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
}

/// A seat in a session, with or without an account behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its id.
    pub id: ParticipantId,
    /// The account; `None` for a guest.
    pub user_id: Option<UserId>,
    /// The name at the table.
    pub display_name: String,
    /// What the seat is.
    pub role: Role,
    /// Nobody's account stands behind it.
    pub is_guest: bool,
    /// May mark balls.
    pub can_score: bool,
    /// Sits at the table now.
    pub is_active: bool,
    /// The seat is kept for an account that was invited.
    pub is_invited: bool,
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

    /// The join code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its chat.
    pub fn chat_id(&self) -> Uuid {
        self.chat_id
    }

    /// Its name.
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

    /// All seats ever taken, in that order.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// The seat of that id.
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|seat| seat.id == id)
    }

    /// The seat of an account, be it active, invited or left.
    pub fn participant_of(&self, user: UserId) -> Option<&Participant> {
        self.participants.iter().find(|seat| seat.user_id == Some(user))
    }

    /// A public session may be read by anyone, a private one by whoever has, had or is offered a seat.
    pub fn may_read(&self, user: UserId) -> bool {
        !self.is_private || self.participant_of(user).is_some()
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

    /// Its games by number.
    pub fn games(&self) -> impl Iterator<Item = GameId> + '_ {
        self.games.iter().map(|game| game.id)
    }

    fn game(&self, id: GameId) -> Option<&Game> {
        self.games.iter().rev().find(|game| game.id == id)
    }

    fn game_in_progress(&self) -> Option<&Game> {
        self.games.last().filter(|game| game.is_in_progress())
    }

    fn rules_of(&self, game: &Game) -> &Rules {
        self.past_rules.get(game.rules).unwrap_or(&self.rules)
    }

    fn active_players(&self) -> impl Iterator<Item = &Participant> {
        self.participants.iter().filter(|seat| seat.is_active_player())
    }

    /// Who potted the last ball of the game before, if that still stands.
    fn breaker(&self) -> Option<ParticipantId> {
        let last = self.games.last().filter(|game| game.is_completed())?;
        match last.board.decision? {
            Decision::Cleared { by } => last.player_at(by),
            Decision::Won { .. } => None,
        }
    }
}
