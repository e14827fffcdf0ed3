//! The WebSocket as the contract has it (section 3): the handshake, subscribing and resuming, commands and their
//! answers.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, Socket};
use crate::test_app::{TestApp, text};

/// The status that a handshake was refused with.
pub fn refused(result: Result<Socket, tungstenite::Error>) -> u16 {
    match result {
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("not refused but broken: {error}"),
        Ok(_) => panic!("not refused"),
    }
}

/// The numbers of a list of events.
pub fn seqs(events: &Value) -> Vec<i64> {
    events.as_array().expect("a list").iter().map(|event| event["seq"].as_i64().expect("a number")).collect()
}

/// Marks `count` balls over one socket, all asked before the first is answered.
pub async fn mark_many(evening: &Evening, socket: &mut Socket, count: usize) {
    let mut asked = HashSet::new();
    for _ in 0..count {
        let id = Uuid::new_v4();
        let command = evening.ball(0, "white");
        socket.send(json!({"type": "command", "id": id, "session_id": evening.session, "command": command})).await;
        asked.insert(id.to_string());
        while asked.len() > 200 {
            asked.remove(&acked(socket).await);
        }
    }
    while !asked.is_empty() {
        asked.remove(&acked(socket).await);
    }
}

async fn acked(socket: &mut Socket) -> String {
    let frame = socket.next().await;
    assert_ne!(frame["type"], "error", "{frame}");
    frame["id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_socket_opens_with_a_token_in_the_header_or_in_the_subprotocol() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut socket = anna.connect(&[]).await.expect("a handshake");
    let connected = socket.next().await;
    assert_eq!(connected["type"], "connected");
    assert_eq!(connected["user"]["id"], anna.id.as_str());
    assert_eq!(connected["heartbeat_seconds"], 25);
    assert!(connected["connection_id"].is_string() && text(&connected["server_time"]).ends_with('Z'), "{connected}");

    let browser = Player { token: None, ..anna.clone() };
    let protocols = format!("artel.v1, artel.bearer.{}", anna.token.as_deref().unwrap());
    let mut socket = browser.connect(&[("sec-websocket-protocol", &protocols)]).await.expect("a handshake");
    assert_eq!(socket.protocol.as_deref(), Some("artel.v1"));
    assert_eq!(socket.next().await["user"]["id"], anna.id.as_str());
}

#[tokio::test]
async fn a_socket_without_a_valid_token_is_refused_before_the_upgrade() {
    let app = TestApp::start().await;
    assert_eq!(refused(app.anonymous().connect(&[]).await), 401);
    let liar = Player { token: Some("not.a.token".to_owned()), ..app.anonymous() };
    assert_eq!(refused(liar.connect(&[]).await), 401);
    let protocols = "artel.v1, artel.bearer.not.a.token";
    assert_eq!(refused(app.anonymous().connect(&[("sec-websocket-protocol", protocols)]).await), 401);
    let anna = app.player("anna").await;
    let (status, _) = anna.post("/api/v1/auth/logout", json!({"refresh_token": anna.refresh})).await;
    assert_eq!(status, 204);
    assert_eq!(refused(anna.connect(&[]).await), 401, "the token of an ended login opens nothing");
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_may_not_connect() {
    let app =
        TestApp::start_with(crate::test_app::Store::chosen(), &["--allowed-origin", "https://club.example"]).await;
    let anna = app.player("anna").await;
    for foreign in ["https://evil.example", "null", "https://club.example.evil.example", "http://club.example"] {
        assert_eq!(refused(anna.connect(&[("origin", foreign)]).await), 403, "{foreign}");
    }
    for own in [app.base.as_str(), "https://club.example"] {
        let mut socket = anna.connect(&[("origin", own)]).await.expect("a handshake");
        assert_eq!(socket.next().await["type"], "connected", "{own}");
    }
}

#[tokio::test]
async fn subscribing_answers_the_state_or_exactly_what_was_missed() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let log = evening.events().await;
    let head = log.len() as i64;
    let mut socket = evening.players[0].socket().await;

    let whole = socket.subscribe(&evening.session, None).await;
    assert_eq!((&whole["seq"], &whole["events"]), (&json!(head), &json!([])));
    assert_eq!(whole["session"]["id"], evening.session.as_str());
    assert_eq!(whole["session"]["seq"], head);
    assert_eq!(whole["session"]["current_game"]["status"], "in_progress");

    for after in [0, 1, head - 1, head] {
        let resumed = socket.subscribe(&evening.session, Some(after)).await;
        assert_eq!((&resumed["seq"], &resumed["session"]), (&json!(head), &Value::Null), "after {after}");
        assert_eq!(resumed["events"].as_array().unwrap()[..], log[after as usize..], "after {after}");
    }
    for beyond in [head + 1, i64::MAX, -1] {
        let whole = socket.subscribe(&evening.session, Some(beyond)).await;
        assert_eq!((&whole["session"]["seq"], &whole["events"]), (&json!(head), &json!([])), "after {beyond}");
    }
    evening.players[0].socket().await.command(&evening.session, evening.ball(0, "pink")).await;
    assert_eq!(socket.next_of("event").await["seq"], head + 1, "the last of many subscriptions counts, once");

    socket.send(json!({"type": "unsubscribe", "id": Uuid::new_v4(), "session_id": evening.session})).await;
    assert_eq!(socket.next_of("unsubscribed").await["session_id"], evening.session.as_str());
    let ack = socket.command(&evening.session, evening.ball(1, "pink")).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    socket.send(json!({"type": "unsubscribe", "id": Uuid::new_v4(), "session_id": evening.session})).await;
    assert_eq!(socket.next().await["type"], "unsubscribed", "no event after the subscription ended");
}

#[tokio::test]
async fn whoever_misses_more_than_a_thousand_events_gets_the_state() {
    let app = TestApp::start_with(crate::test_app::Store::chosen(), &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let before = evening.state().await["seq"].as_i64().unwrap();
    let mut socket = evening.players[0].socket().await;
    mark_many(&evening, &mut socket, 1_001).await;
    let head = before + 1_001;

    let whole = socket.subscribe(&evening.session, Some(before)).await;
    assert_eq!((&whole["seq"], &whole["events"]), (&json!(head), &json!([])));
    assert_eq!(whole["session"]["seq"], head);

    let resumed = socket.subscribe(&evening.session, Some(before + 1)).await;
    assert_eq!((&resumed["seq"], &resumed["session"]), (&json!(head), &Value::Null));
    assert_eq!(seqs(&resumed["events"]), (before + 2..=head).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_command_is_acked_with_its_events() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[0].socket().await;
    let participant = |player: usize| evening.participants[player].as_str();
    let mut head = evening.state().await["seq"].as_i64().unwrap();
    let start = json!({"type": "start_game", "order": evening.participants});
    for (command, kinds) in [
        (start.clone(), vec!["game.started"]),
        (evening.ball(0, "yellow"), vec!["game.ball_potted"]),
        (
            json!({"type": "commit_foul", "participant_id": participant(0), "points": 2, "reason": "cue ball"}),
            vec!["game.foul_committed"],
        ),
        (json!({"type": "end_turn", "participant_id": participant(1), "reason": "safety"}), vec!["game.turn_changed"]),
        (json!({"type": "void_event", "seq": head + 2}), vec!["game.event_voided"]),
        (json!({"type": "end_game", "reason": "late"}), vec!["game.ended"]),
        (start, vec!["game.started"]),
        (json!({"type": "cancel_game"}), vec!["game.cancelled"]),
        (json!({"type": "complete_session"}), vec!["session.completed"]),
    ] {
        let id = Uuid::new_v4();
        let ack = socket.command_with_id(id, &evening.session, command.clone()).await;
        assert_eq!(ack["type"], "ack", "{command}: {ack}");
        let events = ack["events"].as_array().unwrap();
        let got: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(got, kinds, "{command}");
        head += events.len() as i64;
        assert_eq!((&ack["seq"], &ack["session_id"]), (&json!(head), &json!(evening.session)));
        assert!(events.iter().all(|event| event["command_id"] == id.to_string()), "{ack}");
        assert_eq!(events.last().unwrap()["actor"]["user_id"], evening.players[0].id.as_str());
    }
    let log = evening.events().await;
    assert_eq!(log.len() as i64, head);
}

#[tokio::test]
async fn the_same_command_again_answers_the_same_ack_on_any_socket_and_after_a_crash() {
    let mut app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let (mut first, mut second) = (anna.socket().await, anna.socket().await);
    let id = Uuid::new_v4();
    let pot = evening.ball(0, "pink");
    let ack = first.command_with_id(id, &evening.session, pot.clone()).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(first.command_with_id(id, &evening.session, pot.clone()).await, ack);
    assert_eq!(second.command_with_id(id, &evening.session, pot.clone()).await, ack);
    let other = second.command_with_id(id, &evening.session, evening.ball(0, "white")).await;
    assert_eq!((&other["type"], &other["code"]), (&json!("error"), &json!("idempotency_key_reused")));

    app.kill_and_restart().await;
    let mut third = anna.socket().await;
    assert_eq!(third.command_with_id(id, &evening.session, pot.clone()).await, ack);
    // A key belongs to its user: the same one of somebody else is another command.
    let theirs = boris.socket().await.command_with_id(id, &evening.session, pot).await;
    assert_ne!(theirs["events"], ack["events"]);
    let log = evening.events().await;
    assert_eq!(
        log.iter().filter(|event| event["type"] == "game.ball_potted").count(),
        1 + usize::from(theirs["type"] == "ack")
    );
}

#[tokio::test]
async fn an_error_leaves_the_connection_open() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let stranger = app.player("stranger").await;
    let mut socket = evening.players[0].socket().await;
    let (id, session) = (Uuid::new_v4(), evening.session.as_str());
    let nowhere = Uuid::new_v4();
    let command = |command: Value| json!({"type": "command", "id": id, "session_id": session, "command": command});
    for (frame, code) in [
        (json!({"type": "dance", "id": id}), "validation_failed"),
        (json!({"id": id}), "validation_failed"),
        (json!({"type": "subscribe", "id": id, "session_id": "no uuid"}), "validation_failed"),
        (json!({"type": "subscribe", "id": id, "session_id": session, "since": 4}), "validation_failed"),
        (json!({"type": "subscribe", "id": id, "session_id": nowhere}), "not_found"),
        (command(json!({"type": "dance"})), "validation_failed"),
        (command(json!({"type": "end_game", "because": "late"})), "validation_failed"),
        (command(json!({"type": "end_game"})), "game_not_active"),
        (json!({"type": "command", "id": id, "session_id": nowhere, "command": {"type": "end_game"}}), "not_found"),
    ] {
        socket.send(frame.clone()).await;
        let error = socket.answer(id).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{frame}: {error}");
        assert!(error["message"].is_string(), "{error}");
    }
    for garbage in ["", "{", "null", "[]", "\"x\""] {
        socket.send_text(garbage.to_owned()).await;
        let error = socket.next().await;
        assert_eq!(error["type"], "error", "{garbage:?}: {error}");
        assert!(["malformed_json", "validation_failed"].contains(&error["code"].as_str().unwrap()), "{error}");
    }
    let mut theirs = stranger.socket().await;
    theirs.send(json!({"type": "subscribe", "id": id, "session_id": session})).await;
    assert_eq!(theirs.answer(id).await["code"], "insufficient_permissions", "the session is private");
    let mark = theirs.command(session, json!({"type": "end_game"})).await;
    assert_eq!(mark["code"], "insufficient_permissions", "{mark}");
    assert_eq!(socket.subscribe(session, None).await["type"], "subscribed");
}
