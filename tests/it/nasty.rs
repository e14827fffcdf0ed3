//! Requests that nobody sane would send, over every route of `/openapi.json`: whatever comes, no answer is 5xx.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::test_app::{Store, TestApp};

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

/// The method and the path of every operation of the document, as it writes them.
async fn operations(player: &Player) -> Vec<(Method, String)> {
    let document = player.read("/openapi.json").await;
    let mut operations = Vec::new();
    // A stream never ends; it is looked at elsewhere.
    for (path, item) in
        document["paths"].as_object().expect("paths").iter().filter(|(path, _)| !path.ends_with("/stream"))
    {
        let methods = ["get", "post", "put", "patch", "delete"].into_iter().filter(|method| item[method].is_object());
        operations.extend(methods.map(|method| (method.to_uppercase().parse().expect("a method"), path.clone())));
    }
    assert!(operations.len() > 40, "{}", operations.len());
    operations
}

/// A path with its parameters filled in; `value` sees the path up to the parameter.
fn filled(path: &str, value: &dyn Fn(&str) -> String) -> String {
    let mut filled = path.to_owned();
    while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
        let value = value(&filled[..=end]);
        filled.replace_range(start..=end, &value);
    }
    filled
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

/// Values that no field expects, of every type.
fn nasty_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!("\u{0}"),
        json!("ы".repeat(5_000)),
        json!("018f0000-0000-7000-8000-000000000000"),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(1e308),
        json!(true),
        json!([]),
        json!([null, [[]], {}]),
        json!({}),
        json!({"game_type": "kolkhoz", "balls": [{}]}),
    ]
}

/// The fields of a body by its schema, through references and alternatives.
fn fields_of(document: &Value, schema: &Value, fields: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}"));
        return fields_of(document, found, fields);
    }
    for alternative in ["oneOf", "anyOf", "allOf"] {
        schema[alternative].as_array().into_iter().flatten().for_each(|part| fields_of(document, part, fields));
    }
    fields.extend(schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()));
}

/// What a field may well hold, so that the others of its body are looked at too.
fn plausible(field: &str, evening: &Evening) -> Option<Value> {
    Some(match field {
        "name" | "display_name" | "note" | "reason" | "category" | "description" => json!("abc"),
        "username" => json!("nobody"),
        "password" => json!("correct horse"),
        "rules" => kolkhoz(),
        "code" => json!(evening.code),
        "type" => json!("pot_ball"),
        "participant_id" => json!(evening.participants[0]),
        "color" => json!("white"),
        _ => return None,
    })
}

/// Every field of every body with every nasty value, the other fields plausible.
async fn every_field_survives(evening: &Evening, ids: &dyn Fn(&str) -> String) {
    let anna = evening.creator();
    let document = anna.read("/openapi.json").await;
    let mut tried = 0;
    for (method, path) in operations(anna).await {
        let schema = &document["paths"][&path][method.as_str().to_lowercase()]["requestBody"]["content"]["application/json"]
            ["schema"];
        let mut fields = BTreeSet::new();
        fields_of(&document, schema, &mut fields);
        let filled = filled(&path, ids);
        for field in fields.iter().filter(|_| !path.ends_with("/logout")) {
            for value in nasty_values() {
                let others = fields.iter().filter_map(|other| Some((other.clone(), plausible(other, evening)?)));
                let mut body: serde_json::Map<_, _> = others.collect();
                body.insert(field.clone(), value);
                survives(anna, &method, &filled, &Value::Object(body).to_string()).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried} bodies were made of the document");
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
        lead if lead.ends_with("{pid}") => evening.participants[1].clone(),
        lead if lead.ends_with("{code}") => evening.code.clone(),
        lead if lead.contains("/sessions/") => evening.session.clone(),
        lead if lead.contains("/users/") => anna.id.clone(),
        _ => Uuid::now_v7().to_string(),
    };
    for (method, path) in operations(anna).await {
        let path = filled(&path, &there);
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
    every_field_survives(&evening, &there).await;
    for segment in SEGMENTS {
        for (method, path) in operations(anna).await {
            if !path.ends_with("/logout") {
                survives(anna, &method, &filled(&path, &|_| segment.to_owned()), "{}").await;
            }
        }
    }
    for (field, values) in [("order", json!([[], [null], [[]], {}])), ("color", json!(["\u{0}", "", 1, null]))] {
        for value in values.as_array().expect("values") {
            let body = json!({"type": "pot_ball", "participant_id": evening.participants[0], field: value}).to_string();
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
