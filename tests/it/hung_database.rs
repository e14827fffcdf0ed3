//! A database that says nothing: the network takes every byte and brings none, connections stay open, nobody is told.
//! Whoever needs it hears so in time, and all goes on by itself when it answers again.

use std::time::{Duration, Instant};

use artel::database::{Database, Options};
use futures_util::SinkExt;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode, Url};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, Socket};
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::test_app::{PATIENCE, PostgresDatabase, TestApp, until};

/// Promised are 6 s; a slow machine has some more.
pub const REFUSED_WITHIN: Duration = Duration::from_secs(8);
/// The same where it is known already, at once.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);
/// Promised are 2 s.
const BACK_WITHIN: Duration = Duration::from_secs(5);

const ARGUMENTS: [&str; 4] = ["--commands-per-second", "100000", "--admin", "boss"];

/// Who asks for what, and with which body. `~`: what is in memory may be answered, in time.
const CALLS: &str = r#"
anna  post   /api/v1/games/{game}/events             {"type": "pot_ball", "participant_id": "{participant}", "color": "pink"}
anna  post   /api/v1/games/{game}/end                {}
anna  post   /api/v1/sessions                        {"name": "Saturday", "rules": "{rules}"}
anna  patch  /api/v1/sessions/{session}              {"name": "Sunday"}
anna  post   /api/v1/sessions/{session}/code         {}
boris post   /api/v1/sessions/join                   {"code": "{code}"}
anna  post   /api/v1/sessions/{session}/participants {"display_name": "Aunt"}
anna  post   /api/v1/sessions/{session}/share        {}
anna  get    /api/v1/sessions/{session}/shares       -
anna  get    /api/v1/sessions                        -
anna  ~get   /api/v1/sessions/{session}              -
anna  ~get   /api/v1/sessions/{session}/stream       -
anna  get    /api/v1/sessions/{session}/events       -
anna  ~get   /api/v1/sessions/{session}/balance      -
anna  ~get   /api/v1/sessions/{session}/games        -
anna  ~get   /api/v1/games/{game}                    -
anna  get    /api/v1/sessions/by-code/{code}         -
anna  get    /api/v1/users/me                        -
anna  patch  /api/v1/users/me                        {"display_name": "Anna"}
anna  get    /api/v1/users/me/export                 -
anna  get    /api/v1/users/me/logins                 -
anna  get    /api/v1/users                           -
none  post   /api/v1/auth/register                   {"username": "dora", "password": "correct horse"}
none  post   /api/v1/auth/login                      {"username": "{name}", "password": "correct horse"}
none  post   /api/v1/auth/refresh                    {"refresh_token": "{refresh}"}
anna  get    /api/v1/templates                       -
anna  post   /api/v1/templates                       {"name": "Mine", "category": "kolkhoz", "rules": "{rules}"}
anna  get    /api/v1/stats/users/{me}                -
anna  get    /api/v1/stats/users/{me}/games          -
anna  get    /api/v1/stats/leaderboard               -
anna  get    /api/v1/notifications                   -
anna  post   /api/v1/notifications/read-all          {}
anna  get    /api/v1/notifications/settings          -
boss  get    /api/v1/admin/audit                     -
boss  get    /api/v1/admin/dead-letters              -
"#;

/// A server whose way to PostgreSQL leads through a proxy.
pub struct Behind {
    pub app: TestApp,
    pub link: Proxy,
    pub _database: PostgresDatabase,
}

impl Behind {
    pub async fn start() -> Self {
        let database = PostgresDatabase::create();
        let mut url = Url::parse(&database.url()).expect("a URL");
        let link = Proxy::to(url.port().unwrap_or(5432)).await;
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(link.address.port())).expect("a port");
        let app = TestApp::start_on(url.as_str(), &ARGUMENTS).await;
        Self { app, link, _database: database }
    }
}

struct Asked {
    what: String,
    took: Duration,
    status: StatusCode,
    body: Value,
}

struct Call {
    what: String,
    player: Player,
    method: Method,
    path: String,
    body: Option<Value>,
    may_know: bool,
}

impl Call {
    async fn ask(&self) -> Asked {
        let (began, key) = (Instant::now(), Uuid::now_v7().to_string());
        let mut request = self.player.request(self.method.clone(), &self.path).header("idempotency-key", key);
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{}: {error}", self.what));
        let (took, status) = (began.elapsed(), answer.status());
        // A stream has no end.
        let body = if status.is_success() { Value::Null } else { answer.json().await.expect("JSON") };
        Asked { what: self.what.clone(), took, status, body }
    }
}

/// The calls with all names filled in.
fn calls(evening: &Evening, game: &str, me: &Value, boss: &Player) -> Vec<Call> {
    let [anna, boris] = [0, 1].map(|player: usize| evening.players[player].clone());
    let none = Player { token: None, ..anna.clone() };
    let rules = kolkhoz().to_string();
    let fill = |text: &str| {
        let names = [
            ("\"{rules}\"", rules.as_str()),
            ("{game}", game),
            ("{session}", &evening.session),
            ("{participant}", &evening.participants[0]),
            ("{code}", &evening.code),
            ("{me}", &anna.id),
            ("{name}", me["username"].as_str().expect("a name")),
            ("{refresh}", &anna.refresh),
        ];
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let call = |row: &str| {
        let mut words = row.split_whitespace();
        let [who, method, path] = [(); 3].map(|()| words.next().expect("who, how, where"));
        let (bare, body) = (method.trim_start_matches('~'), row.split_once(path).expect("a path").1.trim());
        Call {
            what: format!("{bare} {path}"),
            player: match who {
                "anna" => anna.clone(),
                "boris" => boris.clone(),
                "boss" => boss.clone(),
                _ => none.clone(),
            },
            method: bare.to_uppercase().parse().expect("a method"),
            path: fill(path),
            body: (body != "-").then(|| serde_json::from_str(&fill(body)).expect("JSON")),
            may_know: method.starts_with('~'),
        }
    };
    CALLS.lines().filter(|row| !row.is_empty()).map(call).collect()
}

/// All at once; each is refused within that time.
async fn all_refused(calls: &[Call], within: Duration) -> Duration {
    let asked = join_all(calls.iter().map(Call::ask)).await;
    let mut slowest = Duration::ZERO;
    let mut wrong = Vec::new();
    for (Asked { what, took, status, body }, call) in asked.iter().zip(calls) {
        slowest = slowest.max(*took);
        let is_refused = *status == StatusCode::SERVICE_UNAVAILABLE && body["code"] == "storage_unavailable";
        if !(is_refused || call.may_know && status.is_success()) || *took > within {
            wrong.push(format!("{what}: {status} after {took:?}: {body}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    slowest
}

/// What the readiness says, and how long it took to say so.
async fn readiness(app: &TestApp) -> (Vec<Value>, Duration) {
    let began = Instant::now();
    let answer = app.anonymous().request(Method::GET, "/health/ready").send().await.expect("an answer");
    let is_ready = answer.status() == StatusCode::OK;
    let health: Value = answer.json().await.expect("a body");
    let down = health["down"].as_array().cloned().unwrap_or_default();
    assert_eq!(is_ready, down.is_empty(), "{health}");
    (down, began.elapsed())
}

/// How long after `since` this server takes a ball again, and says that it is ready.
async fn is_back(app: &TestApp, evening: &Evening, game: &str, since: Instant) -> (Duration, Duration) {
    let (path, key) = (format!("/api/v1/games/{game}/events"), Uuid::now_v7());
    until("a ball is marked", async || {
        let (status, answer) = evening.players[0].post_with_key(&path, key, evening.ball(1, "yellow")).await;
        let is_refused = status == StatusCode::SERVICE_UNAVAILABLE && answer["code"] == "storage_unavailable";
        assert!(status.is_success() || is_refused, "{status}: {answer}");
        status.is_success().then_some(())
    })
    .await;
    let acked = since.elapsed();
    until("the server is ready", async || readiness(app).await.0.is_empty().then_some(())).await;
    (acked, since.elapsed())
}

/// What a frame of that id is answered. A socket that could not read its user's notifications is closed with 1013, which
/// is a refusal, too.
pub async fn answer_or_refusal(socket: &mut Socket, id: Uuid, frame: Value) -> Value {
    let refusal = json!({"type": "error", "code": "storage_unavailable"});
    if socket.stream.send(Message::Text(frame.to_string().into())).await.is_err() {
        return refusal;
    }
    loop {
        match socket.next_or_close().await {
            Ok(frame) if frame["id"] == id.to_string() => return frame,
            Ok(_) => {}
            Err(code) => {
                assert_eq!(code, Some(1013), "try again later");
                return refusal;
            }
        }
    }
}

pub fn white_ball(evening: &Evening, id: Uuid) -> Value {
    json!({"type": "command", "id": id, "session_id": evening.session, "command": evening.ball(0, "white")})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_is_refused_in_time_and_goes_on_by_itself() {
    let Behind { app, link, _database } = Behind::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let boss = app.player_named("boss").await;
    let game = evening.start_game().await;
    let me = evening.players[0].read("/api/v1/users/me").await;
    let calls = calls(&evening, &game, &me, &boss);
    let mut socket = evening.players[0].socket().await;
    let mut frames = Vec::new();
    for _ in 0..2 {
        frames.push(evening.players[1].socket().await);
    }
    assert_eq!(socket.command(&evening.session, evening.ball(0, "white")).await["type"], "ack");

    link.stall();
    let stalled = Instant::now();
    let [one, two] = frames.get_mut(..).expect("two") else { panic!("two") };
    let command = async {
        let id = Uuid::now_v7();
        let answer = answer_or_refusal(&mut socket, id, white_ball(&evening, id)).await;
        assert_eq!(answer["code"], "storage_unavailable", "{answer}");
        stalled.elapsed()
    };
    let subscription = async {
        let frame = json!({"type": "subscribe", "id": Uuid::nil(), "session_id": evening.session, "after_seq": 1});
        let answer = answer_or_refusal(one, Uuid::nil(), frame).await;
        assert!(answer["type"] == "subscribed" || answer["code"] == "storage_unavailable", "{answer}");
        stalled.elapsed()
    };
    let of_another = async {
        let frame = json!({"type": "subscribe", "id": Uuid::nil(), "session_id": Uuid::now_v7()});
        let answer = answer_or_refusal(two, Uuid::nil(), frame).await;
        assert_eq!(answer["code"], "storage_unavailable", "{answer}");
        stalled.elapsed()
    };
    let unready = async {
        until("the readiness names the database", async || (readiness(&app).await.0 == ["database"]).then_some(()))
            .await;
        stalled.elapsed()
    };
    let refused = all_refused(&calls, REFUSED_WITHIN);
    let (refused, command, subscription, of_another, unready) =
        tokio::join!(refused, command, subscription, of_another, unready);
    eprintln!(
        "silent: calls {refused:?}, a command {command:?}, subscriptions {subscription:?} and {of_another:?}, readiness {unready:?}"
    );
    for took in [command, subscription, of_another, unready] {
        assert!(took < REFUSED_WITHIN, "{took:?}");
    }
    // Now it is known.
    let refused = all_refused(&calls, KNOWN_WITHIN).await;
    let (down, unready) = readiness(&app).await;
    eprintln!("known to be silent: {refused:?}, readiness {unready:?}");
    assert_eq!(down, ["database"]);
    assert!(unready < KNOWN_WITHIN, "{unready:?}");
    assert_eq!(app.anonymous().get("/health/live").await.0, StatusCode::OK, "the process serves");

    link.heal();
    let (acked, ready) = is_back(&app, &evening, &game, Instant::now()).await;
    eprintln!("back: a command after {acked:?}, ready after {ready:?}");
    assert!(acked < BACK_WITHIN && ready < BACK_WITHIN, "{acked:?}, {ready:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_behind_a_socket_of_the_file_system_is_noticed_too() {
    let cluster = Cluster::start();
    let app = TestApp::start_on(&cluster.url_of_the_file_system(), &ARGUMENTS).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let (path, ball) = (format!("/api/v1/games/{game}/events"), evening.ball(0, "white"));
    cluster.freeze();
    let began = Instant::now();
    let (status, problem) = evening.players[0].post(&path, ball.clone()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("storage_unavailable")), "{problem}");
    let refused = began.elapsed();
    assert!(refused < REFUSED_WITHIN, "{refused:?}");
    let (down, _) = readiness(&app).await;
    assert_eq!(down, ["database"]);
    cluster.thaw();
    let (acked, ready) = is_back(&app, &evening, &game, Instant::now()).await;
    eprintln!("refused after {refused:?}, back after {acked:?}, ready after {ready:?}");
    assert!(acked < BACK_WITHIN && ready < BACK_WITHIN, "{acked:?}, {ready:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_refused_at_once_and_used_as_soon_as_it_is_up() {
    let cluster = Cluster::start();
    let app = TestApp::start_on(&cluster.url(), &ARGUMENTS).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let (path, ball) = (format!("/api/v1/games/{game}/events"), evening.ball(0, "white"));
    cluster.stop_immediately();
    let began = Instant::now();
    let mut refusals = Vec::new();
    for _ in 0..10 {
        let asked = Instant::now();
        let (status, problem) = evening.players[0].post(&path, ball.clone()).await;
        assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("storage_unavailable")), "{problem}");
        refusals.push(asked.elapsed());
    }
    let last = refusals.last().copied().unwrap_or_default();
    eprintln!("refused ten times within {:?}, the last time within {last:?}", began.elapsed());
    assert!(refusals.iter().all(|took| *took < REFUSED_WITHIN) && last < KNOWN_WITHIN, "{refusals:?}");
    cluster.restart();
    let (acked, ready) = is_back(&app, &evening, &game, Instant::now()).await;
    eprintln!("back after {acked:?}, ready after {ready:?}");
    assert!(acked < BACK_WITHIN && ready < BACK_WITHIN, "{acked:?}, {ready:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_query_is_not_taken_for_silence() {
    let postgres = PostgresDatabase::create();
    let database = Database::connect(&postgres.url(), Options::default()).await.expect("a database");
    let tx = database.begin_long_write().await.expect("a transaction");
    let (slow, beside) = tokio::join!(tx.execute_unprepared("SELECT pg_sleep(11)"), async {
        // Longer than silence, and longer than a statement may take that somebody waits for.
        for _ in 0..100 {
            database.ping().await.expect("an answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    slow.expect("it was not cut");
    let () = beside;
    tx.commit().await.expect("committed");
}

/// Each connection, whatever it is for, lets nobody wait for longer than that.
#[tokio::test]
async fn the_server_bounds_what_every_connection_may_hold_up() {
    let postgres = PostgresDatabase::create();
    let database = Database::connect(&postgres.url(), Options::default()).await.expect("a database");
    let setting = async |name: &str| {
        let statement = Statement::from_string(DbBackend::Postgres, format!("SELECT current_setting('{name}')"));
        let row = database.reader().query_one_raw(statement).await.expect("an answer").expect("a row");
        row.try_get_by_index::<String>(0).expect("a text")
    };
    for (name, value) in [
        ("lock_timeout", "3s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("tcp_keepalives_idle", "5"),
    ] {
        assert_eq!(setting(name).await, value, "{name}");
    }
    let tx = database.begin_write().await.expect("a transaction");
    tokio::time::sleep(Duration::from_secs(6)).await;
    tx.execute_unprepared("SELECT 1").await.expect_err("it was ended");
    assert!(tx.commit().await.is_err());
    database.ping().await.expect("the next connection is a new one");
    assert!(PATIENCE > Duration::from_secs(6));
}
