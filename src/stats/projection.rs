//! From logs to the tables of the statistics: applies sessions up to what hints say, in one transaction with the cursors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use entity::game_player;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::details::PlayerDetails;
use super::told::{Change, StatsAnnouncer};
use super::{CHECK, award, cursor};
use crate::database::Database;
use crate::game::view::{GameStatus, GameSummary, PlayerSummary};
use crate::game::{Fact, Session};
use crate::ids::{GameId, Seq, SessionId, UserId};
use crate::journal::{self, JournalError, Record};
use crate::messaging::consumer::Failure;
use crate::messaging::message::{Peers, messages_of};
use crate::outbox::envelope::Envelope;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNREADABLE: Trouble = Trouble::new();

/// Sessions whose state is kept between batches.
const KEPT_MAX: usize = 1_024;
/// Events read at once.
const PAGE: u64 = 2_000;
/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// How far a session is known to have got, and what is at hand of its events.
#[derive(Default)]
pub(super) struct Hint {
    pub(super) upto: Seq,
    pub(super) records: Vec<Arc<Record>>,
}

/// Hints by session: rows are locked in this order, so nodes can't deadlock.
pub(super) type Hints = BTreeMap<SessionId, Hint>;
/// Players whose achievements are to be looked at, each with the message that asks for it.
pub(super) type Checks = BTreeMap<UserId, Arc<Envelope>>;

/// What was left out.
#[derive(Default)]
pub(super) struct SkippedSessions {
    /// Somebody else holds these; they may be behind what was hinted at.
    pub(super) held: Vec<(SessionId, Seq)>,
    /// Why the log of a session can't be read.
    pub(super) unreadable: Vec<String>,
    /// There are sessions that a newer version plays. Its nodes find by their sweeps what is left out here.
    pub(super) needs_newer: bool,
}

/// Applies logs. Several may do so at the same time, in this process or others.
pub(super) struct Projection {
    kept: HashMap<SessionId, Session>,
    touched: Vec<SessionId>,
    /// What the open transaction changes.
    changes: Vec<(UserId, Change)>,
    untold: StatsAnnouncer,
}

/// What is to be stored.
#[derive(Default)]
struct ProjectionBatch {
    rows: Vec<game_player::ActiveModel>,
    gone: Vec<Uuid>,
    cursors: Vec<(SessionId, Seq)>,
    checks: Checks,
    needs_newer: bool,
}

impl Projection {
    pub(super) fn new(untold: StatsAnnouncer) -> Self {
        Self { kept: HashMap::new(), touched: Vec::new(), changes: Vec::new(), untold }
    }

    /// What can't be done inside a transaction. Comes before `apply`.
    pub(super) async fn prepare(&self, database: &Database, hints: &Hints) -> Result<(), DbErr> {
        if !database.is_postgres() {
            return Ok(());
        }
        let unknown: Vec<Uuid> = hints.keys().filter(|id| !self.kept.contains_key(id)).map(|id| id.0).collect();
        cursor::make(database.writer(), &unknown).await
    }

    /// Applies what can be: sessions that somebody else holds, or whose log can't be read, are left out.
    pub(super) async fn apply(
        &mut self,
        tx: &DatabaseTransaction,
        mut hints: Hints,
        mut checks: Checks,
    ) -> Result<SkippedSessions, Failure> {
        let sessions: Vec<Uuid> = hints.keys().map(|id| id.0).collect();
        let cursors = cursor::hold(tx, &sessions).await?;
        let mut left_out = SkippedSessions::default();
        hints.retain(|id, hint| match cursors.get(id) {
            Some(cursor) => hint.upto > *cursor,
            None => {
                left_out.held.push((*id, hint.upto));
                false
            }
        });
        // What is held is read only until it is stored, so one that can't be read may be left out on the way.
        let mut applied = loop {
            match self.follow_all(tx, &hints, &cursors).await {
                Ok(applied) => break applied,
                Err(JournalError::Unavailable(error)) => return Err(error.into()),
                Err(error @ JournalError::Unreadable { session, .. }) => {
                    if UNREADABLE.is_news() {
                        tracing::error!(%error, "a session is left out of the statistics");
                    }
                    left_out.unreadable.push(error.to_string());
                    if hints.remove(&SessionId(session)).is_none() {
                        return Err(Failure::Permanent(error.to_string()));
                    }
                }
            }
        };
        checks.append(&mut applied.checks);
        left_out.needs_newer = applied.needs_newer;
        store(tx, applied.rows, applied.gone).await?;
        cursor::advance(tx, &applied.cursors).await?;
        award::check(tx, &checks).await?;
        Ok(left_out)
    }

    /// The transaction of the last `apply` is settled.
    pub(super) fn settled(&mut self, committed: bool) {
        let changes = std::mem::take(&mut self.changes);
        if committed {
            self.untold.add(changes);
        }
        for id in self.touched.drain(..) {
            if !committed {
                // The state in memory is ahead of the cursor in the table now.
                self.kept.remove(&id);
            }
        }
        if self.kept.len() > KEPT_MAX {
            self.kept.clear();
        }
    }

    async fn follow_all(
        &mut self,
        tx: &DatabaseTransaction,
        hints: &Hints,
        cursors: &HashMap<SessionId, Seq>,
    ) -> Result<ProjectionBatch, JournalError> {
        self.changes.clear();
        let mut behind = Vec::with_capacity(hints.len());
        for (&id, hint) in hints {
            let cursor = cursors.get(&id).copied().unwrap_or_default();
            let state = self.applied(tx, id, cursor).await?;
            behind.push(LaggingSession { id, hint, cursor, state });
        }
        let missing: Vec<_> = behind.iter().filter_map(LaggingSession::missing).collect();
        let tails = journal::read_parts(tx, &missing).await?;
        let mut applied = ProjectionBatch::default();
        for mut behind in behind {
            let tail = tails.get(&behind.id).map_or(&[][..], Vec::as_slice);
            let (changed, mut checks) = self.follow(tx, &mut behind, tail).await?;
            if behind.state.needs_newer() {
                applied.needs_newer = true;
                continue;
            }
            applied.checks.append(&mut checks);
            self.note(&behind, changed, &mut applied);
            self.touched.push(behind.id);
            self.kept.insert(behind.id, behind.state);
        }
        Ok(applied)
    }

    fn note(
        &mut self,
        LaggingSession { id, cursor, state, .. }: &LaggingSession<'_>,
        changed: BTreeSet<GameId>,
        applied: &mut ProjectionBatch,
    ) {
        for game in changed {
            let summary = state.player_games(game);
            let counted = summary.iter().flat_map(|game| game.players.iter().map(move |player| (game, player)));
            let change =
                |(game, player): (&GameSummary, &PlayerSummary)| Some((player.user_id?, Change::of(*id, game, player)));
            self.changes.extend(counted.filter_map(change));
            match summary {
                Some(summary) if summary.status != GameStatus::Cancelled => {
                    applied.rows.extend(players(state, game, &summary));
                }
                _ => applied.gone.push(game.0),
            }
        }
        if state.seq() > *cursor {
            applied.cursors.push((*id, state.seq()));
        }
    }

    /// A state at or before the cursor: the one in memory, or what the log says.
    async fn applied(&mut self, tx: &DatabaseTransaction, id: SessionId, cursor: Seq) -> Result<Session, JournalError> {
        match self.kept.remove(&id) {
            Some(state) if state.seq() <= cursor => Ok(state),
            _ if cursor == Seq::ZERO => Ok(Session::default()),
            _ => journal::state_at(tx, id, cursor).await,
        }
    }

    /// Follows the log of a session; answers the games that changed, and whose achievements that may concern: the message
    /// that asks for it may be lost.
    async fn follow(
        &self,
        tx: &DatabaseTransaction,
        behind: &mut LaggingSession<'_>,
        tail: &[Arc<Record>],
    ) -> Result<(BTreeSet<GameId>, Checks), JournalError> {
        let (mut changed, mut checks, cursor) = (BTreeSet::new(), Checks::new(), behind.cursor);
        let mut apply = |state: &mut Session, record: &Arc<Record>| {
            if record.seq() != state.seq().next() {
                return;
            }
            state.apply(&record.event);
            if record.seq() > cursor {
                changed.extend(record.event.game_id);
                if let Fact::ParticipantClaimed(claimed) = &record.event.fact {
                    changed.extend(state.games_of(claimed.participant_id));
                }
                let asked = messages_of(record, |key| key == CHECK, Peers::None);
                checks.extend(asked.into_iter().filter_map(|asks| Some((asks.envelope.user_id?, asks.envelope))));
            }
        };
        let state = &mut behind.state;
        // The events at hand and those read for all sessions at once; where that is not all, the log page by page.
        behind.hint.records.iter().chain(tail).for_each(|record| apply(state, record));
        while state.seq() < behind.hint.upto {
            let records = journal::read(tx, behind.id, state.seq(), PAGE).await?;
            if records.is_empty() {
                break;
            }
            records.iter().for_each(|record| apply(state, record));
        }
        Ok((changed, checks))
    }
}

/// A session that has moved on since it was applied.
struct LaggingSession<'a> {
    id: SessionId,
    hint: &'a Hint,
    cursor: Seq,
    state: Session,
}

impl LaggingSession<'_> {
    /// What has to be read: everything after, up to and with.
    fn missing(&self) -> Option<(SessionId, Seq, Seq)> {
        let next = |have: Seq, record: &Arc<Record>| if record.seq() == have.next() { have.next() } else { have };
        let (have, upto) = (self.hint.records.iter().fold(self.state.seq(), next), self.hint.upto);
        (have < upto && upto.since(have) <= PAGE as i64).then_some((self.id, have, upto))
    }
}

/// The rows of a game, as the log says it: one for each player who has an account.
pub(super) fn players(
    session: &Session,
    game: GameId,
    summary: &GameSummary,
) -> impl Iterator<Item = game_player::ActiveModel> {
    let (id, last_seq) = (session.id(), session.last_seq_of(game).unwrap_or_default());
    let completed = summary.status == GameStatus::Completed;
    let status = if completed { "completed" } else { "in_progress" };
    summary.players.iter().filter_map(move |player| {
        Some(game_player::ActiveModel {
            game_id: Set(game.0),
            participant_id: Set(player.participant_id.0),
            session_id: Set(id.0),
            user_id: Set(player.user_id?.0),
            game_type: Set(summary.game_type.clone()),
            status: Set(status.to_owned()),
            started_at_ms: Set(summary.started_at.millis()),
            ended_at_ms: Set(summary.ended_at.map(|at| at.millis())),
            points: Set(player.points),
            balls_potted: Set(player.balls_potted as i32),
            fouls: Set(player.fouls as i32),
            net: Set(if completed { player.net.0 } else { 0 }),
            won: Set(player.won),
            lost: Set(player.lost),
            place: Set(completed.then_some(player.place as i32)),
            currency: Set(Some(summary.currency.clone())),
            details: Set(Some(PlayerDetails::of(last_seq, player).to_json())),
        })
    })
}

async fn store(tx: &DatabaseTransaction, rows: Vec<game_player::ActiveModel>, gone: Vec<Uuid>) -> Result<(), Failure> {
    use game_player::Column;
    let columns = [
        Column::Status,
        Column::EndedAtMs,
        Column::Points,
        Column::BallsPotted,
        Column::Fouls,
        Column::Net,
        Column::Won,
        Column::Lost,
        Column::Place,
        Column::Currency,
        Column::Details,
    ];
    put(tx, rows, &columns).await?;
    if !gone.is_empty() {
        game_player::Entity::delete_many().filter(Column::GameId.is_in(gone)).exec(tx).await?;
    }
    Ok(())
}

/// Stores rows; of those that are there, these columns.
pub(super) async fn put(
    tx: &DatabaseTransaction,
    rows: Vec<game_player::ActiveModel>,
    columns: &[game_player::Column],
) -> Result<(), DbErr> {
    use game_player::Column;
    for rows in rows.chunks(ROWS_MAX) {
        let there = OnConflict::columns([Column::GameId, Column::ParticipantId])
            .update_columns(columns.iter().copied())
            .to_owned();
        game_player::Entity::insert_many(rows.to_vec()).on_conflict(there).exec_without_returning(tx).await?;
    }
    Ok(())
}
