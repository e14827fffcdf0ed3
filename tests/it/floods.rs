//! One user who does as much as he can, and what others notice of it: nothing is refused them and the server stays small.
//! With `ARTEL_TEST_HARD=1`, at full counts, their p99 is at most twice the quiet one, too; of a few balls beside other
//! tests it says only that they go on.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use futures_util::stream::{self, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::heavy::{is_hardly_noticed, memory_peak_kb, scaled};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text, until};

const MEMORY_MAX_KB: u64 = 300 * 1_024;
/// Calls of a flood at the same time.
const AT_ONCE: usize = 16;

/// The limits that a server has for everybody.
const DEFAULTS: [&str; 8] = [
    "--commands-per-second",
    "20",
    "--sessions-per-hour",
    "30",
    "--invitations-per-hour",
    "60",
    "--joins-per-minute",
    "30",
];

/// The p99 of one ball after another, at a pace that the limits allow.
async fn p99_of_a_game(evening: &Evening, balls: usize) -> Duration {
    let mut socket = evening.creator().socket().await;
    let mut pace = tokio::time::interval(Duration::from_millis(60));
    let mut times = Vec::with_capacity(balls);
    for _ in 0..balls {
        pace.tick().await;
        let started = Instant::now();
        let answer = socket.command(&evening.session, evening.ball(0, "white")).await;
        times.push(started.elapsed());
        assert_eq!(answer["type"], "ack", "{answer}");
    }
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Plays a game quietly, then once more beside a flood; answers how the calls of the flood ended.
async fn beside<F: Future<Output = Vec<StatusCode>>>(app: &TestApp, evening: &Evening, flood: F) -> Vec<StatusCode> {
    let balls = scaled(300, 60);
    let quiet = p99_of_a_game(evening, balls).await;
    let (statuses, flooded) = futures_util::future::join(flood, p99_of_a_game(evening, balls)).await;
    assert!(is_hardly_noticed(quiet, flooded), "p99 {flooded:?}, quiet {quiet:?}");
    let memory = memory_peak_kb(app);
    assert!(memory < MEMORY_MAX_KB, "{memory} kB");
    let server_errors = statuses.iter().filter(|status| status.is_server_error()).count();
    assert_eq!(server_errors, 0, "a flood is refused, not an error of ours");
    statuses
}

fn count(statuses: &[StatusCode], wanted: StatusCode) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

/// The same call many times, with what changes from one to the next.
async fn many(
    player: &Player,
    calls: usize,
    call: impl Fn(usize) -> (Method, String, Option<serde_json::Value>),
) -> Vec<StatusCode> {
    stream::iter(0..calls)
        .map(|n| {
            let (method, path, body) = call(n);
            async move { player.call(method, &path, body).await.0 }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn a_server() -> (TestApp, Evening, Player) {
    let app = TestApp::start_with(Store::chosen(), &DEFAULTS).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let flooder = app.player("mallory").await;
    (app, evening, flooder)
}

#[tokio::test]
async fn a_flood_of_sessions_opens_thirty() {
    let (app, evening, mallory) = a_server().await;
    let opening = |n: usize| {
        (Method::POST, "/api/v1/sessions".to_owned(), Some(json!({"name": format!("{n}"), "rules": kolkhoz()})))
    };
    let statuses = beside(&app, &evening, many(&mallory, scaled(50_000, 1_500), opening)).await;
    assert_eq!(count(&statuses, StatusCode::CREATED), 30);
    assert_eq!(mallory.read("/api/v1/sessions?limit=200").await["items"].as_array().map(Vec::len), Some(30));
}

#[tokio::test]
async fn a_flood_of_templates_guesses_and_invitations_is_refused() {
    let (app, evening, mallory) = a_server().await;
    let calls = scaled(10_000, 600);
    let template = |n: usize| {
        let body = json!({"name": format!("template {n}"), "rules": kolkhoz(), "is_public": true});
        (Method::POST, "/api/v1/templates".to_owned(), Some(body))
    };
    let statuses = beside(&app, &evening, many(&mallory, calls, template)).await;
    assert!(count(&statuses, StatusCode::TOO_MANY_REQUESTS) > calls / 3, "templates");

    let guess = |n: usize| {
        let letter = |place: u32| char::from(b"ABCDEFGHJKLMNPQRSTUVWXYZ"[n / 24_usize.pow(place) % 24]);
        let code: String = (0..6).map(letter).collect();
        (Method::GET, format!("/api/v1/sessions/by-code/{code}"), None)
    };
    let statuses = beside(&app, &evening, many(&mallory, calls, guess)).await;
    assert!(count(&statuses, StatusCode::NOT_FOUND) <= 60, "two windows at most");

    // Ten sessions, in each of which one stranger after the other is invited, among them Boris.
    let victim = &evening.players[1].id;
    let mut sessions = Vec::new();
    for n in 0..10 {
        let body = json!({"name": format!("{n}"), "rules": kolkhoz()});
        let opened = until("a session is opened again", async || {
            let (status, session) = mallory.post("/api/v1/sessions", body.clone()).await;
            (status == StatusCode::CREATED).then(|| text(&session["id"]))
        });
        sessions.push(opened.await);
    }
    let invite = |n: usize| {
        let path = format!("/api/v1/sessions/{}/participants", sessions[n % sessions.len()]);
        (Method::POST, path, Some(json!({"user_id": victim})))
    };
    beside(&app, &evening, many(&mallory, calls, invite)).await;
    let told = evening.players[1].read("/api/v1/notifications?limit=200").await;
    let told = told["items"].as_array().expect("a list").len();
    assert!(told <= sessions.len(), "{told} notifications of {} sessions", sessions.len());
}

#[tokio::test]
async fn a_flood_of_commands_over_sockets_and_rest_is_one_user_s_share() {
    let (app, evening, mallory) = a_server().await;
    let of_mallory = mallory.done("/api/v1/sessions", json!({"name": "flood", "rules": kolkhoz()})).await;
    let (session, participant) = (text(&of_mallory["id"]), text(&of_mallory["participants"][0]["id"]));
    let guest =
        mallory.done(&format!("/api/v1/sessions/{session}/participants"), json!({"display_name": "guest"})).await;
    let order = json!({"order": [participant, guest["id"]]});
    let game = text(&mallory.done(&format!("/api/v1/sessions/{session}/games"), order).await["id"]);
    let ball = json!({"type": "pot_ball", "participant_id": participant, "color": "white"});
    let path = format!("/api/v1/games/{game}/events");
    let started = Instant::now();
    let over_sockets = async {
        let mut acks = 0;
        // As long as the game beside it is played; a socket that is closed for flooding is opened again.
        for _ in 0..scaled(60, 12) {
            let mut socket = mallory.socket().await;
            for _ in 0..120 {
                let frame = json!({"type": "command", "id": Uuid::new_v4(), "session_id": session, "command": ball});
                // It may be closed for flooding meanwhile.
                let _ = socket.stream.send(Message::Text(frame.to_string().into())).await;
            }
            for _ in 0..120 {
                match socket.next_or_close().await {
                    Ok(answer) => acks += usize::from(answer["type"] == "ack"),
                    Err(_) => break,
                }
            }
        }
        acks
    };
    let marking = |_: usize| (Method::POST, path.clone(), Some(ball.clone()));
    let flood = async {
        let (acks, mut statuses) =
            futures_util::future::join(over_sockets, many(&mallory, scaled(20_000, 1_200), marking)).await;
        let taken = acks + count(&statuses, StatusCode::CREATED);
        let allowed = 40.0 + 20.0 * started.elapsed().as_secs_f64();
        assert!((taken as f64) <= allowed, "{taken} commands, {allowed} allowed");
        assert!(count(&statuses, StatusCode::TOO_MANY_REQUESTS) > 0);
        statuses.retain(|status| *status != StatusCode::TOO_MANY_REQUESTS);
        statuses
    };
    beside(&app, &evening, flood).await;
}

#[tokio::test]
async fn more_sessions_than_may_live_lose_nothing_and_stay_small() {
    let (most, live) = (scaled(20_000, 400), scaled(1_000, 50));
    let live_max = live.to_string();
    let app = TestApp::start_with(
        Store::chosen(),
        &["--max-live-sessions", &live_max, "--sessions-per-hour", "1000000", "--commands-per-second", "100000"],
    )
    .await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let crowd = app.player("crowd").await;
    let opening = |n: usize| {
        (Method::POST, "/api/v1/sessions".to_owned(), Some(json!({"name": format!("{n}"), "rules": kolkhoz()})))
    };
    let statuses = beside(&app, &evening, many(&crowd, most, opening)).await;
    assert_eq!(count(&statuses, StatusCode::CREATED), most, "each makes room for the next");
    let metrics = app.anonymous().http.get(format!("{}/metrics", app.base)).send().await.unwrap().text().await.unwrap();
    let living = metrics.lines().find_map(|line| line.strip_prefix("artel_live_sessions ")).expect("the metric");
    assert!(living.parse::<f64>().unwrap() <= live as f64, "{living} live");
    let listed = crowd.read("/api/v1/sessions?limit=200").await;
    for session in listed["items"].as_array().unwrap().iter().step_by(10) {
        let path = format!("/api/v1/sessions/{}/participants", text(&session["id"]));
        crowd.done(&path, json!({"display_name": "guest"})).await;
    }
}
