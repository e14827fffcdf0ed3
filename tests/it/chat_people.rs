//! Who is in a chat, what of it is seen, and how much of it is unread.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::chats::{CHATS, STORES, numbers};
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

fn members(chat: &Value) -> Vec<String> {
    let mut members: Vec<String> =
        chat["members"].as_array().expect("a list").iter().map(|member| text(&member["user_id"])).collect();
    members.sort();
    members
}

fn ids(players: &[&Player]) -> Vec<String> {
    let mut ids: Vec<String> = players.iter().map(|player| player.id.clone()).collect();
    ids.sort();
    ids
}

async fn chat_of(player: &Player, session: &str) -> String {
    text(&player.read(&format!("/api/v1/sessions/{session}")).await["chat_id"])
}

#[actix_web::test]
async fn everybody_at_the_table_is_in_the_chat_of_the_session_and_who_leaves_hears_no_more() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let [anna, boris] = &evening.players[..] else { panic!("two") };
        let chat = chat_of(anna, &evening.session).await;
        let listed = boris.read(CHATS).await;
        let there = items(&listed).iter().find(|there| there["id"] == chat).expect("listed before anything is said");
        assert_eq!((&there["kind"], &there["title"]), (&json!("session"), &json!("Friday")));
        assert_eq!(members(there), ids(&[anna, boris]), "{store:?}");
        anna.said(&chat, "one").await;

        // A guest with an account, who sees what was said before, and need not read it.
        let guest = app.anonymous().done("/api/v1/auth/guest", json!({"display_name": "Gleb"})).await;
        let gleb = Player::of(&app.base, &guest);
        refused(gleb.says(&chat, "may I?").await, "chat_not_member");
        gleb.done("/api/v1/sessions/join", json!({"code": evening.code, "role": "spectator"})).await;
        assert_eq!((gleb.history(&chat).await.len(), gleb.unread(&chat).await), (1, 0));
        gleb.said(&chat, "two").await;
        assert_eq!(members(&anna.chat(&chat).await), ids(&[anna, boris, &gleb]));

        let leave = format!("/api/v1/sessions/{}/participants/{}", evening.session, evening.participants[1]);
        answered(boris.delete(&leave).await, 204);
        let third = anna.said(&chat, "three").await;
        assert_eq!(numbers(&boris.history(&chat).await), [1, 2]);
        assert!(boris.chat(&chat).await["left_at"].is_string());
        assert_eq!((boris.unread(&chat).await, gleb.unread(&chat).await), (2, 1));
        refused(boris.says(&chat, "wait").await, "chat_not_member");
        assert_eq!(members(&anna.chat(&chat).await), ids(&[anna, &gleb]));
        let found = boris.read("/api/v1/messages?query=three").await;
        assert_eq!(items(&found).len(), 0);

        // Back at the table he sees it all.
        boris.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
        assert_eq!((numbers(&boris.history(&chat).await), boris.unread(&chat).await), (vec![1, 2, 3], 0));
        let mut socket = boris.socket().await;
        let waited: Vec<_> = socket.messages(2).await.iter().map(|message| message["number"].as_i64()).collect();
        assert_eq!(waited, [Some(1), Some(2)], "no device of his had these before he left");
        assert!(socket.quiet().await.is_empty(), "what was said meanwhile waits for nobody");
        refused(gleb.takes_back(&third).await, "insufficient_permissions");
        let said = gleb.said(&chat, "four").await;
        assert_eq!(answered(anna.takes_back(&said).await, 200)["is_deleted"], true, "whose session it is");

        let gone =
            items(&json!({"items": anna.read(&format!("/api/v1/sessions/{}", evening.session)).await["participants"]}))
                .iter()
                .find(|participant| participant["user_id"] == gleb.id)
                .map(|participant| text(&participant["id"]))
                .expect("a place");
        answered(anna.delete(&format!("/api/v1/sessions/{}/participants/{gone}", evening.session)).await, 204);
        anna.said(&chat, "five").await;
        assert_eq!(numbers(&gleb.history(&chat).await), [1, 2, 3, 4]);
        refused(gleb.says(&chat, "and I?").await, "chat_not_member");
        // Who is brought into a session's chat is up to the table.
        refused(
            anna.post(&format!("{CHATS}/{chat}/members"), json!({"user_ids": [gleb.id]})).await,
            "insufficient_permissions",
        );
    }
}

#[actix_web::test]
async fn who_comes_into_a_group_sees_what_is_said_from_then_on() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let group = anna.group_with(&[&boris]).await;
        let members_path = format!("{CHATS}/{group}/members");
        anna.said(&group, "one").await;
        refused(vera.get(&format!("{CHATS}/{group}")).await, "chat_not_member");
        refused(boris.post(&members_path, json!({"user_ids": [vera.id]})).await, "insufficient_permissions");
        let grown = answered(anna.post(&members_path, json!({"user_ids": [vera.id]})).await, 200);
        assert_eq!(members(&grown), ids(&[&anna, &boris, &vera]), "{store:?}");
        assert_eq!((vera.history(&group).await.len(), vera.unread(&group).await), (0, 0));
        assert_eq!(vera.chat(&group).await["last_message"], json!(null), "nor the last one before");
        boris.said(&group, "two").await;
        assert_eq!((numbers(&vera.history(&group).await), vera.unread(&group).await), (vec![2], 1));

        refused(boris.delete(&format!("{members_path}/{}", vera.id)).await, "insufficient_permissions");
        answered(anna.delete(&format!("{members_path}/{}", vera.id)).await, 204);
        boris.said(&group, "three").await;
        assert_eq!(numbers(&vera.history(&group).await), [2]);
        refused(vera.says(&group, "x").await, "chat_not_member");
        refused(anna.delete(&format!("{members_path}/{}", vera.id)).await, "not_found");
        answered(anna.post(&members_path, json!({"user_ids": [vera.id, boris.id]})).await, 200);
        boris.said(&group, "four").await;
        assert_eq!((numbers(&vera.history(&group).await), vera.unread(&group).await), (vec![4], 1), "not between");

        // Who made it leaves: the one who is there longest has it.
        answered(anna.delete(&format!("{members_path}/{}", anna.id)).await, 204);
        refused(anna.says(&group, "x").await, "chat_not_member");
        answered(boris.delete(&format!("{members_path}/{}", vera.id)).await, 204);
        // Out of a chat of two nobody is taken.
        let direct = anna.chat_with(&boris).await;
        refused(anna.delete(&format!("{CHATS}/{direct}/members/{}", anna.id)).await, "insufficient_permissions");
        refused(anna.delete(&format!("{CHATS}/{direct}/members/x")).await, "not_found");
    }
}

#[actix_web::test]
async fn a_group_has_a_hundred_members_at_most() {
    let app = TestApp::start_with(Store::Sqlite, &["--registrations-per-minute", "1000"]).await;
    let mut people = Vec::new();
    for number in 0..101 {
        let guest = json!({"display_name": format!("Guest {number}")});
        people.push(Player::of(&app.base, &app.anonymous().done("/api/v1/auth/guest", guest).await));
    }
    let ids: Vec<&String> = people.iter().map(|player| &player.id).collect();
    wrong_field(people[0].post(CHATS, json!({"user_ids": ids[1..], "title": "All"})).await, "user_ids");
    let group = answered(people[0].post(CHATS, json!({"user_ids": ids[1..100], "title": "All"})).await, 201);
    assert_eq!(members(&group).len(), 100);
    let path = format!("{CHATS}/{}/members", text(&group["id"]));
    wrong_field(people[0].post(&path, json!({"user_ids": [ids[100]]})).await, "user_ids");
    people[99].said(&text(&group["id"]), "I am the last one").await;
    assert_eq!(people[50].unread(&text(&group["id"])).await, 1);
}

#[actix_web::test]
async fn who_is_blocked_neither_writes_nor_brings_into_groups() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let chat = anna.chat_with(&boris).await;
        let said = anna.said(&chat, "Hello").await;
        let group = anna.group_with(&[&boris, &vera]).await;
        answered(boris.blocks(&anna).await, 204);
        for player in [&anna, &boris] {
            refused(player.says(&chat, "x").await, "user_blocked");
        }
        refused(anna.edits(&said, "x").await, "user_blocked");
        refused(anna.post(CHATS, json!({"user_ids": [boris.id, vera.id]})).await, "user_blocked");
        refused(boris.post(CHATS, json!({"user_ids": [anna.id, vera.id]})).await, "user_blocked");
        answered(anna.post(CHATS, json!({"user_ids": [boris.id]})).await, 200);
        assert_eq!(boris.history(&chat).await.len(), 1, "what was said is still there");
        anna.said(&group, "in a group both go on").await;
        answered(anna.takes_back(&said).await, 200);
        let mine = vera.group_with(&[&boris]).await;
        answered(vera.blocks(&anna).await, 204);
        refused(vera.post(&format!("{CHATS}/{mine}/members"), json!({"user_ids": [anna.id]})).await, "user_blocked");
        refused(anna.post(CHATS, json!({"user_ids": [vera.id]})).await, "user_blocked");
        answered(boris.unblocks(&anna).await, 204);
        anna.said(&chat, "again").await;
    }
}

#[actix_web::test]
async fn delivered_and_read_is_when_the_last_other_member_had_and_read_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris, vera) = (app.player("anna").await, app.player("boris").await, app.player("vera").await);
        let group = anna.group_with(&[&boris, &vera]).await;
        for content in ["one", "two"] {
            anna.said(&group, content).await;
        }
        boris.said(&group, "three").await;
        let marks = async |number: usize| {
            let messages = anna.read(&format!("{CHATS}/{group}/messages")).await;
            let message = &items(&messages)[number - 1];
            (message["delivered_at"].is_string(), message["read_at"].is_string())
        };
        boris.reads(&group, 2).await;
        assert_eq!(marks(1).await, (false, false), "{store:?}");
        vera.reads(&group, 1).await;
        assert_eq!((marks(1).await, marks(2).await), ((true, true), (false, false)));
        vera.reads(&group, 3).await;
        assert_eq!((marks(2).await, marks(3).await), ((true, true), (false, false)));
        anna.reads(&group, 3).await;
        assert_eq!(marks(3).await, (true, true));
        vera.reads(&group, 1).await;
        assert_eq!(vera.unread(&group).await, 0, "what was read stays read");
        let chat = anna.chat(&group).await;
        let read: Vec<(String, i64)> = chat["members"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|member| (text(&member["user_id"]), member["read_up_to"].as_i64().expect("a number")))
            .collect();
        assert!(read.contains(&(boris.id.clone(), 2)) && read.contains(&(vera.id.clone(), 3)), "{read:?}");
    }
}

/// What somebody does in a chat of three.
#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    /// One of those that were said.
    Edit(usize),
    Delete(usize),
    Read(usize, usize),
    Leave,
    Come,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize).prop_map(Step::Say),
        1 => any::<usize>().prop_map(Step::Edit),
        2 => any::<usize>().prop_map(Step::Delete),
        3 => (0..3_usize, any::<usize>()).prop_map(|(who, what)| Step::Read(who, what)),
        1 => Just(Step::Leave),
        1 => Just(Step::Come),
    ];
    prop::collection::vec(step, 60)
}

/// A message as whoever counts by hand knows it.
struct Said {
    by: usize,
    message: Value,
    is_deleted: bool,
}

/// The last of three comes and goes; what was said while he was away is not his, and what was before he came is read.
#[actix_web::test]
async fn unread_counts_are_what_counting_by_hand_gives() {
    let mut runner = TestRunner::deterministic();
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let people = [app.player("anna").await, app.player("boris").await, app.player("vera").await];
        for _ in 0..3 {
            let group = people[0].group_with(&[&people[1], &people[2]]).await;
            let path = format!("{CHATS}/{group}/members");
            let (mut said, mut read, mut end) = (Vec::<Said>::new(), [0_usize; 3], None::<usize>);
            let steps = steps().new_tree(&mut runner).expect("steps").current();
            for step in &steps {
                let is_here = |who: usize| who != 2 || end.is_none();
                match *step {
                    Step::Say(who) if is_here(who) => {
                        let message = people[who].said(&group, "x").await;
                        assert_eq!(message["number"], said.len() + 1);
                        said.push(Said { by: who, message, is_deleted: false });
                    }
                    Step::Edit(what) if !said.is_empty() => {
                        let one = &said[what % said.len()];
                        if is_here(one.by) && !one.is_deleted {
                            people[one.by].edits(&one.message, "y").await;
                        }
                    }
                    Step::Delete(what) if !said.is_empty() => {
                        let place = what % said.len();
                        let one = &mut said[place];
                        if is_here(one.by) {
                            let (status, _) = people[one.by].takes_back(&one.message).await;
                            // What one said before one left and came again is not seen any more.
                            one.is_deleted |= status == StatusCode::OK;
                        }
                    }
                    Step::Read(who, what) => {
                        let seen = if is_here(who) { said.len() } else { end.unwrap_or_default() };
                        let up_to = what % (said.len() + 1);
                        people[who].reads(&group, up_to as i64).await;
                        read[who] = read[who].max(up_to.min(seen));
                    }
                    Step::Leave if end.is_none() => {
                        answered(people[2].delete(&format!("{path}/{}", people[2].id)).await, 204);
                        end = Some(said.len());
                    }
                    Step::Come if end.is_some() => {
                        answered(people[0].post(&path, json!({"user_ids": [people[2].id]})).await, 200);
                        (end, read[2]) = (None, said.len());
                    }
                    _ => {}
                }
                for (who, player) in people.iter().enumerate() {
                    let last = if who == 2 { end.unwrap_or(said.len()) } else { said.len() };
                    let unread = said.get(read[who]..last).unwrap_or_default().iter();
                    let expected = unread.filter(|one| one.by != who && !one.is_deleted).count();
                    assert_eq!(player.unread(&group).await, expected as i64, "{who} after {step:?} of {steps:?}");
                }
            }
        }
    }
}
