//! A session whose actor panics is there again with the next message, by replay; its watchers go on without a gap and
//! its neighbours never notice. The same replay starts from a snapshot where one was kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use artel::game::Session;
use artel::game::command::Command;
use artel::ids::{CommandId, CorrelationId, ParticipantId, Seq, SessionId, UserId};
use artel::session::{CommandError, CommandReceipt, Listener, Push, Sessions, Submission, Viewer};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::library::{Room, ball, new_session};
use crate::test_app::{PATIENCE, Store, until};

/// Runs a test as the server runs: in an actix system with a journal beside it.
fn in_a_system(test: impl AsyncFnOnce(Room, Sessions)) {
    actix::System::new().block_on(async {
        let room = Room::open(Store::Sqlite).await;
        let (journal, _committed) = room.journal("one").await;
        let sessions = Sessions::new(journal, actix::Arbiter::current(), None, 100);
        test(room, sessions).await;
    });
}

/// Has the actor of a session panic, as by a defect in what somebody looks for: the look is tried again and finds another.
async fn panic_once(sessions: &Sessions, session: SessionId) {
    let is_first = Arc::new(AtomicBool::new(true));
    let look = move |_: &Session, _: &dyn Fn(ParticipantId) -> bool| {
        assert!(!is_first.swap(false, Ordering::Relaxed), "the actor panics");
    };
    sessions.look(session, look).await.expect("the next actor answers");
}

/// A session with two places and a game in progress.
struct Table {
    id: SessionId,
    user: UserId,
    participants: Vec<ParticipantId>,
}

impl Table {
    async fn open(sessions: &Sessions) -> Self {
        let (id, user) = (SessionId(Uuid::now_v7()), UserId(Uuid::now_v7()));
        let create = Command::CreateSession(new_session(id));
        let create = Submission::new(user, None, create, CommandId(Uuid::now_v7()), CorrelationId(Uuid::now_v7()));
        sessions.create(create).await.expect("opened");
        let mut table = Self { id, user, participants: Vec::new() };
        table.play(sessions, Command::AddGuest { display_name: "Guest".to_owned() }).await.expect("a guest");
        table.participants = sessions
            .look(id, |state, _| state.participants().iter().map(|participant| participant.id).collect())
            .await
            .expect("a look");
        let order = Some(table.participants.clone());
        let start = Command::Score(artel::game::command::Scoring::StartGame { order });
        table.play(sessions, start).await.expect("a game");
        table
    }

    async fn play(&self, sessions: &Sessions, command: Command) -> Result<CommandReceipt, CommandError> {
        self.play_with_key(sessions, Uuid::now_v7(), command).await
    }

    async fn play_with_key(
        &self,
        sessions: &Sessions,
        key: Uuid,
        command: Command,
    ) -> Result<CommandReceipt, CommandError> {
        sessions.execute(self.id, Submission::new(self.user, None, command, CommandId(key), CorrelationId(key))).await
    }

    async fn mark(&self, sessions: &Sessions) -> Seq {
        self.play(sessions, ball(self.participants[0])).await.expect("a ball").seq
    }
}

/// A listener as a socket is one: it watches again when it is told that the session was lost.
struct Watcher {
    listener: Listener,
    pushes: mpsc::Receiver<Push>,
    heard: Vec<Seq>,
    losses: usize,
    slow: Arc<AtomicUsize>,
}

impl Watcher {
    async fn of(sessions: &Sessions, table: &Table) -> Self {
        let (push, pushes) = mpsc::channel(64);
        let slow = Arc::new(AtomicUsize::new(0));
        let counted = slow.clone();
        let on_slow = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let listener = Listener {
            id: sessions.listener_id(),
            viewer: Viewer::User(table.user),
            wants_evening: false,
            push,
            on_slow,
        };
        sessions.watch(table.id, listener.clone(), Uuid::nil(), Some(Seq::ZERO)).await.expect("watched");
        Self { listener, pushes, heard: Vec::new(), losses: 0, slow }
    }

    /// Hears everything up to an event.
    async fn hear_until(&mut self, sessions: &Sessions, table: &Table, seq: Seq) {
        while self.heard.last() != Some(&seq) {
            let push = tokio::time::timeout(PATIENCE, self.pushes.recv()).await.expect("in time").expect("open");
            match push {
                Push::Welcome(welcome) => {
                    assert!(welcome.view.is_none(), "what was missed is told in events");
                    self.heard.extend(welcome.missed.iter().map(|record| record.seq()));
                }
                Push::Events(records) => self.heard.extend(records.iter().map(|record| record.seq())),
                Push::Presence { .. } => {}
                Push::Lost(session) => {
                    assert_eq!(session, table.id);
                    self.losses += 1;
                    let after = self.heard.last().copied();
                    sessions.watch(session, self.listener.clone(), Uuid::nil(), after).await.expect("watched again");
                }
                Push::Dismissed(..) => panic!("dismissed"),
            }
        }
        assert_eq!(self.heard, (1..=seq.0).map(Seq).collect::<Vec<_>>(), "once, in order, without a gap");
        assert_eq!(self.slow.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_session_whose_actor_panics_goes_on_by_replay_and_its_neighbours_never_notice() {
    in_a_system(async |_room, sessions| {
        let (table, neighbour) = (Table::open(&sessions).await, Table::open(&sessions).await);
        let mut watcher = Watcher::of(&sessions, &table).await;
        let mut beside = Watcher::of(&sessions, &neighbour).await;
        for _ in 0..3 {
            let before = table.mark(&sessions).await;
            watcher.hear_until(&sessions, &table, before).await;
            panic_once(&sessions, table.id).await;
            let after = table.mark(&sessions).await;
            assert_eq!(after, before + 1, "nothing was lost and nothing doubled");
            watcher.hear_until(&sessions, &table, after).await;
        }
        assert_eq!(watcher.losses, 3);
        let last = neighbour.mark(&sessions).await;
        beside.hear_until(&sessions, &neighbour, last).await;
        assert_eq!(beside.losses, 0);
    });
}

#[test]
fn commands_under_way_when_the_actor_panics_happen_once() {
    in_a_system(async |_room, sessions| {
        let table = Table::open(&sessions).await;
        let before = table.mark(&sessions).await;
        let many = 40;
        let marking = (0..many).map(|_| table.mark(&sessions));
        let marking = futures_util::future::join_all(marking);
        let (mut seqs, ()) = futures_util::future::join(marking, panic_once(&sessions, table.id)).await;
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=many).map(|place| before + place).collect::<Vec<_>>());
        let log = sessions.journal().read(table.id, Seq::ZERO, 1_000).await.expect("the log");
        assert_eq!(Seq(log.len() as i64), before + many);
    });
}

#[test]
fn the_answer_to_a_repeated_key_survives_the_panic() {
    in_a_system(async |_room, sessions| {
        let table = Table::open(&sessions).await;
        let key = Uuid::now_v7();
        let first = table.play_with_key(&sessions, key, ball(table.participants[0])).await.expect("a ball");
        panic_once(&sessions, table.id).await;
        let again = table.play_with_key(&sessions, key, ball(table.participants[0])).await.expect("the same");
        assert_eq!(again.seq, first.seq);
        assert_eq!(again.records[0].json.get(), first.records[0].json.get());
        let other = table.play_with_key(&sessions, key, ball(table.participants[1])).await;
        assert!(matches!(other, Err(CommandError::KeyReused)), "{other:?}");
    });
}

#[test]
fn sessions_that_close_keep_snapshots_and_open_again_from_them() {
    in_a_system(async |room, sessions| {
        let tables = [Table::open(&sessions).await, Table::open(&sessions).await];
        let key = Uuid::now_v7();
        let mut heads = Vec::new();
        for table in &tables {
            table.play_with_key(&sessions, key, ball(table.participants[0])).await.expect("a ball");
            heads.push(table.mark(&sessions).await);
        }
        let mut watcher = Watcher::of(&sessions, &tables[0]).await;
        watcher.hear_until(&sessions, &tables[0], heads[0]).await;
        sessions.close_all().await;
        for (table, head) in tables.iter().zip(&heads) {
            let opened = until("the snapshot is kept", || async {
                sessions.journal().flush().await;
                let opened = sessions.journal().open(table.id).await.expect("the log").expect("the session");
                (opened.snapshot_seq > Seq::ZERO).then_some(opened)
            })
            .await;
            assert_eq!((opened.snapshot_seq, opened.state.seq()), (*head, *head));
            assert!(opened.recent.is_empty(), "nothing had to be replayed");
            let comparison = artel::journal::compare(&room.database, table.id).await.expect("compared");
            assert!(comparison.agrees(), "{comparison}");

            let again = table.play_with_key(&sessions, key, ball(table.participants[0])).await.expect("the same");
            assert_eq!(again.seq, head.previous(), "the keys are in the snapshot");
            assert_eq!(table.mark(&sessions).await, head.next());
        }
        // Whoever watched when it closed was told, and goes on without a gap.
        watcher.hear_until(&sessions, &tables[0], heads[0] + 1).await;
        assert_eq!(watcher.losses, 1);
    });
}
