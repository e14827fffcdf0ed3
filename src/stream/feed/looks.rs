//! What the feed reads from the database, beside its other work: a slow database must not keep it from hearing, and from
//! saying that this node lives. One look of a kind at once; what is asked for meanwhile is looked at by the next.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use sea_orm::DbErr;

use crate::account::Accounts;
use crate::chat::WaitingMessages;
use crate::database::Database;
use crate::ids::{MessageId, Seq, SessionId, UserId, WriterId};
use crate::journal::{Journal, JournalError};
use crate::notification::{Notifications, WaitingCount};
use crate::outbox::lease;

/// A process that has not said for so long that it lives need not be asked for.
const LIVING_MS: i64 = 10_000;

/// What was read.
pub(super) enum LookResult {
    /// The last events of sessions.
    Heads(Result<Vec<(SessionId, Seq)>, JournalError>),
    /// Which logins have ended.
    Logins(Result<(), DbErr>),
    /// Which writers live, and how long ago they said so.
    Writers(Result<Vec<(WriterId, Duration)>, DbErr>),
    /// What waits for users.
    Waiting(Result<HashMap<UserId, WaitingItems>, DbErr>),
}

/// What waits for a user, as far as it tells that there is something new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WaitingItems {
    notifications: Option<WaitingCount>,
    last_message: Option<MessageId>,
}

async fn waiting(database: Database, users: HashSet<UserId>) -> Result<HashMap<UserId, WaitingItems>, DbErr> {
    let mut waiting: HashMap<UserId, WaitingItems> = HashMap::new();
    for (user, count) in Notifications::new(database.clone()).waiting(users.iter().copied()).await? {
        waiting.entry(user).or_default().notifications = Some(count);
    }
    for (user, message) in WaitingMessages::new(database).last_of(users).await? {
        waiting.entry(user).or_default().last_message = Some(message);
    }
    Ok(waiting)
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Heads,
    Logins,
    Writers,
    Waiting,
}

/// The looks under way.
pub(super) struct DatabaseLooks {
    database: Database,
    journal: Journal,
    accounts: Accounts,
    running: FuturesUnordered<BoxFuture<'static, LookResult>>,
    kinds: HashSet<Kind>,
    /// Sessions whose heads are to be looked at when the look under way is done.
    behind: HashSet<SessionId>,
}

impl DatabaseLooks {
    pub(super) fn new(database: Database, journal: Journal, accounts: Accounts) -> Self {
        Self {
            database,
            journal,
            accounts,
            running: FuturesUnordered::new(),
            kinds: HashSet::new(),
            behind: HashSet::new(),
        }
    }

    /// How far the logs of these are.
    pub(super) fn at_heads(&mut self, sessions: impl IntoIterator<Item = SessionId>) {
        self.behind.extend(sessions);
        if self.behind.is_empty() || !self.kinds.insert(Kind::Heads) {
            return;
        }
        let (journal, sessions) = (self.journal.clone(), self.behind.drain().collect());
        self.running.push(Box::pin(async move { LookResult::Heads(journal.heads(sessions).await) }));
    }

    /// Which logins have ended.
    pub(super) fn at_logins(&mut self) {
        if self.kinds.insert(Kind::Logins) {
            let (accounts, database) = (self.accounts.clone(), self.database.clone());
            self.running.push(Box::pin(async move { LookResult::Logins(accounts.load_revoked(&database).await) }));
        }
    }

    /// Which processes live.
    pub(super) fn at_writers(&mut self) {
        if self.kinds.insert(Kind::Writers) {
            let database = self.database.clone();
            self.running
                .push(Box::pin(async move { LookResult::Writers(lease::living(database.reader(), LIVING_MS).await) }));
        }
    }

    /// What waits for these users.
    pub(super) fn at_waiting(&mut self, users: HashSet<UserId>) {
        if !users.is_empty() && self.kinds.insert(Kind::Waiting) {
            let database = self.database.clone();
            self.running.push(Box::pin(async move { LookResult::Waiting(waiting(database, users).await) }));
        }
    }

    /// The next one that is done; to be polled only while there is one.
    pub(super) async fn next(&mut self) -> Option<LookResult> {
        let looked = self.running.next().await?;
        let kind = match &looked {
            LookResult::Heads(_) => Kind::Heads,
            LookResult::Logins(_) => Kind::Logins,
            LookResult::Writers(_) => Kind::Writers,
            LookResult::Waiting(_) => Kind::Waiting,
        };
        self.kinds.remove(&kind);
        self.at_heads([]);
        Some(looked)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}
