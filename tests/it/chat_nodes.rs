//! Chats over two nodes with PostgreSQL and RabbitMQ: what is said on one is heard on the other, and whatever is killed
//! or stopped in the middle, nothing is lost and nothing is there twice.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::broker::Broker;
use crate::chats::{CHATS, numbers};
use crate::expect::items;
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, text, until};

const MESSAGES: usize = 200;

#[actix_web::test]
async fn members_on_other_nodes_hear_it_all() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    let two = one.another_node().await;
    let (anna, boris, vera) = (one.player("anna").await, one.player("boris").await, one.player("vera").await);
    let group = anna.group_with(&[&boris, &vera]).await;
    let mut speaker = anna.socket().await;
    let mut others = [boris.on(&two).socket().await, vera.on(&two).socket().await, vera.on(&one).socket().await];
    let mut tablet = anna.on(&two).socket().await;
    // What is told once is for those whom the bus reaches by then.
    anna.said(&group, "ready?").await;
    vera.said(&group, "ready").await;
    for socket in &mut others[..2] {
        while socket.messages(1).await[0]["content"] != "ready?" {}
    }
    for socket in [&mut speaker, &mut tablet] {
        while socket.messages(1).await[0]["content"] != "ready" {}
    }
    let ack = speaker.say(&group, "Привет").await;
    for socket in others.iter_mut().chain([&mut tablet]) {
        while socket.messages(1).await[0] != ack["message"] {}
    }
    // A mark says that all up to it was had, so what came before is acknowledged too.
    let all = boris.read(&format!("{CHATS}/{group}/messages")).await;
    others[0].received(items(&all)).await;
    let status = speaker.next_of("message_status").await;
    assert_eq!((&status["user_id"], &status["status"]), (&json!(boris.id), &json!("delivered")));
    others[1].send(json!({"type": "typing", "chat_id": group})).await;
    assert_eq!(speaker.next_of("typing").await["user_id"], vera.id);
    let edited = anna.on(&two).edits(&ack["message"], "Hi").await;
    assert_eq!(edited.0, StatusCode::OK);
    for socket in others.iter_mut().chain([&mut speaker]) {
        assert_eq!(socket.next_of("message_edited").await["message"]["content"], "Hi");
    }
    // Once to each node, whoever is there.
    let again = speaker.say(&group, "two").await;
    for socket in &mut others {
        assert_eq!(socket.messages(1).await[0], again["message"]);
        assert!(socket.quiet().await.is_empty());
    }
}

/// Says numbers under keys of his own until each is acknowledged, on whichever of the nodes answers.
async fn speak(player: Player, bases: Vec<String>, chat: String) {
    for number in 0..MESSAGES {
        let key = Uuid::now_v7();
        for attempt in 0.. {
            let by = Player { base: bases[(number + attempt) % bases.len()].clone(), ..player.clone() };
            let request = by.request(Method::POST, &format!("{CHATS}/{chat}/messages"));
            let content = json!({"content": format!("{} {number}", player.id)});
            let request = request.header("idempotency-key", key.to_string()).json(&content);
            match request.send().await {
                Ok(answer) if answer.status() == StatusCode::CREATED => break,
                Ok(answer) => assert!(answer.status().is_server_error(), "{}", answer.status()),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Hears until nothing is missing, acknowledging what comes; after a cut on the other node. Answers the ids by number.
async fn listen(player: Player, bases: Vec<String>, wanted: usize) -> BTreeMap<i64, String> {
    let mut heard: BTreeMap<i64, String> = BTreeMap::new();
    for attempt in 0.. {
        let by = Player { base: bases[attempt % bases.len()].clone(), ..player.clone() };
        let Ok(mut socket) = by.connect(&[]).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while heard.len() < wanted {
            let Ok(frame) = socket.next_or_close().await else { break };
            if frame["type"] == "message" {
                note(&mut socket, &frame["message"], &mut heard).await;
            }
        }
        if heard.len() == wanted {
            return heard;
        }
    }
    heard
}

async fn note(socket: &mut Socket, message: &Value, heard: &mut BTreeMap<i64, String>) {
    use futures_util::SinkExt;
    let (number, id) = (message["number"].as_i64().expect("a number"), text(&message["id"]));
    if let Some(before) = heard.insert(number, id.clone()) {
        assert_eq!(before, id, "a message that comes again is the same one");
    }
    let frame = json!({"type": "received", "message_ids": [id]}).to_string();
    let _ = socket.stream.send(tokio_tungstenite::tungstenite::Message::Text(frame.into())).await;
}

struct Talk {
    nodes: [TestApp; 2],
    people: [Player; 3],
    chat: String,
    speaking: Vec<JoinHandle<()>>,
    listening: Vec<JoinHandle<BTreeMap<i64, String>>>,
}

impl Talk {
    /// Two talk, and each hears the other one; the third one only hears.
    async fn begin(one: TestApp, two: TestApp) -> Self {
        let people = [one.player("anna").await, one.player("boris").await, one.player("vera").await];
        let chat = people[0].group_with(&[&people[1], &people[2]]).await;
        let bases = vec![one.base.clone(), two.base.clone()];
        let speak = |player: &Player| tokio::spawn(speak(player.clone(), bases.clone(), chat.clone()));
        let speaking = people[..2].iter().map(speak).collect();
        // What one said oneself is not queued, so only the third one is sure to hear it all.
        let listening = vec![tokio::spawn(listen(people[2].clone(), bases.clone(), 2 * MESSAGES))];
        Self { nodes: [one, two], people, chat, speaking, listening }
    }

    async fn has_said(&self, count: usize) {
        let by = self.people[0].on(&self.nodes[1]);
        until(&format!("{count} messages"), async || {
            let (status, page) = by.get(&format!("{CHATS}/{}/messages?limit=1", self.chat)).await;
            let last = page["items"][0]["number"].as_u64().unwrap_or(0);
            (status == StatusCode::OK && last >= count as u64).then_some(())
        })
        .await;
    }

    async fn ends_well(mut self) {
        for speaking in self.speaking.drain(..) {
            speaking.await.expect("everything was said");
        }
        let history = self.people[0].on(&self.nodes[1]).history(&self.chat).await;
        assert_eq!(numbers(&history), (1..=2 * MESSAGES as i64).collect::<Vec<_>>(), "without gaps");
        let mut contents: Vec<&String> = history.iter().map(|(_, content)| content).collect();
        contents.sort();
        contents.dedup();
        assert_eq!(contents.len(), 2 * MESSAGES, "each once");
        for player in &self.people[..2] {
            let own = history.iter().filter(|(_, content)| content.starts_with(&player.id));
            let own: Vec<usize> = own.map(|(_, content)| content[37..].parse().expect("a number")).collect();
            assert_eq!(own, (0..MESSAGES).collect::<Vec<_>>(), "in the order in which they were said");
        }
        for listening in self.listening.drain(..) {
            let heard = listening.await.expect("everything was heard");
            assert_eq!(heard.len(), 2 * MESSAGES);
        }
        let vera = self.people[2].on(&self.nodes[1]);
        until("nothing waits any more", async || {
            let mut socket = vera.socket().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            // The last acknowledgement may have been cut off.
            let rest = socket.quiet().await;
            socket.received(&rest).await;
            socket.quiet().await;
            rest.is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_killed_while_people_talk() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    let two = one.another_node().await;
    let mut talk = Talk::begin(one, two).await;
    talk.has_said(MESSAGES / 2).await;
    talk.nodes[0].kill();
    talk.has_said(MESSAGES).await;
    talk.nodes[0].restart().await;
    talk.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_stopped_while_people_talk() {
    let broker = Broker::start().await;
    let url = broker.url();
    let one = TestApp::start_with(Store::Postgres, &["--amqp-url", &url]).await;
    let two = one.another_node().await;
    let talk = Talk::begin(one, two).await;
    talk.has_said(MESSAGES / 2).await;
    broker.stop();
    talk.has_said(MESSAGES + MESSAGES / 2).await;
    broker.restart().await;
    talk.ends_well().await;
}
