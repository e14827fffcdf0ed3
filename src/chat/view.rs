//! A chat as one of its members sees it.

use std::collections::HashMap;

use entity::{chat_member, chat_message, session};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Value};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::chats::Chats;
use super::held::{DIRECT, GROUP, statement};
use super::membership::SeenChat;
use super::message::ChatMessage;
use super::presence::Presence;
use crate::http::Problem;
use crate::ids::{ChatId, Seq, SessionId, Timestamp, UserId};
use crate::session::ListedSession;

/// Whose chat it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChatKind {
    /// Of two users.
    Direct,
    /// Of those who were asked into it.
    Group,
    /// Of those at the table of a session.
    Session,
}

/// Somebody in a chat.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatMember)]
pub(super) struct MemberView {
    user_id: UserId,
    display_name: String,
    /// The last message that was read; 0: none.
    read_up_to: i64,
    /// Connected now, if the member lets that be seen, and you are in the chat.
    is_online: bool,
    /// When the member was connected last, the same way.
    #[schema(required)]
    last_seen_at: Option<Timestamp>,
}

/// A chat as you see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Chat)]
pub(super) struct ChatView {
    id: ChatId,
    kind: ChatKind,
    /// Of a group, or the name of the session, if you may read that; `null` of a direct one.
    #[schema(required)]
    title: Option<String>,
    /// Whose chat it is, of that kind.
    #[schema(required)]
    session_id: Option<SessionId>,
    /// Who is in it now, or was when you left.
    members: Vec<MemberView>,
    /// The last one that you see.
    #[schema(required)]
    last_message: Option<ChatMessage>,
    /// Messages of others that you have not read, but for deleted ones.
    unread_count: i64,
    /// When you left it: you see what was said until then, and say nothing.
    #[schema(required)]
    left_at: Option<Timestamp>,
}

/// Whether somebody is among the members. To who left that is who was there then, so nobody who came since: not even who
/// came in the moment in which it was noted.
fn is_listed(member: &chat_member::Model, seen: &SeenChat) -> bool {
    let Some(end) = seen.me.left_at_ms else { return seen.chat.kind == DIRECT || member.left_at_ms.is_none() };
    let was_there = member.joined_at_ms < end && member.left_at_ms.is_none_or(|left| left >= end);
    was_there || member.user_id == seen.me.user_id
}

/// How many others' messages somebody has not read: all since, but for those of his own and those that were taken back.
fn unread(seen: &SeenChat, deleted: i64) -> i64 {
    let SeenChat { me, .. } = seen;
    let since = seen.last_number() - me.read_up_to.max(me.first_number - 1);
    (since - (me.sent_count - me.sent_when_read) - deleted).max(0)
}

impl Chats {
    /// These chats as that user sees them, in their order.
    pub(super) async fn views(&self, user: UserId, chats: Vec<SeenChat>) -> Result<Vec<ChatView>, Problem> {
        let ids: Vec<Uuid> = chats.iter().map(|seen| seen.chat.id).collect();
        let mut last = self.last_messages(user, &ids).await?;
        let deleted = self.deleted_unread(user, &ids).await?;
        let mut names = self.session_names(user, &chats).await?;
        let mut members = self.members_of(&chats).await?;
        let view = |seen: SeenChat| ChatView {
            id: ChatId(seen.chat.id),
            kind: match seen.chat.kind.as_str() {
                DIRECT => ChatKind::Direct,
                GROUP => ChatKind::Group,
                _ => ChatKind::Session,
            },
            title: seen.chat.session_id.and_then(|session| names.remove(&session)).or_else(|| seen.chat.title.clone()),
            session_id: seen.chat.session_id.map(SessionId),
            members: members.remove(&seen.chat.id).unwrap_or_default(),
            last_message: last.remove(&seen.chat.id),
            unread_count: unread(&seen, deleted.get(&seen.chat.id).copied().unwrap_or(0)),
            left_at: seen.me.left_at_ms.map(Timestamp::from_millis),
        };
        Ok(chats.into_iter().map(view).collect())
    }

    /// One chat.
    pub(super) async fn view(&self, user: UserId, seen: SeenChat) -> Result<ChatView, Problem> {
        let view = self.views(user, vec![seen]).await?.pop();
        view.ok_or_else(|| Problem::not_found("there is no such chat"))
    }

    async fn last_messages(&self, user: UserId, chats: &[Uuid]) -> Result<HashMap<Uuid, ChatMessage>, DbErr> {
        let db = self.database.reader();
        let (among, values) = of_user_among(user, chats);
        let sql = format!(
            "SELECT m.* FROM chat_member u JOIN chat c ON c.id = u.chat_id \
             JOIN chat_message m ON m.chat_id = c.id AND m.number = coalesce(u.last_number, c.last_number) \
                                    AND m.number >= u.first_number \
             WHERE u.user_id = $1 AND {among}"
        );
        let rows = db.query_all_raw(statement(db, sql, values)).await?;
        let messages = rows.iter().map(|row| chat_message::Model::from_query_result(row, ""));
        messages.map(|row| row.map(|row| (row.chat_id, ChatMessage::of(row)))).collect()
    }

    /// How many of those that the user has not read are deleted ones of others.
    async fn deleted_unread(&self, user: UserId, chats: &[Uuid]) -> Result<HashMap<Uuid, i64>, DbErr> {
        let db = self.database.reader();
        let (among, values) = of_user_among(user, chats);
        let sql = format!(
            "SELECT u.chat_id, count(*) FROM chat_member u \
             JOIN chat_message m ON m.chat_id = u.chat_id AND m.is_deleted AND m.number > u.read_up_to \
                                    AND m.number >= u.first_number AND m.sender_id <> u.user_id \
             WHERE u.user_id = $1 AND {among} AND (u.last_number IS NULL OR m.number <= u.last_number) \
             GROUP BY u.chat_id"
        );
        let rows = db.query_all_raw(statement(db, sql, values)).await?;
        rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
    }

    /// Who left may read the session, unless he was removed from it.
    async fn session_names(&self, user: UserId, chats: &[SeenChat]) -> Result<HashMap<Uuid, String>, Problem> {
        let sessions: HashMap<Uuid, bool> =
            chats.iter().filter_map(|seen| Some((seen.chat.session_id?, seen.is_member()))).collect();
        if sessions.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = session::Entity::find().filter(session::Column::Id.is_in(sessions.keys().copied()));
        let (mut names, mut left) = (HashMap::new(), Vec::new());
        for row in rows.all(self.database.reader()).await? {
            if sessions.get(&row.id).is_some_and(|is_member| *is_member) {
                names.insert(row.id, row.name);
            } else {
                left.push(ListedSession { session: SessionId(row.id), head: Seq(row.head), code: row.code });
            }
        }
        if !left.is_empty() {
            let readable = self.sessions.list_for(user, left).await?;
            names.extend(readable.into_iter().map(|session| (session.id.0, session.name)));
        }
        Ok(names)
    }

    /// Who is in these; of a direct one always both.
    async fn members_of(&self, chats: &[SeenChat]) -> Result<HashMap<Uuid, Vec<MemberView>>, DbErr> {
        use chat_member::Column;
        let seen: HashMap<Uuid, &SeenChat> = chats.iter().map(|seen| (seen.chat.id, seen)).collect();
        let rows = chat_member::Entity::find().filter(Column::ChatId.is_in(seen.keys().copied()));
        let rows =
            rows.order_by_asc(Column::JoinedAtMs).order_by_asc(Column::UserId).all(self.database.reader()).await?;
        let rows = rows.into_iter().filter_map(|row| seen.get(&row.chat_id).map(|seen| (row, *seen)));
        let rows: Vec<(chat_member::Model, &SeenChat)> = rows.filter(|(row, seen)| is_listed(row, seen)).collect();
        let mut users: Vec<UserId> = rows.iter().map(|(row, _)| UserId(row.user_id)).collect();
        users.sort_unstable();
        users.dedup();
        let profiles = self.accounts.public_profiles(&users).await?;
        let presence = self.presence_of(&users).await?;
        let mut members: HashMap<Uuid, Vec<MemberView>> = HashMap::new();
        for (row, seen) in rows {
            let user_id = UserId(row.user_id);
            let display_name = profiles.get(&user_id).map(|user| user.display_name.clone()).unwrap_or_default();
            let presence = presence.get(&user_id).filter(|_| seen.is_member());
            let Presence { is_online, last_seen_at } = presence.copied().unwrap_or_default();
            let read_up_to = seen.me.last_number.map_or(row.read_up_to, |last| row.read_up_to.min(last));
            let member = MemberView { user_id, display_name, read_up_to, is_online, last_seen_at };
            members.entry(row.chat_id).or_default().push(member);
        }
        Ok(members)
    }
}

/// `$1` is the user; the chats follow.
fn of_user_among(user: UserId, chats: &[Uuid]) -> (String, Vec<Value>) {
    let places: Vec<String> = (2..chats.len() + 2).map(|place| format!("${place}")).collect();
    let among = format!("u.chat_id IN ({})", if places.is_empty() { "NULL".to_owned() } else { places.join(", ") });
    (among, std::iter::once(user.0).chain(chats.iter().copied()).map(Value::from).collect())
}
