//! How long it takes to open a chat of 1,000,000 messages and to look for words in it, over HTTP, and until somebody who
//! was away has 10,000 messages, over WebSocket; on SQLite and, where `ARTEL_TEST_POSTGRES` names a server, on PostgreSQL.

#![expect(clippy::print_stdout, reason = "what a bench finds is for whoever runs it")]

mod server;

use std::time::{Duration, Instant};

use chrono::Utc;
use entity::{chat, chat_member, chat_message};
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, IntoActiveModel, Set};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use self::server::{Reader, Server, Store, id, insert, on_each_store, player, user_id};

const MEMBERS: u32 = 4;
/// Messages of the long chat.
const LONG: u32 = 1_000_000;
/// Chats in which something waits, and messages in each of them.
const CHATS: u32 = 20;
const WAITING: u32 = 500;
/// Chats of one list.
const LISTED: usize = 50;
/// How often somebody comes back to what waits.
const ROUNDS: usize = 20;
const WORDS: [&str; 8] = ["играем", "красный", "шар", "партию", "Boris", "tomorrow", "club", "снова"];

fn chat(number: u32, messages: u32, now_ms: i64) -> chat::ActiveModel {
    chat::Model {
        id: id(6, number),
        kind: "group".to_owned(),
        session_id: None,
        direct_key: None,
        title: Some(format!("Chat {number}")),
        created_by: Some(user_id(0)),
        created_at_ms: now_ms,
        last_number: i64::from(messages),
        last_message_at_ms: now_ms,
        member_seq: 0,
    }
    .into_active_model()
}

fn member(chat: u32, user: Uuid, had: u32) -> chat_member::ActiveModel {
    chat_member::Model {
        chat_id: id(6, chat),
        user_id: user,
        joined_at_ms: 0,
        left_at_ms: None,
        first_number: 1,
        last_number: None,
        received_up_to: i64::from(had),
        received_above: String::new(),
        read_up_to: i64::from(had),
        sent_count: 0,
        sent_when_read: 0,
        // Nobody is notified of what waits here.
        notified_up_to: i64::from(had) + 1,
    }
    .into_active_model()
}

fn message(chat: u32, number: u32, now_ms: i64) -> chat_message::ActiveModel {
    let word = |place: u32| WORDS[((number / 7_u32.pow(place)) as usize + place as usize) % WORDS.len()];
    let rare = if number.is_multiple_of(100_000) { " кий" } else { "" };
    chat_message::ActiveModel {
        id: Set(Uuid::from_u128(
            (0x0190_0000_0000_7000_8000_u128 << 48) | (u128::from(chat + 256) << 32) | u128::from(number),
        )),
        chat_id: Set(id(6, chat)),
        number: Set(i64::from(number)),
        sender_id: Set(user_id(number % (MEMBERS - 1))),
        content: Set(format!("{} {} {}{rare}", word(0), word(1), word(2))),
        created_at_ms: Set(now_ms - i64::from(LONG) + i64::from(number)),
        is_deleted: Set(false),
        client_key: Set(id(7 + u128::from(chat), number)),
        request_hash: Set(0),
        ..Default::default()
    }
}

/// A long chat, and others where messages wait for `reader`.
async fn fill(connection: &DatabaseConnection, reader: Uuid) {
    let now_ms = Utc::now().timestamp_millis();
    insert(connection, (0..MEMBERS).map(player)).await;
    let lengths = |number: u32| if number == 0 { LONG } else { WAITING };
    insert(connection, (0..=CHATS).map(|number| chat(number, lengths(number), now_ms))).await;
    let others =
        (0..=CHATS).flat_map(|number| (0..MEMBERS - 1).map(move |user| member(number, user_id(user), lengths(number))));
    insert(connection, others).await;
    let mine = (0..=CHATS).map(|number| member(number, reader, if number == 0 { LONG } else { 0 }));
    insert(connection, mine).await;
    for number in 0..=CHATS {
        insert(connection, (1..=lengths(number)).map(|place| message(number, place, now_ms))).await;
    }
}

/// Connects, and hears all that waits; `acknowledges`: for the last time.
async fn come_back(reader: &Reader, acknowledges: bool) -> Duration {
    let address = reader.base.strip_prefix("http://").expect("an address");
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    request.headers_mut().insert("authorization", format!("Bearer {}", reader.token).parse().expect("a header"));
    let began = Instant::now();
    let stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a socket");
    let (mut heard, mut ids) = (0, Vec::new());
    while heard < CHATS * WAITING {
        let Message::Text(text) = socket.next().await.expect("a frame").expect("a frame") else { continue };
        let mut frame: Value = serde_json::from_str(&text).expect("JSON");
        if frame["type"] == "message" {
            heard += 1;
            ids.push(frame["message"]["id"].take());
        }
        if acknowledges && (ids.len() == 200 || heard == CHATS * WAITING) {
            let frame = json!({"type": "received", "message_ids": std::mem::take(&mut ids)});
            socket.send(Message::text(frame.to_string())).await.expect("sent");
        }
    }
    let took = began.elapsed();
    let _ = socket.close(None).await;
    took
}

async fn run(store: Store) {
    let began = Instant::now();
    store.migrate();
    let (mut reader, me) = Reader::register(&Server::start(&store)).await;
    let connection = Database::connect(&store.url).await.expect("the database");
    fill(&connection, me).await;
    if store.dropped.is_some() {
        connection.execute_unprepared("VACUUM ANALYZE").await.expect("analysed");
    }
    println!(
        "{}: a chat of {LONG} messages, {} that wait, filled in {:?}",
        store.name,
        CHATS * WAITING,
        began.elapsed()
    );
    let server = Server::start(&store);
    reader.base = server.base.clone();
    println!("{:<44} {:>7} {:>7} {:>7}", "ms", "p50", "p99", "max");
    let long = id(6, 0);
    reader.measure("/chats/<long>", |_| format!("/chats/{long}")).await;
    reader.measure("/chats/<long>/messages", |_| format!("/chats/{long}/messages")).await;
    let anywhere =
        |dice: &mut rand::rngs::StdRng| format!("/chats/{long}/messages?before={}", dice.random_range(2..LONG));
    reader.measure("/chats/<long>/messages?before=<any>", anywhere).await;
    reader.measure(&format!("/chats?limit={LISTED}"), |_| format!("/chats?limit={LISTED}")).await;
    reader.measure("/messages?query=<in ten>", |_| "/messages?query=%D0%BA%D0%B8%D0%B9".to_owned()).await;
    reader.measure("/messages?query=<in very many>", |_| "/messages?query=club".to_owned()).await;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(come_back(&reader, false).await);
    }
    times.sort_unstable();
    println!(
        "{} messages that waited are there after {:?}, at most {:?}",
        CHATS * WAITING,
        times[ROUNDS / 2],
        times[ROUNDS - 1]
    );
    println!("the same acknowledged: {:?}", come_back(&reader, true).await);
    drop(server);
    store.remove().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    on_each_store(run).await;
}
