//! Direct chats and groups: how they come to be, and who is in a group.

use std::collections::BTreeSet;

use entity::{chat, user, user_block};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect, Set,
};
use uuid::Uuid;

use super::chats::Chats;
use super::held::{DIRECT, GROUP};
use super::marks::settle_without;
use super::membership::{change, hold_rows, insert, joins_again, leaves, new_member};
use super::sending::not_member;
use crate::account::Limit;
use crate::clock;
use crate::http::{Code, Problem};
use crate::ids::{ChatId, Timestamp, UserId};
use crate::text::{composed, is_visible};

/// Users in one group.
const MEMBERS_MAX: usize = 100;
const TITLE_MAX: usize = 100;
/// Chats that one user makes, over all nodes.
const NEW: Limit = Limit::per_hour("new chats", 1_000);

/// What two users' chat is found by.
fn direct_key(one: UserId, other: UserId) -> String {
    format!("{}/{}", one.min(other), one.max(other))
}

fn checked_title(title: &str) -> Result<String, Problem> {
    let title = composed(title.trim());
    let length = title.chars().count();
    if (1..=TITLE_MAX).contains(&length) && is_visible(&title) {
        return Ok(title);
    }
    Err(Problem::invalid("title", format!("must be 1 to {TITLE_MAX} characters, none of them invisible")))
}

impl Chats {
    /// The chat of two users, of whom `others` is one; true: it is new.
    pub(super) async fn direct(&self, me: UserId, others: BTreeSet<UserId>) -> Result<(ChatId, bool), Problem> {
        let key = others.first().map(|other| direct_key(me, *other)).unwrap_or_default();
        if let Some(there) = self.by_direct_key(&key).await? {
            return Ok((there, false));
        }
        self.accounts.attempts().take(&NEW, &me.to_string()).await?;
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        may_be_asked(&tx, me, &others).await?;
        let row = new_chat(DIRECT, Some(key.clone()), None, me, now);
        if !store(&tx, &row).await? {
            drop(tx);
            // Both had the same thought.
            let there = self.by_direct_key(&key).await?;
            return Ok((there.ok_or_else(|| Problem::not_found("there is no such chat"))?, false));
        }
        insert(&tx, others.into_iter().chain([me]).map(|user| new_member(&row, user, true, now)).collect()).await?;
        tx.commit().await?;
        Ok((ChatId(row.id), true))
    }

    async fn by_direct_key(&self, key: &str) -> Result<Option<ChatId>, DbErr> {
        // On the writer's side: whoever lost against another call finds what that one stored.
        let found = chat::Entity::find().filter(chat::Column::DirectKey.eq(key)).one(self.database.writer()).await?;
        Ok(found.map(|row| ChatId(row.id)))
    }

    /// A new group.
    pub(super) async fn group(
        &self,
        me: UserId,
        others: BTreeSet<UserId>,
        title: Option<String>,
    ) -> Result<ChatId, Problem> {
        if others.is_empty() || others.len() >= MEMBERS_MAX {
            return Err(Problem::invalid("user_ids", format!("must be 1 to {} others", MEMBERS_MAX - 1)));
        }
        let title = title.map(|title| checked_title(&title)).transpose()?;
        self.accounts.attempts().take(&NEW, &me.to_string()).await?;
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        may_be_asked(&tx, me, &others).await?;
        let row = new_chat(GROUP, None, title, me, now);
        store(&tx, &row).await?;
        insert(&tx, others.into_iter().chain([me]).map(|user| new_member(&row, user, false, now)).collect()).await?;
        tx.commit().await?;
        Ok(ChatId(row.id))
    }

    /// These come into a group of the user's, and see what is said from now on.
    pub(super) async fn bring_in(&self, me: UserId, chat: ChatId, users: BTreeSet<UserId>) -> Result<(), Problem> {
        if users.is_empty() || users.len() > MEMBERS_MAX {
            return Err(Problem::invalid("user_ids", format!("must be 1 to {MEMBERS_MAX}")));
        }
        self.of_member(me, chat).await?;
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let (row, members) = hold_rows(&tx, chat).await?.ok_or_else(|| Problem::not_found("there is no such chat"))?;
        of_creator(&row, me)?;
        let is_here =
            |user: &UserId| members.iter().any(|member| member.user_id == user.0 && member.left_at_ms.is_none());
        let new: BTreeSet<UserId> = users.into_iter().filter(|user| !is_here(user)).collect();
        if members.iter().filter(|member| member.left_at_ms.is_none()).count() + new.len() > MEMBERS_MAX {
            return Err(Problem::invalid("user_ids", format!("a group has {MEMBERS_MAX} members at most")));
        }
        may_be_asked(&tx, me, &new).await?;
        let mut rows = Vec::new();
        for user in new {
            match members.iter().find(|member| member.user_id == user.0) {
                Some(left) => change(&tx, joins_again(left, &row, false, now)).await?,
                None => rows.push(new_member(&row, user, false, now)),
            }
        }
        insert(&tx, rows).await?;
        Ok(tx.commit().await?)
    }

    /// Somebody leaves a group, or is taken out of it. Where that is who made it, the one who is there longest has it.
    pub(super) async fn take_out(&self, me: UserId, chat: ChatId, member: UserId) -> Result<(), Problem> {
        self.of_member(me, chat).await?;
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let (row, members) = hold_rows(&tx, chat).await?.ok_or_else(|| Problem::not_found("there is no such chat"))?;
        let here = members.iter().filter(|member| member.left_at_ms.is_none());
        if row.kind != GROUP || me != member {
            of_creator(&row, me)?;
        }
        let gone = here.clone().find(|there| there.user_id == member.0);
        let gone = gone.ok_or_else(|| match me == member {
            true => not_member(),
            false => Problem::not_found("there is no such member"),
        })?;
        change(&tx, leaves(gone, &row, now)).await?;
        if row.created_by == Some(member.0) {
            let next =
                here.filter(|there| there.user_id != member.0).min_by_key(|there| (there.joined_at_ms, there.user_id));
            let heir = chat::ActiveModel {
                id: Set(row.id),
                created_by: Set(next.map(|next| next.user_id)),
                ..Default::default()
            };
            heir.update(&tx).await?;
        }
        tx.commit().await?;
        Ok(settle_without(&self.database, gone, now).await?)
    }
}

fn of_creator(chat: &chat::Model, me: UserId) -> Result<(), Problem> {
    if chat.kind == GROUP && chat.created_by == Some(me.0) {
        return Ok(());
    }
    Err(Problem::new(Code::InsufficientPermissions, "who is in a chat is up to who made the group"))
}

fn new_chat(kind: &str, direct_key: Option<String>, title: Option<String>, me: UserId, now: Timestamp) -> chat::Model {
    chat::Model {
        id: clock::new_id(),
        kind: kind.to_owned(),
        session_id: None,
        direct_key,
        title,
        created_by: Some(me.0),
        created_at_ms: now.millis(),
        last_number: 0,
        last_message_at_ms: now.millis(),
        member_seq: 0,
    }
}

/// False: there is one of these two already.
async fn store(tx: &impl ConnectionTrait, row: &chat::Model) -> Result<bool, DbErr> {
    let there = OnConflict::new().do_nothing().to_owned();
    let stored = chat::Entity::insert(row.clone().into_active_model().reset_all()).on_conflict(there);
    Ok(stored.exec_without_returning(tx).await? == 1)
}

/// All of these have accounts, and none of them blocked the user, or is blocked.
async fn may_be_asked(tx: &DatabaseTransaction, me: UserId, others: &BTreeSet<UserId>) -> Result<(), Problem> {
    let ids: Vec<Uuid> = others.iter().map(|other| other.0).collect();
    let there = user::Entity::find().select_only().column(user::Column::Id);
    let there = there.filter(user::Column::Id.is_in(ids.iter().copied())).filter(user::Column::DeletedAtMs.is_null());
    let there: Vec<Uuid> = there.into_tuple().all(tx).await?;
    if let Some(missing) = ids.iter().find(|id| !there.contains(id)) {
        return Err(Problem::invalid("user_ids", format!("there is no user {missing}")));
    }
    use user_block::Column;
    let mine = Condition::all().add(Column::UserId.eq(me.0)).add(Column::BlockedId.is_in(ids.iter().copied()));
    let theirs = Condition::all().add(Column::BlockedId.eq(me.0)).add(Column::UserId.is_in(ids));
    match user_block::Entity::find().filter(Condition::any().add(mine).add(theirs)).one(tx).await? {
        Some(_) => Err(Problem::new(Code::UserBlocked, "one of you blocked the other")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_have_one_key_whoever_begins() {
        let [anna, boris] = [1, 2].map(|user| UserId(Uuid::from_u128(user)));
        assert_eq!(direct_key(anna, boris), direct_key(boris, anna));
    }
}
