//! The paths of this room over a real database.

use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::test::TestRequest;
use futures_util::future::join;
use serde_json::{Value, json};

use super::test_app::{Answer, TestApp};
use super::{Role, Settings};

async fn app() -> TestApp {
    TestApp::start(Settings::default(), |_| {}).await
}

fn credentials(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.ask("POST", "/auth/refresh", "", json!({"refresh_token": token})).await
}

fn wrong_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.problem(), (422, "validation_failed"));
    answer.json["errors"].as_array().expect("errors").iter().filter_map(|error| error["field"].as_str()).collect()
}

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
    assert!((1..=12).contains(&wait), "{wait}");
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
    assert_eq!(refresh(&app, &first.text("refresh_token")).await.problem(), (401, "refresh_token_reused"));
    assert!(!app.accounts.login_is_live(login_id).await.expect("storage"));
    assert_eq!(refresh(&app, &second.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    assert_eq!(app.ask("GET", "/users/me", &access, Value::Null).await.problem(), (401, "unauthenticated"));
    assert_eq!(refresh(&app, &other.text("refresh_token")).await.status, 200, "other logins go on");
}

#[actix_web::test]
async fn of_two_refreshes_at_once_one_wins() {
    let app = app().await;
    let token = app.register("anna").await.text("refresh_token");
    let (first, second) = join(refresh(&app, &token), refresh(&app, &token)).await;
    let mut problems = [first.problem(), second.problem()];
    problems.sort();
    assert_eq!(problems, [(200, "no problem"), (401, "refresh_token_reused")]);
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
    let another_node = super::Accounts::new(
        app.database.clone(),
        Settings { jwt_secret: "0123456789abcdef0123456789abcdef".into(), ..Settings::default() },
    );
    assert!(another_node.verify(&access).is_ok());
    assert_eq!(app.ask("POST", "/auth/logout", &access, token.clone()).await.status, 204);
    assert_eq!(app.ask("POST", "/auth/logout", &access, token.clone()).await.problem(), (401, "unauthenticated"));
    assert_eq!(refresh(&app, &anna.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    assert!(another_node.verify(&access).is_ok(), "it has not heard of it yet");
    another_node.load_revoked().await.expect("storage");
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
async fn the_profile_changes_field_by_field() {
    let app = app().await;
    let token = app.register("anna").await.text("access_token");
    let change = |body| app.ask("PATCH", "/users/me", &token, body);
    let named = change(json!({"display_name": " Анна ", "email": "a@b"})).await;
    assert_eq!((&named.json["display_name"], &named.json["email"]), (&json!("Анна"), &json!("a@b")));
    let same = change(json!({})).await;
    assert_eq!((same.status, &same.json), (200, &named.json));
    let forgotten = change(json!({"email": null})).await;
    assert_eq!((&forgotten.json["display_name"], &forgotten.json["email"]), (&json!("Анна"), &Value::Null));
    assert_eq!(app.ask("GET", "/users/me", &token, Value::Null).await.json, forgotten.json);
    assert_eq!(wrong_fields(&change(json!({"display_name": "", "email": "x"})).await), ["display_name", "email"]);
    assert_eq!(wrong_fields(&change(json!({"username": "boris"})).await), ["username"]);
}

#[actix_web::test]
async fn a_new_password_needs_the_old_one_and_ends_all_logins() {
    let app = app().await;
    let anna = app.register("anna").await;
    let other = app.ask("POST", "/auth/login", "", credentials("anna", "password")).await;
    let token = anna.text("access_token");
    let change = |body| app.ask("PATCH", "/users/me", &token, body);
    assert_eq!(wrong_fields(&change(json!({"password": "new password"})).await), ["current_password"]);
    let body = json!({"password": "short", "current_password": "password"});
    assert_eq!(wrong_fields(&change(body).await), ["password"]);
    let body = json!({"password": "new password", "current_password": "wrong password"});
    assert_eq!(change(body).await.problem(), (401, "invalid_credentials"));
    let body = json!({"password": "new password", "current_password": "password"});
    assert_eq!(change(body).await.status, 200);
    for login in [&anna, &other] {
        let me = app.ask("GET", "/users/me", &login.text("access_token"), Value::Null).await;
        assert_eq!(me.problem(), (401, "unauthenticated"));
        assert_eq!(refresh(&app, &login.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    }
    let old = app.ask("POST", "/auth/login", "", credentials("anna", "password")).await;
    assert_eq!(old.problem(), (401, "invalid_credentials"));
    assert_eq!(app.ask("POST", "/auth/login", "", credentials("anna", "new password")).await.status, 200);
}

#[actix_web::test]
async fn users_are_found_by_the_beginning_of_either_name() {
    let app = app().await;
    let token = app.register("anna_1").await.text("access_token");
    app.register("annax1").await;
    let boris = app.register("boris").await;
    let name = json!({"display_name": "АННА 100%"});
    assert_eq!(app.ask("PATCH", "/users/me", &boris.text("access_token"), name).await.status, 200);
    let find = async |query: &str| {
        let answer = app.ask("GET", &format!("/users?{query}"), &token, Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let items = answer.json["items"].as_array().expect("items").clone();
        let names: Vec<_> = items.iter().map(|user| user["username"].as_str().expect("name").to_owned()).collect();
        (names, answer.json["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(find("query=Anna").await.0, ["anna_1", "annax1"]);
    assert_eq!(find("query=anna_").await.0, ["anna_1"], "an underscore is no wildcard");
    assert_eq!(find("query=%25").await.0, Vec::<String>::new(), "nor is a percent sign");
    assert_eq!(find("query=%D0%B0%D0%BD%D0%BD%D0%B0").await.0, ["boris"], "Cyrillic has no case either");
    assert_eq!(find("query=nna").await.0, Vec::<String>::new());
    let (first, cursor) = find("limit=2").await;
    assert_eq!(first, ["anna_1", "annax1"]);
    assert_eq!(find(&format!("limit=2&cursor={}", cursor.expect("more"))).await, (vec!["boris".to_owned()], None));
    for (query, field) in [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor"), ("name=x", "name")] {
        let answer = app.ask("GET", &format!("/users?{query}"), &token, Value::Null).await;
        assert_eq!(wrong_fields(&answer), [field]);
    }
}

#[actix_web::test]
async fn a_public_profile_shows_no_more_than_names() {
    let app = app().await;
    let anna = app.register("anna").await;
    let (token, id) = (anna.text("access_token"), anna.json["user"]["id"].as_str().expect("id").to_owned());
    let profile = app.ask("GET", &format!("/users/{id}"), &token, Value::Null).await;
    assert_eq!(profile.json, json!({"id": id, "username": "anna", "display_name": "anna"}));
    for path in ["/users/0198c0de-0000-7000-8000-000000000001", "/users/anna"] {
        assert_eq!(app.ask("GET", path, &token, Value::Null).await.problem(), (404, "not_found"));
    }
    let user = app.accounts.verify(&token).expect("valid").id;
    let profiles = app.accounts.public_profiles(&[user]).await.expect("storage");
    assert_eq!(profiles[&user].username, "anna");
}

#[actix_web::test]
async fn admins_are_those_of_the_configuration() {
    let app = TestApp::start(Settings { admins: vec!["Anna".into()], ..Settings::default() }, |_| {}).await;
    let anna = app.register("anna").await;
    assert_eq!(anna.json["user"]["role"], "admin");
    let user = app.accounts.verify(&anna.text("access_token")).expect("valid");
    assert_eq!((user.role, user.require_admin().is_ok()), (Role::Admin, true));
    let boris = app.register("boris").await;
    let user = app.accounts.verify(&boris.text("access_token")).expect("valid");
    assert_eq!(user.require_admin().expect_err("no admin").code(), crate::problem::Code::InsufficientPermissions);
}

#[actix_web::test]
async fn browsers_have_the_refresh_token_in_a_cookie_only() {
    let app = TestApp::start(Settings { trusted_proxies: vec![[10, 0, 0, 1].into()], ..Settings::default() }, |_| {}).await;
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
