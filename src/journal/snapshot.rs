//! Opening a session: its snapshot and the events after it, folded. A snapshot is a shortcut, never the truth: one that
//! is missing, of another format or unreadable is passed over and the whole log replayed.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use entity::{event_seal, session_snapshot};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use super::opened::{LoadedSession, Snapshot};
use super::{JournalError, Record, heads, read};
use crate::game::Session;
use crate::ids::{Seq, SessionId};

/// Raised whenever the encoding of `game::Session` or of the commands changes in a way older code can't read, and with
/// every new type of event: a node that doesn't know it must not take for whole what was folded from it.
const FORMAT: i32 = 6;
/// Format 2 has the scores of games beside their marks, which are passed over.
const READABLE: RangeInclusive<i32> = 2..=FORMAT;
/// Earlier ones lack the hash of their last event, to which the next one is chained.
const CHAINED: i32 = 4;
/// Sessions that are read together.
const STATES_MAX: usize = 50;
/// Events read at once while replaying.
const PAGE: u64 = 2_000;

impl Snapshot {
    /// Writes it, unless a newer one is there.
    pub(super) async fn store(self, db: &impl ConnectionTrait, session: SessionId) -> Result<(), DbErr> {
        use session_snapshot::Column;
        let row = session_snapshot::ActiveModel {
            session_id: Set(session.0),
            seq: Set(self.seq.0),
            format: Set(FORMAT),
            state: Set(self.state),
            commands: Set(self.commands),
        };
        let stored = Expr::col((session_snapshot::Entity, Column::Seq));
        let unless_newer = OnConflict::column(Column::SessionId)
            .update_columns([Column::Seq, Column::Format, Column::State, Column::Commands])
            .action_and_where(stored.lte(Expr::col((Alias::new("excluded"), Column::Seq))))
            .to_owned();
        session_snapshot::Entity::insert(row).on_conflict(unless_newer).exec_without_returning(db).await?;
        Ok(())
    }
}

pub(super) async fn open(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<LoadedSession>, JournalError> {
    let mut opened = LoadedSession::new(Vec::new());
    if let Some(row) = session_snapshot::Entity::find_by_id(session.0).one(db).await?
        && let Some(state) = kept(db, session, row.format, &row.state).await?
    {
        opened = LoadedSession::from_snapshot(state, &row.commands);
    }
    replay(db, session, &mut opened).await?;
    Ok((opened.state.seq() > Seq::ZERO).then_some(opened))
}

/// The state that was kept; `None`: it can't be gone on from.
async fn kept(
    db: &impl ConnectionTrait,
    session: SessionId,
    format: i32,
    state: &str,
) -> Result<Option<Session>, DbErr> {
    if !READABLE.contains(&format) {
        tracing::info!(session.id = %session, format, "snapshot of another format, replaying");
        return Ok(None);
    }
    let mut state: Session = match serde_json::from_str(state) {
        Ok(state) => state,
        Err(error) => {
            tracing::warn!(session.id = %session, format, %error, "snapshot is unreadable, replaying");
            return Ok(None);
        }
    };
    // By the log it is known since when somebody is invited, and by what.
    if state.lacks_invitations() {
        return Ok(None);
    }
    if format < CHAINED {
        let seal = event_seal::Entity::find_by_id((session.0, state.seq().0)).one(db).await?;
        let Some(hash) = seal.and_then(|seal| seal.hash.parse().ok()) else { return Ok(None) };
        state.chain_to(hash);
    }
    Ok(Some(state))
}

async fn replay(db: &impl ConnectionTrait, session: SessionId, opened: &mut LoadedSession) -> Result<(), JournalError> {
    loop {
        let before = opened.state.seq();
        let records = read(db, session, before, PAGE).await?;
        let is_last_page = records.len() < PAGE as usize;
        opened.go_on(records);
        // In a log that was altered, events may follow that are none of this session's.
        if is_last_page || opened.state.seq() == before {
            return Ok(());
        }
    }
}

/// States by session, or why one can't be read.
pub type States = HashMap<SessionId, Result<Session, JournalError>>;

pub(super) async fn states(db: &impl ConnectionTrait, upto: &[(SessionId, Seq)]) -> Result<States, DbErr> {
    use session_snapshot::{Column, Entity};
    let mut states = HashMap::with_capacity(upto.len());
    for upto in upto.chunks(STATES_MAX) {
        let mut from = HashMap::with_capacity(upto.len());
        let rows = Entity::find()
            .select_only()
            .columns([Column::SessionId, Column::Format, Column::State])
            .filter(Column::SessionId.is_in(upto.iter().map(|(session, _)| session.0)));
        for (session, format, state) in rows.into_tuple::<(Uuid, i32, String)>().all(db).await? {
            let session = SessionId(session);
            from.extend(kept(db, session, format, &state).await?.map(|state| (session, Ok(state))));
        }
        let seq = |session| from.get(session).and_then(|state| state.as_ref().ok()).map_or(Seq::ZERO, Session::seq);
        let tails: Vec<_> = upto.iter().map(|(session, upto)| (*session, seq(session), *upto)).collect();
        for row in heads::parts(db, &tails).await? {
            let state = from.entry(SessionId(row.session_id)).or_insert_with(|| Ok(Session::default()));
            match (&mut *state, Record::stored(row)) {
                (Ok(state), Ok(record)) => state.apply(&record.event),
                (Ok(_), Err(error)) => *state = Err(error),
                (Err(_), _) => {}
            }
        }
        states.extend(from);
    }
    Ok(states)
}

/// The state after event `upto`: from the snapshot where that is no later, else from the whole log.
pub(crate) async fn state_at(
    db: &impl ConnectionTrait,
    session: SessionId,
    upto: Seq,
) -> Result<Session, JournalError> {
    match stored(db, session).await? {
        Some(state) if state.seq() <= upto => replay_upto(db, session, state, upto).await,
        _ => replay_upto(db, session, Session::default(), upto).await,
    }
}

/// The state after event `upto`, from an earlier state on.
pub(crate) async fn replay_upto(
    db: &impl ConnectionTrait,
    session: SessionId,
    mut state: Session,
    upto: Seq,
) -> Result<Session, JournalError> {
    while state.seq() < upto {
        let before = state.seq();
        let records = read(db, session, before, PAGE).await?;
        for record in records.iter().take_while(|record| record.seq() <= upto) {
            state.apply(&record.event);
        }
        // The end, or events in an altered log that are none of this session's.
        if state.seq() == before {
            break;
        }
    }
    Ok(state)
}

/// The stored snapshot as it is, for comparing it with the log.
pub(crate) async fn stored(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Session>, JournalError> {
    match session_snapshot::Entity::find_by_id(session.0).one(db).await? {
        Some(row) => Ok(kept(db, session, row.format, &row.state).await?),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::event::Fact;

    /// Where this fails for a new type of event: raise `FORMAT`, then change both here.
    #[test]
    fn a_format_is_of_one_set_of_event_types() {
        let types = [
            "session.created",
            "session.player_joined",
            "session.player_left",
            "session.player_removed",
            "session.player_updated",
            "session.settings_changed",
            "session.creator_changed",
            "session.expense_added",
            "session.payment_marked",
            "session.table_stopped",
            "session.entry_voided",
            "session.claim_asked",
            "session.claim_declined",
            "session.participant_claimed",
            "session.scorer_admitted",
            "session.scorer_link_ended",
            "session.completed",
            "session.cancelled",
            "game.started",
            "game.ball_potted",
            "game.foul_committed",
            "game.turn_changed",
            "game.event_voided",
            "game.event_reassigned",
            "game.ended",
            "game.reopened",
            "game.cancelled",
        ];
        assert_eq!((FORMAT, Fact::TYPES), (6, &types[..]));
    }
}
