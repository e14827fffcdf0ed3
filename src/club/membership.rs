//! Somebody's place in a club, and what it allows. Who has none hears that there is no such club.

use entity::{club, club_member, user};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Code, Problem};
use crate::ids::{ClubId, UserId};

/// Clubs that one user is in.
const MEMBERSHIPS_MAX: u64 = 100;

/// What somebody is in a club; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClubRole {
    /// Sees the club and its board, and puts his own sessions into it.
    Member,
    /// Lets people in by the code, removes members, takes sessions out.
    Manager,
    /// Says who manages, hands the club over, deletes it. Each club has one.
    Owner,
}

impl ClubRole {
    pub(super) fn of(club: &club::Model, member: &club_member::Model) -> Self {
        match (club.owner_id == member.user_id, member.is_manager) {
            (true, _) => ClubRole::Owner,
            (false, true) => ClubRole::Manager,
            (false, false) => ClubRole::Member,
        }
    }
}

/// A club and what one of its members is in it.
pub(super) struct Membership {
    pub(super) club: club::Model,
    pub(super) role: ClubRole,
}

impl Membership {
    /// As it is now; 404 where there is none.
    pub(super) async fn read(db: &impl ConnectionTrait, club: ClubId, user: UserId) -> Result<Self, Problem> {
        let club = club::Entity::find_by_id(club.0).one(db).await?;
        Self::in_club(db, club.ok_or_else(no_such_club)?, user).await
    }

    /// The same, and nobody else changes the club until the transaction ends.
    pub(super) async fn lock(tx: &DatabaseTransaction, club: ClubId, user: UserId) -> Result<Self, Problem> {
        let club = club::Entity::find_by_id(club.0).lock_exclusive().one(tx).await?;
        Self::in_club(tx, club.ok_or_else(no_such_club)?, user).await
    }

    async fn in_club(db: &impl ConnectionTrait, club: club::Model, user: UserId) -> Result<Self, Problem> {
        let member = club_member::Entity::find_by_id((club.id, user.0)).one(db).await?;
        let role = ClubRole::of(&club, &member.ok_or_else(no_such_club)?);
        Ok(Self { club, role })
    }

    /// 403 for whoever is less than that.
    pub(super) fn must_be(&self, role: ClubRole) -> Result<(), Problem> {
        if self.role >= role {
            return Ok(());
        }
        let who = if role == ClubRole::Owner { "the club's owner" } else { "the club's owner and its managers" };
        Err(Problem::new(Code::InsufficientPermissions, format!("only {who} may do this")))
    }
}

/// Of an account that is being deleted this waits for the end: it joins nothing any more.
pub(super) async fn lock_user(tx: &DatabaseTransaction, user: UserId) -> Result<(), Problem> {
    let row = user::Entity::find_by_id(user.0).lock_exclusive().one(tx).await?;
    match row.is_some_and(|row| row.deleted_at_ms.is_none()) {
        true => Ok(()),
        false => Err(Problem::new(Code::Unauthenticated, "this account is gone")),
    }
}

/// 422 for whoever is in as many clubs as one may be; the row of the user is locked.
pub(super) async fn refuse_too_many(tx: &DatabaseTransaction, user: UserId, field: &str) -> Result<(), Problem> {
    let clubs = club_member::Entity::find().filter(club_member::Column::UserId.eq(user.0)).count(tx).await?;
    if clubs >= MEMBERSHIPS_MAX {
        return Err(Problem::invalid(field, format!("you are in {MEMBERSHIPS_MAX} clubs: leave one first")));
    }
    Ok(())
}

fn no_such_club() -> Problem {
    Problem::not_found("there is no such club")
}
