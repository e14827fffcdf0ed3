//! Somebody with an account: requests, and a WebSocket.

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use super::test_app::{PATIENCE, TestApp, text};

/// Somebody with a phone.
#[derive(Clone)]
pub struct Player {
    pub base: String,
    pub http: reqwest::Client,
    pub token: Option<String>,
    pub id: String,
    pub refresh: String,
}

impl Player {
    pub fn of(base: &str, answer: &Value) -> Self {
        Self {
            base: base.to_owned(),
            http: reqwest::Client::new(),
            token: Some(text(&answer["access_token"])),
            id: text(&answer["user"]["id"]),
            refresh: answer["refresh_token"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The same player on another node.
    pub fn on(&self, app: &TestApp) -> Self {
        Self { base: app.base.clone(), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).timeout(PATIENCE);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::DELETE, path, None).await
    }

    /// A GET that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        let (status, answer) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// A POST that must succeed.
    pub async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// A POST with an idempotency key.
    pub async fn post_with_key(&self, path: &str, key: Uuid, body: Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).header("idempotency-key", key.to_string()).json(&body)).await
    }

    /// A WebSocket, past its `connected` frame.
    pub async fn socket(&self) -> Socket {
        let mut socket = self.connect(&[]).await.expect("a handshake");
        let connected = socket.next().await;
        assert_eq!(connected["type"], "connected", "{connected}");
        socket
    }

    /// A WebSocket with further headers on its handshake.
    pub async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Socket, tungstenite::Error> {
        let stream = TcpStream::connect(self.address()).await.map_err(tungstenite::Error::Io)?;
        self.connect_over(stream, headers).await
    }

    /// Host and port of the server.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A WebSocket over a connection of the caller's making.
    pub async fn connect_over(
        &self,
        stream: TcpStream,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, tungstenite::Error> {
        let address = self.address();
        let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert("authorization", value);
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let (stream, response) = client_async(request, stream).await?;
        let header = response.headers().get("sec-websocket-protocol");
        let protocol = header.map(|value| value.to_str().expect("ASCII").to_owned());
        Ok(Socket { stream, protocol })
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    assert!(response.headers().contains_key("x-request-id"), "every answer has its x-request-id");
    let problem = response
        .headers()
        .get("content-type")
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"application/problem+json"));
    let body = response.text().await.expect("a body");
    let value: Value =
        if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(Value::String(body)) };
    if status.is_client_error() || status.is_server_error() {
        assert!(problem, "an error is problem+json: {status} {value}");
        assert_eq!(value["status"], status.as_u16(), "{value}");
        for field in ["type", "title", "detail", "code", "request_id"] {
            assert!(value[field].is_string(), "{field} of {value}");
        }
    }
    (status, value)
}

/// One end of a WebSocket.
pub struct Socket {
    pub stream: WebSocketStream<TcpStream>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
}

impl Socket {
    pub async fn send(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.stream.send(Message::Text(text.into())).await.expect("sent");
    }

    /// The next frame, pings answered and passed over.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("the connection closed with {code:?}"),
        }
    }

    /// The next frame, or the code that the connection closed with.
    pub async fn next_or_close(&mut self) -> Result<Value, Option<u16>> {
        // Pings are no news, however many come.
        let late = tokio::time::Instant::now() + PATIENCE;
        loop {
            let message = tokio::time::timeout_at(late, self.stream.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
                    if frame["type"] == "ping" {
                        self.send(json!({"type": "pong", "ts": frame["ts"]})).await;
                        continue;
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(close))) => return Err(close.map(|close| CloseCode::into(close.code))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame of a type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code that the connection closes with; frames before it are passed over.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.next_or_close().await {
                return code;
            }
        }
    }

    pub async fn subscribe(&mut self, session: &str, after: Option<i64>) -> Value {
        let id = Uuid::new_v4();
        let mut frame = json!({"type": "subscribe", "id": id, "session_id": session});
        if let Some(after) = after {
            frame["after_seq"] = json!(after);
        }
        self.send(frame).await;
        let answer = self.answer(id).await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        answer
    }

    /// Sends a command; answers its `ack` or `error`.
    pub async fn command(&mut self, session: &str, command: Value) -> Value {
        self.command_with_id(Uuid::new_v4(), session, command).await
    }

    pub async fn command_with_id(&mut self, id: Uuid, session: &str, command: Value) -> Value {
        self.send(json!({"type": "command", "id": id, "session_id": session, "command": command})).await;
        self.answer(id).await
    }

    /// The frame that answers a frame of that id.
    pub async fn answer(&mut self, id: Uuid) -> Value {
        loop {
            let frame = self.next().await;
            if frame["id"] == id.to_string() {
                return frame;
            }
        }
    }
}
