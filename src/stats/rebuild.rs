//! The statistics made anew from all logs, by the same fold that runs beside the games: what it finds different was wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use entity::{achievement, game_player, session};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::projection::{Checks, Projection};
use super::told::StatsAnnouncer;
use super::{cursor, sweep};
use crate::database::Database;
use crate::ids::{Seq, SessionId};
use crate::messaging::consumer::Failure;

/// Sessions of one transaction.
const SESSIONS_MAX: u64 = 50;
/// How often sessions that a running server holds are tried again, and how soon.
const ATTEMPTS: usize = 50;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What a rebuild found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub sessions: u64,
    /// Rows of players in games, and achievements, that were not as the logs say; they are now.
    pub differed: u64,
    /// Sessions whose log can't be read, or which a server did not let go of: they are as they were.
    pub left_out: u64,
}

impl Rebuilt {
    /// Nothing was wrong, and nothing was left out.
    pub fn agrees(&self) -> bool {
        self.differed == 0 && self.left_out == 0
    }
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, differed, left_out } = self;
        write!(f, "{sessions} sessions: {differed} rows differed and are put right, {left_out} sessions left out")
    }
}

/// The rows that are folded from some sessions: each by its key, as text.
type FoldedRows = BTreeMap<String, String>;

/// Goes through all sessions, the oldest first. `progress` is told how many of how many are done.
pub async fn rebuild(database: &Database, progress: impl Fn(u64, u64)) -> Result<Rebuilt, Failure> {
    let all = session::Entity::find().count(database.reader()).await?;
    let mut projection = Projection::new(StatsAnnouncer::default());
    let (mut rebuilt, mut after) = (Rebuilt::default(), Uuid::nil());
    loop {
        let sessions = session::Entity::find()
            .select_only()
            .columns([session::Column::Id, session::Column::Head])
            .filter(session::Column::Id.gt(after))
            .order_by_asc(session::Column::Id)
            .limit(SESSIONS_MAX);
        let sessions: Vec<(Uuid, i64)> = sessions.into_tuple().all(database.reader()).await?;
        let Some((last, _)) = sessions.last() else { return Ok(rebuilt) };
        after = *last;
        rebuilt.sessions += sessions.len() as u64;
        match fold(database, &mut projection, &sessions).await? {
            Some(differed) => rebuilt.differed += differed,
            // One by one, so that none is left out for another.
            None => {
                for session in &sessions {
                    match patiently(database, &mut projection, session).await? {
                        Some(differed) => rebuilt.differed += differed,
                        None => rebuilt.left_out += 1,
                    }
                }
            }
        }
        progress(rebuilt.sessions, all.max(rebuilt.sessions));
    }
}

async fn patiently(
    database: &Database,
    projection: &mut Projection,
    session: &(Uuid, i64),
) -> Result<Option<u64>, Failure> {
    for _ in 0..ATTEMPTS {
        if let Some(differed) = fold(database, projection, std::slice::from_ref(session)).await? {
            return Ok(Some(differed));
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    Ok(None)
}

/// Folds these anew and answers how many rows differed; stores nothing where none did. `None`: one of them is held by a
/// server or can't be read, and all are as they were.
async fn fold(
    database: &Database,
    projection: &mut Projection,
    sessions: &[(Uuid, i64)],
) -> Result<Option<u64>, Failure> {
    let ids: Vec<Uuid> = sessions.iter().map(|(id, _)| *id).collect();
    let hints = || sweep::hints(sessions.iter().map(|(id, head)| (SessionId(*id), Seq(*head))));
    projection.prepare(database, &hints()).await?;
    let tx = database.begin_write().await?;
    let held = cursor::hold(&tx, &ids).await?;
    if held.len() < ids.len() {
        return Ok(None);
    }
    // What is not applied yet is late, not wrong.
    let late = projection.apply(&tx, hints(), Checks::new()).await?;
    let before = rows(&tx, &ids).await?;
    game_player::Entity::delete_many()
        .filter(game_player::Column::SessionId.is_in(ids.iter().copied()))
        .exec(&tx)
        .await?;
    let beginnings: Vec<_> = held.keys().map(|id| (*id, Seq::ZERO)).collect();
    cursor::advance(&tx, &beginnings).await?;
    projection.settled(false);
    let anew = projection.apply(&tx, hints(), Checks::new()).await?;
    let after = rows(&tx, &ids).await?;
    if [&late, &anew].iter().any(|left| !left.unreadable.is_empty() || !left.held.is_empty() || left.needs_newer) {
        projection.settled(false);
        return Ok(None);
    }
    let differed = before.iter().filter(|(key, row)| after.get(*key) != Some(*row)).count()
        + after.keys().filter(|key| !before.contains_key(*key)).count();
    if differed > 0 {
        tx.commit().await?;
    }
    projection.settled(false);
    Ok(Some(differed as u64))
}

async fn rows(tx: &DatabaseTransaction, sessions: &[Uuid]) -> Result<FoldedRows, Failure> {
    let games = game_player::Entity::find().filter(game_player::Column::SessionId.is_in(sessions.iter().copied()));
    let games = games.all(tx).await?;
    let users: BTreeSet<Uuid> = games.iter().map(|row| row.user_id).collect();
    let mut rows: FoldedRows =
        games.iter().map(|row| (format!("{}/{}", row.game_id, row.participant_id), format!("{row:?}"))).collect();
    for row in achievements_of(tx, users).await? {
        rows.insert(format!("{}/{}", row.user_id, row.code), format!("{row:?}"));
    }
    Ok(rows)
}

async fn achievements_of(tx: &impl ConnectionTrait, users: BTreeSet<Uuid>) -> Result<Vec<achievement::Model>, Failure> {
    Ok(achievement::Entity::find().filter(achievement::Column::UserId.is_in(users)).all(tx).await?)
}
