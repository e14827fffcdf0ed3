//! Server-Sent Events (contract, section 4): the state first, then every event with its id; a reader that comes back
//! misses nothing. What shares open is in `shares.rs`.

use futures_util::future::join_all;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, answer};
use crate::socket::mark_many;
use crate::test_app::{PATIENCE, Store, TestApp};

/// A board that reads a stream.
pub(crate) struct Board {
    response: Response,
    read: String,
}

/// One event of a stream.
pub(crate) struct Told {
    pub(crate) id: i64,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Board {
    pub(crate) async fn open(reader: &Player, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = reader.http.get(format!("{}{path}", reader.base));
        if let Some(token) = &reader.token {
            request = request.bearer_auth(token);
        }
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(content_type.starts_with("text/event-stream"), "{content_type}");
        Self { response, read: String::new() }
    }

    /// The next block of lines.
    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                return block;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("in time");
            let chunk = chunk.expect("a whole stream").expect("a stream that goes on");
            self.read.push_str(std::str::from_utf8(&chunk).expect("UTF-8, cut between characters at most"));
        }
    }

    pub(crate) async fn next(&mut self) -> Told {
        loop {
            let block = self.block().await;
            let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with(':')).collect();
            let [id, event, data] = lines[..] else {
                assert!(lines.is_empty(), "id, event and data: {block}");
                continue;
            };
            return Told {
                id: id.strip_prefix("id: ").unwrap().parse().unwrap(),
                event: event.strip_prefix("event: ").unwrap().to_owned(),
                data: serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap(),
            };
        }
    }

    /// The stream ends.
    pub(crate) async fn ends(mut self) {
        let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        tokio::time::timeout(PATIENCE, rest).await.expect("the stream ends");
    }
}

pub(crate) fn stream_of(evening: &Evening) -> String {
    format!("/api/v1/sessions/{}/stream", evening.session)
}

#[tokio::test]
async fn a_stream_tells_the_state_and_then_every_event() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let head = evening.state().await["seq"].as_i64().unwrap();
    let mut board = Board::open(&evening.players[1], &stream_of(&evening), None).await;
    let first = board.next().await;
    assert_eq!((first.id, first.event.as_str()), (head, "snapshot"));
    assert_eq!(first.data["id"], evening.session.as_str());
    assert_eq!(first.data["seq"], head);

    let game = evening.start_game().await;
    for color in ["pink", "white", "yellow"] {
        evening.pot(&game, 0, color).await;
    }
    evening.end(&game).await;
    for event in &evening.events().await[head as usize..] {
        let told = board.next().await;
        assert_eq!((&json!(told.id), &json!(told.event)), (&event["seq"], &event["type"]));
        assert_eq!(&told.data, event);
    }
}

#[tokio::test]
async fn a_reader_that_comes_back_hears_exactly_what_it_missed() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    for _ in 0..3 {
        evening.pot(&game, 0, "pink").await;
    }
    let log = evening.events().await;
    for last in [0, 2, log.len() - 1, log.len()] {
        let mut board = Board::open(&evening.players[0], &stream_of(&evening), Some(&last.to_string())).await;
        evening.pot(&game, 1, "white").await;
        for event in &evening.events().await[last..] {
            assert_eq!(&board.next().await.data, event, "after {last}");
        }
    }
    // An id that no event of ours has is no place to go on from.
    for unknown in ["1000000", "x", "-4"] {
        let mut board = Board::open(&evening.players[0], &stream_of(&evening), Some(unknown)).await;
        assert_eq!(board.next().await.event, "snapshot", "{unknown}");
    }
}

#[tokio::test]
async fn whoever_missed_more_than_a_thousand_events_hears_them_all() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let mut socket = evening.players[0].socket().await;
    mark_many(&evening, &mut socket, 1_100).await;
    let head = evening.state().await["seq"].as_i64().unwrap();
    let mut board = Board::open(&evening.players[1], &stream_of(&evening), Some("1")).await;
    for seq in 2..=head {
        let told = board.next().await;
        assert_eq!((told.id, &told.data["seq"]), (seq, &json!(seq)));
    }
    socket.command(&evening.session, evening.ball(0, "white")).await;
    assert_eq!(board.next().await.id, head + 1, "and then what happens");
}

#[tokio::test]
async fn a_stream_needs_a_valid_token_and_the_right_to_read() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let stranger = app.player("stranger").await;
    let path = stream_of(&evening);
    assert_eq!(app.anonymous().get(&path).await.0, StatusCode::UNAUTHORIZED);
    let access = evening.players[0].token.as_deref().unwrap();
    for query in ["share=ABCDEFGH23", "share=nothing", "token=of.an.earlier.version", &format!("share={access}")] {
        let (status, answer) = app.anonymous().get(&format!("{path}?{query}")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{query}: {answer}");
    }
    let (status, body) = stranger.get(&path).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("insufficient_permissions")));
    let share = format!("/api/v1/sessions/{}/share", evening.session);
    assert_eq!(stranger.post(&share, json!({})).await.0, StatusCode::FORBIDDEN);
    let nowhere = format!("/api/v1/sessions/{}/stream", uuid::Uuid::new_v4());
    assert_eq!(answer(stranger.request(Method::GET, &nowhere)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_may_read_no_more_or_the_server_stops() {
    let mut app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let path = format!("/api/v1/sessions/{}", evening.session);
    evening.players[0].patch(&path, json!({"is_private": false})).await;
    let stranger = app.player("stranger").await;
    let mut theirs = Board::open(&stranger, &stream_of(&evening), None).await;
    let mut ours = Board::open(&evening.players[1], &stream_of(&evening), None).await;
    assert_eq!((theirs.next().await.event.as_str(), ours.next().await.event.as_str()), ("snapshot", "snapshot"));
    evening.players[0].patch(&path, json!({"is_private": true})).await;
    theirs.ends().await;
    assert_eq!(ours.next().await.event, "session.settings_changed");
    let stopped = tokio::spawn(ours.ends());
    assert_eq!(app.terminate().await.0, Some(0));
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_catches_up_ends_with_its_login_and_its_seat() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris", "clara"], kolkhoz()).await;
    evening.start_game().await;
    let mut socket = evening.players[0].socket().await;
    mark_many(&evening, &mut socket, 2_500).await;
    let head = evening.state().await["seq"].as_i64().unwrap();
    // So many that most have to wait for their turn. All at once: who comes when the first have used up what one user may
    // be answered is refused.
    let path = stream_of(&evening);
    let streams_of = |player| join_all((0..8).map(|_| Board::open(player, &path, Some("1"))));
    let boards = join_all(evening.players[1..].iter().map(streams_of)).await;
    let removed = evening.creator().delete(&evening.path(&format!("/participants/{}", evening.participants[1]))).await;
    assert!(removed.0.is_success(), "{}", removed.1);
    let left =
        evening.players[2].post("/api/v1/auth/logout", json!({"refresh_token": evening.players[2].refresh})).await;
    assert!(left.0.is_success(), "{}", left.1);
    for of_player in boards {
        let mut last_ids = Vec::new();
        for mut board in of_player {
            let rest = async {
                while let Ok(Some(chunk)) = board.response.chunk().await {
                    board.read.push_str(&String::from_utf8_lossy(&chunk))
                }
            };
            tokio::time::timeout(PATIENCE, rest).await.expect("the stream ends");
            let mut ids = board.read.lines().filter_map(|line| line.strip_prefix("id: ")?.parse::<i64>().ok());
            last_ids.push(ids.next_back().unwrap_or(1));
        }
        assert!(last_ids.iter().filter(|last| **last < head).count() >= 4, "{last_ids:?} of {head}");
    }
}
