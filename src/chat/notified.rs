//! What members were notified of and is no more so: what was told of a chat that was read, or of a message that was taken
//! back or says something else, is put right by whoever told it.

use entity::{chat_member, chat_message};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::Serialize;
use uuid::Uuid;

use super::held::statement;
use super::notifying::excerpt;
use crate::ids::{ChatId, Timestamp, UserId};
use crate::outbox;
use crate::outbox::envelope::{Data, Envelope};

const KEY: &str = "compensation.notifications.message";

/// Which notification, and what becomes of it.
#[derive(Serialize)]
struct ChangedNotice {
    chat_id: ChatId,
    /// The last message of the chat when it was told.
    last_number: i64,
    /// Only if it is about this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    /// What that says now; where absent, the notification is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

async fn put_right(
    db: &impl ConnectionTrait,
    notices: impl IntoIterator<Item = (UserId, ChangedNotice)>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let envelope = |(user, notice)| (KEY.to_owned(), Envelope::about_user(user, KEY, now, Data::encode(&notice)));
    outbox::enqueue_all(db, &notices.into_iter().map(envelope).collect::<Vec<_>>(), now).await
}

/// A member has read all that it was notified of when the chat ended with `last_number`.
pub(super) async fn was_read(
    db: &impl ConnectionTrait,
    (chat_id, user): (ChatId, UserId),
    last_number: i64,
    now: Timestamp,
) -> Result<(), DbErr> {
    let notice = ChangedNotice { chat_id, last_number, message_id: None, content: None };
    put_right(db, [(user, notice)], now).await
}

/// A message was taken back, or says something else: whoever may have been notified of it and has not read it is not to
/// be told what it said.
pub(super) async fn was_changed(
    db: &impl ConnectionTrait,
    message: &chat_message::Model,
    now: Timestamp,
) -> Result<(), DbErr> {
    use chat_member::Column;
    let notified = chat_member::Entity::find()
        .filter(Column::ChatId.eq(message.chat_id))
        .filter(Column::UserId.ne(message.sender_id))
        .filter(Column::NotifiedUpTo.gte(message.number))
        .filter(Column::ReadUpTo.lt(message.number));
    let notice = |member: chat_member::Model| {
        let content = (!message.is_deleted).then(|| excerpt(&message.content));
        let (chat_id, last_number) = (ChatId(message.chat_id), member.notified_up_to);
        (UserId(member.user_id), ChangedNotice { chat_id, last_number, message_id: Some(message.id), content })
    };
    put_right(db, notified.all(db).await?.into_iter().map(notice), now).await
}

/// Whoever was notified of a message that was taken back hears of the next one that waits, where there is one.
pub(super) async fn notify_again(db: &impl ConnectionTrait, deleted: &chat_message::Model) -> Result<(), DbErr> {
    let sql = "UPDATE chat_member SET notified_up_to = read_up_to \
               WHERE chat_id = $1 AND notified_up_to >= $2 AND received_up_to < $2 AND left_at_ms IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM chat_message m WHERE m.chat_id = $1 AND m.number < $2 \
                                 AND m.number > received_up_to AND NOT m.is_deleted AND m.sender_id <> user_id)";
    db.execute_raw(statement(db, sql, [deleted.chat_id.into(), deleted.number.into()])).await?;
    Ok(())
}
