//! The storage goes away and comes back: meanwhile nothing is acked and everybody is told so, afterwards everything
//! works as before, and what was acked is there once.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Socket;
use crate::postgres::Cluster;
use crate::test_app::{TestApp, until};

/// The storage fails, and then works again.
trait Fault {
    /// A check that only asks whether the storage answers finds it.
    const ANSWERS_NOTHING: bool;
    fn begin(&self);
    fn end(&self);
}

struct FullDisk<'a>(&'a TestApp);

impl Fault for FullDisk<'_> {
    // SQLite still reads.
    const ANSWERS_NOTHING: bool = false;

    fn begin(&self) {
        self.0.limit_files(Some(4_096));
    }

    fn end(&self) {
        self.0.limit_files(None);
    }
}

impl Fault for Cluster {
    const ANSWERS_NOTHING: bool = true;

    fn begin(&self) {
        self.stop_immediately();
    }

    fn end(&self) {
        self.restart();
    }
}

/// Marks one ball after the other; what the storage refuses is asked again under its own id. Answers which commands
/// were acked, with their events, and how often the storage was away.
async fn mark(mut socket: Socket, evening: Participation, stop: watch::Receiver<bool>) -> (BTreeMap<Uuid, i64>, u32) {
    let (mut acked, mut refused) = (BTreeMap::new(), 0);
    while !*stop.borrow() {
        let id = Uuid::now_v7();
        loop {
            let command = json!({"type": "pot_ball", "participant_id": evening.participant, "color": "white"});
            let answer = socket.command_with_id(id, &evening.session, command).await;
            if answer["type"] == "ack" {
                assert_eq!(answer["events"].as_array().unwrap().len(), 1, "{answer}");
                acked.insert(id, answer["events"][0]["seq"].as_i64().unwrap());
                break;
            }
            assert_eq!(answer["code"], "storage_unavailable", "{answer}");
            refused += 1;
        }
    }
    (acked, refused)
}

struct Participation {
    session: String,
    participant: String,
}

async fn survives<F: Fault>(app: &TestApp, fault: &F) {
    let evening = Evening::open(app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let participant = |player: usize| Participation {
        session: evening.session.clone(),
        participant: evening.participants[player].clone(),
    };
    let (stop, stopped) = watch::channel(false);
    let mut watcher = evening.players[1].socket().await;
    watcher.subscribe(&evening.session, Some(0)).await;
    let mut marking = Vec::new();
    for player in 0..2 {
        // Both are the creator's, who may mark for everybody.
        let socket = evening.players[0].socket().await;
        marking.push(tokio::spawn(mark(socket, participant(player), stopped.clone())));
    }
    for _ in 0..30 {
        watcher.next_of("event").await;
    }

    fault.begin();
    let path = format!("/api/v1/games/{game}/events");
    let problem = until("a command over REST is refused", || async {
        let (status, body) = evening.players[0].post(&path, evening.ball(0, "pink")).await;
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(body)
    })
    .await;
    assert_eq!(problem["code"], "storage_unavailable", "{problem}");
    let request = evening.players[0].request(reqwest::Method::POST, &path).json(&evening.ball(0, "pink"));
    let answer = request.send().await.expect("the server lives");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let created = json!({"name": "another", "rules": kolkhoz()});
    let (status, body) = evening.players[1].post("/api/v1/sessions", created.clone()).await;
    assert_eq!((status.as_u16(), &body["code"]), (503, &json!("storage_unavailable")), "{body}");
    assert_eq!(app.anonymous().get("/health/live").await.0, StatusCode::OK, "the process serves");
    if F::ANSWERS_NOTHING {
        let (status, health) = ready(app).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
        assert_eq!(health["down"], json!(["database"]));
    }

    fault.end();
    until("the server is ready again", || async { ready(app).await.0.is_success().then_some(()) }).await;
    let after = until("a ball is marked again", || async {
        let (status, body) = evening.players[0].post(&path, evening.ball(1, "yellow")).await;
        status.is_success().then(|| body["seq"].as_i64().unwrap())
    })
    .await;
    until("sessions can be opened again", || async {
        let (status, _) = evening.players[1].post("/api/v1/sessions", created.clone()).await;
        status.is_success().then_some(())
    })
    .await;
    // The watcher's socket outlived it all and hears what came after.
    while watcher.next_of("event").await["seq"].as_i64().unwrap() < after {}
    stop.send_replace(true);
    let mut refused = 0;
    let log = until("the log can be read", || async { Some(evening.events().await) }).await;
    for marker in marking {
        let (acked, refusals) = marker.await.expect("no marker found anything wrong");
        refused += refusals;
        let log = evening.events().await;
        for (id, seq) in acked {
            let mine: Vec<&Value> = log.iter().filter(|event| event["command_id"] == id.to_string()).collect();
            assert_eq!(mine.len(), 1, "{id} is in the log once");
            assert_eq!(mine[0]["seq"], seq, "{id}");
        }
    }
    assert!(refused > 0, "the markers heard of it");
    for (event, seq) in log.iter().zip(1..) {
        assert_eq!(event["seq"], seq);
    }
    evening.end(&game).await;
    let nets = evening.nets(&evening.balance().await["participants"]);
    for (player, net) in evening.players.iter().zip(nets) {
        until("the statistics follow", || async {
            let totals = player.read(&format!("/api/v1/stats/users/{}", player.id)).await["totals"].clone();
            (totals["nets"]["RUB"] == net && totals["games"] == 1).then_some(())
        })
        .await;
    }
    let replay = app.command(&["replay", &evening.session]);
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stdout));
}

async fn ready(app: &TestApp) -> (StatusCode, Value) {
    let answer = app.anonymous().request(reqwest::Method::GET, "/health/ready").send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_commands_and_loses_nothing() {
    // The log is on the full disk as well, which must not be the end of anybody who has something to say.
    let app = TestApp::start_limitable(&["--commands-per-second", "100000", "--log", "debug"]).await;
    survives(&app, &FullDisk(&app)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_dies_and_comes_back_loses_nothing() {
    let cluster = Cluster::start();
    let app = TestApp::start_on(&cluster.url(), &["--commands-per-second", "100000"]).await;
    survives(&app, &cluster).await;
}
