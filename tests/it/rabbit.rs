//! The bus over real brokers: nothing is lost, whatever happens to them.

use std::collections::BTreeSet;
use std::future::ready;
use std::time::{Duration, Instant};

use artel::config::QueueType;
use artel::ids::{CorrelationId, Seq, Timestamp};
use artel::messaging::rabbit::BrokerSettings;
use artel::messaging::topology::{self, NOTIFICATIONS, STATS};
use artel::messaging::{Bus, Delivery, Message, Rabbit};
use artel::outbox::envelope::Envelope;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::broker::Broker;
use super::test_app::until_for;

pub const PATIENCE: Duration = Duration::from_secs(120);

fn settings(urls: &[String]) -> BrokerSettings {
    let node_id = format!("test-{}", Uuid::new_v4().simple());
    BrokerSettings { urls: urls.to_vec(), queue_type: QueueType::Classic, node_id }
}

pub async fn bus(url: &str) -> Bus {
    Bus::Rabbit(Rabbit::start(settings(&[url.to_owned()])).await.expect("a bus"))
}

pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    until_for(PATIENCE, what, || std::future::ready(is_so().then_some(()))).await;
}

pub async fn up(bus: &Bus) {
    until("the bus is up", || bus.is_up()).await;
}

pub fn message(key: &str, number: i64) -> Message {
    let id = Uuid::new_v4();
    let envelope = Envelope {
        event_id: id,
        event_type: key.to_owned(),
        timestamp: Timestamp::from_millis(1_700_000_000_000),
        source_service: "artel".to_owned(),
        correlation_id: CorrelationId(id),
        causation_id: None,
        priority: 5,
        retries: 0,
        max_retries: 5,
        user_id: None,
        session_id: None,
        game_id: None,
        seq: Some(Seq(number)),
        data: serde_json::json!({"number": number}).into(),
    };
    Message::new(key.to_owned(), envelope)
}

pub fn number(message: &Message) -> i64 {
    message.envelope.seq.expect("a number").0
}

pub async fn confirmed(bus: &Bus, message: Message) {
    timeout(PATIENCE, bus.publish(message).await).await.expect("in time").expect("confirmed");
}

/// Publishes as the relay does: in order, pipelined, and from the first that failed again.
pub async fn publish_all(bus: &Bus, messages: &[Message]) {
    let started = Instant::now();
    let mut done = 0;
    while done < messages.len() {
        assert!(started.elapsed() < PATIENCE * 2, "{done} of {} published", messages.len());
        let mut confirms = FuturesOrdered::new();
        let mut next = done;
        loop {
            while next < messages.len() && confirms.len() < 500 {
                let mut confirm = bus.publish(messages[next].clone()).await;
                match (&mut confirm).now_or_never() {
                    Some(Err(_)) => break,
                    Some(Ok(())) => confirms.push_back(ready(Ok(())).boxed()),
                    None => confirms.push_back(confirm),
                }
                next += 1;
            }
            match confirms.next().await {
                Some(Ok(())) => done += 1,
                Some(Err(_)) => break,
                None => break,
            }
        }
        if done < messages.len() {
            up(bus).await;
        }
    }
}

/// Receives until each of `count` numbers was there; answers them in the order they were there first.
async fn receive_all(deliveries: &mut mpsc::Receiver<Delivery>, count: usize) -> Vec<i64> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    while seen.len() < count {
        let delivery = timeout(PATIENCE, deliveries.recv())
            .await
            .unwrap_or_else(|_| panic!("{} of {count} came", seen.len()))
            .expect("the queue is open");
        if seen.insert(number(&delivery.message)) {
            order.push(number(&delivery.message));
        }
        delivery.ack();
    }
    order
}

pub async fn raw(url: &str) -> Channel {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.expect("a connection");
    connection.create_channel().await.expect("a channel")
}

/// Messages that are ready in a queue, and its consumers.
pub async fn counts(channel: &Channel, queue: &str) -> (u32, u32) {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
    let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await.expect("it is there");
    (queue.message_count(), queue.consumer_count())
}

/// Waits until so many messages are ready in a queue.
pub async fn holds(channel: &Channel, queue: &str, messages: u32) {
    until_for(PATIENCE, &format!("{queue} holds {messages}"), || async {
        (counts(channel, queue).await.0 == messages).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_confirmed_reaches_its_consumers_with_all_its_properties() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let bus = bus(&url).await;
    up(&bus).await;
    let mut deliveries = bus.consume(&STATS);
    let sent = message("stats.achievement_check", 1);
    confirmed(&bus, sent.clone()).await;
    let delivery = timeout(PATIENCE, deliveries.recv()).await.expect("in time").expect("open");
    assert_eq!(delivery.message.envelope, sent.envelope);
    assert_eq!((delivery.message.routing_key.as_str(), delivery.attempts), ("stats.achievement_check", 0));
    delivery.ack();

    // What no journal has is in the audit's queue, as others see it.
    let channel = raw(&url).await;
    let got =
        channel.basic_get(topology::AUDIT.name.into(), BasicGetOptions { no_ack: true }).await.expect("an answer");
    let got = got.expect("a message").delivery;
    let id = sent.envelope.event_id.to_string();
    assert_eq!(got.properties.message_id().as_ref().map(|id| id.as_str()), Some(id.as_str()));
    assert_eq!(got.properties.kind().as_ref().map(|kind| kind.as_str()), Some("stats.achievement_check"));
    assert_eq!(got.properties.correlation_id().as_ref().map(|id| id.as_str()), Some(id.as_str()));
    assert_eq!((got.properties.delivery_mode(), got.properties.priority()), (&Some(2), &Some(5)));
    assert_eq!(got.properties.timestamp(), &Some(1_700_000_000));
    let headers = got.properties.headers().clone().expect("headers");
    for name in ["event_type", "source_service", "correlation_id", "retry_count"] {
        assert!(headers.inner().contains_key(name), "{name}");
    }
    let body: Envelope = serde_json::from_slice(&got.data).expect("an envelope");
    assert_eq!(body, *sent.envelope);

    // What nobody is bound to is confirmed, and gone.
    confirmed(&bus, message("websocket.user.1.hello", 2)).await;
    bus.close().await;
    assert!(!bus.is_up());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_do_not_come_again_and_others_do() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let messages: Vec<Message> = (0..1_200).map(|number| message("stats.game_completed", number)).collect();
    let first = bus(&url).await;
    up(&first).await;
    let mut deliveries = first.consume(&STATS);
    publish_all(&first, &messages).await;
    let mut unsettled = Vec::new();
    let mut settled = 0;
    while settled + unsettled.len() < 1_200 {
        let delivery = timeout(PATIENCE, deliveries.recv()).await.expect("in time").expect("open");
        if number(&delivery.message) % 10 == 3 {
            unsettled.push(delivery);
        } else {
            settled += 1;
            delivery.ack();
        }
    }
    drop(deliveries);
    tokio::time::sleep(Duration::from_millis(300)).await;
    first.close().await;
    let second = bus(&url).await;
    let mut deliveries = second.consume(&STATS);
    let again = receive_all(&mut deliveries, 120).await;
    assert!(again.iter().all(|number| number % 10 == 3), "{again:?}");
    assert!(timeout(Duration::from_millis(500), deliveries.recv()).await.is_err(), "nothing else comes");
    second.close().await;
}

/// Publishes under the fault; everything arrives, in order.
async fn survives(fault: impl AsyncFnOnce(&Broker)) {
    let broker = Broker::start().await;
    let bus = bus(&broker.url()).await;
    up(&bus).await;
    let messages: Vec<Message> = (0..20_000).map(|number| message("stats.game_completed", number)).collect();
    let mut deliveries = bus.consume(&STATS);
    let publisher = bus.clone();
    let (order, (), ()) =
        tokio::join!(receive_all(&mut deliveries, messages.len()), publish_all(&publisher, &messages), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            fault(&broker).await;
        });
    assert!(order.is_sorted(), "each was there first in the order it was published in");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stops_and_comes_back_loses_nothing() {
    survives(async |broker| {
        broker.stop();
        tokio::time::sleep(Duration::from_secs(2)).await;
        broker.restart().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_loses_nothing() {
    survives(async |broker| {
        broker.kill();
        broker.restart().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_url_is_taken_when_one_fails_and_a_broker_may_be_down_at_the_start() {
    let (one, two) = tokio::join!(Broker::start(), Broker::start());
    one.stop();
    let bus = Bus::Rabbit(Rabbit::start(settings(&[one.url(), two.url()])).await.expect("a bus"));
    up(&bus).await;
    let mut deliveries = bus.consume(&STATS);
    confirmed(&bus, message("stats.game_completed", 1)).await;
    assert_eq!(receive_all(&mut deliveries, 1).await, [1]);
    let (bus_down, ()) = tokio::join!(
        async {
            two.stop();
            until("it is noticed", || !bus.is_up()).await;
            bus.publish(message("stats.game_completed", 2)).await.await
        },
        one.restart()
    );
    drop(bus_down);
    up(&bus).await;
    publish_all(&bus, &[message("stats.game_completed", 3)]).await;
    assert!(receive_all(&mut deliveries, 1).await[0] >= 2);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declaring_twice_is_nothing_and_other_arguments_are_an_error_that_names_the_queue() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let (first, second) = tokio::join!(bus(&url), bus(&url));
    let channel = raw(&url).await;
    for queue in topology::QUEUES {
        assert_eq!(counts(&channel, queue.name).await.0, 0);
        assert_eq!(counts(&channel, &topology::dead_letter_queue(queue.name)).await.0, 0);
        for attempts in 0..5 {
            assert_eq!(counts(&channel, &topology::retry_queue(queue.name, attempts)).await.0, 0);
        }
    }
    first.close().await;
    second.close().await;

    let other = Broker::shared().await.vhost().await;
    let url = other.url();
    let channel = raw(&url).await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(7));
    let declared = channel.queue_declare(STATS.name.into(), QueueDeclareOptions::durable(), arguments);
    declared.await.expect("declared by somebody else");
    let error = match Rabbit::start(settings(&[url])).await {
        Ok(_) => panic!("it must not start"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("stats.service.queue") && error.contains("x-max-length"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quorum_queues_are_declared_where_they_are_asked_for() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let quorum = BrokerSettings { queue_type: QueueType::Quorum, ..settings(std::slice::from_ref(&url)) };
    let bus = Bus::Rabbit(Rabbit::start(quorum).await.expect("a bus"));
    up(&bus).await;
    let mut deliveries = bus.consume(&STATS);
    confirmed(&bus, message("stats.game_completed", 1)).await;
    assert_eq!(receive_all(&mut deliveries, 1).await, [1]);
    let error = Rabbit::start(settings(&[url])).await.map(|_| ()).expect_err("they are not classic");
    assert!(error.to_string().contains("game.service.queue"), "{error}");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_takes_is_returned_and_not_confirmed_until_the_queues_are_there_again() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let bus = bus(&url).await;
    up(&bus).await;
    let channel = raw(&url).await;
    for queue in [&NOTIFICATIONS, &topology::AUDIT] {
        channel.queue_delete(queue.name.into(), Default::default()).await.expect("deleted");
    }
    let messages: Vec<Message> = (0..50).map(|number| message("notifications.message", number)).collect();
    publish_all(&bus, &messages).await;
    let mut deliveries = bus.consume(&NOTIFICATIONS);
    assert_eq!(receive_all(&mut deliveries, 50).await.len(), 50);
    bus.close().await;
}
