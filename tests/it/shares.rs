//! Shares (contract, sections 2.3 and 4): what a code opens, and how that ends.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused};
use crate::player::Player;
use crate::sse::{Board, stream_of};
use crate::test_app::{Store, TestApp, text};

async fn share(evening: &Evening, player: usize) -> Value {
    evening.players[player].done(&evening.path("/share"), json!({})).await
}

fn shared(evening: &Evening, share: &Value) -> String {
    format!("{}?share={}", stream_of(evening), text(&share["code"]))
}

#[tokio::test]
async fn a_share_reads_its_session_and_nothing_else() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let other = Evening::open(&app, &["clara", "dima"], kolkhoz()).await;
    let anyone = app.anonymous();
    let made = share(&evening, 1).await;
    let code = text(&made["code"]);
    assert!(code.len() == 10 && code.bytes().all(|it| b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(&it)), "{code}");
    assert_eq!(made["url"], format!("{}/board/{code}", app.base));
    let game = evening.start_game().await;
    evening.pot(&game, 1, "pink").await;
    evening.end(&game).await;

    let mut board = Board::open(&anyone, &shared(&evening, &made), None).await;
    let snapshot = board.next().await;
    assert_eq!((snapshot.event.as_str(), &snapshot.data["id"]), ("snapshot", &json!(evening.session)));
    assert_eq!((&snapshot.data["code"], &snapshot.data["last_game"]["id"]), (&Value::Null, &json!(game)));
    assert_eq!(snapshot.data["currency"], "RUB");
    let balance = evening.balance().await;
    assert_eq!(snapshot.data["settlement"], balance["settlement"]);
    assert_eq!(evening.nets(&snapshot.data["totals"]), evening.nets(&balance["participants"]));
    let mut again = Board::open(&anyone, &shared(&evening, &made), Some("0")).await;
    let first = again.next().await;
    assert_eq!(first.event, "session.created");
    assert!(!first.data.to_string().contains(&evening.code));
    evening.start_game().await;
    assert_eq!(board.next().await.event, "game.started");

    let opened = anyone.read(&format!("/api/v1/shares/{}", code.to_lowercase())).await;
    assert_eq!((&opened["session_id"], &opened["kind"]), (&json!(evening.session), &json!("board")));
    refused(anyone.get(&shared(&other, &made)).await, "insufficient_permissions");
    let thief = Player { token: Some(code.clone()), ..anyone.clone() };
    for path in [evening.path(""), evening.path("/events"), format!("/api/v1/games/{game}"), stream_of(&evening)] {
        assert_eq!(thief.get(&path).await.0, StatusCode::UNAUTHORIZED, "{path} as a bearer");
        assert_eq!(anyone.get(&format!("{path}?token={code}")).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(crate::socket::refused(thief.connect(&[]).await), 401);
}

#[tokio::test]
async fn shares_are_listed_and_taken_back_by_their_maker_and_the_creator() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "10000"]).await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    let (anna, boris, vera) = (evening.creator(), &evening.players[1], &evening.players[2]);
    let key = Uuid::new_v4();
    let body = json!({"kind": "overlay", "name": "Camera"});
    let first = answered(boris.post_with_key(&evening.path("/share"), key, body.clone()).await, 200);
    assert_eq!(answered(boris.post_with_key(&evening.path("/share"), key, body).await, 200), first);
    refused(boris.post_with_key(&evening.path("/share"), key, json!({})).await, "idempotency_key_reused");
    let second = share(&evening, 1).await;
    let listed = vera.read(&evening.path("/shares")).await;
    assert_eq!(items(&listed), &vec![second.clone(), first.clone()], "newest first");
    let page = vera.read(&evening.path("/shares?limit=1")).await;
    assert!(items(&page) == &vec![second.clone()] && page["next_cursor"].is_string(), "{page}");

    let path = |share: &Value| evening.path(&format!("/shares/{}", text(&share["id"])));
    refused(vera.delete(&path(&first)).await, "insufficient_permissions");
    refused(anna.delete(&evening.path(&format!("/shares/{}", Uuid::now_v7()))).await, "not_found");
    for (by, share) in [(boris, &first), (anna, &second)] {
        let mut board = Board::open(&app.anonymous(), &shared(&evening, share), None).await;
        assert_eq!(board.next().await.event, "snapshot");
        answered(by.delete(&path(share)).await, 204);
        board.ends().await;
        refused(app.anonymous().get(&shared(&evening, share)).await, "token_expired");
        refused(app.anonymous().get(&format!("/api/v1/shares/{}", text(&share["code"]))).await, "token_expired");
        answered(by.delete(&path(share)).await, 204);
    }
    assert_eq!(items(&anna.read(&evening.path("/shares")).await), &Vec::<Value>::new());
    for _ in 0..32 {
        share(&evening, 0).await;
    }
    refused(anna.post(&evening.path("/share"), json!({})).await, "validation_failed");
}

#[tokio::test]
async fn what_a_removed_player_shared_ends_and_stays_ended() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (evening.creator(), &evening.players[1]);
    let (his, hers) = (share(&evening, 1).await, share(&evening, 0).await);
    let mut board = Board::open(&app.anonymous(), &shared(&evening, &his), None).await;
    let mut other = Board::open(&app.anonymous(), &shared(&evening, &hers), None).await;
    assert_eq!((board.next().await.event.as_str(), other.next().await.event.as_str()), ("snapshot", "snapshot"));
    answered(anna.delete(&evening.path(&format!("/participants/{}", evening.participants[1]))).await, 204);
    assert_eq!(other.next().await.event, "session.player_removed");
    board.ends().await;
    refused(app.anonymous().get(&shared(&evening, &his)).await, "token_expired");
    answered(anna.post(&evening.path("/participants"), json!({"user_id": boris.id})).await, 201);
    boris.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
    refused(app.anonymous().get(&shared(&evening, &his)).await, "token_expired");
    assert_eq!(items(&anna.read(&evening.path("/shares")).await), &vec![hers]);
    let mut new = Board::open(&app.anonymous(), &shared(&evening, &share(&evening, 1).await), None).await;
    assert_eq!(new.next().await.event, "snapshot");
}

#[tokio::test]
async fn codes_can_not_be_guessed_for_long() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let made = share(&evening, 0).await;
    let anyone = app.anonymous();
    // What is right is not counted.
    for _ in 0..40 {
        anyone.read(&format!("/api/v1/shares/{}", text(&made["code"]))).await;
    }
    let mut wrong = 0;
    let limited = loop {
        let (status, answer) = anyone.get("/api/v1/shares/ABCDEFGH23").await;
        match status {
            StatusCode::UNAUTHORIZED => wrong += 1,
            _ => break (status, answer),
        }
        assert!(wrong < 100, "there is an end to it");
    };
    refused(limited, "rate_limited");
    assert!((30..40).contains(&wrong), "{wrong}");
}

#[tokio::test]
async fn a_share_ends_on_every_node() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let other = app.another_node().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (deleted, removed) = (share(&evening, 0).await, share(&evening, 1).await);
    let mut boards = Vec::new();
    for share in [&deleted, &removed] {
        let mut board = Board::open(&other.anonymous(), &shared(&evening, share), None).await;
        assert_eq!(board.next().await.event, "snapshot");
        boards.push(board);
    }
    let [first, second] = <[Board; 2]>::try_from(boards).ok().expect("two");
    answered(evening.creator().delete(&evening.path(&format!("/shares/{}", text(&deleted["id"])))).await, 204);
    first.ends().await;
    answered(evening.creator().delete(&evening.path(&format!("/participants/{}", evening.participants[1]))).await, 204);
    second.ends().await;
}
