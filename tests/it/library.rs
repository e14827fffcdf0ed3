//! The rooms without a server around them: a database of one's own, a journal, and an evening decided by the rules.

use std::sync::Arc;

use artel::clock;
use artel::database::{Database, Options};
use artel::game::Session;
use artel::game::command::{Command, CreateSession, Request, Scoring};
use artel::game::discipline::Rules;
use artel::game::event::{Actor, Event, Proof};
use artel::ids::{CommandId, CorrelationId, Dice, ParticipantId, SessionId, UserId};
use artel::journal::commit_feed::CommitFeed;
use artel::journal::{Journal, JournalWriter, Record};
use migration::Migrator;
use sea_orm_migration::MigratorTrait;
use uuid::Uuid;

use crate::evening::kolkhoz;
use crate::test_app::{PostgresDatabase, Store, temp_dir};

/// A migrated database that goes when dropped.
pub struct Room {
    pub database: Database,
    dir: std::path::PathBuf,
    _postgres: Option<PostgresDatabase>,
}

impl Room {
    pub async fn open(store: Store) -> Self {
        let dir = temp_dir();
        let postgres = (store == Store::Postgres).then(PostgresDatabase::create);
        let url = match &postgres {
            Some(postgres) => postgres.url(),
            None => format!("sqlite://{}", dir.join("artel.db").display()),
        };
        let database = Database::connect(&url, Options::default()).await.expect("a database");
        Migrator::up(database.writer(), None).await.expect("migrated");
        Self { database, dir, _postgres: postgres }
    }

    /// A journal whose writer runs until the last of its clones is dropped.
    pub async fn journal(&self, node: &str) -> (Journal, CommitFeed) {
        let (journal, mut writer) =
            JournalWriter::register(self.database.clone(), node, clock::now()).await.expect("registered");
        let committed = writer.commit_feed();
        tokio::spawn(writer.run());
        (journal, committed)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A session as the rules tell it, before anything is stored.
pub struct Tale {
    pub id: SessionId,
    pub user: UserId,
    pub state: Session,
}

impl Tale {
    pub fn new(user: UserId) -> Self {
        Self { id: SessionId(Uuid::now_v7()), user, state: Session::default() }
    }

    /// What a command makes happen, as records that go on from what was told before.
    pub fn tell(&mut self, command: Command) -> Vec<Arc<Record>> {
        self.tell_with_key(Uuid::now_v7(), command)
    }

    pub fn tell_with_key(&mut self, command_id: Uuid, command: Command) -> Vec<Arc<Record>> {
        let (at, dice) = (clock::now(), Dice(rand::random()));
        let request = Request { user: self.user, game: None, command, at, dice };
        let decided = self.state.decide(&request).expect("the rules allow it");
        let before = self.state.seq();
        let mut prev_hash = self.state.last_hash();
        let records: Vec<Arc<Record>> = decided
            .into_iter()
            .zip(1..)
            .map(|(decided, place)| {
                let event = Event {
                    event_id: Uuid::now_v7(),
                    session_id: self.id,
                    seq: before + place,
                    fact: decided.fact,
                    game_id: decided.game_id,
                    actor: Actor { user_id: Some(self.user), participant_id: None },
                    command_id: CommandId(command_id),
                    correlation_id: CorrelationId(command_id),
                    timestamp: at,
                    proof: Proof::after(prev_hash),
                };
                let record = Record::new(event, 7);
                prev_hash = record.event.proof.hash;
                Arc::new(record)
            })
            .collect();
        records.iter().for_each(|record| self.state.apply(&record.event));
        records
    }

    /// The session, a guest beside its creator, and a game in progress.
    pub fn opening(&mut self) -> Vec<Arc<Record>> {
        let mut records = self.tell(create(self.id));
        records.extend(self.tell(Command::AddGuest { display_name: "Guest".to_owned() }));
        let order = Some(self.state.participants().iter().map(|participant| participant.id).collect());
        records.extend(self.tell(Command::Score(Scoring::StartGame { order })));
        records
    }

    pub fn participant(&self) -> ParticipantId {
        self.state.participants()[0].id
    }

    pub fn ball(&self) -> Command {
        ball(self.participant())
    }
}

/// A white ball for a place.
pub fn ball(participant_id: ParticipantId) -> Command {
    Command::Score(Scoring::PotBall {
        participant_id,
        color: "white".to_owned(),
        own_ball: false,
        count: None,
        free_ball: false,
        note: None,
        correction: false,
    })
}

pub fn create(session_id: SessionId) -> Command {
    Command::CreateSession(new_session(session_id))
}

pub fn new_session(session_id: SessionId) -> CreateSession {
    let rules: Rules = serde_json::from_value(kolkhoz()).expect("rules");
    CreateSession {
        session_id,
        chat_id: Uuid::now_v7(),
        code: Uuid::new_v4().simple().to_string()[..6].to_uppercase(),
        name: "Friday".to_owned(),
        rules,
        template_id: None,
        max_players: None,
        is_private: true,
        display_name: "Anna".to_owned(),
    }
}
