//! What no device of a user had yet, over all chats, for sockets.

use std::collections::HashMap;

use entity::chat_message;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::held::statement;
use super::message::ChatMessage;
use super::received::ReceivedNumbers;
use crate::database::Database;
use crate::ids::{MessageId, UserId};

/// Users of one query: databases limit the values of a statement.
const USERS_AT_ONCE: usize = 500;

/// A message that waits, and whether it does: its place among the others is known even where it was had out of order.
#[derive(Clone, Debug)]
pub(crate) struct WaitingMessage {
    pub(crate) message: ChatMessage,
    pub(crate) is_waiting: bool,
}

/// The messages that wait for users.
#[derive(Clone)]
pub(crate) struct WaitingMessages {
    database: Database,
}

impl WaitingMessages {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Up to `limit` of a user's, oldest first, from behind one of that time (ms) and id on. Those that a device had out
    /// of order are among them, and say so.
    pub(crate) async fn of(
        &self,
        user: UserId,
        after: Option<(i64, Uuid)>,
        limit: u64,
    ) -> Result<Vec<WaitingMessage>, DbErr> {
        #[derive(FromQueryResult)]
        struct Marks {
            received_up_to: i64,
            received_above: String,
        }
        let (at, id) = after.unwrap_or((i64::MIN, Uuid::nil()));
        let sql = "SELECT m.*, u.received_up_to, u.received_above FROM chat_member u \
                   JOIN chat c ON c.id = u.chat_id AND coalesce(u.last_number, c.last_number) > u.received_up_to \
                   JOIN chat_message m ON m.chat_id = u.chat_id AND m.number > u.received_up_to \
                   WHERE u.user_id = $1 AND m.sender_id <> $1 AND m.number >= u.first_number \
                     AND (u.last_number IS NULL OR m.number <= u.last_number) \
                     AND (m.created_at_ms > $2 OR m.created_at_ms = $2 AND m.id > $3) \
                   ORDER BY m.created_at_ms, m.id LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 4] = [user.0.into(), at.into(), id.into(), limit.into()];
        let db = self.database.reader();
        let waiting = |row: &sea_orm::QueryResult| {
            let message = ChatMessage::of(chat_message::Model::from_query_result(row, "")?);
            let Marks { received_up_to, received_above } = Marks::from_query_result(row, "")?;
            let is_waiting = !ReceivedNumbers::stored(received_up_to, &received_above).has(message.number);
            Ok(WaitingMessage { message, is_waiting })
        };
        db.query_all_raw(statement(db, sql, values)).await?.iter().map(waiting).collect()
    }

    /// The last message that waits for each of these users, of those who have any: it changes when there is another.
    pub(crate) async fn last_of(
        &self,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, MessageId>, DbErr> {
        let users: Vec<Uuid> = users.into_iter().map(|user| user.0).collect();
        let (db, mut last) = (self.database.reader(), HashMap::new());
        for users in users.chunks(USERS_AT_ONCE) {
            let places: Vec<String> = (1..=users.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT u.user_id, m.id FROM chat_member u \
                 JOIN chat c ON c.id = u.chat_id AND c.last_number > u.received_up_to \
                 JOIN chat_message m ON m.chat_id = u.chat_id AND m.number = c.last_number \
                 WHERE u.left_at_ms IS NULL AND u.user_id IN ({})",
                places.join(", ")
            );
            let rows = db.query_all_raw(statement(db, sql, users.iter().copied().map(Value::from))).await?;
            for row in rows {
                let (user, id): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let newest = last.entry(UserId(user)).or_insert(MessageId(id));
                *newest = (*newest).max(MessageId(id));
            }
        }
        Ok(last)
    }
}
