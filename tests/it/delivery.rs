//! At least once on the way, once in effect: what a crash leaves unpublished is published again, statistics count it
//! once, and what can't be applied ends as a dead letter that can be replayed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artel::clock;
use artel::game::command::{Command, Scoring};
use artel::ids::{Seq, UserId};
use artel::journal::commit_feed;
use artel::messaging::consumer::{Failure, Handler};
use artel::messaging::message::{Peers, messages_of};
use artel::messaging::relay::Relay;
use artel::messaging::{Bus, Message, consumer, dead_letters, topology};
use artel::outbox;
use artel::outbox::envelope::{Envelope, MAX_RETRIES};
use artel::stats::{Statistics, statistics};
use sea_orm::{DatabaseTransaction, EntityTrait, Set};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::library::{Room, Tale};
use crate::test_app::{Store, until};

const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

#[tokio::test]
async fn what_is_published_again_after_a_crash_counts_once() {
    for store in STORES {
        let room = Room::open(store).await;
        let mut tale = Tale::new(UserId(Uuid::now_v7()));
        let (_stop, stopped) = watch::channel(false);
        // The first process stores and publishes, its consumer applies, and it dies before it marks anything: nobody
        // hears of what it confirmed.
        let (journal, committed) = room.journal("first").await;
        let bus = Bus::in_process();
        let consuming = tokio::spawn(Statistics::default().run(bus.clone(), room.database.clone()));
        let relaying = tokio::spawn(Relay::new(room.database.clone(), bus, committed).run(stopped.clone()));
        let records = tale.opening();
        journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
        for _ in 0..3 {
            let (after, command) = (tale.state.seq(), tale.ball());
            let records = tale.tell(command);
            journal.append(tale.id, after, records).await.expect("stored");
        }
        applied(&room, &tale, [0, 3]).await;
        relaying.abort();
        consuming.abort();
        // It stores one more ball that it never publishes.
        let (after, command) = (tale.state.seq(), tale.ball());
        let records = tale.tell(command);
        journal.append(tale.id, after, records).await.expect("stored");
        // As it was before anything was marked.
        let rewound = "UPDATE writer SET published = 0";
        sea_orm::ConnectionTrait::execute_unprepared(room.database.writer(), rewound).await.expect("rewound");

        // Two nodes start on the same store; both find what the dead one left, and both publish it.
        let mut nodes = Vec::new();
        for node in ["second", "third"] {
            let (journal, committed) = room.journal(node).await;
            let bus = Bus::in_process();
            tokio::spawn(Statistics::default().run(bus.clone(), room.database.clone()));
            tokio::spawn(Relay::new(room.database.clone(), bus, committed).run(stopped.clone()));
            nodes.push(journal);
        }
        applied(&room, &tale, [0, 4]).await;
        let after = tale.state.seq();
        let records = tale.tell(Command::Score(Scoring::EndGame { reason: None, participant_id: None }));
        nodes[0].append(tale.id, after, records).await.expect("stored");
        applied(&room, &tale, [1, 4]).await;
        until("everything is marked as published", || async {
            let writers = commit_feed::writers(room.database.reader()).await.unwrap();
            let marked: i64 = writers.iter().map(|writer| writer.published).sum();
            (marked == tale.state.seq().0).then_some(())
        })
        .await;
        applied(&room, &tale, [1, 4]).await;
    }
}

#[tokio::test]
async fn what_is_committed_while_the_relay_is_held_up_is_published_though_nothing_follows() {
    for store in STORES {
        let room = Room::open(store).await;
        let mut tale = Tale::new(UserId(Uuid::now_v7()));
        let (journal, committed) = room.journal("one").await;
        let records = tale.opening();
        journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
        // Each a commit of its own, and more of them than the relay is told of at once.
        for _ in 0..400 {
            let (after, command) = (tale.state.seq(), tale.ball());
            let records = tale.tell(command);
            journal.append(tale.id, after, records).await.expect("stored");
        }
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(Relay::new(room.database.clone(), Bus::in_process(), committed).run(stopped));
        until("everything is published", || async {
            let writers = commit_feed::writers(room.database.reader()).await.unwrap();
            (writers[0].published == tale.state.seq().0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_commit_that_was_stored_unheard_is_published_though_nothing_follows() {
    for store in STORES {
        let room = Room::open(store).await;
        let mut tale = Tale::new(UserId(Uuid::now_v7()));
        let (journal, committed) = room.journal("one").await;
        let writer = committed.writer_id;
        let records = tale.opening();
        journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(Relay::new(room.database.clone(), Bus::in_process(), committed).run(stopped));
        let published = async |upto: i64| {
            until("everything is published", || async {
                let writers = commit_feed::writers(room.database.reader()).await.unwrap();
                (writers[0].published == upto).then_some(())
            })
            .await;
        };
        published(tale.state.seq().0).await;
        // As a commit leaves it whose answer was lost on the way: the row is there, the writer never heard of it.
        let command = tale.ball();
        let record = tale.tell(command).remove(0);
        let row = entity::event::ActiveModel {
            session_id: Set(tale.id.0),
            seq: Set(record.seq().0),
            writer_id: Set(writer.0),
            position: Set(record.seq().0),
            command_hash: Set(0),
            body: Set(record.json.get().to_owned()),
        };
        entity::event::Entity::insert(row).exec_without_returning(room.database.writer()).await.expect("stored");
        published(record.seq().0).await;
    }
}

#[tokio::test]
async fn a_cancelled_game_counts_for_nothing_though_nothing_follows() {
    let room = Room::open(Store::Sqlite).await;
    let mut tale = Tale::new(UserId(Uuid::now_v7()));
    let (journal, committed) = room.journal("one").await;
    let (bus, (_stop, stopped)) = (Bus::in_process(), watch::channel(false));
    tokio::spawn(Statistics::default().run(bus.clone(), room.database.clone()));
    tokio::spawn(Relay::new(room.database.clone(), bus, committed).run(stopped));
    let records = tale.opening();
    journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
    let (after, command) = (tale.state.seq(), tale.ball());
    let records = tale.tell(command);
    journal.append(tale.id, after, records).await.expect("stored");
    applied(&room, &tale, [0, 1]).await;
    let after = tale.state.seq();
    let records = tale.tell(Command::Score(Scoring::CancelGame {}));
    journal.append(tale.id, after, records).await.expect("stored");
    until("its ball is gone", || async {
        let totals = statistics::of(&room.database, tale.user).await.unwrap().totals;
        (totals.balls_potted == 0).then_some(())
    })
    .await;
}

/// What comes of an event on the bus.
#[tokio::test]
async fn a_message_is_named_by_its_cause_and_key_and_by_its_player_where_there_are_several() {
    let mut tale = Tale::new(UserId(Uuid::now_v7()));
    tale.opening();
    let command = tale.ball();
    let ball = tale.tell(command).remove(0);
    let cause = ball.event.event_id;
    for message in messages_of(&ball, |_| true, Peers::OlderNodes) {
        let expected = match message.routing_key.as_str() {
            "game.ball_potted" => cause,
            key => Uuid::new_v5(&cause, key.as_bytes()),
        };
        assert_eq!(message.envelope.event_id, expected, "{}", message.routing_key);
    }
    let end = tale.tell(Command::Score(Scoring::EndGame { reason: None, participant_id: None })).remove(0);
    let messages = messages_of(&end, |_| true, Peers::OlderNodes);
    let ids: HashSet<Uuid> = messages.iter().map(|message| message.envelope.event_id).collect();
    assert_eq!(ids.len(), messages.len(), "no two have the same id");
}

/// Waits until the creator's games and balls are these.
async fn applied(room: &Room, tale: &Tale, expected: [i64; 2]) {
    until(&format!("{expected:?} games and balls"), || async {
        let totals = statistics::of(&room.database, tale.user).await.unwrap().totals;
        assert!(totals.balls_potted <= expected[1] && totals.games <= expected[0], "counted twice: {totals:?}");
        ([totals.games, totals.balls_potted] == expected).then_some(())
    })
    .await;
}

/// A handler that does as it is told, and remembers what it was given.
#[derive(Clone, Default)]
struct Clerk {
    applied: Arc<Mutex<HashMap<Uuid, u32>>>,
    attempts: Arc<Mutex<HashMap<Uuid, u32>>>,
    mended: Arc<Mutex<bool>>,
}

impl Handler for Clerk {
    async fn apply(&mut self, _: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        for message in messages {
            let id = message.envelope.event_id;
            let mended = *self.mended.lock().unwrap();
            match message.envelope.data.value()["mood"].as_str() {
                Some(_) if mended => {}
                Some("never") => {
                    *self.attempts.lock().unwrap().entry(id).or_default() += u32::from(messages.len() == 1);
                    return Err(Failure::Permanent("unreadable".to_owned()));
                }
                Some("later") => {
                    *self.attempts.lock().unwrap().entry(id).or_default() += u32::from(messages.len() == 1);
                    return Err(Failure::Transient("not now".to_owned()));
                }
                _ => {}
            }
        }
        for message in messages {
            *self.applied.lock().unwrap().entry(message.envelope.event_id).or_default() += 1;
        }
        Ok(())
    }
}

fn letter(mood: &str) -> Envelope {
    let id = Uuid::now_v7();
    serde_json::from_value(json!({
        "event_id": id, "event_type": "stats.advanced", "timestamp": clock::now(), "source_service": "test",
        "correlation_id": id, "causation_id": null, "priority": 5, "retries": 0, "max_retries": 5,
        "user_id": null, "session_id": null, "game_id": null, "seq": null, "data": {"mood": mood},
    }))
    .expect("an envelope")
}

#[tokio::test]
async fn what_fails_is_a_dead_letter_after_its_attempts_and_comes_back_when_replayed() {
    let both = STORES.map(|store| async move {
        let room = Room::open(store).await;
        let (_journal, committed) = room.journal("one").await;
        let (_stop, stopped) = watch::channel(false);
        let (bus, clerk) = (Bus::in_process(), Clerk::default());
        let queue = &topology::STATS;
        tokio::spawn(consumer::run(bus.clone(), queue, room.database.clone(), clerk.clone()));
        tokio::spawn(Relay::new(room.database.clone(), bus, committed).run(stopped));

        let (never, later) = (letter("never"), letter("later"));
        let fine: Vec<Envelope> = (0..5).map(|_| letter("fine")).collect();
        let tx = room.database.begin_write().await.unwrap();
        for envelope in fine[..3].iter().chain([&never, &later]).chain(&fine[3..]) {
            outbox::enqueue(&tx, "stats.advanced", envelope, clock::now()).await.unwrap();
        }
        tx.commit().await.unwrap();

        until("the neighbours are applied", || async {
            fine.iter().all(|envelope| count(&clerk.applied, envelope) == 1).then_some(())
        })
        .await;
        let db = room.database.reader();
        let letters = until("what never works is dead at once", || async {
            Some(dead_letters::list(db, None, 10).await.unwrap()).filter(|letters| !letters.is_empty())
        })
        .await;
        assert_eq!((letters[0].message_id, letters[0].attempts), (never.event_id, 1), "{store:?}");
        assert_eq!((letters[0].reason.as_str(), letters[0].queue.as_str()), ("unreadable", queue.name));
        // The attempts are half a second, one, two, four and eight apart.
        let mut letters = Vec::new();
        tokio::time::timeout(Duration::from_secs(90), async {
            while letters.len() < 2 {
                letters = until("a look", || async { dead_letters::list(db, None, 10).await.ok() }).await;
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("what does not work in time is dead after its attempts");
        assert_eq!(letters[1].message_id, later.event_id, "{store:?}");
        assert_eq!(letters[1].attempts as u32, MAX_RETRIES + 1, "{store:?}");
        assert_eq!(count(&clerk.attempts, &later), MAX_RETRIES + 1, "{store:?}");
        assert_eq!(count(&clerk.attempts, &never), 1, "{store:?}");

        *clerk.mended.lock().unwrap() = true;
        for letter in &letters {
            let tx = room.database.begin_write().await.unwrap();
            assert!(dead_letters::replay(&tx, letter.id).await.unwrap());
            assert!(!dead_letters::replay(&tx, letter.id).await.unwrap(), "it is gone from the list");
            tx.commit().await.unwrap();
        }
        until("the replayed are applied", || async {
            [&never, &later].iter().all(|envelope| count(&clerk.applied, envelope) == 1).then_some(())
        })
        .await;
        assert!(dead_letters::list(db, None, 10).await.unwrap().is_empty(), "{store:?}");
        assert!(!dead_letters::discard(room.database.writer(), letters[0].id).await.unwrap());
    });
    futures_util::future::join_all(both).await;
}

fn count(counts: &Mutex<HashMap<Uuid, u32>>, envelope: &Envelope) -> u32 {
    counts.lock().unwrap().get(&envelope.event_id).copied().unwrap_or_default()
}
