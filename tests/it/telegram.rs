//! Signing in with Telegram, by init data that the test signs as Telegram does.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::expect::{refused, wrong_field};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

pub const TOKEN: &str = "12345:AAvery-secret-token-of-the-tests";
const PATH: &str = "/api/v1/auth/telegram";

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Signed by the bot with that token, so many seconds ago.
pub fn init_data(token: &str, id: i64, name: &str, seconds_ago: i64) -> String {
    let auth_date = chrono::Utc::now().timestamp() - seconds_ago;
    let user = json!({"id": id, "first_name": name, "username": "Anna_K", "language_code": "en"}).to_string();
    // Each time another, as Telegram's query ids are.
    let query = uuid::Uuid::new_v4().simple().to_string();
    let signed = format!("auth_date={auth_date}\nquery_id={query}\nuser={user}");
    let hash: String = mac(&mac(b"WebAppData", token), &signed).iter().map(|byte| format!("{byte:02x}")).collect();
    let user: String = user.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("query_id={query}&user={user}&auth_date={auth_date}&hash={hash}")
}

async fn sign_in(app: &TestApp, init_data: &str) -> (StatusCode, Value) {
    app.anonymous().post(PATH, json!({"init_data": init_data})).await
}

#[tokio::test]
async fn somebody_at_telegram_has_one_account_here() {
    for store in Store::ALL {
        sign_in_twice(store).await;
    }
}

async fn sign_in_twice(store: Store) {
    let app = TestApp::start_with(store, &["--telegram-bot-token", TOKEN]).await;
    assert_eq!(app.anonymous().read("/api/v1/server").await["features"]["telegram"], true);
    let first = init_data(TOKEN, 7_000_000_001, "Анна", 0);
    let (status, opened) = sign_in(&app, &first).await;
    assert_eq!((status, &opened["user"]["display_name"]), (StatusCode::CREATED, &json!("Анна")), "{opened}");
    assert_eq!(opened["user"]["username"], "anna_k");
    let anna = Player::of(&app.base, &opened);
    assert_eq!(anna.read("/api/v1/users/me").await["id"], opened["user"]["id"]);
    assert_eq!(anna.read("/api/v1/notifications/settings").await["language"], "en");
    refused(sign_in(&app, &first).await, "invalid_credentials");
    let (status, again) = sign_in(&app, &init_data(TOKEN, 7_000_000_001, "Анна", 100)).await;
    assert_eq!((status, &again["user"]["id"]), (StatusCode::OK, &opened["user"]["id"]));
    let (status, other) = sign_in(&app, &init_data(TOKEN, 7_000_000_002, "", 0)).await;
    assert_eq!(
        (status, &other["user"]["username"]),
        (StatusCode::CREATED, &json!("tg7000000002")),
        "the name is taken"
    );
    // Who has no password proves himself by the login alone.
    assert_eq!(anna.call(reqwest::Method::DELETE, "/api/v1/users/me", Some(json!({}))).await.0, StatusCode::NO_CONTENT);
    let (status, new) = sign_in(&app, &init_data(TOKEN, 7_000_000_001, "Анна", 0)).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(new["user"]["id"], opened["user"]["id"]);
    let export = Player::of(&app.base, &new).read("/api/v1/users/me/export").await;
    assert_eq!(export["user"]["telegram_id"], 7_000_000_001_i64);
    assert!(!app.log().contains("very-secret"));
}

#[tokio::test]
async fn of_many_first_sign_ins_at_once_all_come_to_one_account() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &["--telegram-bot-token", TOKEN]).await;
        let data: Vec<String> = (0..8).map(|_| init_data(TOKEN, 42, "Борис", 0)).collect();
        let all = futures_util::future::join_all(data.iter().map(|data| sign_in(&app, data))).await;
        let opened = all.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
        let ids: std::collections::HashSet<String> =
            all.iter().map(|(_, answer)| text(&answer["user"]["id"])).collect();
        assert_eq!((opened, ids.len()), (1, 1), "{all:?}");
        // The same data at once are used once.
        let same = init_data(TOKEN, 42, "Борис", 0);
        let all = futures_util::future::join_all((0..8).map(|_| sign_in(&app, &same))).await;
        assert_eq!(all.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1, "{all:?}");
    }
}

#[tokio::test]
async fn what_telegram_did_not_sign_for_this_bot_just_now_is_refused() {
    let app = TestApp::start_with(Store::chosen(), &["--telegram-bot-token", TOKEN]).await;
    refused(sign_in(&app, &init_data("12345:another", 1, "Anna", 0)).await, "invalid_credentials");
    refused(
        sign_in(&app, &init_data(TOKEN, 1, "Anna", 0).replace("query_id", "query_ids")).await,
        "invalid_credentials",
    );
    refused(sign_in(&app, &init_data(TOKEN, 1, "Anna", 400)).await, "token_expired");
    refused(sign_in(&app, &init_data(TOKEN, 1, "Anna", -400)).await, "token_expired");
    wrong_field(sign_in(&app, "").await, "init_data");
    wrong_field(sign_in(&app, "hash=0").await, "init_data");
    let without = TestApp::start().await;
    assert_eq!(without.anonymous().read("/api/v1/server").await["features"]["telegram"], false);
    refused(sign_in(&without, &init_data(TOKEN, 1, "Anna", 0)).await, "not_found");
}
