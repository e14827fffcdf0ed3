//! The worked examples of the rule book.

use serde_json::json;

use super::*;

/// A game by these rules, from `(player, colour or foul)`.
fn game(rules: Value, players: usize, marks: &[(usize, &str)]) -> Vec<Line> {
    let acts = marks.iter().zip(1..).map(|((player, what), seq)| {
        let act = if *what == "foul" { Act::Foul(1) } else { Act::Pot((*what).to_owned()) };
        Mark { seq, player: *player, act, is_void: false }
    });
    let order = (0..players).map(|player| player.to_string()).collect();
    Game { id: String::new(), rules, order, marks: acts.collect(), status: "completed", is_ended_by_marks: true }
        .lines()
}

fn nets(lines: &[Line]) -> Vec<i64> {
    lines.iter().map(Line::net).collect()
}

fn rules() -> Value {
    json!({"game_type": "kolkhoz", "point_price": 50, "balls": [
        {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "pink", "points": 4},
    ]})
}

#[test]
fn the_worked_examples_of_the_rule_book_come_out() {
    let two = [(0, "pink"), (0, "yellow"), (1, "yellow"), (1, "white")];
    assert_eq!(nets(&game(rules(), 2, &two)), [150, -150]);
    let again = [(0, "pink"), (0, "pink"), (1, "yellow"), (1, "white")];
    assert_eq!(nets(&game(rules(), 2, &again)), [250, -250]);
    let white = |player: usize, count: usize| std::iter::repeat_n((player, "white"), count);
    let three: Vec<_> = white(0, 5).chain(white(1, 8)).chain(white(2, 2)).collect();
    assert_eq!(nets(&game(rules(), 3, &three)), [-150, 300, -150]);
    assert_eq!(nets(&game(rules(), 4, &[(1, "white"); 3])), [-150, 150, 0, 0]);
}

#[test]
fn a_pool_of_fouls_is_paid_between_two() {
    let mut rules = rules();
    rules["foul"] = json!({"kind": "pool"});
    let lines = game(rules, 3, &[(1, "foul"), (1, "foul"), (0, "foul"), (0, "white"), (2, "foul")]);
    assert_eq!(lines.iter().map(|line| line.points).collect::<Vec<_>>(), [3, -2, 0]);
    // The ring: 1 for the first one, paid by the last one; and two fines.
    assert_eq!(nets(&lines), [50 + 100, -100, -50]);
    assert!(lines[0].won && lines[1].lost && lines[2].lost);
}

#[test]
fn the_last_ball_of_a_counted_table_is_worth_more() {
    let mut rules = rules();
    rules["balls"] = json!([{"color": "white", "points": 1, "count": 1}, {"color": "pink", "points": 4, "count": 1}]);
    rules["last_ball"] = json!("player_count_plus_value");
    let lines = game(rules, 2, &[(0, "white"), (1, "pink")]);
    assert_eq!(lines.iter().map(|line| line.points).collect::<Vec<_>>(), [1, 6]);
}

#[test]
fn in_a_pyramid_a_foul_is_a_ball_for_the_opposite_player() {
    let rules = json!({"game_type": "americana", "game_price": 500, "target_balls": 3, "format": "2x2"});
    let lines = game(rules, 4, &[(0, "white"), (3, "foul"), (2, "white")]);
    assert_eq!(lines.iter().map(|line| line.points).collect::<Vec<_>>(), [1, 0, 2, 0]);
    assert_eq!(nets(&lines), [500, -500, 500, -500]);
    assert_eq!(lines.iter().map(|line| line.place).collect::<Vec<_>>(), [1, 3, 1, 3]);
}
