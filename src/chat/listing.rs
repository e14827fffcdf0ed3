//! The chats of a user, the one with the latest message first. Of a chat that was left the last message that is seen
//! counts, so its place says nothing of what happens there now.

use entity::chat;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::chats::Chats;
use super::held::statement;
use crate::ids::UserId;

/// Those that one is in are found in the order of an index, those that one left by an index of their own: they are few.
const LATEST: &str = "SELECT * FROM ( \
      SELECT * FROM (SELECT c.*, c.last_message_at_ms AS latest_ms FROM chat c \
        WHERE c.id IN (SELECT chat_id FROM chat_member WHERE user_id = $1 AND left_at_ms IS NULL) \
          AND (c.last_message_at_ms < $2 OR c.last_message_at_ms = $2 AND c.id < $3) \
        ORDER BY c.last_message_at_ms DESC, c.id DESC LIMIT $4) here \
      UNION ALL \
      SELECT * FROM (SELECT c.*, coalesce(m.created_at_ms, c.created_at_ms) AS latest_ms FROM chat_member u \
        JOIN chat c ON c.id = u.chat_id \
        LEFT JOIN chat_message m ON m.chat_id = u.chat_id AND m.number = u.last_number \
        WHERE u.user_id = $1 AND u.left_at_ms IS NOT NULL) gone \
      WHERE latest_ms < $2 OR latest_ms = $2 AND id < $3 \
    ) mine ORDER BY latest_ms DESC, id DESC LIMIT $4";

impl Chats {
    /// So many of a user's chats, each with the time of its last message, from behind one of that time and id on.
    pub(super) async fn latest_of(
        &self,
        user: UserId,
        after: Option<(i64, Uuid)>,
        limit: u64,
    ) -> Result<Vec<(i64, chat::Model)>, DbErr> {
        let (at, id) = after.unwrap_or((i64::MAX, Uuid::max()));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 4] = [user.0.into(), at.into(), id.into(), limit.into()];
        let db = self.database.reader();
        let rows = db.query_all_raw(statement(db, LATEST, values)).await?;
        rows.iter().map(|row| Ok((row.try_get("", "latest_ms")?, chat::Model::from_query_result(row, "")?))).collect()
    }
}
