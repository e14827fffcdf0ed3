//! Chats over REST: made, written into, read, by those who may.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::expect::{answered, has_fields, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::{Player, answer};
use crate::test_app::{Store, TestApp, text};

pub const CHATS: &str = "/api/v1/chats";
pub const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

impl Player {
    /// The chat with somebody.
    pub async fn chat_with(&self, other: &Player) -> String {
        text(&self.done(CHATS, json!({"user_ids": [other.id]})).await["id"])
    }

    pub async fn group_with(&self, others: &[&Player]) -> String {
        let ids: Vec<&String> = others.iter().map(|other| &other.id).collect();
        text(&self.done(CHATS, json!({"user_ids": ids, "title": "Friday"})).await["id"])
    }

    pub async fn says(&self, chat: &str, content: &str) -> (StatusCode, Value) {
        self.post(&format!("{CHATS}/{chat}/messages"), json!({"content": content})).await
    }

    /// The same, which has to succeed.
    pub async fn said(&self, chat: &str, content: &str) -> Value {
        answered(self.says(chat, content).await, 201)
    }

    /// What was said there, as far as it is seen: number and content.
    pub async fn history(&self, chat: &str) -> Vec<(i64, String)> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = self.read(&format!("{CHATS}/{chat}/messages?after={after}&limit=200")).await;
            let Some(last) = items(&page).last() else { return all };
            after = last["number"].as_i64().expect("a number");
            all.extend(
                items(&page)
                    .iter()
                    .map(|message| (message["number"].as_i64().expect("a number"), text(&message["content"]))),
            );
        }
    }

    pub async fn chat(&self, chat: &str) -> Value {
        self.read(&format!("{CHATS}/{chat}")).await
    }

    pub async fn unread(&self, chat: &str) -> i64 {
        self.chat(chat).await["unread_count"].as_i64().expect("a number")
    }

    pub async fn reads(&self, chat: &str, up_to: i64) {
        answered(self.post(&format!("{CHATS}/{chat}/read"), json!({"up_to": up_to})).await, 204);
    }

    pub async fn edits(&self, message: &Value, content: &str) -> (StatusCode, Value) {
        self.patch(&format!("/api/v1/messages/{}", text(&message["id"])), json!({"content": content})).await
    }

    pub async fn takes_back(&self, message: &Value) -> (StatusCode, Value) {
        self.delete(&format!("/api/v1/messages/{}", text(&message["id"]))).await
    }
}

pub fn numbers(history: &[(i64, String)]) -> Vec<i64> {
    history.iter().map(|(number, _)| *number).collect()
}

#[actix_web::test]
async fn two_users_have_one_chat_and_read_there_what_both_said() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let made = answered(anna.post(CHATS, json!({"user_ids": [boris.id]})).await, 201);
        has_fields(&made, "id kind title members last_message unread_count");
        is_id(&made["id"]);
        assert_eq!(
            (&made["kind"], &made["title"], &made["last_message"]),
            (&json!("direct"), &json!(null), &json!(null))
        );
        let members: BTreeSet<String> =
            made["members"].as_array().expect("a list").iter().map(|member| text(&member["user_id"])).collect();
        assert_eq!(members, BTreeSet::from([anna.id.clone(), boris.id.clone()]));
        let again = answered(boris.post(CHATS, json!({"user_ids": [anna.id]})).await, 200);
        assert_eq!(again["id"], made["id"]);

        let chat = text(&made["id"]);
        let first = anna.said(&chat, "Привет").await;
        has_only_fields(
            &first,
            "id chat_id number sender_id content created_at edited_at is_deleted delivered_at read_at",
        );
        is_id(&first["id"]);
        is_time(&first["created_at"]);
        assert_eq!(
            (&first["number"], &first["sender_id"], &first["content"]),
            (&json!(1), &json!(anna.id), &json!("Привет"))
        );
        let second = boris.said(&chat, "Hello").await;
        assert_eq!(second["number"], 2);
        let expected = vec![(1, "Привет".to_owned()), (2, "Hello".to_owned())];
        assert_eq!((anna.history(&chat).await, boris.history(&chat).await), (expected.clone(), expected));
        let listed = boris.read(CHATS).await;
        assert_eq!(items(&listed)[0]["last_message"]["id"], second["id"], "{store:?}");
        assert_eq!((anna.unread(&chat).await, boris.unread(&chat).await), (1, 1));

        for (status, answer) in [
            vera.get(&format!("{CHATS}/{chat}")).await,
            vera.get(&format!("{CHATS}/{chat}/messages")).await,
            vera.says(&chat, "I, too").await,
            vera.post(&format!("{CHATS}/{chat}/read"), json!({"up_to": 1})).await,
            vera.takes_back(&first).await,
        ] {
            refused((status, answer), "chat_not_member");
        }
        let nowhere = Uuid::now_v7();
        refused(anna.says(&nowhere.to_string(), "Hello?").await, "not_found");
        refused(anna.get(&format!("{CHATS}/{nowhere}")).await, "not_found");
        refused(anna.get(&format!("{CHATS}/x")).await, "not_found");
    }
}

#[actix_web::test]
async fn the_same_key_says_something_once() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let (path, key) = (format!("{CHATS}/{chat}/messages"), Uuid::now_v7());
        let body = json!({"content": "once"});
        // From two devices at the same time, too.
        let sends = (0..8).map(|_| anna.post_with_key(&path, key, body.clone()));
        let sent = futures_util::future::join_all(sends).await;
        let first = answered(sent[0].clone(), 201);
        assert!(sent.iter().all(|sent| answered(sent.clone(), 201) == first), "{sent:?}");
        assert_eq!(anna.history(&chat).await.len(), 1);
        refused(anna.post_with_key(&path, key, json!({"content": "twice"})).await, "idempotency_key_reused");
        let group = anna.group_with(&[&boris]).await;
        let elsewhere = format!("{CHATS}/{group}/messages");
        refused(anna.post_with_key(&elsewhere, key, body.clone()).await, "idempotency_key_reused");
        let other = answered(boris.post_with_key(&path, key, body.clone()).await, 201);
        assert_eq!(other["number"], 2, "another user's key is another one");
        // What came in between changes nothing.
        answered(anna.edits(&first, "changed").await, 200);
        assert_eq!(answered(anna.post_with_key(&path, key, body.clone()).await, 201)["content"], "changed");
        answered(boris.blocks(&anna).await, 204);
        assert_eq!(answered(anna.post_with_key(&path, key, body).await, 201)["id"], first["id"]);
    }
}

#[actix_web::test]
async fn an_edit_that_comes_again_does_not_undo_a_later_one() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let [said_key, key] = [Uuid::now_v7(), Uuid::now_v7()];
        let path = format!("{CHATS}/{chat}/messages");
        let said = answered(anna.post_with_key(&path, said_key, json!({"content": "0"})).await, 201);
        let mut socket = anna.socket().await;
        let id = &said["id"];
        let frame =
            |key: Uuid, content: &str| json!({"type": "edit_message", "id": key, "message_id": id, "content": content});
        socket.send(frame(key, "1")).await;
        assert_eq!(socket.answer(key).await["message"]["content"], "1", "{store:?}");
        answered(anna.edits(&said, "2").await, 200);
        // Its answer was lost on the way, say.
        socket.send(frame(key, "1")).await;
        assert_eq!(socket.answer(key).await["message"]["content"], "2");
        assert_eq!(anna.history(&chat).await, [(1, "2".to_owned())]);
        socket.send(frame(key, "3")).await;
        assert_eq!(socket.answer(key).await["code"], "idempotency_key_reused");
        socket.send(frame(said_key, "4")).await;
        assert_eq!(socket.answer(said_key).await["code"], "idempotency_key_reused");
    }
}

#[actix_web::test]
async fn what_was_said_before_one_left_is_answered_afterwards() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let group = anna.group_with(&[&boris]).await;
        let (path, key) = (format!("{CHATS}/{group}/messages"), Uuid::now_v7());
        let body = json!({"content": "bye"});
        let said = answered(boris.post_with_key(&path, key, body.clone()).await, 201);
        answered(boris.delete(&format!("{CHATS}/{group}/members/{}", boris.id)).await, 204);
        // The answer was lost on the way, say.
        assert_eq!(answered(boris.post_with_key(&path, key, body.clone()).await, 201), said, "{store:?}");
        let mut socket = boris.socket().await;
        assert_eq!(socket.say_as(key, &group, "bye").await["message"], said);
        refused(boris.post_with_key(&path, Uuid::now_v7(), body).await, "chat_not_member");
        assert_eq!(socket.say(&group, "more").await["code"], "chat_not_member");
        assert_eq!(numbers(&anna.history(&group).await), [1]);
    }
}

#[actix_web::test]
async fn history_comes_in_pages_in_both_directions() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        for number in 1..=7 {
            anna.said(&chat, &number.to_string()).await;
        }
        let page = async |query: &str| {
            let page = anna.read(&format!("{CHATS}/{chat}/messages?{query}")).await;
            let numbers: Vec<i64> = items(&page).iter().map(|message| message["number"].as_i64().unwrap()).collect();
            (numbers, page["next_cursor"].as_str().map(str::to_owned))
        };
        assert_eq!(page("").await, ((1..=7).collect(), None));
        for (query, parts) in [
            ("limit=3", [vec![5, 6, 7], vec![2, 3, 4], vec![1]]),
            ("after=0&limit=3", [vec![1, 2, 3], vec![4, 5, 6], vec![7]]),
        ] {
            let (mut next, mut found) = (None::<String>, Vec::new());
            loop {
                let cursor = next.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
                let (numbers, cursor) = page(&format!("{query}{cursor}")).await;
                found.push(numbers);
                next = cursor;
                if next.is_none() {
                    break;
                }
            }
            assert_eq!(found, parts, "{query}");
        }
        assert_eq!(page("before=3").await.0, [1, 2]);
        assert_eq!(page("before=6&limit=2").await.0, [4, 5]);
        assert_eq!(page("after=2&before=5").await.0, [3, 4]);
        for query in
            ["after=9", "before=1", "before=-5", &format!("after={}", i64::MAX), &format!("before={}", i64::MIN)]
        {
            assert_eq!(page(query).await.0, Vec::<i64>::new(), "{query}");
        }
        for (query, field) in
            [("limit=0", "limit"), ("limit=201", "limit"), ("after=x", "after"), ("cursor=x", "cursor"), ("x=1", "x")]
        {
            wrong_field(anna.get(&format!("{CHATS}/{chat}/messages?{query}")).await, field);
        }
    }
}

#[actix_web::test]
async fn what_was_said_can_be_said_otherwise_and_taken_back() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let said = anna.said(&chat, "Fiday").await;
        refused(boris.edits(&said, "Sunday").await, "insufficient_permissions");
        let edited = answered(anna.edits(&said, "Friday").await, 200);
        is_time(&edited["edited_at"]);
        assert_eq!((&edited["id"], &edited["number"], &edited["content"]), (&said["id"], &json!(1), &json!("Friday")));
        assert_eq!(answered(anna.edits(&said, "Friday").await, 200), edited, "the same again changes nothing");
        assert_eq!(boris.unread(&chat).await, 1);

        refused(boris.takes_back(&said).await, "insufficient_permissions");
        let deleted = answered(anna.takes_back(&said).await, 200);
        assert_eq!(
            (&deleted["is_deleted"], &deleted["content"], &deleted["number"]),
            (&json!(true), &json!(""), &json!(1))
        );
        assert_eq!(answered(anna.takes_back(&said).await, 200), deleted);
        refused(anna.edits(&said, "Saturday").await, "message_not_editable");
        assert_eq!(boris.history(&chat).await, [(1, String::new())], "a place without content");
        assert_eq!(boris.unread(&chat).await, 0);
        refused(anna.edits(&json!({"id": Uuid::now_v7()}), "x").await, "not_found");

        let old = anna.said(&chat, "long ago").await;
        app.execute("UPDATE chat_message SET created_at_ms = created_at_ms - 86400001 WHERE number = 2").await;
        refused(anna.edits(&old, "today").await, "message_not_editable");
        answered(anna.takes_back(&old).await, 200);
    }
}

#[actix_web::test]
async fn bad_input_is_named_and_never_an_error_of_the_server() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(anna.said(&chat, &family.repeat(4_000)).await["number"], 1, "4,000 characters");
        for content in [
            "",
            "  ",
            "\u{200b}",
            "\u{200d}",
            "\u{feff}",
            "\u{3164}",
            "\u{2800}",
            "\u{ad}",
            "\u{e0041}",
            "\u{fe0f}",
            "\u{0}",
            "a\u{0}b",
            &"ж".repeat(4_001),
            &family.repeat(4_001),
            &format!("e{}", "\u{301}".repeat(200_000)),
        ] {
            wrong_field(anna.says(&chat, content).await, "content");
        }
        let said = anna.said(&chat, "x").await;
        wrong_field(anna.edits(&said, "").await, "content");
        wrong_field(anna.post(&format!("{CHATS}/{chat}/messages"), json!({"content": "x", "y": 1})).await, "y");
        wrong_field(anna.post(&format!("{CHATS}/{chat}/read"), json!({"up_to": -1})).await, "up_to");
        answered(anna.post(&format!("{CHATS}/{chat}/read"), json!({"up_to": i64::MAX})).await, 204);
        for (body, field) in [
            (json!({"user_ids": []}), "user_ids"),
            (json!({"user_ids": [anna.id]}), "user_ids"),
            (json!({"user_ids": [Uuid::now_v7()]}), "user_ids"),
            (json!({"user_ids": [boris.id], "title": ""}), "title"),
            (json!({"user_ids": [boris.id], "title": "\u{200b}"}), "title"),
            (json!({"user_ids": [boris.id], "title": "ж".repeat(101)}), "title"),
            (json!({"user_ids": (0..100).map(|_| Uuid::now_v7()).collect::<Vec<_>>()}), "user_ids"),
            (json!({"user_ids": [boris.id], "x": 1}), "x"),
        ] {
            wrong_field(anna.post(CHATS, body).await, field);
        }
        let bad_key = anna.request(Method::POST, &format!("{CHATS}/{chat}/messages")).header("idempotency-key", "x");
        wrong_field(answer(bad_key.json(&json!({"content": "x"}))).await, "Idempotency-Key");
    }
}

#[actix_web::test]
async fn messages_are_found_by_their_words_by_those_who_see_them() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let chat = anna.chat_with(&boris).await;
        let group = anna.group_with(&[&boris]).await;
        anna.said(&chat, "Играем партию в пятницу?").await;
        boris.said(&chat, "Yes, the GAMES begin at club.example").await;
        let secret = boris.said(&group, "пятница, 8 вечера").await;
        let found = async |player: &Player, query: &str| -> Vec<String> {
            let query = reqwest::Url::parse_with_params("http://x/", [("query", query)]).expect("a query");
            let found = player.read(&format!("/api/v1/messages?{}", query.query().unwrap())).await;
            items(&found).iter().map(|message| text(&message["content"])).collect()
        };
        assert_eq!(found(&anna, "ПАРТИЮ").await.len(), 1, "{store:?}");
        assert_eq!(found(&boris, "пятницу играем").await.len(), 1);
        assert_eq!(found(&boris, "game").await.len(), 1, "by its stem");
        assert_eq!(found(&boris, "the yes").await.len(), 1);
        assert_eq!(found(&boris, "example").await.len(), 1, "a part of an address");
        assert_eq!(found(&boris, "8").await.len(), 1);
        assert_eq!(found(&anna, "партию бильярд").await.len(), 0, "all of the words");
        assert_eq!(found(&vera, "партию").await.len(), 0, "nobody else's");
        for query in
            ["\"", "*", "a AND", "(", "content:x", "'", "NEAR(a b", "\\", "-", "^a", "a:*", "!", "<->", "\u{0}x"]
        {
            let query = reqwest::Url::parse_with_params("http://x/", [("query", query)]).expect("a query");
            let (status, answer) = anna.get(&format!("/api/v1/messages?{}", query.query().unwrap())).await;
            assert!(status.as_u16() == 200 || status.as_u16() == 422, "{query}: {answer}");
        }
        // Said before one came is not found, nor what was said after one left.
        answered(anna.post(&format!("{CHATS}/{group}/members"), json!({"user_ids": [vera.id]})).await, 200);
        assert_eq!(found(&vera, "вечера").await.len(), 0);
        anna.said(&group, "вечера хватит").await;
        assert_eq!(found(&vera, "вечера").await, ["вечера хватит"]);
        answered(boris.takes_back(&secret).await, 200);
        assert_eq!(found(&boris, "8").await.len(), 0, "what was taken back");
        let edited = boris.said(&group, "зелёный").await;
        answered(boris.edits(&edited, "красный").await, 200);
        assert_eq!((found(&anna, "зелёный").await.len(), found(&anna, "красный").await.len()), (0, 1));
        wrong_field(anna.get("/api/v1/messages?query=").await, "query");
        wrong_field(anna.get("/api/v1/messages").await, "query");
        wrong_field(anna.get(&format!("/api/v1/messages?query={}", "a".repeat(401))).await, "query");
    }
}

#[actix_web::test]
async fn so_many_messages_a_second_and_no_more() {
    let app = TestApp::start_with(Store::Sqlite, &["--messages-per-second", "5"]).await;
    let (anna, boris) = (app.player("anna").await, app.player("boris").await);
    let chat = anna.chat_with(&boris).await;
    let sent = futures_util::future::join_all((0..20).map(|_| anna.says(&chat, "x"))).await;
    let taken = sent.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    assert!((10..15).contains(&taken), "burst 10: {taken}");
    refused(sent.into_iter().find(|(status, _)| *status != StatusCode::CREATED).expect("one"), "rate_limited");
    assert_eq!(boris.said(&chat, "mine are others").await["number"].as_i64(), Some(taken as i64 + 1));
    // Changes count as well.
    let mine = anna.history(&chat).await;
    assert_eq!(numbers(&mine), (1..=taken as i64 + 1).collect::<Vec<_>>(), "no gaps where some were refused");
}
