//! What a node tells and hears depends on who else is there: alone nothing of its sessions, and from the first moment of
//! another node on everything.

use std::time::Duration;

use artel::messaging::topology::EVENTS;
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::broker::Broker;
use crate::evening::{Evening, kolkhoz};
use crate::marker::{Marker, assert_whole};
use crate::rabbit::{counts, raw};
use crate::test_app::{Store, TestApp, until, until_for};

const OVERHEARD: &str = "test.overheard";
/// A node that is gone counts as there for ten seconds.
const ALONE_WITHIN: Duration = Duration::from_secs(90);

/// Routing key and `CC` of a message.
type Heard = (String, Vec<String>);

fn heard(key: &str, properties: &BasicProperties) -> Heard {
    let headers = properties.headers().clone().unwrap_or_default();
    let also = match headers.inner().get("CC") {
        Some(AMQPValue::FieldArray(keys)) => keys.as_slice().to_vec(),
        _ => Vec::new(),
    };
    let text = |value: &AMQPValue| match value {
        AMQPValue::LongString(text) => text.to_string(),
        other => panic!("{other:?} is no key"),
    };
    (key.to_owned(), also.iter().map(text).collect())
}

/// What came since the last time, without what nodes tell of themselves.
async fn overheard(channel: &Channel) -> Vec<Heard> {
    let mut all = Vec::new();
    while let Some(got) =
        channel.basic_get(OVERHEARD.into(), BasicGetOptions { no_ack: true }).await.expect("an answer")
    {
        all.push(heard(got.delivery.routing_key.as_str(), &got.delivery.properties));
    }
    all.retain(|(key, _)| !key.starts_with("websocket.node.") && !key.starts_with("websocket.user."));
    all
}

async fn listen_in(channel: &Channel) {
    channel
        .queue_declare(OVERHEARD.into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .expect("declared");
    let options = QueueBindOptions::default();
    channel
        .queue_bind(OVERHEARD.into(), EVENTS.into(), "#".into(), options, FieldTable::default())
        .await
        .expect("bound");
}

async fn has_bindings_of_sessions(broker: &Broker) -> bool {
    broker.ask(&["list_bindings", "routing_key"]).await.contains("websocket.session.")
}

async fn until_alone(broker: &Broker) {
    until_for(ALONE_WITHIN, "it is alone", async || (!has_bindings_of_sessions(broker).await).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ball_is_one_message_and_a_node_alone_asks_for_none() {
    let broker = Broker::start().await;
    let url = broker.url();
    let one = TestApp::start_with(Store::Postgres, &["--amqp-url", &url]).await;
    let evening = Evening::open(&one, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    until_alone(&broker).await;
    let channel = raw(&url).await;
    listen_in(&channel).await;
    evening.pot(&game, 0, "white").await;
    let holds_both = async || (counts(&channel, OVERHEARD).await.0 >= 2).then_some(());
    until("the ball is told, and how far the log has got", holds_both).await;
    let mut all = overheard(&channel).await;
    all.sort();
    let [(ball, also), (advanced, _)] = &all[..] else { panic!("one message each: {all:?}") };
    assert_eq!((ball.as_str(), advanced.as_str()), ("game.ball_potted", "stats.advanced"));
    assert_eq!(also[..], ["stats.ball_potted"]);

    // With another node beside it, it tells of its events, and hears those of the other.
    let two = one.another_node().await;
    let session = &evening.session;
    let mut there = evening.players[1].on(&two).socket().await;
    there.subscribe(session, None).await;
    let to_watchers = format!("websocket.session.{session}.ball_potted");
    until("it knows of the other", async || {
        channel.queue_purge(OVERHEARD.into(), QueuePurgeOptions::default()).await.expect("purged");
        evening.pot(&game, 0, "white").await;
        let is_told = |heard: &Heard| heard.0 == "game.ball_potted" && heard.1.contains(&to_watchers);
        let alone = |heard: &Heard| heard.0 == to_watchers;
        let all =
            until("the ball is told", async || Some(overheard(&channel).await).filter(|all| !all.is_empty())).await;
        // The message of its own is for nodes of earlier versions, until it is known that none is there.
        (all.iter().any(is_told) && !all.iter().any(alone)).then_some(())
    })
    .await;
    assert!(has_bindings_of_sessions(&broker).await);
    let told = there.next_of("event").await;
    assert_eq!(told["event"]["type"], "game.ball_potted");
    let mut here = evening.players[0].socket().await;
    let seen = here.subscribe(session, None).await["seq"].as_i64().unwrap();
    let ball = evening.players[1].on(&two).post(&format!("/api/v1/games/{game}/events"), evening.ball(1, "pink")).await;
    assert_eq!(
        (here.next_of("event").await["event"]["seq"].as_i64(), ball.1["seq"].as_i64()),
        (Some(seen + 1), Some(seen + 1))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_to_a_node_that_was_alone_misses_nothing() {
    let broker = Broker::start().await;
    let url = broker.url();
    let one = TestApp::start_with(Store::Postgres, &["--amqp-url", &url, "--commands-per-second", "100000"]).await;
    let evening = Evening::open(&one, &["anna", "boris", "clara"], kolkhoz()).await;
    let players = Marker::all_of(&evening, &[&one.base], Duration::from_millis(20)).await;
    until_alone(&broker).await;
    let (stop, stopped) = watch::channel(false);
    let (said, mut acks) = mpsc::unbounded_channel();
    let playing: Vec<_> =
        players.into_iter().map(|player| tokio::spawn(player.play(stopped.clone(), said.clone()))).collect();
    acks.recv().await.expect("a player");
    for _ in 0..2 {
        // While balls are marked, a node comes, is watched from its first moment on, and goes.
        let mut two = one.another_node().await;
        let mut there = evening.players[1].on(&two).socket().await;
        let told = there.subscribe(&evening.session, Some(0)).await;
        let seen = told["seq"].as_i64().expect("a number");
        for expected in seen + 1..=seen + 150 {
            let event = there.next_of("event").await;
            assert_eq!(event["event"]["seq"], expected, "each once, in order");
        }
        two.kill();
        until_alone(&broker).await;
    }
    stop.send_replace(true);
    let mut markers = Vec::new();
    for player in playing {
        markers.push(player.await.expect("no player found anything wrong"));
    }
    let log: Vec<Value> = evening.events().await;
    assert_whole(&log, &markers);
}
