//! Accounts, as whoever operates the service looks at and changes them. All of it is in the audit, by whom and to whom.

use actix_web::{HttpRequest, web};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::admin::Admin;
use crate::account::{AccountChange, AccountRole, Accounts, UserReport};
use crate::http::{Body, Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::UserId;

/// None that is mistaken for another when it is read aloud.
const PASSWORD_ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
/// 80 bits.
const PASSWORD_LENGTH: usize = 16;

/// Query of the accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// What the user name or the display name begins with, in any case; 64 characters at most.
    query: Option<String>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Accounts by the beginning of their names, in order of their user names, with role and whether they are disabled.
#[utoipa::path(
    get, path = "/api/v1/admin/users", operation_id = "list_accounts", tag = "admin", security(("bearer" = [])),
    params(Filter),
    responses(
        (status = 200, body = Listing<UserReport>), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn list(
    _: Admin,
    filter: Query<Filter>,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<Listing<UserReport>>, Problem> {
    let Filter { query, limit, cursor } = filter.into_inner();
    accounts.find(query, &Page::new(limit, cursor)?).await.map(web::Json)
}

/// What to change of an account; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeAccount {
    #[serde(default)]
    role: Option<AccountRole>,
    /// A disabled account can't log in, and all its logins end.
    #[serde(default)]
    is_disabled: Option<bool>,
}

/// Disables an account or lets it in again, gives or takes the role. Not of one's own account.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", operation_id = "change_account", tag = "admin",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = ChangeAccount,
    responses(
        (status = 200, body = UserReport), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn change(
    Admin(admin): Admin,
    id: PathId<UserId>,
    body: Body<ChangeAccount>,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<UserReport>, Problem> {
    let ChangeAccount { role, is_disabled } = body.into_inner();
    let role = role.map(|role| AccountChange::Admin(role == AccountRole::Admin));
    let changes: Vec<_> = role.into_iter().chain(is_disabled.map(AccountChange::Disabled)).collect();
    if changes.is_empty() {
        return Err(Problem::invalid("body", "must have `role` or `is_disabled`"));
    }
    accounts.administer(id.into_inner(), changes, admin, &request).await.map(web::Json)
}

/// A password that was made for an account.
#[derive(Serialize, ToSchema)]
pub(super) struct TemporaryPassword {
    /// Told this once and stored nowhere: to be handed over, and changed by its owner.
    #[schema(format = Password)]
    password: String,
}

/// Gives an account a random password and ends all its logins: for somebody who forgot his and has no mail here.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/password-reset", operation_id = "reset_account_password", tag = "admin",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = TemporaryPassword), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "A guest has no password."),
    ),
)]
pub(super) async fn reset_password(
    Admin(admin): Admin,
    id: PathId<UserId>,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<TemporaryPassword>, Problem> {
    let mut random = rand::rng();
    let password: String = (0..PASSWORD_LENGTH)
        .map(|_| char::from(PASSWORD_ALPHABET[random.random_range(0..PASSWORD_ALPHABET.len())]))
        .collect();
    accounts.administer(id.into_inner(), vec![AccountChange::Password(password.clone())], admin, &request).await?;
    Ok(web::Json(TemporaryPassword { password }))
}
