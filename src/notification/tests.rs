//! Messages in every order, each as often as it likes: what users were told comes out the same.

use std::sync::Arc;

use entity::notification::{Column, Entity, Model};
use entity::{achievement, notification_setting, outbox};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, Set, Statement};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::table::achievement_id;
use super::{Compensation, NotificationConsumer, Notifications};
use crate::account::test_app::postgres;
use crate::database::{Database, Options};
use crate::ids::{GameId, Seq, SessionId, Timestamp, UserId};
use crate::messaging::Message;
use crate::messaging::consumer::{Failure, Handler};
use crate::outbox::envelope::Envelope;

struct Room {
    database: Database,
    directory: std::path::PathBuf,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Room {
    async fn open() -> Self {
        let directory = std::env::temp_dir().join(format!("artel-social-{}", Uuid::now_v7()));
        std::fs::create_dir(&directory).expect("a directory");
        let url = format!("sqlite://{}/artel.db", directory.display());
        let database = Database::connect(&url, Options::default()).await.expect("a database");
        migration::Migrator::up(database.writer(), None).await.expect("tables");
        Self { database, directory }
    }

    async fn apply(&self, handler: &mut impl Handler, messages: &[Message]) -> Result<(), Failure> {
        let concerned: Vec<Message> = messages.iter().filter(|message| handler.concerns(message)).cloned().collect();
        let tx = self.database.begin_write().await?;
        handler.apply(&tx, &concerned).await?;
        Ok(tx.commit().await?)
    }

    async fn hear(&self, message: &Message) {
        let tx = self.database.begin_write().await.expect("a transaction");
        store(&tx, message).await;
        tx.commit().await.expect("committed");
    }

    async fn earn(&self, user: UserId, code: &str) {
        let row = achievement::ActiveModel {
            user_id: Set(user.0),
            code: Set(code.to_owned()),
            game_id: Set(Uuid::nil()),
            earned_at_ms: Set(1),
        };
        achievement::Entity::insert(row).exec_without_returning(self.database.writer()).await.expect("earned");
    }

    async fn lose(&self, user: UserId, code: &str) {
        let earned = achievement::Entity::delete_by_id((user.0, code.to_owned()));
        earned.exec(self.database.writer()).await.expect("lost");
    }

    async fn kept(&self, user: UserId) -> Vec<Model> {
        Entity::find().filter(Column::UserId.eq(user.0)).all(self.database.reader()).await.expect("rows")
    }

    async fn told(&self) -> usize {
        outbox::Entity::find().all(self.database.reader()).await.expect("rows").len()
    }
}

fn user() -> UserId {
    UserId(Uuid::from_u128(1))
}

fn message(key: &str, id: u128, seq: Option<i64>, data: Value) -> Message {
    let mut envelope = Envelope::about_user(user(), key, Timestamp::from_millis(1_000), data);
    envelope.event_id = Uuid::from_u128(id);
    envelope.seq = seq.map(Seq);
    envelope.session_id = Some(SessionId(Uuid::from_u128(2)));
    envelope.game_id = Some(GameId(Uuid::from_u128(3)));
    Message::new(key.to_owned(), envelope)
}

fn a_game() -> Vec<Message> {
    let result = |place: i64, net: i64| json!({"user_id": user(), "place": place, "net": net, "currency": "RUB"});
    let corrected = |net: i64| json!({"results": [result(2, net)], "currency": "RUB"});
    vec![
        message("notifications.game_completed", 10, Some(7), result(1, 500)),
        message("compensation.game.ended", 11, Some(8), corrected(-100)),
        message("compensation.game.ended", 12, Some(9), corrected(-200)),
    ]
}

#[tokio::test]
async fn the_last_correction_stands_whatever_order_messages_come_in() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let room = Room::open().await;
        for index in order.into_iter().chain(order) {
            room.hear(&a_game()[index]).await;
        }
        let kept = room.kept(user()).await;
        let [kept] = kept.as_slice() else { panic!("{order:?}: {kept:?}") };
        assert_eq!((kept.version, kept.body.as_str()), (9, "2-е место, −2\u{a0}₽"), "{order:?}");
    }
}

#[tokio::test]
async fn a_correction_says_of_the_game_whatever_the_end_said() {
    let room = Room::open().await;
    let mut said = Vec::new();
    for message in &a_game()[..2] {
        room.hear(message).await;
        let data: Value = serde_json::from_str(&room.kept(user()).await[0].data).expect("JSON");
        assert_eq!(data["user_id"], json!(user()));
        said.push(data.as_object().expect("an object").keys().cloned().collect::<Vec<_>>());
    }
    said[1].retain(|name| name != "is_corrected");
    assert_eq!(said[0], said[1]);
}

/// As the bus does: each consumer gets what it is bound to.
async fn store(tx: &DatabaseTransaction, message: &Message) {
    async fn of(handler: &mut impl Handler, tx: &DatabaseTransaction, message: &Message) {
        if handler.concerns(message) {
            handler.apply(tx, std::slice::from_ref(message)).await.expect("applied");
        }
    }
    if message.routing_key.starts_with("compensation.") {
        of(&mut Compensation, tx, message).await;
    } else {
        of(&mut NotificationConsumer { sends_mail: false }, tx, message).await;
    }
}

#[tokio::test]
async fn the_last_correction_stands_when_two_consumers_store_at_the_same_time() {
    let server = std::env::var("ARTEL_TEST_POSTGRES").expect("ARTEL_TEST_POSTGRES names a server; `./test` sets it");
    let database = postgres(&server).await.expect("a database");
    migration::Migrator::up(database.writer(), None).await.expect("tables");
    // Which message is stored first, and which while that one is not committed.
    for (first, second) in [(0, 2), (2, 0)] {
        let clean = Entity::delete_many().exec(database.writer()).await;
        clean.expect("an empty table");
        // Neither sees what the other one stores.
        let one = database.begin_write().await.expect("a transaction");
        store(&one, &a_game()[first]).await;
        let two = database.begin_write().await.expect("a transaction");
        let later = a_game()[second].clone();
        let waiting = tokio::spawn(async move {
            store(&two, &later).await;
            two.commit().await.expect("committed");
        });
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while database
            .reader()
            .query_one_raw(Statement::from_string(DbBackend::Postgres, waits))
            .await
            .expect("an answer")
            .is_none()
        {
            tokio::task::yield_now().await;
        }
        one.commit().await.expect("committed");
        waiting.await.expect("no panic");
        let kept = Entity::find().filter(Column::UserId.eq(user().0)).one(database.reader()).await.expect("rows");
        assert_eq!(kept.expect("a notification").version, 9, "{first} before {second}");
    }
}

#[tokio::test]
async fn a_batch_with_doubles_tells_once() {
    let room = Room::open().await;
    let told = message("notifications.message", 20, None, json!({"content": "hello"}));
    room.apply(&mut NotificationConsumer { sends_mail: false }, &[told.clone(), told.clone()]).await.expect("applied");
    room.hear(&told).await;
    assert_eq!((room.kept(user()).await.len(), room.told().await), (1, 1));
}

#[tokio::test]
async fn an_achievement_is_told_as_the_table_has_it() {
    let unlocked = message("notifications.achievement_unlocked", 30, None, json!({"code": "first_win"}));
    let taken = message("compensation.notifications.achievement_unlocked", 31, None, json!({"code": "first_win"}));
    let room = Room::open().await;
    // It was taken back before anybody was told.
    room.hear(&taken).await;
    room.hear(&unlocked).await;
    assert!(room.kept(user()).await.is_empty());

    room.earn(user(), "first_win").await;
    room.hear(&unlocked).await;
    // That it was taken back comes late: it has been earned again.
    room.hear(&taken).await;
    let withdrawn = async || room.kept(user()).await[0].is_withdrawn;
    assert!(!withdrawn().await);
    assert_eq!(room.kept(user()).await[0].id, achievement_id(user(), "first_win"));

    room.lose(user(), "first_win").await;
    room.hear(&taken).await;
    assert!(withdrawn().await);
    room.earn(user(), "first_win").await;
    room.hear(&unlocked).await;
    assert!(!withdrawn().await);
}

#[tokio::test]
async fn a_payment_that_was_taken_back_is_not_told_whatever_order_messages_come_in() {
    let marked = json!({"from": Uuid::nil(), "to": Uuid::nil(), "amount": 500, "from_user_id": null,
                        "to_user_id": user(), "currency": "RUB"});
    let voided = json!({"voided_seq": 7, "voided_type": "session.payment_marked", "user_ids": [user()]});
    let marked = message("notifications.payment_marked", 40, Some(7), marked);
    let voided = message("compensation.session.payment_marked", 41, Some(8), voided);
    for order in [[&marked, &voided], [&voided, &marked]] {
        let room = Room::open().await;
        room.hear(&marked).await;
        assert!(!room.kept(user()).await[0].is_withdrawn);
        let room = Room::open().await;
        for told in order.into_iter().chain([&marked]) {
            room.hear(told).await;
        }
        let kept = room.kept(user()).await;
        assert!(matches!(kept.as_slice(), [kept] if kept.is_withdrawn), "{kept:?}");
    }
}

#[tokio::test]
async fn what_was_deleted_does_not_come_back() {
    let room = Room::open().await;
    let told = &a_game()[0];
    room.hear(told).await;
    let deleted = Entity::update_many().col_expr(Column::DeletedAtMs, sea_orm::sea_query::Expr::value(1_i64));
    deleted.exec(room.database.writer()).await.expect("deleted");
    room.hear(told).await;
    room.hear(&a_game()[2]).await;
    let undelivered = Notifications::new(room.database.clone()).undelivered(user(), None, 200).await.expect("read");
    assert!(undelivered.is_empty());
    assert_eq!(room.told().await, 1);
}

#[tokio::test]
async fn a_refusal_after_acceptance_is_told_to_who_asked() {
    let room = Room::open().await;
    let data = json!({"code": "not_your_turn", "message": "it is Boris's turn"});
    let refused = message("compensation.game.command.pot_ball", 40, None, data);
    room.hear(&refused).await;
    room.hear(&refused).await;
    let kept = room.kept(user()).await;
    assert_eq!(
        (kept.len(), kept[0].kind.as_str(), kept[0].body.as_str()),
        (1, "command_refused", "Сейчас ход другого игрока")
    );
}

#[tokio::test]
async fn what_is_switched_off_is_not_kept_and_what_lacks_its_user_is_refused_for_good() {
    let room = Room::open().await;
    let off = notification_setting::ActiveModel {
        user_id: Set(user().0),
        kind: Set("message".to_owned()),
        is_on: Set(false),
    };
    notification_setting::Entity::insert(off).exec_without_returning(room.database.writer()).await.expect("off");
    let told = message("notifications.message", 50, None, json!({}));
    room.hear(&told).await;
    assert!(room.kept(user()).await.is_empty());
    let mut nobody = (*told.envelope).clone();
    nobody.user_id = None;
    let nobody = Message { envelope: Arc::new(nobody), ..told };
    let refused = room.apply(&mut NotificationConsumer { sends_mail: false }, &[nobody]).await;
    assert!(matches!(refused, Err(Failure::Permanent(_))), "{refused:?}");
}

#[tokio::test]
async fn one_friend_request_told_under_two_keys_is_one_notification() {
    let room = Room::open().await;
    let data = json!({"request_id": Uuid::from_u128(60)});
    room.hear(&message("notifications.friend_request", 61, None, data.clone())).await;
    room.hear(&message("social.friend_request", 62, None, data)).await;
    room.hear(&message("friends.requested", 63, None, json!({}))).await;
    assert_eq!(room.kept(user()).await.len(), 1);
}

#[tokio::test]
async fn what_is_told_of_a_request_is_withdrawn_whatever_order_messages_come_in() {
    let (request, other) = (json!({"request_id": Uuid::from_u128(60)}), json!({"request_id": Uuid::from_u128(70)}));
    for kind in ["friend_request", "friend_accepted"] {
        let key = format!("notifications.{kind}");
        let told = message(&key, 61, None, request.clone());
        let taken_back = message(&format!("compensation.{key}"), 62, None, request.clone());
        for order in [[&told, &taken_back], [&taken_back, &told]] {
            let room = Room::open().await;
            for message in order.into_iter().chain([&told]) {
                room.hear(message).await;
            }
            let kept = room.kept(user()).await;
            assert!(matches!(kept.as_slice(), [kept] if kept.is_withdrawn), "{kind}: {kept:?}");
            room.hear(&message(&key, 71, None, other.clone())).await;
            let stands = room.kept(user()).await.into_iter().filter(|kept| !kept.is_withdrawn).count();
            assert_eq!(stands, 1, "another request of the same two is another one");
        }
    }
}

#[tokio::test]
async fn an_invitation_that_ended_is_not_told_whatever_order_messages_come_in() {
    let event = Uuid::from_u128(80);
    let key = "notifications.session_invitation";
    let mut invited = message(key, 0, Some(7), json!({"participant_id": Uuid::nil()}));
    Arc::make_mut(&mut invited.envelope).event_id = Uuid::new_v5(&event, key.as_bytes());
    let ended = json!({"participant_id": Uuid::nil(), "invitation": {"event_id": event, "user_id": user()}});
    let ended = message(&format!("compensation.{key}"), 81, Some(8), ended);
    for order in [[&invited, &ended], [&ended, &invited]] {
        let room = Room::open().await;
        for message in order.into_iter().chain([&invited]) {
            room.hear(message).await;
        }
        let kept = room.kept(user()).await;
        assert!(matches!(kept.as_slice(), [kept] if kept.is_withdrawn), "{kept:?}");
    }
}
