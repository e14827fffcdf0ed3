//! Servers whose broker goes away, or who die beside it.

use std::process::Command;
use std::time::{Duration, Instant};

use artel::messaging::topology::{self, STATS};
use lapin::Channel;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use reqwest::Method;
use serde_json::{Value, json};

use super::broker::Broker;
use super::evening::{Evening, kolkhoz};
use super::postgres::Cluster;
use super::rabbit::{holds, raw};
use super::test_app::{Store, TestApp, until_for};

const PATIENCE: Duration = Duration::from_secs(120);

/// A queue of another system, that gets all there is.
const OVERHEARD: &str = "test.overheard";

async fn listen_in(channel: &Channel) {
    let declared = channel.queue_declare(OVERHEARD.into(), QueueDeclareOptions::durable(), FieldTable::default());
    declared.await.expect("declared");
    for pattern in ["game.#", "session.#", "stats.#", "notifications.#"] {
        let (queue, exchange, key) = (OVERHEARD.into(), topology::EVENTS.into(), pattern.into());
        let bound = channel.queue_bind(queue, exchange, key, QueueBindOptions::default(), FieldTable::default());
        bound.await.expect("bound");
    }
}

/// The balls that the statistics count for a player, as a server tells it.
async fn balls(evening: &Evening, player: usize) -> i64 {
    let path = format!("/api/v1/stats/users/{}", evening.players[player].id);
    evening.players[player].read(&path).await["totals"]["balls_potted"].as_i64().expect("a number")
}

pub async fn counted(evening: &Evening, expected: i64) {
    until_for(PATIENCE, &format!("{expected} balls are counted"), || async {
        (balls(evening, 0).await == expected).then_some(())
    })
    .await;
}

/// `artel_outbox_age_seconds`, as Prometheus reads it.
async fn outbox_age(app: &TestApp) -> f64 {
    let metrics = app.anonymous().request(Method::GET, "/metrics").send().await.expect("an answer");
    let metrics = metrics.text().await.expect("a text");
    let age = metrics.lines().find_map(|line| line.strip_prefix("artel_outbox_age_seconds "));
    age.and_then(|age| age.parse().ok()).expect("the age")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_without_its_broker_and_what_comes_twice_counts_once() {
    let broker = Broker::start().await;
    let url = broker.url();
    let app = TestApp::start_with(Store::Sqlite, &["--amqp-url", &url]).await;
    listen_in(&raw(&url).await).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    counted(&evening, 1).await;

    broker.stop();
    for _ in 0..20 {
        evening.pot(&game, 0, "white").await;
    }
    until_for(PATIENCE, "the readiness names the broker", || async {
        let ready = app.anonymous().request(Method::GET, "/health/ready").send().await.expect("an answer");
        if ready.status() == 200 {
            return None;
        }
        let health: Value = ready.json().await.expect("a body");
        assert_eq!(health, json!({"status": "unavailable", "down": ["broker"]}));
        Some(())
    })
    .await;
    assert_eq!(balls(&evening, 0).await, 1);
    // What waits gets older for as long as the broker is away, and operators are told of it.
    let waits =
        until_for(PATIENCE, "the age", || async { Some(outbox_age(&app).await).filter(|age| *age > 0.0) }).await;
    until_for(PATIENCE, "it grows", || async { (outbox_age(&app).await > waits + 1.0).then_some(()) }).await;
    broker.restart().await;
    counted(&evening, 21).await;
    until_for(PATIENCE, "nothing waits", || async { (outbox_age(&app).await == 0.0).then_some(()) }).await;

    // Everything again, and then once more, last first.
    let channel = raw(&url).await;
    let mut all = Vec::new();
    while let Some(got) =
        channel.basic_get(OVERHEARD.into(), BasicGetOptions { no_ack: true }).await.expect("an answer")
    {
        all.push(got.delivery);
    }
    let told = all.iter().filter(|message| message.routing_key.as_str() == "game.ball_potted").count();
    assert!(told == 21 && all.len() > told + 3, "one message a ball, and statistics: {told} of {}", all.len());
    for message in all.iter().chain(all.iter().rev()) {
        let key = message.routing_key.clone();
        let options = BasicPublishOptions::default();
        let sent =
            channel.basic_publish(topology::EVENTS.into(), key, options, &message.data, message.properties.clone());
        sent.await.expect("sent");
    }
    evening.pot(&game, 0, "white").await;
    counted(&evening, 22).await;
    holds(&channel, STATS.name, 0).await;
    assert_eq!(balls(&evening, 0).await, 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_node_had_not_published_is_published_by_another() {
    let broker = Broker::start().await;
    let url = broker.url();
    let mut first = TestApp::start_with(Store::Postgres, &["--amqp-url", &url, "--node-id", "first"]).await;
    let evening = Evening::open(&first, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    counted(&evening, 1).await;
    broker.stop();
    for _ in 0..20 {
        evening.pot(&game, 0, "white").await;
    }
    first.kill();
    let killed = Instant::now();
    // The same place, another process: to the outbox it is another node.
    broker.restart().await;
    first.restart().await;
    counted(&evening, 21).await;
    assert!(killed.elapsed() >= Duration::from_secs(8), "not before the first counts as dead");
}

/// How far the bus has confirmed what is stored, and how much is stored, as the database tells it.
fn published(database: &str) -> (i64, i64) {
    let query = "SELECT published, (SELECT max(position) FROM event WHERE writer_id = writer.id) FROM writer";
    let output = Command::new("psql").args([database, "-AtqF,", "-c", query]).output().expect("psql is there");
    let row = String::from_utf8_lossy(&output.stdout);
    let numbers = row.trim().split_once(',').and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)));
    numbers.unwrap_or_else(|| panic!("{row}{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_the_bus_has_confirmed_is_stored_though_the_database_was_away() {
    let cluster = Cluster::start();
    let vhost = Broker::shared().await.vhost().await;
    let app = TestApp::start_on(&cluster.url(), &["--amqp-url", &vhost.url()]).await;
    let database = app.postgres().expect("in PostgreSQL");
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    // The last ball: the bus confirms it at once, and the database goes before that is stored.
    cluster.stop_immediately();
    until_for(PATIENCE, "the readiness names the database", || async {
        let ready = app.anonymous().request(Method::GET, "/health/ready").send().await.expect("an answer");
        (ready.status() != 200).then_some(())
    })
    .await;
    cluster.restart();
    until_for(PATIENCE, "it is stored", || async {
        let (confirmed, last) = published(&database);
        (confirmed == last && last > 0).then_some(())
    })
    .await;
}
