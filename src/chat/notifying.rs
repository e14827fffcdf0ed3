//! Who is away is notified of what was said: once for a chat, until it is read. Looked for in the table, so that no message
//! can be lost; whichever node is first says it.

use std::time::Duration;

use entity::chat_message;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use uuid::Uuid;

use super::held::statement;
use crate::clock;
use crate::database::Database;
use crate::ids::{ChatId, Timestamp, UserId};
use crate::messaging::Bus;
use crate::outbox;
use crate::outbox::envelope::{Data, Envelope, Priority};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static LATE: Trouble = Trouble::new();

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A device that is there has a message sooner.
const AWAY_AFTER_MS: i64 = 10_000;
/// Chats in which nothing was said for so long have been looked through.
const LOOK_BACK_MS: i64 = 3_600_000;
/// But for those in which it was said before an outage, or to a device that was there for long and did not take it: they
/// are looked for less often.
const LONG_LOOK_BACK_MS: i64 = 30 * 24 * LOOK_BACK_MS;
const LOOKS_PER_LONG_ONE: u32 = 120;
const AT_ONCE: usize = 500;
/// Characters of the message that are told.
const EXCERPT: usize = 200;

/// What a notification is made of.
#[derive(Serialize)]
struct NotifiedMessage {
    chat_id: ChatId,
    message_id: Uuid,
    number: i64,
    sender_id: UserId,
    content: String,
    /// Of the chat by then: until all up to it is read, nothing more is told.
    last_number: i64,
}

/// What is told of a message.
pub(super) fn excerpt(content: &str) -> String {
    content.chars().take(EXCERPT).collect()
}

/// Somebody who is away, in a chat where something waits.
struct Absent {
    chat: Uuid,
    user: Uuid,
    received_up_to: i64,
    last_number: i64,
}

/// Looks until it is dropped.
pub(crate) async fn run(database: Database, bus: Bus) {
    let mut due = clock::every(LOOK_EVERY);
    let mut looks = 0;
    loop {
        due.tick().await;
        let look_back_ms = if looks == 0 { LONG_LOOK_BACK_MS } else { LOOK_BACK_MS };
        match look(&database, clock::now(), look_back_ms).await {
            Ok(notified) => {
                // There may be more of them than are found at once.
                looks = if notified == AT_ONCE { 0 } else { (looks + 1) % LOOKS_PER_LONG_ONE };
                if notified > 0 {
                    bus.ring();
                }
            }
            Err(error) if LATE.is_news() => {
                tracing::warn!(%error, "who is away is not notified of messages; later, when the database answers");
            }
            Err(_) => {}
        }
    }
}

/// Notifies whoever is to be; answers how many.
async fn look(database: &Database, now: Timestamp, look_back_ms: i64) -> Result<usize, DbErr> {
    let sql = format!(
        "SELECT u.chat_id, u.user_id, u.received_up_to, c.last_number FROM chat c \
         JOIN chat_member u ON u.chat_id = c.id AND u.left_at_ms IS NULL AND u.received_up_to < c.last_number \
                               AND u.notified_up_to <= u.read_up_to \
         WHERE c.last_message_at_ms > $1 - {look_back_ms} \
           AND NOT EXISTS (SELECT 1 FROM chat_connection k WHERE k.user_id = u.user_id AND k.until_ms > $1) \
           AND EXISTS (SELECT 1 FROM chat_message m WHERE m.chat_id = c.id AND m.number > u.received_up_to \
                       AND m.sender_id <> u.user_id AND NOT m.is_deleted AND m.created_at_ms < $1 - {AWAY_AFTER_MS}) \
         ORDER BY u.chat_id, u.user_id LIMIT {AT_ONCE}"
    );
    let db = database.reader();
    let mut absent = Vec::new();
    for row in db.query_all_raw(statement(db, sql, [now.millis().into()])).await? {
        absent.push(Absent {
            chat: row.try_get_by_index(0)?,
            user: row.try_get_by_index(1)?,
            received_up_to: row.try_get_by_index(2)?,
            last_number: row.try_get_by_index(3)?,
        });
    }
    let mut notified = 0;
    for absent in absent {
        notified += usize::from(notify(database, &absent, now).await?);
    }
    Ok(notified)
}

/// False: somebody else did, or the chat was read meanwhile.
async fn notify(database: &Database, absent: &Absent, now: Timestamp) -> Result<bool, DbErr> {
    use chat_message::Column;
    let tx = database.begin_write().await?;
    let sql = "UPDATE chat_member SET notified_up_to = $1 WHERE chat_id = $2 AND user_id = $3 \
               AND notified_up_to <= read_up_to AND read_up_to < $1";
    let values = [absent.last_number.into(), absent.chat.into(), absent.user.into()];
    if tx.execute_raw(statement(&tx, sql, values)).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let first = chat_message::Entity::find()
        .filter(Column::ChatId.eq(absent.chat))
        .filter(Column::Number.gt(absent.received_up_to))
        .filter(Column::SenderId.ne(absent.user))
        .filter(Column::IsDeleted.eq(false))
        .order_by_asc(Column::Number)
        // What is taken back meanwhile is not told, and what is taken back afterwards is known to have been.
        .lock_shared()
        .one(&tx)
        .await?;
    let Some(first) = first else { return Ok(false) };
    let data = NotifiedMessage {
        chat_id: ChatId(absent.chat),
        message_id: first.id,
        number: first.number,
        sender_id: UserId(first.sender_id),
        content: excerpt(&first.content),
        last_number: absent.last_number,
    };
    let key = "notifications.message";
    let envelope = Envelope::about_user(UserId(absent.user), key, now, Data::encode(&data));
    let envelope = Envelope { priority: Priority::Normal as u8, ..envelope };
    outbox::enqueue(&tx, key, &envelope, now).await?;
    tx.commit().await?;
    Ok(true)
}
