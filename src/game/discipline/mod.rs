//! What a game is, each kind in a file of its own; and house rules as data: one tagged object, checked when it is given
//! and frozen into the session.
//!
//! `Rules` names the kinds once and hands out the `Discipline`; nothing outside this folder tells them apart. A new
//! game is a file here, a line in each `match` of this page and in `schema.rs`, a page file and its templates.
//!
//! Absent fields mean: `order` random_no_repeat, `alternate_direction` and `enforce_turns` false; the rest stands
//! with each game type. An unknown field is refused, so a misspelt option is never silently another game.

mod color;
mod kolkhoz;
mod pyramid;
mod schema;
mod sides;
mod snooker;
#[cfg(test)]
mod tests;
mod visits;

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use super::currency::minor_digits;
use super::event::Remaining;
use super::mark::{Act, Foul, Pot};
use super::refusal::{Refusal, invalid};
use super::scoreboard::{Decision, MarkEffect, Scoreboard};
use crate::ids::Money;
pub use color::Color;
pub(super) use color::PottedBalls;
pub use kolkhoz::{Ball, Kolkhoz, KolkhozFoul, LastBall, Payer};
pub use pyramid::{Pyramid, PyramidFoul};
pub use sides::Format;
pub(super) use sides::side;
pub use snooker::Snooker;
use visits::Visits;

/// The rules of a game; `game_type` says which game it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "game_type", rename_all = "snake_case")]
#[strum_discriminants(
    name(GameType),
    derive(Deserialize, IntoStaticStr, VariantArray, ToSchema),
    serde(rename_all = "snake_case"),
    strum(serialize_all = "snake_case"),
    doc = "What is played."
)]
pub enum Rules {
    /// Колхоз: every ball is paid for.
    Kolkhoz(Kolkhoz),
    /// Американка, free pyramid: any ball is a cue ball.
    Americana(Pyramid),
    /// Московская, combined pyramid: one cue ball.
    MoscowPyramid(Pyramid),
    /// A game is one frame.
    Snooker(Snooker),
}

/// What all kinds of games are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// ISO 4217.
    pub(super) currency: &'a str,
    /// Where the order of a game comes from.
    pub(super) order: Order,
    /// Every second game goes the other way round.
    pub(super) alternate_direction: bool,
    /// Marks out of turn are refused.
    pub(super) enforce_turns: bool,
    /// Games that win a match of two sides.
    pub(super) race_to: Option<u32>,
}

/// All that a kind of game is. Players are known by their index in the order of the game.
pub(super) trait Discipline {
    /// What it is told as all others are.
    fn terms(&self) -> Terms<'_>;

    /// How many can play one game.
    fn players(&self) -> RangeInclusive<usize>;

    /// How many active players a session has room for unless its creator says otherwise.
    fn suggested_players(&self) -> u32 {
        10
    }

    /// Adds all that is wrong with these rules.
    fn validate(&self, faults: &mut Vec<Fault>);

    /// What it remembers of a game beside the scores, before the first mark.
    fn table(&self) -> Table {
        Table::Bare
    }

    /// The stroke that a marker asks for, where these rules have that ball and that player may pot it now.
    fn pot(&self, board: &Scoreboard, player: usize, asked: &PotAsked<'_>) -> Result<Pot, Refusal>;

    /// The foul that a marker asks for.
    fn foul(&self, board: &Scoreboard, asked: FoulAsked) -> Result<Foul, Refusal>;

    /// What a mark changes beside the turn and the counts of balls and fouls; it may decide the game.
    fn mark(&self, board: &mut Scoreboard, player: usize, act: Act) -> MarkEffect;

    /// What it comes to if that player concedes; `None`: this game is not conceded.
    fn concession(&self, _by: usize) -> Option<Decision> {
        None
    }

    /// Which ball is on, where not every one may be potted at any time: a colour, or `color` for any but red.
    fn ball_on(&self, _board: &Scoreboard) -> Option<&'static str> {
        None
    }

    /// The most that can still be made without fouls, where there is something to say.
    fn points_remaining(&self, _board: &Scoreboard) -> Option<i64> {
        None
    }

    /// A player's visits to the table, where breaks are counted.
    fn visits<'a>(&self, _board: &'a Scoreboard, _player: usize) -> Option<&'a Visits> {
        None
    }

    /// The rules know how many balls of that colour there are, so that one too many is seen.
    fn is_counted(&self, _color: Color) -> bool {
        false
    }

    /// What is left on the table, colour by colour, where there is something to say.
    fn remaining(&self, _board: &Scoreboard) -> Vec<Remaining> {
        Vec::new()
    }

    /// What everybody's place is made of, in order: more is better, equals share a place.
    fn heights(&self, board: &Scoreboard) -> Vec<i64>;

    /// Whether a player in that place has won, if the game is over now.
    fn has_won(&self, board: &Scoreboard, player: usize, place: u32) -> bool;

    /// Everybody's money if the game ended now, in order.
    fn shares(&self, board: &Scoreboard) -> Vec<Share>;

    /// Who owes whom by this score of a game that ended with the score `end`, fines aside; at most one of a unit for two
    /// players. Those of `end` come to the shares.
    fn debts(&self, board: &Scoreboard, end: &Scoreboard) -> Vec<Debt>;

    /// What a point of a collected fine costs its owner.
    fn fine_price(&self) -> Money {
        Money::ZERO
    }
}

/// A stroke as a marker describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PotAsked<'a> {
    pub(super) color: &'a str,
    pub(super) own_ball: bool,
    /// Balls of that colour; `None`: one.
    pub(super) count: Option<u32>,
    pub(super) free_ball: bool,
}

impl PotAsked<'_> {
    /// The ball of that name, if it `is_there` in these rules.
    fn ball(&self, is_there: impl Fn(Color) -> bool) -> Result<Color, Refusal> {
        let ball = Color::named(self.color).filter(|color| is_there(*color));
        ball.ok_or_else(|| Refusal::UnknownBall(self.color.chars().take(32).collect()))
    }

    /// One ball, in games that know nothing else.
    fn one(&self, color: Color) -> Result<Pot, Refusal> {
        if self.count.is_some_and(|count| count != 1) {
            return Err(invalid("count", "must be 1 in this game"));
        }
        if self.free_ball {
            return Err(invalid("free_ball", "there is none in this game"));
        }
        Ok(Pot { own_ball: self.own_ball, ..Pot::one(color) })
    }
}

/// A foul as a marker describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoulAsked {
    /// What it weighs; `None`: as the rules say.
    pub(super) points: Option<i64>,
    /// Reds that left the table by it.
    pub(super) reds: Option<u32>,
}

impl FoulAsked {
    /// What it weighs, in games in which no ball leaves the table by a foul.
    fn weight(&self) -> Result<Option<i64>, Refusal> {
        if self.points.is_some_and(|points| !(1..=100).contains(&points)) {
            return Err(invalid("points", "must be 1 to 100"));
        }
        if self.reds.is_some_and(|reds| reds != 0) {
            return Err(invalid("reds", "none leave the table in this game"));
        }
        Ok(self.points)
    }
}

/// What a game remembers of its marks beside the scores, each kind its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Table {
    /// Nothing.
    #[default]
    Bare,
    /// Balls potted, by colour.
    Kolkhoz(PottedBalls),
    /// What is left on it, and the visits to it.
    Snooker(snooker::Frame),
}

/// How the order of a game comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Drawn anew each time.
    AlwaysRandom,
    /// Drawn among those that the same players have not had yet.
    #[default]
    RandomNoRepeat,
    /// Given at the start of each game.
    Manual,
}

/// What one player owes another by the score of a game; below zero: the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Debt {
    pub(super) debtor: usize,
    pub(super) creditor: usize,
    pub(super) unit: Unit,
    pub(super) amount: Money,
}

/// What is paid for, with its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Point(Money),
    Game(Money),
}

impl Debt {
    /// Of the same two for the same thing.
    pub(super) fn is_alike(&self, other: &Debt) -> bool {
        (self.debtor, self.creditor, self.unit) == (other.debtor, other.creditor, other.unit)
    }
}

/// What others pay a player and what the player pays others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) earned: Money,
    pub(super) paid: Money,
}

impl Share {
    pub(super) fn net(self) -> Money {
        self.earned - self.paid
    }
}

/// A wrong field (`balls[2].points`) and what is wrong with it.
pub type Fault = (String, String);

/// Why fields are no rules: where, and what serde says of it.
pub(crate) type NoRules = serde_path_to_error::Error<serde_json::Error>;

impl GameType {
    /// All of them.
    pub const ALL: &'static [GameType] = GameType::VARIANTS;

    /// Its word on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The one of that word.
    pub(crate) fn named(word: &str) -> Option<GameType> {
        GameType::ALL.iter().copied().find(|game_type| game_type.as_str() == word)
    }

    /// Two sides play it, of one player each or more; else everybody plays for himself.
    pub(crate) fn is_of_two_sides(self) -> bool {
        match self {
            GameType::Kolkhoz => false,
            GameType::Americana | GameType::MoscowPyramid | GameType::Snooker => true,
        }
    }

    /// The rules of this kind with these fields, not yet checked.
    pub(crate) fn read(self, fields: Map<String, Value>) -> Result<Rules, NoRules> {
        match self {
            GameType::Kolkhoz => read(fields).map(Rules::Kolkhoz),
            GameType::Americana => read(fields).map(Rules::Americana),
            GameType::MoscowPyramid => read(fields).map(Rules::MoscowPyramid),
            GameType::Snooker => read(fields).map(Rules::Snooker),
        }
    }
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, NoRules> {
    serde_path_to_error::deserialize(Value::Object(fields))
}

impl Rules {
    /// What is played by them.
    pub(super) fn discipline(&self) -> &dyn Discipline {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid,
            Rules::Snooker(snooker) => snooker,
        }
    }

    /// The stable word for the kind of game.
    pub fn game_type(&self) -> &'static str {
        GameType::from(self).as_str()
    }

    /// ISO 4217.
    pub fn currency(&self) -> &str {
        self.discipline().terms().currency
    }

    /// How many can play one game.
    pub fn players(&self) -> RangeInclusive<usize> {
        self.discipline().players()
    }

    /// All that is wrong with these rules, each with its field; empty where nothing is.
    pub fn validate(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if minor_digits(self.currency()).is_none() {
            faults.push(("currency".to_owned(), "must be a currency of ISO 4217, such as RUB".to_owned()));
        }
        self.discipline().validate(&mut faults);
        faults
    }
}

/// The rules of a session that nobody has opened yet: no ball can be potted by them.
impl Default for Rules {
    fn default() -> Self {
        Rules::Kolkhoz(Kolkhoz::default())
    }
}

fn check_price(field: &str, price: Money, faults: &mut Vec<Fault>) {
    if !(0..=100_000_000).contains(&price.0) {
        faults.push((field.to_owned(), "must be 0 to 100000000 minor units".to_owned()));
    }
}
