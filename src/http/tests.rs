//! What clients see of requests that fail, through the middleware.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::ids::{GameId, Seq};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    name: String,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn order(order: Body<Order>) -> String {
    let Order { name, lines } = order.into_inner();
    format!("{name} {}", lines.iter().map(|line| line.count).sum::<u32>())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: impl AsRef<str>) -> &str {
        self.headers.get(name.as_ref()).and_then(|value| value.to_str().ok()).expect("a header")
    }
}

async fn ask(request: TestRequest) -> Answer {
    let app = App::new()
        .wrap(from_fn(middleware))
        .app_data(BodyLimit(100))
        .service(web::resource("/order").route(web::post().to(order)))
        .route("/nothing", web::post().to(async |_: Body<Nothing>| "nothing"))
        .route("/games/{id}/events/{seq}", web::get().to(async |_: PathId<(GameId, Seq)>| "event"))
        .route(
            "/busy",
            web::get().to(async || Err::<String, _>(Problem::new(Code::RateLimited, "slow").retry_after(7))),
        )
        .route("/down", web::get().to(async || Err::<String, Problem>(DbErr::Custom("disk at 10.0.0.7".into()).into())))
        .route("/ready", web::get().to(async || HttpResponse::ServiceUnavailable().json(json!({"down": ["broker"]}))))
        .route("/broken", web::get().to(async || HttpResponse::InternalServerError().body("stack trace")))
        .route("/id", web::get().to(async |id: RequestId| id.0.to_string()));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = read_body(response).await;
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) }
}

async fn post(body: impl Into<Vec<u8>>) -> Answer {
    ask(TestRequest::post().uri("/order").set_payload(body.into())).await
}

/// The code of a problem, after looking at all that problems have in common.
fn code(answer: &Answer) -> &str {
    let body = &answer.body;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{body}");
    assert_eq!(body["status"], answer.status.as_u16());
    assert_eq!(body["request_id"].as_str().expect("request_id"), answer.header("x-request-id"));
    assert!(body["title"].is_string() && body["detail"].is_string());
    let code = body["code"].as_str().expect("code");
    assert_eq!(body["type"], format!("urn:artel:problem:{code}"));
    assert_eq!(Code::named(code).map(Code::status), Some(answer.status));
    code
}

#[actix_web::test]
async fn a_good_body_is_read_and_answered_with_a_request_id() {
    let answer = post(r#"{"name": "tea", "lines": [{"count": 2}]}"#).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &json!("tea 2")));
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(
        ask(TestRequest::post().uri("/nothing")).await.status,
        StatusCode::OK,
        "an empty body is an empty object"
    );
}

#[actix_web::test]
async fn a_list_of_the_right_values_is_no_body() {
    let answer = post(r#"["tea", [{"count": 2}]]"#).await;
    assert_eq!(code(&answer), "validation_failed");
    assert_eq!(answer.body["errors"][0], json!({"field": "body", "message": "must be an object"}));
}

#[actix_web::test]
async fn the_request_id_of_the_client_is_taken_where_it_is_a_uuid() {
    let id = "0198c0de-0000-7000-8000-000000000001";
    let answer = ask(TestRequest::get().uri("/id").insert_header(("x-request-id", id))).await;
    assert_eq!(answer.header("x-request-id"), id);
    assert_eq!(answer.body, id);
    let answer = ask(TestRequest::get().uri("/nowhere").insert_header(("x-request-id", "mine"))).await;
    assert_eq!(code(&answer), "not_found");
    assert_ne!(answer.header("x-request-id"), "mine");
}

#[actix_web::test]
async fn a_body_that_is_no_json_is_400() {
    let mut deep = "[".repeat(99).into_bytes();
    deep.truncate(99);
    for body in
        [b"{".to_vec(), b"name=tea".to_vec(), b"{\"name\": \"\xff\"}".to_vec(), b"{\"name\":\"a\"} x".to_vec(), deep]
    {
        assert_eq!(code(&post(body.clone()).await), "malformed_json", "{body:?}");
    }
    let wrong_and_cut = post(r#"{"name": 1, "lines": ["#).await;
    assert_eq!(code(&wrong_and_cut), "malformed_json");
}

#[actix_web::test]
async fn a_body_of_the_wrong_shape_is_422_and_names_the_field() {
    for (body, field) in [
        (r#"{}"#, "name"),
        ("", "name"),
        (r#"{"name": 1}"#, "name"),
        (r#"{"name": "a", "other": 1}"#, "other"),
        (r#"{"name": "a", "name": "b"}"#, "name"),
        (r#"{"name": "a", "lines": [{"count": 1}, {"count": -1}]}"#, "lines[1].count"),
        (r#"{"name": "a", "lines": [{}]}"#, "lines[0].count"),
        (r#"{"name": "a", "lines": [{"count": 1, "price": 1}]}"#, "lines[0].price"),
        ("1", "body"),
    ] {
        let answer = post(body).await;
        assert_eq!(code(&answer), "validation_failed", "{body}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
        assert!(!answer.body["errors"][0]["message"].as_str().expect("message").contains("line 1"));
    }
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_413_announced_or_not() {
    let large = format!(r#"{{"name": "{}"}}"#, "a".repeat(100));
    assert_eq!(code(&post(large).await), "payload_too_large");
    let announced = TestRequest::post().uri("/order").insert_header((header::CONTENT_LENGTH, "101"));
    assert_eq!(code(&ask(announced).await), "payload_too_large");
}

#[actix_web::test]
async fn a_segment_that_is_no_id_is_404() {
    let id = uuid::Uuid::now_v7();
    assert_eq!(ask(TestRequest::get().uri(&format!("/games/{id}/events/3"))).await.status, StatusCode::OK);
    for path in [format!("/games/{id}/events/x"), "/games/1/events/3".into()] {
        assert_eq!(code(&ask(TestRequest::get().uri(&path)).await), "not_found");
    }
}

#[actix_web::test]
async fn answers_of_the_framework_speak_our_words_and_keep_their_headers() {
    let answer = ask(TestRequest::delete().uri("/order")).await;
    assert_eq!(code(&answer), "method_not_allowed");
    assert_eq!(answer.header(header::ALLOW), "POST");
    let answer = ask(TestRequest::get().uri("/broken")).await;
    assert_eq!(code(&answer), "internal_error");
    assert!(!answer.body.to_string().contains("stack trace"));
}

#[actix_web::test]
async fn causes_are_not_shown_and_waits_are_told() {
    let answer = ask(TestRequest::get().uri("/down")).await;
    assert_eq!(code(&answer), "storage_unavailable");
    assert!(!answer.body.to_string().contains("10.0.0.7"));
    assert_eq!(answer.header(header::RETRY_AFTER), "1");
    let answer = ask(TestRequest::get().uri("/busy")).await;
    assert_eq!(code(&answer), "rate_limited");
    assert_eq!(answer.header(header::RETRY_AFTER), "7");
    assert!(answer.body.get("errors").is_none());
}

#[actix_web::test]
async fn an_error_answer_that_speaks_json_is_left_alone() {
    let answer = ask(TestRequest::get().uri("/ready")).await;
    assert_eq!((answer.status, answer.body), (StatusCode::SERVICE_UNAVAILABLE, json!({"down": ["broker"]})));
    assert!(answer.headers.contains_key("x-request-id"));
}

#[actix_web::test]
async fn a_middleware_that_gives_up_is_a_problem_too() {
    let refuse = async |_: actix_web::dev::ServiceRequest, _: actix_web::middleware::Next<actix_web::body::BoxBody>| {
        Err::<actix_web::dev::ServiceResponse, _>(actix_web::Error::from(Problem::new(Code::Overloaded, "full")))
    };
    let app = App::new().wrap(from_fn(refuse)).wrap(from_fn(middleware));
    let app = init_service(app).await;
    let error = actix_web::dev::Service::call(&app, TestRequest::get().to_request()).await.expect_err("refused");
    let response = error.error_response();
    let id = response.headers().get("x-request-id").expect("header").to_str().expect("id").to_owned();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = actix_web::body::to_bytes(response.into_body()).await.expect("body");
    let body: Value = serde_json::from_slice(&body).expect("json");
    assert_eq!((body["code"].as_str(), body["request_id"].as_str()), (Some("overloaded"), Some(id.as_str())));
}

#[actix_web::test]
async fn a_client_that_still_sends_a_body_too_large_hears_413() {
    let server = actix_web::HttpServer::new(|| {
        let app = App::new().wrap(from_fn(middleware)).app_data(BodyLimit(100));
        app.route("/order", web::post().to(order))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/order", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let client = reqwest::Client::new();
    for _ in 0..10 {
        let answer = client.post(&url).body(vec![b' '; 4 << 20]).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 413);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    handle.stop(false).await;
}
