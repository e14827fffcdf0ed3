//! Logins in the database: opening one, exchanging its refresh token for the next one, forgetting it.
//! A refresh token is good for one exchange. One that comes a second time was copied, so its whole login ends.

use entity::{login, refresh_token, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::revocation::{Ending, revoke};
use super::{Accounts, token};
use crate::clock;
use crate::game::id::{Timestamp, UserId};
use crate::problem::{Code, Problem};

/// A login with its newest refresh token.
pub(super) struct Opened {
    pub(super) user: user::Model,
    pub(super) login_id: Uuid,
    pub(super) refresh_token: String,
}

impl Accounts {
    /// Opens a login for a user whose password was just checked against `user.password_hash`.
    pub(super) async fn open_login(&self, user: user::Model) -> Result<Opened, Problem> {
        let tx = self.0.database.begin_write().await?;
        // The row is locked: a password that changes meanwhile ends the logins before it or after this one is there.
        let now_stored = user::Entity::find_by_id(user.id).lock_shared().one(&tx).await?;
        if now_stored.is_none_or(|stored| stored.password_hash != user.password_hash) {
            return Err(Problem::new(Code::InvalidCredentials, "user name or password is wrong"));
        }
        let opened = self.insert_login(&tx, user).await?;
        tx.commit().await?;
        Ok(opened)
    }

    /// Opens the first login of a user made in the same transaction.
    pub(super) async fn insert_login(&self, tx: &impl ConnectionTrait, user: user::Model) -> Result<Opened, DbErr> {
        let now = clock::now();
        let login_id = Uuid::now_v7();
        let row = login::ActiveModel {
            id: Set(login_id),
            user_id: Set(user.id),
            created_at_ms: Set(now.millis()),
            expires_at_ms: Set(now.millis() + self.0.refresh_token_ms),
            revoked_at_ms: Set(None),
        };
        login::Entity::insert(row).exec_without_returning(tx).await?;
        let refresh_token = self.insert_refresh_token(tx, login_id, now).await?;
        Ok(Opened { user, login_id, refresh_token })
    }

    async fn insert_refresh_token(
        &self,
        tx: &impl ConnectionTrait,
        login_id: Uuid,
        now: Timestamp,
    ) -> Result<String, DbErr> {
        let refresh_token = token::refresh_token();
        let row = refresh_token::ActiveModel {
            token_hash: Set(token::hash_of(&refresh_token)),
            login_id: Set(login_id),
            created_at_ms: Set(now.millis()),
            expires_at_ms: Set(now.millis() + self.0.refresh_token_ms),
            spent_at_ms: Set(None),
        };
        refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
        Ok(refresh_token)
    }

    /// Spends a refresh token for the next one of its login.
    pub(super) async fn exchange(&self, refresh_token: &str) -> Result<Opened, Problem> {
        let now = clock::now();
        let tx = self.0.database.begin_write().await?;
        let (token, login) = find(&tx, refresh_token).await?.ok_or_else(invalid)?;
        // The condition decides which one of two exchanges at the same time is the first.
        let spent = refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::SpentAtMs, Expr::value(now.millis()))
            .filter(refresh_token::Column::TokenHash.eq(&token.token_hash))
            .filter(refresh_token::Column::SpentAtMs.is_null())
            .exec(&tx)
            .await?;
        if spent.rows_affected == 0 {
            let ended = revoke(&tx, UserId(login.user_id), Ending::One(login.id), now).await?;
            tx.commit().await?;
            self.note_revoked(&ended);
            tracing::warn!(login.id = %login.id, user.id = %login.user_id, "a spent refresh token was used again");
            return Err(Problem::new(Code::RefreshTokenReused, "this token was used before; log in again"));
        }
        if login.revoked_at_ms.is_some() {
            return Err(Problem::new(Code::Unauthenticated, "this login was ended"));
        }
        if token.expires_at_ms <= now.millis() {
            return Err(Problem::new(Code::TokenExpired, "this token has expired; log in again"));
        }
        let user = user::Entity::find_by_id(login.user_id).one(&tx).await?.ok_or_else(invalid)?;
        let refresh_token = self.insert_refresh_token(&tx, login.id, now).await?;
        login::Entity::update_many()
            .col_expr(login::Column::ExpiresAtMs, Expr::value(now.millis() + self.0.refresh_token_ms))
            .filter(login::Column::Id.eq(login.id))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(Opened { user, login_id: login.id, refresh_token })
    }

    /// Ends the login that a refresh token of this user belongs to; twice is as good as once.
    pub(super) async fn end_login(&self, user_id: UserId, refresh_token: &str) -> Result<(), Problem> {
        let tx = self.0.database.begin_write().await?;
        let login = find(&tx, refresh_token).await?.map(|(_, login)| login);
        let login = login.filter(|login| login.user_id == user_id.0).ok_or_else(invalid)?;
        let ended = revoke(&tx, user_id, Ending::One(login.id), clock::now()).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(())
    }
}

fn invalid() -> Problem {
    Problem::new(Code::Unauthenticated, "this refresh token is not valid")
}

async fn find(
    tx: &impl ConnectionTrait,
    refresh_token: &str,
) -> Result<Option<(refresh_token::Model, login::Model)>, DbErr> {
    let Some(token) = refresh_token::Entity::find_by_id(token::hash_of(refresh_token)).one(tx).await? else {
        return Ok(None);
    };
    let login = login::Entity::find_by_id(token.login_id).one(tx).await?;
    Ok(login.map(|login| (token, login)))
}

/// Spent tokens are kept until they would have expired, since only known ones can be seen to come again.
pub(super) async fn forget_expired(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    let expired = refresh_token::Column::ExpiresAtMs.lte(now.millis());
    let tokens = refresh_token::Entity::delete_many().filter(expired).exec(db).await?.rows_affected;
    let logins = login::Entity::delete_many().filter(login::Column::ExpiresAtMs.lte(now.millis())).exec(db).await?;
    Ok(tokens + logins.rows_affected)
}
