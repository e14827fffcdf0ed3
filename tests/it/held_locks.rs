//! Somebody holds a lock and does not go on: a node that is stopped within a transaction, a hand at the console. Others
//! wait for nothing, or for as long as the server lets them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::evening::kolkhoz;
use crate::player::Player;
use crate::test_app::{PostgresDatabase, Store, TestApp, artel, psql, signal, text, until};

const ARGUMENTS: [&str; 2] = ["--commands-per-second", "100000"];
/// Sessions of each node.
const SESSIONS: usize = 4;
const PAUSE: Duration = Duration::from_millis(15);
/// What the server lets a transaction wait that does nothing.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// A slow machine has some more.
const ROOM: Duration = Duration::from_secs(10);

/// Minutes by hand, seconds in a suite.
fn seconds(by_default: u64) -> Duration {
    let asked = std::env::var("ARTEL_TEST_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(by_default))
}

/// A session with a game in progress, and whom its balls are for.
#[derive(Clone)]
struct Table {
    session: String,
    participant: String,
}

impl Table {
    async fn open(creator: &Player) -> Self {
        let session = creator.done("/api/v1/sessions", json!({"name": "Friday", "rules": kolkhoz()})).await;
        let (id, participant) = (text(&session["id"]), text(&session["participants"][0]["id"]));
        let path = format!("/api/v1/sessions/{id}");
        let guest = creator.done(&format!("{path}/participants"), json!({"display_name": "Uncle"})).await;
        creator.done(&format!("{path}/games"), json!({"order": [participant, guest["id"]]})).await;
        Self { session: id, participant }
    }

    /// Marks until told to stop; answers when each ball was asked for and how long its ack took.
    fn play(&self, player: Player, stop: watch::Receiver<bool>) -> JoinHandle<Vec<(Instant, Duration)>> {
        let table = self.clone();
        tokio::spawn(async move {
            let (mut socket, mut acks) = (player.socket().await, Vec::new());
            while !*stop.borrow() {
                let asked = Instant::now();
                let ball = json!({"type": "pot_ball", "participant_id": table.participant, "color": "white"});
                let answer = socket.command(&table.session, ball).await;
                assert_eq!(answer["type"], "ack", "{answer}");
                acks.push((asked, asked.elapsed()));
                tokio::time::sleep(PAUSE).await;
            }
            acks
        })
    }
}

/// Two nodes, and tables of each.
struct Hall {
    nodes: [TestApp; 2],
    player: Player,
    tables: Vec<Table>,
}

impl Hall {
    async fn open() -> Self {
        let one = TestApp::start_with(Store::Rabbit, &ARGUMENTS).await;
        let two = one.another_node().await;
        let player = one.player("anna").await;
        let mut tables = Vec::new();
        for _ in 0..=2 * SESSIONS {
            tables.push(Table::open(&player).await);
        }
        Self { nodes: [one, two], player, tables }
    }

    fn on(&self, node: usize) -> Player {
        self.player.on(&self.nodes[node])
    }

    fn database(&self) -> String {
        self.nodes[0].postgres().expect("in PostgreSQL")
    }
}

/// The slowest of a hundred, and the slowest of all.
fn slowest(acks: &[(Instant, Duration)]) -> (Duration, Duration) {
    let mut took: Vec<Duration> = acks.iter().map(|(_, took)| *took).collect();
    took.sort();
    (took[took.len() * 99 / 100], took.last().copied().expect("some"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_held_holds_up_no_other_session() {
    let hall = Hall::open().await;
    let (held, others) = hall.tables.split_first().expect("tables");
    let (stop, stopped) = watch::channel(false);
    let playing: Vec<_> =
        others.iter().enumerate().map(|(number, table)| table.play(hall.on(number % 2), stopped.clone())).collect();
    let by_hand = sea_orm::Database::connect(hall.database()).await.expect("the database");
    let hand = by_hand.begin().await.expect("a transaction");
    let lock = format!("SELECT FROM session WHERE id = '{}' FOR UPDATE", held.session);
    hand.execute_unprepared(&lock).await.expect("the lock");
    let began = Instant::now();
    let mut sockets = [hall.on(0).socket().await, hall.on(1).socket().await];
    let mut refused = Vec::new();
    while began.elapsed() < seconds(7) {
        let ball = json!({"type": "pot_ball", "participant_id": held.participant, "color": "white"});
        let [one, two] = &mut sockets;
        let answers = tokio::join!(one.command(&held.session, ball.clone()), two.command(&held.session, ball));
        for answer in [answers.0, answers.1] {
            assert_eq!(answer["code"], "storage_unavailable", "{answer}");
        }
        refused.push(began.elapsed());
    }
    hand.rollback().await.expect("let go");
    let ball = json!({"type": "pot_ball", "participant_id": held.participant, "color": "white"});
    let free = Instant::now();
    until("the session goes on", async || {
        let mut socket = hall.on(0).socket().await;
        (socket.command(&held.session, ball.clone()).await["type"] == "ack").then_some(())
    })
    .await;
    let free = free.elapsed();
    stop.send_replace(true);
    let mut acks: [Vec<(Instant, Duration)>; 2] = Default::default();
    for (number, player) in playing.into_iter().enumerate() {
        acks[number % 2].extend(player.await.expect("all were acked").into_iter().filter(|(asked, _)| *asked > began));
    }
    for (node, acks) in acks.iter().enumerate() {
        let (p99, max) = slowest(acks);
        eprintln!("node {node}: {} acks, p99 {p99:?}, max {max:?}; free after {free:?}", acks.len());
        assert!(p99 < Duration::from_millis(900), "{p99:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_stopped_at_any_moment_holds_up_no_other_node() {
    let hall = Hall::open().await;
    let (stop, stopped) = watch::channel(false);
    // The sessions of the first node are played on the second one as well.
    let on_one: Vec<_> = hall.tables.iter().map(|table| table.play(hall.on(0), stopped.clone())).collect();
    let (stop_two, stopped_two) = watch::channel(false);
    let on_two: Vec<_> = hall.tables.iter().map(|table| table.play(hall.on(1), stopped_two.clone())).collect();
    let pid = hall.nodes[1].pid();
    let mut stops = Vec::new();
    let ends = Instant::now() + seconds(8);
    while Instant::now() < ends {
        tokio::time::sleep(Duration::from_micros(rand::random_range(300_000..600_000))).await;
        signal(pid, "STOP");
        let began = Instant::now();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        signal(pid, "CONT");
        stops.push((began, Instant::now()));
    }
    stop_two.send_replace(true);
    stop.send_replace(true);
    let mut acks = Vec::new();
    for player in on_one {
        acks.extend(player.await.expect("all were acked"));
    }
    for player in on_two {
        player.await.expect("all were acked");
    }
    let during = |(asked, _): &(Instant, Duration)| stops.iter().any(|(began, end)| began <= asked && asked < end);
    let during: Vec<(Instant, Duration)> = acks.into_iter().filter(during).collect();
    let (p99, max) = slowest(&during);
    eprintln!("{} stops: {} acks, p99 {p99:?}, max {max:?}", stops.len(), during.len());
    assert!(during.len() > 2 * stops.len(), "the other node goes on");
    assert!(max < Duration::from_secs(3), "{max:?}");
}

/// A connection of the server's to this database is in that state.
async fn is_there(database: &str, state: &str) {
    until(state, async || {
        let question = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {state}");
        let output = Command::new("psql").args([database, "-Atqc", &question]).output().expect("psql");
        (output.stdout.trim_ascii() != b"0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_stopped_within_a_transaction_loses_its_locks() {
    let app = TestApp::start_with(Store::Postgres, &ARGUMENTS).await;
    let database = app.postgres().expect("in PostgreSQL");
    let anna = app.player("anna").await;
    let name = text(&anna.read("/api/v1/users/me").await["username"]);
    // A login waits in the middle of its transaction, is stopped there, and gets its lock.
    let by_hand = sea_orm::Database::connect(&database).await.expect("the database");
    let hand = by_hand.begin().await.expect("a transaction");
    hand.execute_unprepared(&format!("SELECT FROM \"user\" WHERE id = '{}' FOR UPDATE", anna.id))
        .await
        .expect("the lock");
    let login = tokio::spawn({
        let (anonymous, body) = (app.anonymous(), json!({"username": name, "password": "correct horse"}));
        async move { anonymous.post("/api/v1/auth/login", body).await }
    });
    is_there(&database, "wait_event_type = 'Lock'").await;
    app.signal("STOP");
    hand.rollback().await.expect("let go");
    let began = Instant::now();
    is_there(&database, "state = 'idle in transaction'").await;
    let change = format!("UPDATE \"user\" SET display_name = 'Anna' WHERE id = '{}'", anna.id);
    psql(&database, &change);
    let waited = began.elapsed();
    eprintln!("the lock of a stopped node was free after {waited:?}");
    assert!(waited < IDLE_MAX + ROOM, "{waited:?}");
    app.signal("CONT");
    let (status, answer) = login.await.expect("an answer");
    assert!(status == 503 && answer["code"] == "storage_unavailable" || status == 200, "{status} {answer}");
    anna.read("/api/v1/users/me").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_stopped_within_a_migration_keeps_no_other_from_starting() {
    let postgres = PostgresDatabase::create();
    let url = postgres.url();
    psql(&url, "CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint NOT NULL)");
    let by_hand = sea_orm::Database::connect(&url).await.expect("the database");
    let hand = by_hand.begin().await.expect("a transaction");
    // Of the steps that are done it may read, but note none.
    hand.execute_unprepared("LOCK TABLE seaql_migrations IN SHARE MODE").await.expect("the lock");
    let mut migrating = artel();
    migrating.args(["migrate", "--database-url", &url, "--jwt-secret", "a secret of the tests, long enough for it"]);
    let mut migrating = migrating.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("run");
    is_there(&url, "wait_event_type = 'Lock'").await;
    signal(migrating.id(), "STOP");
    hand.rollback().await.expect("let go");
    is_there(&url, "state = 'idle in transaction'").await;
    let began = Instant::now();
    let second = artel()
        .args(["migrate", "--database-url", &url, "--jwt-secret", "a secret of the tests, long enough for it"])
        .spawn()
        .expect("run");
    let second = tokio::task::spawn_blocking(move || second.wait_with_output());
    let done =
        tokio::time::timeout(IDLE_MAX + 2 * ROOM, second).await.expect("in time").expect("joined").expect("ended");
    eprintln!("the second one was done after {:?}", began.elapsed());
    assert!(done.status.success());
    signal(migrating.id(), "CONT");
    // The first one was ended in the middle, and says so.
    let ended = tokio::task::spawn_blocking(move || migrating.wait().expect("a process"));
    tokio::time::timeout(ROOM, ended).await.expect("in time").expect("joined");
}
