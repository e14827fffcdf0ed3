//! Accounts, changed by an admin over REST: disabled, let in again, made admins, given another password.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::expect::{answered, has_only_fields, items, refused, wrong_field};
use crate::player::Player;
use crate::social::{STORES, with_admin};
use crate::test_app::{TestApp, text, until};

const ACCOUNT: &str = "id username is_guest display_name email role created_at disabled_at";

fn path(user: &Player) -> String {
    format!("/api/v1/admin/users/{}", user.id)
}

async fn login(app: &TestApp, username: &str, password: &str) -> (reqwest::StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": username, "password": password})).await
}

#[actix_web::test]
async fn an_admin_disables_an_account_and_lets_it_in_again() {
    for store in STORES {
        let (app, admin) = with_admin(store).await;
        let anna = app.player_named("anna").await;
        let disabled = answered(admin.patch(&path(&anna), json!({"is_disabled": true})).await, 200);
        has_only_fields(&disabled, ACCOUNT);
        assert!(disabled["disabled_at"].is_string(), "{disabled}");
        refused(anna.get("/api/v1/users/me").await, "unauthenticated");
        let found = admin.read("/api/v1/admin/users?query=ANN").await;
        assert_eq!(items(&found), &vec![disabled]);
        let back = answered(admin.patch(&path(&anna), json!({"is_disabled": false})).await, 200);
        assert_eq!(back["disabled_at"], Value::Null);
        answered(login(&app, "anna", "correct horse").await, 200);
    }
}

#[actix_web::test]
async fn an_admin_gives_and_takes_the_role_and_the_audit_says_who_did() {
    for store in STORES {
        let (app, admin) = with_admin(store).await;
        let (anna, boris) = (app.player_named("anna").await, app.player_named("boris").await);
        refused(anna.patch(&path(&boris), json!({"role": "admin"})).await, "insufficient_permissions");
        let both = json!({"role": "admin", "is_disabled": false});
        assert_eq!(answered(admin.patch(&path(&anna), both).await, 200)["role"], "admin");
        answered(anna.get("/api/v1/admin/queues").await, 200);
        wrong_field(anna.patch(&path(&admin), json!({"role": "user"})).await, "role");
        assert_eq!(answered(admin.patch(&path(&anna), json!({"role": "user"})).await, 200)["role"], "user");
        refused(anna.get("/api/v1/admin/queues").await, "insufficient_permissions");
        let audit = format!("/api/v1/admin/audit?user_id={}&limit=200", anna.id);
        let told = until("both changes", async || {
            let found = admin.read(&audit).await;
            let changes: Vec<Value> =
                items(&found).iter().filter(|it| it["event_type"] == "user.role_changed").cloned().collect();
            (changes.len() == 2).then_some(changes)
        })
        .await;
        for (entry, is_admin) in told.iter().zip([true, false]) {
            assert_eq!((&entry["data"]["admin_id"], &entry["data"]["is_admin"]), (&json!(admin.id), &json!(is_admin)));
        }
    }
}

#[actix_web::test]
async fn an_admin_gives_somebody_a_new_password() {
    for store in STORES {
        let (app, admin) = with_admin(store).await;
        let anna = app.player_named("anna").await;
        let reset = format!("{}/password-reset", path(&anna));
        let password = text(&answered(admin.post(&reset, json!({})).await, 200)["password"]);
        assert_eq!(password.len(), 16);
        refused(anna.get("/api/v1/users/me").await, "unauthenticated");
        refused(login(&app, "anna", "correct horse").await, "invalid_credentials");
        answered(login(&app, "anna", &password).await, 200);
        let audit = admin.read(&format!("/api/v1/admin/audit?user_id={}&limit=200", admin.id)).await;
        assert!(!audit.to_string().contains(&password), "it is told once");
    }
}

#[actix_web::test]
async fn what_no_admin_can_do_is_refused() {
    let (app, admin) = with_admin(STORES[0]).await;
    let entered = app.anonymous().post("/api/v1/auth/guest", json!({"display_name": "Вова"})).await;
    let guest = Player::of(&app.base, &answered(entered, 201));
    refused(admin.patch(&path(&admin), json!({"is_disabled": true})).await, "insufficient_permissions");
    refused(admin.post(&format!("{}/password-reset", path(&admin)), json!({})).await, "insufficient_permissions");
    refused(admin.post(&format!("{}/password-reset", path(&guest)), json!({})).await, "validation_failed");
    wrong_field(admin.patch(&path(&guest), json!({})).await, "body");
    wrong_field(admin.patch(&path(&guest), json!({"role": "admin"})).await, "role");
    wrong_field(admin.patch(&path(&guest), json!({"role": "owner"})).await, "role");
    refused(
        admin.patch(&format!("/api/v1/admin/users/{}", Uuid::now_v7()), json!({"is_disabled": true})).await,
        "not_found",
    );
    wrong_field(admin.get(&format!("/api/v1/admin/users?query={}", "a".repeat(65))).await, "query");
}
