//! Many at once: the last place, the same key, the same end are taken once, on both databases.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, refused};
use crate::table::kolkhoz_with;
use crate::test_app::{Store, TestApp};

const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

#[actix_web::test]
async fn the_last_seat_is_taken_once() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna"], kolkhoz_with(json!({"max_players": 3}))).await;
        let players = join_all((0..8).map(|_| app.player("player"))).await;
        let body = json!({"code": evening.code});
        let answers = join_all(players.iter().map(|it| it.post("/api/v1/sessions/join", body.clone()))).await;
        let joined = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        let full = answers.iter().filter(|(_, answer)| answer["code"] == "session_full").count();
        assert_eq!((joined, full), (2, 6), "{store:?} {answers:?}");
    }
}

#[actix_web::test]
async fn the_same_key_at_the_same_time_is_one_command() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let key = Uuid::new_v4();
        let path = format!("/api/v1/games/{game}/events");
        let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
        let answers = join_all((0..8).map(|_| evening.creator().post_with_key(&path, key, pot.clone()))).await;
        for answer in &answers {
            assert_eq!((answer.0, &answer.1), (StatusCode::CREATED, &answers[0].1), "{store:?}");
        }
        assert_eq!(evening.state().await["seq"], 4);

        // For anything else the key is used, however many ask at once.
        let body = json!({"name": "Saturday", "rules": kolkhoz()});
        let open = |key| evening.creator().post_with_key("/api/v1/sessions", key, body.clone());
        for answer in join_all((0..8).map(|_| open(key))).await {
            refused((answer.0, answer.1), "idempotency_key_reused");
        }
        let key = Uuid::new_v4();
        let opened = join_all((0..8).map(|_| open(key))).await;
        for answer in &opened {
            assert_eq!((answer.0, &answer.1["id"]), (StatusCode::CREATED, &opened[0].1["id"]), "{store:?} {answer:?}");
        }
        assert_eq!(items(&evening.creator().read("/api/v1/sessions").await).len(), 2);
        let boris = &evening.players[1];
        let other = boris.post_with_key("/api/v1/sessions", key, body).await;
        assert_eq!(other.0, StatusCode::CREATED, "{other:?}");
        assert_ne!(other.1["id"], opened[0].1["id"], "another user's key is another key");
        assert_eq!(items(&boris.read("/api/v1/sessions").await).len(), 2);
    }
}

#[actix_web::test]
async fn a_game_ends_once_and_marks_of_many_hands_are_all_counted() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
        let game = evening.start_game().await;
        let path = format!("/api/v1/games/{game}/events");
        let marks = (0..30).map(|number| {
            let pot = json!({"type": "pot_ball", "participant_id": evening.participants[number % 3], "color": "white"});
            evening.players[(number + 1) % 3].done(&path, pot)
        });
        let mut seqs: Vec<_> = join_all(marks).await.iter().map(|event| event["seq"].as_i64()).collect();
        seqs.sort();
        assert_eq!(seqs, (5..35).map(Some).collect::<Vec<_>>(), "{store:?}");
        let end = format!("/api/v1/games/{game}/end");
        let ends = join_all(evening.players.iter().map(|player| player.post(&end, json!({})))).await;
        assert_eq!(ends.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1, "{store:?} {ends:?}");
        assert_eq!(ends.iter().filter(|(_, answer)| answer["code"] == "game_not_active").count(), 2);
        assert_eq!(evening.outcome(&game).await, (vec![10; 3], vec![0; 3]));
    }
}

#[actix_web::test]
async fn a_mark_is_voided_once() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let pot = evening.pot(&game, 0, "pink").await;
        let path = format!("/api/v1/games/{game}/events/{}", pot["seq"]);
        let voids = join_all((0..6).map(|_| evening.creator().delete(&path))).await;
        assert_eq!(voids.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1, "{store:?} {voids:?}");
        assert_eq!(voids.iter().filter(|(_, it)| it["code"] == "event_not_voidable").count(), 5);
        assert_eq!(items(&evening.creator().read(&evening.path("/events?after_seq=4")).await).len(), 1);
    }
}
