//! Ending logins: in the database, in the memory of this node, and by message on all others.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use entity::login::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::ids::{Timestamp, UserId};
use crate::outbox;
use crate::outbox::user_message::UserMessage;

/// Which logins of a user end.
#[derive(Clone, Copy, Debug)]
pub(super) enum LoginEnd {
    /// That one.
    One(Uuid),
    /// All but that one.
    Others(Uuid),
    /// All there are.
    All,
}

/// Ends them; answers those that were live until now. Note them in [`RevokedLogins`] after the commit.
pub(super) async fn revoke(
    tx: &impl ConnectionTrait,
    user_id: UserId,
    ending: LoginEnd,
    now: Timestamp,
) -> Result<Vec<Uuid>, DbErr> {
    let mut live = Condition::all().add(Column::UserId.eq(user_id.0)).add(Column::RevokedAtMs.is_null());
    match ending {
        LoginEnd::One(login_id) => live = live.add(Column::Id.eq(login_id)),
        LoginEnd::Others(login_id) => live = live.add(Column::Id.ne(login_id)),
        LoginEnd::All => {}
    }
    let ids: Vec<Uuid> =
        Entity::find().select_only().column(Column::Id).filter(live.clone()).into_tuple().all(tx).await?;
    if !ids.is_empty() {
        Entity::update_many().col_expr(Column::RevokedAtMs, Expr::value(now.millis())).filter(live).exec(tx).await?;
        announce_revoked(tx, user_id, &ids, now).await?;
    }
    Ok(ids)
}

/// Tells all nodes, in the transaction of the revocation, so that they close the sockets of these logins.
pub(super) async fn announce_revoked(
    tx: &impl ConnectionTrait,
    user_id: UserId,
    login_ids: &[Uuid],
    now: Timestamp,
) -> Result<(), DbErr> {
    let revoked = UserMessage::LoginsRevoked(login_ids.to_vec());
    outbox::enqueue(tx, &revoked.key(user_id), &revoked.envelope(user_id, now), now).await
}

/// The logins revoked so lately that their access tokens may still be around.
pub(super) struct RevokedLogins {
    access_token_ms: i64,
    revoked_at: RwLock<HashMap<Uuid, Timestamp>>,
}

impl RevokedLogins {
    pub(super) fn new(access_token_life: Duration) -> Self {
        let access_token_ms = i64::try_from(access_token_life.as_millis()).unwrap_or(i64::MAX);
        Self { access_token_ms, revoked_at: RwLock::default() }
    }

    pub(super) fn contains(&self, login_id: Uuid) -> bool {
        self.revoked_at.read().unwrap_or_else(PoisonError::into_inner).contains_key(&login_id)
    }

    /// Also forgets those whose access tokens have all expired, so this is bounded by the revocations of 15 minutes.
    pub(super) fn note(&self, login_ids: &[Uuid], now: Timestamp) {
        if login_ids.is_empty() {
            return;
        }
        let mut revoked_at = self.revoked_at.write().unwrap_or_else(PoisonError::into_inner);
        revoked_at.retain(|_, at| now.millis() - at.millis() <= self.access_token_ms);
        revoked_at.extend(login_ids.iter().map(|id| (*id, now)));
    }

    pub(super) async fn load(&self, db: &impl ConnectionTrait, now: Timestamp) -> Result<(), DbErr> {
        let lately = Column::RevokedAtMs.gte(now.millis() - self.access_token_ms);
        let ids: Vec<Uuid> =
            Entity::find().select_only().column(Column::Id).filter(lately).into_tuple().all(db).await?;
        self.note(&ids, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoked_login_is_remembered_as_long_as_its_access_tokens_live() {
        let revoked = RevokedLogins::new(Duration::from_secs(900));
        let at = |seconds: i64| Timestamp::from_millis(1_769_882_645_000 + seconds * 1000);
        let [first, second, third] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
        revoked.note(&[first], at(0));
        revoked.note(&[second], at(900));
        assert!(revoked.contains(first) && revoked.contains(second) && !revoked.contains(third));
        revoked.note(&[third], at(901));
        assert!(!revoked.contains(first) && revoked.contains(second) && revoked.contains(third));
    }
}
