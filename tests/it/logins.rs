//! What keeps an honest user in and a stranger out: limits, refreshing, devices, the operator's commands, the audit.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::expect::{answered, refused, wrong_field};
use crate::player::{Player, answer};
use crate::test_app::{Store, TestApp, text, until};

const PASSWORD: &str = "correct horse";

/// Logs in as if a proxy had forwarded it from `address`.
async fn login_from(app: &TestApp, address: &str, username: &str, password: &str) -> (StatusCode, Value) {
    let request = app.anonymous().request(Method::POST, "/api/v1/auth/login");
    let body = json!({"username": username, "password": password});
    answer(request.header("X-Forwarded-For", address).json(&body)).await
}

async fn login(app: &TestApp, username: &str, password: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": username, "password": password})).await
}

async fn refresh(app: &TestApp, token: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// The audit of a user, once it has an entry of each of these types.
async fn audited(admin: &Player, user: &str, types: &[&str]) -> Vec<Value> {
    until("the audit has them", || async {
        let listed = admin.read(&format!("/api/v1/admin/audit?limit=200&user_id={user}")).await;
        let items = listed["items"].as_array().unwrap().clone();
        let there = |event_type: &&str| items.iter().any(|item| item["event_type"] == *event_type);
        types.iter().all(there).then_some(items)
    })
    .await
}

#[tokio::test]
async fn guesses_from_elsewhere_never_lock_the_owner_out_on_any_node() {
    let trusting = ["--trusted-proxies", "127.0.0.1"];
    let app = TestApp::start_with(Store::Postgres, &trusting).await;
    let other = app.another_node().await;
    app.player_named("anna").await;
    for guess in 0..5 {
        let node = [&app, &other][guess % 2];
        refused(login_from(node, "10.0.0.66", "anna", "wrong horse").await, "invalid_credentials");
    }
    for node in [&app, &other] {
        let (status, problem) = login_from(node, "10.0.0.66", "anna", PASSWORD).await;
        assert_eq!((status.as_u16(), &problem["code"]), (429, &json!("rate_limited")), "counted over all nodes");
        answered(login_from(node, "10.0.0.1", "anna", PASSWORD).await, 200);
    }
    app.player_named("boris").await;
    answered(login_from(&app, "10.0.0.66", "boris", PASSWORD).await, 200);
}

#[tokio::test]
async fn two_tabs_on_two_nodes_go_on_with_the_same_pair() {
    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let other = app.another_node().await;
    let anna = app.player_named("anna").await;
    let (first, second) = tokio::join!(refresh(&app, &anna.refresh), refresh(&other, &anna.refresh));
    let (first, second) = (answered(first, 200), answered(second, 200));
    assert_eq!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    for pair in [&first, &second] {
        Player::of(&app.base, pair).read("/api/v1/users/me").await;
    }
    answered(refresh(&other, &text(&second["refresh_token"])).await, 200);
    refused(refresh(&app, &anna.refresh).await, "refresh_token_reused");
}

#[tokio::test]
async fn devices_are_listed_and_ended() {
    let app = TestApp::start().await;
    let phone = app.player_named("anna").await;
    let request = app.anonymous().request(Method::POST, "/api/v1/auth/login").header("User-Agent", "a tablet");
    let body = json!({"username": "anna", "password": PASSWORD});
    let tablet = Player::of(&app.base, &answered(answer(request.json(&body)).await, 200));
    let path = "/api/v1/users/me/logins";
    let listed = phone.read(path).await;
    let [newer, older] = listed["items"].as_array().unwrap().as_slice() else { panic!("two: {listed}") };
    assert_eq!((&newer["user_agent"], &newer["is_current"]), (&json!("a tablet"), &json!(false)));
    assert_eq!(older["is_current"], true);
    assert!(text(&older["created_at"]).ends_with('Z') && text(&older["last_used_at"]).ends_with('Z'));
    let mut socket = tablet.socket().await;
    let boris = app.player("boris").await;
    let ended = format!("{path}/{}", text(&newer["id"]));
    refused(boris.delete(&ended).await, "not_found");
    assert_eq!(phone.delete(&ended).await.0, StatusCode::NO_CONTENT);
    assert_eq!(socket.closed().await, Some(4401));
    refused(tablet.get(path).await, "unauthenticated");
    refused(phone.delete(&ended).await, "not_found");
    refused(phone.delete(&format!("{path}/{}", Uuid::new_v4())).await, "not_found");
    assert_eq!(phone.read(path).await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_happens_to_accounts_is_in_the_audit_without_secrets() {
    let app = TestApp::start_with(Store::chosen(), &["--admin", "boss"]).await;
    let boss = app.player_named("boss").await;
    let anna = app.player_named("anna").await;
    for _ in 0..3 {
        refused(anna.get("/api/v1/admin/dead-letters").await, "insufficient_permissions");
    }
    let again = Player::of(&app.base, &answered(login(&app, "anna", PASSWORD).await, 200));
    refused(login(&app, "anna", "a wrong horse").await, "invalid_credentials");
    again.post("/api/v1/auth/logout", json!({"refresh_token": again.refresh})).await;
    let body = json!({"password": "another horse", "current_password": PASSWORD});
    answered(anna.patch("/api/v1/users/me", body).await, 200);
    let next = answered(refresh(&app, &anna.refresh).await, 200);
    answered(refresh(&app, &text(&next["refresh_token"])).await, 200);
    refused(refresh(&app, &anna.refresh).await, "refresh_token_reused");
    app.user(&["set-password", "anna"], "the operator's horse").await;
    app.user(&["admin", "anna"], "").await;
    app.user(&["show", "anna"], "").await;
    let happened = [
        "user.registered",
        "user.logged_in",
        "user.login_failed",
        "user.logged_out",
        "user.password_changed",
        "user.refresh_token_reused",
        "user.role_changed",
        "user.shown",
        "user.admin_refused",
    ];
    let entries = audited(&boss, &anna.id, &happened).await;
    let refused_calls = entries.iter().filter(|entry| entry["event_type"] == "user.admin_refused");
    assert_eq!(refused_calls.count(), 1, "of three within a minute");
    let failed = entries.iter().find(|entry| entry["event_type"] == "user.login_failed").unwrap();
    assert_eq!(failed["data"]["reason"], "invalid_credentials");
    assert_eq!(failed["data"]["address"], "127.0.0.1");
    let by = |entry: &&Value| entry["event_type"] == "user.password_changed" && entry["data"]["by"] == "command line";
    assert!(entries.iter().any(|entry| by(&entry)), "{entries:?}");
    let all = json!(entries).to_string();
    for secret in ["horse", &anna.refresh, anna.token.as_deref().unwrap(), &text(&next["refresh_token"])] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    boss.read("/api/v1/admin/queues").await;
    let actions = audited(&boss, &boss.id, &["user.created", "user.admin_action"]).await;
    let path = |entry: &Value| entry["data"]["path"] == "/api/v1/admin/queues";
    until("the look at the queues", || async {
        audited(&boss, &boss.id, &["user.admin_action"]).await.iter().any(path).then_some(())
    })
    .await;
    assert!(actions.iter().all(|entry| entry["correlation_id"].is_string()));
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_may_come_back() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player_named("anna").await;
        let mut socket = anna.socket().await;
        app.user(&["disable", "ANNA"], "").await;
        assert_eq!(socket.closed().await, Some(4401), "{store:?}");
        refused(login(&app, "anna", PASSWORD).await, "login_disabled");
        refused(login(&app, "anna", "a wrong horse").await, "invalid_credentials");
        refused(refresh(&app, &anna.refresh).await, "login_disabled");
        refused(anna.get("/api/v1/users/me").await, "unauthenticated");
        app.user(&["enable", "anna"], "").await;
        answered(login(&app, "anna", PASSWORD).await, 200);
        refused(refresh(&app, &anna.refresh).await, "unauthenticated");
    }
}

#[tokio::test]
async fn the_operator_opens_accounts_and_sets_passwords_beside_the_server() {
    let app = TestApp::start().await;
    let created: Value = serde_json::from_str(&app.user(&["create", "Boss", "--admin"], PASSWORD).await).unwrap();
    assert_eq!((&created["username"], &created["role"]), (&json!("boss"), &json!("admin")));
    let boss = Player::of(&app.base, &answered(login(&app, "boss", PASSWORD).await, 200));
    assert_eq!(boss.read("/api/v1/users/me").await["role"], "admin");
    boss.read("/api/v1/admin/queues").await;
    let taken = app.try_user(&["create", "boss"], PASSWORD).await;
    assert_eq!(String::from_utf8_lossy(&taken.stderr), "artel: the user name boss is taken\n");
    assert_eq!(taken.status.code(), Some(1));
    let short = app.try_user(&["create", "vera"], "short").await;
    assert!(String::from_utf8_lossy(&short.stderr).contains("password"), "{short:?}");
    let nobody = app.try_user(&["show", "nobody"], "").await;
    assert_eq!(String::from_utf8_lossy(&nobody.stderr), "artel: there is no user nobody\n");
    let mut socket = boss.socket().await;
    app.user(&["set-password", "boss"], "battery staple").await;
    assert_eq!(socket.closed().await, Some(4401), "all logins end");
    refused(login(&app, "boss", PASSWORD).await, "invalid_credentials");
    answered(login(&app, "boss", "battery staple").await, 200);
    app.player_named("anna").await;
    let listed = app.user(&["list"], "").await;
    let names: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["username"].clone()).collect();
    assert_eq!(names, ["anna", "boss"]);
}

#[tokio::test]
async fn a_role_is_taken_away_at_once_on_every_node() {
    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let other = app.another_node().await;
    let anna = app.player_named("anna").await;
    for node in [&app, &other] {
        refused(anna.on(node).get("/api/v1/admin/queues").await, "insufficient_permissions");
    }
    app.user(&["admin", "anna"], "").await;
    for node in [&app, &other] {
        anna.on(node).read("/api/v1/admin/queues").await;
        assert_eq!(anna.on(node).read("/api/v1/users/me").await["role"], "admin");
    }
    app.user(&["admin", "anna", "--remove"], "").await;
    for node in [&app, &other] {
        refused(anna.on(node).get("/api/v1/admin/queues").await, "insufficient_permissions");
        assert_eq!(anna.on(node).read("/api/v1/users/me").await["role"], "user");
    }
}

#[tokio::test]
async fn the_names_of_admins_cannot_be_registered() {
    let app = TestApp::start_with(Store::chosen(), &["--admin", "Boss"]).await;
    for name in ["boss", "BOSS", "Bo\u{73}s"] {
        let body = json!({"username": name, "password": PASSWORD});
        refused(app.anonymous().post("/api/v1/auth/register", body).await, "username_taken");
    }
    let boss = app.player_named("boss").await;
    assert_eq!(boss.read("/api/v1/users/me").await["role"], "admin");
}

#[tokio::test]
async fn who_registered_a_name_before_it_was_an_admins_is_told_of_at_start_and_by_check() {
    for store in [Store::Sqlite, Store::Postgres] {
        let mut app = TestApp::start_with(store, &[]).await;
        app.player_named("boss").await;
        app.restart_with(&["--admin", "boss"]).await;
        let doubt = "boss is an admin by its name, but was registered on ";
        let advice = "if it is yours, say `artel user admin boss`; if not, `artel user disable boss`";
        let told = |text: &str| text.lines().any(|line| line.contains(doubt) && line.contains(advice));
        assert!(told(&app.log()), "{}", app.log());
        let check = || {
            let checked = app.command(&["check", "--admin", "boss"]);
            assert!(checked.status.success(), "{checked:?}");
            told(&String::from_utf8_lossy(&checked.stdout))
        };
        assert!(check());
        app.user(&["admin", "boss"], "").await;
        assert!(!check(), "somebody has said so");
    }
}

#[tokio::test]
async fn names_and_passwords_are_composed_and_show_all_that_is_in_them() {
    let app = TestApp::start().await;
    let decomposed = |text: &str| text.replace('й', "и\u{306}").replace('ё', "е\u{308}");
    let body = json!({"username": "anna", "password": decomposed("ёлкийные"), "display_name": decomposed("йёж")});
    let registered = answered(app.anonymous().post("/api/v1/auth/register", body).await, 201);
    assert_eq!(registered["user"]["display_name"], "йёж");
    answered(login(&app, "anna", "ёлкийные").await, 200);
    answered(login(&app, "anna", &decomposed("ёлкийные")).await, 200);
    let anna = Player::of(&app.base, &registered);
    let found = anna.read(&format!("/api/v1/users?query={}", decomposed("йё"))).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    // 64 letters of two characters each, as typed.
    let long = decomposed(&"й".repeat(64));
    assert_eq!(
        answered(anna.patch("/api/v1/users/me", json!({"display_name": long})).await, 200)["display_name"],
        "й".repeat(64)
    );
    let seven = json!({"username": "boris", "password": decomposed("йййййёё")});
    wrong_field(app.anonymous().post("/api/v1/auth/register", seven).await, "password");

    let template = text(&anna.read("/api/v1/templates?game_type=kolkhoz").await["items"][0]["id"]);
    let rules = anna.read(&format!("/api/v1/templates/{template}")).await["rules"].clone();
    let session = |name: &str| json!({"name": name, "template_id": template});
    let opened = answered(anna.post("/api/v1/sessions", session(&decomposed("йод 👨‍👩‍👧"))).await, 201);
    assert_eq!(opened["name"], "йод 👨‍👩‍👧");
    let id = text(&opened["id"]);
    let guest = answered(
        anna.post(&format!("/api/v1/sessions/{id}/participants"), json!({"display_name": decomposed("йог")})).await,
        201,
    );
    assert_eq!(guest["display_name"], "йог");
    let made = json!({"name": decomposed("йод"), "rules": rules, "tags": [decomposed("ёж")]});
    let made = answered(anna.post("/api/v1/templates", made).await, 201);
    assert_eq!((&made["name"], &made["tags"]), (&json!("йод"), &json!(["ёж"])));
    for hidden in ["An\u{200B}na", "Anna\u{202E}", "\u{FEFF}Anna", "An\u{200D}na"] {
        wrong_field(anna.patch("/api/v1/users/me", json!({"display_name": hidden})).await, "display_name");
        wrong_field(anna.post("/api/v1/sessions", session(hidden)).await, "name");
        wrong_field(anna.patch(&format!("/api/v1/sessions/{id}"), json!({"name": hidden})).await, "name");
        let path = format!("/api/v1/sessions/{id}/participants");
        wrong_field(anna.post(&path, json!({"display_name": hidden})).await, "display_name");
        let path = format!("{path}/{}", text(&guest["id"]));
        wrong_field(anna.patch(&path, json!({"display_name": hidden})).await, "display_name");
        let template = |name: &str, tag: &str| json!({"name": name, "rules": rules, "tags": [tag]});
        wrong_field(anna.post("/api/v1/templates", template(hidden, "a")).await, "name");
        wrong_field(anna.post("/api/v1/templates", template("a name", hidden)).await, "tags[0]");
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_evenings_stay_under_deleted_player() {
    let app = TestApp::start().await;
    let (anna, boris) = (app.player_named("anna").await, app.player_named("boris").await);
    let template = text(&anna.read("/api/v1/templates?game_type=kolkhoz").await["items"][0]["id"]);
    let opened = answered(anna.post("/api/v1/sessions", json!({"name": "Friday", "template_id": template})).await, 201);
    let path = format!("/api/v1/sessions/{}", text(&opened["id"]));
    answered(boris.post("/api/v1/sessions/join", json!({"code": opened["code"]})).await, 200);
    let mut socket = anna.socket().await;

    let exported = anna.read("/api/v1/users/me/export").await;
    assert_eq!((&exported["user"]["username"], &exported["sessions"][0]["name"]), (&json!("anna"), &json!("Friday")));
    assert!(!exported.to_string().contains("argon2"), "no secrets: {exported}");
    let printed: Value = serde_json::from_str(&app.user(&["export", "anna"], "").await).unwrap();
    assert_eq!(printed["user"], exported["user"]);

    let me = "/api/v1/users/me";
    let delete = async |body: Value| anna.call(Method::DELETE, me, Some(body)).await;
    wrong_field(delete(json!({})).await, "password");
    refused(delete(json!({"password": "a wrong horse"})).await, "invalid_credentials");
    assert_eq!(delete(json!({"password": PASSWORD})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(socket.closed().await, Some(4401));
    refused(anna.get(me).await, "unauthenticated");
    refused(login(&app, "anna", PASSWORD).await, "invalid_credentials");
    refused(boris.get(&format!("/api/v1/users/{}", anna.id)).await, "not_found");
    assert_eq!(boris.read("/api/v1/users?query=an").await["items"], json!([]));
    let session = until("the session has heard of it", async || {
        let session = boris.read(&path).await;
        (session["participants"][0]["display_name"] == "deleted player").then_some(session)
    })
    .await;
    assert_eq!(session["participants"][0]["is_active"], false);
    assert_eq!(session["creator_user_id"], boris.id.as_str(), "somebody can go on with it");

    // At the command line, and in a session that is over.
    answered(boris.post(&format!("{path}/complete"), json!({})).await, 200);
    let vera = app.player_named("vera").await;
    app.user(&["delete", "boris"], "").await;
    refused(boris.get(me).await, "unauthenticated");
    refused(login(&app, "boris", PASSWORD).await, "invalid_credentials");
    answered(
        app.anonymous().post("/api/v1/auth/register", json!({"username": "boris", "password": PASSWORD})).await,
        201,
    );
    assert_eq!(vera.read("/api/v1/users?query=bor").await["items"].as_array().unwrap().len(), 1, "the name is free");
}
