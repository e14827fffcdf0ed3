//! The page in two browsers, and the client for scripts, through a whole evening and a conversation against a real server
//! that dies in the middle of it.

use std::path::Path;
use std::process::Command;

use crate::test_app::{Store, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_play_an_evening_and_a_dying_server_loses_nothing() {
    let told = play("evening.mjs").await;
    assert!(told.contains("restart of the server"), "the server was restarted: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_talk_over_a_cut_and_a_dying_server_and_each_word_comes_once() {
    let told = play("chat.mjs").await;
    assert!(!told.contains("skipped"), "the server was restarted: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_come_to_a_table_by_their_names_alone() {
    play("first.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_played_as_people_do() {
    play("table.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_does_about_oneself_and_others_is_done_in_a_browser() {
    play("people.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_clubs_and_what_comes_after_a_game_are_seen_in_a_browser() {
    play("after.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evenings_are_seen_and_marked_without_a_link_and_in_two_tabs() {
    play("offline.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_notified_while_the_page_is_closed() {
    play("push.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tv_shows_what_a_phone_sends_it_and_an_admin_changes_accounts() {
    play("tv.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_readable_by_everybody() {
    play("screens.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_costs_a_visitor_little_and_a_second_visit_waits_for_no_network() {
    play("budget.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_plays_an_evening_under_node_and_in_a_browser() {
    let told = play("client.mjs").await;
    assert!(told.contains("client: an evening"), "{told}");
}

/// Runs a script against a server that it can restart; answers what it said.
async fn play(script: &'static str) -> String {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    app.user(&["create", "operator", "--admin"], "correct horse battery").await;
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
            .env("ADMIN", "operator:correct horse battery")
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
