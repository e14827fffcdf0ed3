//! Two users and what stands between them, held while one of them changes it.

use entity::{friend_request, friendship, user, user_block};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use uuid::Uuid;

use super::refuse_blocked;
use crate::clock;
use crate::database::Database;
use crate::http::{Code, Problem, RequestId};
use crate::ids::{CorrelationId, Timestamp, UserId};
use crate::outbox;
use crate::outbox::friendship::{FriendshipMessage, FriendshipStep, RequestOrigin, RoutedEnvelope};

/// Friends of one user.
const FRIENDS_MAX: u64 = 1_000;

/// Two users, whose rows are locked until what changes between them is stored.
pub(super) struct Pair {
    tx: DatabaseTransaction,
    /// Who changes something.
    pub(super) me: UserId,
    pub(super) other: UserId,
    pub(super) now: Timestamp,
    /// The request that does it.
    correlation_id: CorrelationId,
    said: Vec<RoutedEnvelope>,
}

impl Pair {
    /// 404 where there is no such other one.
    pub(super) async fn lock(
        database: &Database,
        me: UserId,
        other: UserId,
        request_id: RequestId,
    ) -> Result<Self, Problem> {
        let correlation_id = CorrelationId(request_id.0);
        let tx = database.begin_write().await?;
        let both = user::Entity::find().filter(user::Column::Id.is_in([me.0, other.0]));
        // In the order that everybody has who locks several, so that nobody waits in a ring.
        let both = both.order_by_asc(user::Column::Id).lock_exclusive().all(&tx).await?;
        let is_there = |user: UserId| both.iter().any(|row| row.id == user.0 && row.deleted_at_ms.is_none());
        if !is_there(me) {
            return Err(Problem::new(Code::Unauthenticated, "this account is gone"));
        }
        if !is_there(other) {
            return Err(Problem::not_found("there is no such user"));
        }
        Ok(Self { tx, me, other, now: clock::now(), correlation_id, said: Vec::new() })
    }

    pub(super) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    pub(super) async fn refuse_blocked(&self) -> Result<(), Problem> {
        refuse_blocked(&self.tx, self.me, self.other).await
    }

    fn key(&self) -> (Uuid, Uuid) {
        let (me, other) = (self.me.0, self.other.0);
        (me.min(other), me.max(other))
    }

    pub(super) async fn friendship(&self) -> Result<Option<friendship::Model>, DbErr> {
        friendship::Entity::find_by_id(self.key()).one(&self.tx).await
    }

    /// The request of either of the two.
    pub(super) async fn request(&self) -> Result<Option<friend_request::Model>, DbErr> {
        use friend_request::Column;
        let from = |from: UserId, to: UserId| {
            Condition::all().add(Column::FromUserId.eq(from.0)).add(Column::ToUserId.eq(to.0))
        };
        let between = Condition::any().add(from(self.me, self.other)).add(from(self.other, self.me));
        friend_request::Entity::find().filter(between).one(&self.tx).await
    }

    pub(super) async fn block(&self) -> Result<Option<user_block::Model>, DbErr> {
        user_block::Entity::find_by_id((self.me.0, self.other.0)).one(&self.tx).await
    }

    /// I take the other one's request: it is a friendship now.
    pub(super) async fn accept(&mut self, request: friend_request::Model) -> Result<friendship::Model, Problem> {
        for user in [self.me, self.other] {
            if of_user(user).count(&self.tx).await? >= FRIENDS_MAX {
                let whose = if user == self.me { "you have" } else { "this user has" };
                return Err(Problem::invalid("user_id", format!("{whose} {FRIENDS_MAX} friends, and nobody has more")));
            }
        }
        let (low_user_id, high_user_id) = self.key();
        let asked_by = request.from_user_id;
        let friendship = friendship::Model {
            low_user_id,
            high_user_id,
            request_id: request.id,
            asked_by,
            since_ms: self.now.millis(),
        };
        let row = friendship::ActiveModel {
            low_user_id: Set(low_user_id),
            high_user_id: Set(high_user_id),
            request_id: Set(request.id),
            asked_by: Set(asked_by),
            since_ms: Set(friendship.since_ms),
        };
        friendship::Entity::insert(row).exec_without_returning(&self.tx).await?;
        self.end_request(request, FriendshipStep::Accepted).await?;
        Ok(friendship)
    }

    /// There is no request any more, and that is how it ended.
    pub(super) async fn end_request(
        &mut self,
        request: friend_request::Model,
        step: FriendshipStep,
    ) -> Result<(), DbErr> {
        friend_request::Entity::delete_by_id(request.id).exec(&self.tx).await?;
        self.say(step, Some(RequestOrigin { id: request.id, by: UserId(request.from_user_id) }));
        Ok(())
    }

    pub(super) async fn end_friendship(&mut self, friendship: friendship::Model) -> Result<(), DbErr> {
        friendship::Entity::delete_by_id(self.key()).exec(&self.tx).await?;
        let origin = RequestOrigin { id: friendship.request_id, by: UserId(friendship.asked_by) };
        self.say(FriendshipStep::Removed, Some(origin));
        Ok(())
    }

    /// I ask the other one.
    pub(super) async fn ask(&mut self) -> Result<friend_request::Model, DbErr> {
        let request = friend_request::Model {
            id: clock::new_id(),
            from_user_id: self.me.0,
            to_user_id: self.other.0,
            created_at_ms: self.now.millis(),
        };
        let row = friend_request::ActiveModel {
            id: Set(request.id),
            from_user_id: Set(request.from_user_id),
            to_user_id: Set(request.to_user_id),
            created_at_ms: Set(request.created_at_ms),
        };
        friend_request::Entity::insert(row).exec_without_returning(&self.tx).await?;
        self.say(FriendshipStep::Requested, Some(RequestOrigin { id: request.id, by: self.me }));
        Ok(request)
    }

    /// What I did is said once it is stored.
    pub(super) fn say(&mut self, step: FriendshipStep, request: Option<RequestOrigin>) {
        let message = FriendshipMessage { step, by: self.me, other: self.other, request };
        let (happened, told) = message.messages(self.correlation_id, self.now);
        self.said.push(happened);
        self.said.extend(told);
    }

    /// Stores it all, with what is said of it.
    pub(super) async fn store(self) -> Result<(), DbErr> {
        outbox::enqueue_all(&self.tx, &self.said, self.now).await?;
        self.tx.commit().await
    }
}

/// The friendships of a user.
pub(super) fn of_user(user: UserId) -> sea_orm::Select<friendship::Entity> {
    use friendship::Column;
    let one_of_both = Condition::any().add(Column::LowUserId.eq(user.0)).add(Column::HighUserId.eq(user.0));
    friendship::Entity::find().filter(one_of_both)
}
