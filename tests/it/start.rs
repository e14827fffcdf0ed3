//! A start that can't be: one line that names the setting, the host and the reason, exit 2, nothing made. And
//! `artel check`, which says so beforehand.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use super::command_line::{refused, said};
use super::ports::free_port;
use super::test_app::{PostgresDatabase, Store, TestApp, artel, libfaketime, temp_dir};

const SECRET: &str = "a secret of the tests, long enough for it";

/// Refused for what `setting` names at `place`, without its password.
#[track_caller]
fn refused_at(output: &Output, setting: &str, place: &str) {
    refused(output, 2, setting);
    let line = said(output);
    assert!(line.contains(place) && !line.contains("pa55") && line.len() > place.len() + setting.len() + 20, "{line}");
}

#[actix_web::test]
async fn a_database_that_refuses_or_is_not_there_is_named() {
    let dir = temp_dir();
    let data = dir.join("data");
    let serve = |url: &str| {
        let mut command = artel();
        command.args(["--listen", "127.0.0.1:0", "--jwt-secret", SECRET, "--database-url", url, "--data-dir"]);
        command.arg(&data).output().expect("run")
    };
    let nobody = format!("127.0.0.1:{}", free_port());
    refused_at(&serve(&format!("postgres://artel:pa55@{nobody}/artel")), "database-url", &nobody);
    let server = std::env::var("ARTEL_TEST_POSTGRES").expect("ARTEL_TEST_POSTGRES names a server");
    let host = server.rsplit(['@', '/']).next().expect("a host").to_owned();
    refused_at(&serve(&format!("{server}/not_there_at_all")), "database-url", &host);
    refused_at(&serve(&format!("postgres://nobody_at_all:pa55@{host}/postgres")), "database-url", &host);
    let nowhere = dir.join("nowhere").join("artel.db");
    refused(&serve(&format!("sqlite://{}", nowhere.display())), 2, "database-url");
    assert!(std::fs::read_dir(&dir).expect("there").next().is_none(), "nothing was made");
    std::fs::remove_dir_all(dir).expect("removed");
}

#[actix_web::test]
async fn a_broker_that_is_not_there_is_named_and_no_database_is_made() {
    let dir = temp_dir();
    let data = dir.join("data");
    let nobody = format!("127.0.0.1:{}", free_port());
    let url = format!("amqp://artel:pa55@{nobody}/artel");
    let on_sqlite = artel().args(["--listen", "127.0.0.1:0", "--amqp-url", &url, "--data-dir"]).arg(&data).output();
    refused_at(&on_sqlite.expect("run"), "amqp-url", &nobody);
    assert!(!data.exists(), "nothing was made");
    let database = PostgresDatabase::create();
    let arguments = ["--jwt-secret", SECRET, "--database-url", &database.url(), "--amqp-url", &url];
    let on_postgres = artel().args(["--listen", "127.0.0.1:0"]).args(arguments).output().expect("run");
    refused_at(&on_postgres, "amqp-url", &nobody);
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let tables = Command::new("psql").args([&database.url(), "-Atc", count]).output().expect("psql");
    assert_eq!(String::from_utf8_lossy(&tables.stdout).trim(), "0", "no table was made");
    let checked = artel().arg("check").args(arguments).output().expect("run");
    assert_eq!(checked.status.code(), Some(2));
    assert!(said(&checked).starts_with("artel: amqp_url: ") && !said(&checked).contains("pa55"), "{}", said(&checked));
    std::fs::remove_dir_all(dir).expect("removed");
}

#[actix_web::test]
async fn a_broker_that_refuses_the_password_is_named() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let url = app.amqp_url().expect("a broker");
    let (_, host) = url.split_once('@').expect("with a user");
    let dir = temp_dir();
    let wrong = format!("amqp://nobody:pa55@{host}");
    let place = host.split('/').next().expect("a host");
    let mut command = artel();
    let output =
        command.args(["--listen", "127.0.0.1:0", "--amqp-url", &wrong, "--data-dir"]).arg(dir.join("data")).output();
    refused_at(&output.expect("run"), "amqp-url", place);
    assert!(!dir.join("data").exists(), "nothing was made");
    let checked = app.command(&["check", "--amqp-url", &url]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(told.contains("PostgreSQL") && told.contains("RabbitMQ at"), "{told}");
    std::fs::remove_dir_all(dir).expect("removed");
}

#[actix_web::test]
async fn a_check_changes_nothing() {
    let dir = temp_dir();
    let checked = artel().args(["check", "--data-dir"]).arg(dir.join("data")).output().expect("run");
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(std::fs::read_dir(&dir).expect("there").next().is_none(), "nothing was made");
    std::fs::remove_dir_all(dir).expect("removed");
    let app = TestApp::start().await;
    assert_eq!(app.command(&["check"]).status.code(), Some(0), "beside a running server too");
}

#[actix_web::test]
async fn a_check_refuses_what_a_start_refuses() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    app.kill();
    let key = app.dir.join("jwt.key");
    let refused_by_both = |why: &str| {
        for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let output = app.command(command);
            assert_eq!(output.status.code(), Some(2), "{command:?}: {}", said(&output));
            assert!(said(&output).contains(why), "{command:?}: {}", said(&output));
        }
    };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    refused_by_both("chmod 600");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("set");
    std::fs::write(&key, "half a key").expect("written");
    refused_by_both("is damaged");
    std::fs::write(&key, "").expect("written");
    assert_eq!(app.command(&["check"]).status.code(), Some(0));
}

#[test]
fn a_clock_before_1970_is_told_and_does_not_panic() {
    let dir = temp_dir();
    for command in ["serve", "migrate"] {
        let output = artel()
            .args([command, "--data-dir"])
            .arg(dir.join("data"))
            .env("LD_PRELOAD", libfaketime())
            .env("FAKETIME", "1969-07-20 20:17:00")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .output()
            .expect("run");
        refused(&output, 2, "clock");
    }
    assert!(std::fs::read_dir(&dir).expect("there").next().is_none(), "nothing was made");
    std::fs::remove_dir_all(dir).expect("removed");
}
