//! What operators see: each message of a request with its cause, and dead letters, which are sent again or discarded.

use reqwest::{Method, StatusCode};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, answer};
use crate::social::{STORES, items, with_admin};
use crate::test_app::{Store, text, until};

#[tokio::test]
async fn the_audit_has_each_message_of_a_request_with_its_cause() {
    for store in STORES {
        search_the_audit(store).await;
    }
}

async fn search_the_audit(store: Store) {
    let (app, admin) = with_admin(store).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    let request = Uuid::new_v4();
    let ending = anna.request(Method::POST, &format!("/api/v1/games/{game}/end"));
    let (status, _) = answer(ending.header("x-request-id", request.to_string()).json(&json!({}))).await;
    assert_eq!(status, StatusCode::OK);

    let (status, refused) = anna.get("/api/v1/admin/audit").await;
    assert_eq!((status, text(&refused["code"])), (StatusCode::FORBIDDEN, "insufficient_permissions".to_owned()));

    // The end, what it means for two players (results, check, notification), and three achievements.
    let path = format!("/api/v1/admin/audit?correlation_id={request}");
    let chain = until("the chain", async || {
        let found = admin.read(&path).await;
        (items(&found).len() == 10).then(|| items(&found).clone())
    })
    .await;
    let types = |kind: &str| chain.iter().filter(|entry| entry["event_type"] == kind).count();
    for (kind, count) in [
        ("game.ended", 1),
        ("stats.game_completed", 2),
        ("stats.achievement_check", 2),
        ("notifications.game_completed", 2),
        ("notifications.achievement_unlocked", 3),
    ] {
        assert_eq!(types(kind), count, "{kind}: {chain:?}");
    }
    let ids: Vec<&Value> = chain.iter().map(|entry| &entry["event_id"]).collect();
    for entry in &chain {
        assert_eq!(entry["correlation_id"], request.to_string());
        let is_first = entry["event_type"] == "game.ended";
        assert!(is_first || ids.contains(&&entry["causation_id"]), "{entry} has no cause in {ids:?}");
    }

    assert_eq!(paged(&admin, &path, 3).await, chain);
    for of in ["correlation_id", "session_id", "user_id"] {
        let id = match of {
            "correlation_id" => request.to_string(),
            "session_id" => evening.session.clone(),
            _ => evening.players[1].id.clone(),
        };
        let path = format!("/api/v1/admin/audit?{of}={id}");
        let mut oldest = paged(&admin, &path, 200).await;
        oldest.reverse();
        for limit in [1, 4, 200] {
            assert_eq!(paged(&admin, &format!("{path}&order=newest"), limit).await, oldest, "{of} by {limit}");
        }
    }

    let of_session = admin.read(&format!("/api/v1/admin/audit?session_id={}&limit=200", evening.session)).await;
    let events = items(&of_session).iter().filter(|entry| text(&entry["event_type"]).starts_with("game."));
    assert_eq!(events.count(), 3, "started, potted, ended: {of_session}");
    let of_boris = admin.read(&format!("/api/v1/admin/audit?user_id={}&limit=200", evening.players[1].id)).await;
    let kinds: Vec<String> = items(&of_boris).iter().map(|entry| text(&entry["event_type"])).collect();
    for kind in ["session.player_joined", "stats.game_completed", "notifications.achievement_unlocked"] {
        assert!(kinds.iter().any(|there| there == kind), "{kind} in {kinds:?}");
    }
    assert!(!kinds.iter().any(|kind| kind == "game.started"), "that was Anna: {kinds:?}");
}

/// All that is found, read by so many at once.
async fn paged(admin: &Player, path: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.read(&format!("{path}&limit={limit}&cursor={cursor}")).await;
        assert!(items(&page).len() <= limit);
        found.extend(items(&page).clone());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

#[tokio::test]
async fn dead_letters_are_shown_sent_again_and_discarded() {
    let (app, admin) = with_admin(Store::Sqlite).await;
    let nobody = app.player("anna").await;
    for (method, path) in [
        (Method::GET, "/api/v1/admin/dead-letters".to_owned()),
        (Method::POST, format!("/api/v1/admin/dead-letters/{}/replay", Uuid::new_v4())),
        (Method::DELETE, format!("/api/v1/admin/dead-letters/{}", Uuid::new_v4())),
        (Method::GET, "/api/v1/admin/queues".to_owned()),
    ] {
        assert_eq!(nobody.call(method.clone(), &path, None).await.0, StatusCode::FORBIDDEN);
        if path.contains("letters/") {
            assert_eq!(admin.call(method, &path, None).await.0, StatusCode::NOT_FOUND);
        }
    }
    // A message to nobody can never be applied.
    let id = Uuid::new_v4();
    let envelope = json!({
        "event_id": id, "event_type": "notifications.message", "timestamp": "2026-01-31T18:04:05.123Z",
        "source_service": "tests", "correlation_id": id, "causation_id": null, "priority": 5, "retries": 0,
        "max_retries": 5, "user_id": null, "session_id": null, "game_id": null, "seq": null, "data": {},
    });
    let url = format!("sqlite://{}", app.dir.join("artel.db").display());
    let database = sea_orm::Database::connect(url).await.expect("the file");
    let insert = format!(
        "INSERT INTO outbox (routing_key, envelope, claimed_until_ms, created_at_ms) \
         VALUES ('notifications.message', '{envelope}', 0, 0)"
    );
    database.execute_unprepared(&insert).await.expect("a row");

    let listed = async || -> Option<Value> {
        let listed = admin.read("/api/v1/admin/dead-letters").await;
        items(&listed).first().cloned()
    };
    let letter = until("the dead letter", &listed).await;
    assert_eq!((&letter["message_id"], &letter["queue"]), (&json!(id), &json!("notifications.service.queue")));
    assert!(text(&letter["reason"]).contains("user_id"), "{letter}");
    assert_eq!(letter["envelope"], envelope);
    let path = format!("/api/v1/admin/dead-letters/{}", text(&letter["id"]));
    assert_eq!(admin.read(&path).await, letter);

    assert_eq!(admin.done(&format!("{path}/replay"), json!({})).await["message_id"], json!(id));
    let again = until("it failed again", async || listed().await.filter(|there| there["id"] != letter["id"])).await;
    assert_eq!(admin.delete(&format!("/api/v1/admin/dead-letters/{}", text(&again["id"]))).await.0, 204);
    assert!(listed().await.is_none());

    let queues = admin.read("/api/v1/admin/queues").await;
    let names =
        ["stats.service.queue", "notifications.service.queue", "audit.log.queue", "compensation.queue", "websocket."];
    for name in names {
        let queue = items(&queues).iter().find(|queue| text(&queue["name"]).starts_with(name));
        let queue = queue.unwrap_or_else(|| panic!("{name} in {queues}"));
        assert_eq!((&queue["messages"], &queue["consumers"]), (&json!(0), &json!(1)), "{queue}");
    }
}
