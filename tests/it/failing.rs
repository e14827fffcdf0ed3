//! Messages that fail at their consumer: tried again later, or dead letters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artel::audit::Audit;
use artel::database::Database;
use artel::messaging::consumer::{self, Failure, Handler};
use artel::messaging::relay::Relay;
use artel::messaging::topology::{self, NOTIFICATIONS, Queue};
use artel::messaging::{Bus, Message, dead_letters};
use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use sea_orm::{DatabaseTransaction, EntityTrait};
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::broker::{Broker, Vhost};
use super::library::Room;
use super::rabbit::{PATIENCE, bus, confirmed, counts, holds, message, number, raw, until, up};
use super::test_app::{Store, until_for};

#[derive(Clone, Copy)]
enum How {
    ForNow,
    ForGood,
    Panics,
}

/// Fails as it is told, and counts what it applied.
#[derive(Clone, Default)]
struct Fickle {
    /// By number: how often it fails still, and how.
    failures: Arc<Mutex<HashMap<i64, (u32, How)>>>,
    applied: Arc<Mutex<Vec<i64>>>,
}

impl Handler for Fickle {
    async fn apply(&mut self, _: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        for message in messages {
            let how = match self.failures.lock().expect("a lock").get_mut(&number(message)) {
                Some((left, how)) if *left > 0 => {
                    // A batch that fails is tried one by one.
                    if messages.len() == 1 {
                        *left -= 1;
                    }
                    *how
                }
                _ => continue,
            };
            let reason = "it does not feel like it".to_owned();
            match how {
                How::ForNow => return Err(Failure::Transient(reason)),
                How::ForGood => return Err(Failure::Permanent(reason)),
                How::Panics => panic!("{reason}"),
            }
        }
        self.applied.lock().expect("a lock").extend(messages.iter().map(number));
        Ok(())
    }
}

/// A virtual host of the test's own, and a bus over it that is up.
async fn a_bus() -> (Vhost, Bus) {
    let vhost = Broker::shared().await.vhost().await;
    let bus = bus(&vhost.url()).await;
    up(&bus).await;
    (vhost, bus)
}

fn work(bus: &Bus, queue: &'static Queue, database: &Database, fickle: &Fickle) -> tokio::task::JoinHandle<()> {
    tokio::spawn(consumer::run(bus.clone(), queue, database.clone(), fickle.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_now_waits_at_the_broker_and_is_applied_later() {
    let (vhost, bus) = a_bus().await;
    let room = Room::open(Store::Sqlite).await;
    let database = &room.database;
    let fickle = Fickle::default();
    fickle.failures.lock().expect("a lock").insert(1, (2, How::ForNow));
    let worker = work(&bus, &NOTIFICATIONS, database, &fickle);
    let started = Instant::now();
    confirmed(&bus, message("notifications.message", 1)).await;
    confirmed(&bus, message("notifications.message", 2)).await;
    until("both are applied", || fickle.applied.lock().expect("a lock").len() == 2).await;
    assert_eq!(*fickle.applied.lock().expect("a lock"), [2, 1]);
    assert!(started.elapsed() >= Duration::from_secs(6), "after one second, then after five");
    assert!(dead_letters::list(database.reader(), None, 10).await.expect("a list").is_empty());
    let channel = raw(&vhost.url()).await;
    worker.abort();
    bus.close().await;
    // What is not acknowledged comes back at the moment that its consumer goes.
    until_for(PATIENCE, "the consumer is gone", || async {
        (counts(&channel, NOTIFICATIONS.name).await.1 == 0).then_some(())
    })
    .await;
    assert_eq!(counts(&channel, NOTIFICATIONS.name).await, (0, 0), "acknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_its_handler_panic_is_a_dead_letter_and_the_others_are_applied() {
    let (_vhost, bus) = a_bus().await;
    let room = Room::open(Store::Sqlite).await;
    let fickle = Fickle::default();
    fickle.failures.lock().expect("a lock").insert(1, (u32::MAX, How::Panics));
    confirmed(&bus, message("notifications.message", 1)).await;
    confirmed(&bus, message("notifications.message", 2)).await;
    let worker = work(&bus, &NOTIFICATIONS, &room.database, &fickle);
    confirmed(&bus, message("notifications.message", 3)).await;
    let letters = until_for(PATIENCE, "a dead letter", || async {
        let letters = dead_letters::list(room.database.reader(), None, 10).await.expect("a list");
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    assert_eq!(letters[0].reason, "applying it panicked: it does not feel like it");
    until("the others are applied", || fickle.applied.lock().expect("a lock").len() == 2).await;
    assert!(!worker.is_finished(), "the same worker goes on");
    worker.abort();
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_postgres_takes_no_text_of_stops_no_queue() {
    let (vhost, bus) = a_bus().await;
    let room = Room::open(Store::Postgres).await;
    let auditing = tokio::spawn(Audit.run(bus.clone(), room.database.clone()));
    let channel = raw(&vhost.url()).await;
    let send = async |key: &str, body: &[u8]| {
        let options = BasicPublishOptions::default();
        let sent =
            channel.basic_publish(topology::EVENTS.into(), key.into(), options, body, BasicProperties::default());
        sent.await.expect("sent");
    };
    send("user.nul\0", b"{nonsense\0").await;
    let mut foreign = (*message("user.foreign", 1).envelope).clone();
    foreign.source_service = "somebody".to_owned();
    foreign.event_type = "a\0b".to_owned();
    send("user.foreign", &serde_json::to_vec(&foreign).expect("JSON")).await;
    (foreign.event_id, foreign.event_type) = (Uuid::now_v7(), "user.foreign".to_owned());
    send("user.foreign", &serde_json::to_vec(&foreign).expect("JSON")).await;
    until_for(PATIENCE, "the last one is audited", || async {
        let audited = entity::audit_entry::Entity::find().all(room.database.reader()).await.expect("a list");
        audited.iter().any(|entry| entry.event_type == "user.foreign").then_some(())
    })
    .await;
    let letters = dead_letters::list(room.database.reader(), None, 10).await.expect("a list");
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert_eq!(letters[0].envelope, "{nonsense\u{fffd}");
    auditing.abort();
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_for_a_header_is_cut_there_and_whole_in_the_body() {
    let (_vhost, bus) = a_bus().await;
    let mut deliveries = bus.consume(&NOTIFICATIONS);
    let mut long = message("notifications.message", 1);
    let mut envelope = (*long.envelope).clone();
    envelope.event_type = "ä".repeat(300_000);
    long.envelope = Arc::new(envelope);
    confirmed(&bus, long.clone()).await;
    let delivery = timeout(PATIENCE, deliveries.recv()).await.expect("in time").expect("a message");
    assert_eq!(delivery.message.envelope.event_type, long.envelope.event_type);
    delivery.ack();
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_good_or_can_not_be_read_is_a_dead_letter_with_its_reason_and_can_be_replayed() {
    let (vhost, bus) = a_bus().await;
    let room = Room::open(Store::Sqlite).await;
    let database = &room.database;
    let fickle = Fickle::default();
    fickle.failures.lock().expect("a lock").insert(1, (1, How::ForGood));
    let worker = work(&bus, &NOTIFICATIONS, database, &fickle);
    let failing = message("notifications.message", 1);
    confirmed(&bus, failing.clone()).await;
    let channel = raw(&vhost.url()).await;
    let nonsense = channel.basic_publish(
        topology::EVENTS.into(),
        "notifications.nonsense".into(),
        BasicPublishOptions::default(),
        b"{nonsense",
        BasicProperties::default(),
    );
    nonsense.await.expect("sent");
    let letters = until_for(PATIENCE, "both are dead letters", || async {
        let letters = dead_letters::list(database.reader(), None, 10).await.expect("a list");
        (letters.len() == 2).then_some(letters)
    })
    .await;
    let unreadable = letters.iter().find(|letter| letter.envelope == "{nonsense").expect("kept as it came");
    assert!(unreadable.reason.starts_with("the body is no envelope"), "{}", unreadable.reason);
    assert_eq!(unreadable.routing_key, "notifications.nonsense");
    let refused = letters.iter().find(|letter| letter.message_id == failing.envelope.event_id).expect("kept");
    assert_eq!((refused.reason.as_str(), refused.queue.as_str()), ("it does not feel like it", NOTIFICATIONS.name));

    let dlq = topology::dead_letter_queue(NOTIFICATIONS.name);
    holds(&channel, &dlq, 2).await;
    let got = channel.basic_get(dlq.as_str().into(), BasicGetOptions { no_ack: true }).await.expect("an answer");
    let headers = got.expect("a message").delivery.properties.headers().clone().expect("headers");
    assert!(headers.inner().contains_key("reason"));

    // An operator replays it: through the outbox, as the relay finds it.
    let tx = database.begin_write().await.expect("a transaction");
    assert!(dead_letters::replay(&tx, refused.id).await.expect("replayed"));
    tx.commit().await.expect("committed");
    let (journal, committed) = room.journal("test").await;
    let (stop, stopped) = watch::channel(false);
    let relay = tokio::spawn(Relay::new(database.clone(), bus.clone(), committed).run(stopped));
    until("it is applied", || *fickle.applied.lock().expect("a lock") == [1]).await;
    let _ = stop.send(true);
    timeout(PATIENCE, relay).await.expect("in time").expect("ended");
    drop(journal);
    assert_eq!(dead_letters::list(database.reader(), None, 10).await.expect("a list").len(), 1);
    worker.abort();
    bus.close().await;
}
