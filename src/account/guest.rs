//! Guests: accounts that begin with a display name alone and are kept by their login. One step gives such an account a
//! name and a password; those that nobody uses are deleted, unless they owe or are owed something.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::{login, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{LoginAnswer, answer, name_taken, new_account, only_free_name};
use super::deletion::erase;
use super::profile::Me;
use super::record::{Client, record};
use super::{Accounts, CurrentUser, names};
use crate::clock;
use crate::http::{Body, Code, Fields, Problem, ProblemBody};
use crate::ids::{Timestamp, UserId};
use crate::outbox::delivery;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Without being used so long a guest is deleted. Its logins live as long: nobody could come back to it later.
pub(super) const UNUSED_MS: i64 = 90 * DAY_MS;
/// A guest with an open balance is looked at again after this.
const DEBTS_HOLD_MS: i64 = 7 * DAY_MS;
/// Guests that are looked at in one go.
const AT_ONCE: u64 = 100;

/// Somebody without an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGuest {
    /// 1 to 64 characters.
    #[schema(example = "Anna")]
    display_name: String,
}

/// Lets somebody in by a name to show, without user name and password: an account that is kept by its refresh token.
#[utoipa::path(
    post, path = "/api/v1/auth/guest", operation_id = "come_in_as_guest", tag = "users", security(()), request_body = NewGuest,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the refresh token becomes a cookie")),
    responses((status = 201, body = LoginAnswer), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody)),
)]
pub(super) async fn come_in(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<NewGuest>,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::new();
    let display_name = names::check_display_name(&mut fields, &body.into_inner().display_name);
    fields.done()?;
    accounts.0.limits.register(accounts.client_address(&request)).await?;
    let account = new_account(String::new(), display_name);
    // Longer than a user name may be, so nobody can have it, and nobody logs in by it.
    let guest = user::Model { username: format!("guest-{}", account.id), is_guest: true, ..account };
    let client = Client::of(&request, &accounts);
    let tx = accounts.0.database.begin_write().await?;
    user::Entity::insert(user::ActiveModel::from(guest.clone())).exec_without_returning(&tx).await?;
    let opened = accounts.insert_login(&tx, guest, &client).await?;
    let (id, what) = (UserId(opened.user.id), json!({"login_id": opened.login_id, "is_guest": true}));
    record(&tx, "user.registered", Some(id), &client, what).await?;
    tx.commit().await?;
    answer(&request, &accounts, opened, StatusCode::CREATED)
}

/// What makes a guest an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimMe {
    /// 3 to 32 of `[a-z0-9_.-]`; upper case is taken for lower case.
    #[schema(example = "anna")]
    username: String,
    /// 8 to 128 characters.
    #[schema(format = Password)]
    password: String,
    /// Where to reach you; what you gave before stays where absent.
    email: Option<String>,
}

/// Makes the guest that asks an account with a name and a password. Its id stays, and so does all that it played.
#[utoipa::path(
    post, path = "/api/v1/users/me/claim", operation_id = "claim_me", tag = "users", security(("bearer" = [])), request_body = ClaimMe,
    responses(
        (status = 200, body = Me),
        (status = 409, description = "`username_taken`, or `already_claimed`: it is no guest any more", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn claim(
    user: CurrentUser,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<ClaimMe>,
) -> Result<web::Json<Me>, Problem> {
    let ClaimMe { username, password, email } = body.into_inner();
    let (username, password) = (names::username(&username), names::password(&password));
    let mut fields = Fields::new();
    names::check_username(&mut fields, &username);
    names::check_password(&mut fields, "password", &password);
    let email = email.map(|email| names::check_email(&mut fields, &email));
    fields.done()?;
    let claimed = || Problem::new(Code::AlreadyClaimed, "this account has a name and a password");
    if !accounts.own_row(user.id).await?.is_guest {
        return Err(claimed());
    }
    only_free_name(&accounts, &username).await?;
    let password_hash = accounts.0.passwords.hash(password).await?;
    let confirmation = accounts.confirmation_of(user.id, email.as_deref()).await?;
    let tx = accounts.0.database.begin_write().await?;
    let mut update = user::Entity::update_many()
        .col_expr(user::Column::Username, Expr::value(username.as_str()))
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash))
        .col_expr(user::Column::IsGuest, Expr::value(false))
        .col_expr(user::Column::UpdatedAtMs, Expr::value(clock::now().millis()));
    if let Some(email) = email {
        update = update.col_expr(user::Column::Email, Expr::value(email));
    }
    // Of two at the same time the second one finds no guest.
    let of_guest = user::Column::Id.eq(user.id.0).and(user::Column::IsGuest.eq(true));
    let updated = match update.filter(of_guest).filter(user::Column::DeletedAtMs.is_null()).exec(&tx).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            return Err(name_taken(&username));
        }
        updated => updated?,
    };
    if updated.rows_affected == 0 {
        return Err(claimed());
    }
    delivery::request(&tx, confirmation.as_slice()).await?;
    let what = json!({"login_id": user.login_id});
    record(&tx, "user.claimed", Some(user.id), &Client::of(&request, &accounts), what).await?;
    let row = user::Entity::find_by_id(user.id.0).one(&tx).await?;
    tx.commit().await?;
    let row = row.ok_or_else(|| Problem::new(Code::Unauthenticated, "this account is gone"))?;
    let role = accounts.role_of(&row);
    Ok(web::Json(Me::of(row, role)))
}

impl Accounts {
    /// Guests that nobody used for 90 days, those first that were not looked at longest: whether they owe something is
    /// for a room to say that knows balances.
    pub(crate) async fn unused_guests(&self) -> Result<Vec<UserId>, DbErr> {
        let now = clock::now();
        let seen = user::Column::DebtsSeenAtMs;
        let lately = Query::select()
            .expr(Expr::val(1))
            .from(login::Entity)
            .and_where(Expr::col((login::Entity, login::Column::UserId)).equals((user::Entity, user::Column::Id)))
            .cond_where(used_lately(now))
            .take();
        let ids: Vec<Uuid> = user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::IsGuest.eq(true))
            .filter(user::Column::DeletedAtMs.is_null())
            .filter(user::Column::CreatedAtMs.lte(now.millis() - UNUSED_MS))
            .filter(Condition::any().add(seen.is_null()).add(seen.lte(now.millis() - DEBTS_HOLD_MS)))
            .filter(Expr::exists(lately).not())
            .order_by_asc(seen.if_null(0))
            .order_by_asc(user::Column::Id)
            .limit(AT_ONCE)
            .into_tuple()
            .all(self.0.database.reader())
            .await?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// This guest has an open balance.
    pub(crate) async fn keep_guest(&self, guest: UserId) -> Result<(), DbErr> {
        user::Entity::update_many()
            .col_expr(user::Column::DebtsSeenAtMs, Expr::value(clock::now().millis()))
            .filter(user::Column::Id.eq(guest.0))
            .exec(self.0.database.writer())
            .await?;
        Ok(())
    }

    /// Deletes it, unless somebody came back to it; whether it did.
    pub(crate) async fn delete_unused(&self, guest: UserId) -> Result<bool, DbErr> {
        let tx = self.0.database.begin_write().await?;
        if !is_unused(&tx, guest, clock::now()).await? {
            return Ok(false);
        }
        let ended = erase(&tx, guest, &Client::housekeeping(), json!({"reason": "unused"})).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(true)
    }
}

/// Both rows are held: a claim, or a refresh of its login, is either seen here or comes too late.
async fn is_unused(tx: &DatabaseTransaction, guest: UserId, now: Timestamp) -> Result<bool, DbErr> {
    let row = user::Entity::find_by_id(guest.0).lock_exclusive().one(tx).await?;
    if row.is_none_or(|row| !row.is_guest || row.deleted_at_ms.is_some()) {
        return Ok(false);
    }
    let of_guest = login::Entity::find().filter(login::Column::UserId.eq(guest.0));
    let logins = of_guest.order_by_asc(login::Column::Id).lock_exclusive().all(tx).await?;
    let used_at = |login: &login::Model| login.last_used_at_ms.unwrap_or(login.created_at_ms);
    Ok(logins.iter().all(|login| used_at(login) <= now.millis() - UNUSED_MS))
}

fn used_lately(now: Timestamp) -> Condition {
    let used_at = Expr::col((login::Entity, login::Column::LastUsedAtMs))
        .if_null(Expr::col((login::Entity, login::Column::CreatedAtMs)));
    Condition::all().add(used_at.gt(now.millis() - UNUSED_MS))
}
