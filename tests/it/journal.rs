//! The log as the rooms above it rely on it, on both databases: stored before told, all or nothing, one head for each
//! session.

use std::sync::Arc;

use artel::game::Session;
use artel::game::event::Fact;
use artel::ids::{Position, Seq, UserId};
use artel::journal::{AppendError, Record, Snapshot};
use futures_util::future::join_all;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::library::{Room, Tale};
use crate::test_app::{Store, until};

const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

fn somebody() -> UserId {
    UserId(Uuid::now_v7())
}

fn told(records: &[Arc<Record>]) -> Vec<&str> {
    records.iter().map(|record| record.json.get()).collect()
}

#[tokio::test]
async fn what_was_appended_is_read_back_byte_by_byte() {
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, _committed) = room.journal("one").await;
        let mut tale = Tale::new(somebody());
        let mut log = tale.opening();
        journal.append(tale.id, Seq::ZERO, log.clone()).await.expect("stored");
        for _ in 0..5 {
            let (after, command) = (tale.state.seq(), tale.ball());
            let records = tale.tell(command);
            journal.append(tale.id, after, records.clone()).await.expect("stored");
            log.extend(records);
        }
        let head = tale.state.seq();
        assert_eq!(journal.head(tale.id).await.unwrap(), Some(head), "{store:?}");
        assert_eq!(told(&journal.read(tale.id, Seq::ZERO, 1_000).await.unwrap()), told(&log), "{store:?}");
        assert_eq!(told(&journal.read(tale.id, Seq(3), 2).await.unwrap()), told(&log[3..5]), "{store:?}");
        assert!(journal.read(tale.id, head, 10).await.unwrap().is_empty());
        let nobody = Tale::new(somebody());
        assert_eq!(journal.head(nobody.id).await.unwrap(), None);
        assert!(journal.open(nobody.id).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_append_after_the_wrong_event_conflicts_and_its_neighbours_are_stored() {
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, _committed) = room.journal("one").await;
        let mut tales: Vec<Tale> = (0..12).map(|_| Tale::new(somebody())).collect();
        let openings = tales.iter_mut().map(|tale| {
            let records = tale.opening();
            journal.append(tale.id, Seq::ZERO, records)
        });
        assert!(join_all(openings).await.iter().all(Result::is_ok), "{store:?}");
        // All of these wait for the same writer, so most share a transaction; every third comes too early or too late.
        let appends: Vec<_> = tales
            .iter_mut()
            .enumerate()
            .map(|(n, tale)| {
                let (after, command) = (tale.state.seq(), tale.ball());
                let records = tale.tell(command);
                let after = match n % 6 {
                    2 => after.previous(),
                    5 => after.next(),
                    _ => after,
                };
                journal.append(tale.id, after, records)
            })
            .collect();
        for (n, (stored, tale)) in join_all(appends).await.into_iter().zip(&tales).enumerate() {
            let head = journal.head(tale.id).await.unwrap().unwrap();
            let events = journal.read(tale.id, Seq::ZERO, 100).await.unwrap().len();
            let events = Seq(events as i64);
            if n % 3 == 2 {
                assert_eq!(stored, Err(AppendError::Conflict), "{store:?}, session {n}");
                assert_eq!(
                    (head, events),
                    (tale.state.seq().previous(), tale.state.seq().previous()),
                    "{store:?}, session {n}"
                );
            } else {
                assert_eq!(stored, Ok(()), "{store:?}, session {n}");
                assert_eq!((head, events), (tale.state.seq(), tale.state.seq()), "{store:?}, session {n}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_is_opened_once_whatever_its_code_says() {
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, _committed) = room.journal("one").await;
        let mut first = Tale::new(somebody());
        let opening = first.opening();
        let Fact::SessionCreated(opened) = opening[0].event.fact.clone() else { panic!("it is opened first") };
        journal.append(first.id, Seq::ZERO, opening.clone()).await.expect("stored");
        assert_eq!(
            journal.append(first.id, Seq::ZERO, opening).await,
            Err(AppendError::Conflict),
            "{store:?}: the same again"
        );

        let mut second = Tale::new(somebody());
        let mut create = crate::library::new_session(second.id);
        create.code.clone_from(&opened.code);
        let records = second.tell(artel::game::command::Command::CreateSession(create));
        assert_eq!(
            journal.append(second.id, Seq::ZERO, records).await,
            Err(AppendError::Conflict),
            "{store:?}: its code"
        );
        assert_eq!(journal.head(second.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn two_writers_on_one_store_never_both_get_the_next_number() {
    let room = Room::open(Store::Postgres).await;
    let (one, _first) = room.journal("one").await;
    let (two, _second) = room.journal("two").await;
    let mut tales: Vec<Tale> = (0..20).map(|_| Tale::new(somebody())).collect();
    for tale in &mut tales {
        let records = tale.opening();
        one.append(tale.id, Seq::ZERO, records).await.expect("stored");
    }
    for _ in 0..5 {
        let races: Vec<_> = tales
            .iter_mut()
            .map(|tale| {
                let (id, after, command) = (tale.id, tale.state.seq(), tale.ball());
                let records = tale.tell(command);
                let (one, two) = (one.clone(), two.clone());
                async move {
                    let (first, second) =
                        tokio::join!(one.append(id, after, records.clone()), two.append(id, after, records));
                    [first, second]
                }
            })
            .collect();
        for race in join_all(races).await {
            assert_eq!(race.iter().filter(|result| result.is_ok()).count(), 1, "{race:?}");
            assert!(race.contains(&Err(AppendError::Conflict)), "{race:?}");
        }
    }
    for tale in &tales {
        let log = one.read(tale.id, Seq::ZERO, 100).await.unwrap();
        assert!(log.iter().zip(1..).all(|(record, seq)| record.seq() == Seq(seq)));
        assert_eq!(log.len() as i64, tale.state.seq().0);
    }
}

#[tokio::test]
async fn a_commit_that_was_stored_unheard_does_not_stop_the_writer() {
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, committed) = room.journal("one").await;
        let (mut heard, mut unheard) = (Tale::new(somebody()), Tale::new(somebody()));
        for tale in [&mut heard, &mut unheard] {
            let records = tale.opening();
            journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
        }
        // As a commit leaves it whose answer was lost on the way: the rows are there, the writer never heard of them.
        let (after, command) = (unheard.state.seq(), unheard.ball());
        let record = unheard.tell(command).remove(0);
        let position = heard.state.seq().0 + after.0 + 1;
        let row = entity::event::ActiveModel {
            session_id: Set(unheard.id.0),
            seq: Set(record.seq().0),
            writer_id: Set(committed.writer_id.0),
            position: Set(position),
            command_hash: Set(0),
            body: Set(record.json.get().to_owned()),
        };
        let db = room.database.writer();
        entity::event::Entity::insert(row).exec_without_returning(db).await.expect("stored");
        let head = entity::session::ActiveModel {
            id: Unchanged(unheard.id.0),
            head: Set(record.seq().0),
            ..Default::default()
        };
        entity::session::Entity::update(head).exec(db).await.expect("stored");

        let (after, command) = (heard.state.seq(), heard.ball());
        let records = heard.tell(command);
        let first = journal.append(heard.id, after, records.clone()).await;
        assert!(matches!(first, Ok(()) | Err(AppendError::Unavailable)), "{store:?}: {first:?}");
        if first.is_err() {
            journal.append(heard.id, after, records).await.expect("the writer has found its place again");
        }
        let (after, command) = (unheard.state.seq(), unheard.ball());
        let records = unheard.tell(command);
        journal.append(unheard.id, after, records).await.expect("stored after the unheard one");
        let outbox = artel::journal::commit_feed::read_from(db, committed.writer_id, Position(1), 100).await.unwrap();
        let positions: Vec<i64> = outbox.iter().map(|(position, _)| position.0).collect();
        assert_eq!(positions, (1..=position + 2).collect::<Vec<_>>(), "{store:?}: each place is taken once");
    }
}

#[tokio::test]
async fn many_sessions_share_commits_and_keep_their_own_order() {
    const SESSIONS: usize = 150;
    const BALLS: i64 = 8;
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, mut committed) = room.journal("one").await;
        let playing: Vec<_> = (0..SESSIONS)
            .map(|_| {
                let journal = journal.clone();
                tokio::spawn(async move {
                    let mut tale = Tale::new(somebody());
                    let records = tale.opening();
                    journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
                    for _ in 0..BALLS {
                        let (after, command) = (tale.state.seq(), tale.ball());
                        let records = tale.tell(command);
                        journal.append(tale.id, after, records).await.expect("stored");
                    }
                    tale
                })
            })
            .collect();
        let tales: Vec<Tale> = join_all(playing).await.into_iter().map(Result::unwrap).collect();
        for tale in &tales {
            let log = journal.read(tale.id, Seq::ZERO, 1_000).await.unwrap();
            assert_eq!(log.len() as i64, tale.state.seq().0, "{store:?}");
            assert!(log.iter().zip(1..).all(|(record, seq)| record.seq() == Seq(seq)), "{store:?}");
        }
        // The batches, as far as they fitted, go on from each other in this writer's positions.
        let (mut batches, mut next, mut appends) = (0, Position(1), 0);
        while let Ok(batch) = committed.batches.try_recv() {
            assert!(batch.first >= next, "{store:?}");
            next = batch.first + batch.records.len() as i64;
            batches += 1;
            appends +=
                batch.records.iter().filter(|record| record.event.fact.event_type() != "session.created").count();
        }
        assert!(batches * 4 < appends, "{store:?}: {appends} appends in {batches} commits");
    }
}

#[tokio::test]
async fn a_session_opened_from_its_snapshot_is_the_one_its_log_tells() {
    for store in STORES {
        let room = Room::open(store).await;
        let (journal, _committed) = room.journal("one").await;
        let mut tale = Tale::new(somebody());
        let records = tale.opening();
        journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
        let whole = journal.open(tale.id).await.unwrap().unwrap();
        assert_eq!((whole.snapshot_seq, whole.commands.len()), (Seq::ZERO, 3));

        let keys: Vec<_> = whole.commands.into_iter().collect();
        journal.keep(tale.id, Snapshot::of(&whole.state, keys.iter().map(|(key, made)| (key, made))));
        let (after, command) = (tale.state.seq(), tale.ball());
        let records = tale.tell(command);
        journal.append(tale.id, after, records).await.expect("stored");
        journal.flush().await;
        let opened = until("the snapshot is kept", || async {
            journal.open(tale.id).await.unwrap().filter(|opened| opened.snapshot_seq > Seq::ZERO)
        })
        .await;
        assert_eq!(opened.snapshot_seq, after, "{store:?}");
        assert_eq!(opened.recent.len() as i64, tale.state.seq().since(after), "only what came after it was read");
        assert_eq!(json(&opened.state), json(&tale.state), "{store:?}");
        assert_eq!(opened.commands.len(), 4, "{store:?}: the idempotency keys survive in the snapshot");
        for (key, made) in keys {
            assert_eq!(opened.commands.get(&key), Some(&made), "{store:?}");
        }
        let comparison = artel::journal::compare(&room.database, tale.id).await.unwrap();
        assert!(comparison.agrees(), "{store:?}: {comparison}");
    }
}

fn json(state: &Session) -> serde_json::Value {
    serde_json::to_value(state).expect("JSON")
}

#[tokio::test]
async fn who_holds_one_sessions_row_holds_up_that_session_alone() {
    let room = Room::open(Store::Postgres).await;
    let (journal, _committed) = room.journal("one").await;
    let mut tales: Vec<Tale> = (0..10).map(|_| Tale::new(somebody())).collect();
    for tale in &mut tales {
        let records = tale.opening();
        journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
    }
    let held = room.database.begin_write().await.expect("a transaction");
    let query = entity::session::Entity::find_by_id(tales[0].id.0).lock_exclusive();
    query.one(&held).await.expect("the lock").expect("the session");

    let (after, command) = (tales[0].state.seq(), tales[0].ball());
    let records = tales[0].tell(command);
    let (id, waiting) = (tales[0].id, journal.clone());
    let waits = tokio::spawn(async move { waiting.append(id, after, records).await });
    for _ in 0..20 {
        for tale in &mut tales[1..] {
            let (after, command) = (tale.state.seq(), tale.ball());
            let records = tale.tell(command);
            journal.append(tale.id, after, records).await.expect("stored, whoever else waits");
        }
    }
    assert!(!waits.is_finished(), "the row is held");
    held.rollback().await.expect("let go");
    assert_eq!(waits.await.expect("no panic"), Ok(()), "stored as soon as the row is free");
    assert_eq!(journal.head(id).await.unwrap(), Some(tales[0].state.seq()));
}

#[tokio::test]
async fn a_row_that_is_held_for_ever_is_given_up() {
    let room = Room::open(Store::Postgres).await;
    let (journal, _committed) = room.journal("one").await;
    let mut tale = Tale::new(somebody());
    let records = tale.opening();
    journal.append(tale.id, Seq::ZERO, records).await.expect("stored");
    let held = room.database.begin_write().await.expect("a transaction");
    // The server would end it sooner.
    held.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await.expect("held for ever");
    let query = entity::session::Entity::find_by_id(tale.id.0).lock_exclusive();
    query.one(&held).await.expect("the lock").expect("the session");
    let (after, command) = (tale.state.seq(), tale.ball());
    let records = tale.tell(command);
    assert_eq!(journal.append(tale.id, after, records).await, Err(AppendError::Unavailable));
    held.rollback().await.expect("let go");
    assert_eq!(journal.head(tale.id).await.unwrap(), Some(after), "nothing was stored");
}
