//! What happens to messages that were said: they are said otherwise, taken back, read.

use std::time::Duration;

use entity::{chat_edit, chat_member, chat_message, session};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, Set,
};
use uuid::Uuid;

use super::chats::Chats;
use super::held::DIRECT;
use super::marks;
use super::membership::SeenChat;
use super::message::{ChatMessage, Content};
use super::notified;
use super::sending::{RequestKey, SendRefusal, SendRequest};
use crate::clock;
use crate::friend::refuse_blocked;
use crate::http::{Code, Problem};
use crate::ids::{ChatId, CorrelationId, MessageId, Timestamp, UserId};
use crate::outbox;
use crate::outbox::chat_news::{ChatNews, ChatTelling};
use crate::outbox::envelope::Data;

/// How long a message may be said otherwise.
const EDITABLE: Duration = Duration::from_secs(24 * 3_600);
/// Messages that one step of reading marks: more of them are several, so that no transaction is long.
const READ_STEP: i64 = 2_000;
/// How often it is looked who is a member before a message is given up.
const ATTEMPTS: usize = 5;

/// Who asks for something, and from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    pub(crate) user: UserId,
    /// The connection that asks, where it is one: it is answered, and need not be told.
    pub(crate) origin: Option<Uuid>,
    pub(crate) correlation_id: CorrelationId,
}

impl Chats {
    /// Says something. The same key again is answered by the same message.
    pub(crate) async fn say(
        &self,
        by: Asking,
        key: Uuid,
        chat: ChatId,
        content: String,
    ) -> Result<ChatMessage, Problem> {
        let content = Content::checked(content)?;
        let hash = content.request_hash(chat.0);
        let Asking { user, origin, correlation_id } = by;
        let content = content.into_string();
        let request = SendRequest { chat, sender: user, key, content, hash, origin, correlation_id };
        for _ in 0..ATTEMPTS {
            match self.writer.send(request.clone()).await {
                Err(SendRefusal::MembersChanged) => self.look_at_chat(chat).await?,
                said => return Ok(said?),
            }
        }
        Err(SendRefusal::MembersChanged.into())
    }

    /// Says something otherwise. The same key again is answered by the message as it is by then.
    pub(crate) async fn edit(
        &self,
        by: Asking,
        key: Uuid,
        id: MessageId,
        content: String,
    ) -> Result<ChatMessage, Problem> {
        let content = Content::checked(content)?;
        let hash = content.request_hash(id.0);
        let content = content.into_string();
        let (seen, found) = self.message_of_member(by.user, id).await?;
        if found.sender_id != by.user.0 {
            return Err(Problem::new(Code::InsufficientPermissions, "this is somebody else's message"));
        }
        if seen.chat.kind == DIRECT {
            self.refuse_blocked_in(&seen, by.user).await?;
        }
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let row = held(&tx, id).await?;
        if !note_edit(&tx, (by.user, key), hash).await? {
            return Ok(ChatMessage::of(row));
        }
        let age_ms = now.millis() - row.created_at_ms;
        if row.is_deleted || age_ms > EDITABLE.as_millis() as i64 {
            let why = if row.is_deleted { "it was deleted" } else { "it is older than a day" };
            return Err(Problem::new(Code::MessageNotEditable, why));
        }
        if row.content == content {
            return Ok(ChatMessage::of(row));
        }
        let edited = chat_message::ActiveModel {
            id: Set(row.id),
            content: Set(content),
            edited_at_ms: Set(Some(now.millis())),
            ..Default::default()
        };
        let edited = edited.update(&tx).await?;
        notified::was_changed(&tx, &edited, now).await?;
        let message = ChatMessage::of(edited);
        tell(&tx, &message, ChatNews::Edited(Data::encode(&message)), by, now).await?;
        tx.commit().await?;
        self.writer.ring();
        Ok(message)
    }

    /// Takes back what oneself said, or at the table of one's own session anybody. What is deleted stays so.
    pub(crate) async fn delete(&self, by: Asking, id: MessageId) -> Result<ChatMessage, Problem> {
        let (seen, found) = self.message_of_member(by.user, id).await?;
        if found.sender_id != by.user.0 && !self.runs_session_of(by.user, &seen).await? {
            return Err(Problem::new(Code::InsufficientPermissions, "this is somebody else's message"));
        }
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let row = held(&tx, id).await?;
        if row.is_deleted {
            return Ok(ChatMessage::of(row));
        }
        let deleted = chat_message::ActiveModel {
            id: Set(row.id),
            content: Set(String::new()),
            is_deleted: Set(true),
            ..Default::default()
        };
        let deleted = deleted.update(&tx).await?;
        notified::was_changed(&tx, &deleted, now).await?;
        let message = ChatMessage::of(deleted.clone());
        tell(&tx, &message, ChatNews::Deleted(Data::encode(&message)), by, now).await?;
        tx.commit().await?;
        // Apart from the message: whoever marks what is had takes the members first. Where this fails they are told of the
        // next one when they have read.
        if let Err(error) = notified::notify_again(self.database.writer(), &deleted).await {
            tracing::debug!(%error, "nobody is notified in place of a deleted message");
        }
        self.writer.ring();
        Ok(message)
    }

    /// Marks all up to a message as read, and so as received.
    pub(crate) async fn read(&self, by: Asking, chat: ChatId, up_to: i64) -> Result<(), Problem> {
        if up_to < 0 {
            return Err(Problem::invalid("up_to", "must be the number of a message"));
        }
        let seen = self.seen_by(by.user, chat).await?;
        let up_to = up_to.min(seen.last_number());
        let mut step = seen.me.read_up_to;
        let mut told = Vec::new();
        while step < up_to {
            step = step.saturating_add(READ_STEP).min(up_to);
            let now = clock::now();
            told.extend(marks::read(&self.database, (chat, by.user), step, now).await?);
        }
        self.announcements.say_advanced(&told, clock::now(), by.origin);
        self.writer.ring();
        Ok(())
    }

    /// A device of the user has these.
    pub(crate) async fn received(&self, user: UserId, ids: Vec<Uuid>) -> Result<(), DbErr> {
        self.receipts.receive(marks::Receipt { user, ids }).await
    }

    /// Has the others see that the user writes, where that was not said a moment ago.
    pub(crate) async fn typing(&self, by: Asking, chat: ChatId) -> Result<(), Problem> {
        if !self.may_say_typing(by.user, chat) {
            return Ok(());
        }
        let seen = self.of_member(by.user, chat).await?;
        if seen.chat.kind == DIRECT {
            self.refuse_blocked_in(&seen, by.user).await?;
        }
        let mut user_ids = members_of(self.database.reader(), chat).await?;
        user_ids.retain(|user| *user != by.user);
        let news = ChatNews::Typing { chat_id: chat, user_id: by.user };
        self.announcements.say(ChatTelling { user_ids, origin: by.origin, news }, by.user);
        Ok(())
    }

    /// The message, in a chat that the user is in and where it is seen.
    async fn message_of_member(&self, user: UserId, id: MessageId) -> Result<(SeenChat, chat_message::Model), Problem> {
        let found = chat_message::Entity::find_by_id(id.0).one(self.database.reader()).await?.ok_or_else(no_message)?;
        let seen = self.of_member(user, ChatId(found.chat_id)).await?;
        if seen.sees(found.number) { Ok((seen, found)) } else { Err(no_message()) }
    }

    async fn refuse_blocked_in(&self, direct: &SeenChat, me: UserId) -> Result<(), Problem> {
        let db = self.database.reader();
        for other in members_of(db, ChatId(direct.chat.id)).await?.into_iter().filter(|other| *other != me) {
            refuse_blocked(db, me, other).await?;
        }
        Ok(())
    }

    async fn runs_session_of(&self, user: UserId, seen: &SeenChat) -> Result<bool, DbErr> {
        let Some(id) = seen.chat.session_id else { return Ok(false) };
        let row = session::Entity::find_by_id(id).one(self.database.reader()).await?;
        Ok(row.is_some_and(|row| row.creator_user_id == user.0))
    }
}

fn no_message() -> Problem {
    Problem::not_found("there is no such message")
}

async fn held(tx: &DatabaseTransaction, id: MessageId) -> Result<chat_message::Model, Problem> {
    let row = chat_message::Entity::find_by_id(id.0).lock_exclusive().one(tx).await?;
    row.ok_or_else(no_message)
}

/// Notes that something was asked for under that key; false: it was before.
async fn note_edit(tx: &DatabaseTransaction, (user, key): RequestKey, hash: i64) -> Result<bool, Problem> {
    use chat_message::Column;
    let said = chat_message::Entity::find().filter(Column::ClientKey.eq(key)).filter(Column::SenderId.eq(user.0));
    let edited = chat_edit::Entity::find_by_id((key, user.0)).one(tx).await?;
    if edited.as_ref().is_some_and(|edit| edit.request_hash != hash) || said.one(tx).await?.is_some() {
        return Err(SendRefusal::KeyReused.into());
    }
    if edited.is_some() {
        return Ok(false);
    }
    let edit = chat_edit::Model { client_key: key, sender_id: user.0, request_hash: hash }.into_active_model();
    let there = OnConflict::new().do_nothing().to_owned();
    match chat_edit::Entity::insert(edit).on_conflict(there).exec_without_returning(tx).await? {
        // At the same time, for another message.
        0 => Err(SendRefusal::KeyReused.into()),
        _ => Ok(true),
    }
}

/// Who is in a chat.
async fn members_of(db: &impl ConnectionTrait, chat: ChatId) -> Result<Vec<UserId>, DbErr> {
    use chat_member::Column;
    let members = chat_member::Entity::find().select_only().column(Column::UserId);
    let members = members.filter(Column::ChatId.eq(chat.0)).filter(Column::LeftAtMs.is_null());
    Ok(members.into_tuple::<Uuid>().all(db).await?.into_iter().map(UserId).collect())
}

/// Everybody in the chat hears of it, in the transaction that does it.
async fn tell(
    tx: &DatabaseTransaction,
    message: &ChatMessage,
    news: ChatNews,
    by: Asking,
    now: Timestamp,
) -> Result<(), DbErr> {
    let telling = ChatTelling { user_ids: members_of(tx, message.chat_id).await?, origin: by.origin, news };
    let Some((key, _)) = telling.keys() else { return Ok(()) };
    outbox::enqueue(tx, &key, &telling.envelope(by.user, by.correlation_id, now), now).await
}
