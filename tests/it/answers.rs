//! What all answers have in common: their headers, HEAD, other origins, documents known by their ETag, words of the
//! client that come back cut, and filters that are as strict everywhere.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::expect::{refused, wrong_field};
use super::player::Player;
use super::test_app::{PATIENCE, Store, TestApp, until};

async fn send(player: &Player, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = player.request(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[actix_web::test]
async fn every_answer_has_the_headers_that_browsers_are_told_by() {
    let app = TestApp::start_with(Store::chosen(), &["--trusted-proxies", "127.0.0.0/8"]).await;
    let anna = app.player("anna").await;
    for (path, kept) in [
        ("/", "no-cache"),
        ("/join/ABCDEF", "no-cache"),
        ("/app.js", "no-cache"),
        ("/docs", "no-cache"),
        ("/docs/", "no-cache"),
        ("/docs/swagger-ui.css", "no-cache"),
        ("/openapi.json", "no-cache"),
        ("/asyncapi.json", "no-cache"),
        ("/metrics", "no-store"),
        ("/health/live", "no-store"),
        ("/api/v1/users/me", "no-store"),
        ("/api/v1/sessions", "no-store"),
        ("/api/v1/nothing", "no-store"),
        ("/nothing.js", "no-store"),
        ("/ws", "no-store"),
    ] {
        for scheme in ["http", "https"] {
            let answer = send(&anna, Method::GET, path, &[("x-forwarded-proto", scheme)]).await;
            let headers = answer.headers();
            assert_eq!(header(headers, "x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header(headers, "referrer-policy"), "no-referrer", "{path}");
            assert_eq!(header(headers, "cache-control"), kept, "{path}");
            assert!(!header(headers, "x-request-id").is_empty(), "{path}");
            let hsts = header(headers, "strict-transport-security");
            assert_eq!(hsts.starts_with("max-age="), scheme == "https", "{path}: {hsts}");
            if header(headers, "content-type").starts_with("text/html") {
                let policy = header(headers, "content-security-policy");
                assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'self'"), "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn head_is_get_without_its_body_wherever_get_is() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let session = anna.done("/api/v1/sessions", json!({"name": "x", "rules": super::evening::kolkhoz()})).await;
    let stream = format!("/api/v1/sessions/{}/stream", session["id"].as_str().expect("an id"));
    let paths =
        ["/", "/app.js", "/health/live", "/health/ready", "/openapi.json", "/docs/", "/api/v1/users/me", "/metrics"];
    for path in paths {
        let get = send(&anna, Method::GET, path, &[]).await;
        let head = send(&anna, Method::HEAD, path, &[]).await;
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "etag", "cache-control"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{name} of {path}");
        }
        let length: u64 = header(head.headers(), "content-length").parse().expect("a length");
        let body = get.bytes().await.expect("a body").len() as u64;
        // Numbers move between two looks.
        assert!(length == body || path == "/metrics", "{path}: {length}, {body}");
        assert!(head.bytes().await.expect("no body").is_empty());
    }
    let head = send(&anna, Method::HEAD, &stream, &[]).await;
    assert_eq!((head.status(), header(head.headers(), "content-type")), (StatusCode::OK, "text/event-stream"));
    assert!(head.bytes().await.expect("it ends").is_empty());
    for (path, status) in [("/api/v1/nothing", 404), ("/api/v1/auth/login", 405), ("/ws", 405)] {
        let head = send(&anna, Method::HEAD, path, &[]).await;
        assert_eq!(head.status().as_u16(), status, "{path}");
    }
}

#[actix_web::test]
async fn a_method_that_is_not_there_is_told_with_those_that_are() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    for (method, path, allowed) in [
        (Method::PUT, "/api/v1/sessions", "POST, GET, HEAD"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::POST, "/health/live", "GET, HEAD"),
        (Method::POST, "/openapi.json", "GET, HEAD"),
        (Method::POST, "/ws", "GET, HEAD"),
        (Method::DELETE, "/app.js", "GET, HEAD"),
        (Method::from_bytes(b"BREW").expect("a method"), "/api/v1/users/me", "GET, PATCH, HEAD"),
    ] {
        let answer = send(&anna, method, path, &[]).await;
        let told: Vec<_> = header(answer.headers(), "allow").split(", ").map(str::to_owned).collect();
        let allowed: Vec<_> = allowed.split(", ").map(str::to_owned).collect();
        // More may be there, as rooms grow; what is named must be.
        assert!(allowed.iter().all(|method| told.contains(method)), "{path}: {told:?}");
        let status = answer.status();
        refused((status, answer.json().await.expect("a problem")), "method_not_allowed");
    }
}

#[actix_web::test]
async fn pages_of_an_allowed_origin_may_call_and_read() {
    let app = TestApp::start_with(Store::chosen(), &["--allowed-origin", "https://club.example"]).await;
    let anna = app.player("anna").await;
    let ask = [
        ("origin", "https://club.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type, idempotency-key"),
    ];
    let preflight = send(&app.anonymous(), Method::OPTIONS, "/api/v1/sessions", &ask).await;
    let headers = preflight.headers();
    assert!(preflight.status().is_success(), "{preflight:?}");
    assert_eq!(header(headers, "access-control-allow-origin"), "https://club.example");
    assert!(header(headers, "access-control-allow-methods").contains("DELETE"), "{headers:?}");
    let may_send = header(headers, "access-control-allow-headers").to_lowercase();
    assert!(may_send.contains("idempotency-key") && may_send.contains("authorization"), "{may_send}");
    assert!(!header(headers, "x-request-id").is_empty());
    assert!(headers.get("access-control-allow-credentials").is_none());

    for (path, status) in [("/api/v1/users/me", 200), ("/api/v1/sessions/x", 404), ("/openapi.json", 200)] {
        let answer = send(&anna, Method::GET, path, &ask[..1]).await;
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(header(answer.headers(), "access-control-allow-origin"), "https://club.example", "{path}");
        assert!(header(answer.headers(), "access-control-expose-headers").to_lowercase().contains("x-request-id"));
        assert!(header(answer.headers(), "vary").to_lowercase().contains("origin"), "{path}");
    }

    let stranger = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let preflight = send(&app.anonymous(), Method::OPTIONS, "/api/v1/sessions", &stranger).await;
    assert!(!preflight.status().is_success());
    assert!(preflight.headers().get("access-control-allow-origin").is_none());
    assert_eq!(header(preflight.headers(), "content-type"), "application/problem+json");
    let answer = send(&anna, Method::GET, "/api/v1/users/me", &stranger[..1]).await;
    assert!(answer.headers().get("access-control-allow-origin").is_none(), "its page can't read what is answered");
}

#[actix_web::test]
async fn the_documents_are_known_by_their_tag() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for path in ["/openapi.json", "/asyncapi.json", "/app.js", "/"] {
        let first = send(&nobody, Method::GET, path, &[]).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        let tag = header(first.headers(), "etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 10, "{path}: {tag}");
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = send(&nobody, Method::GET, path, &[("if-none-match", &known)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}: {known}");
            assert_eq!(header(again.headers(), "etag"), tag);
        }
        let other = send(&nobody, Method::GET, path, &[("if-none-match", "\"x\"")]).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
    }
}

#[actix_web::test]
async fn the_page_comes_in_few_files_that_are_compressed_and_never_asked_for_again() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let page = send(&nobody, Method::GET, "/join/ABCDEF", &[]).await;
    assert_eq!(header(page.headers(), "cache-control"), "no-cache");
    let page = page.text().await.expect("a body");
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!((3..12).contains(&files.len()), "{page}");
    for path in files {
        let plain = send(&nobody, Method::GET, path, &[("accept-encoding", "identity")]).await;
        assert_eq!(header(plain.headers(), "content-encoding"), "", "{path}");
        let length = plain.bytes().await.expect("a body").len();
        for (accepted, encoding) in
            [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("*;q=0, br", "br")]
        {
            let answer = send(&nobody, Method::GET, path, &[("accept-encoding", accepted)]).await;
            let headers = answer.headers().clone();
            assert_eq!(answer.status(), StatusCode::OK, "{path}: {accepted}");
            assert_eq!(header(&headers, "content-encoding"), encoding, "{path}: {accepted}");
            assert!(header(&headers, "vary").contains("accept-encoding"), "{path}: {accepted}");
            assert!(header(&headers, "cache-control").contains("immutable"), "{path}: {accepted}");
            // A file of a few bytes gains nothing.
            assert!(answer.bytes().await.expect("a body").len() < length.max(300), "{path}: {accepted}");
        }
    }
    for gone in ["/assets/app.js", "/dist/index.html", "/assets/../index.htm"] {
        assert_eq!(send(&nobody, Method::GET, gone, &[]).await.status(), StatusCode::NOT_FOUND, "{gone}");
    }
}

#[actix_web::test]
async fn what_a_client_sent_comes_back_cut() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let long = "x".repeat(500_000);
    let short = |answer: &(StatusCode, Value)| {
        assert!(answer.1.to_string().len() < 1_500, "{} bytes", answer.1.to_string().len());
    };
    let answer = anna.post("/api/v1/sessions", json!({"name": "x", &long: 1})).await;
    short(&answer);
    assert_eq!(answer.1["errors"][0]["field"], long[..64], "{}", answer.1);
    wrong_field(answer, &long[..64]);
    let rules = |key: &str, value: Value| {
        let mut rules = super::evening::kolkhoz();
        rules[key] = value;
        json!({"name": "x", "rules": rules})
    };
    for body in [
        rules(&long, json!(1)),
        rules("game_type", json!(long)),
        rules("currency", json!(long)),
        json!({"name": "x", "template_id": long}),
        json!({"name": "x", "is_private": long}),
        json!({"name": long}),
    ] {
        let answer = anna.post("/api/v1/sessions", body).await;
        short(&answer);
        refused(answer, "validation_failed");
    }
    let long = &long[..8_000];
    for path in [
        format!("/api/v1/sessions?{long}=1"),
        format!("/api/v1/sessions?status={long}"),
        format!("/api/v1/sessions?limit={long}"),
        format!("/api/v1/stats/leaderboard?game_type={long}"),
    ] {
        let answer = anna.get(&path).await;
        short(&answer);
        refused(answer, "validation_failed");
    }
    for path in [format!("/api/v1/sessions/{long}"), format!("/api/v1/{long}")] {
        let answer = anna.get(&path).await;
        short(&answer);
        refused(answer, "not_found");
    }
    let answer = send(&anna, Method::POST, "/api/v1/sessions", &[("idempotency-key", long)]).await;
    let answer = (answer.status(), answer.json().await.expect("a problem"));
    short(&answer);
    wrong_field(answer, "Idempotency-Key");

    let mut socket = anna.socket().await;
    let id = uuid::Uuid::nil();
    for frame in [
        json!({"type": "pong", "ts": 1, (long): 1}),
        json!({"type": long}),
        json!({"type": "command", "id": id, "session_id": id, "command": {"type": long}}),
        json!({"type": "command", "id": id, "session_id": id, "command": {"type": "end_game", (long): 1}}),
    ] {
        socket.send(frame).await;
        let error = socket.next().await;
        assert_eq!(error["type"], "error", "{error}");
        assert!(error.to_string().len() < 1_000, "{} bytes", error.to_string().len());
    }
}

#[actix_web::test]
async fn filters_are_as_strict_everywhere() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let games = format!("stats/users/{}/games?game_type=foo", anna.id);
    for (path, field) in [
        ("templates?game_type=foo", "game_type"),
        ("stats/leaderboard?game_type=foo", "game_type"),
        ("stats/leaderboard?game_type=", "game_type"),
        ("stats/leaderboard?game_type=Kolkhoz", "game_type"),
        ("stats/leaderboard?period=foo", "period"),
        ("stats/leaderboard?by=foo", "by"),
        ("templates?scope=foo", "scope"),
        ("sessions?scope=foo", "scope"),
        ("sessions?status=foo", "status"),
        ("notifications?unread=foo", "unread"),
        (games.as_str(), "game_type"),
    ] {
        wrong_field(anna.get(&format!("/api/v1/{path}")).await, field);
    }
    for game_type in ["kolkhoz", "americana", "moscow_pyramid"] {
        anna.read(&format!("/api/v1/stats/leaderboard?game_type={game_type}")).await;
    }
}

#[actix_web::test]
async fn what_is_no_http_is_counted_and_not_logged() {
    let app = TestApp::start().await;
    let address = app.base.strip_prefix("http://").expect("an address").to_owned();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).await.expect("connected");
        stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.expect("written");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(PATIENCE, read).await.expect("it is closed");
    }
    let nobody = app.anonymous();
    until("they are counted", async || {
        let metrics = send(&nobody, Method::GET, "/metrics", &[]).await.text().await.expect("a text");
        let line = metrics.lines().find(|line| line.starts_with("artel_http_unreadable_requests_total"))?.to_owned();
        (line.rsplit(' ').next()?.parse::<u32>().ok()? >= 20).then_some(())
    })
    .await;
    assert!(!app.log().contains("ERROR"), "{}", app.log());
}
