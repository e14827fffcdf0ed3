//! A log proves itself: an altered row is found and named, on both databases, in logs of before too.

use std::process::Output;

use artel::messaging::topology::EVENTS;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::command_line::{said, sqlite};
use crate::evening::{Evening, kolkhoz};
use crate::rabbit::raw;
use crate::test_app::{Store, TestApp, psql, text};

async fn an_evening(app: &TestApp) -> Evening {
    let evening = Evening::open(app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    for _ in 0..5 {
        evening.pot(&game, 0, "white").await;
    }
    evening.end(&game).await;
    evening
}

async fn fingerprint(evening: &Evening) -> String {
    text(&evening.players[0].read(&evening.path("")).await["fingerprint"])
}

fn verify(app: &TestApp, evening: &Evening) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = app.command(&["verify", &evening.session]);
    (status.code(), String::from_utf8_lossy(&stdout).into_owned())
}

fn names(found: &(Option<i32>, String), seq: u32) {
    assert_eq!(found.0, Some(1), "{}", found.1);
    assert!(found.1.contains(&format!("event {seq} is broken")), "{}", found.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_row_is_found_and_named() {
    let mut app = TestApp::start().await;
    let evening = an_evening(&app).await;
    let shown = fingerprint(&evening).await;
    let events = evening.events().await;
    let mut before = Value::Null;
    for event in &events {
        assert_eq!(event["prev_hash"], before, "{event}");
        before = event["hash"].clone();
    }
    assert_eq!(text(&before), shown);
    assert_eq!(app.terminate().await.0, Some(0));

    let found = verify(&app, &evening);
    assert_eq!(found.0, Some(0), "{}", found.1);
    assert!(found.1.contains(&shown), "{}", found.1);

    let swap = |from: &str, to: &str| {
        sqlite(&app, &format!("UPDATE event SET body = replace(body, '{from}', '{to}') WHERE seq = 5"));
    };
    swap("\"white\"", "\"pink\"");
    names(&verify(&app, &evening), 5);
    let replay = app.command(&["replay", &evening.session]);
    assert_eq!(replay.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&replay.stdout).contains("event 5 is broken"), "{}", said(&replay));
    swap("\"pink\"", "\"white\"");
    assert_eq!(verify(&app, &evening).0, Some(0));

    // Whoever mends its hash too is given away by the next.
    let script = "
import sqlite3, sys, hashlib
db = sqlite3.connect(sys.argv[1])
body, = db.execute('SELECT body FROM event WHERE seq = 5').fetchone()
bare, hash = body[:-2].rsplit(',\"hash\":\"', 1)
assert hash == hashlib.sha256((bare + '}').encode()).hexdigest(), 'as the chain is described'
body = body.replace('\"white\"', '\"pink\"').rsplit(',\"hash\":', 1)[0]
body += ',\"hash\":\"' + hashlib.sha256((body + '}').encode()).hexdigest() + '\"}'
db.execute('UPDATE event SET body = ? WHERE seq = 5', (body,))
db.commit()
";
    let python = std::process::Command::new("python3").args(["-c", script]).arg(app.dir.join("artel.db")).output();
    assert!(python.expect("python3").status.success());
    names(&verify(&app, &evening), 5);

    sqlite(&app, "DELETE FROM event WHERE seq = 5");
    names(&verify(&app, &evening), 5);
    sqlite(&app, "DELETE FROM event WHERE seq > 4");
    names(&verify(&app, &evening), 5);
    assert_eq!(app.command(&["verify", &Uuid::nil().to_string()]).status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_before_is_chained_by_the_migration_and_goes_on() {
    let mut app = TestApp::start().await;
    let evening = an_evening(&app).await;
    assert_eq!(app.terminate().await.0, Some(0));
    // As an earlier version left it: no hashes, and a code in its first event.
    let script = "
import sqlite3, sys, json
db = sqlite3.connect(sys.argv[1])
for session, seq, body in db.execute('SELECT session_id, seq, body FROM event').fetchall():
    event = json.loads(body)
    event.pop('hash'); event.pop('prev_hash', None)
    if seq == 1: event['data']['code'] = 'ABC234'
    db.execute('UPDATE event SET body = ? WHERE session_id = ? AND seq = ?',
               (json.dumps(event, ensure_ascii=False, separators=(',', ':')), session, seq))
(seq, state), = db.execute('SELECT seq, state FROM session_snapshot').fetchall()
state = json.loads(state)
state.pop('last_hash')
# Told apart from what the log says, so that it shows that it was gone on from.
state['name'] = 'As it was kept'
db.execute('UPDATE session_snapshot SET format = 3, state = ?', (json.dumps(state),))
db.execute('DROP TABLE event_seal')
db.execute(\"DELETE FROM seaql_migrations WHERE version = 'm0015_event_seal'\")
db.commit()
";
    let python = std::process::Command::new("python3").args(["-c", script]).arg(app.dir.join("artel.db")).output();
    assert!(python.expect("python3").status.success());
    assert_eq!(app.command(&["migrate"]).status.code(), Some(0));
    let sealed = verify(&app, &evening);
    assert_eq!(sealed.0, Some(0), "{}", sealed.1);

    sqlite(&app, "UPDATE event SET body = replace(body, '\"white\"', '\"pink\"') WHERE seq = 5");
    names(&verify(&app, &evening), 5);
    sqlite(&app, "UPDATE event SET body = replace(body, '\"pink\"', '\"white\"') WHERE seq = 5");
    assert_eq!(verify(&app, &evening), sealed);

    app.restart().await;
    assert!(sealed.1.contains(&fingerprint(&evening).await), "{}", sealed.1);
    assert_eq!(evening.state().await["name"], "As it was kept", "the state of an earlier version is gone on from");
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    let shown = fingerprint(&evening).await;
    assert_eq!(app.terminate().await.0, Some(0));
    let found = verify(&app, &evening);
    assert!(found.0 == Some(0) && found.1.contains(&shown), "{}", found.1);
    let events = String::from_utf8(app.command(&["replay", &evening.session]).stdout).expect("text");
    assert!(events.contains("the chain holds"), "{events}");
}

/// Rows that say that they are another session's, or another event: nobody may read on for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reads_an_altered_log_comes_to_its_end() {
    let mut app = TestApp::start().await;
    let evening = an_evening(&app).await;
    assert_eq!(app.terminate().await.0, Some(0));
    let (session, other) = (&evening.session, Uuid::nil());
    let alterations = [
        (format!("replace(body, '{session}', '{other}')"), "seq > 3", 4),
        ("replace(body, '\"seq\":9', '\"seq\":2')".to_owned(), "seq = 9", 9),
    ];
    for (body, rows, first) in alterations {
        sqlite(&app, "CREATE TABLE kept AS SELECT * FROM event; DELETE FROM session_snapshot");
        sqlite(&app, &format!("UPDATE event SET body = {body} WHERE {rows}"));
        names(&verify(&app, &evening), first);
        assert_eq!(app.command(&["replay", session]).status.code(), Some(1));
        app.restart().await;
        let (status, _) = evening.players[0].get(&evening.path("")).await;
        assert!(status.is_success() || status.is_server_error(), "{status}");
        app.terminate().await;
        sqlite(&app, "DELETE FROM event; INSERT INTO event SELECT * FROM kept; DROP TABLE kept");
    }
    assert_eq!(verify(&app, &evening).0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_it_is_the_same() {
    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let evening = an_evening(&app).await;
    let shown = fingerprint(&evening).await;
    let found = verify(&app, &evening);
    assert!(found.0 == Some(0) && found.1.contains(&shown), "{}", found.1);
    let url = app.postgres().expect("in PostgreSQL");
    let swap = |from: &str, to: &str| {
        psql(&url, &format!("UPDATE event SET body = replace(body, '\"{from}\"', '\"{to}\"') WHERE seq = 6"));
    };
    swap("white", "pink");
    names(&verify(&app, &evening), 6);
    swap("pink", "white");
    assert_eq!(verify(&app, &evening), found);
}

/// While nodes are updated one by one, those of an earlier version store and tell events without hashes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_version_tells_is_chained_by_the_bytes_that_it_has_stored() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    // Beside another one a node asks for the events of others.
    let _two = one.another_node().await;
    let evening = Evening::open(&one, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let mut event = evening.pot(&game, 0, "white").await;
    let mut socket = evening.players[0].socket().await;
    socket.subscribe(&evening.session, None).await;

    let fields = event.as_object_mut().expect("an event");
    fields.retain(|name, _| !["hash", "prev_hash", "echo_of"].contains(&name.as_str()));
    let (id, command) = (Uuid::now_v7(), Uuid::now_v7());
    fields.extend([("seq".to_owned(), json!(5)), ("event_id".to_owned(), json!(id))]);
    fields.insert("command_id".to_owned(), json!(command));
    event["data"]["total_score"] = json!(2);
    let session = &evening.session;
    let url = one.postgres().expect("in PostgreSQL");
    // Its bytes are its own: nobody else may make them anew.
    let stored = event.to_string().replacen('{', "{ ", 1);
    let insert = format!("INSERT INTO event VALUES ('{session}', 5, 7, 1, 0, '{stored}')");
    psql(&url, &format!("{insert}; UPDATE session SET head = 5 WHERE id = '{session}'"));
    let mut data = event.to_string();
    data.insert_str(1, "\"command_hash\":0,");
    let message = json!({
        "event_id": Uuid::now_v7(), "event_type": event["type"], "timestamp": event["timestamp"],
        "source_service": "artel", "correlation_id": Uuid::now_v7(), "causation_id": id, "priority": 10, "retries": 0,
        "max_retries": 5, "user_id": null, "session_id": session, "game_id": game, "seq": 5, "data": "DATA",
    });
    let body = message.to_string().replace("\"DATA\"", &data);
    let key = format!("websocket.session.{session}.ball_potted");
    let channel = raw(&one.amqp_url().expect("a broker")).await;
    let sent =
        channel.basic_publish(EVENTS.into(), key.into(), Default::default(), body.as_bytes(), Default::default());
    sent.await.expect("sent");

    assert_eq!(socket.next_of("event").await["event"]["event_id"], json!(id));
    evening.pot(&game, 1, "white").await;
    let found = verify(&one, &evening);
    assert!(found.0 == Some(0) && found.1.contains(&fingerprint(&evening).await), "{}", found.1);
}
