//! Logins in the database: opening one, exchanging its refresh token for the next one, forgetting it.
//! A refresh token is good for one exchange. One that comes a second time was copied, so its whole login ends; but for
//! half a minute the answer may have been lost, or another tab was faster, and the same answer is given again.

use entity::{login, refresh_token, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{Accounts, token};
use crate::clock;
use crate::database::{self, Database};
use crate::http::{Code, Problem};
use crate::ids::{Timestamp, UserId};

/// How long a spent token is answered again, as long as nobody goes on with what followed it.
const ANSWERED_AGAIN_MS: i64 = 30_000;

/// A login with its newest refresh token.
pub(super) struct OpenedLogin {
    pub(super) user: user::Model,
    pub(super) login_id: Uuid,
    pub(super) refresh_token: String,
}

impl Accounts {
    /// Opens a login for a user whose password was just checked against `user.password_hash`; all else counts as it is
    /// stored by now.
    pub(super) async fn open_login(&self, user: user::Model, client: &Client) -> Result<OpenedLogin, Problem> {
        let tx = self.0.database.begin_write().await?;
        // The row is locked: a password that changes meanwhile ends the logins before it or after this one is there.
        let stored = user::Entity::find_by_id(user.id).lock_shared().one(&tx).await?;
        // What was read before the password was hashed says nothing any more.
        let is_same =
            |stored: &user::Model| stored.password_hash == user.password_hash && stored.deleted_at_ms.is_none();
        let Some(user) = stored.filter(is_same) else {
            return Err(Problem::new(Code::InvalidCredentials, "user name or password is wrong"));
        };
        let id = UserId(user.id);
        if user.disabled_at_ms.is_some() {
            let why = json!({"reason": Code::LoginDisabled.as_str()});
            record(&tx, "user.login_failed", Some(id), client, why).await?;
            tx.commit().await?;
            return Err(disabled());
        }
        let opened = self.insert_login(&tx, user, client).await?;
        let login = json!({"login_id": opened.login_id});
        record(&tx, "user.logged_in", Some(id), client, login).await?;
        tx.commit().await?;
        Ok(opened)
    }

    /// Opens the first login of a user made in the same transaction.
    pub(super) async fn insert_login(
        &self,
        tx: &impl ConnectionTrait,
        user: user::Model,
        client: &Client,
    ) -> Result<OpenedLogin, DbErr> {
        let (now, life_ms) = (clock::now(), self.refresh_token_ms(&user));
        let login_id = crate::clock::new_id();
        let row = login::ActiveModel {
            id: Set(login_id),
            user_id: Set(user.id),
            created_at_ms: Set(now.millis()),
            expires_at_ms: Set(now.millis() + life_ms),
            revoked_at_ms: Set(None),
            last_used_at_ms: Set(Some(now.millis())),
            user_agent: Set(client.user_agent().map(str::to_owned)),
        };
        login::Entity::insert(row).exec_without_returning(tx).await?;
        let refresh_token = token::refresh_token();
        insert_refresh_token(tx, login_id, &refresh_token, now, life_ms).await?;
        Ok(OpenedLogin { user, login_id, refresh_token })
    }

    /// Spends a refresh token for the next one of its login. `now`: by this node, whose clock says what lives until
    /// when; how long ago a token was spent is measured by the database's alone.
    pub(super) async fn exchange(
        &self,
        refresh_token: &str,
        client: &Client,
        now: Timestamp,
    ) -> Result<OpenedLogin, Problem> {
        let tx = self.0.database.begin_write().await?;
        let (token, login) = find(&tx, refresh_token).await?.ok_or_else(invalid)?;
        let user = user::Entity::find_by_id(login.user_id).one(&tx).await?.ok_or_else(invalid)?;
        if user.disabled_at_ms.is_some() {
            return Err(disabled());
        }
        let successor = self.0.tokens.successor_of(refresh_token);
        // The condition decides which one of two exchanges at the same time is the first.
        let spent = refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::SpentAtMs, Expr::cust(database::now_ms(&tx)))
            .filter(refresh_token::Column::TokenHash.eq(&token.token_hash))
            .filter(refresh_token::Column::SpentAtMs.is_null())
            .exec(&tx)
            .await?;
        if spent.rows_affected == 0 {
            if login.revoked_at_ms.is_none() && is_answer_lost(&tx, &token.token_hash, &successor, now).await? {
                return Ok(OpenedLogin { user, login_id: login.id, refresh_token: successor });
            }
            let what = json!({"login_id": login.id});
            record(&tx, "user.refresh_token_reused", Some(UserId(user.id)), client, what).await?;
            let ended = revoke(&tx, UserId(login.user_id), LoginEnd::One(login.id), now).await?;
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
        let life_ms = self.refresh_token_ms(&user);
        insert_refresh_token(&tx, login.id, &successor, now, life_ms).await?;
        login::Entity::update_many()
            .col_expr(login::Column::ExpiresAtMs, Expr::value(now.millis() + life_ms))
            .col_expr(login::Column::LastUsedAtMs, Expr::value(now.millis()))
            .col_expr(login::Column::UserAgent, Expr::value(client.user_agent()))
            .filter(login::Column::Id.eq(login.id))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(OpenedLogin { user, login_id: login.id, refresh_token: successor })
    }

    /// Ends the login that a refresh token of this user belongs to; twice is as good as once.
    pub(super) async fn end_login(&self, user_id: UserId, refresh_token: &str, client: &Client) -> Result<(), Problem> {
        let now = clock::now();
        let tx = self.0.database.begin_write().await?;
        let login = find(&tx, refresh_token).await?.map(|(_, login)| login);
        let login = login.filter(|login| login.user_id == user_id.0).ok_or_else(invalid)?;
        let ended = revoke(&tx, user_id, LoginEnd::One(login.id), now).await?;
        if !ended.is_empty() {
            record(&tx, "user.logged_out", Some(user_id), client, json!({"login_id": login.id})).await?;
        }
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(())
    }
}

async fn insert_refresh_token(
    tx: &impl ConnectionTrait,
    login_id: Uuid,
    refresh_token: &str,
    now: Timestamp,
    life_ms: i64,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token::hash_of(refresh_token)),
        login_id: Set(login_id),
        created_at_ms: Set(now.millis()),
        expires_at_ms: Set(now.millis() + life_ms),
        spent_at_ms: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

fn disabled() -> Problem {
    Problem::new(Code::LoginDisabled, "this account may not log in; ask who runs the service")
}

/// Whether a token that is spent comes again from whoever spent it: lately, and nobody went on with its successor. Read
/// after the attempt to spend it, which waited for another one at the same time.
async fn is_answer_lost(
    tx: &impl ConnectionTrait,
    token_hash: &str,
    successor: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let lately = format!("spent_at_ms > {} - {ANSWERED_AGAIN_MS}", database::now_ms(tx));
    let lately = refresh_token::Entity::find_by_id(token_hash).filter(Expr::cust(lately)).one(tx).await?;
    if lately.is_none_or(|token| token.expires_at_ms <= now.millis()) {
        return Ok(false);
    }
    let next = refresh_token::Entity::find_by_id(token::hash_of(successor)).one(tx).await?;
    Ok(next.is_some_and(|next| next.spent_at_ms.is_none()))
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
pub(super) async fn forget_expired(database: &Database, now: Timestamp) -> Result<u64, DbErr> {
    let tx = database.begin_long_write().await?;
    let expired = refresh_token::Column::ExpiresAtMs.lte(now.millis());
    let tokens = refresh_token::Entity::delete_many().filter(expired).exec(&tx).await?.rows_affected;
    let logins = login::Entity::delete_many().filter(login::Column::ExpiresAtMs.lte(now.millis())).exec(&tx).await?;
    tx.commit().await?;
    Ok(tokens + logins.rows_affected)
}
