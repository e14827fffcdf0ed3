//! Real servers on random ports and players who talk to them over real sockets. Every test has its own database.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
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

use super::broker::{Broker, Vhost};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a server stands on: where its data is, and which bus it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// SQLite, the bus in the process.
    Sqlite,
    /// PostgreSQL, the bus in the process.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Rabbit,
}

impl Store {
    /// All set-ups of a server.
    pub const ALL: [Store; 3] = [Store::Sqlite, Store::Postgres, Store::Rabbit];

    /// What the conformance suite runs on: `./test` runs it on all of them, one after another.
    pub fn chosen() -> Self {
        match std::env::var("ARTEL_TEST_STORE").as_deref() {
            Err(_) | Ok("sqlite") => Store::Sqlite,
            Ok("postgres") => Store::Postgres,
            Ok("rabbit") => Store::Rabbit,
            Ok(other) => panic!("ARTEL_TEST_STORE: {other} is none of sqlite, postgres, rabbit"),
        }
    }
}

/// A server of its own.
pub struct TestApp {
    pub base: String,
    pub dir: PathBuf,
    pub store: Store,
    child: Option<Child>,
    database: Option<PostgresDatabase>,
    broker: Option<Vhost>,
    arguments: Vec<String>,
    /// A database that somebody else looks after.
    database_url: Option<String>,
    /// A file that may not grow is an error of the write, not the end of the process.
    outlives_full_files: bool,
    /// How far its clock is from the others', like `+60s`.
    clock: Option<String>,
    port: u16,
}

/// A database of a test's own, dropped with it.
pub struct PostgresDatabase {
    admin: String,
    name: String,
}

/// The server that `./test` found or started.
fn postgres_url() -> String {
    std::env::var("ARTEL_TEST_POSTGRES").expect(
        "ARTEL_TEST_POSTGRES names a PostgreSQL server, like postgres://postgres@127.0.0.1:5432; `./test` sets it",
    )
}

fn psql(url: &str, statement: &str) {
    let output = Command::new("psql")
        .args([url, "-v", "ON_ERROR_STOP=1", "-qc", statement])
        .output()
        .expect("psql is installed by ./test");
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
}

impl PostgresDatabase {
    pub fn create() -> Self {
        let admin = format!("{}/postgres", postgres_url());
        let name = format!("artel_test_{}", Uuid::new_v4().simple());
        psql(&admin, &format!("CREATE DATABASE {name}"));
        Self { admin, name }
    }

    pub fn url(&self) -> String {
        format!("{}/{}", postgres_url(), self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let _ = Command::new("psql")
            .args([&self.admin, "-qc", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)])
            .output();
    }
}

pub fn temp_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("artel-test-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&dir).expect("a temporary directory");
    dir
}

/// The program under test.
pub fn artel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_artel"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ARTEL_")) {
        command.env_remove(name);
    }
    command
}

/// The same, told by an error of the write when a file may not grow; by itself the kernel would end it.
fn artel_outliving_full_files() -> Command {
    let program = artel();
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(program.get_program());
    for (name, _) in program.get_envs() {
        command.env_remove(name);
    }
    command
}

/// Makes a process see another time.
fn libfaketime() -> PathBuf {
    let libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = libraries.map(|library| library.path().join("faketime/libfaketime.so.1"));
    found.find(|library| library.exists()).expect("libfaketime is installed by ./test")
}

impl TestApp {
    /// A server with the defaults, on what the conformance suite runs on.
    pub async fn start() -> Self {
        Self::start_with(Store::chosen(), &[]).await
    }

    /// A server with further arguments.
    pub async fn start_with(store: Store, arguments: &[&str]) -> Self {
        let mut app = Self::new(store, arguments);
        app.database = (store != Store::Sqlite).then(PostgresDatabase::create);
        if store == Store::Rabbit {
            let vhost = Broker::shared().await.vhost().await;
            app.arguments.extend(["--amqp-url".to_owned(), vhost.url()]);
            app.broker = Some(vhost);
        }
        app.launch().await;
        app
    }

    /// A server on a PostgreSQL database of the caller's.
    pub async fn start_on(database_url: &str, arguments: &[&str]) -> Self {
        let mut app = Self::new(Store::Postgres, arguments);
        app.database_url = Some(database_url.to_owned());
        app.launch().await;
        app
    }

    /// Another server on the same database and broker.
    pub async fn another_node(&self) -> Self {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        Self::start_on(&self.postgres().expect("in PostgreSQL"), &arguments).await
    }

    /// The same, in another role.
    pub async fn another_node_as(&self, role: &str) -> Self {
        let roles = ["api", "worker", "all"];
        let role_of = |argument: &String| if roles.contains(&argument.as_str()) { role } else { argument }.to_owned();
        let arguments: Vec<String> = self.arguments.iter().map(role_of).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self::start_on(&self.postgres().expect("in PostgreSQL"), &arguments).await
    }

    /// The same, with a clock that is wrong by so much, like `+60s`.
    pub async fn another_node_with_clock(&self, clock: &str) -> Self {
        let mut app = Self::new(Store::Postgres, &[]);
        app.arguments.clone_from(&self.arguments);
        app.database_url = self.postgres();
        app.clock = Some(clock.to_owned());
        app.launch().await;
        app
    }

    /// A server on SQLite whose files can be kept from growing (`limit_files`).
    pub async fn start_limitable(arguments: &[&str]) -> Self {
        let mut app = Self::new(Store::Sqlite, arguments);
        app.outlives_full_files = true;
        app.launch().await;
        app
    }

    fn new(store: Store, arguments: &[&str]) -> Self {
        Self {
            base: String::new(),
            dir: temp_dir(),
            store,
            child: None,
            database: None,
            broker: None,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            database_url: None,
            outlives_full_files: false,
            clock: None,
            port: 0,
        }
    }

    /// No file of the server may grow over `bytes` from now on; `None`: as it was.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let limited = Command::new("prlimit")
            .args(["--pid", &self.pid().to_string(), &format!("--fsize={soft}:unlimited")])
            .status()
            .expect("prlimit is part of util-linux");
        assert!(limited.success());
    }

    /// Where this server's data is, if in PostgreSQL.
    pub fn postgres(&self) -> Option<String> {
        self.database_url.clone().or_else(|| self.database.as_ref().map(PostgresDatabase::url))
    }

    /// Where this server's broker is, if it has one.
    pub fn amqp_url(&self) -> Option<String> {
        self.broker.as_ref().map(Vhost::url)
    }

    /// The settings that name this server's data.
    pub fn data_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--data-dir".to_owned(), self.dir.display().to_string()];
        if let Some(url) = self.postgres() {
            arguments.extend(["--database-url".to_owned(), url]);
            arguments.extend(["--jwt-secret".to_owned(), "a secret of the tests, long enough for it".to_owned()]);
        }
        arguments
    }

    async fn launch(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.join("server.log"))
            .expect("a log file");
        let mut program = if self.outlives_full_files { artel_outliving_full_files() } else { artel() };
        if let Some(clock) = &self.clock {
            program.env("LD_PRELOAD", libfaketime()).env("FAKETIME", clock).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut child = program
            .arg("serve")
            .args(self.data_arguments())
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("piped");
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            line
        });
        let line = tokio::time::timeout(PATIENCE, line).await.expect("the server says where it is").expect("read");
        let base = line.trim().strip_prefix("Artel is at ").unwrap_or_else(|| panic!("no address: {}", self.log()));
        self.base = base.to_owned();
        self.port = base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        self.child = Some(child);
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// `kill -9`, then the same again on the same data and port.
    pub async fn kill_and_restart(&mut self) {
        self.kill();
        self.launch().await;
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("reaped");
        }
    }

    pub async fn restart(&mut self) {
        self.launch().await;
    }

    /// A shell script that kills this server and starts it again on the same data and port.
    pub fn restart_script(&self) -> String {
        let quoted: Vec<String> = std::iter::once(env!("CARGO_BIN_EXE_artel").to_owned())
            .chain(["serve".to_owned()])
            .chain(self.data_arguments())
            .chain(["--listen".to_owned(), format!("127.0.0.1:{}", self.port)])
            .chain(self.arguments.clone())
            .map(|word| format!("'{word}'"))
            .collect();
        let (pid, dir) = (self.pid(), self.dir.display());
        format!(
            "kill -9 {pid}\nsetsid {} >'{dir}/out' 2>>'{dir}/server.log' </dev/null &\necho $! >'{dir}/pid'\n\
             until grep -q http '{dir}/out'; do sleep 0.05; done\n",
            quoted.join(" ")
        )
    }

    /// Takes care of the server that the restart script started.
    pub fn adopt_restarted(&mut self) {
        self.kill();
        if let Ok(pid) = std::fs::read_to_string(self.dir.join("pid")) {
            let _ = Command::new("kill").args(["-9", pid.trim()]).status();
        }
    }

    /// SIGTERM; answers the exit code and how long it took.
    pub async fn terminate(&mut self) -> (Option<i32>, Duration) {
        let mut child = self.child.take().expect("a running server");
        let started = Instant::now();
        let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
        assert!(status.success());
        let code = tokio::task::spawn_blocking(move || child.wait().expect("reaped").code()).await.expect("joined");
        (code, started.elapsed())
    }

    /// Runs a short command on this server's data.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        artel().args(arguments).args(self.data_arguments()).output().expect("the command runs")
    }

    /// Registers a new player.
    pub async fn player(&self, name: &str) -> Player {
        let username = format!("{name}-{}", &Uuid::new_v4().simple().to_string()[..8]);
        self.player_named(&username).await
    }

    pub async fn player_named(&self, username: &str) -> Player {
        let body = json!({"username": username, "password": "correct horse"});
        let (status, answer) = self.anonymous().post("/api/v1/auth/register", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        Player::of(&self.base, &answer)
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Player {
        Player {
            base: self.base.clone(),
            http: reqwest::Client::new(),
            token: None,
            id: String::new(),
            refresh: String::new(),
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4_000);
            eprintln!("--- server log ---\n{}", log.get(tail..).unwrap_or(&log));
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

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
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a frame in time");
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

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Waits until a condition holds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    until_for(PATIENCE, what, look).await
}

/// Waits until a condition holds, for longer where much has to be done before it can.
pub async fn until_for<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + patience;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
    }
}

/// The kolkhoz of the worked examples: 50 ₽ a point, no counts.
pub fn kolkhoz() -> Value {
    json!({
        "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
        "balls": [
            {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "pink", "points": 4},
        ],
        "payer": "previous", "order": "manual",
    })
}

/// A session with its players seated, each with an account, in the order given.
#[derive(Clone)]
pub struct Evening {
    pub session: String,
    pub code: String,
    pub players: Vec<Player>,
    pub seats: Vec<String>,
}

impl Evening {
    pub async fn open(app: &TestApp, names: &[&str], rules: Value) -> Self {
        let mut players = Vec::new();
        for name in names {
            players.push(app.player(name).await);
        }
        let session = players[0].done("/api/v1/sessions", json!({"name": "Friday", "rules": rules})).await;
        let (id, code) = (text(&session["id"]), text(&session["code"]));
        let mut seats = vec![text(&session["participants"][0]["id"])];
        for player in &players[1..] {
            let joined = player.done("/api/v1/sessions/join", json!({"code": code})).await;
            seats.push(text(&joined["participant_id"]));
        }
        Self { session: id, code, players, seats }
    }

    /// All events of the session, as REST tells them.
    pub async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let path = format!("/api/v1/sessions/{}/events?after_seq={}&limit=200", self.session, events.len());
            let page = self.players[0].read(&path).await;
            let items = page["items"].as_array().expect("a list");
            if items.is_empty() {
                assert_eq!(page["last_seq"], events.len(), "the log ends where the session does");
                return events;
            }
            events.extend(items.iter().cloned());
        }
    }

    /// A ball for a player, as a command.
    pub fn ball(&self, player: usize, color: &str) -> Value {
        json!({"type": "pot_ball", "participant_id": self.seats[player], "color": color})
    }

    pub async fn start_game(&self) -> String {
        let path = format!("/api/v1/sessions/{}/games", self.session);
        text(&self.players[0].done(&path, json!({"order": self.seats})).await["id"])
    }

    pub async fn pot(&self, game: &str, player: usize, color: &str) -> Value {
        let command = json!({"type": "pot_ball", "participant_id": self.seats[player], "color": color});
        self.players[0].done(&format!("/api/v1/games/{game}/events"), command).await
    }

    pub async fn end(&self, game: &str) -> Value {
        self.players[0].done(&format!("/api/v1/games/{game}/end"), json!({})).await
    }

    pub async fn state(&self) -> Value {
        self.players[0].read(&format!("/api/v1/sessions/{}", self.session)).await
    }

    pub async fn balance(&self) -> Value {
        self.players[0].read(&format!("/api/v1/sessions/{}/balance", self.session)).await
    }

    /// The net of each player in an array of objects with `participant_id` and `net`.
    pub fn nets(&self, items: &Value) -> Vec<i64> {
        self.seats
            .iter()
            .map(|seat| {
                let items = items.as_array().unwrap_or_else(|| panic!("a list: {items}"));
                let item = items.iter().find(|item| item["participant_id"] == seat.as_str());
                item.unwrap_or_else(|| panic!("{seat} in {items:?}"))["net"].as_i64().expect("an integer")
            })
            .collect()
    }
}
