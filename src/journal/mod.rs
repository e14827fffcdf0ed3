//! The log: stored before told.
//! Sessions append to it and read from it; its commits are what `messaging` publishes. Knows the tables, not the rules:
//! whether an event may happen was decided before it came here.

mod command_key;
pub mod commit_feed;
mod compare;
pub mod follow;
mod heads;
mod lists;
mod opened;
mod single_statement;
mod snapshot;
mod verify;
mod writer;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytestring::ByteString;
use entity::event;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};
use uuid::Uuid;

use self::command_key::CommandKeys;
pub use self::compare::{Comparison, compare};
pub(crate) use self::opened::note_made;
pub use self::opened::{Commands, LoadedSession, Snapshot};
pub use self::snapshot::States;
pub(crate) use self::snapshot::state_at;
pub use self::verify::{Verification, verify};
pub use self::writer::JournalWriter;
use crate::database::Database;
use crate::game::event::{Event, EventHash, Fact};
use crate::ids::{CommandId, Seq, SessionId, UserId};

/// How many appends may wait for the writer; each session has one at most, so this bounds live sessions under load.
const APPENDS_WAITING_MAX: usize = 8_192;
/// How many read history at once: fewer than the database has readers.
const HISTORIES_AT_ONCE: usize = 2;
/// Events of it that are read at once.
const HISTORY_PIECE: u64 = 100;
/// Sessions of one query: databases limit the values of a statement.
const HEADS_AT_ONCE: usize = 500;

/// How a join code begins in the `session.created` of an earlier version. In a text, its quotes would be escaped.
const CODE: &str = "\"code\":\"";

/// An event with its one encoding: the same bytes go to the database, the bus and every watcher.
#[derive(Debug)]
pub struct Record {
    pub event: Event,
    /// The event as JSON.
    pub json: Box<RawValue>,
    /// Fingerprint of the body of the command that made it.
    pub command_hash: i64,
    shared: OnceLock<ByteString>,
}

impl Record {
    /// Closes a new event with its hash and encodes it.
    pub fn new(event: Event, command_hash: i64) -> Self {
        let (event, json) = event.sealed();
        Self { event, json, command_hash, shared: OnceLock::new() }
    }

    /// An event that another node stored, from its JSON; `None`: it is none.
    pub fn told(json: String, command_hash: i64) -> Option<Self> {
        Self::read(json, command_hash).ok()
    }

    fn read(json: String, command_hash: i64) -> Result<Self, serde_json::Error> {
        let mut event: Event = match serde_json::from_str(&json) {
            Ok(event) => event,
            Err(error) => Event::of_newer_version(&json).ok_or(error)?,
        };
        let mut json = json;
        if matches!(event.fact, Fact::SessionCreated(_)) {
            json = without_code(&json);
        }
        if event.proof.hash.is_none() {
            event.proof.unsealed = Some(EventHash::of(&json));
        }
        Ok(Self { event, json: RawValue::from_string(json)?, command_hash, shared: OnceLock::new() })
    }

    /// As it is stored: nodes of earlier versions read no `session.created` without a code, so it has an empty one.
    pub(crate) fn stored_body(&self) -> Cow<'_, str> {
        match &self.event.fact {
            Fact::SessionCreated(_) => {
                Cow::Owned(self.json.get().replacen("\"data\":{", "\"data\":{\"code\":\"\",", 1))
            }
            _ => Cow::Borrowed(self.json.get()),
        }
    }

    fn stored(row: event::Model) -> Result<Self, JournalError> {
        let unreadable = |cause| JournalError::Unreadable { session: row.session_id, seq: Seq(row.seq), cause };
        Self::read(row.body, row.command_hash).map_err(unreadable)
    }

    /// The frame that all watchers of one kind share: encoded by the first who asks.
    pub fn frame(&self, encode: impl FnOnce(&Self) -> ByteString) -> ByteString {
        self.shared.get_or_init(|| encode(self)).clone()
    }

    /// Only a newer version reads it whole.
    pub fn needs_newer(&self) -> bool {
        matches!(self.event.fact, Fact::Newer(_))
    }

    /// The event's number in its session.
    pub fn seq(&self) -> Seq {
        self.event.seq
    }
}

/// The JSON of a `session.created` as it is told: with no join code, which earlier versions wrote into it.
pub(crate) fn without_code(json: &str) -> String {
    let member = json.find(CODE).and_then(|start| {
        let value = start + CODE.len();
        let length = json.get(value..)?.find('"')? + 1;
        // With the comma after it, or the one before it.
        let end = value + length;
        Some(match json.get(end..)?.starts_with(',') {
            true => start..end + 1,
            false => start.saturating_sub(1)..end,
        })
    });
    let mut json = json.to_owned();
    if let Some(member) = member {
        json.replace_range(member, "");
    }
    json
}

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Try again later.
    #[error("the database does not answer: {0}")]
    Unavailable(#[from] DbErr),
    /// Trying again is of no use: an operator must look.
    #[error("event {seq} of session {session} is unreadable: {cause}")]
    Unreadable {
        /// Whose log.
        session: Uuid,
        /// Which event.
        seq: Seq,
        /// What the decoder said.
        cause: serde_json::Error,
    },
}

/// Why events were not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Surely not stored: the head of the session is another one. Read the tail and decide again.
    #[error("another node was faster")]
    Conflict,
    /// Surely not stored: these commands have keys that the same user used for others before, in whatever session.
    #[error("an idempotency key was used for another command")]
    KeysUsed(Vec<(UserId, CommandId)>),
    /// Perhaps stored (a commit may succeed unheard): read the tail before deciding anything.
    #[error("the database does not answer")]
    Unavailable,
}

pub(crate) struct Append {
    session: SessionId,
    after: Seq,
    records: Vec<Arc<Record>>,
    /// When it was asked for.
    since: Instant,
    answer: oneshot::Sender<Result<(), AppendError>>,
}

pub(crate) enum Work {
    Append(Append),
    Flush(oneshot::Sender<()>),
    Snapshot(SessionId, Box<Snapshot>),
    Published,
}

/// The door to the log.
#[derive(Clone)]
pub struct Journal {
    database: Database,
    /// Where its connections live; see `database.rs`.
    runtime: Handle,
    keys: CommandKeys,
    work: mpsc::Sender<Work>,
    /// Who may read history now.
    histories: Arc<Semaphore>,
}

impl Journal {
    /// Stores `records`, numbered from `after + 1`, if the session's last event is `after`; all or none of them.
    /// `after` 0 opens the session; it conflicts when its join code or its opening command exists already.
    pub async fn append(&self, session: SessionId, after: Seq, records: Vec<Arc<Record>>) -> Result<(), AppendError> {
        let (answer, stored) = oneshot::channel();
        let append = Append { session, after, records, since: Instant::now(), answer };
        self.work.send(Work::Append(append)).await.map_err(|_| AppendError::Unavailable)?;
        stored.await.unwrap_or(Err(AppendError::Unavailable))
    }

    /// Up to `limit` events after `after`, in order.
    pub async fn read(&self, session: SessionId, after: Seq, limit: u64) -> Result<Vec<Arc<Record>>, JournalError> {
        self.there(|db| async move { read(db.reader(), session, after, limit).await }).await
    }

    /// Up to `limit` events before `before`, the last one first.
    pub async fn read_back(
        &self,
        session: SessionId,
        before: Seq,
        limit: u64,
    ) -> Result<Vec<Arc<Record>>, JournalError> {
        self.there(|db| async move {
            let rows = event::Entity::find()
                .filter(event::Column::SessionId.eq(session.0))
                .filter(event::Column::Seq.lt(before.0))
                .order_by_desc(event::Column::Seq)
                .limit(limit);
            rows.all(db.reader()).await?.into_iter().map(|row| Record::stored(row).map(Arc::new)).collect()
        })
        .await
    }

    /// These events of a session, in order.
    pub async fn read_these(&self, session: SessionId, seqs: Vec<Seq>) -> Result<Vec<Arc<Record>>, JournalError> {
        self.there(|db| async move {
            let rows = event::Entity::find()
                .filter(event::Column::SessionId.eq(session.0))
                .filter(event::Column::Seq.is_in(seqs.into_iter().map(|seq| seq.0)))
                .order_by_asc(event::Column::Seq);
            rows.all(db.reader()).await?.into_iter().map(|row| Record::stored(row).map(Arc::new)).collect()
        })
        .await
    }

    /// The join code that lets others in now; `None`: there is no such session.
    pub async fn code(&self, session: SessionId) -> Result<Option<String>, JournalError> {
        let row = self.row(session).await?;
        Ok(row.map(|row| row.code))
    }

    /// The same for those who come back, of whom there may be many at once: they take turns, and what they read is read in
    /// pieces, so that commits and all other readers get in between.
    pub async fn read_history(
        &self,
        session: SessionId,
        after: Seq,
        limit: u64,
    ) -> Result<Vec<Arc<Record>>, JournalError> {
        let gone = |_| DbErr::Custom("the journal has ended".to_owned());
        let _turn = self.histories.acquire().await.map_err(gone)?;
        let (mut records, mut last) = (Vec::new(), after);
        loop {
            let piece = HISTORY_PIECE.min(limit - records.len() as u64);
            let read = self.read(session, last, piece).await?;
            let is_end = (read.len() as u64) < HISTORY_PIECE;
            last = read.last().map_or(last, |record| record.seq());
            records.extend(read);
            if is_end || records.len() as u64 >= limit {
                return Ok(records);
            }
        }
    }

    /// The number of the last event; `None`: there is no such session.
    pub async fn head(&self, session: SessionId) -> Result<Option<Seq>, JournalError> {
        Ok(self.row(session).await?.map(|row| Seq(row.head)))
    }

    async fn row(&self, session: SessionId) -> Result<Option<entity::session::Model>, JournalError> {
        self.there(move |db| async move { Ok(entity::session::Entity::find_by_id(session.0).one(db.reader()).await?) })
            .await
    }

    /// The numbers of the last events of several sessions.
    pub async fn heads(&self, sessions: Vec<SessionId>) -> Result<Vec<(SessionId, Seq)>, JournalError> {
        use entity::session::{Column, Entity};
        self.there(|db| async move {
            let mut heads = Vec::with_capacity(sessions.len());
            for sessions in sessions.chunks(HEADS_AT_ONCE) {
                let rows: Vec<(Uuid, i64)> = Entity::find()
                    .select_only()
                    .columns([Column::Id, Column::Head])
                    .filter(Column::Id.is_in(sessions.iter().map(|session| session.0)))
                    .into_tuple()
                    .all(db.reader())
                    .await?;
                heads.extend(rows.into_iter().map(|(id, head)| (SessionId(id), Seq(head))));
            }
            Ok(heads)
        })
        .await
    }

    /// The state of a session and what a live session needs beside it; `None`: there is no such session.
    pub async fn open(&self, session: SessionId) -> Result<Option<LoadedSession>, JournalError> {
        self.there(|db| async move { snapshot::open(db.reader(), session).await }).await
    }

    /// The states of several sessions up to these events, read together; or why one can't be read. Each has an event.
    pub async fn states(&self, upto: Vec<(SessionId, Seq)>) -> Result<States, DbErr> {
        self.there(|db| async move { snapshot::states(db.reader(), &upto).await }).await
    }

    /// The session that an account opened under that idempotency key, and the fingerprint of what was asked then.
    pub async fn opened_by(&self, user: UserId, command: CommandId) -> Result<Option<(SessionId, i64)>, JournalError> {
        use entity::session::{Column, Entity};
        self.there(move |db| async move {
            let mine = Entity::find().filter(Column::OpenedBy.eq(user.0)).filter(Column::OpenedCommand.eq(command.0));
            let Some(row) = mine.one(db.reader()).await? else { return Ok(None) };
            let first = read(db.reader(), SessionId(row.id), Seq::ZERO, 1).await?;
            Ok(first.first().map(|record| (SessionId(row.id), record.command_hash)))
        })
        .await
    }

    /// Whether the log of any session has a command under that key.
    pub async fn is_key_used(&self, key: (UserId, CommandId)) -> Result<bool, JournalError> {
        let keys = self.keys.clone();
        self.there(move |db| async move { Ok(keys.is_used(db.reader(), key).await?) }).await
    }

    /// Runs a query where the journal's connections live.
    async fn there<T: Send + 'static, E, F>(&self, query: impl FnOnce(Database) -> F) -> Result<T, E>
    where
        E: From<DbErr> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let gone = |_| DbErr::Custom("the runtime of the journal has ended".to_owned());
        self.runtime.spawn(query(self.database.clone())).await.map_err(gone)?
    }

    /// Keeps a snapshot, beside the next appends. It may be lost: opening takes a little longer then.
    pub fn keep(&self, session: SessionId, snapshot: Snapshot) {
        // A full queue means the writer is busy with events, which come first.
        let _ = self.work.try_send(Work::Snapshot(session, Box::new(snapshot)));
    }

    /// Resolves when everything asked for so far is committed or refused.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.work.send(Work::Flush(done)).await.is_ok() {
            let _ = flushed.await;
        }
    }
}

/// Sessions of one statement.
const PARTS_MAX: usize = 256;

/// Parts of several logs in the caller's transaction, each after one event and up to and with another, at once.
pub(crate) async fn read_parts(
    tx: &impl ConnectionTrait,
    parts: &[(SessionId, Seq, Seq)],
) -> Result<HashMap<SessionId, Vec<Arc<Record>>>, JournalError> {
    let mut read: HashMap<SessionId, Vec<Arc<Record>>> = HashMap::with_capacity(parts.len());
    for parts in parts.chunks(PARTS_MAX) {
        for row in heads::parts(tx, parts).await? {
            let session = SessionId(row.session_id);
            read.entry(session).or_default().push(Arc::new(Record::stored(row)?));
        }
    }
    Ok(read)
}

/// Up to `limit` events after `after`, in order.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    session: SessionId,
    after: Seq,
    limit: u64,
) -> Result<Vec<Arc<Record>>, JournalError> {
    event::Entity::find()
        .filter(event::Column::SessionId.eq(session.0))
        .filter(event::Column::Seq.gt(after.0))
        .order_by_asc(event::Column::Seq)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(|row| Record::stored(row).map(Arc::new))
        .collect()
}
