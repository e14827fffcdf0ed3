//! Scorer rights: given and taken by the creator, and brought by links that can be taken back.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

async fn guest(app: &TestApp, name: &str) -> Player {
    let entered = app.anonymous().post("/api/v1/auth/guest", json!({"display_name": name})).await;
    Player::of(&app.base, &answered(entered, 201))
}

async fn link(evening: &Evening, name: &str) -> Value {
    answered(evening.players[0].post(&evening.path("/scorer-links"), json!({"name": name})).await, 201)
}

async fn come(by: &Player, code: &Value) -> (StatusCode, Value) {
    by.post("/api/v1/sessions/scorer", json!({"code": code})).await
}

async fn mark(by: &Player, evening: &Evening, game: &str) -> (StatusCode, Value) {
    by.post(&format!("/api/v1/games/{game}/events"), evening.ball(0, "white")).await
}

#[actix_web::test]
async fn a_helper_without_an_account_marks_balls_by_a_link_until_it_is_taken_back() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let (game, other) = (evening.start_game().await, Evening::open(&app, &["vera", "gleb"], kolkhoz()).await);
        let others = other.start_game().await;
        let made = link(&evening, "Table 2").await;
        has_only_fields(&made, "id code url name created_at expires_at");
        is_id(&made["id"]);
        is_time(&made["expires_at"]);
        let code = text(&made["code"]);
        assert!(code.len() == 10 && text(&made["url"]).ends_with(&format!("/score/{code}")), "{made}");
        assert!(!evening.events().await.iter().any(|event| event.to_string().contains(&code)), "it is a secret");

        let helper = guest(&app, "Вова").await;
        refused(mark(&helper, &evening, &game).await, "insufficient_permissions");
        let typed = json!(format!("{}-{}", &code[..5], &code[5..]).to_lowercase());
        let place = answered(come(&helper, &typed).await, 200);
        assert_eq!(answered(come(&helper, &made["code"]).await, 200)["participant_id"], place["participant_id"]);
        let seated = place["session"]["participants"].as_array().expect("places").last().expect("his").clone();
        assert_eq!(
            (&seated["id"], &seated["role"], &seated["can_score"], &seated["display_name"]),
            (&place["participant_id"], &json!("spectator"), &json!(true), &json!("Вова"))
        );
        assert_eq!(place["session"]["code"], Value::Null, "who scores lets nobody in");
        let marked = answered(mark(&helper, &evening, &game).await, 201);
        assert_eq!(marked["actor"]["participant_id"], place["participant_id"]);
        let mut socket = helper.socket().await;
        socket.subscribe(&evening.session, None).await;
        let acked = socket.command(&evening.session, evening.ball(1, "pink")).await;
        assert_eq!(acked["type"], "ack", "{acked}");
        refused(mark(&helper, &other, &others).await, "insufficient_permissions");
        refused(helper.post(&evening.path("/complete"), json!({})).await, "insufficient_permissions");
        refused(helper.post(&evening.path("/scorer-links"), json!({})).await, "insufficient_permissions");
        refused(evening.players[1].get(&evening.path("/scorer-links")).await, "insufficient_permissions");
        // It is for marks: not for a place at the table, nor for the evening's money.
        let play = json!({"session_id": evening.session, "role": "participant"});
        refused(helper.post("/api/v1/sessions/join", play.clone()).await, "insufficient_permissions");
        let expense = json!({"title": "Tea", "amount": 100, "paid_by": evening.participants[0]});
        refused(helper.post(&evening.path("/expenses"), expense).await, "insufficient_permissions");
        refused(helper.post(&evening.path("/table/stop"), json!({})).await, "insufficient_permissions");
        let listed = evening.players[0].read(&evening.path("/scorer-links")).await;
        assert_eq!(items(&listed), std::slice::from_ref(&made));

        let path = evening.path(&format!("/scorer-links/{}", text(&made["id"])));
        refused(helper.delete(&path).await, "insufficient_permissions");
        for _ in 0..2 {
            assert_eq!(evening.players[0].delete(&path).await.0, StatusCode::NO_CONTENT);
        }
        refused(mark(&helper, &evening, &game).await, "insufficient_permissions");
        let denied = socket.command(&evening.session, evening.ball(1, "pink")).await;
        assert_eq!(denied["code"], "insufficient_permissions", "{denied}");
        refused(come(&helper, &made["code"]).await, "not_found");
        refused(come(&guest(&app, "Late").await, &made["code"]).await, "not_found");
        assert_eq!(items(&evening.players[0].read(&evening.path("/scorer-links")).await).len(), 0);
        helper.read(&evening.path("")).await;
        let state = evening.state().await;
        let seat = state["participants"].as_array().expect("places").iter().find(|it| it["id"] == seated["id"]);
        assert_eq!(seat.expect("kept")["can_score"], false);
        let replayed = app.command(&["replay", &evening.session]);
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
    }
}

#[actix_web::test]
async fn who_comes_while_a_link_is_taken_back_has_no_right_after_it() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let mut helpers = Vec::new();
        for n in 0..6 {
            helpers.push(guest(&app, &format!("Helper {n}")).await);
        }
        let made = link(&evening, "").await;
        let path = evening.path(&format!("/scorer-links/{}", text(&made["id"])));
        let coming = futures_util::future::join_all(helpers.iter().map(|helper| come(helper, &made["code"])));
        let (came, ended) = tokio::join!(coming, evening.players[0].delete(&path));
        assert_eq!(ended.0, StatusCode::NO_CONTENT);
        assert!(came.iter().all(|(status, _)| [200, 404].contains(&status.as_u16())), "{came:?}");
        for helper in &helpers {
            refused(mark(helper, &evening, &game).await, "insufficient_permissions");
        }
    }
}

#[actix_web::test]
async fn the_creator_gives_and_takes_the_right_to_score() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (game, [anna, boris]) = (evening.start_game().await, [&evening.players[0], &evening.players[1]]);
    answered(mark(boris, &evening, &game).await, 201);
    let path = evening.path(&format!("/participants/{}", evening.participants[1]));
    assert_eq!(answered(anna.patch(&path, json!({"can_score": false})).await, 200)["can_score"], false);
    refused(mark(boris, &evening, &game).await, "insufficient_permissions");
    refused(boris.patch(&path, json!({"can_score": true})).await, "insufficient_permissions");
    let made = link(&evening, "").await;
    refused(come(boris, &made["code"]).await, "insufficient_permissions");
    assert_eq!(answered(anna.patch(&path, json!({"can_score": true})).await, 200)["can_score"], true);
    answered(mark(boris, &evening, &game).await, 201);
    assert_eq!(answered(come(boris, &made["code"]).await, 200)["participant_id"], evening.participants[1].as_str());

    let helper = guest(&app, "Vova").await;
    let place = answered(come(&helper, &made["code"]).await, 200);
    let path = evening.path(&format!("/participants/{}", text(&place["participant_id"])));
    answered(anna.patch(&path, json!({"can_score": false})).await, 200);
    refused(mark(&helper, &evening, &game).await, "insufficient_permissions");
    refused(come(&helper, &made["code"]).await, "insufficient_permissions");
    assert_eq!(anna.delete(&path).await.0, StatusCode::NO_CONTENT);
    refused(come(&helper, &made["code"]).await, "participant_removed");
    let watcher = app.player("watcher").await;
    let join = json!({"code": evening.code, "role": "spectator"});
    let place = watcher.done("/api/v1/sessions/join", join).await;
    let path = evening.path(&format!("/participants/{}", text(&place["participant_id"])));
    wrong_field(anna.patch(&path, json!({"can_score": true})).await, "can_score");
    refused(mark(&watcher, &evening, &game).await, "insufficient_permissions");
}

#[actix_web::test]
async fn scorer_links_are_made_once_named_and_bounded() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let (anna, path, key) = (&evening.players[0], evening.path("/scorer-links"), Uuid::new_v4());
    let body = json!({"name": "Bar"});
    let made = answered(anna.post_with_key(&path, key, body.clone()).await, 201);
    assert_eq!(answered(anna.post_with_key(&path, key, body).await, 201), made, "the same key makes the same");
    refused(anna.post_with_key(&path, key, json!({"name": "Hall"})).await, "idempotency_key_reused");
    wrong_field(anna.post(&path, json!({"name": "x".repeat(65)})).await, "name");
    for _ in 1..32 {
        link(&evening, "").await;
    }
    wrong_field(anna.post(&path, json!({})).await, "body");
    refused(anna.delete(&format!("{path}/{}", Uuid::now_v7())).await, "not_found");
    let helper = guest(&app, "Vova").await;
    for code in ["", "ABCDEFGHJK", "ABC\u{0}"] {
        refused(come(&helper, &json!(code)).await, "not_found");
    }
    for _ in 0..28 {
        let _ = come(&helper, &json!("ABCDEFGHJK")).await;
    }
    refused(come(&helper, &made["code"]).await, "rate_limited");
}
