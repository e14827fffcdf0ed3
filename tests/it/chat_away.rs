//! Who is there, who is told of messages when away, and what is left of an account in its chats.

use entity::audit_entry;
use entity::notification::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use crate::chats::{CHATS, STORES};
use crate::expect::{answered, is_time, items, wrong_field};
use crate::player::Player;
use crate::test_app::{TestApp, text, until};

/// How a member of a chat is seen by another one.
async fn seen(by: &Player, chat: &str, whom: &Player) -> Value {
    let chat = by.chat(chat).await;
    let members = chat["members"].as_array().expect("a list");
    members.iter().find(|member| member["user_id"] == whom.id).expect("a member").clone()
}

#[actix_web::test]
async fn members_see_who_is_there_unless_that_is_hidden() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let before = seen(&anna, &chat, &boris).await;
        assert_eq!((&before["is_online"], &before["last_seen_at"]), (&json!(false), &json!(null)), "{store:?}");
        let socket = boris.socket().await;
        let is_online = async |expected: bool| {
            until("presence", async || (seen(&anna, &chat, &boris).await["is_online"] == expected).then_some(())).await;
        };
        is_online(true).await;
        is_time(&seen(&anna, &chat, &boris).await["last_seen_at"]);
        assert_eq!(boris.read("/api/v1/chats/settings").await, json!({"hide_presence": false}));
        answered(boris.put("/api/v1/chats/settings", json!({"hide_presence": true})).await, 200);
        let hidden = seen(&anna, &chat, &boris).await;
        assert_eq!((&hidden["is_online"], &hidden["last_seen_at"]), (&json!(false), &json!(null)));
        answered(boris.put("/api/v1/chats/settings", json!({"hide_presence": false})).await, 200);
        is_online(true).await;
        drop(socket);
        is_online(false).await;
        is_time(&seen(&anna, &chat, &boris).await["last_seen_at"]);
        wrong_field(boris.put("/api/v1/chats/settings", json!({})).await, "hide_presence");
    }
}

#[actix_web::test]
async fn who_is_away_is_notified_once_for_a_chat_until_it_is_read() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let (chat, group) = (anna.chat_with(&boris).await, anna.group_with(&[&boris, &vera]).await);
        let mut here = vera.socket().await;
        for content in ["one", "two"] {
            anna.said(&chat, content).await;
        }
        anna.said(&group, "three").await;
        let told = boris.told_of("message", 2).await;
        let of_chat = told.iter().find(|told| told["data"]["chat_id"] == chat).expect("of the chat");
        assert_eq!(
            (&of_chat["body"], &of_chat["data"]["from"]["user_id"]),
            (&json!("one"), &json!(anna.id)),
            "{store:?}"
        );
        here.messages(1).await;
        assert_eq!(vera.told("message").await.len(), 0, "who is there hears the message itself");
        // More of the same is told when the first was read.
        anna.said(&chat, "four").await;
        app.execute("UPDATE chat_message SET created_at_ms = created_at_ms - 60000").await;
        anna.said(&group, "five").await;
        let last = anna.history(&chat).await.len();
        boris.reads(&chat, last as i64).await;
        anna.said(&chat, "six").await;
        let told = until("the next one is told instead", async || {
            let told = boris.told_of("message", 2).await;
            told.iter().any(|told| told["body"] == "six").then_some(told)
        });
        assert!(told.await.iter().any(|told| told["body"] == "three"), "{store:?}: what was not read stays");
    }
}

#[actix_web::test]
async fn what_was_said_long_before_a_start_is_told_after_it() {
    for store in STORES {
        let mut app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        anna.said(&chat, "one").await;
        app.execute("UPDATE chat_message SET created_at_ms = created_at_ms - 7200000").await;
        app.execute("UPDATE chat SET last_message_at_ms = last_message_at_ms - 7200000").await;
        app.kill();
        app.restart().await;
        assert_eq!(boris.told_of("message", 1).await[0]["body"], "one", "{store:?}");
    }
}

#[actix_web::test]
async fn what_was_told_of_a_message_goes_with_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let first = anna.said(&chat, "a secret").await;
        let second = anna.said(&chat, "a mistkae").await;
        let is_told = async |body: &str| {
            until(&format!("only {body:?} is told"), async || {
                let told = boris.told("message").await;
                (told.len() == 1 && told[0]["body"] == body && told[0]["data"]["content"] == body).then_some(())
            })
            .await;
        };
        is_told("a secret").await;
        answered(anna.delete(&format!("/api/v1/messages/{}", text(&first["id"]))).await, 200);
        is_told("a mistkae").await;
        let edit = json!({"content": "a mistake"});
        answered(anna.patch(&format!("/api/v1/messages/{}", text(&second["id"])), edit).await, 200);
        is_told("a mistake").await;
        let said = Column::Data.contains("a secret").or(Column::Body.contains("a secret"));
        let kept = Entity::find().filter(said).count(&app.database().await).await.expect("counted");
        assert_eq!(kept, 0, "{store:?}");
        let database = app.database().await;
        let audited = audit_entry::Entity::find();
        let is_change = audit_entry::Column::EventType.eq("compensation.notifications.message");
        until("the audit has the changes", async || {
            let changes = audited.clone().filter(is_change.clone()).count(&database).await.expect("counted");
            (changes == 2).then_some(())
        })
        .await;
        for words in ["a secret", "a mistkae", "a mistake"] {
            let kept = audited.clone().filter(audit_entry::Column::Envelope.contains(words));
            assert_eq!(kept.count(&database).await.expect("counted"), 0, "{store:?}: {words}");
        }
        boris.reads(&chat, 2).await;
        until("nothing is told any more", async || boris.told("message").await.is_empty().then_some(())).await;
    }
}

#[actix_web::test]
async fn what_a_deleted_account_said_stays_with_those_it_was_said_to() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let (chat, group) = (anna.chat_with(&boris).await, anna.group_with(&[&boris, &vera]).await);
        anna.said(&chat, "mine").await;
        boris.said(&chat, "yours").await;
        let export = anna.read("/api/v1/users/me/export").await;
        let said: Vec<String> =
            export["messages"].as_array().expect("a list").iter().map(|message| text(&message["content"])).collect();
        assert_eq!((said, export["chats"].as_array().map(Vec::len)), (vec!["mine".to_owned()], Some(2)), "{store:?}");
        let body = Some(json!({"password": "correct horse"}));
        answered(anna.call(reqwest::Method::DELETE, "/api/v1/users/me", body).await, 204);
        assert_eq!(boris.history(&chat).await.len(), 2);
        let members = boris.chat(&chat).await["members"].clone();
        let gone = members.as_array().expect("a list").iter().find(|member| member["user_id"] == anna.id);
        assert_eq!(gone.expect("still of two")["display_name"], "deleted player");
        boris.said(&chat, "are you there?").await;
        let group = boris.chat(&group).await;
        assert_eq!(group["members"].as_array().map(Vec::len), Some(2), "{group}");
        assert_eq!(items(&boris.read(CHATS).await).len(), 2);
    }
}
