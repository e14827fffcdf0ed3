//! Rules as they are written, and the bounds of each field.

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
    let Ok(Rules::Kolkhoz(kolkhoz)) = serde_json::from_value(kolkhoz_with("foul", json!({"kind": "subtract"}))) else {
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
