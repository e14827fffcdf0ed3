//! Who hears what of a session: everybody who watches hears each event once and in order, strangers hear nothing, and
//! all see who is there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::refused;
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, until};

/// Reads presence frames until one names exactly these places.
async fn online(socket: &mut Socket, participants: &[&str]) {
    let wanted: BTreeSet<&str> = participants.iter().copied().collect();
    loop {
        let frame = socket.next_of("presence").await;
        let there = frame["online"].as_array().unwrap().iter().map(|participant| participant.as_str().unwrap());
        if there.collect::<BTreeSet<_>>() == wanted {
            return;
        }
    }
}

fn is_online(session: &Value, participant: &str) -> bool {
    let participants = session["participants"].as_array().unwrap();
    participants.iter().find(|there| there["id"] == participant).unwrap()["is_online"].as_bool().unwrap()
}

#[tokio::test]
async fn all_see_who_is_online() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (evening.participants[0].as_str(), evening.participants[1].as_str());
    let mut first = evening.players[0].socket().await;
    let subscribed = first.subscribe(&evening.session, None).await;
    assert!(is_online(&subscribed["session"], anna) && !is_online(&subscribed["session"], boris), "{subscribed}");
    online(&mut first, &[anna]).await;

    let mut phone = evening.players[1].socket().await;
    phone.subscribe(&evening.session, None).await;
    online(&mut phone, &[anna, boris]).await;
    online(&mut first, &[anna, boris]).await;
    assert!(is_online(&evening.state().await, boris));

    let mut tablet = evening.players[1].socket().await;
    tablet.subscribe(&evening.session, Some(0)).await;
    online(&mut tablet, &[anna, boris]).await;
    drop(phone);
    tablet.send(json!({"type": "unsubscribe", "id": uuid::Uuid::new_v4(), "session_id": evening.session})).await;
    online(&mut first, &[anna]).await;
    until("the place is offline", || async { (!is_online(&evening.state().await, boris)).then_some(()) }).await;
}

#[tokio::test]
async fn a_session_made_private_dismisses_strangers_and_keeps_its_own() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let path = format!("/api/v1/sessions/{}", evening.session);
    anna.patch(&path, json!({"is_private": false})).await;
    let stranger = app.player("stranger").await;
    let (mut theirs, mut ours) = (stranger.socket().await, boris.socket().await);
    theirs.subscribe(&evening.session, Some(0)).await;
    ours.subscribe(&evening.session, Some(0)).await;

    let (status, answer) = anna.patch(&path, json!({"is_private": true})).await;
    assert!(status.is_success(), "{answer}");
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    let dismissed = theirs.next_of("error").await;
    assert_eq!(dismissed["code"], "insufficient_permissions", "{dismissed}");
    assert_eq!(dismissed["session_id"], evening.session.as_str());
    let heard: Vec<String> = [ours.next_of("event").await, ours.next_of("event").await, ours.next_of("event").await]
        .iter()
        .map(|frame| frame["event"]["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(heard, ["session.settings_changed", "game.started", "game.ball_potted"]);

    let id = uuid::Uuid::new_v4();
    theirs.send(json!({"type": "subscribe", "id": id, "session_id": evening.session, "after_seq": 0})).await;
    // The answer is the next frame: nothing was heard of the game in between.
    let next = theirs.next().await;
    assert_eq!((&next["id"], &next["code"]), (&json!(id), &json!("insufficient_permissions")), "{next}");
}

#[tokio::test]
async fn a_player_who_is_removed_hears_that_and_nothing_more() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[1].socket().await;
    socket.subscribe(&evening.session, None).await;
    let path = format!("/api/v1/sessions/{}/participants/{}", evening.session, evening.participants[1]);
    let (status, answer) = evening.players[0].delete(&path).await;
    assert!(status.is_success(), "{answer}");
    assert_eq!(socket.next_of("event").await["event"]["type"], "session.player_removed");
    let dismissed = socket.next_of("error").await;
    assert_eq!(
        (&dismissed["session_id"], &dismissed["code"]),
        (&json!(evening.session), &json!("participant_removed"))
    );
    refused(evening.players[1].get(&evening.path("")).await, "participant_removed");
    let id = Uuid::new_v4();
    socket.send(json!({"type": "subscribe", "id": id, "session_id": evening.session})).await;
    assert_eq!(socket.answer(id).await["code"], "participant_removed");
    let mark = socket.command(&evening.session, json!({"type": "end_game"})).await;
    assert_eq!(mark["code"], "insufficient_permissions", "{mark}");
}

/// One who marks and hears: every ack names events that are heard exactly once.
async fn mark_and_hear(player: Player, session: String, participant: String, marks: usize, head: i64) -> Vec<Value> {
    let mut socket = player.socket().await;
    socket.subscribe(&session, Some(0)).await;
    let (mut heard, mut acked, mut sent) = (Vec::new(), 0, 0);
    let mut presence = 0;
    while acked < marks || heard.last().is_none_or(|event: &Value| event["seq"] != head) {
        while sent < marks && sent - acked < 8 {
            let command = json!({"type": "pot_ball", "participant_id": participant, "color": "white"});
            let id = uuid::Uuid::new_v4();
            socket.send(json!({"type": "command", "id": id, "session_id": session, "command": command})).await;
            sent += 1;
        }
        let frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "event" => heard.push(frame["event"].clone()),
            "ack" => acked += 1,
            "presence" => presence += 1,
            "stats" | "notification" => {}
            _ => panic!("{frame}"),
        }
    }
    assert!(presence > 0);
    heard
}

#[tokio::test]
async fn many_writers_and_watchers_hear_every_event_once_and_in_order() {
    const MARKS: usize = 40;
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &["--commands-per-second", "100000"]).await;
        let evening = Evening::open(&app, &["anna", "boris", "clara", "dima"], kolkhoz()).await;
        for participant in &evening.participants[1..] {
            let path = format!("/api/v1/sessions/{}/participants/{participant}", evening.session);
            let (status, answer) = evening.players[0].patch(&path, json!({"can_score": true})).await;
            assert!(status.is_success(), "{answer}");
        }
        evening.start_game().await;
        let before = evening.state().await["seq"].as_i64().unwrap();
        let head = before + (4 * MARKS) as i64;
        let mut watchers = Vec::new();
        for player in evening.players.iter().cycle().take(12) {
            let mut socket = player.socket().await;
            socket.subscribe(&evening.session, Some(before)).await;
            watchers.push(tokio::spawn(async move {
                let mut heard = Vec::new();
                while heard.len() < 4 * MARKS {
                    heard.push(socket.next_of("event").await["seq"].as_i64().unwrap());
                }
                heard
            }));
        }
        let markers: Vec<_> = evening
            .players
            .iter()
            .zip(&evening.participants)
            .map(|(player, participant)| {
                let (session, participant) = (evening.session.clone(), participant.clone());
                tokio::spawn(mark_and_hear(player.clone(), session, participant, MARKS, head))
            })
            .collect();
        for watcher in watchers {
            assert_eq!(watcher.await.unwrap(), (before + 1..=head).collect::<Vec<_>>(), "{store:?}");
        }
        let log = evening.events().await;
        assert_eq!(log.len() as i64, head);
        for marker in markers {
            let heard = marker.await.unwrap();
            let from = log.len() - heard.len();
            assert_eq!(heard[..], log[from..], "{store:?}: what is heard is the log");
        }
    }
}

#[tokio::test]
async fn a_subscription_after_a_number_that_no_event_has_is_answered() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    for after in [i64::MIN, -1, 1_000, i64::MAX] {
        let mut socket = evening.players[0].socket().await;
        socket.subscribe(&evening.session, Some(after)).await;
    }
}
