//! How many friends, requests and blocks there may be.

use serde_json::json;
use uuid::Uuid;

use crate::expect::{answered, refused, wrong_field};
use crate::friends::{REQUESTS, STORES, players};
use crate::test_app::{Store, TestApp, text};

/// An id as a literal of that database.
fn literal(store: Store, id: &str) -> String {
    match store {
        Store::Sqlite => format!("X'{}'", id.replace('-', "")),
        _ => format!("'{id}'"),
    }
}

#[actix_web::test]
async fn all_of_it_is_bounded() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let [annas, boriss] = [&anna, &boris].map(|player| literal(store, &player.id));
        // People who are not there are as good as others.
        let people = |count: u32| (0..count).map(|_| literal(store, &Uuid::new_v4().to_string())).collect::<Vec<_>>();
        let insert = async |table: &str, rows: Vec<String>| {
            app.execute(&format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await;
        };
        let request = |from: &str, to: &str| format!("({}, {from}, {to}, 0)", people(1)[0]);
        insert("friend_request", people(99).iter().map(|other| request(&annas, other)).collect()).await;
        answered(anna.asks(&vera).await, 201);
        let refusal = anna.asks(&boris).await;
        assert!(text(&refusal.1["detail"]).contains("100 requests"), "{refusal:?}");
        wrong_field(refusal, "user_id");
        app.execute("DELETE FROM friend_request").await;

        insert("friend_request", people(1_000).iter().map(|other| request(other, &boriss)).collect()).await;
        refused(anna.asks(&boris).await, "rate_limited");
        app.execute("DELETE FROM friend_request").await;

        let lowest = literal(store, &Uuid::nil().to_string());
        let friends = people(1_000).into_iter().map(|it| format!("({boriss}, {it}, {it}, {lowest}, 0)")).collect();
        insert("friendship", friends).await;
        let asked = answered(anna.asks(&boris).await, 201);
        wrong_field(boris.answers(&asked, "accept").await, "user_id");
        wrong_field(boris.asks(&anna).await, "user_id");
        let other = answered(boris.asks(&vera).await, 201);
        let refusal = vera.answers(&other, "accept").await;
        assert!(text(&refusal.1["detail"]).contains("this user has 1000 friends"), "{refusal:?}");
        wrong_field(refusal, "user_id");
        assert_eq!(anna.requests("out").await.len(), 1, "it waits still");

        insert("user_block", people(1_000).into_iter().map(|it| format!("({annas}, {it}, 0)")).collect()).await;
        wrong_field(anna.blocks(&boris).await, "user_id");
    }
}

#[actix_web::test]
async fn nobody_is_asked_again_and_again_without_end() {
    let app = TestApp::start().await;
    let [anna, boris] = players(&app, ["anna", "boris"]).await;
    for _ in 0..100 {
        let asked = answered(anna.asks(&boris).await, 201);
        answered(anna.delete(&format!("{REQUESTS}/{}", text(&asked["id"]))).await, 204);
        refused(anna.post(REQUESTS, json!({"user_id": Uuid::now_v7()})).await, "not_found");
    }
    refused(anna.asks(&boris).await, "rate_limited");
    answered(boris.asks(&anna).await, 201);
}
