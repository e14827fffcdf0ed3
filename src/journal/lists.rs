//! What a commit changes in the rows that lists are made from: the columns of `session`, its members, its games.

use std::sync::Arc;

use entity::{chat, game, session, session_member};
use sea_orm::ActiveValue::{self, Set};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Record;
use crate::game::event::Fact;
use crate::ids::{SessionId, Timestamp};

/// What the events of one append come to, for one session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListChange {
    pub(super) code: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<&'static str>,
    pub(super) is_private: Option<bool>,
    pub(super) game_type: Option<String>,
    pub(super) creator: Option<Uuid>,
    /// Accounts that have a place in it from now on.
    pub(super) members: Vec<Uuid>,
    /// Games that were started, with their numbers.
    pub(super) games: Vec<(Uuid, i32)>,
    /// Its chat, where it is opened. On PostgreSQL the database makes it, since older nodes may open sessions there.
    chat: Option<(Uuid, Timestamp)>,
}

impl ListChange {
    /// `None`: these events change no list, as most don't.
    pub(super) fn of(records: &[Arc<Record>]) -> Option<Self> {
        let mut change = Self::default();
        for event in records.iter().map(|record| &record.event) {
            match &event.fact {
                Fact::SessionCreated(created) => {
                    change.members.push(created.creator_user_id.0);
                    change.chat = Some((created.chat_id, event.timestamp));
                }
                Fact::PlayerJoined(joined) => change.members.extend(joined.user_id.map(|user| user.0)),
                Fact::ParticipantClaimed(claimed) => change.members.push(claimed.user_id.0),
                Fact::GameStarted(started) => {
                    change.games.extend(event.game_id.map(|game| (game.0, started.number as i32)));
                    // The first game: later ones find the session in progress.
                    if started.number == 1 {
                        change.status = Some("in_progress");
                    }
                }
                Fact::SettingsChanged(changed) => {
                    change.code = changed.code.clone().or(change.code);
                    change.name = changed.name.clone().or(change.name);
                    change.is_private = changed.is_private.or(change.is_private);
                    let game_type = changed.rules.as_ref().map(|rules| rules.game_type().to_owned());
                    change.game_type = game_type.or(change.game_type);
                }
                Fact::CreatorChanged(changed) => change.creator = Some(changed.user_id.0),
                Fact::SessionCompleted(_) => change.status = Some("completed"),
                Fact::SessionCancelled(_) => change.status = Some("cancelled"),
                Fact::ExpenseAdded(_)
                | Fact::PaymentMarked(_)
                | Fact::TableStopped(_)
                | Fact::EntryVoided(_)
                | Fact::PlayerLeft(_)
                | Fact::PlayerRemoved(_)
                | Fact::PlayerUpdated(_)
                | Fact::ClaimAsked(_)
                | Fact::ClaimDeclined(_)
                | Fact::ScorerAdmitted(_)
                | Fact::ScorerLinkEnded(_)
                | Fact::BallPotted(_)
                | Fact::FoulCommitted(_)
                | Fact::TurnChanged(_)
                | Fact::EventVoided(_)
                | Fact::EventReassigned(_)
                | Fact::GameReopened(_)
                | Fact::GameEnded(_)
                | Fact::GameCancelled(_)
                | Fact::Newer(_) => {}
            }
        }
        (change != Self::default()).then_some(change)
    }

    /// Brings the rows up to date, in the caller's transaction.
    pub(super) async fn store(&self, db: &impl ConnectionTrait, session: SessionId) -> Result<(), DbErr> {
        let there = || OnConflict::new().do_nothing().to_owned();
        if !self.members.is_empty() {
            let rows = self
                .members
                .iter()
                .map(|&user| session_member::ActiveModel { session_id: Set(session.0), user_id: Set(user) });
            session_member::Entity::insert_many(rows).on_conflict(there()).exec_without_returning(db).await?;
        }
        if let Some((id, at)) = self.chat {
            let row = chat::ActiveModel {
                id: Set(id),
                kind: Set("session".to_owned()),
                session_id: Set(Some(session.0)),
                created_at_ms: Set(at.millis()),
                last_number: Set(0),
                last_message_at_ms: Set(at.millis()),
                member_seq: Set(0),
                ..Default::default()
            };
            chat::Entity::insert(row).on_conflict(there()).exec_without_returning(db).await?;
        }
        if !self.games.is_empty() {
            let rows = self.games.iter().map(|&(id, number)| game::ActiveModel {
                id: Set(id),
                session_id: Set(session.0),
                number: Set(number),
            });
            game::Entity::insert_many(rows).exec_without_returning(db).await?;
        }
        let columns = session::ActiveModel {
            code: given(&self.code),
            name: given(&self.name),
            status: given(&self.status.map(str::to_owned)),
            is_private: given(&self.is_private),
            game_type: given(&self.game_type),
            creator_user_id: given(&self.creator),
            ..Default::default()
        };
        if columns != session::ActiveModel::default() {
            let row = session::Entity::update_many().set(columns).filter(session::Column::Id.eq(session.0));
            row.exec(db).await?;
        }
        Ok(())
    }
}

fn given<V: Clone + Into<sea_orm::Value>>(value: &Option<V>) -> ActiveValue<V> {
    value.clone().map_or(ActiveValue::NotSet, Set)
}
