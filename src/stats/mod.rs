//! Player statistics: a projection of the log. A message is only a hint that a session has moved on; what is applied is
//! the log itself, up to a cursor kept in the same transaction. So results are exact whatever is doubled, late or
//! shuffled, and a void needs no case of its own.

pub mod achievements;
mod award;
mod fairness;
mod games;
mod leaderboard;
pub mod statistics;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::web;

use entity::{consumer_cursor, game_player};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::database::Database;
use crate::game::Session;
use crate::game::id::{GameId, Seq, SessionId, UserId};
use crate::game::view::{GameStatus, GameSummary};
use crate::journal::envelope::Envelope;
use crate::journal::{Journal, JournalError, Record};
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, scaling, topology};

use self::told::{Change, Untold};

const CONSUMER: &str = "statistics";
/// Asks for a look at a player's achievements.
const CHECK: &str = "stats.achievement_check";
/// Sessions whose state is kept between batches.
const KEPT_MAX: usize = 1_024;
/// Events read at once.
const PAGE: u64 = 2_000;
/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// The consumer of `stats.service.queue`.
pub struct Statistics {
    journal: Journal,
    kept: HashMap<SessionId, Session>,
    touched: Vec<SessionId>,
    /// What the open transaction changes.
    changes: Vec<(UserId, Change)>,
    untold: Untold,
}

impl Statistics {
    /// A consumer that reads the log where messages hint at it.
    pub fn new(journal: Journal) -> Self {
        Self { journal, kept: HashMap::new(), touched: Vec::new(), changes: Vec::new(), untold: Untold::default() }
    }

    /// Consumes until the bus closes.
    pub fn run(self, bus: Bus, database: Database) -> impl Future<Output = ()> + Send {
        let telling = self.untold.clone().run(bus.clone());
        let worker = move || Self { untold: self.untold.clone(), ..Self::new(self.journal.clone()) };
        let consuming = scaling::run(bus, &topology::STATS, database, worker);
        async move {
            tokio::select! {
                () = consuming => {}
                () = telling => {}
            }
        }
    }

    /// A state at or before the cursor: the one in memory, or what the log says.
    async fn applied(&mut self, tx: &DatabaseTransaction, id: SessionId, cursor: Seq) -> Result<Session, JournalError> {
        match self.kept.remove(&id) {
            Some(state) if state.seq() <= cursor => Ok(state),
            _ if cursor == 0 => Ok(Session::default()),
            _ => self.journal.state_at(tx, id, cursor).await,
        }
    }

    /// Follows the log of a session; answers the games that changed.
    async fn follow(
        &self,
        tx: &DatabaseTransaction,
        behind: &mut Behind<'_>,
        tail: &[Arc<Record>],
    ) -> Result<BTreeSet<GameId>, JournalError> {
        let mut changed = BTreeSet::new();
        let mut apply = |state: &mut Session, record: &Record| {
            if record.seq() == state.seq() + 1 {
                changed.extend(record.event.game_id);
                state.apply(&record.event);
            }
        };
        let state = &mut behind.state;
        // The events at hand and those read for all sessions at once; where that is not all, the log page by page.
        at_hand(behind.hints).chain(tail).for_each(|record| apply(state, record));
        while state.seq() < behind.upto {
            let records = self.journal.read_in(tx, behind.id, state.seq(), PAGE).await?;
            if records.is_empty() {
                break;
            }
            records.iter().for_each(|record| apply(state, record));
        }
        Ok(changed)
    }
}

/// A session that has moved on since it was applied.
struct Behind<'a> {
    id: SessionId,
    hints: &'a [&'a Message],
    cursor: Seq,
    state: Session,
    upto: Seq,
}

impl Behind<'_> {
    /// What has to be read: everything after, up to and with.
    fn missing(&self) -> Option<(SessionId, Seq, Seq)> {
        let next = |have, record: &Arc<Record>| if record.seq() == have + 1 { have + 1 } else { have };
        let have = at_hand(self.hints).fold(self.state.seq(), next);
        (have < self.upto && self.upto - have <= PAGE as i64).then_some((self.id, have, self.upto))
    }
}

fn at_hand<'a>(hints: &'a [&Message]) -> impl Iterator<Item = &'a Arc<Record>> {
    hints.iter().filter_map(|message| message.record.as_ref())
}

impl Handler for Statistics {
    async fn apply(&mut self, tx: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        let mut hints: BTreeMap<SessionId, Vec<&Message>> = BTreeMap::new();
        let mut checks: BTreeMap<UserId, Arc<Envelope>> = BTreeMap::new();
        for message in messages {
            let envelope = &message.envelope;
            if let (CHECK, Some(user)) = (envelope.event_type.as_str(), envelope.user_id) {
                checks.insert(user, envelope.clone());
            }
            if let (Some(session), Some(_)) = (envelope.session_id, envelope.seq) {
                hints.entry(session).or_default().push(message);
            }
        }
        let (mut rows, mut gone, mut cursors) = (Vec::new(), Vec::new(), Vec::new());
        let applied = lock(tx, hints.keys().copied()).await?;
        let mut behind = Vec::with_capacity(hints.len());
        for (&id, hints) in &hints {
            let cursor = applied.get(&id).copied().unwrap_or_default();
            let upto = hints.iter().filter_map(|message| message.envelope.seq).max().unwrap_or_default();
            if upto > cursor {
                let state = self.applied(tx, id, cursor).await?;
                behind.push(Behind { id, hints, cursor, state, upto });
            }
        }
        let missing: Vec<_> = behind.iter().filter_map(Behind::missing).collect();
        let tails = self.journal.read_parts_in(tx, &missing).await?;
        for mut behind in behind {
            let id = behind.id;
            let tail = tails.get(&id).map_or(&[][..], Vec::as_slice);
            let changed = self.follow(tx, &mut behind, tail).await?;
            let state = behind.state;
            for game in changed {
                let summary = state.player_games(game);
                let counted = summary.iter().flat_map(|game| game.players.iter().map(move |player| (game, player)));
                self.changes
                    .extend(counted.filter_map(|(game, player)| Some((player.user_id?, Change::of(id, game, player)))));
                match summary {
                    Some(summary) if summary.status != GameStatus::Cancelled => {
                        rows.extend(players(id, game, &summary))
                    }
                    _ => gone.push(game.0),
                }
            }
            if state.seq() > behind.cursor {
                cursors.push(consumer_cursor::ActiveModel {
                    consumer: Set(CONSUMER.to_owned()),
                    session_id: Set(id.0),
                    seq: Set(state.seq()),
                });
            }
            self.touched.push(id);
            self.kept.insert(id, state);
        }
        store(tx, rows, gone, cursors).await?;
        // The log is applied up to what asked for the check, so it sees all there is.
        Ok(award::check(tx, &checks).await?)
    }

    fn settled(&mut self, committed: bool) {
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
}

/// How far these sessions are applied. Nobody else applies them before the transaction ends: the consumer of another
/// node would otherwise write older figures over newer ones. In order of session id, so nodes can't deadlock.
async fn lock(
    tx: &DatabaseTransaction,
    sessions: impl Iterator<Item = SessionId>,
) -> Result<HashMap<SessionId, Seq>, DbErr> {
    use consumer_cursor::{ActiveModel, Column, Entity};
    let sessions: Vec<uuid::Uuid> = sessions.map(|session| session.0).collect();
    let mut applied = HashMap::with_capacity(sessions.len());
    for sessions in sessions.chunks(ROWS_MAX) {
        let rows = sessions.iter().map(|&session| ActiveModel {
            consumer: Set(CONSUMER.to_owned()),
            session_id: Set(session),
            seq: Set(0),
        });
        let there = OnConflict::new().do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
        let cursors = Entity::find()
            .filter(Column::Consumer.eq(CONSUMER))
            .filter(Column::SessionId.is_in(sessions.iter().copied()))
            .order_by_asc(Column::SessionId)
            .lock_exclusive()
            .all(tx)
            .await?;
        applied.extend(cursors.into_iter().map(|cursor| (SessionId(cursor.session_id), cursor.seq)));
    }
    Ok(applied)
}

fn players(session: SessionId, game: GameId, summary: &GameSummary) -> impl Iterator<Item = game_player::ActiveModel> {
    let completed = summary.status == GameStatus::Completed;
    let status = if completed { "completed" } else { "in_progress" };
    summary.players.iter().filter_map(move |player| {
        Some(game_player::ActiveModel {
            game_id: Set(game.0),
            participant_id: Set(player.participant_id.0),
            session_id: Set(session.0),
            user_id: Set(player.user_id?.0),
            game_type: Set(summary.game_type.clone()),
            status: Set(status.to_owned()),
            started_at_ms: Set(summary.started_at.millis()),
            ended_at_ms: Set(summary.ended_at.map(|at| at.millis())),
            points: Set(player.points),
            balls_potted: Set(player.balls_potted as i32),
            fouls: Set(player.fouls as i32),
            net: Set(if completed { player.net } else { 0 }),
            won: Set(player.won),
            lost: Set(player.lost),
            place: Set(completed.then_some(player.place as i32)),
        })
    })
}

async fn store(
    tx: &DatabaseTransaction,
    rows: Vec<game_player::ActiveModel>,
    gone: Vec<uuid::Uuid>,
    cursors: Vec<consumer_cursor::ActiveModel>,
) -> Result<(), Failure> {
    use game_player::Column;
    for rows in rows.chunks(ROWS_MAX) {
        let there = OnConflict::columns([Column::GameId, Column::ParticipantId])
            .update_columns([
                Column::Status,
                Column::EndedAtMs,
                Column::Points,
                Column::BallsPotted,
                Column::Fouls,
                Column::Net,
                Column::Won,
                Column::Lost,
                Column::Place,
            ])
            .to_owned();
        game_player::Entity::insert_many(rows.to_vec()).on_conflict(there).exec_without_returning(tx).await?;
    }
    if !gone.is_empty() {
        game_player::Entity::delete_many().filter(Column::GameId.is_in(gone)).exec(tx).await?;
    }
    for cursors in cursors.chunks(ROWS_MAX) {
        let there = OnConflict::columns([consumer_cursor::Column::Consumer, consumer_cursor::Column::SessionId])
            .update_column(consumer_cursor::Column::Seq)
            .to_owned();
        consumer_cursor::Entity::insert_many(cursors.to_vec()).on_conflict(there).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/stats/leaderboard").route(web::get().to(leaderboard::list)))
        .service(web::resource("/stats/users/{id}").route(web::get().to(statistics::of_user)))
        .service(web::resource("/stats/users/{id}/games").route(web::get().to(games::list)))
        .service(web::resource("/stats/users/{id}/achievements").route(web::get().to(award::list)))
        .service(web::resource("/stats/sessions/{id}/order-fairness").route(web::get().to(fairness::of_session)));
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(leaderboard::list, statistics::of_user, games::list, award::list, fairness::of_session))]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
