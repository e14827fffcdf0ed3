//! Commands that were on their way when the database hung: what became of them is found again, and told once.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::hung_database::{Behind, REFUSED_WITHIN, answer_or_refusal, white_ball};
use crate::player::Socket;
use crate::test_app::{PATIENCE, until};

/// Asks for a ball over a socket, or over a new one where that was closed.
async fn ask_again(evening: &Evening, socket: &mut Option<Socket>, id: Uuid) -> Value {
    let mut open = match socket.take() {
        Some(open) => open,
        None => match evening.players[0].connect(&[]).await {
            Ok(open) => open,
            Err(_) => return json!({"type": "error", "code": "storage_unavailable"}),
        },
    };
    let answer = answer_or_refusal(&mut open, id, white_ball(evening, id)).await;
    if answer["id"] == id.to_string() {
        *socket = Some(open);
    }
    answer
}

/// Hears each event after `heard` once and in order, up to `last`, over a new socket where this one is closed.
async fn hears_all(evening: &Evening, mut socket: Socket, mut heard: i64, last: i64) {
    while heard < last {
        match socket.next_or_close().await {
            Ok(frame) if frame["type"] == "event" => {
                heard += 1;
                assert_eq!(frame["event"]["seq"], heard, "each once, in order");
            }
            Ok(_) => {}
            Err(code) => {
                assert_eq!(code, Some(1013), "try again later");
                socket = evening.players[1].socket().await;
                heard = socket.subscribe(&evening.session, Some(heard)).await["seq"].as_i64().unwrap();
            }
        }
    }
}

/// Sends these without waiting for answers.
async fn send_all(socket: &mut Socket, evening: &Evening, ids: &[Uuid]) {
    for id in ids {
        let frame = white_ball(evening, *id);
        socket.stream.feed(Message::Text(frame.to_string().into())).await.expect("taken");
    }
    socket.stream.flush().await.expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_its_way_is_found_again_and_told_once() {
    let Behind { app, link, _database } = Behind::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let mut watcher = evening.players[1].socket().await;
    let told = watcher.subscribe(&evening.session, Some(0)).await["seq"].as_i64().unwrap();
    let mut socket = evening.players[0].socket().await;
    let mut again = Some(evening.players[0].socket().await);
    let ids: Vec<Uuid> = (0..60).map(|_| Uuid::now_v7()).collect();
    // Some of these are stored, some are not, and of some nobody knows.
    send_all(&mut socket, &evening, &ids[..30]).await;
    for _ in 0..10 {
        assert_eq!(socket.next_of("ack").await["type"], "ack");
    }
    send_all(&mut socket, &evening, &ids[30..]).await;
    tokio::time::sleep(Duration::from_millis(3)).await;
    link.stall();
    let began = Instant::now();
    let answer = ask_again(&evening, &mut again, ids[59]).await;
    assert!(answer["type"] == "ack" || answer["code"] == "storage_unavailable", "{answer}");
    assert!(began.elapsed() < REFUSED_WITHIN, "{:?}", began.elapsed());
    link.heal();
    let healed = Instant::now();
    let mut answers = Vec::new();
    while answers.len() < ids.len() {
        let answer = ask_again(&evening, &mut again, ids[answers.len()]).await;
        if answer["type"] == "ack" {
            answers.push(answer);
        } else {
            assert_eq!(answer["code"], "storage_unavailable", "{answer}");
            assert!(healed.elapsed() < PATIENCE, "{answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    eprintln!("all were asked again within {:?}", healed.elapsed());
    let log = evening.events().await;
    for (id, answer) in ids.iter().zip(&answers) {
        let mine: Vec<&Value> = log.iter().filter(|event| event["command_id"] == id.to_string()).collect();
        assert_eq!(mine.len(), 1, "{id} is in the log once");
        assert_eq!(answer["events"][0]["seq"], mine[0]["seq"], "{id}");
    }
    hears_all(&evening, watcher, told, log.len() as i64).await;
    // The consumers go on as well.
    let (path, since) = (format!("/api/v1/stats/users/{}", evening.players[0].id), Instant::now());
    until("all balls are counted", async || {
        let totals = evening.players[0].read(&path).await["totals"].clone();
        (totals["balls_potted"] == 60).then_some(())
    })
    .await;
    eprintln!("counted {:?} later", since.elapsed());
    let replay = app.command(&["replay", &evening.session]);
    assert!(replay.status.success(), "{replay:?}");
}
