//! What goes by mail: the address is confirmed by it, a forgotten password is set anew, an evening is told. Over SMTP to a
//! server of the test's own.

use std::time::Duration;

use entity::delivery::{Column, Entity};
use entity::failing_target;
use reqwest::StatusCode;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, refused, wrong_field};
use crate::mail_server::MailServer;
use crate::player::Player;
use crate::ports::free_port;
use crate::test_app::{Store, TestApp, artel, text, until};

const RESET: &str = "/api/v1/auth/password-reset";
const MINE: &str = "/api/v1/users/me/email-confirmation";
const CONFIRM: &str = "/api/v1/auth/email-confirmation";

/// Somebody with a mail address.
async fn with_address(app: &TestApp, name: &str, email: &str) -> Player {
    let body = json!({"username": name, "password": "the old password", "email": email});
    Player::of(&app.base, &app.anonymous().done("/api/v1/auth/register", body).await)
}

async fn confirmed(app: &TestApp, mails: &MailServer, name: &str, email: &str) -> Player {
    let player = with_address(app, name, email).await;
    let token = mails.next().await.token("confirm");
    let (status, answer) = app.anonymous().post(CONFIRM, json!({"token": token})).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    player
}

/// Host and port of a URL.
fn authority(url: &str) -> String {
    url.split('/').nth(2).expect("a host").to_owned()
}

async fn log_in(app: &TestApp, name: &str, password: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": name, "password": password})).await
}

/// What the server stores, behind its back.
pub async fn database_of(app: &TestApp) -> DatabaseConnection {
    let url = app.postgres().unwrap_or_else(|| format!("sqlite://{}/artel.db?mode=rw", app.dir.display()));
    sea_orm::Database::connect(url).await.expect("the database")
}

/// What waits for another attempt is tried at once; what is under way is left alone.
pub async fn hurry(app: &TestApp) {
    let database = database_of(app).await;
    let waiting = Entity::find().filter(Column::DueAtMs.is_not_null()).all(&database).await.expect("rows");
    tokio::time::sleep(Duration::from_millis(300)).await;
    for row in waiting {
        let now = Entity::update_many().col_expr(Column::DueAtMs, Expr::value(0));
        let now = now.filter(Column::Id.eq(row.id)).filter(Column::DueAtMs.eq(row.due_at_ms));
        now.exec(&database).await.expect("hurried");
    }
    let now = failing_target::Entity::update_many().col_expr(failing_target::Column::RetryAtMs, Expr::value(0));
    now.exec(&database).await.expect("hurried");
    database.close().await.expect("closed");
}

#[tokio::test]
async fn an_address_is_confirmed_by_the_mail_to_it_and_no_other() {
    for store in Store::ALL {
        confirm_an_address(store).await;
    }
}

async fn confirm_an_address(store: Store) {
    let mails = MailServer::start().await;
    let app = TestApp::start_with(store, &mails.arguments()).await;
    assert_eq!(app.anonymous().read("/api/v1/server").await["features"]["mail"], true);
    let anna = with_address(&app, "anna", "anna@club.example").await;
    let mail = mails.next().await;
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("artel@club.example", "anna@club.example"));
    assert!(mail.body.contains("Чтобы подтвердить этот адрес") && mail.body.contains("anna"), "{}", mail.body);
    assert_eq!(anna.read(MINE).await["is_confirmed"], false);
    let (link, _) = mail.body.split_once('#').expect("a link");
    let link = link.rsplit_once("http://").map(|(_, rest)| format!("http://{rest}")).expect("a link");
    let page = reqwest::get(link.replace(&authority(&link), app.anonymous().address())).await.expect("a page");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.expect("a text").contains("/assets/mail-"), "the link leads to the page for it");
    let token = mail.token("confirm");
    wrong_field(app.anonymous().post(CONFIRM, json!({"token": format!("{token}x")})).await, "token");
    wrong_field(
        app.anonymous().post(&format!("{RESET}/confirm"), json!({"token": token, "password": "a new password"})).await,
        "token",
    );
    let (status, _) = app.anonymous().post(CONFIRM, json!({"token": token})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(anna.read(MINE).await["is_confirmed"], true);

    anna.put("/api/v1/notifications/settings", json!({"kinds": {}, "language": "en"})).await;
    let mut change = json!({"email": "anna@home.example"});
    // Mail to it sets the password anew: whoever has a login alone does not come by the account that way.
    wrong_field(anna.patch("/api/v1/users/me", change.clone()).await, "current_password");
    change["current_password"] = json!("no password of hers");
    refused(anna.patch("/api/v1/users/me", change.clone()).await, "invalid_credentials");
    change["current_password"] = json!("the old password");
    let (status, changed) = anna.patch("/api/v1/users/me", change).await;
    assert_eq!((status, &changed["email"]), (StatusCode::OK, &json!("anna@home.example")));
    let mail = mails.next().await;
    assert_eq!(mail.to, "anna@home.example");
    assert!(mail.body.contains("To confirm this address"), "{}", mail.body);
    wrong_field(app.anonymous().post(CONFIRM, json!({"token": token})).await, "token");
    assert_eq!(anna.read(MINE).await["is_confirmed"], false);
    let (status, _) = anna.post(MINE, Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let again = mails.next().await.token("confirm");
    let (status, _) = app.anonymous().post(CONFIRM, json!({"token": again})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(anna.read(MINE).await["is_confirmed"], true);
    let export = anna.read("/api/v1/users/me/export").await;
    let sent = export["deliveries"].as_array().expect("a list");
    assert!(sent.len() == 3 && sent.iter().all(|one| one["sink"] == "mail"), "{sent:?}");
    assert_eq!((&export["user"]["language"], &export["user"]["email_confirmed"]), (&json!("en"), &json!(true)));
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once_and_ends_all_logins() {
    for store in Store::ALL {
        reset_a_password(store).await;
    }
}

async fn reset_a_password(store: Store) {
    let mails = MailServer::start().await;
    let app = TestApp::start_with(store, &mails.arguments()).await;
    let anna = confirmed(&app, &mails, "anna", "Anna@club.example").await;
    let nobody = app.anonymous();
    for email in ["nobody@club.example", "anna@CLUB.example"] {
        assert_eq!(nobody.post(RESET, json!({"email": email})).await, (StatusCode::ACCEPTED, Value::Null));
    }
    wrong_field(nobody.post(RESET, json!({"email": "no address"})).await, "email");
    let mail = mails.next().await;
    assert_eq!((mail.to.as_str(), mails.count()), ("Anna@club.example", 2), "nobody else was written to");
    let token = mail.token("reset");
    let confirm = format!("{RESET}/confirm");
    wrong_field(nobody.post(&confirm, json!({"token": token, "password": "short"})).await, "password");
    wrong_field(nobody.post(CONFIRM, json!({"token": token})).await, "token");
    assert_eq!(log_in(&app, "anna", "the old password").await.0, StatusCode::OK, "nothing has happened yet");
    if store == Store::Rabbit {
        let later = app.another_node_with_clock("+2h").await;
        let late = later.anonymous().post(&confirm, json!({"token": token, "password": "the new password"})).await;
        wrong_field(late, "token");
    }
    let new = json!({"token": token, "password": "the new password"});
    assert_eq!(nobody.post(&confirm, new.clone()).await, (StatusCode::NO_CONTENT, Value::Null));
    wrong_field(nobody.post(&confirm, new).await, "token");
    refused(anna.get("/api/v1/users/me").await, "unauthenticated");
    let spent = json!({"refresh_token": anna.refresh});
    assert_eq!(nobody.post("/api/v1/auth/refresh", spent).await.0, StatusCode::UNAUTHORIZED);
    refused(log_in(&app, "anna", "the old password").await, "invalid_credentials");
    assert_eq!(log_in(&app, "anna", "the new password").await.0, StatusCode::OK);
    for _ in 0..4 {
        nobody.post(RESET, json!({"email": "anna@club.example"})).await;
    }
    refused(nobody.post(RESET, json!({"email": "anna@club.example"})).await, "rate_limited");
}

#[tokio::test]
async fn whoever_confirmed_an_address_is_written_to_before_all_that_only_gave_it() {
    for store in [Store::Sqlite, Store::Postgres] {
        write_to_its_owner(store).await;
    }
}

async fn write_to_its_owner(store: Store) {
    let mails = MailServer::start().await;
    let app = TestApp::start_with(store, &mails.arguments()).await;
    let mut older = Vec::new();
    for number in 0..6 {
        // They have confirmed an address, though not this one.
        let (name, email) = (format!("older{number}"), format!("older{number}@club.example"));
        older.push(confirmed(&app, &mails, &name, &email).await);
    }
    confirmed(&app, &mails, "anna", "anna@club.example").await;
    for player in &older {
        let change = json!({"email": "anna@club.example", "current_password": "the old password"});
        assert_eq!(player.patch("/api/v1/users/me", change).await.0, StatusCode::OK);
    }
    app.anonymous().post(RESET, json!({"email": "anna@club.example"})).await;
    let mut resets = Vec::new();
    while resets.len() < 5 {
        let mail = mails.next().await;
        if mail.body.contains("#reset") {
            resets.push(mail.body);
        }
    }
    let of_anna = resets.iter().filter(|body| body.contains("Имя для входа: anna")).count();
    assert_eq!(of_anna, 1, "{store:?}: {resets:?}");
}

#[tokio::test]
async fn a_guest_has_no_password_that_could_be_set_anew() {
    let mails = MailServer::start().await;
    let app = TestApp::start_with(Store::chosen(), &mails.arguments()).await;
    let guest = app.anonymous().done("/api/v1/auth/guest", json!({"display_name": "Gleb"})).await;
    let guest = Player::of(&app.base, &guest);
    let (status, answer) = guest.patch("/api/v1/users/me", json!({"email": "gleb@club.example"})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(mails.next().await.body.contains("#confirm"), "an address it may have");
    confirmed(&app, &mails, "anna", "anna@club.example").await;
    for email in ["gleb@club.example", "anna@club.example"] {
        app.anonymous().post(RESET, json!({"email": email})).await;
    }
    assert_eq!(mails.next().await.to, "anna@club.example", "nobody else is written to");
    let claim = json!({"username": "gleb", "password": "the first password"});
    guest.done("/api/v1/users/me/claim", claim).await;
    app.anonymous().post(RESET, json!({"email": "gleb@club.example"})).await;
    let mail = mails.next().await;
    assert_eq!((mail.to.as_str(), mails.count()), ("gleb@club.example", 4));
    let new = json!({"token": mail.token("reset"), "password": "the new password"});
    assert_eq!(app.anonymous().post(&format!("{RESET}/confirm"), new).await.0, StatusCode::NO_CONTENT);
    assert_eq!(log_in(&app, "gleb", "the new password").await.0, StatusCode::OK);
}

#[tokio::test]
async fn without_a_mail_server_there_is_no_mail() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().read("/api/v1/server").await["features"]["mail"], false);
    let anna = with_address(&app, "anna", "anna@club.example").await;
    refused(app.anonymous().post(RESET, json!({"email": "anna@club.example"})).await, "not_found");
    refused(anna.post(MINE, Value::Null).await, "not_found");
}

#[tokio::test]
async fn an_evening_that_is_over_is_told_to_those_who_want_it() {
    for store in Store::ALL {
        tell_of_an_evening(store).await;
    }
}

async fn tell_of_an_evening(store: Store) {
    let mails = MailServer::start().await;
    let app = TestApp::start_with(store, &mails.arguments()).await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    for (player, email) in evening.players.iter().zip(["anna@a.example", "boris@b.example", "vera@v.example"]) {
        let (status, answer) = player.patch("/api/v1/users/me", json!({"email": email})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let token = mails.next().await.token("confirm");
        // Vera does not say that it is hers.
        if !email.starts_with("vera") {
            assert_eq!(app.anonymous().post(CONFIRM, json!({"token": token})).await.0, StatusCode::NO_CONTENT);
        }
    }
    let [anna, boris, _] = &evening.players[..] else { panic!("three") };
    let settings = "/api/v1/notifications/settings";
    anna.put(settings, json!({"kinds": {}, "language": "en"})).await;
    let (status, changed) = boris.put(settings, json!({"kinds": {}, "evening_by_mail": false})).await;
    assert_eq!(
        (status, &changed["evening_by_mail"], &changed["language"]),
        (StatusCode::OK, &json!(false), &json!("ru"))
    );
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    anna.done(&evening.path("/complete"), json!({})).await;
    let mail = mails.next().await;
    assert_eq!(mail.to, "anna@a.example");
    let state = evening.state().await;
    let name = |place: usize| text(&state["participants"][place]["display_name"]);
    // Who stands before Anna in the order pays for her ball.
    let transfer = format!("{} → {}: 200\u{a0}₽", name(2), name(0));
    for line in ["The evening is over: Friday", "Your balance: +200\u{a0}₽", "Who pays whom:", &transfer] {
        assert!(mail.body.contains(line), "{line} in {}", mail.body);
    }
    // The next evening is told to both, and nothing more of the first one to anybody.
    boris.put(settings, json!({"kinds": {}, "evening_by_mail": true})).await;
    let next = anna.done("/api/v1/sessions", json!({"name": "Saturday", "rules": kolkhoz()})).await;
    boris.done("/api/v1/sessions/join", json!({"code": next["code"]})).await;
    anna.done(&format!("/api/v1/sessions/{}/complete", text(&next["id"])), json!({})).await;
    let mut told = [mails.next().await, mails.next().await];
    told.sort_by_key(|mail| mail.to.clone());
    assert_eq!(told.each_ref().map(|mail| mail.to.as_str()), ["anna@a.example", "boris@b.example"]);
    assert!(told[1].body.contains("Вечер окончен: Saturday"), "{}", told[1].body);
    assert_eq!(mails.count(), 6);
}

#[tokio::test]
async fn what_the_mail_server_refuses_is_tried_again_and_then_kept_for_the_operator() {
    for store in Store::ALL {
        fail_to_send(store).await;
    }
}

async fn fail_to_send(store: Store) {
    let mails = MailServer::start().await;
    let arguments: Vec<&str> = mails.arguments().into_iter().chain(["--admin", "the-operator"]).collect();
    let app = TestApp::start_with(store, &arguments).await;
    let admin = app.player_named("the-operator").await;
    mails.refuse(["451 later", "550 there is nobody of that name"]);
    with_address(&app, "anna", "anna@club.example").await;
    let letters = "/api/v1/admin/dead-letters";
    let letter = until("a dead letter", async || {
        hurry(&app).await;
        items(&admin.read(letters).await).first().cloned()
    })
    .await;
    assert!(mails.has_refused() && mails.count() == 0);
    assert_eq!((&letter["queue"], &letter["attempts"]), (&json!("delivery.mail"), &json!(2)));
    assert!(text(&letter["reason"]).contains("nobody of that name"), "{letter}");
    assert!(!letter.to_string().contains("anna@club.example"), "addresses are no part of it: {letter}");
    admin.done(&format!("{letters}/{}/replay", text(&letter["id"])), json!({})).await;
    let mail = mails.next().await;
    assert_eq!(mail.to, "anna@club.example");
    assert_eq!(mail.message_id, format!("<{}@club.example>", text(&letter["message_id"])), "receivers know it again");
    assert!(items(&admin.read(letters).await).is_empty());
}

#[tokio::test]
async fn check_says_whether_the_mail_server_answers_and_never_the_password() {
    let mails = MailServer::start().await;
    let dir = crate::test_app::temp_dir();
    let check = async |url: &str| {
        let mut command = artel();
        command.args(["check", "--data-dir"]).arg(&dir);
        command.args(["--smtp-url", url, "--mail-from", "artel@club.example"]);
        let output = tokio::task::spawn_blocking(move || command.output().expect("run")).await.expect("run");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), said)
    };
    let (code, said) = check(&mails.url).await;
    assert!(code == Some(0) && said.contains("mail: the server answers"), "{code:?} {said}");
    assert_eq!(mails.count(), 0);
    let nobody = format!("smtp://anna:very-secret@127.0.0.1:{}", free_port());
    let (code, said) = check(&nobody).await;
    assert!(code == Some(2) && said.contains("smtp_url: ") && !said.contains("very-secret"), "{code:?} {said}");
    std::fs::remove_dir_all(dir).expect("removed");
}
