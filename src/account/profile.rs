//! What users are to themselves and to others, and what their fields may hold.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use entity::user::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, LikeExpr};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::names::{self, check_display_name, check_email, check_password};
use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{AccountRole, Accounts, CurrentUser};
use crate::clock;
use crate::http::{Body, Code, Fields, Listing, Page, PathId, Problem, ProblemBody, Query, given};
use crate::ids::{Timestamp, UserId};
use crate::outbox::delivery;
use crate::text::composed;

/// An account as its owner sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct Me {
    /// The account.
    pub id: UserId,
    /// Unique, in lower case; `null` of a guest.
    #[schema(required)]
    pub username: Option<String>,
    /// What others see.
    pub display_name: String,
    /// Where you can be reached.
    #[schema(required)]
    pub email: Option<String>,
    /// `admin` for those named in the configuration or made so at the command line.
    pub role: AccountRole,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Without name and password, kept by its login alone.
    pub is_guest: bool,
}

impl Me {
    pub(super) fn of(user: Model, role: AccountRole) -> Self {
        Self {
            id: UserId(user.id),
            display_name: names::shown_name(&user.display_name, &user.username),
            username: username_of(&user),
            is_guest: user.is_guest,
            email: user.email,
            role,
            created_at: Timestamp::from_millis(user.created_at_ms),
        }
    }
}

/// An account as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicUser {
    /// The account.
    pub id: UserId,
    /// Unique, in lower case; `null` of a guest.
    #[schema(required)]
    pub username: Option<String>,
    /// The name to show.
    pub display_name: String,
}

impl From<Model> for PublicUser {
    fn from(user: Model) -> Self {
        Self {
            id: UserId(user.id),
            display_name: names::shown_name(&user.display_name, &user.username),
            username: username_of(&user),
        }
    }
}

/// The name that an account logs in by; what the table has for a guest is nobody's.
pub(super) fn username_of(user: &Model) -> Option<String> {
    (!user.is_guest).then(|| user.username.clone())
}

impl Accounts {
    /// What others may know of a user; `None` where there is no such user.
    pub async fn public_profile(&self, user: UserId) -> Result<Option<PublicUser>, DbErr> {
        let found = Entity::find_by_id(user.0).filter(Column::DeletedAtMs.is_null());
        Ok(found.one(self.0.database.reader()).await?.map(PublicUser::from))
    }

    /// The same for several; unknown ones are left out.
    pub async fn public_profiles(&self, users: &[UserId]) -> Result<HashMap<UserId, PublicUser>, DbErr> {
        let mut profiles = HashMap::with_capacity(users.len());
        // Databases limit the variables of one statement.
        for users in users.chunks(500) {
            let found = Entity::find().filter(Column::Id.is_in(users.iter().map(|user| user.0)));
            let found = found.all(self.0.database.reader()).await?;
            profiles.extend(found.into_iter().map(|user| (UserId(user.id), user.into())));
        }
        Ok(profiles)
    }
}

/// Your own account.
#[utoipa::path(
    get, path = "/api/v1/users/me", operation_id = "get_me", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = Me), (status = 401, body = ProblemBody)),
)]
pub(super) async fn me(user: CurrentUser, accounts: web::Data<Accounts>) -> Result<web::Json<Me>, Problem> {
    let row = accounts.own_row(user.id).await?;
    let role = accounts.role_of(&row);
    Ok(web::Json(Me::of(row, role)))
}

/// What to change; absent fields stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMe {
    /// 1 to 64 characters.
    display_name: Option<String>,
    /// `null` forgets it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// A new password, 8 to 128 characters. It ends all your other logins.
    #[schema(format = Password)]
    password: Option<String>,
    /// Needed with `password`, and with `email` where mail is on and the present one is confirmed.
    #[schema(format = Password)]
    current_password: Option<String>,
}

impl ChangeMe {
    /// As it is kept, if it may be.
    fn checked(mut self) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        self.display_name = self.display_name.map(|name| check_display_name(&mut fields, &name));
        self.email = self.email.map(|email| email.map(|email| check_email(&mut fields, &email)));
        if let Some(password) = &self.password {
            check_password(&mut fields, "password", &names::password(password));
            fields.check(self.current_password.is_some(), "current_password", "is required with password");
        }
        fields.done()?;
        Ok(self)
    }
}

/// Changes your account.
#[utoipa::path(
    patch, path = "/api/v1/users/me", operation_id = "change_me", tag = "users", security(("bearer" = [])), request_body = ChangeMe,
    responses(
        (status = 200, body = Me),
        (status = 401, description = "`invalid_credentials`: the current password is wrong", body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn change_me(
    user: CurrentUser,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<ChangeMe>,
) -> Result<web::Json<Me>, Problem> {
    let ChangeMe { display_name, email, password, current_password } = body.into_inner().checked()?;
    let mut row = accounts.own_row(user.id).await?;
    let changed_email = email.as_ref().is_some_and(|email| *email != row.email);
    // By mail to it a password is set anew, so it is no weaker than the password.
    if changed_email && current_password.is_none() && accounts.resets_by(&row).await? {
        return Err(Problem::invalid("current_password", "is required with email, where the present one is confirmed"));
    }
    let mut update = Entity::update_many().filter(Column::Id.eq(row.id));
    if let Some(display_name) = display_name {
        update = update.col_expr(Column::DisplayName, Expr::value(display_name.as_str()));
        update = update.col_expr(Column::DisplayNameFolded, Expr::value(display_name.to_lowercase()));
        row.display_name = display_name;
    }
    let mut confirmation = None;
    if let Some(email) = email {
        update = update.col_expr(Column::Email, Expr::value(email.clone()));
        if email != row.email {
            confirmation = accounts.confirmation_of(user.id, email.as_deref()).await?;
        }
        row.email = email;
    }
    let changes_password = password.is_some();
    if let Some(current) = current_password {
        let checked = accounts.check_password(&request, &row.username, current).await?;
        // Of two changes at the same time the second one knew a password that is no longer the current one.
        update = update.filter(Column::PasswordHash.eq(checked.password_hash));
    }
    if let Some(password) = password {
        let hash = accounts.0.passwords.hash(names::password(&password)).await?;
        update = update.col_expr(Column::PasswordHash, Expr::value(hash));
    }
    let now = clock::now();
    let tx = accounts.0.database.begin_write().await?;
    let updated = update.col_expr(Column::UpdatedAtMs, Expr::value(now.millis())).exec(&tx).await?;
    if updated.rows_affected == 0 {
        return Err(Problem::new(Code::InvalidCredentials, "the password was changed meanwhile"));
    }
    delivery::request(&tx, confirmation.as_slice()).await?;
    let (mut ended, client) = (Vec::new(), Client::of(&request, &accounts));
    if changed_email {
        record(&tx, "user.email_changed", Some(user.id), &client, json!({"login_id": user.login_id})).await?;
    }
    if changes_password {
        ended = revoke(&tx, user.id, LoginEnd::Others(user.login_id), now).await?;
        let what = json!({"login_id": user.login_id, "ended": ended.len()});
        record(&tx, "user.password_changed", Some(user.id), &client, what).await?;
    }
    tx.commit().await?;
    accounts.note_revoked(&ended);
    let role = accounts.role_of(&row);
    Ok(web::Json(Me::of(row, role)))
}

impl Accounts {
    /// Accounts by the beginning of their names, all without a query, in order of their user names.
    pub(super) async fn named_like(&self, query: Option<String>, page: &Page) -> Result<Vec<Model>, Problem> {
        let mut wanted = begins_with(query)?;
        if let Some(after) = page.after::<String>()? {
            wanted = wanted.add(Column::Username.gt(after));
        }
        let rows = Entity::find().filter(wanted).order_by_asc(Column::Username).limit(page.rows());
        Ok(rows.all(self.0.database.reader()).await?)
    }

    /// A token outlives its account for a moment, where the account was deleted at the command line.
    pub(super) async fn own_row(&self, user: UserId) -> Result<Model, Problem> {
        let row = Entity::find_by_id(user.0).filter(Column::DeletedAtMs.is_null());
        let row = row.one(self.0.database.reader()).await?;
        row.ok_or_else(|| Problem::new(Code::Unauthenticated, "this account is gone"))
    }
}

/// Query of the list of users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// What the user name or the display name begins with, in any case; 64 characters at most.
    query: Option<String>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Finds users by the beginning of their names; in order of their user names.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "find_users", tag = "users", security(("bearer" = [])), params(Search),
    responses((status = 200, body = Listing<PublicUser>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn search(
    _: CurrentUser,
    accounts: web::Data<Accounts>,
    query: Query<Search>,
) -> Result<web::Json<Listing<PublicUser>>, Problem> {
    let Search { query, limit, cursor } = query.into_inner();
    let page = Page::new(limit, cursor)?;
    let rows = accounts.named_like(query, &page).await?;
    Ok(web::Json(Listing::of(rows, &page, |row| row.username.clone(), PublicUser::from)))
}

/// Accounts that are there and whose user name or display name begins so; without a query all.
fn begins_with(query: Option<String>) -> Result<Condition, Problem> {
    let query = composed(query.unwrap_or_default().trim()).to_lowercase();
    if query.chars().count() > 64 {
        return Err(Problem::invalid("query", "must have at most 64 characters"));
    }
    let wanted = Condition::all().add(Column::DeletedAtMs.is_null());
    if query.is_empty() {
        return Ok(wanted);
    }
    let begins = || LikeExpr::new(format!("{}%", escaped(&query))).escape('!');
    let username = Condition::all().add(Column::IsGuest.eq(false)).add(Column::Username.like(begins()));
    Ok(wanted.add(Condition::any().add(username).add(Column::DisplayNameFolded.like(begins()))))
}

/// `%` and `_` are looked for as they are. No backslash: the databases disagree on how to write one.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|character| matches!(character, '%' | '_' | '!').then_some('!').into_iter().chain([character]))
        .collect()
}

/// A user's public profile.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", operation_id = "get_user", tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = PublicUser), (status = 404, body = ProblemBody)),
)]
pub(super) async fn of_user(
    _: CurrentUser,
    accounts: web::Data<Accounts>,
    id: PathId<UserId>,
) -> Result<web::Json<PublicUser>, Problem> {
    let profile = accounts.public_profile(id.into_inner()).await?;
    profile.map(web::Json).ok_or_else(|| Problem::not_found("there is no such user"))
}
