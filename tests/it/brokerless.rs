//! Sockets hear what other nodes store also while the broker, or the way to it, is away.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::broker::Broker;
use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::proxy::Proxy;
use crate::test_app::{Store, TestApp, rounds, until};

/// A watcher who hears nothing else for long hears that the node lives.
const ARGUMENTS: [&str; 2] = ["--heartbeat-seconds", "5"];
const BALLS: usize = 20;
/// A second and a half are promised; the machine of the tests may have other things to do.
const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// A player on one node and a watcher on another.
struct Table {
    evening: Evening,
    game: String,
    watching: JoinHandle<Vec<i64>>,
    /// When the watcher heard which event.
    heard: mpsc::UnboundedReceiver<(i64, Instant)>,
    /// The last event before the watcher came.
    first: i64,
    /// The last one that was played.
    last: i64,
}

impl Table {
    async fn open(one: &TestApp, two: &TestApp) -> Self {
        let evening = Evening::open(one, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let mut socket = evening.players[1].on(two).socket().await;
        let first = socket.subscribe(&evening.session, None).await["seq"].as_i64().expect("a number");
        let mut anna = evening.players[0].on(one).socket().await;
        anna.subscribe(&evening.session, None).await;
        // The other player watches on the first node.
        tokio::spawn(async move { while anna.next_or_close().await.is_ok() {} });
        let (said, heard) = mpsc::unbounded_channel();
        let watching = tokio::spawn(async move {
            let mut told = Vec::new();
            loop {
                let frame = socket.next_of("event").await;
                let seq = frame["seq"].as_i64().expect("a number");
                told.push(seq);
                if said.send((seq, Instant::now())).is_err() {
                    return told;
                }
            }
        });
        Self { evening, game, watching, heard, first, last: first }
    }

    /// Balls at any time of a second; how long after its answer each was heard, sorted.
    async fn play(&mut self, balls: usize) -> Vec<Duration> {
        let mut took = Vec::new();
        for n in 0..balls {
            let event = self.evening.pot(&self.game, n % 2, "white").await;
            let acked = Instant::now();
            self.last = event["seq"].as_i64().expect("a number");
            loop {
                let heard = tokio::time::timeout(Duration::from_secs(30), self.heard.recv());
                let (seq, at) = heard.await.expect("heard in time").expect("a watcher");
                if seq == self.last {
                    took.push(at.saturating_duration_since(acked));
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..1_000))).await;
        }
        took.sort();
        eprintln!("median {:?}, p99 {:?}, of {balls}", took[balls / 2], took[balls * 99 / 100]);
        took
    }

    /// The watcher was told each event once and in order.
    async fn close(mut self) {
        self.heard.close();
        self.evening.pot(&self.game, 0, "white").await;
        let told = self.watching.await.expect("it watched");
        assert_eq!(told, (self.first + 1..=self.last + 1).collect::<Vec<_>>());
    }
}

fn assert_quick(took: &[Duration]) {
    let nearly_all = took[took.len() * 9 / 10];
    assert!(nearly_all < HEARD_WITHIN, "{took:?}");
}

async fn until_ready(node: &TestApp, is_ready: bool) {
    let anonymous: Player = node.anonymous();
    until(&format!("ready: {is_ready}"), async || {
        let answer = anonymous.http.get(format!("{}/health/ready", node.base)).send().await.expect("an answer");
        (answer.status().is_success() == is_ready).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_sockets_hear_other_nodes_within_a_second() {
    let broker = Broker::start().await;
    let url = broker.url();
    let one = TestApp::start_with(Store::Postgres, &[&ARGUMENTS[..], &["--amqp-url", &url]].concat()).await;
    let two = one.another_node().await;
    let mut table = Table::open(&one, &two).await;
    table.play(5).await;
    broker.kill();
    until_ready(&two, false).await;
    assert_quick(&table.play(rounds() * BALLS).await);
    broker.restart().await;
    for node in [&one, &two] {
        until_ready(node, true).await;
    }
    // What was published late changes nothing.
    table.play(5).await;
    table.close().await;
}

/// One of two nodes has its broker behind a network that goes silent.
async fn with_a_silent_network(of_the_player: bool) {
    let broker = Broker::start().await;
    let proxy = Proxy::to(broker.port).await;
    let (direct, through) = (broker.url(), format!("amqp://guest:guest@{}", proxy.address));
    let (first, second) = if of_the_player { (&through, &direct) } else { (&direct, &through) };
    let one = TestApp::start_with(Store::Postgres, &[&ARGUMENTS[..], &["--amqp-url", first]].concat()).await;
    let database = one.postgres().expect("in PostgreSQL");
    let two = TestApp::start_on(&database, &[&ARGUMENTS[..], &["--amqp-url", second]].concat()).await;
    let mut table = Table::open(&one, &two).await;
    table.play(5).await;
    proxy.stall();
    // It is noticed by what does not come, before the connection is given up.
    table.play(1).await;
    assert_quick(&table.play(BALLS).await);
    // Long enough for who is silent to be taken for gone; but both live, and that is seen elsewhere.
    for node in [&one, &two] {
        let state = table.evening.players[0].on(node).read(&table.evening.path("")).await;
        let participants = state["participants"].as_array().expect("places");
        assert!(participants.iter().all(|participant| participant["is_online"] == true), "{state}");
    }
    proxy.heal();
    for node in [&one, &two] {
        until_ready(node, true).await;
    }
    table.play(5).await;
    table.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_nothing_looks_by_itself() {
    with_a_silent_network(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_can_tell_nothing_is_looked_at() {
    with_a_silent_network(true).await;
}

/// Longer than whoever is silent is taken for gone.
const STOPPED_FOR: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_stopped_and_lost_the_broker_is_found_in_the_database() {
    let broker = Broker::start().await;
    let proxy = Proxy::to(broker.port).await;
    let (direct, through) = (broker.url(), format!("amqp://guest:guest@{}", proxy.address));
    let two = TestApp::start_with(Store::Postgres, &[&ARGUMENTS[..], &["--amqp-url", &direct]].concat()).await;
    let database = two.postgres().expect("in PostgreSQL");
    let one = TestApp::start_on(&database, &[&ARGUMENTS[..], &["--amqp-url", &through]].concat()).await;
    let mut table = Table::open(&one, &two).await;
    table.play(5).await;
    one.signal("STOP");
    tokio::time::sleep(STOPPED_FOR).await;
    proxy.stall();
    one.signal("CONT");
    table.play(1).await;
    assert_quick(&table.play(BALLS).await);
    proxy.heal();
    until_ready(&one, true).await;
    table.play(5).await;
    table.close().await;
}
