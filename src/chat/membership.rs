//! Who is in a chat. Of a session's chat that is whoever has a place in the session with an account: players and those
//! who watch at the table. The database notes which event may have changed that, and whoever needs to know the members
//! looks at the session first; so a message is never said to somebody who had left before it.

use std::collections::HashMap;

use entity::{chat, chat_member};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use uuid::Uuid;

use super::chats::Chats;
use super::held::statement;
use super::marks::settle_without;
use super::received::ReceivedNumbers;
use super::sending::not_member;
use crate::clock;
use crate::http::Problem;
use crate::ids::{ChatId, SessionId, Timestamp, UserId};

/// Sessions of a user that are looked at for one list of chats.
const LOOKS_MAX: u64 = 32;

/// A chat and what one of its members, or somebody who was one, sees of it.
#[derive(Clone, Debug)]
pub(super) struct SeenChat {
    pub(super) chat: chat::Model,
    pub(super) me: chat_member::Model,
}

impl SeenChat {
    pub(super) fn is_member(&self) -> bool {
        self.me.left_at_ms.is_none()
    }

    /// The last message that is seen.
    pub(super) fn last_number(&self) -> i64 {
        self.me.last_number.unwrap_or(self.chat.last_number)
    }

    pub(super) fn sees(&self, number: i64) -> bool {
        (self.me.first_number..=self.last_number()).contains(&number)
    }
}

/// A row of somebody who is in a chat from now on. `sees_all`: what was said before, too.
pub(super) fn new_member(chat: &chat::Model, user: UserId, sees_all: bool, now: Timestamp) -> chat_member::Model {
    chat_member::Model {
        chat_id: chat.id,
        user_id: user.0,
        joined_at_ms: now.millis(),
        left_at_ms: None,
        first_number: if sees_all { 1 } else { chat.last_number + 1 },
        last_number: None,
        received_up_to: chat.last_number,
        received_above: String::new(),
        read_up_to: chat.last_number,
        sent_count: 0,
        sent_when_read: 0,
        notified_up_to: chat.last_number,
    }
}

/// The same row of somebody who had left: what was said meanwhile waits for nobody, what waited before still does where
/// it can be seen.
pub(super) fn joins_again(
    row: &chat_member::Model,
    chat: &chat::Model,
    sees_all: bool,
    now: Timestamp,
) -> chat_member::Model {
    let mut received = ReceivedNumbers::stored(row.received_up_to, &row.received_above);
    let missed = if sees_all { row.last_number.unwrap_or(chat.last_number) + 1 } else { 1 };
    received.add_all(missed..=chat.last_number);
    chat_member::Model {
        sent_count: row.sent_count,
        sent_when_read: row.sent_count,
        received_up_to: received.up_to(),
        received_above: received.above_as_json(),
        ..new_member(chat, UserId(row.user_id), sees_all, now)
    }
}

/// The same row of somebody who is in it no more.
pub(super) fn leaves(row: &chat_member::Model, chat: &chat::Model, now: Timestamp) -> chat_member::Model {
    chat_member::Model { left_at_ms: Some(now.millis()), last_number: Some(chat.last_number), ..row.clone() }
}

pub(super) async fn insert(tx: &impl ConnectionTrait, rows: Vec<chat_member::Model>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let there = OnConflict::new().do_nothing().to_owned();
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    chat_member::Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn change(tx: &impl ConnectionTrait, row: chat_member::Model) -> Result<(), DbErr> {
    row.into_active_model().reset_all().update(tx).await.map(|_| ())
}

/// A chat and its members, held until the end of the transaction.
pub(super) async fn hold_rows(
    tx: &impl ConnectionTrait,
    chat: ChatId,
) -> Result<Option<(chat::Model, Vec<chat_member::Model>)>, DbErr> {
    use chat_member::Column;
    let Some(row) = chat::Entity::find_by_id(chat.0).lock_exclusive().one(tx).await? else { return Ok(None) };
    let members = chat_member::Entity::find().filter(Column::ChatId.eq(chat.0)).order_by_asc(Column::UserId);
    Ok(Some((row, members.lock_exclusive().all(tx).await?)))
}

impl Chats {
    /// The chat as that user sees it: 404 where there is none, 403 where the user never was in it.
    pub(super) async fn seen_by(&self, user: UserId, chat: ChatId) -> Result<SeenChat, Problem> {
        let db = self.database.reader();
        let missing = || Problem::not_found("there is no such chat");
        let mut row = chat::Entity::find_by_id(chat.0).one(db).await?.ok_or_else(missing)?;
        if self.look_if_changed(&row).await? {
            row = chat::Entity::find_by_id(chat.0).one(db).await?.ok_or_else(missing)?;
        }
        let me = chat_member::Entity::find_by_id((chat.0, user.0)).one(db).await?;
        Ok(SeenChat { chat: row, me: me.ok_or_else(not_member)? })
    }

    /// The same of somebody who is in it now.
    pub(super) async fn of_member(&self, user: UserId, chat: ChatId) -> Result<SeenChat, Problem> {
        let seen = self.seen_by(user, chat).await?;
        if seen.is_member() { Ok(seen) } else { Err(not_member()) }
    }

    /// These as that user sees them, who is or was in all of them.
    pub(super) async fn all_seen_by(&self, user: UserId, chats: Vec<chat::Model>) -> Result<Vec<SeenChat>, DbErr> {
        use chat_member::Column;
        let ids = chats.iter().map(|chat| chat.id);
        let mine = chat_member::Entity::find().filter(Column::ChatId.is_in(ids)).filter(Column::UserId.eq(user.0));
        let mine = mine.all(self.database.reader()).await?;
        let mut mine: HashMap<Uuid, chat_member::Model> = mine.into_iter().map(|row| (row.chat_id, row)).collect();
        Ok(chats.into_iter().filter_map(|chat| Some(SeenChat { me: mine.remove(&chat.id)?, chat })).collect())
    }

    /// Brings the members of a session's chat up to date, where the session changed; false: it had not.
    async fn look_if_changed(&self, chat: &chat::Model) -> Result<bool, Problem> {
        let Some(session) = chat.session_id else { return Ok(false) };
        let sql = "SELECT 1 FROM membership_change WHERE session_id = $1 AND seq > $2 LIMIT 1";
        let db = self.database.reader();
        let changed = db.query_one_raw(statement(db, sql, [session.into(), chat.member_seq.into()])).await?;
        if changed.is_some() {
            self.look_at_session(ChatId(chat.id), SessionId(session)).await?;
        }
        Ok(changed.is_some())
    }

    /// The same by the chat's id.
    pub(super) async fn look_at_chat(&self, chat: ChatId) -> Result<(), Problem> {
        if let Some(row) = chat::Entity::find_by_id(chat.0).one(self.database.reader()).await? {
            self.look_if_changed(&row).await?;
        }
        Ok(())
    }

    /// The same for all chats of a user's sessions that changed, as far as one list may take; the newest first.
    pub(super) async fn look_at_sessions_of(&self, user: UserId) -> Result<(), Problem> {
        let sql = format!(
            "SELECT c.id, c.session_id FROM session_member s JOIN chat c ON c.session_id = s.session_id \
             WHERE s.user_id = $1 AND EXISTS (SELECT 1 FROM membership_change m \
                                              WHERE m.session_id = c.session_id AND m.seq > c.member_seq) \
             ORDER BY c.id DESC LIMIT {LOOKS_MAX}"
        );
        let db = self.database.reader();
        for row in db.query_all_raw(statement(db, sql, [user.0.into()])).await? {
            let (chat, session): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if let Err(problem) = self.look_at_session(ChatId(chat), SessionId(session)).await {
                // The others are to be listed all the same.
                tracing::debug!(chat.id = %chat, %problem, "the members of a chat are not known yet");
            }
        }
        Ok(())
    }

    async fn look_at_session(&self, chat: ChatId, session: SessionId) -> Result<(), Problem> {
        let (seq, places) = self
            .sessions
            .look(session, |state, _| {
                let sat = state.participants().iter().filter(|participant| participant.has_sat());
                let places: Vec<(UserId, bool)> =
                    sat.filter_map(|participant| Some((participant.user_id?, participant.is_active))).collect();
                (state.seq(), places)
            })
            .await?;
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let Some((row, members)) = hold_rows(&tx, chat).await? else { return Ok(()) };
        // Somebody else looked later.
        if row.member_seq >= seq.0 {
            return Ok(());
        }
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for (user, is_active) in places {
            match members.iter().find(|member| member.user_id == user.0) {
                None => {
                    let member = new_member(&row, user, true, now);
                    new.push(if is_active { member } else { leaves(&member, &row, now) });
                }
                Some(there) if is_active && there.left_at_ms.is_some() => {
                    change(&tx, joins_again(there, &row, true, now)).await?;
                }
                Some(there) if !is_active && there.left_at_ms.is_none() => {
                    change(&tx, leaves(there, &row, now)).await?;
                    gone.push(there);
                }
                Some(_) => {}
            }
        }
        insert(&tx, new).await?;
        let known = chat::ActiveModel { id: Set(row.id), member_seq: Set(seq.0), ..Default::default() };
        known.update(&tx).await?;
        tx.commit().await?;
        for left in gone {
            settle_without(&self.database, left, now).await?;
        }
        Ok(())
    }
}
