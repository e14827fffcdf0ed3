//! Taking marks back, before and after the end of a game: all that followed from them is put right.

use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::{has_fields, refused};
use crate::table::{counted_with, kolkhoz_with, pyramid_with};
use crate::test_app::{TestApp, text, until};

#[actix_web::test]
async fn a_void_in_play_puts_the_score_right() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    let pink = evening.pot(&game, 0, "pink").await;
    let foul = evening.foul(&game, 1, None).await;
    let voided = evening.void(&game, &pink).await;
    assert_eq!(voided["type"], "game.event_voided");
    has_fields(&voided["data"], "voided_seq voided_type scores");
    assert_eq!((&voided["data"]["voided_seq"], &voided["data"]["voided_type"]), (&pink["seq"], &pink["type"]));
    assert_eq!(evening.each(&voided["data"]["scores"], "points"), [1, -1]);
    evening.void(&game, &foul).await;
    let scores = evening.creator().read(&format!("/api/v1/games/{game}/scores")).await;
    assert_eq!(evening.each(&scores["scores"], "points"), [1, 0]);
    assert_eq!(evening.each(&scores["scores"], "balls_potted"), [1, 0]);
    assert_eq!(evening.each(&scores["scores"], "fouls"), [0, 0]);
    evening.end(&game).await;
    assert_eq!(evening.outcome(&game).await, (vec![1, 0], vec![5_000, -5_000]));
}

#[actix_web::test]
async fn a_void_after_the_end_puts_results_balance_and_statistics_right() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let pink = evening.pot(&game, 0, "pink").await;
    evening.pot(&game, 1, "yellow").await;
    evening.end(&game).await;
    assert_eq!(evening.outcome(&game).await, (vec![4, 2], vec![10_000, -10_000]));
    let net = async |expected: i64| {
        let path = format!("/api/v1/stats/users/{}", evening.players[0].id);
        until("the statistics follow", async || {
            let totals = evening.players[0].read(&path).await["totals"].clone();
            (totals["nets"]["RUB"] == expected && totals["games"] == 1).then_some(totals)
        })
        .await
    };
    assert_eq!(net(10_000).await["wins"], 1);

    evening.void(&game, &pink).await;
    assert_eq!(evening.outcome(&game).await, (vec![0, 2], vec![-10_000, 10_000]));
    let balance = evening.balance().await;
    assert_eq!(evening.nets(&balance["participants"]), [-10_000, 10_000]);
    assert_eq!(balance["settlement"][0]["from"], evening.participants[0].as_str());
    let totals = net(-10_000).await;
    assert_eq!((&totals["wins"], &totals["losses"], &totals["points"]), (&json!(0), &json!(1), &json!(0)));
}

#[actix_web::test]
async fn a_void_after_the_evening_is_still_possible() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let pink = evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    evening.creator().done(&evening.path("/complete"), json!({})).await;
    evening.void(&game, &pink).await;
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [0, 0]);
}

#[actix_web::test]
async fn a_ball_taken_back_is_on_the_table_again() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], counted_with(json!({}))).await;
    let game = evening.start_game().await;
    let white = evening.pot(&game, 0, "white").await;
    evening.void(&game, &white).await;
    let scores = evening.creator().read(&format!("/api/v1/games/{game}/scores")).await;
    assert_eq!(scores["remaining"][0], json!({"color": "white", "count": 1}));
    evening.pot(&game, 1, "white").await;
}

#[actix_web::test]
async fn taking_a_collecting_ball_back_opens_the_fines_again() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"foul": {"kind": "pool"}}))).await;
    let game = evening.start_game().await;
    evening.foul(&game, 0, None).await;
    let pot = evening.pot(&game, 1, "white").await;
    evening.void(&game, &pot).await;
    let again = evening.pot(&game, 0, "yellow").await;
    assert_eq!(again["data"]["total_score"], 2, "his own fine costs him nothing");
    evening.end(&game).await;
    assert_eq!(evening.outcome(&game).await, (vec![2, 0], vec![10_000, -10_000]));
}

#[actix_web::test]
async fn what_is_no_mark_or_was_taken_back_cannot_be_voided() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let pot = evening.pot(&game, 0, "white").await;
    let voided = evening.void(&game, &pot).await;
    let path = |seq: &Value| format!("/api/v1/games/{game}/events/{seq}");
    refused(evening.creator().delete(&path(&pot["seq"])).await, "event_not_voidable");
    refused(evening.creator().delete(&path(&voided["seq"])).await, "event_not_voidable");
    let started = pot["seq"].as_i64().expect("a seq") - 1;
    refused(evening.creator().delete(&path(&json!(started))).await, "event_not_voidable");
    for seq in ["999", "0", "-1", "x", "1.5", "99999999999999999999"] {
        refused(evening.creator().delete(&format!("/api/v1/games/{game}/events/{seq}")).await, "not_found");
    }
    let cancelled = evening.creator().done(&format!("/api/v1/games/{game}/cancel"), json!({})).await;
    assert_eq!(cancelled["status"], "cancelled");
    let second = evening.start_game().await;
    let pot = evening.pot(&second, 0, "white").await;
    refused(evening.creator().delete(&path(&pot["seq"])).await, "not_found");
    evening.creator().done(&format!("/api/v1/games/{second}/cancel"), json!({})).await;
    let path = format!("/api/v1/games/{second}/events/{}", pot["seq"]);
    refused(evening.creator().delete(&path).await, "event_not_voidable");
}

#[actix_web::test]
async fn a_pyramid_goes_on_when_its_winning_ball_is_voided() {
    let app = TestApp::start().await;
    let rules = pyramid_with("americana", json!({"target_balls": 1}));
    let evening = Evening::open(&app, &["anna", "boris"], rules).await;
    let game = evening.start_game().await;
    let won = evening.pot(&game, 0, "white").await;
    assert_eq!(evening.outcome(&game).await.1, [50_000, -50_000]);
    evening.void(&game, &won).await;
    let state = evening.game(&game).await;
    assert_eq!((text(&state["status"]), &state["winner_participant_ids"]), ("in_progress".to_owned(), &json!([])));
    assert_eq!((&state["results"], evening.nets(&evening.balance().await["participants"])), (&Value::Null, vec![0, 0]));
    evening.pot(&game, 1, "white").await;
    assert_eq!(evening.outcome(&game).await.1, [-50_000, 50_000]);
}
