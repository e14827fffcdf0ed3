//! How much one user may do: commands over sockets and REST together, sessions, invitations, tries of a join code; and
//! what happens where this node has no room for another live session.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused};
use crate::player::{Player, answer};
use crate::test_app::{Store, TestApp, text};

async fn open(player: &Player, name: &str) -> (StatusCode, Value) {
    player.post("/api/v1/sessions", json!({"name": name, "rules": kolkhoz()})).await
}

/// Repeats a call until it is refused, and says how often it was not.
async fn until_refused(most: usize, mut call: impl AsyncFnMut() -> (StatusCode, Value)) -> usize {
    for done in 0..most {
        let (status, body) = call().await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused((status, body), "rate_limited");
            return done;
        }
    }
    panic!("{most} calls and no refusal");
}

fn retry_after(response: &reqwest::Response) -> u64 {
    let header = response.headers().get("retry-after").expect("a Retry-After");
    header.to_str().expect("ASCII").parse().expect("seconds")
}

#[actix_web::test]
async fn commands_over_sockets_and_rest_are_counted_together_for_each_user() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "10"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let anna = &evening.players[0];
    let mut sockets = [anna.socket().await, anna.socket().await, anna.socket().await];
    let mut acks = 0;
    for n in 0..60 {
        let answer = sockets[n % 3].command(&evening.session, evening.ball(0, "white")).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "rate_limited", "{answer}");
            break;
        }
        acks += 1;
    }
    assert!((15..40).contains(&acks), "{acks} over three sockets");
    // What the sockets used up is not there for REST. (A token every 100 ms is.)
    let path = format!("/api/v1/games/{game}/events");
    let mut limited = 0;
    for _ in 0..10 {
        let response = anna.request(Method::POST, &path).json(&evening.ball(0, "white")).send().await.unwrap();
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(retry_after(&response), 1);
            limited += 1;
        }
    }
    assert!(limited >= 1, "REST has a bucket of its own");
    // Others, and reading, go on.
    let mut of_boris = evening.players[1].socket().await;
    assert_eq!(of_boris.command(&evening.session, evening.ball(0, "white")).await["type"], "ack");
    anna.read(&evening.path("")).await;
}

#[actix_web::test]
async fn every_call_that_changes_something_costs_a_command_and_nothing_of_a_refused_one_happens() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "5"]).await;
    let anna = app.player("anna").await;
    let template = |n: usize| json!({"name": format!("Mine {n}"), "rules": kolkhoz(), "is_public": true});
    let mut made = 0;
    for n in 0..40 {
        let (status, body) = anna.post("/api/v1/templates", template(n)).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused((status, body), "rate_limited");
        } else {
            answered((status, body), 201);
            made += 1;
        }
    }
    assert!((10..40).contains(&made), "{made} of 40 templates");
    assert_eq!(items(&anna.read("/api/v1/templates?scope=mine&limit=200").await).len(), made);
    let boris = app.player("boris").await;
    for (method, path, body) in [
        (Method::PATCH, "/api/v1/users/me".to_owned(), json!({"display_name": "Boris"})),
        (Method::PUT, "/api/v1/notifications/settings".to_owned(), json!({})),
        (Method::POST, "/api/v1/templates/validate".to_owned(), json!({"rules": kolkhoz()})),
        (Method::DELETE, format!("/api/v1/notifications/{}", Uuid::new_v4()), Value::Null),
    ] {
        until_refused(60, async || boris.call(method.clone(), &path, Some(body.clone())).await).await;
    }
}

#[actix_web::test]
async fn reading_is_bounded_too_and_more_widely() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "1"]).await;
    let anna = app.player("anna").await;
    let read = until_refused(200, async || anna.get("/api/v1/users/me").await).await;
    assert!(read >= 20, "{read} reads");
}

#[actix_web::test]
async fn a_user_opens_so_many_sessions_an_hour_and_none_is_stored_that_is_refused() {
    let app = TestApp::start_with(Store::chosen(), &["--sessions-per-hour", "3"]).await;
    let anna = app.player("anna").await;
    let key = Uuid::new_v4();
    let body = json!({"name": "first", "rules": kolkhoz()});
    let first = answered(anna.post_with_key("/api/v1/sessions", key, body.clone()).await, 201);
    refused(anna.post("/api/v1/sessions", json!({"name": "", "rules": kolkhoz()})).await, "validation_failed");
    for name in ["second", "third"] {
        answered(open(&anna, name).await, 201);
    }
    let request = anna.request(Method::POST, "/api/v1/sessions").json(&json!({"name": "x", "rules": kolkhoz()}));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=3_600).contains(&retry_after(&response)));
    let again = answered(anna.post_with_key("/api/v1/sessions", key, body).await, 201);
    assert_eq!(again["id"], first["id"], "a repeated call is no new session");
    assert_eq!(items(&anna.read("/api/v1/sessions").await).len(), 3);
    answered(open(&app.player("boris").await, "of another").await, 201);
}

#[actix_web::test]
async fn join_codes_can_be_tried_so_often_by_a_user_whatever_others_behind_the_address_tried() {
    let app = TestApp::start_with(Store::chosen(), &["--joins-per-minute", "5"]).await;
    let anna = app.player("anna").await;
    let session = answered(open(&anna, "Friday").await, 201);
    let code = text(&session["code"]);
    let (boris, dina) = (app.player("boris").await, app.player("dina").await);
    for n in 0..5 {
        let guess = ["AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD", &code][n];
        let (status, _) = if n % 2 == 0 {
            boris.get(&format!("/api/v1/sessions/by-code/{guess}")).await
        } else {
            boris.post("/api/v1/sessions/join", json!({"code": guess})).await
        };
        assert_eq!(status, if guess == code { StatusCode::OK } else { StatusCode::NOT_FOUND });
    }
    let join = boris.request(Method::POST, "/api/v1/sessions/join").json(&json!({"code": code}));
    let response = join.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "the right code, too");
    assert!((1..=60).contains(&retry_after(&response)));
    refused(boris.get(&format!("/api/v1/sessions/by-code/{code}")).await, "rate_limited");
    for _ in 0..4 {
        refused(dina.get("/api/v1/sessions/by-code/EEEEEE").await, "not_found");
    }
    answered(dina.post("/api/v1/sessions/join", json!({"code": code})).await, 200);
    refused(dina.get("/api/v1/sessions/by-code/FFFFFF").await, "rate_limited");
}

#[actix_web::test]
async fn a_user_sends_so_many_invitations_an_hour_and_the_same_one_again_is_none() {
    let app = TestApp::start_with(Store::chosen(), &["--invitations-per-hour", "3"]).await;
    let (anna, boris) = (app.player("anna").await, app.player("boris").await);
    let mut sessions = Vec::new();
    for n in 0..4 {
        sessions.push(text(&answered(open(&anna, &format!("evening {n}")).await, 201)["id"]));
    }
    let invite = async |session: &String| {
        anna.post(&format!("/api/v1/sessions/{session}/participants"), json!({"user_id": boris.id})).await
    };
    let first = answered(invite(&sessions[0]).await, 201);
    for _ in 0..5 {
        assert_eq!(answered(invite(&sessions[0]).await, 201)["id"], first["id"]);
    }
    answered(invite(&sessions[1]).await, 201);
    answered(invite(&sessions[2]).await, 201);
    refused(invite(&sessions[3]).await, "rate_limited");
    let told = crate::test_app::until("three notifications", async || {
        let told = boris.read("/api/v1/notifications").await;
        (items(&told).len() >= 3).then_some(told)
    })
    .await;
    assert_eq!(items(&told).len(), 3, "{told}");
    let guest = json!({"display_name": "Uncle Vanya"});
    answered(anna.post(&format!("/api/v1/sessions/{}/participants", sessions[3]), guest).await, 201);
}

#[actix_web::test]
async fn the_longest_idle_session_makes_room_and_loses_nothing() {
    let app = TestApp::start_with(Store::chosen(), &["--max-live-sessions", "2"]).await;
    let mut evenings = BTreeMap::new();
    for n in 0..6 {
        let evening = Evening::open(&app, &[&format!("anna{n}"), &format!("boris{n}")], kolkhoz()).await;
        let game = evening.start_game().await;
        let key = Uuid::new_v4();
        let path = format!("/api/v1/games/{game}/events");
        let ball = evening.ball(0, "white");
        let marked = answered(evening.creator().post_with_key(&path, key, ball.clone()).await, 201);
        evenings.insert(n, (evening, path, key, ball, marked));
    }
    for (evening, path, key, ball, marked) in evenings.values() {
        assert_eq!(evening.state().await["seq"], 4);
        let again = answered(evening.creator().post_with_key(path, *key, ball.clone()).await, 201);
        assert_eq!(&again, marked);
        answered(evening.creator().post(path, ball.clone()).await, 201);
    }
    for (evening, ..) in evenings.values() {
        assert_eq!(evening.events().await.len(), 5);
    }
}

#[actix_web::test]
async fn where_all_live_sessions_are_watched_another_one_is_refused_and_not_stored() {
    let app = TestApp::start_with(Store::chosen(), &["--max-live-sessions", "2"]).await;
    let first = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let second = Evening::open(&app, &["dina", "egor"], kolkhoz()).await;
    let third = Evening::open(&app, &["vera", "gleb"], kolkhoz()).await;
    let mut sockets = Vec::new();
    for evening in [&first, &second] {
        let mut socket = evening.creator().socket().await;
        socket.subscribe(&evening.session, None).await;
        sockets.push(socket);
    }
    let vera = third.creator();
    let before = items(&vera.read("/api/v1/sessions").await).len();
    let key = Uuid::new_v4();
    let body = json!({"name": "one too many", "rules": kolkhoz()});
    let request = vera.request(Method::POST, "/api/v1/sessions").header("idempotency-key", key.to_string());
    let (status, problem) = answer(request.json(&body)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("overloaded")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("nothing was stored"), "{problem}");
    assert_eq!(items(&vera.read("/api/v1/sessions").await).len(), before, "what was refused is not stored");
    let join = json!({"code": third.code});
    refused(app.player("late").await.post("/api/v1/sessions/join", join).await, "overloaded");
    assert_eq!(third.state().await["participants"].as_array().unwrap().len(), 2, "reading needs no place");
    // Those that are watched play on, and a place that is left is given again.
    assert_eq!(first.start_game().await.len(), 36);
    drop(sockets.pop());
    let opened = crate::test_app::until("room", async || {
        let (status, session) = vera.post_with_key("/api/v1/sessions", key, body.clone()).await;
        (status == StatusCode::CREATED).then_some(session)
    })
    .await;
    assert_eq!(opened["name"], "one too many");
    assert_eq!(items(&vera.read("/api/v1/sessions").await).len(), before + 1);
}
