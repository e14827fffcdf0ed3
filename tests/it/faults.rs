//! Two nodes over PostgreSQL and RabbitMQ under load, and everything that can break, broken. Whatever happens: no
//! acknowledged event is lost or there twice, every socket hears each event once and in order (the markers see to that
//! as they play), statistics and balances are those of the log, the outbox drains, presence is right.
//!
//! `ARTEL_TEST_ROUNDS` says how often in a row a node is killed and a broker is stopped; once where it says nothing.

use std::process::Command;
use std::time::Duration;

use artel::messaging::topology::EVENTS;
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use rand::seq::SliceRandom;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::broker::Broker;
use crate::evening::{Evening, kolkhoz};
use crate::marker::{Marker, assert_settled, assert_whole};
use crate::player::Socket;
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::test_app::{Store, TestApp, rounds, until, until_for};

const ARGUMENTS: [&str; 2] = ["--commands-per-second", "100000"];
const EVENINGS: usize = 3;
/// Of each player, after each answer.
const PAUSE: Duration = Duration::from_millis(40);
const CATCH_UP: Duration = Duration::from_secs(180);
/// Acks between two things that happen.
const SOME: usize = 300;

/// Two nodes and who plays there.
struct Club {
    nodes: [TestApp; 2],
    evenings: Vec<Evening>,
    markers: Vec<Vec<Marker>>,
}

/// Players at work.
struct Load {
    stop: watch::Sender<bool>,
    acks: mpsc::UnboundedReceiver<()>,
    playing: Vec<Vec<JoinHandle<Marker>>>,
}

impl Club {
    async fn open() -> Self {
        let one = TestApp::start_with(Store::Rabbit, &ARGUMENTS).await;
        let two = one.another_node().await;
        Self::of(one, two).await
    }

    /// With a broker that the test may disturb.
    async fn over(broker: &Broker) -> Self {
        let url = broker.url();
        let arguments = [&ARGUMENTS[..], &["--amqp-url", &url]].concat();
        let one = TestApp::start_with(Store::Postgres, &arguments).await;
        let two = one.another_node().await;
        Self::of(one, two).await
    }

    async fn of(one: TestApp, two: TestApp) -> Self {
        let (mut evenings, mut markers) = (Vec::new(), Vec::new());
        for _ in 0..EVENINGS {
            let evening = Evening::open(&one, &["anna", "boris", "clara"], kolkhoz()).await;
            markers.push(Marker::all_of(&evening, &[&one.base, &two.base], PAUSE).await);
            evenings.push(evening);
        }
        Self { nodes: [one, two], evenings, markers }
    }

    /// Has everybody play.
    async fn play(&mut self) -> Load {
        let (stop, stopped) = watch::channel(false);
        let (said, acks) = mpsc::unbounded_channel();
        let play = |marker: Marker| tokio::spawn(marker.play(stopped.clone(), said.clone()));
        let playing = self.markers.drain(..).map(|markers| markers.into_iter().map(play).collect()).collect();
        let mut load = Load { stop, acks, playing };
        load.acked(SOME).await;
        load
    }

    /// Some more is played, then nothing is asked any more, and everything has to be right.
    async fn settle(&mut self, mut load: Load) {
        load.acked(SOME).await;
        load.stop.send_replace(true);
        for playing in load.playing {
            let mut markers = Vec::new();
            for player in playing {
                markers.push(player.await.expect("no player found anything wrong"));
            }
            self.markers.push(markers);
        }
        let [one, two] = &self.nodes;
        for (evening, markers) in self.evenings.iter().zip(&self.markers) {
            let log = evening.events().await;
            assert_whole(&log, markers);
            let elsewhere = Evening { players: vec![evening.players[0].on(two)], ..evening.clone() };
            assert_eq!(elsewhere.events().await, log, "both nodes tell the same");
            assert_settled(evening).await;
            let replay = one.command(&["replay", &evening.session]);
            assert!(replay.status.success(), "{replay:?}");
        }
        let database = one.postgres().expect("in PostgreSQL");
        let others = "SELECT count(*) FROM outbox";
        let events = "SELECT count(*) FROM event JOIN writer ON writer.id = event.writer_id \
                      WHERE event.position > writer.published";
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            looks.tick().await;
            let waiting = (count(&database, events), count(&database, others));
            if waiting == (0, 0) {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "events and other messages that wait: {waiting:?}");
        }
        assert_eq!(count(&database, "SELECT count(*) FROM dead_letter"), 0, "no message was given up");
        self.assert_presence().await;
    }

    /// Who is connected is online on both nodes, and nobody else.
    async fn assert_presence(&self) {
        for evening in &self.evenings {
            let mut sockets = Vec::new();
            for (player, node) in evening.players.iter().zip(&self.nodes) {
                let mut socket: Socket = player.on(node).socket().await;
                socket.subscribe(&evening.session, None).await;
                sockets.push(socket);
            }
            for node in &self.nodes {
                let player = evening.players[0].on(node);
                until("presence is right", async || {
                    let session = player.read(&format!("/api/v1/sessions/{}", evening.session)).await;
                    let participants = session["participants"].as_array().unwrap();
                    let online: Vec<bool> =
                        participants.iter().map(|participant| participant["is_online"] == true).collect();
                    (online == [true, true, false]).then_some(())
                })
                .await;
            }
        }
    }
}

impl Load {
    /// Waits until so many more are acknowledged.
    async fn acked(&mut self, count: usize) {
        while self.acks.try_recv().is_ok() {}
        for _ in 0..count {
            let ack = tokio::time::timeout(Duration::from_secs(60), self.acks.recv()).await;
            ack.expect("commands are acknowledged").expect("players who play");
        }
    }
}

fn count(database: &str, query: &str) -> i64 {
    let output = Command::new("psql").args([database, "-Atqc", query]).output().expect("psql is installed by ./test");
    let number = String::from_utf8_lossy(&output.stdout);
    number.trim().parse().unwrap_or_else(|_| panic!("{query}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What is down, by a node's own word.
async fn down(node: &TestApp) -> Vec<Value> {
    let answer = node.anonymous().http.get(format!("{}/health/ready", node.base)).send().await.expect("an answer");
    let is_ready = answer.status() == StatusCode::OK;
    let health: Value = answer.json().await.expect("a body");
    let down = health["down"].as_array().cloned().unwrap_or_default();
    assert_eq!(is_ready, down.is_empty(), "{health}");
    down
}

/// A silent connection is given up after some time-outs, one after the other, and a busy machine adds to each.
const NOTICED_WITHIN: Duration = Duration::from_secs(120);

async fn until_down(node: &TestApp, what: &[&str]) {
    let is_so = async || (down(node).await == what).then_some(());
    until_for(NOTICED_WITHIN, &format!("down: {what:?}"), is_so).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_killed() {
    for round in 1..=rounds() {
        eprintln!("round {round}");
        let mut club = Club::open().await;
        let mut load = club.play().await;
        club.nodes[1].kill();
        load.acked(SOME).await;
        club.nodes[1].restart().await;
        club.settle(load).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_stopped_for_ten_seconds() {
    let broker = Broker::start().await;
    for round in 1..=rounds() {
        eprintln!("round {round}");
        let mut club = Club::over(&broker).await;
        let mut load = club.play().await;
        broker.stop();
        let stopped = tokio::time::Instant::now();
        load.acked(SOME).await;
        until_down(&club.nodes[0], &["broker"]).await;
        tokio::time::sleep_until(stopped + Duration::from_secs(10)).await;
        broker.restart().await;
        until_down(&club.nodes[0], &[]).await;
        club.settle(load).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_killed() {
    let broker = Broker::start().await;
    let mut club = Club::over(&broker).await;
    let mut load = club.play().await;
    broker.kill();
    load.acked(SOME).await;
    broker.restart().await;
    club.settle(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_short_of_memory() {
    let broker = Broker::start().await;
    let mut club = Club::over(&broker).await;
    let mut load = club.play().await;
    broker.alarm(true).await;
    load.acked(SOME).await;
    until_down(&club.nodes[0], &["broker"]).await;
    load.acked(SOME).await;
    broker.alarm(false).await;
    until_down(&club.nodes[0], &[]).await;
    club.settle(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_restarted() {
    let cluster = Cluster::start();
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let arguments = [&ARGUMENTS[..], &["--amqp-url", &url]].concat();
    let one = TestApp::start_on(&cluster.url(), &arguments).await;
    let two = one.another_node().await;
    let mut club = Club::of(one, two).await;
    let mut load = club.play().await;
    cluster.stop_immediately();
    until_down(&club.nodes[1], &["database"]).await;
    cluster.restart();
    load.acked(SOME).await;
    club.settle(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_between_a_node_and_the_broker_goes_silent() {
    let broker = Broker::start().await;
    let proxy = Proxy::to(broker.port).await;
    let direct = broker.url();
    let one = TestApp::start_with(Store::Postgres, &[&ARGUMENTS[..], &["--amqp-url", &direct]].concat()).await;
    let through = format!("amqp://guest:guest@{}", proxy.address);
    let database = one.postgres().expect("in PostgreSQL");
    let two = TestApp::start_on(&database, &[&ARGUMENTS[..], &["--amqp-url", &through]].concat()).await;
    let mut club = Club::of(one, two).await;
    let mut load = club.play().await;
    proxy.stall();
    load.acked(SOME).await;
    // The connection says nothing; the silence is noticed all the same.
    until_down(&club.nodes[1], &["broker"]).await;
    assert!(down(&club.nodes[0]).await.is_empty());
    load.acked(SOME).await;
    proxy.heal();
    until_down(&club.nodes[1], &[]).await;
    club.settle(load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_of_a_node_is_a_minute_off() {
    for clock in ["+60s", "-60s"] {
        let one = TestApp::start_with(Store::Rabbit, &ARGUMENTS).await;
        let two = one.another_node_with_clock(clock).await;
        let mut club = Club::of(one, two).await;
        let mut load = club.play().await;
        // Whoever logged in on one node is known on the other.
        let there = club.nodes[1].player("dora").await;
        there.on(&club.nodes[0]).read("/api/v1/users/me").await;
        load.acked(SOME).await;
        club.nodes[1].kill();
        load.acked(SOME).await;
        club.nodes[1].restart().await;
        club.settle(load).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_comes_again_and_in_another_order() {
    let mut club = Club::open().await;
    let noise = Noise::on(&club.nodes[0]).await;
    let mut load = club.play().await;
    load.acked(2 * SOME).await;
    club.settle(load).await;
    let again = noise.finish().await;
    assert!(again > 2_000, "{again} messages came again");
    // What came late changed nothing.
    for evening in &club.evenings {
        assert_settled(evening).await;
    }
}

/// Publishes everything that it hears twice more, shuffled.
struct Noise {
    stop: watch::Sender<bool>,
    running: JoinHandle<usize>,
}

const COPY: &str = "test-copy";

impl Noise {
    async fn on(app: &TestApp) -> Self {
        let url = app.amqp_url().expect("a server with a broker");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let declared = channel.queue_declare("".into(), QueueDeclareOptions::exclusive(), FieldTable::default()).await;
        let queue = declared.unwrap().name().clone();
        let none = FieldTable::default;
        channel
            .queue_bind(queue.clone(), EVENTS.into(), "#".into(), QueueBindOptions::default(), none())
            .await
            .unwrap();
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let mut consumer = channel.basic_consume(queue, "".into(), options, none()).await.unwrap();
        let (stop, mut stopped) = watch::channel(false);
        let running = tokio::spawn(async move {
            let (mut heard, mut count) = (Vec::new(), 0);
            loop {
                let mut tick = std::pin::pin!(tokio::time::sleep(Duration::from_millis(100)));
                loop {
                    tokio::select! {
                        Some(delivery) = consumer.next() => {
                            let delivery = delivery.unwrap();
                            let headers = delivery.properties.headers().clone().unwrap_or_default();
                            if !headers.inner().contains_key(COPY) {
                                heard.push(delivery);
                            }
                        }
                        () = &mut tick => break,
                        _ = stopped.changed() => break,
                    }
                }
                for _ in 0..2 {
                    heard.shuffle(&mut rand::rng());
                    for delivery in &heard {
                        let mut headers = delivery.properties.headers().clone().unwrap_or_default();
                        headers.insert(COPY.into(), AMQPValue::Boolean(true));
                        let properties = delivery.properties.clone().with_headers(headers);
                        let (key, options) = (delivery.routing_key.clone(), BasicPublishOptions::default());
                        channel.basic_publish(EVENTS.into(), key, options, &delivery.data, properties).await.unwrap();
                        count += 1;
                    }
                }
                heard.clear();
                if *stopped.borrow() {
                    let _ = connection.close(200, "done".into()).await;
                    return count;
                }
            }
        });
        Self { stop, running }
    }

    /// Answers how many messages it published.
    async fn finish(self) -> usize {
        self.stop.send_replace(true);
        self.running.await.expect("it ran to its end")
    }
}
