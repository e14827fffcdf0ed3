//! Where the server is: what it says at its start and at `/api/v1/server`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::test_app::{TestApp, text, until};

async fn info(app: &TestApp) -> Value {
    let (status, info) = app.anonymous().get("/api/v1/server").await;
    assert_eq!(status, StatusCode::OK, "{info}");
    info
}

fn urls(info: &Value) -> Vec<String> {
    info["reachable_urls"].as_array().expect("a list").iter().map(text).collect()
}

#[actix_web::test]
async fn a_server_for_this_machine_alone_says_so() {
    let app = TestApp::start().await;
    let info = info(&app).await;
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&info["public_url"], &info["reachable_urls"]), (&Value::Null, &json!([])));
    let has = |feature: &str| info["features"][feature] == true;
    assert!(has("guests") && has("friends") && has("clubs") && has("push") && has("chats") && !has("mail"), "{info}");
    assert!(info["features"].as_object().is_some_and(|features| features.values().all(Value::is_boolean)), "{info}");
}

#[actix_web::test]
async fn a_server_for_phones_tells_addresses_that_can_be_opened_and_draws_the_first() {
    let app = TestApp::start_with(super::test_app::Store::chosen(), &["--lan"]).await;
    assert!(app.base.starts_with("http://127.0.0.1:"), "{}", app.base);
    let info = info(&app).await;
    let reachable = urls(&info);
    assert_eq!(info["public_url"], reachable.first().map_or(Value::Null, |url| json!(url)));
    for url in &reachable {
        let live = reqwest::get(format!("{url}/health/live")).await.expect("it can be opened");
        assert_eq!(live.status(), StatusCode::OK, "{url}");
    }
    let is_told = |told: &str| match reachable.first() {
        Some(url) => told.contains(url) && told.contains('▀'),
        None => told.contains("in no network"),
    };
    until("phones are told", || async { is_told(&app.told()).then_some(()) }).await;
    assert!(!app.told().contains("0.0.0.0"), "{}", app.told());
}

#[actix_web::test]
async fn a_configured_address_is_the_only_one_but_for_phones_that_were_asked_in() {
    let arguments = ["--public-url", "https://club.example/", "--lan"];
    for arguments in [&arguments[..2], &arguments] {
        let app = TestApp::start_with(super::test_app::Store::chosen(), arguments).await;
        let info = info(&app).await;
        assert_eq!(info["public_url"], "https://club.example");
        let urls = urls(&info);
        assert_eq!(urls[0], "https://club.example");
        assert!(urls.len() == 1 || arguments.contains(&"--lan"), "{urls:?}");
    }
}
