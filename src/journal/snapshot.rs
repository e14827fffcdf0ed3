//! Opening a session: its snapshot and the events after it, folded. A snapshot is a shortcut, never the truth: one that
//! is missing, of another format or unreadable is passed over and the whole log replayed.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use entity::session_snapshot;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use super::opened::{LoadedSession, Snapshot};
use super::{JournalError, Record, heads, read};
use crate::game::Session;
use crate::ids::{Seq, SessionId};

/// Raised whenever the encoding of `game::Session` or of the commands changes in a way older code can't read, and with
/// every new type of event: a node that doesn't know it must not take for whole what was folded from it.
const FORMAT: i32 = 4;
/// Earlier ones lack the hash of their last event, to which the next one is chained.
const READABLE: RangeInclusive<i32> = 4..=FORMAT;
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
            seq: Set(self.seq),
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
    if let Some(row) = session_snapshot::Entity::find_by_id(session.0).one(db).await? {
        match LoadedSession::from_snapshot(row.seq, &row.state, &row.commands) {
            Ok(kept) if READABLE.contains(&row.format) => opened = kept,
            Ok(_) => {
                tracing::info!(session.id = %session, format = row.format, "snapshot of another format, replaying")
            }
            Err(error) => tracing::warn!(session.id = %session, %error, "snapshot is unreadable, replaying"),
        }
    }
    replay(db, session, &mut opened).await?;
    Ok((opened.state.seq() > 0).then_some(opened))
}

async fn replay(db: &impl ConnectionTrait, session: SessionId, opened: &mut LoadedSession) -> Result<(), JournalError> {
    loop {
        let records = read(db, session, opened.state.seq(), PAGE).await?;
        let last_page = records.len() < PAGE as usize;
        opened.go_on(records);
        if last_page {
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
        let kept = Entity::find()
            .select_only()
            .columns([Column::SessionId, Column::State])
            .filter(Column::SessionId.is_in(upto.iter().map(|(session, _)| session.0)))
            .filter(Column::Format.is_in(READABLE));
        for (session, state) in kept.into_tuple::<(Uuid, String)>().all(db).await? {
            // One that is unreadable is passed over, as when the session is opened.
            from.extend(serde_json::from_str::<Session>(&state).ok().map(|state| (SessionId(session), Ok(state))));
        }
        let seq = |session| from.get(session).and_then(|state| state.as_ref().ok()).map_or(0, Session::seq);
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
pub(super) async fn state_at(
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
        let records = read(db, session, state.seq(), PAGE).await?;
        if records.is_empty() {
            break;
        }
        for record in records.iter().take_while(|record| record.seq() <= upto) {
            state.apply(&record.event);
        }
    }
    Ok(state)
}

/// The stored snapshot as it is, for comparing it with the log.
pub(crate) async fn stored(db: &impl ConnectionTrait, session: SessionId) -> Result<Option<Session>, JournalError> {
    let row = session_snapshot::Entity::find_by_id(session.0).one(db).await?;
    Ok(row.filter(|row| READABLE.contains(&row.format)).and_then(|row| serde_json::from_str(&row.state).ok()))
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
        assert_eq!((FORMAT, Fact::TYPES), (4, &types[..]));
    }
}
