//! TVs that wait for an evening: a phone sends it there by the code that the TV shows.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, is_id, is_time, refused, wrong_field};
use crate::player::Player;
use crate::social::STORES;
use crate::sse::{Board, stream_of};
use crate::test_app::{TestApp, text};

const DISPLAY: &str = "id code url share_code join_code expires_at";

async fn opened(tv: &Player) -> Value {
    answered(tv.post("/api/v1/displays", json!({})).await, 201)
}

async fn send(by: &Player, evening: &Evening, code: &str) -> (StatusCode, Value) {
    by.post(&evening.path("/displays"), json!({"code": code, "join_code": evening.code})).await
}

#[actix_web::test]
async fn a_tv_shows_the_evening_that_a_phone_sends_it_until_the_share_ends() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let (tv, anna, stranger) = (app.anonymous(), evening.creator(), app.player("stranger").await);
        let display = opened(&tv).await;
        has_only_fields(&display, DISPLAY);
        is_id(&display["id"]);
        is_time(&display["expires_at"]);
        let code = text(&display["code"]);
        assert!(code.len() == 6 && code.bytes().all(|it| b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(&it)), "{code}");
        assert_eq!(display["url"], format!("{}/tv/{code}", app.base));
        let path = format!("/api/v1/displays/{}", text(&display["id"]));
        assert_eq!(tv.read(&path).await, display, "nothing was sent yet");

        refused(send(&stranger, &evening, &code).await, "insufficient_permissions");
        refused(send(anna, &evening, "ZZZZZZ").await, "not_found");
        let secret = json!({"code": code, "join_code": "<script>"});
        wrong_field(anna.post(&evening.path("/displays"), secret).await, "join_code");
        let (typed, key) = (format!("{} {}", &code[..3], &code[3..]).to_lowercase(), Uuid::new_v4());
        let body = json!({"code": typed, "join_code": evening.code});
        let share = answered(anna.post_with_key(&evening.path("/displays"), key, body.clone()).await, 200);
        assert_eq!(answered(anna.post_with_key(&evening.path("/displays"), key, body).await, 200), share, "sent again");
        refused(send(&evening.players[1], &evening, &code).await, "not_found");
        let listed = anna.read(&evening.path("/shares")).await;
        assert_eq!(listed["items"], json!([share]), "what was sent too late is not left behind");

        let shown = tv.read(&path).await;
        assert_eq!((&shown["share_code"], &shown["join_code"]), (&share["code"], &json!(evening.code)));
        let stream = format!("{}?share={}", stream_of(&evening), text(&shown["share_code"]));
        assert_eq!(Board::open(&tv, &stream, None).await.next().await.event, "snapshot");
        let deleted = anna.delete(&evening.path(&format!("/shares/{}", text(&share["id"])))).await;
        assert_eq!(deleted.0, StatusCode::NO_CONTENT);
        refused(tv.get(&format!("/api/v1/shares/{}", text(&share["code"]))).await, "token_expired");
    }
}

#[actix_web::test]
async fn of_two_phones_at_once_one_sends_to_a_tv() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evenings = [
            Evening::open(&app, &["anna", "boris"], kolkhoz()).await,
            Evening::open(&app, &["vera", "gleb"], kolkhoz()).await,
        ];
        let display = opened(&app.anonymous()).await;
        let code = text(&display["code"]);
        let sent = join_all(evenings.iter().map(|evening| send(evening.creator(), evening, &code))).await;
        let taken: Vec<usize> = (0..2).filter(|at| sent[*at].0 == StatusCode::OK).collect();
        assert_eq!(taken.len(), 1, "{sent:?}");
        let shown = app.anonymous().read(&format!("/api/v1/displays/{}", text(&display["id"]))).await;
        assert_eq!(shown["share_code"], sent[taken[0]].1["code"]);
        let other = &evenings[1 - taken[0]];
        assert_eq!(other.creator().read(&other.path("/shares")).await["items"], json!([]));
    }
}

#[actix_web::test]
async fn displays_are_opened_and_codes_are_tried_so_often() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    for _ in 0..20 {
        refused(send(evening.creator(), &evening, "ABCDEF").await, "not_found");
    }
    let display = opened(&app.anonymous()).await;
    refused(send(evening.creator(), &evening, &text(&display["code"])).await, "rate_limited");
    answered(send(&evening.players[1], &evening, &text(&display["code"])).await, 200);
    for _ in 1..30 {
        opened(&app.anonymous()).await;
    }
    refused(app.anonymous().post("/api/v1/displays", json!({})).await, "rate_limited");
}
