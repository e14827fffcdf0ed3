//! House rules as data: one tagged object, checked when it is given and frozen into the session.
//! What a game type means is in its own file; here is what all of them share.
//!
//! Absent fields mean: `order` random_no_repeat, `alternate_direction` and `enforce_turns` false; the rest stands
//! with each game type. An unknown field is refused, so a misspelt option is never silently another game.

mod kolkhoz;
mod pyramid;
mod schema;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::Remaining;
use super::id::Money;
use super::scoreboard::Tally;
pub use kolkhoz::{Ball, Kolkhoz, KolkhozFoul, LastBall, Payer};
pub use pyramid::{Format, Pyramid, PyramidFoul};
pub(super) use pyramid::{opposite, side};

/// The rules of a game; `game_type` says which game it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "game_type", rename_all = "snake_case")]
pub enum Rules {
    /// Колхоз: every ball is paid for.
    Kolkhoz(Kolkhoz),
    /// Американка, free pyramid: any ball is a cue ball.
    Americana(Pyramid),
    /// Московская, combined pyramid: one cue ball.
    MoscowPyramid(Pyramid),
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

/// A wrong field and what is wrong with it.
type Fault = (String, String);

impl Rules {
    /// The stable word for the kind of game.
    pub fn game_type(&self) -> &'static str {
        match self {
            Rules::Kolkhoz(_) => "kolkhoz",
            Rules::Americana(_) => "americana",
            Rules::MoscowPyramid(_) => "moscow_pyramid",
        }
    }

    /// ISO 4217.
    pub fn currency(&self) -> &str {
        match self {
            Rules::Kolkhoz(kolkhoz) => &kolkhoz.currency,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => &pyramid.currency,
        }
    }

    /// How many can play one game.
    pub fn players(&self) -> RangeInclusive<usize> {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.min_players as usize..=kolkhoz.max_players as usize,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => {
                let players = pyramid.format.players();
                players..=players
            }
        }
    }

    /// All that is wrong with these rules, each with its field (`balls[2].points`); empty where nothing is.
    pub fn validate(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if self.currency().len() != 3 || !self.currency().bytes().all(|byte| byte.is_ascii_uppercase()) {
            faults.push(("currency".to_owned(), "must be three capital letters (ISO 4217)".to_owned()));
        }
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.validate(&mut faults),
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid.validate(&mut faults),
        }
        faults
    }

    pub(super) fn order(&self) -> Order {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.order,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid.order,
        }
    }

    pub(super) fn alternate_direction(&self) -> bool {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.alternate_direction,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid.alternate_direction,
        }
    }

    pub(super) fn enforce_turns(&self) -> bool {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.enforce_turns,
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid.enforce_turns,
        }
    }

    /// How many active players a session has room for unless its creator says otherwise.
    pub(super) fn suggested_seats(&self) -> u32 {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.max_players,
            Rules::Americana(_) | Rules::MoscowPyramid(_) => 10,
        }
    }

    /// The ball of that name, where these rules have it.
    pub(super) fn ball(&self, name: &str) -> Option<Color> {
        let color = Color::named(name)?;
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.ball(color).map(|ball| ball.color),
            Rules::Americana(_) | Rules::MoscowPyramid(_) => (color == Color::White).then_some(color),
        }
    }

    /// What is left on the table, colour by colour; nothing to say in the pyramids.
    pub(super) fn remaining(&self, potted: &[u32; 8]) -> Vec<Remaining> {
        let Rules::Kolkhoz(kolkhoz) = self else { return Vec::new() };
        let left = |ball: &Ball| Remaining { color: ball.color.name().to_owned(), count: ball.left(potted) };
        kolkhoz.balls.iter().map(left).collect()
    }

    /// Everybody's money if the game ended now, in the order of the game.
    pub(super) fn shares(&self, tallies: &[Tally], winning_side: Option<usize>) -> Vec<Share> {
        match self {
            Rules::Kolkhoz(kolkhoz) => kolkhoz.shares(tallies),
            Rules::Americana(pyramid) | Rules::MoscowPyramid(pyramid) => pyramid.shares(tallies.len(), winning_side),
        }
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
            kolkhoz_with("game_type", json!("snooker")),
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
