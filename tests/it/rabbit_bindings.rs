//! What a node hears at the broker: bindings of its own queue, many of them and changed at any time.

use std::time::{Duration, Instant};

use artel::game::event::{EventHash, Proof};
use artel::ids::ParticipantId;
use artel::messaging::message::EventHeader;
use artel::messaging::topology;
use artel::messaging::{Message, NodeEvent};
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use tokio::time::timeout;
use uuid::Uuid;

use super::broker::Broker;
use super::rabbit::{PATIENCE, bus, confirmed, holds, message, number, publish_all, raw, until, up};

async fn event(queue: &mut artel::messaging::NodeQueue) -> NodeEvent {
    timeout(PATIENCE, queue.next()).await.expect("in time").expect("open")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_hears_what_it_is_bound_to_and_is_told_when_it_may_have_missed_something() {
    let broker = Broker::start().await;
    let bus = bus(&broker.url()).await;
    up(&bus).await;
    let mut queue = bus.node_queue("one");
    queue.bindings.bind("websocket.session.7.#".to_owned()).await.expect("bound");
    confirmed(&bus, message("websocket.session.8.ball_potted", 1)).await;
    confirmed(&bus, message("websocket.session.7.ball_potted", 2)).await;
    match event(&mut queue).await {
        NodeEvent::Message(message) => assert_eq!(number(&message), 2),
        NodeEvent::Reconnected => panic!("nothing was lost"),
    }
    queue.bindings.unbind("websocket.session.7.#".to_owned()).await;
    queue.bindings.bind("websocket.session.9.#".to_owned()).await.expect("bound, and the other is not any more");
    confirmed(&bus, message("websocket.session.7.ball_potted", 3)).await;
    confirmed(&bus, message("websocket.session.9.ball_potted", 4)).await;
    match event(&mut queue).await {
        NodeEvent::Message(message) => assert_eq!(number(&message), 4),
        NodeEvent::Reconnected => panic!("nothing was lost"),
    }

    broker.kill();
    until("it is noticed", || !bus.is_up()).await;
    assert!(queue.bindings.bind("websocket.user.5.#".to_owned()).await.is_err(), "remembered only");
    broker.restart().await;
    assert!(matches!(event(&mut queue).await, NodeEvent::Reconnected));
    up(&bus).await;
    publish_all(&bus, &[message("websocket.session.9.x", 5), message("websocket.user.5.x", 6)]).await;
    for expected in [5, 6] {
        match event(&mut queue).await {
            NodeEvent::Message(message) => assert_eq!(number(&message), expected),
            NodeEvent::Reconnected => panic!("once is enough"),
        }
    }
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_several_keys_comes_once_to_whoever_is_bound_to_some_of_them() {
    let vhost = Broker::shared().await.vhost().await;
    let bus = bus(&vhost.url()).await;
    up(&bus).await;
    let channel = raw(&vhost.url()).await;
    let queue = "test.several_keys";
    channel
        .queue_declare(queue.into(), QueueDeclareOptions::exclusive(), FieldTable::default())
        .await
        .expect("declared");
    for key in ["game.*", "stats.*"] {
        let (exchange, options) = (topology::EVENTS.into(), QueueBindOptions::default());
        channel.queue_bind(queue.into(), exchange, key.into(), options, FieldTable::default()).await.expect("bound");
    }
    let mut node = bus.node_queue("one");
    node.bindings.bind("websocket.session.7.*".to_owned()).await.expect("bound");
    let participant_id = Some(ParticipantId(Uuid::from_u128(9)));
    let proof = Proof { hash: Some(EventHash::of("{}")), ..Proof::after(Some(EventHash::of("[]"))) };
    let told = Some(Box::new(EventHeader { command_hash: -5, participant_id, proof }));
    let keys = ["stats.ball_potted", "websocket.session.7.ball_potted"].map(str::to_owned);
    for (number, also) in [(1, &keys[..]), (2, &keys[..1])] {
        let also = also.to_vec();
        confirmed(&bus, Message { also, told: told.clone(), ..message("game.ball_potted", number) }).await;
    }
    holds(&channel, queue, 2).await;
    match event(&mut node).await {
        NodeEvent::Message(message) => {
            assert_eq!(
                (message.routing_key.as_str(), message.told.clone(), number(&message)),
                ("game.ball_potted", told.clone(), 1)
            );
        }
        NodeEvent::Reconnected => panic!("nothing was lost"),
    }
    let got = channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.expect("an answer").expect("one");
    assert_eq!(got.delivery.routing_key.as_str(), "game.ball_potted");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_bindings_waits_for_none_of_those_before_it() {
    let vhost = Broker::shared().await.vhost().await;
    let bus = bus(&vhost.url()).await;
    up(&bus).await;
    let queue = bus.node_queue("one");
    // Asked for and not waited for, as the feed does when another node comes.
    let ask = |number: i32| Box::pin(queue.bindings.bind(format!("websocket.session.{number}.*")));
    let mut asked: Vec<_> = (0..3_000).map(ask).collect();
    for bind in &mut asked {
        let _ = futures_util::poll!(bind);
    }
    timeout(PATIENCE, queue.bindings.unbind("websocket.session.7.*".to_owned())).await.expect("at once");
    let bound = timeout(PATIENCE, futures_util::future::join_all(asked)).await.expect("in time");
    assert!(bound.iter().all(Result::is_ok));
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bindings_are_made_in_seconds() {
    let vhost = Broker::shared().await.vhost().await;
    let bus = bus(&vhost.url()).await;
    up(&bus).await;
    let mut queue = bus.node_queue("many");
    let started = Instant::now();
    let all = (0..10_000).map(|number| queue.bindings.bind(format!("websocket.session.{number}.#")));
    for bound in futures_util::future::join_all(all).await {
        bound.expect("bound");
    }
    assert!(started.elapsed() < Duration::from_secs(30));
    confirmed(&bus, message("websocket.session.9999.x", 1)).await;
    while !matches!(event(&mut queue).await, NodeEvent::Message(_)) {}
    bus.close().await;
}
