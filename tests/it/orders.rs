//! Who plays after whom: drawn, given, reversed; who breaks; whose turn it is.

use std::collections::HashSet;

use serde_json::json;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, refused, wrong_field};
use crate::table::{counted_with, kolkhoz_with};
use crate::test_app::{TestApp, text};

#[actix_web::test]
async fn no_order_comes_again_until_all_were_played() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "random_no_repeat"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    for round in 1..=2 {
        let mut orders = HashSet::new();
        for _ in 0..6 {
            let (game, order) = evening.drawn().await;
            orders.insert(order);
            evening.end(&game).await;
        }
        assert_eq!(orders.len(), 6, "round {round}: {orders:?}");
    }
}

#[actix_web::test]
async fn a_cancelled_game_uses_up_no_order() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "random_no_repeat"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    let mut orders = HashSet::new();
    for _ in 0..5 {
        let (game, order) = evening.drawn().await;
        orders.insert(order);
        evening.end(&game).await;
    }
    for _ in 0..3 {
        let (game, order) = evening.drawn().await;
        assert!(!orders.contains(&order), "the sixth one is still to be played");
        answered(evening.creator().post(&format!("/api/v1/games/{game}/cancel"), json!({})).await, 200);
    }
}

#[actix_web::test]
async fn an_order_given_by_hand_wins_and_may_leave_players_out() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "always_random"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    let given = json!([evening.participants[2], evening.participants[0]]);
    let game = answered(evening.creator().post(&evening.path("/games"), json!({"order": given})).await, 201);
    assert_eq!(game["order"], given);
    assert_eq!(game["current_participant_id"], given[0]);
    let command = json!({"type": "pot_ball", "participant_id": evening.participants[1], "color": "white"});
    wrong_field(evening.score(&text(&game["id"]), command).await, "participant_id");
}

#[actix_web::test]
async fn a_drawn_order_has_every_active_player_once() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "always_random"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera", "gleb"], rules).await;
    let mut firsts = HashSet::new();
    for _ in 0..12 {
        let (game, mut order) = evening.drawn().await;
        firsts.insert(order[0].clone());
        order.sort();
        let mut participants = evening.participants.clone();
        participants.sort();
        assert_eq!(order, participants);
        evening.end(&game).await;
    }
    assert!(firsts.len() > 1, "twelve draws of four players begin with one of them only");
}

#[actix_web::test]
async fn a_manual_order_must_be_given() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let games = evening.path("/games");
    wrong_field(evening.creator().post(&games, json!({})).await, "order");
    let twice = json!({"order": [evening.participants[0], evening.participants[0]]});
    wrong_field(evening.creator().post(&games, twice).await, "order");
    let alone = json!({"order": [evening.participants[0]]});
    refused(evening.creator().post(&games, alone).await, "not_enough_players");
    let stranger = json!({"order": [evening.participants[0], uuid::Uuid::now_v7()]});
    wrong_field(evening.creator().post(&games, stranger).await, "order");
}

#[actix_web::test]
async fn every_second_game_goes_the_other_way_round() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "always_random", "alternate_direction": true}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    for _ in 0..3 {
        let (game, there) = evening.drawn().await;
        evening.end(&game).await;
        let (game, mut back) = evening.drawn().await;
        evening.end(&game).await;
        back.reverse();
        assert_eq!(there, back);
    }
}

#[actix_web::test]
async fn who_potted_the_last_ball_breaks_the_next_game() {
    let app = TestApp::start().await;
    for order in ["always_random", "random_no_repeat"] {
        let evening = Evening::open(&app, &["anna", "boris", "vera"], counted_with(json!({"order": order}))).await;
        let (mut game, _) = evening.drawn().await;
        for breaker in [1, 2, 0, 1, 1, 0] {
            evening.pot(&game, 0, "white").await;
            evening.pot(&game, breaker, "pink").await;
            let (next, drawn) = evening.drawn().await;
            assert_eq!(drawn[0], evening.participants[breaker], "{order}");
            game = next;
        }
    }
}

#[actix_web::test]
async fn turns_are_enforced_where_the_rules_say_so() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"enforce_turns": true}))).await;
    let game = evening.start_game().await;
    let out_of_turn = json!({"participant_id": evening.participants[1], "color": "white", "type": "pot_ball"});
    refused(evening.score(&game, out_of_turn).await, "not_your_turn");
    let foul = json!({"type": "commit_foul", "participant_id": evening.participants[1]});
    refused(evening.score(&game, foul.clone()).await, "not_your_turn");
    let pot = evening.pot(&game, 0, "white").await;
    assert_eq!(pot["data"]["next_participant_id"], evening.participants[0].as_str(), "a pot keeps the turn");
    let end_turn = json!({"type": "end_turn", "participant_id": evening.participants[0], "reason": "miss"});
    let passed = answered(evening.score(&game, end_turn).await, 201);
    assert_eq!(passed["type"], "game.turn_changed");
    assert_eq!(passed["data"]["next_participant_id"], evening.participants[1].as_str());
    let foul = answered(evening.score(&game, foul).await, 201);
    assert_eq!(foul["data"]["next_participant_id"], evening.participants[0].as_str(), "a foul passes it on");
}

#[actix_web::test]
async fn the_turn_follows_what_was_marked_where_turns_are_free() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    let game = evening.start_game().await;
    let pot = evening.pot(&game, 2, "white").await;
    assert_eq!(pot["data"]["next_participant_id"], evening.participants[2].as_str());
    assert_eq!(evening.game(&game).await["current_participant_id"], evening.participants[2].as_str());
    let foul = evening.foul(&game, 1, None).await;
    assert_eq!(foul["data"]["next_participant_id"], evening.participants[2].as_str());
    let foul = evening.foul(&game, 2, None).await;
    assert_eq!(foul["data"]["next_participant_id"], evening.participants[0].as_str(), "the order is cyclic");
}
