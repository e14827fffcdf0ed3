//! What a game is, each kind in a file of its own; and house rules as data: one tagged object, checked when it is given
//! and frozen into the session.
//!
//! `Rules` names the kinds once and hands out the `Discipline`; nothing outside this folder tells them apart. A new
//! game is a file here, a line in each `match` of this page and in `schema.rs`, a page file and its templates.
//!
//! Absent fields mean: `order` random_no_repeat, `alternate_direction` and `enforce_turns` false; the rest stands
//! with each game type. An unknown field is refused, so a misspelt option is never silently another game.

mod kolkhoz;
mod pyramid;
mod schema;
mod sides;
mod snooker;

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use super::command::Refusal;
use super::currency::minor_digits;
use super::decide::invalid;
use super::event::{Remaining, VisitFigures};
use super::mark::{Act, Foul, Pot};
use super::scoreboard::{Brought, Decision, Scoreboard};
use crate::ids::Money;
pub use kolkhoz::{Ball, Kolkhoz, KolkhozFoul, LastBall, Payer};
pub use pyramid::{Pyramid, PyramidFoul};
pub use sides::Format;
pub(super) use sides::side;
pub use snooker::Snooker;

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
    fn suggested_seats(&self) -> u32 {
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
    fn mark(&self, board: &mut Scoreboard, player: usize, act: Act) -> Brought;

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

    /// A player's breaks, where they are counted.
    fn visit(&self, _board: &Scoreboard, _player: usize) -> Option<VisitFigures> {
        None
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
    Kolkhoz(kolkhoz::Potted),
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

/// The colours of balls there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "a colour is a colour")]
pub enum Color {
    White,
    Yellow,
    Red,
    Green,
    Brown,
    Blue,
    Pink,
    Black,
}

impl Color {
    /// All of them; a colour's place here is its number in the snapshot.
    pub const ALL: [Color; 8] =
        [Color::White, Color::Yellow, Color::Red, Color::Green, Color::Brown, Color::Blue, Color::Pink, Color::Black];

    /// The colour of that name on the wire.
    pub fn named(name: &str) -> Option<Color> {
        Color::ALL.into_iter().find(|color| color.name() == name)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Color::White => "white",
            Color::Yellow => "yellow",
            Color::Red => "red",
            Color::Green => "green",
            Color::Brown => "brown",
            Color::Blue => "blue",
            Color::Pink => "pink",
            Color::Black => "black",
        }
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
        self.earned.saturating_sub(self.paid)
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
    if !(0..=100_000_000).contains(&price) {
        faults.push((field.to_owned(), "must be 0 to 100000000 minor units".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn faults(rules: Value) -> Vec<String> {
        let rules: Rules = serde_json::from_value(rules).expect("rules");
        rules.validate().into_iter().map(|(field, _)| field).collect()
    }

    fn kolkhoz_with(field: &str, value: Value) -> Value {
        let mut rules = json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
            "balls": [{"color": "white", "points": 1, "count": 2}, {"color": "pink", "points": 4, "count": 1}],
        });
        rules[field] = value;
        rules
    }

    fn pyramid_with(field: &str, value: Value) -> Value {
        let mut rules = json!({"game_type": "americana", "currency": "RUB", "game_price": 50000});
        rules[field] = value;
        rules
    }

    #[test]
    fn the_full_objects_of_the_rule_book_are_read_and_written_unchanged() {
        let kolkhoz = json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
            "balls": [{"color": "white", "points": 1, "count": 12}], "payer": "previous", "last_ball": "value",
            "foul": {"kind": "subtract", "points": 1}, "order": "random_no_repeat", "alternate_direction": false,
            "enforce_turns": false, "min_players": 2, "max_players": 8,
        });
        let pyramid = json!({
            "game_type": "moscow_pyramid", "currency": "RUB", "game_price": 50000, "target_balls": 8, "format": "1x1",
            "foul": {"kind": "opponent_plus_one"}, "order": "manual", "alternate_direction": true,
            "enforce_turns": true,
        });
        for written in [kolkhoz, pyramid] {
            let rules: Rules = serde_json::from_value(written.clone()).expect("rules");
            assert_eq!(rules.validate(), []);
            assert_eq!(serde_json::to_value(&rules).expect("json"), written);
        }
    }

    #[test]
    fn absent_options_are_the_defaults_of_the_rule_book() {
        let Ok(Rules::Kolkhoz(kolkhoz)) = serde_json::from_value(kolkhoz_with("foul", json!({"kind": "subtract"})))
        else {
            panic!("kolkhoz")
        };
        assert_eq!((kolkhoz.payer, kolkhoz.last_ball), (Payer::Previous, LastBall::Value));
        assert_eq!(kolkhoz.foul, KolkhozFoul::Subtract { points: 1 });
        assert_eq!((kolkhoz.order, kolkhoz.min_players, kolkhoz.max_players), (Order::RandomNoRepeat, 2, 8));
        let Ok(Rules::Americana(pyramid)) = serde_json::from_value(pyramid_with("order", json!("manual"))) else {
            panic!("pyramid")
        };
        assert_eq!((pyramid.target_balls, pyramid.format), (8, Format::OneOnOne));
        assert_eq!(pyramid.foul, PyramidFoul::OpponentPlusOne {});
    }

    #[test]
    fn unknown_fields_and_words_are_refused() {
        for rules in [
            kolkhoz_with("pointprice", json!(1)),
            kolkhoz_with("payer", json!("nobody")),
            kolkhoz_with("foul", json!({"kind": "none", "points": 1})),
            kolkhoz_with("foul", json!({"kind": "subtract", "point": 1})),
            kolkhoz_with("balls", json!([{"color": "purple", "points": 1}])),
            kolkhoz_with("balls", json!([{"color": "white", "points": 1, "price": 3}])),
            kolkhoz_with("game_type", json!("carom")),
            kolkhoz_with("point_price", json!(1.5)),
            pyramid_with("point_price", json!(1)),
            pyramid_with("format", json!("3x3")),
            pyramid_with("foul", json!({"kind": "opponent_plus_one", "points": 1})),
        ] {
            assert!(serde_json::from_value::<Rules>(rules.clone()).is_err(), "{rules}");
        }
    }

    #[test]
    fn each_bound_of_kolkhoz_names_its_field() {
        let white = json!({"color": "white", "points": 1});
        for (field, value, fault) in [
            ("currency", json!("rub"), "currency"),
            ("currency", json!("RUBL"), "currency"),
            ("currency", json!("ABC"), "currency"),
            ("currency", json!("XAU"), "currency"),
            ("point_price", json!(-1), "point_price"),
            ("point_price", json!(100_000_001), "point_price"),
            ("balls", json!([]), "balls"),
            ("balls", json!([white, white]), "balls[1].color"),
            ("balls", json!([white, {"color": "pink", "points": 101}]), "balls[1].points"),
            ("balls", json!([{"color": "pink", "points": 0}]), "balls[0].points"),
            ("balls", json!([{"color": "pink", "points": 1, "count": 17}]), "balls[0].count"),
            ("balls", json!([{"color": "pink", "points": 1, "count": 0}]), "balls[0].count"),
            ("foul", json!({"kind": "pool", "points": 101}), "foul.points"),
            ("foul", json!({"kind": "subtract", "points": 0}), "foul.points"),
            ("min_players", json!(1), "min_players"),
            ("min_players", json!(9), "min_players"),
            ("max_players", json!(11), "max_players"),
        ] {
            assert_eq!(faults(kolkhoz_with(field, value.clone())), [fault], "{field}: {value}");
        }
    }

    #[test]
    fn a_special_last_ball_needs_a_counted_table() {
        for last_ball in ["value_plus_one", "player_count", "player_count_plus_value"] {
            let mut rules = kolkhoz_with("last_ball", json!(last_ball));
            assert_eq!(faults(rules.clone()), Vec::<String>::new());
            rules["balls"] = json!([{"color": "white", "points": 1, "count": 2}, {"color": "pink", "points": 4}]);
            assert_eq!(faults(rules), ["last_ball"]);
        }
    }

    #[test]
    fn each_bound_of_the_pyramids_names_its_field() {
        for (field, value) in [
            ("currency", json!("")),
            ("game_price", json!(-5)),
            ("game_price", json!(i64::MAX)),
            ("target_balls", json!(0)),
            ("target_balls", json!(16)),
        ] {
            assert_eq!(faults(pyramid_with(field, value.clone())), [field], "{field}: {value}");
        }
    }
}
