//! The paths of this room over a real database: what its tests share.

mod logins;
mod profiles;

use serde_json::{Value, json};

use super::Settings;
use super::test_app::{Answer, TestApp};

pub(super) async fn app() -> TestApp {
    TestApp::start(Settings::default(), |_| {}).await
}

pub(super) fn credentials(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

pub(super) async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.ask("POST", "/auth/refresh", "", json!({"refresh_token": token})).await
}

pub(super) fn wrong_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.problem(), (422, "validation_failed"));
    answer.json["errors"].as_array().expect("errors").iter().filter_map(|error| error["field"].as_str()).collect()
}
