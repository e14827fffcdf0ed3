//! Webhooks: signed, tried again, kept for the operator, and never sent into the networks behind the server.

use std::time::{Duration, Instant};

use entity::failing_target;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, refused, wrong_field};
use crate::mail::{database_of, hurry};
use crate::player::Player;
use crate::receiver::{Receiver, TakenRequest};
use crate::test_app::{Store, TestApp, text, until};

const WEBHOOKS: &str = "/api/v1/webhooks";
const NEAR: [&str; 1] = ["--allow-private-targets"];

pub async fn hook(player: &Player, url: &str, kinds: Value) -> Value {
    player.done(WEBHOOKS, json!({"url": url, "kinds": kinds})).await
}

fn said(taken: &TakenRequest) -> Value {
    serde_json::from_slice(&taken.body).expect("JSON")
}

fn is_signed(taken: &TakenRequest, secret: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{}.", taken.headers["x-artel-timestamp"]).as_bytes());
    mac.update(&taken.body);
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    taken.headers["x-artel-signature"] == format!("v1={digits}")
}

async fn play(evening: &Evening) {
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
}

#[tokio::test]
async fn notifications_are_sent_signed_to_whoever_asked_for_their_kind() {
    for store in Store::ALL {
        send_signed(store).await;
    }
}

async fn send_signed(store: Store) {
    let receiver = Receiver::start().await;
    let app = TestApp::start_with(store, &NEAR).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let made = hook(anna, &format!("{}/anna", receiver.url), json!(["game_completed"])).await;
    let (id, secret) = (text(&made["id"]), text(&made["secret"]));
    play(&evening).await;
    let taken = receiver.next().await;
    assert_eq!(taken.path, "/anna");
    assert!(is_signed(&taken, &secret) && !is_signed(&taken, "another secret"));
    let kept = anna.read("/api/v1/notifications").await;
    let completed = items(&kept).iter().find(|kept| kept["kind"] == "game_completed").expect("told").clone();
    let body = said(&taken);
    assert_eq!((&body["kind"], &body["id"]), (&json!("game_completed"), &json!(taken.headers["x-artel-delivery"])));
    for field in ["id", "title", "body", "data", "created_at"] {
        assert_eq!(body["notification"][field], completed[field], "{field}");
    }
    let listed = anna.read(WEBHOOKS).await;
    assert_eq!((items(&listed).len(), &items(&listed)[0]["secret"]), (1, &Value::Null));
    assert!(items(&boris.read(WEBHOOKS).await).is_empty());
    refused(boris.delete(&format!("{WEBHOOKS}/{id}")).await, "not_found");
    let export = anna.read("/api/v1/users/me/export").await;
    assert_eq!(export["webhooks"][0]["url"], format!("{}/anna", receiver.url));
    assert!(!export.to_string().contains(&secret));
    assert_eq!(anna.delete(&format!("{WEBHOOKS}/{id}")).await.0, StatusCode::NO_CONTENT);
    // What happens from now on comes to the next one alone.
    hook(boris, &format!("{}/boris", receiver.url), json!(["game_completed"])).await;
    play(&evening).await;
    assert_eq!(receiver.next().await.path, "/boris");
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_under_its_id_and_then_kept_for_the_operator() {
    for store in Store::ALL {
        send_again(store).await;
    }
}

async fn send_again(store: Store) {
    let receiver = Receiver::start().await;
    let app = TestApp::start_with(store, &["--allow-private-targets", "--admin", "the-operator"]).await;
    let admin = app.player_named("the-operator").await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    // A redirect is not followed: it might lead anywhere.
    receiver.answer(["302 Found\r\nlocation: /elsewhere", "500 broken"]);
    hook(&evening.players[0], &format!("{}/anna", receiver.url), json!(["game_completed"])).await;
    play(&evening).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        hurry(&app).await;
        let taken = receiver.next().await;
        assert_eq!(taken.path, "/anna");
        ids.push(taken.headers["x-artel-delivery"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    receiver.answer(["503 away"; 8]);
    play(&evening).await;
    let letters = "/api/v1/admin/dead-letters";
    let letter = until("a dead letter", async || {
        hurry(&app).await;
        items(&admin.read(letters).await).first().cloned()
    })
    .await;
    assert_eq!((&letter["queue"], &letter["attempts"]), (&json!("delivery.webhook"), &json!(8)));
    let second = loop {
        let taken = receiver.next().await;
        if taken.headers["x-artel-delivery"] != ids[0] {
            break taken.headers["x-artel-delivery"].clone();
        }
    };
    assert_eq!(letter["message_id"], second);
    let before = receiver.count();
    admin.done(&format!("{letters}/{}/replay", text(&letter["id"])), json!({})).await;
    until("it comes again", async || (receiver.count() > before).then_some(())).await;
    assert!(items(&admin.read(letters).await).is_empty());
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let receiver = Receiver::start().await;
    let app = TestApp::start_with(Store::chosen(), &NEAR).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    for number in 0..10 {
        hook(&evening.players[0], &format!("{}/hang/{number}", receiver.url), json!(["game_completed"])).await;
    }
    hook(&evening.players[1], &format!("{}/boris", receiver.url), json!(["game_completed"])).await;
    let begun = Instant::now();
    for round in 1..=6 {
        play(&evening).await;
        until("Boris is told", async || {
            let taken = receiver.all();
            (taken.iter().filter(|taken| taken.path == "/boris").count() == round).then_some(())
        })
        .await;
    }
    let hanging = receiver.all().iter().filter(|taken| taken.path.starts_with("/hang")).count();
    assert!((1..=6).contains(&hanging), "{hanging} of Anna's are under way in {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(50));
}

/// Tells a user something: somebody new wants to be a friend.
pub async fn tell(app: &TestApp, of: &[&Player]) {
    let stranger = app.player("stranger").await;
    for player in of {
        stranger.done("/api/v1/friends/requests", json!({"user_id": player.id})).await;
    }
}

#[tokio::test]
async fn many_receivers_that_hang_hold_up_nobody_else() {
    for store in [Store::Sqlite, Store::Postgres] {
        wait_for_nobody(store).await;
    }
}

async fn wait_for_nobody(store: Store) {
    let receiver = Receiver::start().await;
    let app = TestApp::start_with(store, &NEAR).await;
    let mut hanging = Vec::new();
    for number in 0..20 {
        let player = app.player(&format!("hangs{number}")).await;
        for path in ["first", "second"] {
            hook(&player, &format!("{}/hang/{number}/{path}", receiver.url), json!(["friend_request"])).await;
        }
        hanging.push(player);
    }
    let boris = app.player("boris").await;
    hook(&boris, &format!("{}/boris", receiver.url), json!(["friend_request"])).await;
    let (all, database): (Vec<&Player>, _) = (hanging.iter().collect(), database_of(&app).await);
    let came = |path: &str| receiver.all().iter().filter(|taken| taken.path.starts_with(path)).count();
    for round in 1..=4 {
        tell(&app, &all).await;
        if round == 1 {
            until("they hang", async || (came("/hang") >= 32).then_some(())).await;
        }
        let begun = Instant::now();
        tell(&app, &[&boris]).await;
        until("Boris is told", async || (came("/boris") == round).then_some(())).await;
        assert!(begun.elapsed() < Duration::from_secs(7), "{store:?}, round {round}: {:?}", begun.elapsed());
        // By then those that hung have failed, and are due again.
        if round == 2 {
            until("they failed", async || {
                let failed = failing_target::Entity::find().count(&database).await.expect("a count");
                (failed == 40).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_into_the_networks_behind_the_server() {
    let receiver = Receiver::start().await;
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let port = receiver.url.rsplit(':').next().expect("a port");
    for url in [
        receiver.url.clone(),
        format!("https://127.0.0.1:{port}/"),
        "https://[::1]/".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://192.168.1.1/".to_owned(),
        "ftp://club.example/".to_owned(),
        "https://anna:secret@club.example/".to_owned(),
    ] {
        wrong_field(anna.post(WEBHOOKS, json!({"url": url})).await, "url");
    }
    wrong_field(anna.post(WEBHOOKS, json!({"url": "https://club.example/", "kinds": []})).await, "kinds");
    // A name may lead there: it is seen when something is sent.
    hook(anna, &format!("https://localhost:{port}/"), json!(["game_completed"])).await;
    play(&evening).await;
    until("it was tried", async || app.log().contains("private address").then_some(())).await;
    assert_eq!(receiver.count(), 0);
    for number in 1..10 {
        hook(anna, &format!("https://club.example/{number}"), Value::Null).await;
    }
    wrong_field(anna.post(WEBHOOKS, json!({"url": "https://club.example/11"})).await, "url");
    refused(anna.delete(&format!("{WEBHOOKS}/{}", Uuid::new_v4())).await, "not_found");
}
