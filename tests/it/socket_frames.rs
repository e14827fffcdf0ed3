//! What travels on the socket below the frames of the protocol: sizes, fragments, heartbeats, rates, the end.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Socket;
use crate::test_app::{PATIENCE, Store, TestApp};

/// An `unsubscribe` of nothing, as many bytes long as wanted: white space is no part of it.
fn padded(id: Uuid, bytes: usize) -> String {
    let frame = json!({"type": "unsubscribe", "id": id, "session_id": id}).to_string();
    format!("{frame}{}", " ".repeat(bytes - frame.len()))
}

async fn send_fragments(socket: &mut Socket, first: Data, parts: &[&[u8]]) {
    for (n, part) in parts.iter().enumerate() {
        let opcode = if n == 0 { first } else { Data::Continue };
        let frame = Frame::message(part.to_vec(), OpCode::Data(opcode), n + 1 == parts.len());
        socket.stream.send(Message::Frame(frame)).await.expect("sent");
    }
}

#[tokio::test]
async fn a_frame_of_16_kib_passes_and_a_bigger_one_closes_with_1009() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut socket = anna.socket().await;
    let id = Uuid::new_v4();
    socket.send_text(padded(id, 16 * 1024)).await;
    assert_eq!(socket.answer(id).await["type"], "unsubscribed");
    socket.send_text(padded(id, 16 * 1024 + 1)).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn fragments_make_one_frame_and_are_bounded_together() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut socket = anna.socket().await;
    let id = Uuid::new_v4();
    let whole = padded(id, 600);
    let bytes = whole.as_bytes();
    send_fragments(&mut socket, Data::Text, &[&bytes[..1], &bytes[1..100], &[], &bytes[100..]]).await;
    assert_eq!(socket.answer(id).await["type"], "unsubscribed");

    let half = vec![b' '; 9 * 1024];
    send_fragments(&mut socket, Data::Text, &[&half, &half]).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn binary_frames_are_refused_whole_and_in_fragments() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut socket = anna.socket().await;
    let id = Uuid::new_v4();
    let frame = padded(id, 600).into_bytes();
    socket.stream.send(Message::Binary(frame.clone().into())).await.unwrap();
    assert_eq!(socket.next().await["code"], "malformed_json");
    send_fragments(&mut socket, Data::Binary, &[&frame[..300], &frame[300..]]).await;
    assert_eq!(socket.next().await["code"], "malformed_json");
    socket.send_text(padded(id, 600)).await;
    assert_eq!(socket.answer(id).await["type"], "unsubscribed");
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_never_taken() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut socket = anna.socket().await;
    send_fragments(&mut socket, Data::Text, &[b"{\"type\":\"", b"\xff\xfe\"}"]).await;
    assert_eq!(socket.closed().await, Some(1007));
}

#[tokio::test]
async fn a_client_that_never_pongs_is_closed_with_4408_and_one_that_does_stays() {
    let app = TestApp::start_with(Store::chosen(), &["--heartbeat-seconds", "1"]).await;
    let anna = app.player("anna").await;
    let mut lively = anna.socket().await;
    let started = Instant::now();
    let mut silent = anna.socket().await;
    let lively = tokio::spawn(async move {
        // Answers pings on the way; the deadline is the other's end.
        let answer = tokio::time::timeout(Duration::from_secs(6), lively.next_or_close()).await;
        assert!(answer.is_err(), "closed or told something: {answer:?}");
        let id = Uuid::new_v4();
        lively.send_text(padded(id, 600)).await;
        assert_eq!(lively.answer(id).await["type"], "unsubscribed");
    });
    let mut pings = 0;
    let code = loop {
        let message = tokio::time::timeout(PATIENCE, silent.stream.next()).await.expect("in time");
        match message.expect("a close frame first").expect("a close frame first") {
            Message::Text(text) => {
                let ping: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(ping["type"], "ping");
                assert!(ping["ts"].is_string(), "{ping}");
                pings += 1;
            }
            Message::Close(close) => break close.map(|close| u16::from(close.code)),
            _ => {}
        }
    };
    assert_eq!(code, Some(4408));
    assert!(pings >= 1 && started.elapsed() >= Duration::from_secs(2), "{pings} pings");
    lively.await.unwrap();
}

#[tokio::test]
async fn a_socket_that_is_too_fast_is_slowed_and_nothing_of_it_happens() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "20"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let mut socket = evening.players[0].socket().await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        let id = Uuid::new_v4();
        let command = evening.ball(0, "white");
        socket.send(json!({"type": "command", "id": id, "session_id": evening.session, "command": command})).await;
        ids.push(id);
    }
    let (mut acks, mut limited) = (0, 0);
    while acks + limited < ids.len() {
        let frame = socket.next().await;
        match frame["type"].as_str() {
            Some("ack") => acks += 1,
            _ => {
                assert_eq!(frame["code"], "rate_limited", "{frame}");
                assert!(ids.iter().any(|id| frame["id"] == id.to_string()), "names the command: {frame}");
                limited += 1;
            }
        }
    }
    // Opening the session and the game were two of the forty.
    assert!(acks >= 38 && limited >= 1, "{acks} acks, {limited} refusals");
    let potted = evening.events().await.iter().filter(|event| event["type"] == "game.ball_potted").count();
    assert_eq!(potted, acks, "what was refused did not happen");
}

#[tokio::test]
async fn the_two_hundredth_refusal_in_ten_seconds_closes_with_4429() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "1"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[0].socket().await;
    let (mut refusals, mut sent) = (0, 0);
    let code = loop {
        // One by one, so that nothing of ours is unread when the server closes.
        let command = json!({"type": "end_turn", "participant_id": evening.participants[0]});
        let id = Uuid::new_v4();
        socket.send(json!({"type": "command", "id": id, "session_id": evening.session, "command": command})).await;
        sent += 1;
        match socket.next_or_close().await {
            Ok(frame) => refusals += u32::from(frame["code"] == "rate_limited"),
            Err(code) => break code,
        }
        assert!(sent < 1_000, "{refusals} refusals");
    };
    assert_eq!(code, Some(4429));
    assert!(refusals >= 199, "{refusals} refusals before the close");
}

#[tokio::test]
async fn a_server_that_stops_closes_its_sockets_with_1001_and_exits_0() {
    let mut app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut sockets = Vec::new();
    for player in &evening.players {
        let mut socket = player.socket().await;
        socket.subscribe(&evening.session, None).await;
        sockets.push(socket);
    }
    let closing = tokio::spawn(async move {
        for mut socket in sockets {
            assert_eq!(socket.closed().await, Some(1001));
        }
    });
    let (code, took) = app.terminate().await;
    assert_eq!(code, Some(0), "{}", app.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    closing.await.unwrap();
    app.restart().await;
    assert_eq!(evening.state().await["participants"].as_array().unwrap().len(), 2);
}
