//! Registering, logging in, going on with a login, ending it.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::user;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, SqlErr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::limits::NoGuess;
use super::login::OpenedLogin;
use super::profile::Me;
use super::record::{Client, record};
use super::{Accounts, CurrentUser, browser, names};
use crate::clock;
use crate::http::{Body, Code, Fields, Problem, ProblemBody};
use crate::ids::UserId;
use crate::outbox::delivery;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// 3 to 32 of `[a-z0-9_.-]`; upper case is taken for lower case.
    #[schema(example = "anna")]
    username: String,
    /// 8 to 128 characters.
    #[schema(format = Password)]
    password: String,
    /// 1 to 64 characters; the user name where absent.
    display_name: Option<String>,
    /// Where to reach you.
    email: Option<String>,
}

/// User name and password.
#[derive(Deserialize, ToSchema)]
#[schema(as = Credentials)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// In any case.
    username: String,
    /// As registered.
    #[schema(format = Password)]
    password: String,
}

/// The token that a login goes on with; browsers have it in a cookie instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshToken {
    /// Needed without `X-Artel-Client: browser`.
    refresh_token: Option<String>,
}

/// A login and its tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(super) struct LoginAnswer {
    user: Me,
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Good for one exchange; not there for browsers, which get it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
}

/// Opens an account and its first login.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "register", tag = "users", security(()), request_body = Register,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the refresh token becomes a cookie")),
    responses(
        (status = 201, body = LoginAnswer),
        (status = 409, description = "`username_taken`", body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn register(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<Register>,
) -> Result<HttpResponse, Problem> {
    let Register { username, password, display_name, email } = body.into_inner();
    let username = names::username(&username);
    let password = names::password(&password);
    let mut fields = Fields::new();
    names::check_username(&mut fields, &username);
    names::check_password(&mut fields, "password", &password);
    let display_name = names::check_display_name(&mut fields, display_name.as_deref().unwrap_or(&username));
    let email = email.map(|email| names::check_email(&mut fields, &email));
    fields.done()?;
    accounts.0.limits.register(accounts.client_address(&request)).await?;
    only_free_name(&accounts, &username).await?;
    let password_hash = accounts.0.passwords.hash(password).await?;
    let user = user::Model { email, password_hash, ..new_account(username.clone(), display_name) };
    let client = Client::of(&request, &accounts);
    let confirmation = accounts.confirmation_of(UserId(user.id), user.email.as_deref()).await?;
    let tx = accounts.0.database.begin_write().await?;
    match user::Entity::insert(user::ActiveModel::from(user.clone())).exec_without_returning(&tx).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            return Err(name_taken(&username));
        }
        inserted => inserted?,
    };
    let opened = accounts.insert_login(&tx, user, &client).await?;
    let (id, login) = (UserId(opened.user.id), json!({"login_id": opened.login_id}));
    record(&tx, "user.registered", Some(id), &client, login).await?;
    delivery::request(&tx, confirmation.as_slice()).await?;
    tx.commit().await?;
    answer(&request, &accounts, opened, StatusCode::CREATED)
}

/// Spares a hash where the name can't be had; the index decides.
pub(super) async fn only_free_name(accounts: &Accounts, username: &str) -> Result<(), Problem> {
    if accounts.is_reserved(username) || by_username(accounts, username).await?.is_some() {
        return Err(name_taken(username));
    }
    Ok(())
}

pub(super) fn name_taken(username: &str) -> Problem {
    Problem::new(Code::UsernameTaken, format!("the user name {username} is taken"))
}

/// The row of an account that was just opened, without mail and password.
pub(super) fn new_account(username: String, display_name: String) -> user::Model {
    let now_ms = clock::now().millis();
    user::Model {
        id: clock::new_id(),
        username,
        display_name_folded: display_name.to_lowercase(),
        display_name,
        email: None,
        // No password has this hash.
        password_hash: String::new(),
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        role: None,
        disabled_at_ms: None,
        deleted_at_ms: None,
        left_sessions_at_ms: None,
        created_by: None,
        is_guest: false,
        debts_seen_at_ms: None,
    }
}

/// Opens a login.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "log_in", tag = "users", security(()), request_body = Login,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the refresh token becomes a cookie")),
    responses(
        (status = 200, body = LoginAnswer),
        (status = 401, description = "`invalid_credentials`", body = ProblemBody),
        (status = 403, description = "`login_disabled`", body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn login(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<Login>,
) -> Result<HttpResponse, Problem> {
    let Login { username, password } = body.into_inner();
    // What is no user name is nobody's: it gets no bucket of its own.
    let username = names::username(&username);
    let username = if names::is_username(&username) { username } else { String::new() };
    let user = accounts.check_password(&request, &username, password).await?;
    let opened = accounts.open_login(user, &Client::of(&request, &accounts)).await?;
    answer(&request, &accounts, opened, StatusCode::OK)
}

impl Accounts {
    /// The user of that name, if the password is right: 401 `invalid_credentials` else, 429 after too many of these.
    pub(super) async fn check_password(
        &self,
        request: &HttpRequest,
        username: &str,
        password: String,
    ) -> Result<user::Model, Problem> {
        let guess = match self.0.limits.guess(username, self.client_address(request)).await {
            Ok(guess) => guess,
            Err(NoGuess { problem, subject }) => {
                let limited = problem.code() == Code::RateLimited;
                if limited && self.attempts().is_first("logins refused", &subject).await? {
                    let user = by_username(self, username).await?;
                    self.record_failure(request, user.as_ref(), Code::RateLimited).await?;
                }
                return Err(problem);
            }
        };
        let checking = async {
            let user = by_username(self, username).await?;
            let hash = user.as_ref().map(|user| user.password_hash.clone());
            let composed = names::password(&password);
            let mut right = self.0.passwords.verify(composed.clone(), hash.clone()).await?;
            if !right && composed != password {
                // As it was typed: so it was hashed before passwords were composed.
                right = self.0.passwords.verify(password, hash).await?;
            }
            Ok::<_, Problem>((right, user))
        };
        match checking.await {
            Ok((true, Some(user))) => {
                guess.forgive().await?;
                Ok(user)
            }
            Ok((_, user)) => {
                self.record_failure(request, user.as_ref(), Code::InvalidCredentials).await?;
                Err(Problem::new(Code::InvalidCredentials, "user name or password is wrong"))
            }
            Err(problem) => {
                // It stands where the storage does not answer.
                let _ = guess.forgive().await;
                Err(problem)
            }
        }
    }
}

impl Accounts {
    async fn record_failure(
        &self,
        request: &HttpRequest,
        user: Option<&user::Model>,
        reason: Code,
    ) -> Result<(), Problem> {
        let (client, user) = (Client::of(request, self), user.map(|user| UserId(user.id)));
        let why = json!({"reason": reason.as_str()});
        Ok(record(self.0.database.writer(), "user.login_failed", user, &client, why).await?)
    }
}

/// Spends a refresh token for a new pair. A spent one that comes again within 30 s, before its successor was used, is
/// answered with that same pair; later it ends its login.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh_login", tag = "users", security(()), request_body = RefreshToken,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the token is in the cookie")),
    responses(
        (status = 200, body = LoginAnswer),
        (status = 401, description = "`refresh_token_reused`, `token_expired`, `unauthenticated`", body = ProblemBody),
        (status = 403, description = "`login_disabled`", body = ProblemBody),
    ),
)]
pub(super) async fn refresh(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<RefreshToken>,
) -> Result<HttpResponse, Problem> {
    let token = browser::refresh_token_of(&request, body.into_inner().refresh_token)?;
    let opened = accounts.exchange(&token, &Client::of(&request, &accounts), clock::now()).await?;
    answer(&request, &accounts, opened, StatusCode::OK)
}

/// Ends a login: its tokens are refused from now on, its sockets are closed.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "log_out", tag = "users", security(("bearer" = [])), request_body = RefreshToken,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the token is in the cookie")),
    responses((status = 204), (status = 401, body = ProblemBody)),
)]
pub(super) async fn logout(
    user: CurrentUser,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<RefreshToken>,
) -> Result<HttpResponse, Problem> {
    let token = browser::refresh_token_of(&request, body.into_inner().refresh_token)?;
    accounts.end_login(user.id, &token, &Client::of(&request, &accounts)).await?;
    let mut response = HttpResponse::NoContent().finish();
    if browser::is_browser(&request) {
        browser::forget(&mut response, accounts.is_https(&request))?;
    }
    Ok(response)
}

pub(super) fn answer(
    request: &HttpRequest,
    accounts: &Accounts,
    opened: OpenedLogin,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let OpenedLogin { user, login_id, refresh_token } = opened;
    let role = accounts.role_of(&user);
    let seconds = accounts.refresh_token_ms(&user) / 1000;
    let access_token = accounts.0.tokens.access(UserId(user.id), login_id, role, clock::now())?;
    let in_cookie = browser::is_browser(request);
    let body = LoginAnswer {
        user: Me::of(user, role),
        access_token,
        refresh_token: (!in_cookie).then(|| refresh_token.clone()),
        token_type: "Bearer",
        expires_in: accounts.0.tokens.access_seconds(),
    };
    let mut response = HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(body);
    if in_cookie {
        browser::keep(&mut response, &refresh_token, seconds, accounts.is_https(request))?;
    }
    Ok(response)
}

pub(super) async fn by_username(accounts: &Accounts, username: &str) -> Result<Option<user::Model>, Problem> {
    let found = user::Entity::find().filter(user::Column::Username.eq(username));
    Ok(found.one(accounts.0.database.reader()).await?)
}
