//! How clients call a node: every answer is held to the contract, whatever is broken, and none is waited for in vain.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use super::report::Report;
use super::schedule::Fault;

/// A client that hears nothing for so long tries another node.
pub(super) const ATTEMPT: Duration = Duration::from_secs(3);
/// A clock that was off is right again for so long until nobody is refused for it.
const CLOCK_AFTERMATH: Duration = Duration::from_secs(15);

/// Answers in words of its own.
pub(super) const READY: &str = "/health/ready";

/// What a call came to.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Done(Value),
    /// By the rules, with its code.
    Refused(String),
    /// Not now, or not here: the same again.
    Later,
}

/// The way to the nodes.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) bases: Vec<String>,
    http: reqwest::Client,
}

/// A call, on whatever node.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) token: String,
    pub(super) key: Option<Uuid>,
    pub(super) body: Option<Value>,
}

impl Call {
    pub(super) fn get(path: String, token: &str) -> Self {
        Self { method: Method::GET, path, token: token.to_owned(), key: None, body: None }
    }
}

impl Client {
    pub(super) fn new(bases: Vec<String>) -> Self {
        Self { bases, http: reqwest::Client::new() }
    }

    /// A request to a node, for who reads the answer himself.
    pub(super) fn request(&self, node: usize, call: &Call) -> reqwest::RequestBuilder {
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.bases[node], call.path));
        if !call.token.is_empty() {
            request = request.bearer_auth(&call.token);
        }
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key.to_string());
        }
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// One attempt on one node.
    pub(super) async fn call(&self, node: usize, call: &Call, patience: Duration, report: &Report) -> Answer {
        let Ok(response) = self.request(node, call).timeout(patience).send().await else {
            report.count("attempts: no answer");
            return Answer::Later;
        };
        let status = response.status();
        let Ok(text) = response.text().await else {
            report.count("attempts: half an answer");
            return Answer::Later;
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let what = || format!("{} {} on node {node}: {status} {text}", call.method, call.path);
        if status.is_success() {
            return Answer::Done(body);
        }
        if body["status"] == "unavailable" && call.path == READY {
            report.count(&format!("not ready: node {node}, {}", body["down"]));
            return Answer::Later;
        }
        let Some(code) = body["code"].as_str() else {
            let kind =
                if status == StatusCode::REQUEST_TIMEOUT { "408 without a body" } else { "an error without a problem" };
            report.violation(kind, &what());
            return Answer::Later;
        };
        report.count(&format!("attempts: {code}"));
        match code {
            "storage_unavailable" | "overloaded" | "rate_limited" => Answer::Later,
            "bad_request" if status == StatusCode::REQUEST_TIMEOUT => Answer::Later,
            "token_expired" | "unauthenticated" => {
                refused_token(node, report, &what());
                Answer::Later
            }
            "internal_error" => {
                report.violation("internal error", &what());
                Answer::Later
            }
            _ => Answer::Refused(code.to_owned()),
        }
    }

    /// On one node after another until it is answered; `None`: not in time.
    pub(super) async fn until_done(&self, call: &Call, patience: Duration, report: &Report) -> Option<Value> {
        let deadline = Instant::now() + patience;
        let mut node = 0;
        while Instant::now() < deadline {
            match self.call(node, call, 3 * ATTEMPT, report).await {
                Answer::Done(value) => return Some(value),
                Answer::Refused(code) => {
                    report.count(&format!("refused reads: {code}"));
                }
                Answer::Later => {}
            }
            node = (node + 1) % self.bases.len();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        None
    }

    /// A WebSocket to a node.
    pub(super) async fn connect(&self, node: usize, token: &str, report: &Report) -> Option<Connection> {
        let address = self.bases[node].trim_start_matches("http://");
        let handshake = async {
            let stream = TcpStream::connect(address).await.map_err(tungstenite::Error::Io)?;
            let mut request = format!("ws://{address}/ws").into_client_request()?;
            let value = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert("authorization", value);
            client_async(request, stream).await
        };
        match tokio::time::timeout(ATTEMPT, handshake).await {
            Ok(Ok((stream, _))) => Some(Connection { node, stream }),
            Ok(Err(tungstenite::Error::Http(response))) => {
                let body = response.body().clone().unwrap_or_default();
                let status = response.status();
                if status == 401 {
                    refused_token(node, report, "a handshake is answered 401");
                } else if status == 408 && body.is_empty() {
                    report.violation("408 without a body", &format!("a handshake on node {node}"));
                }
                report.count(&format!("handshakes: {}", status.as_u16()));
                None
            }
            Ok(Err(_)) => {
                report.count("handshakes: no connection");
                None
            }
            Err(_) => {
                report.count("handshakes: no answer");
                None
            }
        }
    }
}

/// A token is good on every node whose clock is right.
fn refused_token(node: usize, report: &Report, what: &str) {
    let since = Instant::now().checked_sub(CLOCK_AFTERMATH).unwrap_or_else(Instant::now);
    let is_off = |fault: &Fault| matches!(fault, Fault::Clock { node: off, .. } if *off == node);
    if !report.was_there(since, is_off) && !report.are_tokens_old() {
        report.violation("a good token is refused", &format!("node {node}: {what}"));
    }
}

/// An end of a WebSocket.
pub(super) struct Connection {
    pub(super) node: usize,
    stream: WebSocketStream<TcpStream>,
}

/// What came off it.
pub(super) enum Frame {
    Of(Value),
    Silence,
    Closed,
}

impl Connection {
    /// False: it is broken.
    pub(super) async fn send(&mut self, frame: &Value) -> bool {
        let send = self.stream.send(Message::Text(frame.to_string().into()));
        matches!(tokio::time::timeout(ATTEMPT, send).await, Ok(Ok(())))
    }

    pub(super) async fn subscribe(&mut self, session: &str, after: i64) -> bool {
        self.send(&json!({"type": "subscribe", "id": Uuid::now_v7(), "session_id": session, "after_seq": after})).await
    }

    /// The next frame, pings answered.
    pub(super) async fn next(&mut self, patience: Duration, report: &Report) -> Frame {
        let message = match tokio::time::timeout(patience, self.stream.next()).await {
            Err(_) => return Frame::Silence,
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(_)) | None) => {
                report.count("sockets: broken");
                return Frame::Closed;
            }
        };
        match message {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap_or_default();
                if frame["type"] == "ping" && !self.send(&json!({"type": "pong", "ts": frame["ts"]})).await {
                    return Frame::Closed;
                }
                Frame::Of(frame)
            }
            Message::Close(close) => {
                let code = close.map_or(0, |close| CloseCode::into(close.code));
                report.count(&format!("sockets: closed {code}"));
                if code == 4401 {
                    refused_token(self.node, report, "a socket is closed with 4401");
                }
                Frame::Closed
            }
            _ => Frame::Of(Value::Null),
        }
    }
}
