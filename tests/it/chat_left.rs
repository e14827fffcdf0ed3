//! What is left of a chat to somebody who left it: it ended then, whatever happens in it afterwards.

use serde_json::{Value, json};

use crate::chats::{CHATS, STORES, numbers};
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items};
use crate::player::{Player, Socket};
use crate::test_app::{TestApp, text, until};

/// The members of a chat as somebody sees them.
async fn members(by: &Player, chat: &str) -> Vec<Value> {
    by.chat(chat).await["members"].as_array().expect("a list").clone()
}

/// A session with four at the table, of whom the second left and the last was removed after something was said.
async fn two_are_gone(app: &TestApp) -> (Evening, String) {
    let evening = Evening::open(app, &["anna", "boris", "vera", "dina"], kolkhoz()).await;
    let [anna, boris, ..] = &evening.players[..] else { panic!("four") };
    let chat = text(&anna.read(&format!("/api/v1/sessions/{}", evening.session)).await["chat_id"]);
    anna.said(&chat, "red").await;
    boris.said(&chat, "blue").await;
    anna.said(&chat, "green").await;
    for (by, place) in [(boris, 1), (anna, 3)] {
        let path = format!("/api/v1/sessions/{}/participants/{}", evening.session, evening.participants[place]);
        answered(by.delete(&path).await, 204);
        anna.said(&chat, "one less").await;
    }
    (evening, chat)
}

#[actix_web::test]
async fn who_left_sees_nothing_of_what_happens_in_the_chat_afterwards() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, chat) = two_are_gone(&app).await;
        let [anna, boris, vera, dina] = &evening.players[..] else { panic!("four") };
        assert_eq!(members(boris, &chat).await.len(), 4, "{store:?}: who was there then");
        assert_eq!(members(dina, &chat).await.len(), 3, "boris had left before");

        let late = app.player("late").await;
        late.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
        let _sockets = [late.socket().await, vera.socket().await];
        until("presence", async || {
            let members = members(anna, &chat).await;
            (members.iter().filter(|member| member["is_online"] == true).count() == 2).then_some(())
        })
        .await;
        late.said(&chat, "hello").await;
        for player in [anna, vera, &late] {
            player.reads(&chat, 6).await;
        }
        assert_eq!(members(anna, &chat).await.len(), 3);

        for (gone, last) in [(boris, 3), (dina, 4)] {
            let seen = gone.chat(&chat).await;
            let members = seen["members"].as_array().expect("a list");
            assert!(!members.iter().any(|member| member["user_id"] == late.id), "{store:?}: {seen}");
            for member in members {
                assert_eq!((&member["is_online"], &member["last_seen_at"]), (&json!(false), &json!(null)), "{seen}");
                assert!(member["read_up_to"].as_i64().expect("a number") <= last, "{seen}");
            }
            assert_eq!(seen["last_message"]["number"], last);
            assert_eq!(numbers(&gone.history(&chat).await), (1..=last).collect::<Vec<_>>());
        }
        let listed = items(&boris.read(CHATS).await)[0].clone();
        assert_eq!(listed, boris.chat(&chat).await);
    }
}

#[actix_web::test]
async fn a_session_has_no_other_name_for_who_was_removed_from_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, chat) = two_are_gone(&app).await;
        let [anna, boris, vera, dina] = &evening.players[..] else { panic!("four") };
        answered(anna.patch(&format!("/api/v1/sessions/{}", evening.session), json!({"name": "Sunday"})).await, 200);
        for player in [anna, vera, boris] {
            assert_eq!(player.chat(&chat).await["title"], "Sunday", "{store:?}: who may read the session");
        }
        assert_eq!(dina.chat(&chat).await["title"], json!(null));
        assert_eq!(items(&dina.read(CHATS).await)[0]["title"], json!(null));
    }
}

#[actix_web::test]
async fn what_was_taken_back_is_so_for_who_left_as_well() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, chat) = two_are_gone(&app).await;
        let [anna, boris, ..] = &evening.players[..] else { panic!("four") };
        let said = anna.read(&format!("{CHATS}/{chat}/messages")).await;
        answered(anna.takes_back(&items(&said)[0]).await, 200);
        answered(anna.edits(&items(&said)[2], "yellow").await, 200);
        let seen: Vec<String> = boris.history(&chat).await.into_iter().map(|(_, content)| content).collect();
        assert_eq!(seen, ["", "blue", "yellow"], "{store:?}");
        for (word, count) in [("red", 0), ("blue", 1), ("yellow", 1), ("less", 0)] {
            let found = boris.read(&format!("/api/v1/messages?query={word}")).await;
            assert_eq!(items(&found).len(), count, "{word}");
        }
    }
}

/// Statuses that come until somebody has read up to a number.
async fn statuses_until(socket: &mut Socket, by: &Player, up_to: i64) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let status = socket.next_of("message_status").await;
        told.push(status.clone());
        if status["user_id"] == by.id && status["status"] == "read" && status["up_to"] == up_to {
            return told;
        }
    }
}

#[actix_web::test]
async fn who_left_tells_nobody_what_he_reads_and_hears_of_nobody() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let group = anna.group_with(&[&boris, &vera]).await;
        anna.said(&group, "one").await;
        boris.said(&group, "two").await;
        anna.said(&group, "three").await;
        answered(boris.delete(&format!("{CHATS}/{group}/members/{}", boris.id)).await, 204);

        let mut sender = anna.socket().await;
        let (mut phone, mut tablet) = (boris.socket().await, boris.socket().await);
        let waiting = phone.messages(2).await;
        phone.received(&waiting).await;
        phone.send(json!({"type": "read", "chat_id": group, "up_to": 3})).await;
        // His own devices have less to show as unread.
        assert_eq!(statuses_until(&mut tablet, &boris, 3).await.len(), 1, "{store:?}");
        assert_eq!(boris.unread(&group).await, 0);
        let mut reader = vera.socket().await;
        let waiting = reader.messages(3).await;
        reader.received(&waiting).await;
        // What was told before the first is told with the second at the latest.
        vera.reads(&group, 1).await;
        let mut told = statuses_until(&mut sender, &vera, 1).await;
        vera.reads(&group, 3).await;
        told.extend(statuses_until(&mut sender, &vera, 3).await);
        assert!(told.iter().all(|status| status["user_id"] == vera.id), "{store:?}: {told:?}");
        // To his own message there is nothing more to hear: what comes next is of a chat that he is in.
        let direct = vera.chat_with(&boris).await;
        boris.said(&direct, "and here?").await;
        vera.reads(&direct, 1).await;
        for socket in [&mut phone, &mut tablet] {
            let status = socket.next_of("message_status").await;
            assert_eq!(status["chat_id"], direct, "{store:?}: {status}");
        }
    }
}

#[actix_web::test]
async fn chats_that_one_left_are_listed_by_the_last_message_that_one_saw() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let mut groups = Vec::new();
        for _ in 0..4 {
            groups.push(anna.group_with(&[&boris]).await);
        }
        for group in &groups {
            anna.said(group, "x").await;
        }
        let list = async |by: &Player, limit: usize| {
            let (mut listed, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = by.read(&format!("{CHATS}?limit={limit}{cursor}")).await;
                listed.extend(items(&page).iter().map(|chat| text(&chat["id"])));
                let Some(next) = page["next_cursor"].as_str() else { return listed };
                cursor = format!("&cursor={next}");
            }
        };
        let latest_first: Vec<String> = groups.iter().rev().cloned().collect();
        assert_eq!(list(&boris, 50).await, latest_first, "{store:?}");
        for group in [&groups[0], &groups[2]] {
            answered(anna.delete(&format!("{CHATS}/{group}/members/{}", boris.id)).await, 204);
        }
        assert_eq!(list(&boris, 50).await, latest_first, "leaving says nothing");
        for group in [&groups[2], &groups[0]] {
            anna.said(group, "without him").await;
        }
        for limit in [1, 2, 3, 50] {
            assert_eq!(list(&boris, limit).await, latest_first, "{store:?}, {limit} at once");
        }
        assert_eq!(list(&anna, 1).await, [0, 2, 3, 1].map(|place: usize| groups[place].clone()));
        anna.said(&groups[1], "with him").await;
        assert_eq!(list(&boris, 3).await[0], groups[1]);
    }
}

/// Who came, and who left, is noted in one moment then: it is not known who was there before him.
#[actix_web::test]
async fn who_left_before_the_chat_was_looked_at_finds_himself_there_alone() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let [anna, boris] = &evening.players[..] else { panic!("two") };
        let leave = format!("/api/v1/sessions/{}/participants/{}", evening.session, evening.participants[1]);
        answered(boris.delete(&leave).await, 204);
        let late = app.player("late").await;
        late.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
        let seen = items(&boris.read(CHATS).await)[0].clone();
        let chat = text(&seen["id"]);
        let ids = |members: &[Value]| members.iter().map(|member| text(&member["user_id"])).collect::<Vec<_>>();
        assert_eq!(ids(seen["members"].as_array().expect("a list")), [boris.id.as_str()], "{store:?}");
        assert_eq!(ids(&members(anna, &chat).await).len(), 2);
    }
}
