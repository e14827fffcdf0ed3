//! Registering, logging in, going on, logging out.

use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::test::TestRequest;
use futures_util::future::join;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use super::{app, credentials, refresh, wrong_fields};
use crate::account::record::Client;
use crate::account::test_app::{Answer, TestApp};
use crate::account::{Accounts, Settings};
use crate::clock;
use crate::http::Code;
use crate::ids::Timestamp;

#[actix_web::test]
async fn a_new_user_has_a_login_and_can_log_in_again_in_any_case() {
    let app = app().await;
    let body = json!({"username": "Anna.K", "password": "password", "email": "anna@example.org"});
    let registered = app.ask("POST", "/auth/register", "", body).await;
    assert_eq!(registered.status, 201);
    assert_eq!(registered.header(header::CACHE_CONTROL), "no-store");
    let user = &registered.json["user"];
    assert_eq!((&user["username"], &user["display_name"]), (&json!("anna.k"), &json!("anna.k")));
    assert_eq!((&user["email"], &user["role"]), (&json!("anna@example.org"), &json!("user")));
    assert!(user["created_at"].as_str().expect("time").ends_with('Z'));
    assert_eq!((&registered.json["token_type"], &registered.json["expires_in"]), (&json!("Bearer"), &json!(900)));
    let logged_in = app.ask("POST", "/auth/login", "", credentials("ANNA.K", "password")).await;
    assert_eq!((logged_in.status, &logged_in.json["user"]), (200, user));
    let me = app.ask("GET", "/users/me", &logged_in.text("access_token"), Value::Null).await;
    assert_eq!((me.status, &me.json), (200, user));
}

#[actix_web::test]
async fn a_taken_name_is_refused_in_any_case() {
    let app = app().await;
    app.register("anna").await;
    let again = app.ask("POST", "/auth/register", "", credentials("Anna", "password")).await;
    assert_eq!(again.problem(), (409, "username_taken"));
}

#[actix_web::test]
async fn of_two_registrations_at_once_one_gets_the_name() {
    let app = app().await;
    let once = || app.ask("POST", "/auth/register", "", credentials("anna", "password"));
    let (first, second) = join(once(), once()).await;
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
}

#[actix_web::test]
async fn every_wrong_field_of_a_registration_is_named() {
    let app = app().await;
    let body = json!({"username": "a b", "password": "short", "display_name": " ", "email": "nowhere"});
    let answer = app.ask("POST", "/auth/register", "", body).await;
    assert_eq!(wrong_fields(&answer), ["username", "password", "display_name", "email"]);
    for (field, value) in [
        ("username", "ab".to_owned()),
        ("username", "a".repeat(33)),
        ("username", "анна".to_owned()),
        ("password", "п".repeat(7)),
        ("password", "п".repeat(129)),
        ("display_name", "d".repeat(65)),
        ("display_name", "a\u{1b}[2J".to_owned()),
        ("email", "a@b@c".to_owned()),
        ("admin", "true".to_owned()),
    ] {
        let mut body = credentials("anna", "password");
        body[field] = value.into();
        assert_eq!(wrong_fields(&app.ask("POST", "/auth/register", "", body).await), [field]);
    }
    let long = json!({"username": "a".repeat(32), "password": "п".repeat(128), "display_name": "Я".repeat(64)});
    assert_eq!(app.ask("POST", "/auth/register", "", long).await.status, 201);
}

#[actix_web::test]
async fn wrong_password_and_unknown_user_look_the_same() {
    let app = app().await;
    app.register("anna").await;
    let wrong = app.ask("POST", "/auth/login", "", credentials("anna", "wrong password")).await;
    let unknown = app.ask("POST", "/auth/login", "", credentials("boris", "password")).await;
    let no_name = app.ask("POST", "/auth/login", "", credentials("no name!", "password")).await;
    for answer in [&wrong, &unknown, &no_name] {
        assert_eq!(answer.problem(), (401, "invalid_credentials"));
        assert_eq!(answer.json["detail"], wrong.json["detail"]);
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
    }
}

#[actix_web::test]
async fn after_five_failures_even_the_right_password_waits() {
    let app = app().await;
    app.register("anna").await;
    app.register("boris").await;
    for _ in 0..5 {
        let wrong = app.ask("POST", "/auth/login", "", credentials("anna", "wrong password")).await;
        assert_eq!(wrong.problem(), (401, "invalid_credentials"));
    }
    let right = app.ask("POST", "/auth/login", "", credentials("anna", "password")).await;
    assert_eq!(right.problem(), (429, "rate_limited"));
    let wait: u64 = right.header(header::RETRY_AFTER).parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(app.ask("POST", "/auth/login", "", credentials("boris", "password")).await.status, 200);
}

#[actix_web::test]
async fn registrations_from_one_address_are_limited() {
    let app = TestApp::start(Settings { registrations_per_minute: 1, ..Settings::default() }, |_| {}).await;
    let register = |name| app.ask("POST", "/auth/register", "", credentials(name, "password"));
    assert_eq!(register("anna").await.status, 201);
    assert_eq!(register("boris").await.problem(), (429, "rate_limited"));
    app.register("clara").await;
}

#[actix_web::test]
async fn a_refresh_token_is_good_once_and_a_copy_ends_the_login() {
    let app = app().await;
    let first = app.register("anna").await;
    let other = app.ask("POST", "/auth/login", "", credentials("anna", "password")).await;
    let second = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    let access = second.text("access_token");
    let login_id = app.accounts.verify(&access).expect("valid").login_id;
    assert!(app.accounts.login_is_live(login_id).await.expect("storage"));
    let again = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!((again.status, again.text("refresh_token")), (200, second.text("refresh_token")), "the answer was lost");
    let third = refresh(&app, &second.text("refresh_token")).await;
    assert_eq!(third.status, 200);
    assert_eq!(refresh(&app, &first.text("refresh_token")).await.problem(), (401, "refresh_token_reused"));
    assert!(!app.accounts.login_is_live(login_id).await.expect("storage"));
    assert_eq!(refresh(&app, &third.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    assert_eq!(app.ask("GET", "/users/me", &access, Value::Null).await.problem(), (401, "unauthenticated"));
    assert_eq!(refresh(&app, &other.text("refresh_token")).await.status, 200, "other logins go on");
}

#[actix_web::test]
async fn two_refreshes_at_once_get_the_same_pair() {
    let app = app().await;
    let token = app.register("anna").await.text("refresh_token");
    let (first, second) = join(refresh(&app, &token), refresh(&app, &token)).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.text("refresh_token"), second.text("refresh_token"));
    assert_ne!(first.text("access_token"), second.text("access_token"), "no two access tokens are the same");
    assert_eq!(refresh(&app, &second.text("refresh_token")).await.status, 200);
}

#[actix_web::test]
async fn a_spent_token_is_answered_again_for_half_a_minute_only() {
    let app = app().await;
    let first = app.register("anna").await;
    let second = refresh(&app, &first.text("refresh_token")).await;
    let earlier = "UPDATE refresh_token SET spent_at_ms = spent_at_ms - 30000 WHERE spent_at_ms IS NOT NULL";
    app.database.writer().execute_unprepared(earlier).await.expect("storage");
    assert_eq!(refresh(&app, &first.text("refresh_token")).await.problem(), (401, "refresh_token_reused"));
    assert_eq!(refresh(&app, &second.text("refresh_token")).await.problem(), (401, "unauthenticated"));
}

#[actix_web::test]
async fn nodes_need_not_agree_about_the_time_to_answer_a_spent_token_again() {
    let app = app().await;
    let first = app.register("anna").await.text("refresh_token");
    let (now, client) = (clock::now().millis(), Client::operator());
    let exchange = |at| app.accounts.exchange(&first, &client, Timestamp::from_millis(at));
    let answer = exchange(now - 600_000).await.expect("by a node that is late");
    let again = exchange(now + 600_000).await.expect("by one that is early");
    assert_eq!(again.refresh_token, answer.refresh_token);
}

#[actix_web::test]
async fn what_happens_to_an_account_while_its_password_is_hashed_counts() {
    let app = app().await;
    app.register("anna").await;
    let before = entity::user::Entity::find().one(app.database.reader()).await.expect("storage").expect("anna");
    let client = Client::operator();
    let log_in = || app.accounts.open_login(before.clone(), &client);
    app.accounts.set_disabled("anna", true).await.expect("by the operator");
    assert_eq!(log_in().await.err().expect("locked meanwhile").code(), Code::LoginDisabled);
    app.accounts.set_disabled("anna", false).await.expect("by the operator");
    app.accounts.set_admin("anna", true).await.expect("by the operator");
    assert_eq!(log_in().await.expect("open again").user.role.as_deref(), Some("admin"));
    let deleted = "UPDATE \"user\" SET deleted_at_ms = 1";
    app.database.writer().execute_unprepared(deleted).await.expect("storage");
    assert_eq!(log_in().await.err().expect("gone meanwhile").code(), Code::InvalidCredentials);
}

#[actix_web::test]
async fn a_password_that_was_hashed_as_it_was_typed_still_logs_in() {
    let app = app().await;
    app.register("anna").await;
    let (typed, composed) = ("cafe\u{301} cre\u{300}me", "café crème");
    assert_ne!(typed, composed);
    let hash = app.accounts.0.passwords.hash(typed.to_owned()).await.expect("a hash");
    let update = entity::user::Entity::update_many().col_expr(entity::user::Column::PasswordHash, Expr::value(hash));
    update.exec(app.database.writer()).await.expect("storage");
    let log_in = |password| app.ask("POST", "/auth/login", "", credentials("anna", password));
    assert_eq!(log_in(typed).await.status, 200, "by the keyboard of that time");
    assert_eq!(log_in(composed).await.problem(), (401, "invalid_credentials"), "nobody can compose a hash");
}

#[actix_web::test]
async fn nobody_can_read_the_tokens_out_of_the_database() {
    let app = app().await;
    let first = app.register("anna").await.text("refresh_token");
    let second = refresh(&app, &first).await.text("refresh_token");
    let rows = entity::refresh_token::Entity::find().all(app.database.reader()).await.expect("storage");
    assert_eq!(rows.len(), 2);
    let stored = format!("{rows:?}");
    assert!(!stored.contains(&first) && !stored.contains(&second), "{stored}");
}

#[actix_web::test]
async fn what_is_no_refresh_token_is_refused() {
    let app = app().await;
    assert_eq!(refresh(&app, "nothing").await.problem(), (401, "unauthenticated"));
    assert_eq!(wrong_fields(&app.ask("POST", "/auth/refresh", "", json!({})).await), ["refresh_token"]);
}

#[actix_web::test]
async fn expired_tokens_say_so_and_are_forgotten() {
    let settings = Settings { access_token_seconds: 0, refresh_token_days: 0, ..Settings::default() };
    let app = TestApp::start(settings, |_| {}).await;
    let anna = app.register("anna").await;
    let me = app.ask("GET", "/users/me", &anna.text("access_token"), Value::Null).await;
    assert_eq!(me.problem(), (401, "token_expired"));
    assert_eq!(refresh(&app, &anna.text("refresh_token")).await.problem(), (401, "token_expired"));
    assert_eq!(app.accounts.forget_expired().await.expect("storage"), 2);
    assert_eq!(refresh(&app, &anna.text("refresh_token")).await.problem(), (401, "unauthenticated"));
}

#[actix_web::test]
async fn a_logout_ends_the_login_at_once_and_elsewhere_by_note() {
    let app = app().await;
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    let (access, token) = (anna.text("access_token"), json!({"refresh_token": anna.text("refresh_token")}));
    assert_eq!(app.ask("POST", "/auth/logout", "", token.clone()).await.problem(), (401, "unauthenticated"));
    let foreign = app.ask("POST", "/auth/logout", &boris.text("access_token"), token.clone()).await;
    assert_eq!(foreign.problem(), (401, "unauthenticated"), "nobody ends another's login");
    let another_node = Accounts::new(
        app.database.clone(),
        Settings { jwt_secret: "0123456789abcdef0123456789abcdef".into(), ..Settings::default() },
    );
    assert!(another_node.verify(&access).is_ok());
    assert_eq!(app.ask("POST", "/auth/logout", &access, token.clone()).await.status, 204);
    let told = entity::outbox::Entity::find().all(app.database.reader()).await.expect("storage");
    let key = format!("websocket.user.{}.logins_revoked", anna.json["user"]["id"].as_str().expect("id"));
    let told: Vec<_> = told.iter().map(|row| row.routing_key.as_str()).collect();
    assert_eq!(told, ["user.registered", "user.registered", &key, "user.logged_out"], "all nodes are told");
    assert_eq!(app.ask("POST", "/auth/logout", &access, token.clone()).await.problem(), (401, "unauthenticated"));
    assert_eq!(refresh(&app, &anna.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    assert!(another_node.verify(&access).is_ok(), "it has not heard of it yet");
    another_node.load_revoked(&app.database).await.expect("storage");
    assert!(another_node.verify(&access).is_err());
}

#[actix_web::test]
async fn without_a_valid_token_nothing_behind_a_login_answers() {
    let app = app().await;
    for path in ["/users/me", "/users", "/users/0198c0de-0000-7000-8000-000000000001"] {
        for token in ["", "x.y.z"] {
            let answer = app.ask("GET", path, token, Value::Null).await;
            assert_eq!(answer.problem(), (401, "unauthenticated"));
            assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
        }
    }
}

#[actix_web::test]
async fn browsers_have_the_refresh_token_in_a_cookie_only() {
    let app = TestApp::start(
        Settings { trusted_proxies: vec![std::net::IpAddr::from([10, 0, 0, 1]).into()], ..Settings::default() },
        |_| {},
    )
    .await;
    let browser = |path: &str| {
        TestRequest::post().uri(&format!("/api/v1/auth/{path}")).insert_header(("X-Artel-Client", "browser"))
    };
    let cookie_of = |answer: &Answer| {
        assert_eq!(answer.json.get("refresh_token"), None);
        Cookie::parse(answer.header(header::SET_COOKIE).to_owned()).expect("a cookie")
    };
    let registered = app.send(browser("register").set_json(credentials("anna", "password"))).await;
    let cookie = cookie_of(&registered);
    assert_eq!((cookie.http_only(), cookie.secure(), cookie.path()), (Some(true), None, Some("/api/v1/auth")));
    assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Strict));
    let refreshed = app.send(browser("refresh").cookie(cookie.clone())).await;
    assert_eq!(refreshed.status, 200);
    let next = cookie_of(&refreshed);
    assert_ne!(next.value(), cookie.value());
    assert_eq!(app.send(browser("refresh")).await.problem(), (401, "unauthenticated"));
    let bearer = (header::AUTHORIZATION, format!("Bearer {}", refreshed.text("access_token")));
    let out = app.send(browser("logout").cookie(next.clone()).insert_header(bearer)).await;
    assert_eq!(out.status, 204);
    assert_eq!(cookie_of(&out).value(), "");
    assert_eq!(app.send(browser("refresh").cookie(next)).await.problem(), (401, "unauthenticated"));
    let proxied = browser("login")
        .peer_addr(([10, 0, 0, 1], 1).into())
        .insert_header(("X-Forwarded-Proto", "https"))
        .set_json(credentials("anna", "password"));
    assert_eq!(cookie_of(&app.send(proxied).await).secure(), Some(true));
}
