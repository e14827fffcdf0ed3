//! A socket lives as long as its login: a fresh token prolongs it, and whatever ends the login closes it (contract,
//! section 3), while the sockets of other logins stay.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::player::{Player, Socket};
use crate::test_app::{TestApp, text};

async fn login(app: &TestApp, player: &Player, password: &str) -> Player {
    let username = text(&player.read("/api/v1/users/me").await["username"]);
    let body = json!({"username": username, "password": password});
    let (status, answer) = app.anonymous().post("/api/v1/auth/login", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    Player::of(&app.base, &answer)
}

async fn refresh(player: &Player) -> (StatusCode, Value) {
    player.post("/api/v1/auth/refresh", json!({"refresh_token": player.refresh})).await
}

async fn authenticate(socket: &mut Socket, token: &str) -> Value {
    let id = Uuid::new_v4();
    socket.send(json!({"type": "authenticate", "id": id, "token": token})).await;
    socket.answer(id).await
}

/// The socket answers, so it is open.
async fn assert_open(socket: &mut Socket) {
    let id = Uuid::new_v4();
    socket.send(json!({"type": "unsubscribe", "id": id, "session_id": id})).await;
    assert_eq!(socket.answer(id).await["type"], "unsubscribed");
}

#[tokio::test]
async fn a_fresh_token_of_the_same_user_goes_on_and_any_other_is_an_error() {
    let app = TestApp::start().await;
    let (anna, boris) = (app.player("anna").await, app.player("boris").await);
    let mut socket = anna.socket().await;
    let (status, fresh) = refresh(&anna).await;
    assert_eq!(status, StatusCode::OK, "{fresh}");
    let authenticated = authenticate(&mut socket, &text(&fresh["access_token"])).await;
    assert_eq!(authenticated["type"], "authenticated", "{authenticated}");
    assert!(text(&authenticated["expires_at"]).ends_with('Z'), "{authenticated}");
    for token in [boris.token.as_deref().unwrap(), "garbage", ""] {
        let error = authenticate(&mut socket, token).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("unauthenticated")), "{token:?}");
    }
    assert_open(&mut socket).await;
}

#[tokio::test]
async fn logging_out_closes_all_sockets_of_that_login_and_no_other() {
    let app = TestApp::start().await;
    let phone = app.player("anna").await;
    let tablet = login(&app, &phone, "correct horse").await;
    let boris = app.player("boris").await;
    let (mut first, mut second) = (phone.socket().await, phone.socket().await);
    let (mut elsewhere, mut stranger) = (tablet.socket().await, boris.socket().await);
    let (status, _) = phone.post("/api/v1/auth/logout", json!({"refresh_token": phone.refresh})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!((first.closed().await, second.closed().await), (Some(4401), Some(4401)));
    assert_open(&mut elsewhere).await;
    assert_open(&mut stranger).await;
}

#[tokio::test]
async fn a_spent_refresh_token_closes_the_sockets_of_its_family() {
    let app = TestApp::start().await;
    let phone = app.player("anna").await;
    let tablet = login(&app, &phone, "correct horse").await;
    let mut before = phone.socket().await;
    let (status, fresh) = refresh(&phone).await;
    assert_eq!(status, StatusCode::OK, "{fresh}");
    let renewed = Player { token: Some(text(&fresh["access_token"])), ..phone.clone() };
    let (mut after, mut elsewhere) = (renewed.socket().await, tablet.socket().await);
    let (status, _) = refresh(&Player { refresh: text(&fresh["refresh_token"]), ..phone.clone() }).await;
    assert_eq!(status, StatusCode::OK, "somebody went on with it");
    let (status, answer) = refresh(&phone).await;
    assert_eq!((status.as_u16(), &answer["code"]), (401, &json!("refresh_token_reused")));
    assert_eq!((before.closed().await, after.closed().await), (Some(4401), Some(4401)));
    assert_open(&mut elsewhere).await;
}

#[tokio::test]
async fn a_new_password_closes_the_sockets_of_all_other_logins_of_that_user() {
    let app = TestApp::start().await;
    let phone = app.player("anna").await;
    let tablet = login(&app, &phone, "correct horse").await;
    let boris = app.player("boris").await;
    let (mut first, mut second, mut stranger) = (phone.socket().await, tablet.socket().await, boris.socket().await);
    let body = json!({"current_password": "correct horse", "password": "battery staple"});
    let (status, answer) = phone.patch("/api/v1/users/me", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(second.closed().await, Some(4401));
    assert_open(&mut first).await;
    assert_open(&mut stranger).await;
    assert_open(&mut login(&app, &Player { ..boris.clone() }, "correct horse").await.socket().await).await;
}

#[tokio::test]
async fn a_socket_that_went_over_to_another_login_lives_and_ends_with_that() {
    let app = TestApp::start().await;
    let phone = app.player("anna").await;
    let tablet = login(&app, &phone, "correct horse").await;
    let mut socket = phone.socket().await;
    let authenticated = authenticate(&mut socket, tablet.token.as_deref().unwrap()).await;
    assert_eq!(authenticated["type"], "authenticated", "{authenticated}");
    let mut witness = phone.socket().await;
    phone.post("/api/v1/auth/logout", json!({"refresh_token": phone.refresh})).await;
    assert_eq!(witness.closed().await, Some(4401));
    assert_open(&mut socket).await;
    tablet.post("/api/v1/auth/logout", json!({"refresh_token": tablet.refresh})).await;
    assert_eq!(socket.closed().await, Some(4401));
}

/// A token of the same login that expires in `seconds`, signed with the server's secret.
fn expiring(player: &Player, secret: &str, seconds: i64) -> Player {
    use base64::Engine;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let token = player.token.as_deref().unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"] = json!(chrono::Utc::now().timestamp() + seconds);
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    Player { token: Some(token), ..player.clone() }
}

#[tokio::test]
async fn a_socket_closes_when_its_token_expires_unless_it_was_renewed() {
    let secret = "a secret that the test knows as well";
    let app = TestApp::start_with(crate::test_app::Store::Sqlite, &["--jwt-secret", secret]).await;
    let anna = app.player("anna").await;
    let short = expiring(&anna, secret, 3);
    let (mut left, mut renewed) = (short.socket().await, short.socket().await);
    let answer = authenticate(&mut renewed, anna.token.as_deref().unwrap()).await;
    assert_eq!(answer["type"], "authenticated", "{answer}");
    assert_eq!(left.closed().await, Some(4401));
    // The other one is past that moment too, and still answers.
    let answer = authenticate(&mut renewed, anna.token.as_deref().unwrap()).await;
    assert_eq!(answer["type"], "authenticated", "{answer}");
}
