//! What users are to themselves and to others.

use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{app, credentials, refresh, wrong_fields};
use crate::account::test_app::TestApp;
use crate::account::{AccountRole, Accounts, Settings};

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
async fn a_new_password_needs_the_old_one_and_ends_all_other_logins() {
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
    let me = app.ask("GET", "/users/me", &other.text("access_token"), Value::Null).await;
    assert_eq!(me.problem(), (401, "unauthenticated"));
    assert_eq!(refresh(&app, &other.text("refresh_token")).await.problem(), (401, "unauthenticated"));
    assert_eq!(app.ask("GET", "/users/me", &token, Value::Null).await.status, 200, "it made the change");
    assert_eq!(refresh(&app, &anna.text("refresh_token")).await.status, 200);
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
    assert_eq!(profiles[&user].username.as_deref(), Some("anna"));
}

#[actix_web::test]
async fn a_name_of_a_time_when_more_was_allowed_is_told_as_it_would_be_stored_today() {
    let app = app().await;
    let token = app.register("anna").await.text("access_token");
    let user = app.accounts.verify(&token).expect("valid").id;
    for (stored, told) in [("An\u{AD}na\u{200C}", "Anna"), ("\u{200B}", "anna"), ("\u{418}\u{306}", "Й")] {
        let name = Expr::value(stored);
        let update = entity::user::Entity::update_many().col_expr(entity::user::Column::DisplayName, name);
        update.exec(app.database.writer()).await.expect("storage");
        let profile = app.accounts.public_profile(user).await.expect("storage").expect("anna");
        assert_eq!(profile.display_name, told, "which is what she is called at a table");
        assert_eq!(app.ask("GET", "/users/me", &token, Value::Null).await.json["display_name"], told);
    }
}

#[actix_web::test]
async fn admins_are_those_of_the_configuration() {
    let app = TestApp::start(Settings { admins: vec!["Anna".into()], ..Settings::default() }, |_| {}).await;
    for taken in ["anna", "ANNA"] {
        let refused = app.ask("POST", "/auth/register", "", credentials(taken, "password")).await;
        assert_eq!(refused.problem(), (409, "username_taken"));
    }
    app.accounts.create("Anna", "password", false).await.expect("by the operator");
    let anna = app.ask("POST", "/auth/login", "", credentials("anna", "password")).await;
    assert_eq!(anna.json["user"]["role"], "admin");
    let boris = app.register("boris").await;
    assert_eq!(boris.json["user"]["role"], "user");
    let [anna, boris] = [anna, boris].map(|login| app.accounts.verify(&login.text("access_token")).expect("valid").id);
    assert_eq!(app.accounts.role_now(anna).await.expect("storage"), AccountRole::Admin);
    assert_eq!(app.accounts.role_now(boris).await.expect("storage"), AccountRole::User);
    app.accounts.set_admin("boris", true).await.expect("by the operator");
    assert_eq!(app.accounts.role_now(boris).await.expect("storage"), AccountRole::Admin);
    app.accounts.set_admin("boris", false).await.expect("by the operator");
    assert_eq!(
        app.accounts.role_now(boris).await.expect("storage"),
        AccountRole::User,
        "at once, whatever his token says"
    );
}

#[actix_web::test]
async fn an_admin_whom_nobody_made_one_is_told_of_until_somebody_does() {
    let app = app().await;
    app.register("anna").await;
    app.register("boris").await;
    app.accounts.create("vera", "password", false).await.expect("by the operator");
    let admins = ["Anna".to_owned(), "vera".to_owned(), "nobody".to_owned()];
    let doubts = async || Accounts::unconfirmed_admins(&app.database, &admins).await.expect("storage");
    let told = doubts().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("anna is an admin") && told[0].contains("`artel user disable anna`"), "{told:?}");
    app.accounts.set_disabled("anna", true).await.expect("by the operator");
    assert!(doubts().await.is_empty(), "who can't log in is no admin");
    app.accounts.set_disabled("anna", false).await.expect("by the operator");
    app.accounts.set_admin("anna", true).await.expect("by the operator");
    assert!(doubts().await.is_empty());
}

#[actix_web::test]
async fn names_of_before_are_composed_so_that_they_are_found() {
    let app = app().await;
    let anna = app.register("anna").await.text("access_token");
    let row = entity::user::Entity::find().one(app.database.reader()).await.expect("storage").expect("anna");
    let others = (1..=600_u128).map(|number| {
        let name = if number == 1 || number == 600 { format!("И\u{306}ог {number}") } else { "Ёж".to_owned() };
        let folded = name.to_lowercase();
        let (id, username) = (Uuid::from_u128(number), format!("user-{number}"));
        entity::user::Model { id, username, display_name: name, display_name_folded: folded, ..row.clone() }
    });
    let others = others.map(entity::user::ActiveModel::from);
    entity::user::Entity::insert_many(others).exec_without_returning(app.database.writer()).await.expect("storage");
    let undone = "DELETE FROM seaql_migrations WHERE version LIKE 'm0010%'";
    app.database.writer().execute_unprepared(undone).await.expect("storage");
    migration::Migrator::up(app.database.writer(), None).await.expect("steps");
    let found = app.ask("GET", "/users?query=%D0%B9%D0%BE%D0%B3", &anna, Value::Null).await;
    let items = found.json["items"].as_array().expect("items");
    let names: Vec<_> = items.iter().map(|user| user["display_name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Йог 1", "Йог 600"]);
}

#[actix_web::test]
async fn refused_logins_are_told_to_the_audit_once_a_minute() {
    let app = app().await;
    for name in ["anna", "boris"] {
        app.register(name).await;
        for _ in 0..9 {
            app.ask("POST", "/auth/login", "", credentials(name, "wrong password")).await;
        }
    }
    let told = entity::outbox::Entity::find().all(app.database.reader()).await.expect("storage");
    let told = |reason: &str| told.iter().filter(|row| format!("{row:?}").contains(reason)).count();
    assert_eq!((told("invalid_credentials"), told("rate_limited")), (10, 2));
}
