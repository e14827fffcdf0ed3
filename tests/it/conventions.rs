//! What holds for every call: ids, times, strict bodies, problems, request ids, lists.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::{Player, answer};
use crate::table::kolkhoz_with;
use crate::test_app::{Store, TestApp, text};

fn session(name: &str) -> Value {
    json!({"name": name, "rules": kolkhoz()})
}

async fn raw(player: &Player, method: Method, path: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
    answer(player.request(method, path).header("content-type", "application/json").body(body)).await
}

#[actix_web::test]
async fn ids_codes_and_times_have_their_forms() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let event = evening.pot(&game, 0, "white").await;
    let state = evening.state().await;
    for id in [&state["id"], &state["chat_id"], &state["participants"][0]["id"], &json!(game), &event["event_id"]] {
        is_id(id);
    }
    is_time(&state["created_at"]);
    is_time(&state["started_at"]);
    is_time(&state["participants"][0]["joined_at"]);
    is_time(&event["timestamp"]);
    is_time(&evening.creator().read("/api/v1/users/me").await["created_at"]);
    is_time(&items(&evening.creator().read("/api/v1/templates").await)[0]["created_at"]);
    let code = text(&state["code"]);
    assert!(code.len() == 6 && code.chars().all(|c| "ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(c)), "{code}");
}

#[actix_web::test]
async fn unknown_missing_and_wrong_fields_are_named() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let sessions = "/api/v1/sessions";
    wrong_field(anna.post(sessions, json!({"name": "x", "rules": kolkhoz(), "colour": 1})).await, "colour");
    wrong_field(anna.post(sessions, json!({"rules": kolkhoz()})).await, "name");
    wrong_field(anna.post(sessions, json!({"name": 1, "rules": kolkhoz()})).await, "name");
    wrong_field(anna.post(sessions, json!({"name": "x", "rules": []})).await, "rules");
    wrong_field(
        anna.post(sessions, json!({"name": "x", "rules": kolkhoz_with(json!({"price": 1}))})).await,
        "rules.price",
    );
    wrong_field(anna.post(sessions, json!({"name": "x", "rules": kolkhoz(), "is_private": "yes"})).await, "is_private");
    wrong_field(anna.post(sessions, json!({"name": "x", "template_id": "x"})).await, "template_id");
    wrong_field(anna.get("/api/v1/sessions?colour=1").await, "colour");
    wrong_field(anna.get("/api/v1/sessions?status=open").await, "status");
    wrong_field(anna.get("/api/v1/sessions?scope=all").await, "scope");
    let twice = r#"{"name": "x", "name": "y"}"#;
    wrong_field(raw(&anna, Method::POST, sessions, twice).await, "name");
    for body in ["[]", "null", "1", "\"x\""] {
        refused(raw(&anna, Method::POST, sessions, body).await, "validation_failed");
    }
}

#[actix_web::test]
async fn numbers_are_held_to_their_bounds() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    for price in ["9223372036854775807", "9223372036854775808", "-1", "1.5", "1e400", "1e3", "\"5000\"", "null"] {
        let rules = kolkhoz().to_string().replace("5000", price);
        let refusal =
            raw(&anna, Method::POST, "/api/v1/sessions", format!(r#"{{"name": "x", "rules": {rules}}}"#)).await;
        match price {
            "1e400" => assert!(refusal.0 == 400 || refusal.0 == 422, "{refusal:?}"),
            _ => wrong_field(refusal, "rules.point_price"),
        }
    }
    for max_players in ["1", "33", "-2", "2.5", "4294967296", "1e400"] {
        let body = format!(r#"{{"name": "x", "rules": {}, "max_players": {max_players}}}"#, kolkhoz());
        let (status, refusal) = raw(&anna, Method::POST, "/api/v1/sessions", body).await;
        assert!(status == 422 || (status == 400 && max_players == "1e400"), "{max_players}: {status} {refusal}");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=-5", "limit"),
        ("limit=201", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=bm90aGluZw", "cursor"),
    ] {
        for list in ["sessions", "users", "templates"] {
            wrong_field(anna.get(&format!("/api/v1/{list}?{query}")).await, field);
        }
    }
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    for query in ["after_seq=x", "after_seq=1.5", "after_seq=9223372036854775808"] {
        wrong_field(evening.creator().get(&evening.path(&format!("/events?{query}"))).await, "after_seq");
    }
    for after in ["-9223372036854775808", "-1"] {
        let log = evening.creator().read(&evening.path(&format!("/events?after_seq={after}"))).await;
        assert_eq!(log["items"][0]["seq"], 1);
    }
    let log = evening.creator().read(&evening.path("/events?after_seq=9223372036854775807")).await;
    assert_eq!(log, json!({"items": [], "last_seq": 2}));
}

#[actix_web::test]
async fn what_cannot_be_read_is_malformed_or_too_large() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    for body in ["{", "{'name': 1}", "{\"name\": \"x\"} tail", "nothing", "{\"name\": NaN}", "{\"name\": \"\\ud800\"}"]
    {
        refused(raw(&anna, Method::POST, "/api/v1/sessions", body).await, "malformed_json");
    }
    refused(raw(&anna, Method::POST, "/api/v1/sessions", &b"{\"name\": \"\xff\xfe\"}"[..]).await, "malformed_json");
    let deep = "[".repeat(100_000);
    refused(raw(&anna, Method::POST, "/api/v1/sessions", deep).await, "malformed_json");
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(3 << 20));
    refused(raw(&anna, Method::POST, "/api/v1/sessions", huge).await, "payload_too_large");
}

#[actix_web::test]
async fn the_largest_body_is_a_setting() {
    let app = TestApp::start_with(Store::chosen(), &["--max-body-bytes", "2048"]).await;
    let anna = app.player("anna").await;
    let body = |length| format!(r#"{{"name": "x"{}}}"#, " ".repeat(length));
    wrong_field(raw(&anna, Method::POST, "/api/v1/sessions", body(1_000)).await, "rules");
    refused(raw(&anna, Method::POST, "/api/v1/sessions", body(4_000)).await, "payload_too_large");
}

#[actix_web::test]
async fn every_failure_is_a_problem() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let problem = refused(anna.get("/api/v1/nothing").await, "not_found");
    has_only_fields(&problem, "type title status detail code request_id");
    for path in
        ["/api/v1", "/api/v1/", "/api/v2/sessions", "/missing.js", "/api/v1/sessions/join/x/y", "/../etc/passwd.x"]
    {
        refused(anna.get(path).await, "not_found");
    }
    for (method, path) in [
        (Method::PUT, "/api/v1/sessions"),
        (Method::POST, "/api/v1/users/me"),
        (Method::GET, "/api/v1/auth/login"),
        (Method::POST, "/health/live"),
        (Method::POST, "/index.html"),
        (Method::PATCH, "/api/v1/stats/users/018f0000-0000-7000-8000-000000000000"),
    ] {
        refused(anna.call(method, path, None).await, "method_not_allowed");
    }
    let problem = refused(anna.post("/api/v1/sessions", json!({})).await, "validation_failed");
    has_only_fields(&problem, "type title status detail code request_id errors");
    has_only_fields(&problem["errors"][0], "field message");
}

#[actix_web::test]
async fn a_path_segment_that_is_no_uuid_is_not_found() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.creator();
    for id in ["x", "1", "018f0000-0000-7000-8000-00000000000g", "%00", "%ff", "a%2Fb", "..."] {
        for path in ["sessions/{}", "sessions/{}/events", "sessions/{}/balance", "games/{}", "games/{}/results"] {
            refused(anna.get(&format!("/api/v1/{}", path.replace("{}", id))).await, "not_found");
        }
        for path in ["users/{}", "templates/{}", "stats/users/{}", "sessions/by-code/{}"] {
            refused(anna.get(&format!("/api/v1/{}", path.replace("{}", id))).await, "not_found");
        }
        refused(anna.delete(&evening.path(&format!("/participants/{id}"))).await, "not_found");
    }
    let nobody = Uuid::now_v7();
    for path in ["sessions/{}", "games/{}", "games/{}/scores", "users/{}", "templates/{}", "stats/users/{}"] {
        refused(anna.get(&format!("/api/v1/{}", path.replace("{}", &nobody.to_string()))).await, "not_found");
    }
}

#[actix_web::test]
async fn the_request_id_is_taken_echoed_and_correlates_events() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let given = Uuid::new_v4();
    let request = anna.request(Method::POST, "/api/v1/sessions").header("x-request-id", given.to_string());
    let response = request.json(&session("x")).send().await.expect("an answer");
    assert_eq!(response.headers()["x-request-id"], given.to_string().as_str());
    let session: Value = response.json().await.expect("JSON");
    let log = anna.read(&format!("/api/v1/sessions/{}/events", text(&session["id"]))).await;
    assert_eq!(items(&log)[0]["correlation_id"], given.to_string());

    for id in ["x", "", "018f0000"] {
        let request = anna.request(Method::GET, "/api/v1/nothing").header("x-request-id", id);
        let response = request.send().await.expect("an answer");
        let ours = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
        is_id(&json!(ours));
        let problem: Value = response.json().await.expect("JSON");
        assert_eq!(problem["request_id"], ours);
    }
}

#[actix_web::test]
async fn every_answer_carries_a_request_id() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/app.js",
        "/docs/",
        "/metrics",
        "/openapi.json",
        "/health/live",
        "/ws",
        "/nothing.js",
        "/api/v1/users/me",
    ] {
        let response = app.anonymous().request(Method::GET, path).send().await.expect("an answer");
        let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).expect(path);
        assert!(Uuid::parse_str(id).is_ok(), "{path}: {id}");
    }
}

#[actix_web::test]
async fn hostile_texts_are_stored_and_returned_as_they_are() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let anna = evening.creator();
        for hostile in [
            "<script>alert(1)</script>",
            "'; DROP TABLE session; --",
            "\" OR 1=1 --",
            "${jndi:ldap://x}",
            "{{7*7}}",
            "%s%n%x",
            "../../etc/passwd",
            "👩‍👩‍👧‍👦 Ёжик ﷽",
            "null",
            "\\u0000\\x00",
        ] {
            let opened = anna.done("/api/v1/sessions", session(hostile)).await;
            assert_eq!(opened["name"], hostile, "{store:?}");
            let guest = anna.done(&evening.path("/participants"), json!({"display_name": hostile})).await;
            assert_eq!(guest["display_name"], hostile);
            answered(anna.delete(&evening.path(&format!("/participants/{}", text(&guest["id"])))).await, 204);
            let draft = json!({"name": hostile, "description": hostile, "rules": kolkhoz(), "tags": [hostile]});
            let template = anna.done("/api/v1/templates", draft).await;
            let read = anna.read(&format!("/api/v1/templates/{}", text(&template["id"]))).await;
            assert_eq!((&read["name"], &read["tags"]), (&json!(hostile), &json!([hostile])));
            let query = reqwest::Url::parse_with_params("http://x/", [("query", hostile)]).expect("a query");
            anna.read(&format!("/api/v1/users?{}", query.query().expect("a query"))).await;
        }
        // What reads as another text than it is stands in no name.
        let reversed = "\u{202e}abc\u{200b}";
        wrong_field(anna.post("/api/v1/sessions", session(reversed)).await, "name");
        let guest = json!({"display_name": reversed});
        wrong_field(anna.post(&evening.path("/participants"), guest).await, "display_name");
        let draft = json!({"name": reversed, "rules": kolkhoz()});
        wrong_field(anna.post("/api/v1/templates", draft).await, "name");
        let game = evening.start_game().await;
        for note in ["\u{0}", "a\u{0}b\u{7f}\u{1b}[31m", "\u{feff}"] {
            let pot =
                json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white", "note": note});
            let event = answered(evening.score(&game, pot).await, 201);
            assert_eq!(event["data"]["note"], note, "{store:?}");
        }
    }
}

#[actix_web::test]
async fn lists_are_walked_to_their_end_by_cursor() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut opened = Vec::new();
    for number in 0..7 {
        opened.push(text(&anna.done("/api/v1/sessions", session(&number.to_string())).await["id"]));
        anna.done("/api/v1/templates", json!({"name": number.to_string(), "rules": kolkhoz()})).await;
    }
    opened.reverse();
    for limit in [1, 2, 3, 7, 200] {
        assert_eq!(walk(&anna, "/api/v1/sessions?scope=mine", limit).await, opened, "newest first, by {limit}");
    }
    let templates = walk(&anna, "/api/v1/templates?scope=mine", 200).await;
    assert_eq!(templates.len(), 7);
    assert_eq!(walk(&anna, "/api/v1/templates?scope=mine", 2).await, templates);
    let whole = anna.read("/api/v1/sessions").await;
    assert_eq!((items(&whole).len(), &whole["next_cursor"]), (7, &Value::Null));
}

async fn walk(player: &Player, list: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = player.read(&format!("{list}&limit={limit}&cursor={cursor}")).await;
        assert!(items(&page).len() <= limit, "{page}");
        ids.extend(items(&page).iter().map(|item| text(&item["id"])));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
    }
}

#[actix_web::test]
async fn without_a_valid_token_nothing_behind_the_login_is_shown() {
    let app = TestApp::start().await;
    let mut nobody = app.anonymous();
    let calls = ["sessions", "users/me", "users", "templates", "template-categories", "sessions/by-code/ABCDEF"];
    for token in [None, Some("x"), Some("a.b.c")] {
        nobody.token = token.map(str::to_owned);
        for path in calls {
            refused(nobody.get(&format!("/api/v1/{path}")).await, "unauthenticated");
        }
        refused(nobody.post("/api/v1/sessions", json!({})).await, "unauthenticated");
    }
    let basic = app.anonymous().request(Method::GET, "/api/v1/users/me").header("authorization", "Basic YTpi");
    refused(answer(basic).await, "unauthenticated");
}
