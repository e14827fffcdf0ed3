//! During an update a node may read what only the next version knows: it keeps that as it is, shows it, and makes
//! nothing of it that the next version would have to put right.

use std::time::Duration;

use artel::messaging::topology::{NOTIFICATIONS, STATS};
use lapin::options::QueuePurgeOptions;
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TryGetable};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::rabbit::{holds, raw};
use crate::test_app::{Store, TestApp, text, until_for};

/// A sweep looks every 15 s where the node has the time for it.
const FOUND: Duration = Duration::from_secs(60);

async fn database(app: &TestApp) -> DatabaseConnection {
    sea_orm::Database::connect(app.postgres().expect("in PostgreSQL")).await.expect("a connection")
}

async fn rename(db: &DatabaseConnection, session: &str, from: &str, to: &str) {
    let sql = format!(
        "UPDATE event SET body = replace(body, '\"type\":\"{from}\"', '\"type\":\"{to}\"') WHERE session_id = '{session}'"
    );
    db.execute_unprepared(&sql).await.expect("renamed");
}

async fn count(db: &DatabaseConnection, sql: String) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("answered");
    row.map_or(-1, |row| i64::try_get_by(&row, 0).expect("a number"))
}

async fn wins(player: &Player) -> Value {
    player.read(&format!("/api/v1/stats/users/{}", player.id)).await["totals"]["wins"].clone()
}

async fn notified(player: &Player) -> usize {
    player.read("/api/v1/notifications").await["items"].as_array().expect("a list").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_type_to_come_is_told_as_it_is_and_nothing_is_played_on_it() {
    let mut app = TestApp::start_with(Store::Postgres, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.players[0].clone();
    let game = evening.start_game().await;
    let white = evening.pot(&game, 0, "white").await;
    evening.pot(&game, 1, "pink").await;
    // Its snapshot knows the type that is made unknown below.
    app.kill();
    let db = database(&app).await;
    rename(&db, &evening.session, "game.ball_potted", "game.ball_sunk").await;
    db.execute_unprepared("DELETE FROM session_snapshot").await.expect("deleted");
    app.restart().await;
    let anna = anna.on(&app);

    let state = anna.read(&evening.path("")).await;
    assert_eq!((&state["seq"], &state["current_game"]["id"]), (&json!(5), &json!(game)));
    let read = anna.read(&evening.path("/events?after_seq=3")).await;
    let mut sunk = white.clone();
    sunk["type"] = json!("game.ball_sunk");
    assert_eq!(read["items"][0], sunk, "told as it is stored");
    let mut socket = anna.socket().await;
    let told = socket.subscribe(&evening.session, Some(3)).await;
    assert_eq!((&told["events"][0], told["events"].as_array().map(Vec::len)), (&sunk, Some(2)));

    let ball = evening.ball(0, "white");
    let key = Uuid::now_v7();
    let marks = format!("/api/v1/games/{game}/events");
    let (status, refused) = anna.post_with_key(&marks, key, ball.clone()).await;
    assert_eq!((status, &refused["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("storage_unavailable")));
    assert!(text(&refused["detail"]).contains("newer version"), "{refused}");
    let refused = socket.command(&evening.session, ball.clone()).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("storage_unavailable")));
    // Another session is played beside it, and stopping keeps no snapshot of what is not known whole.
    let other = Evening::open(&app, &["vera", "gleb"], kolkhoz()).await;
    let its_game = other.start_game().await;
    other.pot(&its_game, 0, "white").await;
    app.terminate().await;
    let kept = format!("SELECT count(*) FROM session_snapshot WHERE session_id = '{}'", evening.session);
    assert_eq!(count(&db, kept).await, 0);
    let kept = format!("SELECT count(*) FROM session_snapshot WHERE session_id = '{}'", other.session);
    assert_eq!(count(&db, kept).await, 1);

    // The node is up to date now: the same key is played.
    rename(&db, &evening.session, "game.ball_sunk", "game.ball_potted").await;
    app.restart().await;
    let anna = anna.on(&app);
    let (status, played) = anna.post_with_key(&marks, key, ball).await;
    assert_eq!((status, &played["seq"]), (StatusCode::CREATED, &json!(6)), "{played}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_newer_version_stored_waits_for_its_projections() {
    let app = TestApp::start_with(Store::Rabbit, &["--role", "api"]).await;
    let channel = raw(&app.amqp_url().expect("a broker")).await;
    let db = database(&app).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (evening.players[0].clone(), evening.players[1].clone());
    evening.play(&[0, 1], &[&["pink"], &[]]).await;
    let other = Evening::open(&app, &["vera", "gleb"], kolkhoz()).await;
    other.play(&[0, 1], &[&["pink"], &[]]).await;
    // Nobody has made anything of it, and no message tells of it any more.
    holds(&channel, NOTIFICATIONS.name, 4).await;
    for queue in [&STATS, &NOTIFICATIONS] {
        channel.queue_purge(queue.name.into(), QueuePurgeOptions::default()).await.expect("purged");
    }
    rename(&db, &evening.session, "game.ended", "game.finished").await;

    let mut older = app.another_node_as("worker").await;
    let vera = &other.players[0];
    let found = async || (wins(vera).await == 1).then_some(());
    until_for(FOUND, "a session that it can read", found).await;
    for forget in ["UPDATE consumer_cursor SET seq = 0", "DELETE FROM game_player"] {
        let sql = format!("{forget} WHERE session_id = '{}'", other.session);
        db.execute_unprepared(&sql).await.expect("forgotten");
    }
    until_for(FOUND, "the same again, since it has not looked past the other one", found).await;
    assert_eq!((wins(&anna).await, notified(&boris).await), (json!(0), 0));
    older.kill();

    rename(&db, &evening.session, "game.finished", "game.ended").await;
    let _newer = app.another_node_as("worker").await;
    until_for(FOUND, "what the newer version makes of it", async || {
        (wins(&anna).await == 1 && notified(&boris).await > 0).then_some(())
    })
    .await;
}
