//! How often somebody may register or guess a password, by address and by account.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::expect::{answered, refused};
use crate::player::answer;
use crate::test_app::{Store, TestApp};

const PASSWORD: &str = "correct horse";

async fn login(app: &TestApp, username: &str, password: &str) -> (StatusCode, Value) {
    app.anonymous().post("/api/v1/auth/login", json!({"username": username, "password": password})).await
}

#[actix_web::test]
async fn registrations_from_one_address_are_limited() {
    let app = TestApp::start_with(Store::chosen(), &["--registrations-per-minute", "2"]).await;
    app.player_named("anna").await;
    app.player_named("boris").await;
    let body = json!({"username": "vera", "password": PASSWORD});
    let response =
        app.anonymous().request(Method::POST, "/api/v1/auth/register").json(&body).send().await.expect("an answer");
    let seconds: u64 = response.headers()["retry-after"].to_str().ok().and_then(|it| it.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    refused((response.status(), response.json().await.expect("JSON")), "rate_limited");
    let forwarded = app.anonymous().request(Method::POST, "/api/v1/auth/register").header("x-forwarded-for", "9.9.9.9");
    refused(answer(forwarded.json(&body)).await, "rate_limited");

    let proxied =
        TestApp::start_with(Store::chosen(), &["--registrations-per-minute", "1", "--trusted-proxies", "127.0.0.1"])
            .await;
    for (number, address) in ["9.9.9.1", "9.9.9.2", "9.9.9.1"].into_iter().enumerate() {
        let request =
            proxied.anonymous().request(Method::POST, "/api/v1/auth/register").header("x-forwarded-for", address);
        let answer = answer(request.json(&json!({"username": format!("user{number}"), "password": PASSWORD}))).await;
        if number == 2 { drop(refused(answer, "rate_limited")) } else { drop(answered(answer, 201)) }
    }
}

#[actix_web::test]
async fn failed_logins_lock_the_account_for_a_while_even_for_the_right_password() {
    let app = TestApp::start_with(Store::chosen(), &["--login-failures-per-minute", "2"]).await;
    app.player_named("anna").await;
    app.player_named("boris").await;
    for _ in 0..5 {
        answered(login(&app, "anna", PASSWORD).await, 200);
    }
    for _ in 0..2 {
        refused(login(&app, "anna", "wrong horse").await, "invalid_credentials");
    }
    refused(login(&app, "anna", PASSWORD).await, "rate_limited");
    refused(login(&app, "ANNA", PASSWORD).await, "rate_limited");
    answered(login(&app, "boris", PASSWORD).await, 200);
    // Ten times as many from one address, over all accounts.
    let mut refusals = 0;
    for number in 0..25 {
        refusals +=
            usize::from(login(&app, &format!("nobody{number}"), PASSWORD).await.0 == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((5..=8).contains(&refusals), "{refusals} of 25 refused");
    refused(login(&app, "boris", PASSWORD).await, "rate_limited");
}
