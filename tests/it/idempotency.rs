//! `Idempotency-Key`: the same key answers the first outcome again and changes nothing.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::player::answer;
use crate::test_app::{Store, TestApp, text};

async fn events(evening: &Evening) -> Vec<Value> {
    items(&evening.creator().read(&evening.path("/events?limit=200")).await).clone()
}

#[actix_web::test]
async fn the_same_key_answers_the_first_outcome_again() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.creator();
    let key = Uuid::new_v4();
    let order = json!({"order": evening.seats});
    let first = answered(anna.post_with_key(&evening.path("/games"), key, order.clone()).await, 201);
    let again = answered(anna.post_with_key(&evening.path("/games"), key, order).await, 201);
    assert_eq!(first, again);
    let game = text(&first["id"]);

    let key = Uuid::new_v4();
    let path = format!("/api/v1/games/{game}/events");
    let pot = json!({"type": "pot_ball", "participant_id": evening.seats[0], "color": "white"});
    let first = answered(anna.post_with_key(&path, key, pot.clone()).await, 201);
    assert_eq!(first["command_id"], key.to_string());
    let again = answered(anna.post_with_key(&path, key, pot).await, 201);
    assert_eq!(first, again);

    let key = Uuid::new_v4();
    let voided = format!("{path}/{}", first["seq"]);
    let first = answered(anna.delete_with_key(&voided, key).await, 200);
    assert_eq!(answered(anna.delete_with_key(&voided, key).await, 200), first);

    let key = Uuid::new_v4();
    let guest = json!({"display_name": "Дядя Ваня"});
    let first = answered(anna.post_with_key(&evening.path("/participants"), key, guest.clone()).await, 201);
    let again = answered(anna.post_with_key(&evening.path("/participants"), key, guest).await, 201);
    assert_eq!(first["id"], again["id"]);
    let seat = evening.path(&format!("/participants/{}", text(&first["id"])));
    let key = Uuid::new_v4();
    answered(anna.delete_with_key(&seat, key).await, 204);
    answered(anna.delete_with_key(&seat, key).await, 204);

    let key = Uuid::new_v4();
    let end = format!("/api/v1/games/{game}/end");
    let first = answered(anna.post_with_key(&end, key, json!({})).await, 200);
    assert_eq!(answered(anna.post_with_key(&end, key, json!({})).await, 200), first);
    let key = Uuid::new_v4();
    let first = answered(anna.post_with_key(&evening.path("/complete"), key, json!({})).await, 200);
    assert_eq!(answered(anna.post_with_key(&evening.path("/complete"), key, json!({})).await, 200), first);
    let types: Vec<_> = events(&evening).await.iter().map(|event| text(&event["type"])).collect();
    let expected = [
        "session.created",
        "session.player_joined",
        "game.started",
        "game.ball_potted",
        "game.event_voided",
        "session.player_joined",
        "session.player_removed",
        "game.ended",
        "session.completed",
    ];
    assert_eq!(types, expected);
}

#[actix_web::test]
async fn a_session_is_opened_once_for_a_key() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let key = Uuid::new_v4();
    let body = json!({"name": "Friday", "rules": kolkhoz()});
    let first = answered(anna.post_with_key("/api/v1/sessions", key, body.clone()).await, 201);
    let again = answered(anna.post_with_key("/api/v1/sessions", key, body).await, 201);
    assert_eq!(first, again);
    let other = json!({"name": "Saturday", "rules": kolkhoz()});
    refused(anna.post_with_key("/api/v1/sessions", key, other).await, "idempotency_key_reused");
    assert_eq!(items(&anna.read("/api/v1/sessions").await).len(), 1);
}

#[actix_web::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let path = format!("/api/v1/games/{game}/events");
    let key = Uuid::new_v4();
    let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.seats[0], "color": color});
    answered(evening.creator().post_with_key(&path, key, pot("white")).await, 201);
    refused(evening.creator().post_with_key(&path, key, pot("pink")).await, "idempotency_key_reused");
    let end = format!("/api/v1/games/{game}/end");
    refused(evening.creator().post_with_key(&end, key, json!({})).await, "idempotency_key_reused");
    assert_eq!(events(&evening).await.len(), 4);
}

#[actix_web::test]
async fn the_same_key_of_another_user_is_another_key() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let path = format!("/api/v1/games/{game}/events");
    let key = Uuid::new_v4();
    let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.seats[0], "color": color});
    let of_anna = answered(evening.players[0].post_with_key(&path, key, pot("white")).await, 201);
    let of_boris = answered(evening.players[1].post_with_key(&path, key, pot("pink")).await, 201);
    assert_ne!(of_anna["seq"], of_boris["seq"]);
    assert_eq!(of_boris["actor"]["user_id"], evening.players[1].id.as_str());
}

#[actix_web::test]
async fn a_refusal_is_an_outcome_too() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let key = Uuid::new_v4();
    let complete = evening.path("/complete");
    let game = evening.start_game().await;
    refused(evening.creator().post_with_key(&complete, key, json!({})).await, "game_in_progress");
    evening.end(&game).await;
    refused(evening.creator().post_with_key(&complete, key, json!({})).await, "game_in_progress");
    answered(evening.creator().post_with_key(&complete, Uuid::new_v4(), json!({})).await, 200);
}

#[actix_web::test]
async fn keys_survive_a_killed_server() {
    for store in [Store::Sqlite, Store::Postgres] {
        let mut app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let path = format!("/api/v1/games/{game}/events");
        let (opening, potting) = (Uuid::new_v4(), Uuid::new_v4());
        let body = json!({"name": "Saturday", "rules": kolkhoz()});
        let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.seats[0], "color": color});
        let anna = evening.creator();
        let opened = answered(anna.post_with_key("/api/v1/sessions", opening, body.clone()).await, 201);
        let potted = answered(anna.post_with_key(&path, potting, pot("white")).await, 201);
        app.kill_and_restart().await;
        let again = answered(anna.post_with_key("/api/v1/sessions", opening, body).await, 201);
        assert_eq!(again["id"], opened["id"], "{:?}", app.store);
        assert_eq!(answered(anna.post_with_key(&path, potting, pot("white")).await, 201), potted);
        refused(anna.post_with_key(&path, potting, pot("pink")).await, "idempotency_key_reused");
    }
}

#[actix_web::test]
async fn a_key_is_the_same_over_a_socket_and_over_rest() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let key = Uuid::new_v4();
    let pot = json!({"type": "pot_ball", "participant_id": evening.seats[0], "color": "white"});
    let mut socket = evening.creator().socket().await;
    let ack = socket.command_with_id(key, &evening.session, pot.clone()).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(socket.command_with_id(key, &evening.session, pot).await, ack);
    let foul = json!({"type": "commit_foul", "participant_id": evening.seats[0]});
    let path = format!("/api/v1/games/{game}/events");
    refused(evening.creator().post_with_key(&path, key, foul.clone()).await, "idempotency_key_reused");
    let ack = socket.command(&evening.session, foul).await;
    assert_eq!(items(&evening.creator().read(&path).await).last(), Some(&ack["events"][0]));
}

#[actix_web::test]
async fn a_key_is_a_uuid() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let request = anna.request(reqwest::Method::POST, "/api/v1/sessions").header("idempotency-key", "again");
    wrong_field(answer(request.json(&json!({"name": "x", "rules": kolkhoz()}))).await, "Idempotency-Key");
}
