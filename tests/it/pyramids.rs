//! Americana and Moscow pyramid by the rule book, over REST: two sides race to a number of balls.

use serde_json::{Value, json};

use crate::evening::Evening;
use crate::expect::{answered, items, refused, wrong_field};
use crate::table::pyramid_with;
use crate::test_app::TestApp;

/// The data of the `game.ended` of a game.
async fn ending(evening: &Evening, game: &str) -> Value {
    let log = evening.creator().read(&format!("/api/v1/games/{game}/events")).await;
    let ended = items(&log).iter().find(|event| event["type"] == "game.ended");
    ended.unwrap_or_else(|| panic!("an end in {log}"))["data"].clone()
}

#[actix_web::test]
async fn the_first_to_the_target_wins_the_price_of_the_game() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], pyramid_with("americana", json!({}))).await;
    let game = evening.start_game().await;
    evening.pot(&game, 1, "white").await;
    for _ in 0..8 {
        evening.pot(&game, 0, "white").await;
    }
    assert_eq!(evening.outcome(&game).await, (vec![8, 1], vec![50_000, -50_000]));
    let ended = ending(&evening, &game).await;
    assert_eq!(ended["reason"], "target_reached");
    assert_eq!(ended["winner_participant_ids"], json!([evening.participants[0]]));
    let late = json!({"type": "pot_ball", "participant_id": evening.participants[1], "color": "white"});
    refused(evening.score(&game, late).await, "game_not_active");
}

#[actix_web::test]
async fn there_are_no_colours_in_the_pyramids() {
    let app = TestApp::start().await;
    for game_type in ["americana", "moscow_pyramid"] {
        let evening = Evening::open(&app, &["anna", "boris"], pyramid_with(game_type, json!({}))).await;
        let game = evening.start_game().await;
        let pink = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "pink"});
        refused(evening.score(&game, pink).await, "unknown_ball");
    }
}

#[actix_web::test]
async fn a_foul_gives_the_other_side_a_ball_and_can_win_the_game() {
    let app = TestApp::start().await;
    let rules = pyramid_with("americana", json!({"target_balls": 2}));
    let evening = Evening::open(&app, &["anna", "boris"], rules).await;
    let game = evening.start_game().await;
    evening.pot(&game, 1, "white").await;
    let foul = evening.foul(&game, 0, None).await;
    assert_eq!(foul["data"]["awarded_to"], evening.participants[1].as_str());
    assert_eq!(evening.game(&game).await["status"], "completed");
    assert_eq!(evening.outcome(&game).await, (vec![0, 2], vec![-50_000, 50_000]));
    assert_eq!(ending(&evening, &game).await["reason"], "target_reached");
}

#[actix_web::test]
async fn a_foul_takes_a_ball_from_the_offender_where_the_rules_say_so() {
    let app = TestApp::start().await;
    let rules = pyramid_with("moscow_pyramid", json!({"target_balls": 1, "foul": {"kind": "offender_minus_one"}}));
    let evening = Evening::open(&app, &["anna", "boris"], rules).await;
    let game = evening.start_game().await;
    let foul = evening.foul(&game, 0, None).await;
    assert_eq!((&foul["data"]["total_score"], &foul["data"]["awarded_to"]), (&json!(-1), &json!(null)));
    evening.pot(&game, 0, "white").await;
    assert_eq!(evening.game(&game).await["status"], "in_progress", "0 of 1");
    evening.pot(&game, 0, "white").await;
    assert_eq!(evening.outcome(&game).await, (vec![1, 0], vec![50_000, -50_000]));
}

#[actix_web::test]
async fn two_on_two_each_loser_pays_his_opposite() {
    let app = TestApp::start().await;
    let rules = pyramid_with("americana", json!({"format": "2x2", "target_balls": 3}));
    let evening = Evening::open(&app, &["anna", "boris", "vera", "gleb"], rules).await;
    let two = json!({"order": [evening.participants[0], evening.participants[1]]});
    refused(evening.creator().post(&evening.path("/games"), two).await, "not_enough_players");
    let game = evening.start_game().await;
    evening.pot(&game, 1, "white").await;
    evening.pot(&game, 0, "white").await;
    evening.pot(&game, 1, "white").await;
    evening.pot(&game, 2, "white").await;
    assert_eq!(evening.game(&game).await["status"], "in_progress", "two to two");
    evening.pot(&game, 3, "white").await;
    let (_, nets) = evening.outcome(&game).await;
    assert_eq!(nets, [-50_000, 50_000, -50_000, 50_000], "players 1 and 3 of the order won");
    let results = evening.game(&game).await["results"].clone();
    assert_eq!(evening.each(&results, "place"), [3, 1, 3, 1]);
    assert_eq!(
        ending(&evening, &game).await["winner_participant_ids"],
        json!([evening.participants[1], evening.participants[3]])
    );
}

#[actix_web::test]
async fn one_on_one_is_for_two() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], pyramid_with("americana", json!({}))).await;
    wrong_field(evening.creator().post(&evening.path("/games"), json!({"order": evening.participants})).await, "order");
}

#[actix_web::test]
async fn a_potted_cue_ball_is_kept_in_the_event() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], pyramid_with("moscow_pyramid", json!({}))).await;
    let game = evening.start_game().await;
    let own =
        json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white", "own_ball": true});
    let event = answered(evening.score(&game, own).await, 201);
    assert_eq!(event["data"]["own_ball"], true);
    let log = evening.creator().read(&format!("/api/v1/games/{game}/events")).await;
    assert_eq!(items(&log).last(), Some(&event));
}

#[actix_web::test]
async fn a_pyramid_ended_by_hand_pays_nothing_and_nobody_won() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], pyramid_with("americana", json!({}))).await;
    let game = evening.play(&[0, 1], &[&["white"; 7], &["white"]]).await;
    assert_eq!(evening.outcome(&game).await, (vec![7, 1], vec![0, 0]));
    assert_eq!(ending(&evening, &game).await["winner_participant_ids"], json!([]));
    assert_eq!(evening.balance().await["settlement"], json!([]));
}
