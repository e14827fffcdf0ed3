//! Requests that nobody sane would send, over every route of `/openapi.json`: whatever comes, no answer is 5xx.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::test_app::{Evening, Player, Store, TestApp, kolkhoz};

const BODIES: [&str; 12] = [
    "",
    "{}",
    "[]",
    "null",
    "\"\\u0000\"",
    "{\"type\": \"pot_ball\"}",
    "{\"name\": \"\\u0000\", \"display_name\": \"\\u0000\", \"query\": null}",
    "{\"refresh_token\": \"\\u0000\"}",
    "{\"code\": \"\\u0000\", \"username\": \"\\u0000abc\", \"password\": \"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\"}",
    "{\"points\": 1e400}",
    "{\"\": {\"\": {\"\": []}}}",
    "{",
];

const SEGMENTS: [&str; 6] = ["%00", "%ff", "-1", "9223372036854775807", "%F0%9F%8E%B1", "'%20OR%201=1--"];

const QUERIES: [&str; 9] = [
    "limit=-9223372036854775808",
    "limit=1&cursor=AAAA",
    "cursor=IlwwIg",
    "cursor=IlwidTAwMDAi&limit=200",
    "query=%00",
    "query=%25_%5C%27%22!",
    "category=%00",
    "after_seq=-9223372036854775808",
    "%ff=%fe&&&==",
];

/// The method, the path with its parameters filled in, for every operation of the document.
async fn operations(player: &Player, ids: &dyn Fn(&str) -> String) -> Vec<(Method, String)> {
    let document = player.read("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let mut filled = path.clone();
        while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
            let value = ids(&filled[..=end]);
            filled.replace_range(start..=end, &value);
        }
        // A stream never ends; it is looked at elsewhere.
        if !path.ends_with("/stream") {
            let methods =
                ["get", "post", "put", "patch", "delete"].into_iter().filter(|method| item[method].is_object());
            operations.extend(methods.map(|method| (method.to_uppercase().parse().expect("a method"), filled.clone())));
        }
    }
    assert!(operations.len() > 40, "{}", operations.len());
    operations
}

async fn survives(player: &Player, method: &Method, path: &str, body: &str) {
    let request = player.request(method.clone(), path).header("content-type", "application/json").body(body.to_owned());
    let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path} {body}: {error}"));
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    assert!(!status.is_server_error(), "{method} {path} {body:?}: {status} {text}");
    if status.is_client_error() {
        let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
        assert_eq!(problem["status"], status.as_u16(), "{method} {path} {body}");
    }
}

async fn every_route_survives(store: Store) {
    let limits = ["--login-failures-per-minute", "100000", "--registrations-per-minute", "100000"];
    let app = TestApp::start_with(store, &limits).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let anna = evening.creator();
    let there = |lead: &str| match lead {
        lead if lead.contains("/games/") && lead.ends_with("{seq}") => "3".to_owned(),
        lead if lead.contains("/games/") => game.clone(),
        lead if lead.ends_with("{pid}") => evening.seats[1].clone(),
        lead if lead.ends_with("{code}") => evening.code.clone(),
        lead if lead.contains("/sessions/") => evening.session.clone(),
        lead if lead.contains("/users/") => anna.id.clone(),
        _ => Uuid::now_v7().to_string(),
    };
    for (method, path) in operations(anna, &there).await {
        // What ends the evening or the login for good would leave little to ask of the rest.
        let ends = ["/cancel", "/complete", "/logout"].iter().any(|end| path.ends_with(end));
        for body in BODIES {
            if !(ends || method == Method::DELETE) || body == "{" {
                survives(anna, &method, &path, body).await;
            }
        }
        for query in QUERIES {
            survives(anna, &Method::GET, &format!("{path}?{query}"), "").await;
        }
    }
    for segment in SEGMENTS {
        for (method, path) in operations(anna, &|_| segment.to_owned()).await {
            if !path.ends_with("/logout") {
                survives(anna, &method, &path, "{}").await;
            }
        }
    }
    for (field, values) in [("order", json!([[], [null], [[]], {}])), ("color", json!(["\u{0}", "", 1, null]))] {
        for value in values.as_array().expect("values") {
            let body = json!({"type": "pot_ball", "participant_id": evening.seats[0], field: value}).to_string();
            survives(anna, &Method::POST, &format!("/api/v1/games/{game}/events"), &body).await;
            survives(anna, &Method::POST, &evening.path("/games"), &json!({field: value}).to_string()).await;
        }
    }
    assert_eq!(anna.get("/health/ready").await.0, StatusCode::OK);
}

#[actix_web::test]
async fn no_request_is_answered_5xx_on_sqlite() {
    every_route_survives(Store::Sqlite).await;
}

#[actix_web::test]
async fn no_request_is_answered_5xx_on_postgres() {
    every_route_survives(Store::Postgres).await;
}
