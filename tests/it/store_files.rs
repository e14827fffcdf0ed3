//! The data directory and its files: who may read them, what becomes of damaged ones, backups, and older databases.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::command_line::{refused, said, sqlite_in};
use super::evening::{Evening, kolkhoz};
use super::expect::answered;
use super::migration_kills::OF_0_1_0;
use super::player::Player;
use super::test_app::{PostgresDatabase, Store, TestApp, artel, psql, temp_dir, until};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}

#[track_caller]
fn is_private(dir: &Path) {
    assert_eq!(mode(dir), 0o700);
    for name in ["artel.db", "artel.db-wal", "artel.db-shm", "artel.lock", "jwt.key"] {
        let path = dir.join(name);
        assert!(!path.exists() || mode(&path) == 0o600, "{name}: {:o}", mode(&path));
    }
}

async fn health(app: &TestApp) -> Value {
    let answer = app.anonymous().request(reqwest::Method::GET, "/health/ready").send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

#[actix_web::test]
async fn an_evening_of_0_1_0_is_opened_and_closed_to_others() {
    let app = TestApp::start_in_filled(|dir| {
        sqlite_in(&dir.join("artel.db"), OF_0_1_0);
        set_mode(&dir.join("artel.db"), 0o644);
        set_mode(dir, 0o755);
    })
    .await;
    is_private(&app.dir);
    let login = json!({"username": "anna", "password": "correct horse"});
    let anna = Player::of(&app.base, &answered(app.anonymous().post("/api/v1/auth/login", login).await, 200));
    let sessions = anna.read("/api/v1/sessions").await;
    assert_eq!(
        (&sessions["items"][0]["name"], sessions["items"].as_array().map(Vec::len)),
        (&json!("Пятница"), Some(1))
    );
    let session = sessions["items"][0]["id"].as_str().expect("an id");
    let balance = anna.read(&format!("/api/v1/sessions/{session}/balance")).await;
    let nets: Vec<_> =
        balance["participants"].as_array().expect("a list").iter().map(|of| of["net"].as_i64()).collect();
    assert_eq!(nets, [Some(-15_000), Some(30_000), Some(-15_000)]);
    let replay = app.command(&["replay", session]);
    assert!(replay.status.success(), "{}", said(&replay));
}

#[actix_web::test]
async fn a_new_data_directory_is_for_its_owner_alone() {
    let app = TestApp::start().await;
    let data = app.dir.join("below").join("data");
    let migrated = artel().args(["migrate", "--data-dir"]).arg(&data).output().expect("run");
    assert!(migrated.status.success(), "{}", said(&migrated));
    is_private(&data);
}

#[actix_web::test]
async fn a_key_that_others_can_read_is_refused_and_a_start_cut_short_is_not() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    app.kill();
    let key = app.dir.join("jwt.key");
    set_mode(&key, 0o640);
    let output = app.command(&["serve", "--listen", "127.0.0.1:0"]);
    refused(&output, 2, "data-dir");
    assert!(said(&output).contains(&format!("chmod 600 {}", key.display())), "{}", said(&output));
    set_mode(&key, 0o600);
    std::fs::write(&key, "half a key").expect("written");
    refused(&app.command(&["serve", "--listen", "127.0.0.1:0"]), 2, "data-dir");
    std::fs::write(&key, "").expect("written");
    app.restart().await;
    assert_eq!(std::fs::read(&key).expect("a key").len(), 64);
    is_private(&app.dir);
}

#[actix_web::test]
async fn a_damaged_database_is_seen_at_the_start() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    app.player("anna").await;
    assert_eq!(app.terminate().await.0, Some(0));
    let file = app.dir.join("artel.db");
    let whole = std::fs::read(&file).expect("a database");
    for from in [0, 4_096, whole.len() / 2] {
        let mut damaged = whole.clone();
        damaged[from..(from + 8_192).min(whole.len())].fill(0x5a);
        std::fs::write(&file, damaged).expect("written");
        let output = app.command(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
        refused(&output, 2, "data-dir");
        let line = said(&output);
        assert!(line.contains("artel.db") && (line.contains("damaged") || line.contains("database")), "{line}");
    }
    std::fs::write(&file, whole).expect("written");
    app.restart().await;
    assert_eq!(health(&app).await, json!({"status": "ok", "down": []}));
}

#[actix_web::test]
async fn a_database_damaged_while_it_is_used_is_not_ready() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    app.player("anna").await;
    let backup = app.dir.join("copy.db");
    assert!(app.command(&["backup", backup.to_str().unwrap()]).status.success());
    assert_eq!(health(&app).await["down"], json!([]));
    // What is in the log goes into the file first, so that the file is what is read.
    sqlite_in(&app.dir.join("artel.db"), "PRAGMA wal_checkpoint(TRUNCATE)");
    let mut file = std::fs::OpenOptions::new().write(true).open(app.dir.join("artel.db")).expect("opened");
    let length = file.metadata().expect("a size").len();
    file.seek(SeekFrom::Start(8_192)).expect("there");
    file.write_all(&vec![0x5a; usize::try_from(length - 8_192).expect("small")]).expect("written");
    until("it is noticed", || async { (health(&app).await["down"] == json!(["database"])).then_some(()) }).await;
}

#[actix_web::test]
async fn a_database_that_can_only_be_read_is_not_ready() {
    let app = TestApp::start_limitable(&[]).await;
    assert_eq!(health(&app).await["down"], json!([]));
    app.limit_files(Some(0));
    until("it is noticed", || async { (health(&app).await["down"] == json!(["database"])).then_some(()) }).await;
    app.limit_files(None);
    until("it is over", || async { (health(&app).await["down"] == json!([])).then_some(()) }).await;

    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let url = app.postgres().expect("in PostgreSQL");
    let name = url.rsplit('/').next().expect("a name");
    let read_only = |is: &str| {
        psql(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = {is}"));
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        psql(&url, others);
    };
    read_only("on");
    until("it is noticed", || async { (health(&app).await["down"] == json!(["database"])).then_some(()) }).await;
    let second = app.command(&["serve", "--listen", "127.0.0.1:0"]);
    refused(&second, 2, "database-url");
    psql(
        &format!("{url}?options=-c%20default_transaction_read_only%3Doff"),
        &format!("ALTER DATABASE {name} SET default_transaction_read_only = off"),
    );
    read_only("off");
    until("it is over", || async { (health(&app).await["down"] == json!([])).then_some(()) }).await;
}

#[actix_web::test]
async fn after_a_clean_stop_the_file_is_the_whole_database_and_nothing_was_warned_of() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    let _socket = evening.players[0].socket().await;
    assert_eq!(app.terminate().await.0, Some(0));
    let log = std::fs::metadata(app.dir.join("artel.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "the log is folded into the file");
    let alone = temp_dir();
    std::fs::copy(app.dir.join("artel.db"), alone.join("artel.db")).expect("copied");
    let replay = artel().args(["replay", &evening.session, "--data-dir"]).arg(&alone).output().expect("run");
    assert!(replay.status.success(), "{}", said(&replay));
    std::fs::remove_dir_all(alone).expect("removed");
    let warned: Vec<_> =
        app.log().lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).map(str::to_owned).collect();
    assert_eq!(warned, Vec::<String>::new());
}

#[actix_web::test]
async fn a_backup_is_a_whole_database_and_is_made_while_people_play() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let copies = temp_dir();
    for number in 0..5 {
        evening.pot(&game, 0, "white").await;
        let dir = copies.join(number.to_string());
        std::fs::create_dir(&dir).expect("made");
        let file = dir.join("artel.db");
        let playing = async {
            for _ in 0..5 {
                evening.pot(&game, 0, "white").await;
            }
        };
        let path = file.to_str().unwrap().to_owned();
        let arguments = app.data_arguments();
        let copying = tokio::task::spawn_blocking(move || artel().args(["backup", &path]).args(arguments).output());
        let (copied, ()) = tokio::join!(copying, playing);
        let copied = copied.unwrap().unwrap();
        assert!(copied.status.success(), "{}", said(&copied));
        assert_eq!(mode(&file), 0o600);
        let replay = artel().args(["replay", &evening.session, "--data-dir"]).arg(&dir).output().expect("run");
        assert!(replay.status.success(), "{}", said(&replay));
        let before = std::fs::read(&file).expect("a copy");
        refused(&app.command(&["backup", file.to_str().unwrap()]), 2, "file");
        assert_eq!(std::fs::read(&file).expect("a copy"), before, "it is not written over");
        assert_eq!(std::fs::read_dir(&dir).expect("there").count(), 1, "nothing else is left");
    }
    let nowhere = copies.join("nowhere").join("copy.db");
    refused(&app.command(&["backup", nowhere.to_str().unwrap()]), 2, "file");
    std::fs::remove_dir_all(copies).expect("removed");

    let database = PostgresDatabase::create();
    let secret = "a secret of the tests, long enough for it";
    let output =
        artel().args(["backup", "copy.db", "--jwt-secret", secret, "--database-url", &database.url()]).output();
    let output = output.expect("run");
    refused(&output, 2, "database-url");
    assert!(said(&output).contains("pg_dump"), "{}", said(&output));
}

#[actix_web::test]
async fn an_older_program_says_which_one_its_database_needs() {
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0); \
                 INSERT INTO migration_program (step, version) VALUES ('m9999_later', '9.8.7')";
    for store in [Store::Sqlite, Store::Postgres] {
        let mut app = TestApp::start_with(store, &[]).await;
        assert_eq!(app.terminate().await.0, Some(0));
        match app.postgres() {
            Some(url) => psql(&url, newer),
            None => sqlite_in(&app.dir.join("artel.db"), newer),
        }
        let id = uuid::Uuid::now_v7().to_string();
        let copy = app.dir.join("copy.db");
        let mut commands = vec![
            vec!["serve", "--listen", "127.0.0.1:0"],
            vec!["migrate"],
            vec!["replay", &id],
            vec!["dead-letters", "list"],
            vec!["dead-letters", "discard", &id],
        ];
        if store == Store::Sqlite {
            commands.push(vec!["backup", copy.to_str().unwrap()]);
        }
        for command in commands {
            let output = app.command(&command);
            refused(&output, 2, if store == Store::Sqlite { "data-dir" } else { "database-url" });
            assert!(said(&output).contains("start Artel 9.8.7 or newer"), "{command:?}: {}", said(&output));
        }
        let checked = app.command(&["check"]);
        assert_eq!(checked.status.code(), Some(2));
        assert!(said(&checked).contains("9.8.7"), "{}", said(&checked));
    }
}

#[actix_web::test]
async fn readiness_is_what_it_was_for_those_that_ask_often() {
    let app = TestApp::start().await;
    for _ in 0..200 {
        let answer = app.anonymous().request(reqwest::Method::GET, "/health/ready").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
