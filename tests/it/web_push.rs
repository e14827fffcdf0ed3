//! Web Push: the test is the browser and its push service. It decrypts what comes (RFC 8291) and checks who sent it
//! (RFC 8292), with nothing of the server's own code.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey};
use ring::rand::SystemRandom;
use ring::{aead, hmac, signature};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, refused, wrong_field};
use crate::mail::hurry;
use crate::receiver::{Receiver, TakenRequest};
use crate::test_app::{Store, TestApp, text, until};

const PATH: &str = "/api/v1/push-subscriptions";

/// A browser that subscribed: it can read one message, since its key is used up by that.
struct Browser {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
    secret: [u8; 16],
}

impl Browser {
    fn new() -> Self {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).expect("a key");
        let public = private.compute_public_key().expect("its other half").as_ref().to_vec();
        Self { private, public, secret: [7; 16] }
    }

    fn subscription(&self, endpoint: &str) -> Value {
        let (p256dh, auth) = (URL_SAFE_NO_PAD.encode(&self.public), URL_SAFE_NO_PAD.encode(self.secret));
        json!({"endpoint": endpoint, "expirationTime": null, "keys": {"p256dh": p256dh, "auth": auth}})
    }

    /// Section 3.4 of RFC 8291 and section 2 of RFC 8188, step by step.
    fn read(self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert_eq!((u32::from_be_bytes(size.try_into().expect("four bytes")), rest[0]), (4_096, 65));
        let (sender, sealed) = rest[1..].split_at(65);
        let sign =
            |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec();
        let shared =
            agreement::agree_ephemeral(self.private, &UnparsedPublicKey::new(&ECDH_P256, sender), <[u8]>::to_vec);
        let of_both = sign(&self.secret, &shared.expect("a shared secret"));
        let key = sign(&of_both, &[b"WebPush: info\0", &self.public[..], sender, &[1]].concat());
        let key = sign(salt, &key);
        let content = &sign(&key, b"Content-Encoding: aes128gcm\0\x01")[..16];
        let nonce: [u8; 12] = sign(&key, b"Content-Encoding: nonce\0\x01")[..12].try_into().expect("twelve bytes");
        let opening = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, content).expect("a key"));
        let mut sealed = sealed.to_vec();
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let text = opening.open_in_place(nonce, aead::Aad::empty(), &mut sealed).expect("sealed for this browser");
        let (last, text) = text.split_last().expect("a delimiter");
        assert_eq!(*last, 2, "the last record");
        serde_json::from_slice(text).expect("JSON")
    }
}

/// What the push service is told of the sender, if the key that browsers know has signed it.
fn claims(taken: &TakenRequest, public_key: &str) -> Value {
    let header = &taken.headers["authorization"];
    let (token, key) = header.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).expect("vapid");
    assert_eq!(key, public_key);
    let (signed, seal) = token.rsplit_once('.').expect("a signature");
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let key = bytes(key);
    let key = signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &key);
    key.verify(signed.as_bytes(), &bytes(seal)).expect("signed by that key");
    serde_json::from_slice(&bytes(signed.split_once('.').expect("claims").1)).expect("JSON")
}

async fn play(evening: &Evening) {
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
}

#[tokio::test]
async fn a_browser_alone_reads_what_is_pushed_to_it() {
    for store in Store::ALL {
        push(store).await;
    }
}

async fn push(store: Store) {
    let service = Receiver::start().await;
    let mut app = TestApp::start_with(store, &["--allow-private-targets"]).await;
    let server = app.anonymous().read("/api/v1/server").await;
    assert_eq!(server["features"]["push"], true);
    let public_key = text(&server["push_public_key"]);
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    anna.put("/api/v1/notifications/settings", json!({"kinds": {"achievement_unlocked": false}})).await;
    let browser = Browser::new();
    let endpoint = format!("{}/send/1", service.url);
    anna.done(PATH, browser.subscription(&endpoint)).await;
    play(&evening).await;
    let taken = service.next().await;
    let told = claims(&taken, &public_key);
    assert_eq!(told["aud"], service.url);
    let life = told["exp"].as_i64().expect("a time") - chrono::Utc::now().timestamp();
    assert!((1..=86_400).contains(&life), "{told}");
    assert_eq!((&taken.headers["content-encoding"][..], &taken.path[..]), ("aes128gcm", "/send/1"));
    assert!(taken.headers.contains_key("ttl"));
    let read = browser.read(&taken.body);
    assert_eq!((&read["kind"], &read["title"]), (&json!("game_completed"), &json!("Игра окончена")));
    assert_eq!(
        (&read["body"], &read["session_id"]),
        (&json!("Friday: 1-е место, +200\u{a0}₽"), &json!(evening.session))
    );

    // The key outlives the process: browsers are bound to it.
    app.kill_and_restart().await;
    assert_eq!(app.anonymous().read("/api/v1/server").await["push_public_key"], public_key.as_str());
    // The browser has ended it: nothing more is sent there.
    let anna = anna.on(&app);
    let evening = Evening { players: evening.players.iter().map(|player| player.on(&app)).collect(), ..evening };
    service.answer(["410 Gone"]);
    play(&evening).await;
    service.next().await;
    until("the subscription is gone", async || {
        let export = anna.read("/api/v1/users/me/export").await;
        items(&json!({"items": export["push_subscriptions"]})).is_empty().then_some(())
    })
    .await;
    assert_eq!(service.count(), 2);
    // Where it is not taken for now it comes again.
    let browser = Browser::new();
    let made = anna.done(PATH, browser.subscription(&endpoint)).await;
    service.answer(["500 broken"]);
    play(&evening).await;
    service.next().await;
    hurry(&app).await;
    let again = service.next().await;
    assert_eq!(browser.read(&again.body)["kind"], "game_completed");
    let id = text(&made["id"]);
    refused(evening.players[1].delete(&format!("{PATH}/{id}")).await, "not_found");
    assert_eq!(anna.call(Method::DELETE, &format!("{PATH}/{id}"), None).await.0, StatusCode::NO_CONTENT);
    refused(anna.delete(&format!("{PATH}/{id}")).await, "not_found");
}

#[tokio::test]
async fn a_browser_that_nothing_can_be_encrypted_for_is_forgotten() {
    let service = Receiver::start().await;
    let app = TestApp::start_with(Store::chosen(), &["--allow-private-targets", "--admin", "the-operator"]).await;
    let admin = app.player_named("the-operator").await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let mut nowhere = Browser::new();
    // As long as a key, and no point of the curve.
    nowhere.public[1..].fill(1);
    anna.done(PATH, nowhere.subscription(&format!("{}/send/1", service.url))).await;
    play(&evening).await;
    until("the subscription is gone", async || {
        let export = anna.read("/api/v1/users/me/export").await;
        items(&json!({"items": export["push_subscriptions"]})).is_empty().then_some(())
    })
    .await;
    assert_eq!(items(&admin.read("/api/v1/admin/dead-letters").await).len(), 0);
    assert_eq!(service.count(), 0);
}

#[tokio::test]
async fn a_subscription_has_keys_and_a_public_address_and_a_user_has_ten() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let browser = Browser::new();
    wrong_field(anna.post(PATH, browser.subscription("http://127.0.0.1:1/")).await, "endpoint");
    wrong_field(anna.post(PATH, browser.subscription("https://10.0.0.1/")).await, "endpoint");
    let mut wrong = browser.subscription("https://push.example/1");
    wrong["keys"]["auth"] = json!("AAAA");
    wrong_field(anna.post(PATH, wrong.clone()).await, "keys.auth");
    wrong["keys"]["p256dh"] = json!("");
    wrong_field(anna.post(PATH, wrong).await, "keys.p256dh");
    for number in (0..12).chain(8..12) {
        anna.done(PATH, browser.subscription(&format!("https://push.example/{number}"))).await;
    }
    let export = anna.read("/api/v1/users/me/export").await;
    let there: Vec<String> =
        export["push_subscriptions"].as_array().expect("a list").iter().map(|one| text(&one["endpoint"])).collect();
    let expected: Vec<String> = (2..12).map(|number| format!("https://push.example/{number}")).collect();
    assert_eq!(there, expected, "the oldest ones made room, and a browser has one place");
}
