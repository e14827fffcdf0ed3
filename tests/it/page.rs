//! The page in two browsers, and the client for scripts, through a whole evening against a real server that dies in the
//! middle of it.

use std::path::Path;
use std::process::Command;

use crate::test_app::{Store, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_play_an_evening_and_a_dying_server_loses_nothing() {
    let told = play("evening.mjs").await;
    assert!(told.contains("restart of the server"), "the server was restarted: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_plays_an_evening_under_node_and_in_a_browser() {
    let told = play("client.mjs").await;
    assert!(told.contains("client: an evening"), "{told}");
}

/// Runs a script against a server that it can restart; answers what it said.
async fn play(script: &'static str) -> String {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let modules = folder.join("node_modules/playwright-core");
    assert!(modules.exists(), "the browsers' driver is missing: `./test` installs it");
    let chromium = std::env::var("ARTEL_TEST_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let restart = app.dir.join("restart.sh");
    std::fs::write(&restart, app.restart_script()).expect("written");
    let (base, out) = (app.base.clone(), app.dir.join("screenshots"));
    let node = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .arg(script)
            .current_dir(folder)
            .env("BASE_URL", base)
            .env("OUT", out)
            .env("CHROMIUM", chromium)
            .env("TIMEOUT_MS", "30000")
            .env("RESTART_CMD", format!("bash {}", restart.display()))
            .output()
            .expect("node runs")
    });
    let output = node.await.expect("joined");
    app.adopt_restarted();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    told
}
