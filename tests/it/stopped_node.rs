//! A node that was stopped for a while (by a signal, or with the machine that it runs on) and goes on: its timers are
//! over before it has read what came meanwhile, and yet whoever waited is answered.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::test_app::{PATIENCE, Store, TestApp};

/// Longer than a head, a body, a pause between two requests or a heartbeat may take.
const STOPPED_FOR: Duration = Duration::from_secs(36);

/// A connection on which requests are written by hand.
struct Connection(TcpStream);

impl Connection {
    async fn open(app: &TestApp) -> Self {
        let address = app.base.trim_start_matches("http://");
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("it is sent");
    }

    /// The status line, and the body of the announced length.
    async fn answer(&mut self) -> (String, String) {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let lower = head.to_lowercase();
                    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
                    let length: usize = length.expect("a length").parse().expect("a number");
                    if body.len() >= length {
                        return (head.lines().next().unwrap_or_default().to_owned(), body.to_owned());
                    }
                }
                assert!(self.0.read_buf(&mut bytes).await.expect("no reset") > 0, "an answer before the end: {text}");
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
    }
}

const ASKS: &str = "GET /health/live HTTP/1.1\r\nhost: artel\r\n\r\n";

#[tokio::test]
async fn whoever_asked_a_stopped_node_is_answered_when_it_goes_on() {
    let app = TestApp::start_with(Store::chosen(), &["--heartbeat-seconds", "5"]).await;
    let anna = app.player("anna").await;
    let mut socket = anna.socket().await;
    let mut silent = Connection::open(&app).await;
    let mut used = Connection::open(&app).await;
    used.send(ASKS).await;
    used.answer().await;
    let body = json!({"username": "nobody", "password": "a wrong password"}).to_string();
    let (begun, rest) = body.split_at(10);
    let mut halfway = Connection::open(&app).await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: artel\r\ncontent-type: application/json";
    halfway.send(&format!("{head}\r\ncontent-length: {}\r\n\r\n{begun}", body.len())).await;
    // All of them are with the server's workers now: these are asked in turn.
    for _ in 0..4 {
        let mut other = Connection::open(&app).await;
        other.send(ASKS).await;
        other.answer().await;
    }

    app.signal("STOP");
    let mut late = Connection::open(&app).await;
    for connection in [&mut silent, &mut used, &mut late] {
        connection.send(ASKS).await;
    }
    halfway.send(rest).await;
    socket.send(json!({"type": "pong"})).await;
    tokio::time::sleep(STOPPED_FOR).await;
    app.signal("CONT");

    for (connection, what) in [(&mut silent, "silent before"), (&mut used, "used before"), (&mut late, "opened later")]
    {
        let (status, _) = connection.answer().await;
        assert_eq!(status, "HTTP/1.1 200 OK", "{what}");
    }
    let (status, body) = halfway.answer().await;
    assert!(status.starts_with("HTTP/1.1 401") && body.contains("invalid_credentials"), "{status}: {body}");
    let answered = socket.command(&uuid::Uuid::nil().to_string(), json!({"type": "end_turn"})).await;
    assert_eq!(answered["type"], "error", "{answered}");
}
