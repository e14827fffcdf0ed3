//! What could not be sent outside: kept for the operator within bounds, asked for again at once, and gone with its account.

use std::time::Duration;

use entity::dead_letter::{self, Column};
use entity::delivery;
use reqwest::Method;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};
use serde_json::json;
use uuid::Uuid;

use crate::expect::answered;
use crate::mail::{database_of, hurry};
use crate::player::Player;
use crate::receiver::Receiver;
use crate::test_app::{Store, TestApp, until};
use crate::webhooks::{hook, tell};

const ARGUMENTS: [&str; 1] = ["--allow-private-targets"];
/// Of one user.
const MOST: u64 = 100;

fn id_of(player: &Player) -> Uuid {
    player.id.parse().expect("an id")
}

/// A dead letter as if it had been kept so many days ago.
fn letter(number: u128, queue: &str, days: i64, user: Option<Uuid>) -> dead_letter::ActiveModel {
    let ago = Duration::from_secs(24 * 3_600).as_millis() as i64 * days;
    dead_letter::ActiveModel {
        id: Set(Uuid::from_u128(number)),
        queue: Set(queue.to_owned()),
        message_id: Set(Uuid::new_v4()),
        routing_key: Set("notifications.push_required".to_owned()),
        envelope: Set("{}".to_owned()),
        reason: Set("it answered 503".to_owned()),
        attempts: Set(8),
        failed_at_ms: Set(chrono::Utc::now().timestamp_millis() - ago),
        user_id: Set(user),
    }
}

async fn letters_of(database: &DatabaseConnection, player: &Player) -> u64 {
    let own = dead_letter::Entity::find().filter(Column::UserId.eq(id_of(player)));
    own.count(database).await.expect("a count")
}

/// Has something for the user fail for good; answers the dead letter.
async fn fail_for(app: &TestApp, database: &DatabaseConnection, player: &Player) -> dead_letter::Model {
    tell(app, &[player]).await;
    until("a dead letter", async || {
        hurry(app).await;
        let newest = dead_letter::Entity::find().filter(Column::UserId.eq(id_of(player))).order_by_desc(Column::Id);
        let newest = newest.one(database).await.expect("a look");
        newest.filter(|newest| newest.envelope != "{}")
    })
    .await
}

#[tokio::test]
async fn what_could_not_be_sent_is_kept_within_bounds_and_goes_with_its_account() {
    for store in [Store::Sqlite, Store::Postgres] {
        keep_within_bounds(store).await;
    }
}

async fn keep_within_bounds(store: Store) {
    let receiver = Receiver::start().await;
    let mut app = TestApp::start_with(store, &ARGUMENTS).await;
    let (boris, vera, database) = (app.player("boris").await, app.player("vera").await, database_of(&app).await);
    hook(&boris, &format!("{}/boris", receiver.url), json!(["friend_request"])).await;
    let older = (0..u128::from(MOST)).map(|number| letter(number, "delivery.webhook", 1, Some(id_of(&boris))));
    let others = [
        letter(200, "delivery.push", 1, Some(id_of(&vera))),
        letter(201, "delivery.push", 40, Some(id_of(&vera))),
        letter(202, "delivery.mail", 40, None),
        letter(203, "stats.service.queue", 40, None),
    ];
    dead_letter::Entity::insert_many(older.chain(others)).exec(&database).await.expect("rows");
    receiver.answer(["503 away"; 8]);
    fail_for(&app, &database, &boris).await;
    assert_eq!(letters_of(&database, &boris).await, MOST, "{store:?}");
    let is_there = async |number: u128| {
        let letter = dead_letter::Entity::find_by_id(Uuid::from_u128(number)).one(&database).await;
        letter.expect("a look").is_some()
    };
    assert!(!is_there(0).await && is_there(1).await && is_there(200).await, "the oldest one of his made room");

    app.kill_and_restart().await;
    until("what is too old goes", async || (!is_there(201).await && !is_there(202).await).then_some(())).await;
    assert!(is_there(200).await && is_there(203).await);
    let boris = boris.on(&app);
    answered(boris.call(Method::DELETE, "/api/v1/users/me", Some(json!({"password": "correct horse"}))).await, 204);
    assert_eq!(letters_of(&database, &boris).await, 0, "{store:?}");
    assert_eq!(letters_of(&database, &vera).await, 1);
}

#[tokio::test]
async fn what_is_sent_again_waits_to_be_sent_at_once() {
    for store in [Store::Sqlite, Store::Postgres] {
        let receiver = Receiver::start().await;
        let mut app = TestApp::start_with(store, &ARGUMENTS).await;
        let (boris, database) = (app.player("boris").await, database_of(&app).await);
        hook(&boris, &format!("{}/boris", receiver.url), json!(["friend_request"])).await;
        receiver.answer(["503 away"; 8]);
        let letter = fail_for(&app, &database, &boris).await;
        let due = async || {
            let row = delivery::Entity::find_by_id(letter.message_id).one(&database).await.expect("a look");
            row.and_then(|row| row.due_at_ms)
        };
        assert_eq!(due().await, None, "it is given up");
        // No node has to be there that would take it from the bus, and an older one does not get it there.
        app.kill();
        let replayed = app.command(&["dead-letters", "replay", &letter.id.to_string()]);
        assert!(replayed.status.success(), "{replayed:?}");
        assert!(due().await.is_some(), "{store:?}");
        let before = receiver.count();
        app.restart().await;
        hurry(&app).await;
        until("it comes again", async || (receiver.count() > before).then_some(())).await;
    }
}
