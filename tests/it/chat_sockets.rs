//! Chats over WebSocket: said and heard, kept for whoever is away, acknowledged, told who had and read what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::chats::{CHATS, STORES, numbers};
use crate::expect::{answered, items};
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, text, until};

impl Socket {
    /// Says something; answers its `ack` or `error`.
    pub async fn say(&mut self, chat: &str, content: &str) -> Value {
        self.say_as(Uuid::now_v7(), chat, content).await
    }

    pub async fn say_as(&mut self, id: Uuid, chat: &str, content: &str) -> Value {
        self.send(json!({"type": "message", "id": id, "chat_id": chat, "content": content})).await;
        self.answer(id).await
    }

    /// The next messages, so many; what else comes is passed over.
    pub async fn messages(&mut self, count: usize) -> Vec<Value> {
        let mut messages = Vec::with_capacity(count);
        while messages.len() < count {
            messages.push(self.next_of("message").await["message"].clone());
        }
        messages
    }

    pub async fn received(&mut self, messages: &[Value]) {
        let ids: Vec<&Value> = messages.iter().map(|message| &message["id"]).collect();
        self.send(json!({"type": "received", "message_ids": ids})).await;
    }

    /// All that has come is handled: what comes after this was not there before. Messages among it are answered.
    pub async fn quiet(&mut self) -> Vec<Value> {
        let (id, mut messages) = (Uuid::new_v4(), Vec::new());
        self.send(json!({"type": "unsubscribe", "id": id, "session_id": Uuid::now_v7()})).await;
        loop {
            let frame = self.next().await;
            if frame["id"] == id.to_string() {
                return messages;
            }
            if frame["type"] == "message" {
                messages.push(frame["message"].clone());
            }
        }
    }
}

fn contents(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| text(&message["content"])).collect()
}

/// More than the server keeps for a socket and the network for its client.
const MORE_THAN_WAITS: usize = 1_200;

#[actix_web::test]
async fn a_device_that_reads_late_gets_all_that_was_said_meanwhile() {
    for store in STORES {
        let app = TestApp::start_with(store, &["--messages-per-second", "10000"]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let mut late = boris.socket().await;
        anna.said(&chat, "ready?").await;
        assert_eq!(late.messages(1).await[0]["content"], "ready?");
        let mut speaker = anna.socket().await;
        let long = "ж".repeat(4_000);
        for _ in 0..MORE_THAN_WAITS / 100 {
            for _ in 0..100 {
                let id = Uuid::now_v7();
                speaker.send(json!({"type": "message", "id": id, "chat_id": chat, "content": long})).await;
            }
            for _ in 0..100 {
                speaker.next_of("ack").await;
            }
        }
        let mut missing: BTreeSet<i64> = (2..2 + MORE_THAN_WAITS as i64).collect();
        while !missing.is_empty() {
            missing.remove(&late.messages(1).await[0]["number"].as_i64().expect("a number"));
        }
    }
}

/// So many that a client which does not read has not got them all when the last ones change.
const WAITING: usize = 4_000;

#[actix_web::test]
async fn what_was_taken_back_while_older_messages_come_does_not_come_afterwards() {
    for store in STORES {
        let app = TestApp::start_with(store, &["--messages-per-second", "10000"]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let mut speaker = anna.socket().await;
        for _ in 0..WAITING / 100 {
            for _ in 0..100 {
                let id = Uuid::now_v7();
                speaker.send(json!({"type": "message", "id": id, "chat_id": chat, "content": "ж".repeat(1_500)})).await;
            }
            for _ in 0..100 {
                speaker.next_of("ack").await;
            }
        }
        let mut late = boris.socket().await;
        late.next_of("message").await;
        let (secret, mistake) = (anna.said(&chat, "a secret").await, anna.said(&chat, "a mistkae").await);
        answered(anna.delete(&format!("/api/v1/messages/{}", text(&secret["id"]))).await, 200);
        let edit = json!({"content": "a mistake"});
        answered(anna.patch(&format!("/api/v1/messages/{}", text(&mistake["id"])), edit).await, 200);
        let (mut shown, mut frames) = (BTreeMap::new(), BTreeSet::new());
        while !frames.contains("message_deleted") || !frames.contains("message_edited") || shown.len() < WAITING + 1 {
            let frame = late.next().await;
            let message = &frame["message"];
            if let Some(number) = message["number"].as_i64() {
                frames.insert(text(&frame["type"]));
                shown.insert(number, text(&message["content"]));
            }
        }
        let last = |number: usize| shown[&(number as i64)].as_str();
        assert_eq!((last(WAITING + 1), last(WAITING + 2)), ("", "a mistake"), "{store:?}");
    }
}

/// Once nothing waits for the user any more, or exactly these.
async fn waits(player: &Player, expected: &[&str]) {
    until(&format!("{expected:?} waits"), async || {
        let mut socket = player.socket().await;
        let waiting = socket.messages(expected.len()).await;
        // What is not to come has had its time.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let more = socket.quiet().await;
        (contents(&waiting) == expected && more.is_empty()).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn what_is_said_is_heard_by_all_devices_but_the_one_that_said_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let (mut phone, mut tablet) = (anna.socket().await, anna.socket().await);
        let mut others = [boris.socket().await, boris.socket().await];
        let id = Uuid::now_v7();
        let ack = phone.say_as(id, &chat, "Привет").await;
        assert_eq!((&ack["type"], &ack["message"]["number"]), (&json!("ack"), &json!(1)), "{store:?}: {ack}");
        for socket in others.iter_mut().chain([&mut tablet]) {
            assert_eq!(socket.next_of("message").await["message"], ack["message"]);
        }
        assert_eq!(phone.say_as(id, &chat, "Привет").await, ack, "the same again is the same");
        assert_eq!(tablet.say_as(id, &chat, "Привет").await["message"], ack["message"], "from another device, too");
        assert_eq!(phone.say_as(id, &chat, "Пока").await["code"], "idempotency_key_reused");

        let edit = Uuid::now_v7();
        let message = &ack["message"]["id"];
        phone.send(json!({"type": "edit_message", "id": edit, "message_id": message, "content": "Hi"})).await;
        let edited = phone.answer(edit).await;
        assert_eq!((&edited["type"], &edited["message"]["content"]), (&json!("ack"), &json!("Hi")));
        let delete = Uuid::now_v7();
        phone.send(json!({"type": "delete_message", "id": delete, "message_id": message})).await;
        let deleted = phone.answer(delete).await;
        assert_eq!(deleted["message"]["is_deleted"], true);
        for socket in others.iter_mut().chain([&mut tablet]) {
            assert_eq!(socket.next_of("message_edited").await["message"], edited["message"]);
            assert_eq!(socket.next_of("message_deleted").await["message"], deleted["message"]);
        }
        assert!(phone.quiet().await.is_empty(), "it was answered");
        assert_eq!(anna.history(&chat).await.len(), 1);

        for (chat, content, code) in [
            (Uuid::now_v7().to_string(), "x".to_owned(), "not_found"),
            (chat.clone(), String::new(), "validation_failed"),
            (chat.clone(), "ж".repeat(4_001), "validation_failed"),
        ] {
            assert_eq!(phone.say(&chat, &content).await["code"], code);
        }
        let stranger = app.player("vera").await;
        let mut stranger = stranger.socket().await;
        assert_eq!(stranger.say(&chat, "x").await["code"], "chat_not_member");
        for frame in [json!({"type": "typing", "chat_id": chat}), json!({"type": "read", "chat_id": chat, "up_to": 1})]
        {
            stranger.send(frame).await;
            assert_eq!(stranger.next_of("error").await["code"], "chat_not_member");
        }
        phone.send(json!({"type": "received", "message_ids": vec![Uuid::now_v7(); 401]})).await;
        assert_eq!(phone.next_of("error").await["code"], "validation_failed");
    }
}

#[actix_web::test]
async fn what_no_device_had_comes_when_one_connects_until_it_says_that_it_has_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let (chat, group) = (anna.chat_with(&boris).await, anna.group_with(&[&boris]).await);
        for (where_, content) in [(&chat, "one"), (&group, "two"), (&chat, "three")] {
            anna.said(where_, content).await;
        }
        boris.said(&chat, "mine waits for others").await;
        let mut socket = boris.socket().await;
        let waiting = socket.messages(3).await;
        assert_eq!(contents(&waiting), ["one", "two", "three"], "{store:?}");
        drop(socket);
        let mut socket = boris.socket().await;
        let again = socket.messages(3).await;
        assert_eq!(again, waiting, "with the same ids");
        // Out of order: the last one of a chat, and not the first.
        socket.received(&waiting[1..]).await;
        waits(&boris, &["one"]).await;
        anna.said(&chat, "four").await;
        // What this user said by another way may come to this device first.
        while socket.messages(1).await[0]["content"] != "four" {}
        drop(socket);
        waits(&boris, &["one", "four"]).await;
        let mut socket = boris.socket().await;
        let rest = socket.messages(2).await;
        socket.received(&rest).await;
        waits(&boris, &[]).await;
        waits(&anna, &["mine waits for others"]).await;
        // What is read was had.
        let last = anna.history(&chat).await.len();
        anna.reads(&chat, last as i64).await;
        waits(&anna, &[]).await;
    }
}

#[actix_web::test]
async fn more_than_a_page_waits_and_comes_in_order_without_being_asked_for() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    let (anna, boris) = (app.player("anna").await, app.player("boris").await);
    let chat = anna.chat_with(&boris).await;
    let mut speaker = anna.socket().await;
    let count = 450;
    for number in 1..=count {
        speaker.say(&chat, &number.to_string()).await;
    }
    let mut socket = boris.socket().await;
    let mut waiting = Vec::new();
    for _ in 0..count {
        let message = socket.next_of("message").await["message"].clone();
        waiting.push(message);
        if waiting.len() == 100 {
            // What is said meanwhile comes behind it all.
            speaker.say(&chat, "new").await;
        }
    }
    let expected: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
    assert_eq!(contents(&waiting), expected);
    assert_eq!(contents(&socket.messages(1).await), ["new"]);
    for page in waiting.chunks(400) {
        socket.received(page).await;
    }
    waits(&boris, &["new"]).await;
}

#[actix_web::test]
async fn senders_hear_what_was_had_and_read_and_who_is_writing() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let (mut sender, mut reader, mut tablet) = (anna.socket().await, boris.socket().await, boris.socket().await);
        for content in ["one", "two", "three"] {
            sender.say(&chat, content).await;
        }
        let had = reader.messages(3).await;
        reader.received(&had[1..]).await;
        reader.received(&had[..1]).await;
        let told = loop {
            let told = sender.next_of("message_status").await;
            if told["up_to"] == 3 {
                break told;
            }
        };
        assert_eq!(
            (&told["chat_id"], &told["user_id"], &told["status"]),
            (&json!(chat), &json!(boris.id), &json!("delivered")),
            "{store:?}"
        );
        reader.send(json!({"type": "read", "chat_id": chat, "up_to": 2})).await;
        let told = sender.next_of("message_status").await;
        assert_eq!((&told["status"], &told["up_to"]), (&json!("read"), &json!(2)));
        assert_eq!(tablet.next_of("message_status").await, told, "unread on no device of the reader");
        let messages = anna.read(&format!("{CHATS}/{chat}/messages")).await;
        let read: Vec<bool> = items(&messages).iter().map(|message| message["read_at"].is_string()).collect();
        assert_eq!(read, [true, true, false]);
        assert!(items(&messages).iter().all(|message| message["delivered_at"].is_string()));

        for _ in 0..5 {
            reader.send(json!({"type": "typing", "chat_id": chat})).await;
        }
        assert_eq!(sender.next_of("typing").await, json!({"type": "typing", "chat_id": chat, "user_id": boris.id}));
        reader.say(&chat, "there").await;
        let frame = loop {
            let frame = sender.next().await;
            if frame["type"] != "message_status" {
                break frame;
            }
        };
        assert_eq!(frame["type"], "message", "writing is said once in three seconds");
        assert_eq!(numbers(&anna.history(&chat).await), [1, 2, 3, 4]);
    }
}

#[actix_web::test]
async fn changes_of_a_message_are_as_many_as_messages_and_no_more() {
    for store in STORES {
        let app = TestApp::start_with(store, &["--messages-per-second", "5"]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let message = anna.said(&chat, "x").await;
        let (mut phone, mut other) = (anna.socket().await, boris.socket().await);
        assert_eq!(other.messages(1).await[0]["id"], message["id"]);
        let edit = |n: usize| json!({"type": "edit_message", "id": Uuid::now_v7(), "message_id": message["id"], "content": n.to_string()});
        for n in 0..40 {
            phone.send(edit(n)).await;
        }
        let (mut done, mut refused) = (0, 0);
        while done + refused < 40 {
            let frame = phone.next().await;
            match (frame["type"].as_str(), frame["code"].as_str()) {
                (Some("ack"), _) => done += 1,
                (Some("error"), Some("rate_limited")) => refused += 1,
                _ => {}
            }
        }
        assert!((9..20).contains(&done), "{store:?}: burst 10: {done}");
        for _ in 0..done {
            other.next_of("message_edited").await;
        }
        let rest = anna.edits(&message, "over REST").await;
        assert!(rest.0 == 200 || rest.1["code"] == "rate_limited", "{rest:?}");
        assert_eq!(numbers(&boris.history(&chat).await), [1], "however often it is changed, it is one message");
    }
}

#[actix_web::test]
async fn a_flood_of_messages_is_refused_and_then_cut_off() {
    let app = TestApp::start_with(Store::Sqlite, &["--messages-per-second", "5"]).await;
    let (anna, boris) = (app.player("anna").await, app.player("boris").await);
    let chat = anna.chat_with(&boris).await;
    let mut socket = anna.socket().await;
    for _ in 0..300 {
        let frame = json!({"type": "message", "id": Uuid::now_v7(), "chat_id": chat, "content": "x"});
        socket.send(frame).await;
    }
    let (mut refused, mut stored) = (0, 0);
    let closed = loop {
        match socket.next_or_close().await {
            Ok(frame) if frame["code"] == "rate_limited" => refused += 1,
            Ok(frame) if frame["type"] == "ack" => stored += 1,
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(closed, Some(4429));
    assert!(refused >= 190, "{refused}");
    // What was under way when the connection was cut may be stored or not; what was acknowledged is.
    let said = boris.history(&chat).await.len();
    assert!((stored..40).contains(&said), "{said} are there, {stored} were acknowledged");
}
