//! Accounts and logins over REST: registering, tokens and their rotation, browsers, profiles, limits, admins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

const PASSWORD: &str = "correct horse";
const ME: &str = "id username display_name email role created_at is_guest";

async fn register(app: &TestApp, body: Value) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/register", body).await
}

async fn login(app: &TestApp, username: &str, password: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": username, "password": password})).await
}

async fn refresh(app: &TestApp, token: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

#[actix_web::test]
async fn an_account_is_opened_with_its_first_login() {
    let app = TestApp::start().await;
    let body =
        json!({"username": "Anna.P-1_x", "password": PASSWORD, "display_name": "Анна", "email": "anna@club.example"});
    let opened = answered(register(&app, body).await, 201);
    has_only_fields(&opened, "user access_token refresh_token token_type expires_in");
    assert_eq!(opened["token_type"], "Bearer");
    assert!(opened["expires_in"].as_i64().is_some_and(|seconds| seconds > 0));
    let user = &opened["user"];
    has_only_fields(user, ME);
    is_id(&user["id"]);
    is_time(&user["created_at"]);
    assert_eq!((&user["username"], &user["display_name"]), (&json!("anna.p-1_x"), &json!("Анна")));
    assert_eq!((&user["email"], &user["role"]), (&json!("anna@club.example"), &json!("user")));
    assert_eq!(&Player::of(&app.base, &opened).read("/api/v1/users/me").await, user);
    let plain = answered(register(&app, json!({"username": "boris", "password": PASSWORD})).await, 201);
    assert_eq!((&plain["user"]["display_name"], &plain["user"]["email"]), (&json!("boris"), &Value::Null));
}

#[actix_web::test]
async fn a_user_name_is_taken_once_in_any_case() {
    let app = TestApp::start().await;
    app.player_named("anna").await;
    for name in ["anna", "ANNA", "Anna"] {
        refused(register(&app, json!({"username": name, "password": PASSWORD})).await, "username_taken");
    }
    let racing = (0..8).map(|_| register(&app, json!({"username": "boris", "password": PASSWORD})));
    let answers = futures_util::future::join_all(racing).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count(), 1);
    answers
        .into_iter()
        .filter(|(status, _)| *status != StatusCode::CREATED)
        .for_each(|it| drop(refused(it, "username_taken")));
}

#[actix_web::test]
async fn fields_of_an_account_are_held_to_their_bounds() {
    let app = TestApp::start().await;
    let with = |field: &str, value: &str| {
        let mut body = json!({"username": "anna", "password": PASSWORD});
        body[field] = json!(value);
        body
    };
    for name in ["an", "", &"a".repeat(33), "an na", "анна", "anna!", "a\u{0}na"] {
        wrong_field(register(&app, with("username", name)).await, "username");
    }
    for password in ["1234567", "", &"x".repeat(129)] {
        wrong_field(register(&app, with("password", password)).await, "password");
    }
    for name in ["", "  ", &"я".repeat(65), "a\nb"] {
        wrong_field(register(&app, with("display_name", name)).await, "display_name");
    }
    for email in ["", "anna", "@club", "anna@", "a b@club", "a@b@c"] {
        wrong_field(register(&app, with("email", email)).await, "email");
    }
    wrong_field(register(&app, json!({"username": "anna"})).await, "password");
    wrong_field(register(&app, with("role", "admin")).await, "role");
    let longest = json!({"username": "a".repeat(32), "password": "я".repeat(128), "display_name": "я".repeat(64)});
    answered(register(&app, longest).await, 201);
    answered(register(&app, json!({"username": "abc", "password": "12345678"})).await, 201);
}

#[actix_web::test]
async fn a_login_needs_the_right_password_and_tells_nothing_else() {
    let app = TestApp::start().await;
    let anna = app.player_named("anna").await;
    let opened = answered(login(&app, "ANNA", PASSWORD).await, 200);
    has_only_fields(&opened, "user access_token refresh_token token_type expires_in");
    assert_eq!(opened["user"]["id"], anna.id.as_str());
    let wrong = refused(login(&app, "anna", "wrong horse").await, "invalid_credentials");
    let nobody = refused(login(&app, "nobody", PASSWORD).await, "invalid_credentials");
    assert_eq!((&wrong["detail"], &wrong["title"]), (&nobody["detail"], &nobody["title"]));
    refused(login(&app, "' OR 1=1 --", PASSWORD).await, "invalid_credentials");
}

#[actix_web::test]
async fn a_refresh_token_is_spent_once_and_its_reuse_revokes_the_family() {
    let app = TestApp::start().await;
    let anna = app.player_named("anna").await;
    let second = answered(refresh(&app, &anna.refresh).await, 200);
    has_only_fields(&second, "user access_token refresh_token token_type expires_in");
    assert_ne!(second["refresh_token"], anna.refresh.as_str());
    let third = answered(refresh(&app, &text(&second["refresh_token"])).await, 200);
    let newest = Player::of(&app.base, &third);
    newest.read("/api/v1/users/me").await;
    let other = Player::of(&app.base, &answered(login(&app, "anna", PASSWORD).await, 200));

    refused(refresh(&app, &anna.refresh).await, "refresh_token_reused");
    let (status, _) = refresh(&app, &newest.refresh).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "the newest of the family is dead too");
    refused(newest.get("/api/v1/users/me").await, "unauthenticated");
    other.read("/api/v1/users/me").await;
    answered(refresh(&app, &other.refresh).await, 200);
    refused(refresh(&app, "nothing of ours").await, "unauthenticated");
    wrong_field(app.anonymous().post("/api/v1/auth/refresh", json!({})).await, "refresh_token");
}

#[actix_web::test]
async fn refreshes_at_the_same_time_get_the_same_pair() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player("anna").await;
        let answers = futures_util::future::join_all((0..6).map(|_| refresh(&app, &anna.refresh))).await;
        let next = text(&answers[0].1["refresh_token"]);
        for (status, answer) in &answers {
            assert_eq!((*status, &answer["refresh_token"]), (StatusCode::OK, &json!(next)), "{store:?} {answers:?}");
        }
        answered(refresh(&app, &next).await, 200);
        refused(refresh(&app, &anna.refresh).await, "refresh_token_reused");
    }
}

#[actix_web::test]
async fn an_access_token_is_ours_unaltered_and_not_expired() {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let secret = "a secret of this test alone, long enough";
    let app = TestApp::start_with(Store::Sqlite, &["--jwt-secret", secret]).await;
    let mut anna = app.player("anna").await;
    let token = anna.token.clone().expect("a token");
    let parts: Vec<_> = token.split('.').collect();
    let now = chrono::Utc::now().timestamp();
    let claims = |exp: i64, aud: &str| json!({"sub": anna.id, "login": Uuid::now_v7(), "role": "admin", "aud": aud, "iat": now - 60, "exp": exp});
    let signed = |claims: &Value, algorithm, secret: &str| {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
    };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let refusals = [
        (signed(&claims(now - 1, "access"), Algorithm::HS256, secret), "token_expired"),
        (signed(&claims(now + 60, "access"), Algorithm::HS256, "another secret, long enough too"), "unauthenticated"),
        (signed(&claims(now + 60, "share"), Algorithm::HS256, secret), "unauthenticated"),
        (signed(&claims(now + 60, "access"), Algorithm::HS512, secret), "unauthenticated"),
        (format!("{none}.{}.", parts[1]), "unauthenticated"),
        (format!("{none}.{}.{}", parts[1], parts[2]), "unauthenticated"),
        (format!("{}.{}.{}", parts[0], parts[1], parts[0]), "unauthenticated"),
        (anna.refresh.clone(), "unauthenticated"),
    ];
    for (token, code) in refusals {
        anna.token = Some(token);
        refused(anna.get("/api/v1/users/me").await, code);
    }
    anna.token = Some(token);
    anna.read("/api/v1/users/me").await;
}

#[actix_web::test]
async fn logout_ends_one_login_for_good() {
    let mut app = TestApp::start().await;
    let anna = app.player_named("anna").await;
    let other = Player::of(&app.base, &answered(login(&app, "anna", PASSWORD).await, 200));
    let boris = app.player("boris").await;
    refused(boris.post("/api/v1/auth/logout", json!({"refresh_token": anna.refresh})).await, "unauthenticated");
    let (status, body) = anna.post("/api/v1/auth/logout", json!({"refresh_token": anna.refresh})).await;
    assert_eq!((status, body), (StatusCode::NO_CONTENT, Value::Null));
    refused(anna.get("/api/v1/users/me").await, "unauthenticated");
    assert_eq!(refresh(&app, &anna.refresh).await.0, StatusCode::UNAUTHORIZED);
    other.read("/api/v1/users/me").await;
    app.kill_and_restart().await;
    refused(anna.get("/api/v1/users/me").await, "unauthenticated");
    other.read("/api/v1/users/me").await;
}

#[actix_web::test]
async fn browsers_have_their_refresh_token_in_a_cookie_only() {
    let app = TestApp::start().await;
    let browser = async |path: &str, cookie: Option<&str>, body: Value, token: Option<&str>| {
        let mut request = app.anonymous().request(Method::POST, path).header("x-artel-client", "browser").json(&body);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let cookie = response.headers().get("set-cookie").map(|it| it.to_str().expect("a text").to_owned());
        (response.status().as_u16(), cookie, response.json::<Value>().await.unwrap_or_default())
    };
    let credentials = json!({"username": "anna", "password": PASSWORD});
    for (path, expected) in [("/api/v1/auth/register", 201), ("/api/v1/auth/login", 200)] {
        let (status, cookie, body) = browser(path, None, credentials.clone(), None).await;
        assert_eq!(status, expected, "{body}");
        has_only_fields(&body, "user access_token token_type expires_in");
        let cookie = cookie.expect("a cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
            assert!(cookie.split("; ").any(|it| it == part), "{part} of {cookie}");
        }
        assert!(!cookie.contains("Secure"), "over plain http: {cookie}");
        let kept = cookie.split(';').next().expect("a value").to_owned();
        let (status, next, body) = browser("/api/v1/auth/refresh", Some(&kept), json!({}), None).await;
        assert_eq!(status, 200, "{body}");
        has_only_fields(&body, "user access_token token_type expires_in");
        let next = next.expect("a cookie").split(';').next().expect("a value").to_owned();
        assert_ne!(kept, next);
        let token = text(&body["access_token"]);
        let (status, gone, _) = browser("/api/v1/auth/logout", Some(&next), json!({}), Some(&token)).await;
        assert_eq!(status, 204);
        assert!(gone.expect("a cookie").contains("Max-Age=0"));
        let (status, _, body) = browser("/api/v1/auth/refresh", Some(&next), json!({}), None).await;
        assert_eq!(status, 401, "{body}");
    }
    let (status, _, body) = browser("/api/v1/auth/refresh", None, json!({}), None).await;
    assert_eq!((status, &body["code"]), (401, &json!("unauthenticated")));
}

#[actix_web::test]
async fn the_cookie_is_secure_behind_a_trusted_https_proxy() {
    for (proxies, secure) in [(&["--trusted-proxies", "127.0.0.1"][..], true), (&[][..], false)] {
        let app = TestApp::start_with(Store::chosen(), proxies).await;
        let request = app.anonymous().request(Method::POST, "/api/v1/auth/register");
        let request = request.header("x-artel-client", "browser").header("x-forwarded-proto", "https");
        let response =
            request.json(&json!({"username": "anna", "password": PASSWORD})).send().await.expect("an answer");
        assert_eq!(response.headers()["set-cookie"].to_str().expect("a text").contains("; Secure"), secure);
    }
}

#[actix_web::test]
async fn an_account_is_changed_by_its_owner() {
    let app = TestApp::start().await;
    let anna = app.player_named("anna").await;
    let me = "/api/v1/users/me";
    let changed = answered(anna.patch(me, json!({"display_name": " Анна ", "email": "a@b"})).await, 200);
    has_only_fields(&changed, ME);
    assert_eq!((&changed["display_name"], &changed["email"]), (&json!("Анна"), &json!("a@b")));
    assert_eq!(anna.read(me).await, changed);
    let without = answered(anna.patch(me, json!({"email": null})).await, 200);
    assert_eq!((&without["display_name"], &without["email"]), (&json!("Анна"), &Value::Null));
    wrong_field(anna.patch(me, json!({"username": "eve"})).await, "username");
    wrong_field(anna.patch(me, json!({"display_name": ""})).await, "display_name");
    wrong_field(anna.patch(me, json!({"password": "new horse"})).await, "current_password");
    let wrong = json!({"password": "new horse", "current_password": "wrong horse"});
    refused(anna.patch(me, wrong).await, "invalid_credentials");
    let right = json!({"password": "new horse", "current_password": PASSWORD});
    let other = Player::of(&app.base, &answered(login(&app, "anna", PASSWORD).await, 200));
    answered(anna.patch(me, right).await, 200);
    anna.read(me).await;
    answered(refresh(&app, &anna.refresh).await, 200);
    refused(other.get(me).await, "unauthenticated");
    assert_eq!(refresh(&app, &other.refresh).await.0, StatusCode::UNAUTHORIZED);
    refused(login(&app, "anna", PASSWORD).await, "invalid_credentials");
    answered(login(&app, "anna", "new horse").await, 200);
}

#[actix_web::test]
async fn users_are_found_by_the_beginning_of_both_names() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        for (username, display_name) in
            [("anna", "Ёлка"), ("annika", "100% Анника"), ("boris", "annoyed"), ("vera_x", "Вера")]
        {
            let body = json!({"username": username, "password": PASSWORD, "display_name": display_name});
            answered(register(&app, body).await, 201);
        }
        let eve = app.player_named("eve").await;
        let found = async |query: &str| {
            let list = eve.read(&format!("/api/v1/users?query={query}")).await;
            items(&list).iter().for_each(|user| has_only_fields(user, "id username display_name"));
            items(&list).iter().map(|user| text(&user["username"])).collect::<Vec<_>>()
        };
        assert_eq!(found("ann").await, ["anna", "annika", "boris"], "{store:?}");
        assert_eq!(found("ANN").await, ["anna", "annika", "boris"], "{store:?}");
        assert_eq!(found("%D1%91%D0%BB").await, ["anna"], "ёл finds Ёлка, {store:?}");
        assert_eq!(found("100%25").await, ["annika"], "a percent sign is one, {store:?}");
        assert_eq!(found("%25").await, Vec::<String>::new(), "{store:?}");
        assert_eq!(found("vera_").await, ["vera_x"], "{store:?}");
        assert_eq!(found("nna").await, Vec::<String>::new(), "not in the middle, {store:?}");
        let profile = eve.read(&format!("/api/v1/users/{}", eve.id)).await;
        assert_eq!(profile, json!({"id": eve.id, "username": "eve", "display_name": "eve"}));
        refused(eve.get(&format!("/api/v1/users/{}", Uuid::now_v7())).await, "not_found");
    }
}

#[actix_web::test]
async fn those_named_in_the_configuration_are_admins() {
    let app = TestApp::start_with(Store::chosen(), &["--admin", "Anna,boris"]).await;
    let twice = TestApp::start_with(Store::chosen(), &["--admin", "anna", "--admin", "boris"]).await;
    for app in [app, twice] {
        for (name, role) in [("anna", "admin"), ("boris", "admin"), ("vera", "user")] {
            let player = app.player_named(name).await;
            assert_eq!(player.read("/api/v1/users/me").await["role"], role);
        }
    }
}
