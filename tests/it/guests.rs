//! In by a name alone: guests, how they become accounts, and how those go that nobody uses any more.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line::{said, sqlite};
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, is_id, items, refused, wrong_field};
use crate::player::{Player, answer};
use crate::test_app::{Store, TestApp, psql, text, until};

const PASSWORD: &str = "correct horse";
const BOTH: [Store; 2] = [Store::Sqlite, Store::Postgres];

async fn come_in(app: &TestApp, name: &str) -> Player {
    let answer = app.anonymous().post("/api/v1/auth/guest", json!({"display_name": name})).await;
    Player::of(&app.base, &answered(answer, 201))
}

async fn log_in(app: &TestApp, username: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": username, "password": PASSWORD})).await
}

/// Changes what is stored, behind the server's back.
pub fn alter(app: &TestApp, statement: &str) {
    match app.postgres() {
        Some(url) => psql(&url, statement),
        None => sqlite(app, statement),
    }
}

#[actix_web::test]
async fn a_name_is_enough_to_sit_at_the_table() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let entered = app.anonymous().post("/api/v1/auth/guest", json!({"display_name": " Анна "})).await;
        let entered = answered(entered, 201);
        has_only_fields(&entered, "user access_token refresh_token token_type expires_in");
        let user = &entered["user"];
        has_only_fields(user, "id username display_name email role created_at is_guest");
        is_id(&user["id"]);
        assert_eq!(
            (&user["username"], &user["display_name"], &user["is_guest"], &user["role"]),
            (&Value::Null, &json!("Анна"), &json!(true), &json!("user"))
        );
        let anna = Player::of(&app.base, &entered);
        assert_eq!(&anna.read("/api/v1/users/me").await, user);

        let evening = Evening::open(&app, &["boris"], kolkhoz()).await;
        let joined = anna.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
        let place = joined["session"]["participants"].as_array().expect("places").last().expect("hers");
        assert_eq!(
            (&place["user_id"], &place["display_name"], &place["can_score"], &place["is_guest"]),
            (&json!(anna.id), &json!("Анна"), &json!(true), &json!(false)),
            "a place with an account behind it"
        );
        let fresh = app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": anna.refresh})).await;
        let fresh = answered(fresh, 200);
        assert_eq!((&fresh["user"]["id"], &fresh["user"]["is_guest"]), (&json!(anna.id), &json!(true)));
    }
}

#[actix_web::test]
async fn others_see_a_guest_without_a_user_name_and_nobody_logs_in_as_one() {
    let app = TestApp::start_with(Store::chosen(), &["--login-failures-per-minute", "100"]).await;
    let (anna, boris) = (come_in(&app, "Анна").await, app.player_named("guest-house").await);
    let profile = boris.read(&format!("/api/v1/users/{}", anna.id)).await;
    assert_eq!(profile, json!({"id": anna.id, "username": null, "display_name": "Анна"}));
    let found = boris.read("/api/v1/users?query=анн").await;
    assert_eq!(items(&found), &[profile]);
    let found = boris.read("/api/v1/users?query=guest-").await;
    assert_eq!(items(&found).len(), 1, "what the table calls a guest is nothing to look for: {found}");
    for name in [format!("guest-{}", anna.id), "Анна".to_owned(), String::new(), anna.id.clone()] {
        for password in ["", PASSWORD] {
            let body = json!({"username": name, "password": password});
            refused(app.anonymous().post("/api/v1/auth/login", body).await, "invalid_credentials");
        }
    }
    let change = json!({"password": "battery staple", "current_password": PASSWORD});
    refused(anna.patch("/api/v1/users/me", change).await, "invalid_credentials");
    let renamed = answered(anna.patch("/api/v1/users/me", json!({"display_name": "Аня"})).await, 200);
    assert_eq!((&renamed["display_name"], &renamed["is_guest"]), (&json!("Аня"), &json!(true)));
}

#[actix_web::test]
async fn a_guests_name_is_held_to_the_bounds_of_every_name() {
    let app = TestApp::start().await;
    for name in ["", "  ", &"я".repeat(65), "a\nb"] {
        wrong_field(app.anonymous().post("/api/v1/auth/guest", json!({"display_name": name})).await, "display_name");
    }
    wrong_field(app.anonymous().post("/api/v1/auth/guest", json!({})).await, "display_name");
    let with_password = json!({"display_name": "Anna", "password": PASSWORD});
    wrong_field(app.anonymous().post("/api/v1/auth/guest", with_password).await, "password");
}

#[actix_web::test]
async fn a_guest_counts_as_a_registration_of_its_address() {
    let app = TestApp::start_with(Store::Sqlite, &["--registrations-per-minute", "2"]).await;
    app.player("boris").await;
    come_in(&app, "Anna").await;
    let third = app.anonymous().post("/api/v1/auth/guest", json!({"display_name": "Vera"})).await;
    refused(third, "rate_limited");
    let register = json!({"username": "gleb", "password": PASSWORD});
    refused(app.anonymous().post("/api/v1/auth/register", register).await, "rate_limited");
}

#[actix_web::test]
async fn a_phone_keeps_its_guest_for_90_days_in_a_cookie() {
    let app = TestApp::start().await;
    let request = app.anonymous().request(Method::POST, "/api/v1/auth/guest").header("x-artel-client", "browser");
    let answer = request.json(&json!({"display_name": "Anna"})).send().await.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("ascii").to_owned();
    let body: Value = answer.json().await.expect("JSON");
    assert!(body.get("refresh_token").is_none(), "{body}");
    for part in ["artel_refresh=", "HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age=7776000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let register = app.anonymous().request(Method::POST, "/api/v1/auth/register").header("x-artel-client", "browser");
    let register = register.json(&json!({"username": "boris", "password": PASSWORD})).send().await.expect("an answer");
    let others = register.headers()["set-cookie"].to_str().expect("ascii").to_owned();
    assert!(others.contains("Max-Age=2592000"), "{others}");
}

#[actix_web::test]
async fn a_guest_becomes_an_account_and_keeps_all_it_has() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let mut evening = Evening::open(&app, &["boris"], kolkhoz()).await;
        let anna = come_in(&app, "Anna").await;
        let joined = anna.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
        evening.participants.push(text(&joined["participant_id"]));
        let game = evening.start_game().await;
        evening.pot(&game, 1, "pink").await;
        evening.end(&game).await;
        let counted = || async {
            let statistics = anna.read(&format!("/api/v1/stats/users/{}", anna.id)).await;
            (statistics["totals"]["games"] == 1).then_some(statistics)
        };
        let before = (evening.balance().await, until("the game is counted", counted).await);

        let claim = json!({"username": "Anna.P", "password": PASSWORD, "email": "anna@club.example"});
        let claimed = answered(anna.post("/api/v1/users/me/claim", claim.clone()).await, 200);
        has_only_fields(&claimed, "id username display_name email role created_at is_guest");
        assert_eq!(
            (&claimed["id"], &claimed["username"], &claimed["is_guest"], &claimed["email"]),
            (&json!(anna.id), &json!("anna.p"), &json!(false), &json!("anna@club.example"))
        );
        assert_eq!(anna.read("/api/v1/users/me").await, claimed, "the token goes on");
        let after = (evening.balance().await, until("the game is counted", counted).await);
        assert_eq!(before, after);
        assert_eq!(items(&anna.read("/api/v1/sessions?scope=mine").await).len(), 1);

        refused(anna.post("/api/v1/users/me/claim", claim).await, "already_claimed");
        let again = answered(log_in(&app, "anna.p").await, 200);
        assert_eq!(again["user"], claimed);
        let fresh = app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": anna.refresh})).await;
        answered(fresh, 200);
        let search = evening.players[0].read("/api/v1/users?query=anna.p").await;
        assert_eq!(items(&search)[0]["username"], "anna.p");
        let change = json!({"password": "battery staple", "current_password": PASSWORD});
        answered(anna.patch("/api/v1/users/me", change).await, 200);
    }
}

#[actix_web::test]
async fn a_claim_needs_a_free_and_sound_name() {
    let app = TestApp::start_with(Store::Sqlite, &["--admin", "the-operator"]).await;
    let (anna, boris) = (come_in(&app, "Anna").await, app.player_named("boris").await);
    for name in ["BORIS", "the-operator"] {
        let body = json!({"username": name, "password": PASSWORD});
        refused(anna.post("/api/v1/users/me/claim", body).await, "username_taken");
    }
    wrong_field(anna.post("/api/v1/users/me/claim", json!({"username": "an", "password": PASSWORD})).await, "username");
    wrong_field(
        anna.post("/api/v1/users/me/claim", json!({"username": "anna", "password": "short"})).await,
        "password",
    );
    wrong_field(anna.post("/api/v1/users/me/claim", json!({"username": "anna"})).await, "password");
    let body = json!({"username": "anna", "password": PASSWORD, "email": "nowhere"});
    wrong_field(anna.post("/api/v1/users/me/claim", body).await, "email");
    let body = json!({"username": "boris-2", "password": PASSWORD});
    refused(boris.post("/api/v1/users/me/claim", body.clone()).await, "already_claimed");
    refused(app.anonymous().post("/api/v1/users/me/claim", body).await, "unauthenticated");
    assert_eq!(anna.read("/api/v1/users/me").await["is_guest"], true);
}

#[actix_web::test]
async fn of_claims_at_the_same_time_one_gets_the_guest_and_one_gets_the_name() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let anna = come_in(&app, "Anna").await;
        let claims = (0..6).map(|n| {
            let body = json!({"username": format!("anna-{n}"), "password": PASSWORD});
            let anna = anna.clone();
            async move { anna.post("/api/v1/users/me/claim", body).await }
        });
        let answers = futures_util::future::join_all(claims).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == StatusCode::OK);
        assert_eq!(won.len(), 1, "{store:?}: {lost:?}");
        lost.into_iter().for_each(|answer| drop(refused(answer, "already_claimed")));
        answered(log_in(&app, &text(&won[0].1["username"])).await, 200);

        let mut guests = Vec::new();
        for n in 0..6 {
            guests.push(come_in(&app, &format!("Boris {n}")).await);
        }
        let body = json!({"username": "boris", "password": PASSWORD});
        let claims = guests.iter().map(|guest| guest.post("/api/v1/users/me/claim", body.clone()));
        let answers = futures_util::future::join_all(claims).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == StatusCode::OK);
        assert_eq!(won.len(), 1, "{store:?}: {lost:?}");
        lost.into_iter().for_each(|answer| drop(refused(answer, "username_taken")));
        assert_eq!(answered(log_in(&app, "boris").await, 200)["user"]["id"], won[0].1["id"]);
    }
}

#[actix_web::test]
async fn a_guest_exports_and_deletes_itself_without_a_password() {
    let app = TestApp::start().await;
    let anna = come_in(&app, "Anna").await;
    let export = anna.read("/api/v1/users/me/export").await;
    assert_eq!((&export["user"]["username"], &export["user"]["is_guest"]), (&Value::Null, &json!(true)));
    let evening = Evening::open(&app, &["boris"], kolkhoz()).await;
    anna.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
    let gone = answer(anna.request(Method::DELETE, "/api/v1/users/me")).await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT, "{}", gone.1);
    refused(anna.get("/api/v1/users/me").await, "unauthenticated");
    let fresh = app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": anna.refresh})).await;
    assert!([StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&fresh.0), "{fresh:?}");
    let left = || async {
        let state = evening.state().await;
        let place = state["participants"][1].clone();
        (place["display_name"] == "deleted player" && place["is_active"] == false).then_some(())
    };
    until("the table hears of it", left).await;
}

#[actix_web::test]
async fn the_command_line_shows_guests_by_their_ids() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    let anna = come_in(&app, "Anna").await;
    app.player_named("boris").await;
    let listed = app.user(&["list"], "").await;
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let guest = listed.iter().find(|user| user["id"] == json!(anna.id)).expect("in the list");
    assert_eq!(
        (&guest["username"], &guest["is_guest"], &guest["display_name"]),
        (&Value::Null, &json!(true), &json!("Anna"))
    );
    assert_eq!(listed.iter().filter(|user| user["is_guest"] == false).count(), 1, "{listed:?}");
    let shown: Value = serde_json::from_str(&app.user(&["show", &anna.id], "").await).expect("JSON");
    assert_eq!(&shown, guest);
    let refused = app.try_user(&["set-password", &anna.id], PASSWORD).await;
    assert!(!refused.status.success() && said(&refused).contains("guest"), "{}", said(&refused));
    let exported: Value = serde_json::from_str(&app.user(&["export", &anna.id], "").await).expect("JSON");
    assert_eq!(exported["user"]["id"], anna.id.as_str());
    app.user(&["delete", &anna.id], "").await;
    assert!(!app.user(&["list"], "").await.contains(&anna.id));
}

#[actix_web::test]
async fn unused_guests_go_unless_an_evening_has_money_open_with_them() {
    for store in BOTH {
        let mut app = TestApp::start_with(store, &[]).await;
        let (gone, debtor, paid) =
            (come_in(&app, "Gone").await, come_in(&app, "Debtor").await, come_in(&app, "Paid").await);
        let (back, young, named) =
            (come_in(&app, "Back").await, come_in(&app, "Young").await, come_in(&app, "Named").await);
        named.patch("/api/v1/users/me", json!({"display_name": "Named"})).await;
        let claim = json!({"username": "named", "password": PASSWORD});
        answered(named.post("/api/v1/users/me/claim", claim).await, 200);
        for guest in [&debtor, &paid] {
            let mut evening = Evening::open(&app, &["boris"], kolkhoz()).await;
            let joined = guest.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
            evening.participants.push(text(&joined["participant_id"]));
            let game = evening.start_game().await;
            evening.pot(&game, 0, "white").await;
            evening.end(&game).await;
            if guest.id == paid.id {
                let [to, from] = [&evening.participants[0], &evening.participants[1]];
                let path = format!("/api/v1/sessions/{}/payments", evening.session);
                evening.players[0].done(&path, json!({"from": from, "to": to, "amount": 5000})).await;
            }
        }
        let ids = |names: &str| format!("(SELECT id FROM \"user\" WHERE display_name IN ({names}))");
        let (all, old) = ("'Gone','Debtor','Paid','Back','Named'", "'Gone','Debtor','Paid','Named'");
        let days = 91_i64 * 24 * 60 * 60 * 1000;
        app.kill();
        alter(&app, &format!("UPDATE \"user\" SET created_at_ms = created_at_ms - {days} WHERE id IN {}", ids(all)));
        let logins = "UPDATE login SET created_at_ms = created_at_ms - ";
        alter(&app, &format!("{logins}{days} WHERE user_id IN {}", ids(all)));
        let used = "UPDATE login SET last_used_at_ms = last_used_at_ms - ";
        alter(&app, &format!("{used}{days} WHERE user_id IN {}", ids(old)));
        app.restart().await;

        let boris = app.player("boris").await;
        let profile = |user: &Player| format!("/api/v1/users/{}", user.id);
        for guest in [&gone, &paid] {
            let missing = || async { (boris.get(&profile(guest)).await.0 == StatusCode::NOT_FOUND).then_some(()) };
            until("the guest is deleted", missing).await;
            refused(guest.get("/api/v1/users/me").await, "unauthenticated");
        }
        for guest in [&debtor, &back, &young, &named] {
            boris.read(&profile(guest)).await;
        }
        answered(log_in(&app, "named").await, 200);
    }
}
