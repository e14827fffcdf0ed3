//! What users are to themselves and to others.

use serde_json::{Value, json};

use super::{app, credentials, refresh, wrong_fields};
use crate::account::test_app::TestApp;
use crate::account::{Role, Settings};

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
