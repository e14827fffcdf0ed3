//! Too much at once is answered at once: `overloaded`, never a queue without end. What was taken is finished, and
//! afterwards there is room again.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::test_app::{Store, TestApp, until};

/// Commands that may wait for one session.
const WAITING_MAX: usize = 256;

/// Somebody who holds the row of a session, so that no append to it can end.
struct RowLock(Child);

impl RowLock {
    async fn take(app: &TestApp, session: &str) -> Self {
        let mut psql = Command::new("psql")
            .args([&app.postgres().expect("a server on PostgreSQL"), "-qAt"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql is installed by ./test");
        let stdin = psql.stdin.as_mut().unwrap();
        writeln!(stdin, "BEGIN; SELECT 'locked' FROM session WHERE id = '{session}' FOR UPDATE;").unwrap();
        let stdout = psql.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
            line
        });
        assert_eq!(line.await.unwrap().trim(), "locked");
        Self(psql)
    }
}

impl Drop for RowLock {
    fn drop(&mut self) {
        // The end of its input ends it, and the lock with it.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_command_too_many_for_a_session_is_refused_at_once_and_the_rest_is_done() {
    let app = TestApp::start_with(Store::Postgres, &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let mut socket = evening.players[0].socket().await;
    let before = evening.state().await["seq"].as_i64().unwrap();

    let lock = RowLock::take(&app, &evening.session).await;
    let many = WAITING_MAX + 44;
    for _ in 0..many {
        let (id, command) = (Uuid::new_v4(), evening.ball(0, "white"));
        socket.send(json!({"type": "command", "id": id, "session_id": evening.session, "command": command})).await;
    }
    // Nothing can be stored, so whatever is answered now is a refusal.
    for _ in 0..many - WAITING_MAX {
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("overloaded")), "{error}");
    }
    let path = format!("/api/v1/games/{game}/events");
    let answer = evening.players[0].request(Method::POST, &path).json(&evening.ball(0, "white")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "overloaded", "{problem}");
    assert_eq!(evening.state().await["seq"], before, "reading goes on meanwhile");

    drop(lock);
    for _ in 0..WAITING_MAX {
        let ack = socket.next_of("ack").await;
        assert_eq!(ack["type"], "ack", "{ack}");
    }
    evening.pot(&game, 0, "pink").await;
    assert_eq!(evening.events().await.len(), before as usize + WAITING_MAX + 1);
}

#[tokio::test]
async fn the_connection_too_many_is_refused_and_a_place_that_was_left_is_given_again() {
    let app = TestApp::start_with(Store::Sqlite, &["--max-connections", "3"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let (first, second) = (anna.socket().await, anna.socket().await);
    let stream = format!("/api/v1/sessions/{}/stream", evening.session);
    let mut board = anna.request(Method::GET, &stream).send().await.expect("an answer");
    assert_eq!(board.status(), StatusCode::OK);
    board.chunk().await.expect("it flows");

    match anna.connect(&[]).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            assert_eq!(response.status().as_u16(), 503);
            assert!(response.headers().contains_key("retry-after"));
            let body = response.body().as_deref().unwrap_or_default();
            assert!(String::from_utf8_lossy(body).contains("overloaded") || body.is_empty());
        }
        _ => panic!("a fourth connection"),
    }
    let refused = anna.request(Method::GET, &stream).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "overloaded");
    evening.start_game().await;

    drop(first);
    let third = until("a place is free", || open(anna)).await;
    drop(second);
    let fourth = until("another place is free", || open(anna)).await;
    drop((board, third, fourth));
}

async fn open(player: &Player) -> Option<crate::player::Socket> {
    player.connect(&[]).await.ok()
}
