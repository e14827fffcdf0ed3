//! How many connections a user and an address may have, and what ends them (contract, sections 3 and 4).

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, Socket};
use crate::raw_socket::{CLOSE, CONTINUATION, LAST, PING, PONG, RawSocket, TEXT, frame, header};
use crate::test_app::{PATIENCE, Store, TestApp, until};

async fn stream(player: &Player, session: &str) -> Response {
    let path = format!("/api/v1/sessions/{session}/stream");
    player
        .http
        .get(format!("{}{path}", player.base))
        .bearer_auth(player.token.as_deref().unwrap())
        .send()
        .await
        .unwrap()
}

/// The status and code that a socket is refused with before its upgrade.
async fn refused(player: &Player, headers: &[(&'static str, &str)]) -> (u16, Option<String>) {
    match player.connect(headers).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            let retry = response.headers().get("retry-after").map(|_| "retry-after".to_owned());
            (response.status().as_u16(), retry)
        }
        Err(other) => panic!("{other}"),
        Ok(_) => (101, None),
    }
}

#[tokio::test]
async fn a_user_has_twenty_connections_streams_counted_and_others_have_theirs() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let mut sockets = Vec::new();
    for _ in 0..18 {
        sockets.push(anna.socket().await);
    }
    let streams = [stream(anna, &evening.session).await, stream(anna, &evening.session).await];
    assert!(streams.iter().all(|stream| stream.status() == StatusCode::OK));

    assert_eq!(refused(anna, &[]).await, (429, Some("retry-after".to_owned())));
    let answer = stream(anna, &evening.session).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    evening.players[1].socket().await;
    assert_eq!(anna.get("/api/v1/users/me").await.0, StatusCode::OK, "calls are no connections");

    drop(streams);
    until("the places of the streams are free", || async { anna.connect(&[]).await.ok() }).await;
}

#[tokio::test]
async fn an_address_has_its_connections_and_the_forwarded_one_counts_behind_a_proxy() {
    let arguments = ["--connections-per-address", "3", "--trusted-proxies", "127.0.0.1"];
    let app = TestApp::start_with(Store::chosen(), &arguments).await;
    let anna = app.player("anna").await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let mut held: Vec<Socket> = Vec::new();
    for _ in 0..3 {
        held.push(anna.connect(&from("9.9.9.9")).await.expect("a handshake"));
    }
    assert_eq!(refused(&anna, &from("9.9.9.9")).await, (429, Some("retry-after".to_owned())));
    let call = anna.request(Method::GET, "/api/v1/users/me").header("x-forwarded-for", "9.9.9.9");
    let (status, problem) = crate::player::answer(call).await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
    anna.connect(&from("9.9.9.8")).await.expect("another address has its own");
    held.clear();
    let call = || async { anna.connect(&from("9.9.9.9")).await.ok() };
    until("the places are free", call).await;
}

#[tokio::test]
async fn who_says_nothing_has_no_more_than_twice_the_connections() {
    let app = TestApp::start_with(Store::chosen(), &["--connections-per-address", "4"]).await;
    let anna = app.player("anna").await;
    let (mut silent, mut cut) = (Vec::new(), 0);
    for _ in 0..40 {
        match tokio::net::TcpStream::connect(anna.address()).await {
            Ok(stream) => silent.push(stream),
            Err(_) => cut += 1,
        }
    }
    for stream in &mut silent {
        let mut byte = [0];
        let read = tokio::io::AsyncReadExt::read(stream, &mut byte);
        cut += usize::from(tokio::time::timeout(std::time::Duration::from_millis(300), read).await.is_ok());
    }
    assert!(cut >= 32, "{cut} of 40 were cut");
    drop(silent);
    until("there is room again", || async { anna.connect(&[]).await.ok() }).await;
}

#[tokio::test]
async fn a_stream_ends_with_the_login_that_opened_it_and_no_other() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let mut theirs = stream(anna, &evening.session).await;
    let mut others = stream(&evening.players[1], &evening.session).await;
    for stream in [&mut theirs, &mut others] {
        assert!(stream.chunk().await.unwrap().is_some(), "it begins");
    }
    let (status, _) = anna.post("/api/v1/auth/logout", json!({"refresh_token": anna.refresh})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let rest = async { while let Ok(Some(_)) = theirs.chunk().await {} };
    tokio::time::timeout(PATIENCE, rest).await.expect("the stream ends with its login");
    assert_eq!(stream(anna, &evening.session).await.status(), StatusCode::UNAUTHORIZED);
    evening.players[1]
        .done(&format!("/api/v1/sessions/{}/games", evening.session), json!({"order": evening.participants}))
        .await;
    assert!(others.chunk().await.unwrap().is_some(), "another login's goes on");
}

#[tokio::test]
async fn what_the_protocol_forbids_closes_with_its_code() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let unmasked = vec![LAST | TEXT, 2, b'{', b'}'];
    for (what, bytes, code) in [
        ("a reserved opcode", frame(LAST | 0x3, b""), 1002),
        ("a reserved bit", frame(LAST | 0x40 | TEXT, b"{}"), 1002),
        ("no mask", unmasked, 1002),
        ("a ping in pieces", frame(PING, b""), 1002),
        ("a long pong", frame(LAST | PONG, &[0; 126]), 1002),
        ("a continuation of nothing", frame(LAST | CONTINUATION, b""), 1002),
        ("a message within a message", [frame(TEXT, b"{"), frame(LAST | TEXT, b"{}")].concat(), 1002),
        ("a close code that is none", frame(LAST | CLOSE, &1005_u16.to_be_bytes()), 1002),
        ("text that is no UTF-8", frame(LAST | TEXT, b"\xff"), 1007),
        ("2^40 bytes to come", header(LAST | TEXT, 1 << 40), 1009),
        ("a byte too many to come", header(LAST | TEXT, 16 * 1024 + 1), 1009),
        ("pieces that are too big together", [frame(TEXT, &[b' '; 16 * 1024]), header(CONTINUATION, 1)].concat(), 1009),
    ] {
        let mut socket = RawSocket::open(&anna).await;
        socket.send(&bytes).await;
        assert_eq!(socket.closed().await, Some(code), "{what}");
    }
    let mut polite = RawSocket::open(&anna).await;
    polite.send(&frame(LAST | PING, b"there?")).await;
    loop {
        let (first, payload) = polite.next().await.expect("open");
        if first == LAST | PONG {
            assert_eq!(payload, b"there?");
            break;
        }
    }
    polite.send(&frame(LAST | CLOSE, &1000_u16.to_be_bytes())).await;
    assert_eq!(polite.closed().await, Some(1000), "answered with its own code");
}

#[tokio::test]
async fn a_session_is_subscribed_to_once_at_a_time_and_each_request_is_answered() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[0].socket().await;
    let mut asked = Vec::new();
    for _ in 0..50 {
        let id = uuid::Uuid::new_v4();
        socket.send(json!({"type": "subscribe", "id": id, "session_id": evening.session, "after_seq": 0})).await;
        asked.push(id.to_string());
    }
    let (mut subscribed, mut refused) = (0, 0);
    while !asked.is_empty() {
        let frame = socket.next().await;
        let Some(id) = frame["id"].as_str() else { continue };
        asked.retain(|asked| asked != id);
        match frame["type"].as_str() {
            Some("subscribed") => subscribed += 1,
            _ => {
                assert_eq!(frame["code"], "rate_limited", "{frame}");
                refused += 1;
            }
        }
    }
    assert!(subscribed >= 1, "{subscribed} answers, {refused} refusals");
    // Given up and asked again at once, as a page does that is opened twice: the last one is answered.
    for _ in 0..5 {
        let id = uuid::Uuid::new_v4();
        socket.send(json!({"type": "unsubscribe", "id": id, "session_id": evening.session})).await;
        assert_eq!(socket.answer(id).await["type"], "unsubscribed");
        socket.subscribe(&evening.session, Some(0)).await;
    }
    evening.start_game().await;
    assert_eq!(socket.next_of("event").await["event"]["type"], "game.started");
}

/// Otherwise each connection that is held costs half as much again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_given_in_small_pages() {
    let app = TestApp::start().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("of a running server");
    assert!(status.lines().any(|line| line.split_whitespace().eq(["THP_enabled:", "0"])), "{status}");
}
