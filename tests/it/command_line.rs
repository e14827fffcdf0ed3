//! The program at the command line: settings and their order, refusals to start, migrate, replay, dead letters, SIGTERM.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items};
use crate::test_app::{Store, TestApp, artel, temp_dir};

/// All of them.
const FLAGS: &[&str] = &[
    "listen",
    "data-dir",
    "public-url",
    "database-url",
    "amqp-url",
    "node-id",
    "jwt-secret",
    "role",
    "admin",
    "allowed-origin",
    "log-format",
    "log",
    "commands-per-second",
    "registrations-per-minute",
    "login-failures-per-minute",
    "max-body-bytes",
    "max-connections",
    "connections-per-user",
    "connections-per-address",
    "trusted-proxies",
    "config",
];

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// It ended with that code and said one line that names the setting.
#[track_caller]
pub fn refused(output: &Output, code: i32, setting: &str) {
    let line = said(output);
    assert_eq!((output.status.code(), line.lines().count()), (Some(code), 1), "{line}");
    assert!(line.starts_with("artel: ") && line.replace('_', "-").contains(setting), "{setting} in {line}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_help_of_serve_lists_every_setting() {
    let help = artel().args(["serve", "--help"]).output().expect("help");
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8(help.stdout).expect("a text");
    for flag in FLAGS {
        assert!(help.contains(&format!("--{flag} <")), "--{flag}");
        let variable = format!("ARTEL_{}", flag.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("[env: {variable}")), "{variable}");
    }
    for default in ["127.0.0.1:8080", "./data", "1048576", "20000"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}");
    }
    let commands = artel().arg("--help").output().expect("help");
    let commands = String::from_utf8(commands.stdout).expect("a text");
    for command in
        ["serve", "migrate", "replay", "verify", "check", "backup", "dead-letters", "loadtest", "completions", "man"]
    {
        assert!(commands.contains(&format!("\n  {command}")), "{command}");
    }
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file() {
    let dir = temp_dir();
    let file = dir.join("artel.toml");
    std::fs::write(&file, "listen = \"of the file\"\n").expect("written");
    let config = file.to_str().expect("a path");
    // What is taken can't be listened at, so the refusal tells what was taken.
    let by_file = artel().args(["serve", "--config", config]).output().expect("run");
    refused(&by_file, 2, "listen: \"of the file\"");
    let by_variable = artel().args(["serve", "--config", config]).env("ARTEL_LISTEN", "of the variable").output();
    refused(&by_variable.expect("run"), 2, "listen: \"of the variable\"");
    let mut by_flag = artel();
    by_flag.args(["serve", "--config", config, "--listen", "of the flag"]).env("ARTEL_LISTEN", "of the variable");
    refused(&by_flag.output().expect("run"), 2, "listen: \"of the flag\"");
    let by_named_file = artel().env("ARTEL_CONFIG", config).output().expect("run");
    refused(&by_named_file, 2, "listen: \"of the file\"");
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn a_bad_setting_is_told_in_one_line_and_nothing_is_started() {
    let dir = temp_dir();
    let (data, file) = (dir.join("data"), dir.join("artel.toml"));
    for (flag, value) in [
        ("listen", "here"),
        ("database-url", "mysql://x"),
        ("amqp-url", "http://x"),
        ("node-id", "a b"),
        ("jwt-secret", "short"),
        ("role", "boss"),
        ("allowed-origin", "club.example"),
        ("trusted-proxies", "proxy"),
        ("log-format", "xml"),
        ("log", "artel=loud"),
        ("commands-per-second", "0"),
        ("commands-per-second", "many"),
        ("registrations-per-minute", "-1"),
        ("login-failures-per-minute", "0"),
        ("max-body-bytes", "1"),
        ("max-connections", "0"),
        ("colour", "red"),
    ] {
        let flagged = artel().arg("--data-dir").arg(&data).arg(format!("--{flag}={value}")).output().expect("run");
        refused(&flagged, 2, flag);
        if flag != "colour" {
            let variable = format!("ARTEL_{}", flag.to_uppercase().replace('-', "_"));
            let with_variable = artel().arg("--data-dir").arg(&data).env(variable, value).output().expect("run");
            refused(&with_variable, 2, flag);
        }
    }
    let user =
        artel().args(["user", "list", "--data-dir"]).arg(&data).env("ARTEL_COMMANDS_PER_SECOND", "many").output();
    refused(&user.expect("run"), 2, "commands-per-second");
    for (text, named) in [
        ("colour = 1", "colour"),
        ("listen = 1", "line 1"),
        ("listen", "line 1"),
        ("max_connections = 0", "max-connections"),
    ] {
        std::fs::write(&file, text).expect("written");
        let with_file = artel().arg("--data-dir").arg(&data).arg("--config").arg(&file).output().expect("run");
        refused(&with_file, 2, named);
    }
    refused(&artel().arg("--config").arg(dir.join("nowhere.toml")).output().expect("run"), 2, "config");
    let nodes = artel().args(["--database-url", "postgres://127.0.0.1/x"]).output().expect("run");
    refused(&nodes, 2, "jwt-secret");
    assert!(!data.exists(), "nothing was started");
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_a_bad_setting() {
    let dir = temp_dir();
    let file = dir.join("file");
    std::fs::write(&file, "no directory").expect("written");
    for data in [file.clone(), file.join("below")] {
        let started = artel().args(["--listen", "127.0.0.1:0"]).arg("--data-dir").arg(&data).output().expect("run");
        refused(&started, 2, "data-dir");
        let migrated = artel().arg("migrate").arg("--data-dir").arg(&data).output().expect("run");
        refused(&migrated, 2, "data-dir");
    }
    std::fs::remove_dir_all(dir).expect("removed");
}

#[actix_web::test]
async fn a_port_that_is_taken_is_named() {
    let app = TestApp::start().await;
    let dir = temp_dir();
    let address = app.base.trim_start_matches("http://");
    let second =
        artel().args(["--listen", address, "--log", "error"]).arg("--data-dir").arg(&dir).output().expect("run");
    refused(&second, 2, "listen");
    assert!(std::fs::read_dir(&dir).expect("there").next().is_none(), "nothing was made");
    std::fs::remove_dir_all(dir).expect("removed");
}

#[actix_web::test]
async fn the_signing_key_is_kept_for_the_owner_only_and_for_the_next_start() {
    let mut app = TestApp::start().await;
    let anna = app.player("anna").await;
    let key = app.dir.join("jwt.key");
    let mode = std::fs::metadata(&key).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&key).expect("a key");
    app.kill_and_restart().await;
    anna.read("/api/v1/users/me").await;
    assert_eq!(std::fs::read(&key).expect("a key"), before);
    assert!(app.dir.join("artel.db").exists());
}

#[actix_web::test]
async fn a_second_server_on_the_same_data_refuses() {
    let app = TestApp::start().await;
    let second = app.command(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    refused(&second, 2, "data-dir");
    assert_eq!(app.anonymous().get("/health/ready").await.0, StatusCode::OK, "the first one goes on");
}

#[actix_web::test]
async fn migrating_is_done_once_and_may_be_asked_again() {
    let mut app = TestApp::start().await;
    app.kill();
    std::fs::remove_file(app.dir.join("artel.db")).expect("removed");
    for _ in 0..2 {
        assert_eq!(app.command(&["migrate"]).status.code(), Some(0));
    }
    assert!(app.dir.join("artel.db").exists());
    app.restart().await;
    app.player("anna").await;

    let app = TestApp::start_with(Store::Postgres, &[]).await;
    assert_eq!(app.command(&["migrate"]).status.code(), Some(0), "beside a running server too");
}

pub(crate) fn sqlite(app: &TestApp, statement: &str) {
    sqlite_in(&app.dir.join("artel.db"), statement);
}

/// Executes a statement in a SQLite file.
pub fn sqlite_in(file: &Path, statement: &str) {
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()";
    let output = Command::new("python3").args(["-c", script]).arg(file).arg(statement).output().expect("python3");
    assert!(output.status.success(), "{statement}: {}", said(&output));
}

#[actix_web::test]
async fn a_replay_tells_whether_the_stored_state_agrees_with_the_log() {
    let mut app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    for _ in 0..5 {
        evening.pot(&game, 0, "white").await;
    }
    evening.end(&game).await;
    assert_eq!(app.terminate().await.0, Some(0));
    let replay = || app.command(&["replay", &evening.session]);
    let agrees = replay();
    assert_eq!(agrees.status.code(), Some(0), "{}", said(&agrees));
    assert!(String::from_utf8_lossy(&agrees.stdout).contains("agrees"));

    sqlite(&app, "UPDATE session SET status = 'completed'");
    let differs = replay();
    assert_eq!(differs.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&differs.stdout).contains("status"));
    sqlite(&app, "UPDATE session SET status = 'in_progress'");
    assert_eq!(replay().status.code(), Some(0));
    sqlite(&app, "UPDATE event SET body = replace(body, '\"white\"', '\"pink\"') WHERE seq = 4");
    assert_eq!(replay().status.code(), Some(1), "the snapshot knows better");
    sqlite(&app, "UPDATE event SET body = replace(body, '\"pink\"', '\"white\"') WHERE seq = 4");
    assert_eq!(replay().status.code(), Some(0));
    sqlite(&app, "DELETE FROM event WHERE seq = 5");
    assert_eq!(replay().status.code(), Some(1), "there is a gap");
    let unknown = app.command(&["replay", &Uuid::now_v7().to_string()]);
    assert_eq!(unknown.status.code(), Some(1));
    refused(&app.command(&["replay", "x"]), 2, "x");
}

#[test]
fn shells_are_told_the_commands_and_there_is_a_manual() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = artel().args(["completions", shell]).output().expect("run");
        let text = String::from_utf8_lossy(&completions.stdout).into_owned();
        assert!(completions.status.success() && text.contains("dead-letters") && text.contains("lan"), "{shell}");
    }
    refused(&artel().args(["completions", "csh"]).output().expect("run"), 2, "csh");
    let manual = artel().arg("man").output().expect("run");
    let text = String::from_utf8_lossy(&manual.stdout).into_owned();
    assert!(manual.status.success() && text.starts_with(".ie") && text.contains(".SH ARTEL BACKUP"), "{text}");
}

#[actix_web::test]
async fn there_are_no_dead_letters_at_first() {
    let app = TestApp::start().await;
    let list = app.command(&["dead-letters", "list"]);
    assert_eq!((list.status.code(), list.stdout.as_slice()), (Some(0), &b""[..]), "{}", said(&list));
    for action in ["replay", "discard"] {
        let missing = app.command(&["dead-letters", action, &Uuid::now_v7().to_string()]);
        assert_eq!(missing.status.code(), Some(1), "{}", said(&missing));
    }
}

#[actix_web::test]
async fn sigterm_ends_it_in_time_and_loses_nothing_acknowledged() {
    let mut app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let mut socket = evening.players[1].socket().await;
    socket.subscribe(&evening.session, None).await;
    let playing = (0..4).map(|_| async {
        let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
        let mut acknowledged = Vec::new();
        loop {
            let request = evening.creator().request(reqwest::Method::POST, &format!("/api/v1/games/{game}/events"));
            let Ok(response) = request.json(&pot).send().await else { return acknowledged };
            match response.status() {
                StatusCode::CREATED => match response.json::<serde_json::Value>().await {
                    Ok(event) => acknowledged.push(event),
                    Err(_) => return acknowledged,
                },
                status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "nothing else is answered at the end"),
            }
        }
    });
    let ending = async {
        // In the middle of play.
        while socket.next_of("event").await["seq"].as_i64() < Some(50) {}
        let ended = app.terminate().await;
        (ended, socket.closed().await)
    };
    let (acknowledged, ((code, took), close)) = tokio::join!(futures_util::future::join_all(playing), ending);
    assert_eq!((code, close), (Some(0), Some(1001)));
    assert!(took < Duration::from_secs(10), "{took:?}");
    app.restart().await;
    let (mut log, mut after) = (Vec::new(), 0);
    loop {
        let page = evening.creator().read(&evening.path(&format!("/events?limit=200&after_seq={after}"))).await;
        let Some(last) = items(&page).last() else { break };
        after = last["seq"].as_i64().expect("a seq");
        log.extend(items(&page).clone());
    }
    for event in acknowledged.iter().flatten() {
        // An answer says beside the event that it is an echo.
        let mut event = event.clone();
        event.as_object_mut().expect("an event").remove("echo_of");
        assert!(log.contains(&event), "acknowledged and lost: {event}");
    }
    let seqs: Vec<_> = log.iter().map(|event| event["seq"].as_i64()).collect();
    assert_eq!(seqs, (1..=log.len() as i64).map(Some).collect::<Vec<_>>());
    answered(evening.creator().post(&format!("/api/v1/games/{game}/end"), json!({})).await, 200);
}
