//! Consumers that the broker has forgotten, cancelled or lost the queue of: each is seen and made again by itself, and
//! what had been handed out to it comes.

use std::time::Duration;

use artel::config::QueueType;
use artel::messaging::rabbit::BrokerSettings;
use artel::messaging::topology::{EVENTS, STATS, broadcast_queue};
use artel::messaging::{Bus, Delivery, NodeEvent, Rabbit};
use futures_util::future::join_all;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

use super::broker::Broker;
use super::lossy_broker::LossyBroker;
use super::rabbit::{PATIENCE, counts, message, number, raw, until, up};
use super::test_app::until_for;

const MESSAGES: i64 = 400;
/// Promised are ten seconds; the rest is for machines that are busy.
const SOON: Duration = Duration::from_secs(25);

async fn bus(broker: &Broker, queue_type: QueueType) -> Bus {
    bus_at(broker.url(), queue_type).await
}

async fn bus_at(url: String, queue_type: QueueType) -> Bus {
    let node_id = format!("test-{}", Uuid::new_v4().simple());
    let bus = Bus::Rabbit(Rabbit::start(BrokerSettings { urls: vec![url], queue_type, node_id }).await.unwrap());
    up(&bus).await;
    bus
}

/// Publishes all of them, each again until it is confirmed.
async fn publish(bus: &Bus) {
    let each = (0..MESSAGES).map(|number| async move {
        while bus.publish(message("stats.game_completed", number)).await.await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    timeout(PATIENCE, join_all(each)).await.expect("all are published");
}

/// Receives all of them.
async fn receive(deliveries: &mut mpsc::Receiver<Delivery>) {
    let mut seen = std::collections::BTreeSet::new();
    let all = async {
        while seen.len() < MESSAGES as usize {
            let delivery = deliveries.recv().await.expect("the bus is open");
            seen.insert(number(&delivery.message));
            delivery.ack();
        }
    };
    let in_time = timeout(SOON, all).await;
    in_time.unwrap_or_else(|_| panic!("{} of {MESSAGES} came", seen.len()));
}

/// Makes the broker forget the way to every consumer, as it does by itself when a queue is deleted and declared at the
/// same time: its channels hand out nothing of what the queues give them.
async fn forget_the_consumers(broker: &Broker) {
    let forget = "Forget = fun(Part) when element(1, Part) =:= rabbit_queue_type -> rabbit_queue_type:init(); \
                  (Part) -> Part end, \
                  [sys:replace_state(Channel, fun(State) -> \
                  list_to_tuple([case is_tuple(Part) andalso tuple_size(Part) > 0 of true -> Forget(Part); \
                  false -> Part end || Part <- tuple_to_list(State)]) end) \
                  || Channel <- rabbit_channel:list_local()], forgotten.";
    let said = broker.ask(&["eval", forget]).await;
    assert!(said.contains("forgotten"), "{said}");
}

async fn a_forgotten_consumer_is_made_again(queue_type: QueueType) {
    let broker = Broker::start().await;
    let bus = bus(&broker, queue_type).await;
    let mut deliveries = bus.consume(&STATS);
    let channel = raw(&broker.url()).await;
    until_for(PATIENCE, "it consumes", async || (counts(&channel, STATS.name).await.1 == 1).then_some(())).await;
    forget_the_consumers(&broker).await;
    publish(&bus).await;
    receive(&mut deliveries).await;
    assert!(bus.is_up() && bus.is_consuming());
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_of_a_classic_queue_that_the_broker_forgot_is_made_again() {
    a_forgotten_consumer_is_made_again(QueueType::Classic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_of_a_quorum_queue_that_the_broker_forgot_is_made_again() {
    a_forgotten_consumer_is_made_again(QueueType::Quorum).await;
}

/// The broker hands out all messages and says nothing; none of them arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_hears_nothing_of_what_it_was_handed_out_is_made_again() {
    let broker = Broker::start().await;
    let lossy = LossyBroker::before(&broker).await;
    let bus = bus_at(lossy.url(), QueueType::Classic).await;
    let mut deliveries = bus.consume(&STATS);
    let channel = raw(&broker.url()).await;
    until_for(PATIENCE, "it consumes", async || (counts(&channel, STATS.name).await.1 == 1).then_some(())).await;
    lossy.lose_deliveries();
    publish(&bus).await;
    until_for(PATIENCE, "all are handed out", async || (counts(&channel, STATS.name).await.0 == 0).then_some(())).await;
    receive(&mut deliveries).await;
    assert!(bus.is_up() && bus.is_consuming());
    bus.close().await;
}

/// Declares the queue as nodes do, again and again, until it is told to stop.
async fn declare(url: String, queue_type: QueueType, stopped: watch::Receiver<bool>) {
    let channel = raw(&url).await;
    let mut arguments = FieldTable::default();
    if queue_type == QueueType::Quorum {
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    }
    while !*stopped.borrow() {
        let declared = channel.queue_declare(STATS.name.into(), QueueDeclareOptions::durable(), arguments.clone());
        if declared.await.is_err() {
            return;
        }
    }
}

async fn a_queue_deleted_while_it_is_declared_is_consumed(queue_type: QueueType) {
    let broker = Broker::start().await;
    let bus = bus(&broker, queue_type).await;
    let mut deliveries = bus.consume(&STATS);
    let channel = raw(&broker.url()).await;
    for _ in 0..rounds() {
        let (stop, stopped) = watch::channel(false);
        let declaring: Vec<_> =
            (0..3).map(|_| tokio::spawn(declare(broker.url(), queue_type, stopped.clone()))).collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        channel.queue_delete(STATS.name.into(), Default::default()).await.expect("deleted");
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send_replace(true);
        for declaring in declaring {
            declaring.await.unwrap();
        }
        // It may have come back without its bindings, and what is published then is lost to it.
        until_for(SOON, "it is bound", async || is_bound(&broker).await.then_some(())).await;
        publish(&bus).await;
        receive(&mut deliveries).await;
    }
    bus.close().await;
}

/// How often in a row.
fn rounds() -> usize {
    std::env::var("ARTEL_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
}

/// Are all bindings of the queue there?
async fn is_bound(broker: &Broker) -> bool {
    let bindings = broker.ask(&["list_bindings", "source_name", "destination_name", "routing_key"]).await;
    let has = |pattern: &&str| bindings.contains(&format!("{EVENTS}\t{}\t{pattern}", STATS.name));
    STATS.bindings.iter().all(has)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_classic_queue_that_is_deleted_while_it_is_declared_is_consumed_again() {
    a_queue_deleted_while_it_is_declared_is_consumed(QueueType::Classic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand: declaring a quorum queue while it is deleted may leave RabbitMQ 3.10 unable to declare it ever again"]
async fn a_quorum_queue_that_is_deleted_while_it_is_declared_is_consumed_again() {
    a_queue_deleted_while_it_is_declared_is_consumed(QueueType::Quorum).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_lost_its_bindings_is_bound_again() {
    let broker = Broker::start().await;
    let bus = bus(&broker, QueueType::Classic).await;
    let channel = raw(&broker.url()).await;
    for pattern in STATS.bindings {
        let none = FieldTable::default();
        channel.queue_unbind(STATS.name.into(), EVENTS.into(), (*pattern).into(), none).await.expect("unbound");
    }
    until_for(SOON, "it is bound again", async || is_bound(&broker).await.then_some(())).await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_consume_for_ten_seconds_says_so_and_goes_on_when_it_can() {
    let broker = Broker::start().await;
    let bus = bus(&broker, QueueType::Classic).await;
    let mut deliveries = bus.consume(&STATS);
    until_for(PATIENCE, "it consumes", async || {
        (counts(&raw(&broker.url()).await, STATS.name).await.1 == 1).then_some(())
    })
    .await;
    // Somebody else takes the queue for himself, as soon as he gets it.
    let taken = until_for(PATIENCE, "the queue is taken", async || {
        let channel = raw(&broker.url()).await;
        let name = || STATS.name.into();
        channel.queue_delete(name(), Default::default()).await.ok()?;
        channel.queue_declare(name(), QueueDeclareOptions::durable(), FieldTable::default()).await.ok()?;
        let alone = BasicConsumeOptions { exclusive: true, ..Default::default() };
        let consumer = channel.basic_consume(name(), "".into(), alone, FieldTable::default()).await.ok()?;
        Some((channel, consumer))
    })
    .await;
    until("the node says so", || !bus.is_consuming()).await;
    taken.0.close(200, "done".into()).await.expect("closed");
    drop(taken);
    until("it consumes again", || bus.is_consuming() && bus.is_up()).await;
    publish(&bus).await;
    receive(&mut deliveries).await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_own_queue_is_deleted_has_another_with_its_bindings_and_is_told() {
    let broker = Broker::start().await;
    let bus = bus(&broker, QueueType::Classic).await;
    let mut queue = bus.node_queue("one");
    queue.bindings.bind("websocket.session.7.#".to_owned()).await.expect("bound");
    broker.ask(&["delete_queue", &broadcast_queue("one")]).await;
    let told = timeout(SOON, queue.next()).await.expect("soon").expect("the bus is open");
    assert!(matches!(told, NodeEvent::Reconnected), "{told:?}");
    up(&bus).await;
    bus.publish(message("websocket.session.7.x", 1)).await.await.expect("confirmed");
    match timeout(SOON, queue.next()).await.expect("soon").expect("the bus is open") {
        NodeEvent::Message(message) => assert_eq!(number(&message), 1),
        NodeEvent::Reconnected => panic!("once is enough"),
    }
    bus.close().await;
}
