//! What a mailbox is good for: its address is confirmed by a mail to it, and who forgot a password gets a new one by it.

use actix_web::{HttpRequest, HttpResponse, web};
use entity::user::{self, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::attempts::Limit;
use super::contact::{confirm, contact_of, contacts_of, fingerprint};
use super::mail_proof::MailPurpose;
use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{Accounts, CurrentUser, names};
use crate::clock;
use crate::http::{Body, Code, Fields, Problem, ProblemBody};
use crate::ids::UserId;
use crate::outbox::delivery::{self, DeliveryRequest, Sink};

/// The kind of what looks for the accounts that have an address: not here, where it would take longer if there are any.
pub(crate) const RESET_REQUEST: &str = "password_reset_request";
/// Accounts of one address that are written to.
const ACCOUNTS_MAX: usize = 5;
/// Accounts of one address that are looked at for that, the oldest first.
const LOOKED_AT_MAX: u64 = 1_000;
/// Mails that strangers can have sent to an address.
const MAILS: Limit = Limit::per_hour("mails to this address", 5);
/// Mails by which an address is confirmed: counted apart, so that nobody uses up somebody else's resets.
const CONFIRMATIONS: Limit = Limit::per_hour("mails to confirm this address", 5);
/// The same, of one account.
const CONFIRMATIONS_OF_ACCOUNT: Limit = Limit::per_hour("mails to confirm an address", 10);
/// Addresses that somebody asks for.
const RESETS: Limit = Limit::per_hour("password resets", 20);
/// Tokens that are none.
const WRONG_TOKENS: Limit = Limit::per_minute("wrong tokens", 30);

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgottenPassword {
    /// The mail address of the account.
    email: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// From the mail.
    token: String,
    /// 8 to 128 characters.
    #[schema(format = Password)]
    password: String,
}

/// Shows that the mail arrived.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailToken {
    /// From the mail.
    token: String,
}

/// Has a mail sent by which the password can be set anew, within an hour. Says nothing of whether there is such an
/// account.
#[utoipa::path(
    post, path = "/api/v1/auth/password-reset", operation_id = "request_password_reset", tag = "users", security(()),
    request_body = ForgottenPassword,
    responses(
        (status = 202),
        (status = 404, description = "This server sends no mail.", body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn request_reset(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<ForgottenPassword>,
) -> Result<HttpResponse, Problem> {
    accounts.needs_mail()?;
    let mut fields = Fields::new();
    let email = names::check_email(&mut fields, &body.into_inner().email);
    fields.done()?;
    accounts.attempts().take(&RESETS, &accounts.client_network(&request).to_string()).await?;
    accounts.attempts().take(&MAILS, &fingerprint(&email.to_lowercase())).await?;
    let asked = DeliveryRequest {
        id: clock::new_id(),
        sink: Sink::Mail,
        user_id: None,
        target_id: None,
        kind: RESET_REQUEST.to_owned(),
        payload: json!({"email": email}),
    };
    delivery::request(accounts.0.database.writer(), &[asked]).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Sets a new password by the token of a mail, once. All logins of the account end.
#[utoipa::path(
    post, path = "/api/v1/auth/password-reset/confirm", operation_id = "reset_password", tag = "users", security(()),
    request_body = NewPassword,
    responses(
        (status = 204),
        (status = 404, description = "This server sends no mail.", body = ProblemBody),
        (status = 422, description = "The token is not valid, or no longer.", body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn reset(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<NewPassword>,
) -> Result<HttpResponse, Problem> {
    let NewPassword { token, password } = body.into_inner();
    accounts.needs_mail()?;
    let password = names::password(&password);
    let mut fields = Fields::new();
    names::check_password(&mut fields, "password", &password);
    fields.done()?;
    let (row, email) = accounts.proved_by(&request, MailPurpose::ResetPassword, &token).await?;
    let hash = accounts.0.passwords.hash(password).await?;
    let (user, now) = (UserId(row.id), clock::now());
    let tx = accounts.0.database.begin_write().await?;
    let changed = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .col_expr(Column::UpdatedAtMs, Expr::value(now.millis()))
        .filter(Column::Id.eq(row.id))
        // Of two at the same time the second one comes too late.
        .filter(Column::PasswordHash.eq(row.password_hash))
        .filter(Column::Email.eq(email.as_str()))
        .exec(&tx)
        .await?;
    if changed.rows_affected == 0 {
        return Err(Problem::invalid("token", "is not valid, or no longer"));
    }
    // The mail has arrived there.
    confirm(&tx, user, &email).await?;
    let ended = revoke(&tx, user, LoginEnd::All, now).await?;
    let what = json!({"by_mail": true, "ended": ended.len()});
    record(&tx, "user.password_changed", Some(user), &Client::of(&request, &accounts), what).await?;
    tx.commit().await?;
    accounts.note_revoked(&ended);
    Ok(HttpResponse::NoContent().finish())
}

/// Your mail address and whether mail to it is known to arrive.
#[derive(Serialize, ToSchema)]
pub(super) struct EmailConfirmation {
    #[schema(required)]
    email: Option<String>,
    is_confirmed: bool,
}

/// Whether your address is confirmed.
#[utoipa::path(
    get, path = "/api/v1/users/me/email-confirmation", operation_id = "get_email_confirmation", tag = "users",
    security(("bearer" = [])), responses((status = 200, body = EmailConfirmation)),
)]
pub(super) async fn confirmation_now(
    user: CurrentUser,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<EmailConfirmation>, Problem> {
    let row = accounts.own_row(user.id).await?;
    let contact = contact_of(accounts.0.database.reader(), user.id).await?;
    let is_confirmed = contact.confirmed_address(&row).is_some();
    Ok(web::Json(EmailConfirmation { email: row.email, is_confirmed }))
}

/// Has the mail sent again by which your address is confirmed.
#[utoipa::path(
    post, path = "/api/v1/users/me/email-confirmation", operation_id = "request_email_confirmation", tag = "users",
    security(("bearer" = [])),
    responses(
        (status = 202),
        (status = 404, description = "This server sends no mail.", body = ProblemBody),
        (status = 422, description = "The account has no address.", body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn request_confirmation(
    user: CurrentUser,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Problem> {
    accounts.needs_mail()?;
    let email = accounts.own_row(user.id).await?.email;
    let email = email.ok_or_else(|| Problem::invalid("email", "is not set"))?;
    accounts.take_confirmation(user.id, &email).await?;
    delivery::request(accounts.0.database.writer(), &[confirmation(user.id, &email)]).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Confirms an address by the token of the mail to it.
#[utoipa::path(
    post, path = "/api/v1/auth/email-confirmation", operation_id = "confirm_email", tag = "users", security(()),
    request_body = MailToken,
    responses(
        (status = 204),
        (status = 404, description = "This server sends no mail.", body = ProblemBody),
        (status = 422, description = "The token is not valid, or no longer.", body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn confirm_email(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<MailToken>,
) -> Result<HttpResponse, Problem> {
    accounts.needs_mail()?;
    let proved = accounts.proved_by(&request, MailPurpose::ConfirmAddress, &body.into_inner().token).await;
    let (row, email) = proved?;
    let tx = accounts.0.database.begin_write().await?;
    confirm(&tx, UserId(row.id), &email).await?;
    let client = Client::of(&request, &accounts);
    record(&tx, "user.email_confirmed", Some(UserId(row.id)), &client, json!({})).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

fn confirmation(user: UserId, email: &str) -> DeliveryRequest {
    DeliveryRequest::mail(clock::new_id(), user, MailPurpose::ConfirmAddress.as_str(), addressed_to(email))
}

/// By what a mail that waits knows whether the account still has the address that it was asked for.
fn addressed_to(email: &str) -> serde_json::Value {
    json!({"address": fingerprint(&email.to_lowercase())})
}

impl Accounts {
    fn needs_mail(&self) -> Result<(), Problem> {
        if self.0.sends_mail { Ok(()) } else { Err(Problem::not_found("this server sends no mail")) }
    }

    async fn take_confirmation(&self, user: UserId, email: &str) -> Result<(), Problem> {
        self.attempts().take(&CONFIRMATIONS_OF_ACCOUNT, &user.to_string()).await?;
        self.attempts().take(&CONFIRMATIONS, &fingerprint(&email.to_lowercase())).await
    }

    /// Whether mail to the present address can set the password anew, as far as is known.
    pub(super) async fn resets_by(&self, row: &user::Model) -> Result<bool, DbErr> {
        if !self.0.sends_mail || row.password_hash.is_empty() {
            return Ok(false);
        }
        Ok(contact_of(self.0.database.reader(), UserId(row.id)).await?.confirmed_address(row).is_some())
    }

    async fn proved_by(
        &self,
        request: &HttpRequest,
        purpose: MailPurpose,
        token: &str,
    ) -> Result<(user::Model, String), Problem> {
        let network = self.client_network(request).to_string();
        self.attempts().look(&WRONG_TOKENS, &network).await?;
        match self.proved(purpose, token).await {
            Err(problem) if problem.code() == Code::ValidationFailed => {
                self.attempts().take(&WRONG_TOKENS, &network).await?;
                Err(problem)
            }
            proved => proved,
        }
    }

    /// The mail by which an address that an account has from now on is confirmed. None where no mail is sent, or enough
    /// were sent to that address: the user can ask for one later.
    pub(super) async fn confirmation_of(
        &self,
        user: UserId,
        email: Option<&str>,
    ) -> Result<Option<DeliveryRequest>, Problem> {
        let Some(email) = email.filter(|_| self.0.sends_mail) else { return Ok(None) };
        match self.take_confirmation(user, email).await {
            Ok(()) => Ok(Some(confirmation(user, email))),
            Err(problem) if problem.code() == Code::RateLimited => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// The mails to all accounts that have an address, in whatever case it is written. A guest has no name to log in with,
    /// and would lose its only login.
    pub(crate) async fn password_resets(&self, cause: Uuid, email: &str) -> Result<Vec<DeliveryRequest>, DbErr> {
        let lower = |value| Func::lower(value);
        let same = Expr::expr(lower(Expr::col(Column::Email))).eq(lower(Expr::value(email)));
        let mut rows = Entity::find()
            .filter(same)
            .filter(Column::DeletedAtMs.is_null())
            .filter(Column::DisabledAtMs.is_null())
            .filter(Column::IsGuest.eq(false))
            .order_by_asc(Column::Id)
            .limit(LOOKED_AT_MAX)
            .all(self.0.database.reader())
            .await?;
        let contacts = contacts_of(self.0.database.reader(), rows.iter().map(|row| UserId(row.id))).await?;
        let is_confirmed = |row: &user::Model| {
            contacts.get(&UserId(row.id)).is_some_and(|contact| contact.confirmed_address(row).is_some())
        };
        // Anybody can give any address: whoever has shown that it is his comes before them.
        rows.sort_by_key(|row| !is_confirmed(row));
        rows.truncate(ACCOUNTS_MAX);
        let reset = |row: user::Model| {
            let id = Uuid::new_v5(&cause, row.id.as_bytes());
            DeliveryRequest::mail(id, UserId(row.id), MailPurpose::ResetPassword.as_str(), addressed_to(email))
        };
        Ok(rows.into_iter().map(reset).collect())
    }
}
