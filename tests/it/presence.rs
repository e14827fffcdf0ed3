//! Who is online, over several nodes: also when one is killed, comes back, is stopped, or when messages come late.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use artel::messaging::topology::EVENTS;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer};
use serde_json::Value;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, rounds, until};

/// The node that the others are seen from, and one that bears a name.
struct Hall {
    one: TestApp,
    two: TestApp,
}

impl Hall {
    async fn open() -> Self {
        let one = TestApp::start_with(Store::Rabbit, &[]).await;
        let url = one.amqp_url().expect("a broker");
        let database = one.postgres().expect("in PostgreSQL");
        let two = TestApp::start_on(&database, &["--amqp-url", &url, "--node-id", "two"]).await;
        Self { one, two }
    }

    /// Anna watches from the first node, Boris from the second, and both see each other.
    async fn watched(&self) -> (Evening, Socket, Socket) {
        let evening = Evening::open(&self.one, &["anna", "boris", "clara"], kolkhoz()).await;
        let anna = watch(&evening, 0, &self.one).await;
        let boris = watch(&evening, 1, &self.two).await;
        for node in [&self.one, &self.two] {
            until_online(&evening, node, &[0, 1]).await;
        }
        (evening, anna, boris)
    }
}

async fn watch(evening: &Evening, player: usize, node: &TestApp) -> Socket {
    let mut socket = evening.players[player].on(node).socket().await;
    socket.subscribe(&evening.session, None).await;
    socket
}

/// The places that a session shows online.
fn online(session: &Value) -> BTreeSet<String> {
    let participants = session["participants"].as_array().expect("a session").iter();
    participants
        .filter(|participant| participant["is_online"] == true)
        .map(|participant| participant["id"].as_str().unwrap().to_owned())
        .collect()
}

fn participants(evening: &Evening, players: &[usize]) -> BTreeSet<String> {
    players.iter().map(|player| evening.participants[*player].clone()).collect()
}

async fn read(player: &Player, evening: &Evening) -> BTreeSet<String> {
    online(&player.read(&format!("/api/v1/sessions/{}", evening.session)).await)
}

async fn until_online(evening: &Evening, node: &TestApp, players: &[usize]) {
    let (reader, wanted) = (evening.players[0].on(node), participants(evening, players));
    until(&format!("{players:?} are online"), async || (read(&reader, evening).await == wanted).then_some(())).await;
}

/// Reads presence frames until one names that place; answers what each of them named.
async fn told_until(socket: &mut Socket, participant: &str, is_there: bool) -> Vec<BTreeSet<String>> {
    let mut told = Vec::new();
    loop {
        let frame = socket.next_of("presence").await;
        let there: BTreeSet<String> = frame["online"]
            .as_array()
            .unwrap()
            .iter()
            .map(|participant| participant.as_str().unwrap().to_owned())
            .collect();
        let is_last = there.contains(participant) == is_there;
        told.push(there);
        if is_last {
            return told;
        }
    }
}

/// Somebody outside who hears what nodes tell each other, and may tell it again.
struct Outsider {
    channel: Channel,
    consumer: Consumer,
    _connection: Connection,
}

impl Outsider {
    async fn hears(key: &str, app: &TestApp) -> Self {
        let url = app.amqp_url().expect("a broker");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let declared = channel.queue_declare("".into(), QueueDeclareOptions::exclusive(), FieldTable::default()).await;
        let (queue, none) = (declared.expect("a queue").name().clone(), FieldTable::default);
        let bound = channel.queue_bind(queue.clone(), EVENTS.into(), key.into(), QueueBindOptions::default(), none());
        bound.await.expect("bound");
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let consumer = channel.basic_consume(queue, "".into(), options, none()).await.expect("a consumer");
        Self { channel, consumer, _connection: connection }
    }

    /// The next message that says so.
    async fn next(&mut self, says: impl Fn(&Value) -> bool) -> Delivery {
        loop {
            let delivery = self.consumer.next().await.expect("open").expect("a delivery");
            if says(&serde_json::from_slice(&delivery.data).expect("JSON")) {
                return delivery;
            }
        }
    }

    async fn tell_again(&self, message: &Delivery) {
        let (key, options) = (message.routing_key.clone(), BasicPublishOptions::default());
        let told = self.channel.basic_publish(EVENTS.into(), key, options, &message.data, message.properties.clone());
        told.await.expect("published").await.expect("confirmed");
    }
}

#[tokio::test]
async fn a_node_that_is_killed_and_back_under_its_id_has_nobody_of_before() {
    let mut hall = Hall::open().await;
    let (evening, mut anna, _boris) = hall.watched().await;
    told_until(&mut anna, &evening.participants[1], true).await;
    hall.two.kill_and_restart().await;
    told_until(&mut anna, &evening.participants[1], false).await;
    until_online(&evening, &hall.two, &[0]).await;
    // Whoever comes there now is seen.
    let _clara = watch(&evening, 2, &hall.two).await;
    until_online(&evening, &hall.one, &[0, 2]).await;
}

#[tokio::test]
async fn a_message_that_comes_late_is_not_believed() {
    let hall = Hall::open().await;
    let mut outsider = Outsider::hears("websocket.session.*.online", &hall.one).await;
    let (evening, mut anna, boris) = hall.watched().await;
    let boris_is_there = |told: &Value| told["data"]["users"] == serde_json::json!([evening.players[1].id]);
    let old = outsider.next(boris_is_there).await;
    told_until(&mut anna, &evening.participants[1], true).await;
    drop(boris);
    told_until(&mut anna, &evening.participants[1], false).await;
    outsider.tell_again(&old).await;
    outsider.tell_again(&old).await;
    let _clara = watch(&evening, 2, &hall.two).await;
    let told = told_until(&mut anna, &evening.participants[2], true).await;
    assert_eq!(told, [participants(&evening, &[0, 2])], "what came in between changed nothing");
    // A session that is opened only now does not believe it either.
    let late = Evening::open(&hall.two, &["dora", "egor"], kolkhoz()).await;
    let egor = watch(&late, 1, &hall.two).await;
    let first = outsider.next(|told| told["data"]["users"] == serde_json::json!([late.players[1].id])).await;
    drop(egor);
    until_online(&late, &hall.two, &[]).await;
    outsider.next(|told| told["session_id"] == late.session.as_str()).await;
    until_online(&late, &hall.one, &[]).await;
    outsider.tell_again(&first).await;
    let _dora = watch(&late, 0, &hall.two).await;
    until_online(&late, &hall.one, &[0]).await;
}

#[tokio::test]
async fn a_node_that_is_killed_is_gone_within_seconds() {
    let mut hall = Hall::open().await;
    for round in 1..=rounds() {
        let (evening, mut anna, _boris) = hall.watched().await;
        told_until(&mut anna, &evening.participants[1], true).await;
        hall.two.kill();
        let killed = Instant::now();
        told_until(&mut anna, &evening.participants[1], false).await;
        let took = killed.elapsed();
        eprintln!("gone after {took:?}");
        // Seven are promised; the machine of the tests may have other things to do.
        assert!(took < Duration::from_secs(10), "{took:?}");
        if round < rounds() {
            hall.two.restart().await;
        }
    }
}

#[tokio::test]
async fn a_node_that_ends_in_order_says_so() {
    let mut hall = Hall::open().await;
    let mut outsider = Outsider::hears("websocket.node.two.leaving", &hall.one).await;
    let (evening, mut anna, _boris) = hall.watched().await;
    told_until(&mut anna, &evening.participants[1], true).await;
    let (code, _) = hall.two.terminate().await;
    assert_eq!(code, Some(0));
    outsider.next(|told| told["data"]["node"] == "two").await;
    told_until(&mut anna, &evening.participants[1], false).await;
}

#[tokio::test]
async fn the_first_who_look_at_a_session_on_a_node_see_who_watches_it_elsewhere() {
    let hall = Hall::open().await;
    // They know of each other.
    drop(hall.watched().await);
    // For a moment only it is waited for what the other says, and the machine may be busy: any of them will do.
    let number = Cell::new(0);
    until("a first read and a first subscription show it", async || {
        number.set(number.get() + 1);
        let evening = Evening::open(&hall.two, &["anna", "boris"], kolkhoz()).await;
        let _boris = watch(&evening, 1, &hall.two).await;
        let anna = evening.players[0].on(&hall.one);
        if number.get() % 2 == 0 {
            return (read(&anna, &evening).await == participants(&evening, &[1])).then_some(());
        }
        let mut socket = anna.socket().await;
        let subscribed = socket.subscribe(&evening.session, None).await;
        let first = socket.next_of("presence").await;
        let told = first["online"].as_array().unwrap().len();
        (online(&subscribed["session"]) == participants(&evening, &[0, 1]) && told == 2).then_some(())
    })
    .await;
    let evening = Evening::open(&hall.two, &["anna", "boris"], kolkhoz()).await;
    let _boris = watch(&evening, 1, &hall.two).await;
    until_online(&evening, &hall.one, &[1]).await;
}

#[tokio::test]
async fn two_nodes_with_one_id_are_two_nodes() {
    let one = TestApp::start_with(Store::Rabbit, &["--node-id", "same"]).await;
    let two = one.another_node().await;
    let hall = Hall { one, two };
    let (evening, _anna, boris) = hall.watched().await;
    drop(boris);
    until_online(&evening, &hall.one, &[0]).await;
    until_online(&evening, &hall.two, &[0]).await;
    assert!(hall.one.log().contains("another node has this id"), "it is told");
}

#[tokio::test]
async fn a_node_that_was_stopped_takes_nobody_for_gone() {
    let hall = Hall::open().await;
    let (evening, mut anna, _boris) = hall.watched().await;
    told_until(&mut anna, &evening.participants[1], true).await;
    hall.one.signal("STOP");
    tokio::time::sleep(Duration::from_secs(9)).await;
    hall.one.signal("CONT");
    let _clara = watch(&evening, 2, &hall.two).await;
    let told = told_until(&mut anna, &evening.participants[2], true).await;
    assert!(told.iter().all(|there| there.contains(&evening.participants[1])), "{told:?}");
}
