//! Whoever has seen an event on one node never hears an older state on another one, whatever that one can't reach.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::proxy::Proxy;
use crate::test_app::{Store, TestApp, until_for};

/// A node that reaches neither the database nor the broker, after it has seen the beginning of an evening.
struct CutOff {
    node: TestApp,
    database: Proxy,
    broker: Proxy,
}

impl CutOff {
    async fn beside(one: &TestApp) -> Self {
        let url = one.postgres().expect("in PostgreSQL");
        let (server, name) = url.trim_start_matches("postgres://").split_once('/').expect("a database");
        let (user, server) = server.rsplit_once('@').expect("a user");
        let port = server.rsplit_once(':').expect("a port").1.parse().expect("a number");
        let database = Proxy::to(port).await;
        let amqp_url = one.amqp_url().expect("a broker");
        let (server, vhost) = amqp_url.rsplit_once('/').expect("a virtual host");
        let (user_there, server) = server.rsplit_once('@').expect("a user");
        let port = server.rsplit_once(':').map_or(5_672, |(_, port)| port.parse().expect("a number"));
        let broker = Proxy::to(port).await;
        let amqp_url = format!("{user_there}@{}/{vhost}", broker.address);
        let database_url = format!("postgres://{user}@{}/{name}", database.address);
        let node = TestApp::start_on(&database_url, &["--amqp-url", &amqp_url]).await;
        Self { node, database, broker }
    }

    fn cut(&self) {
        self.broker.refuse();
        self.database.refuse();
    }
}

/// What is answered to somebody who has seen everything up to `head`.
async fn reads(player: &Player, evening: &Evening, head: i64) -> Vec<(&'static str, StatusCode, Value)> {
    let mut answers = Vec::new();
    for (what, path) in [("session", ""), ("balance", "/balance"), ("events", "/events"), ("preview", "/preview")] {
        let (status, body) = player.get(&evening.path(path)).await;
        answers.push((what, status, body));
    }
    let stream = player.request(Method::GET, &evening.path("/stream")).header("last-event-id", head);
    let response = stream.send().await.expect("an answer");
    let status = response.status();
    let body = if status == StatusCode::OK { json!("a stream") } else { response.json().await.expect("a problem") };
    answers.push(("stream", status, body));
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_read_the_log_says_so_and_tells_nothing_older() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    let two = CutOff::beside(&one).await;
    let evening = Evening::open(&one, &["anna", "boris"], kolkhoz()).await;
    let there = evening.players[0].on(&two.node);
    let mut listening = there.socket().await;
    listening.subscribe(&evening.session, None).await;
    let mut socket = there.socket().await;
    // What waits for the user is read when his socket opens or something is new, and one that is cut in this closes: these
    // are open, and have told all of the first game.
    let first = evening.start_game().await;
    evening.pot(&first, 0, "white").await;
    evening.end(&first).await;
    for open in [&mut listening, &mut socket] {
        // The game, and the achievements of a first game and of a first win.
        for _ in 0..3 {
            open.next_of("notification").await;
        }
    }
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    for (what, status, body) in reads(&there, &evening, 1).await {
        assert_eq!(status, StatusCode::OK, "{what}: {body}");
    }

    two.cut();
    evening.pot(&game, 1, "white").await;
    let head = evening.state().await["seq"].as_i64().unwrap();
    for (what, status, body) in reads(&there, &evening, head).await {
        assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("storage_unavailable")), "{what}");
    }
    for after in [None, Some(1), Some(head)] {
        let id = Uuid::new_v4();
        let asked = json!({"type": "subscribe", "id": id, "session_id": evening.session, "after_seq": after});
        socket.send(asked).await;
        let answer = socket.answer(id).await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("storage_unavailable")), "{answer}");
    }

    two.database.heal();
    two.broker.heal();
    until_for(Duration::from_secs(30), "the node reads again", async || {
        let answers = reads(&there, &evening, head).await;
        answers.iter().all(|(_, status, _)| *status == StatusCode::OK).then_some(())
    })
    .await;
    let state = there.read(&evening.path("")).await;
    assert_eq!(state["seq"], head);
    let answer = socket.subscribe(&evening.session, Some(head)).await;
    assert_eq!((&answer["seq"], &answer["events"]), (&json!(head), &json!([])), "{answer}");
    // Who listened all the while hears what was stored meanwhile.
    while listening.next().await["event"]["seq"] != head {}
}
