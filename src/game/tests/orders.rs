//! Who plays after whom, from game to game.

use std::collections::BTreeSet;

use super::*;

const SIX: [&str; 6] = ["Anna", "Boris", "Vera", "Gleb", "Dina", "Egor"];

fn next_draw(evening: &mut Evening) -> (Vec<String>, bool) {
    let drawn = evening.draws();
    evening.ends();
    drawn
}

#[test]
fn no_order_comes_again_until_all_were_played() {
    for players in 2..=5 {
        let all = (1..=players).product::<usize>();
        let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX[..players]);
        for _round in 0..2 {
            let orders: BTreeSet<_> = (0..all).map(|_| next_draw(&mut evening).0).collect();
            assert_eq!(orders.len(), all);
        }
    }
}

#[test]
fn a_given_order_counts_as_played() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX[..3]);
    let mut orders = BTreeSet::from([vec!["Vera".to_owned(), "Anna".into(), "Boris".into()]]);
    evening.starts(&["Vera", "Anna", "Boris"]);
    evening.ends();
    for _ in 1..6 {
        orders.insert(next_draw(&mut evening).0);
    }
    assert_eq!(orders.len(), 6);
}

#[test]
fn a_cancelled_game_uses_up_no_order() {
    for asked in 0..50 {
        let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX[..3]);
        evening.asked += asked;
        let mut orders: BTreeSet<_> = (0..5).map(|_| next_draw(&mut evening).0).collect();
        let (last, _) = evening.draws();
        evening.score(Scoring::CancelGame {});
        assert_eq!(evening.draws().0, last, "the only one that is left, still");
        orders.insert(last);
        assert_eq!(orders.len(), 6);
    }
}

#[test]
fn a_cancelled_game_keeps_the_break_and_the_direction() {
    let rules = kolkhoz(SHORT_TABLE, json!({"alternate_direction": true}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris", "Vera", "Gleb"]);
    clears_the_table(&mut evening, "Boris");
    let second = evening.draws();
    assert_eq!((second.0[0].as_str(), second.1), ("Boris", true));
    evening.score(Scoring::CancelGame {});
    assert_eq!(evening.draws(), second, "the game that was cancelled is played now");
}

#[test]
fn other_players_have_their_own_round() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX[..2]);
    let first = next_draw(&mut evening).0;
    evening.joins("Vera", Role::Participant);
    next_draw(&mut evening);
    evening.by("Vera", Command::RemoveParticipant { participant_id: evening.participant("Vera") });
    assert_ne!(next_draw(&mut evening).0, first);
}

#[test]
fn seven_players_do_not_repeat_within_720_games() {
    let rules = kolkhoz(OPEN_TABLE, json!({}));
    let mut evening = Evening::of(rules, &["Anna", "Boris", "Vera", "Gleb", "Dina", "Egor", "Foma"]);
    let orders: BTreeSet<_> = (0..721).map(|_| next_draw(&mut evening).0).collect();
    assert_eq!(orders.len(), 721);
}

#[test]
fn always_random_may_repeat_and_reaches_every_order() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({"order": "always_random"})), &SIX[..3]);
    let orders: Vec<_> = (0..100).map(|_| next_draw(&mut evening).0).collect();
    assert!(orders.windows(2).any(|pair| pair[0] == pair[1]));
    assert_eq!(orders.into_iter().collect::<BTreeSet<_>>().len(), 6);
}

#[test]
fn manual_wants_an_order() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({"order": "manual"})), &SIX[..2]);
    let refusal = evening.score_refused(Scoring::StartGame { order: None });
    assert!(matches!(refusal, Refusal::Invalid { field: "order", .. }), "{refusal:?}");
    evening.starts(&["Boris", "Anna"]);
    assert_eq!(evening.turn().as_deref(), Some("Boris"));
}

#[test]
fn every_second_game_goes_the_other_way_round() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({"alternate_direction": true})), &SIX[..4]);
    for _ in 0..3 {
        let (order, reversed) = next_draw(&mut evening);
        assert!(!reversed);
        let (mut back, reversed) = next_draw(&mut evening);
        back.reverse();
        assert_eq!((back, reversed), (order, true));
    }
}

#[test]
fn a_new_player_starts_a_new_direction() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({"alternate_direction": true})), &SIX[..2]);
    next_draw(&mut evening);
    evening.joins("Vera", Role::Participant);
    assert!(!next_draw(&mut evening).1);
    assert!(next_draw(&mut evening).1);
}

fn clears_the_table(evening: &mut Evening, who: &str) {
    evening.pots(who, "white");
    evening.pots(who, "pink");
    evening.pots(who, "white");
}

#[test]
fn who_potted_the_last_ball_breaks_the_next_game() {
    for order in ["random_no_repeat", "always_random"] {
        // Twelve games each: also when all orders with the breaker in front were played.
        for breaker in ["Anna", "Boris", "Vera"] {
            let mut evening = Evening::of(kolkhoz(SHORT_TABLE, json!({"order": order})), &SIX[..3]);
            evening.draws();
            for _ in 0..12 {
                clears_the_table(&mut evening, breaker);
                assert_eq!(evening.draws().0[0], breaker);
            }
        }
    }
}

#[test]
fn a_breaker_keeps_to_unplayed_orders_while_there_are_any() {
    let mut evening = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    clears_the_table(&mut evening, "Anna");
    assert_eq!(evening.draws().0, ["Anna", "Vera", "Boris"]);
}

#[test]
fn a_reversed_order_is_turned_until_the_breaker_is_in_front() {
    let rules = kolkhoz(SHORT_TABLE, json!({"alternate_direction": true}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris", "Vera", "Gleb"]);
    clears_the_table(&mut evening, "Boris");
    assert_eq!(evening.draws(), (vec!["Boris".into(), "Anna".into(), "Gleb".into(), "Vera".into()], true));
}

#[test]
fn a_given_order_wins_over_the_breaker() {
    let mut evening = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    clears_the_table(&mut evening, "Boris");
    evening.starts(&["Anna", "Boris"]);
    assert_eq!(evening.turn().as_deref(), Some("Anna"));
}

#[test]
fn a_taken_back_last_ball_breaks_nothing() {
    let rules = kolkhoz(SHORT_TABLE, json!({"order": "always_random"}));
    let mut evening = Evening::playing(rules, &SIX);
    clears_the_table(&mut evening, "Boris");
    evening.voids(evening.now().previous());
    evening.ends();
    let firsts: BTreeSet<_> = (0..40).map(|_| next_draw(&mut evening).0[0].clone()).collect();
    assert!(firsts.len() > 1);
}

#[test]
fn the_same_dice_draw_the_same_order() {
    let evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX);
    let command = Command::Score(Scoring::StartGame { order: None });
    let request = evening.request(user("Anna"), None, command);
    assert_eq!(evening.session.decide(&request), evening.session.decide(&request));
}

#[test]
fn a_player_who_left_is_in_no_later_order() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &SIX[..3]);
    next_draw(&mut evening);
    evening.by("Vera", Command::RemoveParticipant { participant_id: evening.participant("Vera") });
    assert!(!next_draw(&mut evening).0.contains(&"Vera".to_owned()));
}
