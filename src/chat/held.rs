//! Chats while something changes in them. Rows are locked in one order: chats, then members, then messages, each by id;
//! so nobody waits in a ring.

use std::collections::HashMap;

use entity::{chat, chat_member, user_block};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use super::sending::HeldChat;
use crate::database::is_among;
use crate::ids::{ChatId, UserId};

pub(super) const DIRECT: &str = "direct";
pub(super) const GROUP: &str = "group";
pub(super) const SESSION: &str = "session";

/// A statement in the words of both databases; parameters are `$1`, `$2`, ...
pub(super) fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// These chats, held until the end of the transaction, as who sends to them has to know them.
pub(super) async fn hold(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<ChatId, HeldChat>, DbErr> {
    let rows = chat::Entity::find().filter(is_among(tx, chat::Column::Id, ids));
    let rows = rows.order_by_asc(chat::Column::Id).lock_exclusive().all(tx).await?;
    let mut chats: HashMap<ChatId, HeldChat> = HashMap::with_capacity(rows.len());
    let (mut of_sessions, mut of_two) = (Vec::new(), Vec::new());
    for row in &rows {
        chats.insert(ChatId(row.id), HeldChat { last_number: row.last_number, ..HeldChat::default() });
        match row.kind.as_str() {
            SESSION => of_sessions.extend(row.session_id),
            DIRECT => of_two.push(row.id),
            _ => {}
        }
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let members: Vec<(Uuid, Uuid)> = chat_member::Entity::find()
        .select_only()
        .columns([chat_member::Column::ChatId, chat_member::Column::UserId])
        .filter(is_among(tx, chat_member::Column::ChatId, ids))
        .filter(chat_member::Column::LeftAtMs.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    for (chat, user) in members {
        chats.entry(ChatId(chat)).or_default().members.push(UserId(user));
    }
    if !of_sessions.is_empty() {
        let changes = changed_sessions(tx, of_sessions).await?;
        for row in &rows {
            let changed = row.session_id.and_then(|session| changes.get(&session));
            if let (Some(changed), Some(chat)) = (changed, chats.get_mut(&ChatId(row.id))) {
                chat.members_changed = *changed > row.member_seq;
            }
        }
    }
    if !of_two.is_empty() {
        mark_blocked(tx, of_two, &mut chats).await?;
    }
    Ok(chats)
}

/// The last event of each session after which somebody may have a place, or none.
async fn changed_sessions(db: &impl ConnectionTrait, sessions: Vec<Uuid>) -> Result<HashMap<Uuid, i64>, DbErr> {
    let places: Vec<String> = (1..=sessions.len()).map(|place| format!("${place}")).collect();
    let (which, values): (String, Vec<Value>) = match db.get_database_backend() {
        DbBackend::Postgres => ("= ANY($1)".to_owned(), vec![sessions.into()]),
        _ => (format!("IN ({})", places.join(", ")), sessions.into_iter().map(Value::from).collect()),
    };
    let sql =
        format!("SELECT session_id, max(seq) FROM membership_change WHERE session_id {which} GROUP BY session_id");
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

async fn mark_blocked(
    db: &impl ConnectionTrait,
    of_two: Vec<Uuid>,
    chats: &mut HashMap<ChatId, HeldChat>,
) -> Result<(), DbErr> {
    let users: Vec<Uuid> = of_two
        .iter()
        .filter_map(|id| chats.get(&ChatId(*id)))
        .flat_map(|chat| &chat.members)
        .map(|user| user.0)
        .collect();
    let blocks: Vec<(Uuid, Uuid)> = user_block::Entity::find()
        .select_only()
        .columns([user_block::Column::UserId, user_block::Column::BlockedId])
        .filter(is_among(db, user_block::Column::UserId, users.clone()))
        .filter(is_among(db, user_block::Column::BlockedId, users))
        .into_tuple()
        .all(db)
        .await?;
    for id in of_two {
        let Some(chat) = chats.get_mut(&ChatId(id)) else { continue };
        let is_here = |user: &Uuid| chat.members.contains(&UserId(*user));
        chat.is_blocked = blocks.iter().any(|(by, of)| is_here(by) && is_here(of));
    }
    Ok(())
}
