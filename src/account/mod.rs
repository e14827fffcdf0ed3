//! Accounts: who somebody is, how that is proved, and for how long.
//! The door is `Accounts`; other rooms ask `CurrentUser` who calls and `Accounts` for names and logins.
//!
//! A login is a family of refresh tokens. Access tokens are checked without the database; that a login was ended is
//! kept in memory for as long as its access tokens would live, so that it holds for them too.

mod address;
mod attempts;
mod auth;
mod browser;
mod contact;
mod current_user;
mod deletion;
mod devices;
mod export;
mod guest;
mod limits;
mod login;
mod mail_address;
mod mail_proof;
mod names;
mod operator;
mod password;
mod profile;
mod record;
mod revocation;
mod telegram;
#[cfg(test)]
pub(crate) mod test_app;
#[cfg(test)]
mod tests;
mod token;
mod user_limits;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use ipnet::IpNet;
use sea_orm::{DbErr, EntityTrait};
use uuid::Uuid;

use crate::clock;
use crate::database::Database;
use crate::http::{Code, Problem};
use crate::ids::UserId;

pub use attempts::{Attempts, Limit};
pub(crate) use contact::{ContactChange, Language, change_contact, contact_of, contacts_of};
pub use current_user::CurrentUser;
pub use limits::{Buckets, TokenBucket};
pub(crate) use mail_address::RESET_REQUEST;
pub(crate) use mail_proof::{AccountLetter, MailPurpose};
pub(crate) use names::shown_name;
pub(crate) use operator::AccountChange;
pub use operator::UserReport;
pub use profile::{Me, PublicUser};
pub use token::AccountRole;
pub(crate) use user_limits::UserLimits;
pub use user_limits::UserRates;

use limits::Limits;
use mail_proof::MailProofs;
use password::Passwords;
use revocation::RevokedLogins;
use telegram::TelegramKey;
use token::Tokens;

/// What this room is told by the configuration.
#[derive(Clone)]
pub struct Settings {
    /// Signs the tokens; the same on every node.
    pub jwt_secret: String,
    /// User names with the role `admin`; nobody can register them.
    pub admins: Vec<String>,
    /// New accounts from one address.
    pub registrations_per_minute: u32,
    /// Wrong passwords for one account from one address; for all accounts from one address ten times that.
    pub login_failures_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long an access token lives.
    pub access_token_seconds: u32,
    /// How long a refresh token lives.
    pub refresh_token_days: u32,
    /// How often one user may do something.
    pub rates: UserRates,
    /// Whether mail can be sent.
    pub sends_mail: bool,
    /// Of the bot whose Mini App people sign in from.
    pub telegram_bot_token: Option<String>,
}

impl Default for Settings {
    /// The limits of the contract, and no secret.
    fn default() -> Self {
        Self {
            jwt_secret: String::new(),
            admins: Vec::new(),
            registrations_per_minute: 60,
            login_failures_per_minute: 5,
            trusted_proxies: Vec::new(),
            access_token_seconds: 900,
            refresh_token_days: 30,
            rates: UserRates::default(),
            sends_mail: false,
            telegram_bot_token: None,
        }
    }
}

/// How the table says that an account has the role `admin`.
const ADMIN: &str = "admin";

/// The accounts of this service. Clones share everything.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    database: Database,
    admins: HashSet<String>,
    trusted_proxies: Vec<IpNet>,
    refresh_token_ms: i64,
    tokens: Tokens,
    mail_proofs: MailProofs,
    sends_mail: bool,
    telegram: Option<TelegramKey>,
    passwords: Passwords,
    limits: Limits,
    user_limits: UserLimits,
    revoked: RevokedLogins,
}

impl Accounts {
    /// Blocks for one password hash. Call [`Accounts::load_revoked`] before serving.
    pub fn new(database: Database, settings: Settings) -> Self {
        let access_token_life = Duration::from_secs(u64::from(settings.access_token_seconds));
        Self(Arc::new(Inner {
            limits: Limits::new(
                Attempts::new(database.clone()),
                settings.registrations_per_minute,
                settings.login_failures_per_minute,
            ),
            user_limits: UserLimits::new(Attempts::new(database.clone()), settings.rates),
            database,
            admins: settings.admins.iter().map(|name| names::username(name)).collect(),
            trusted_proxies: settings.trusted_proxies,
            refresh_token_ms: i64::from(settings.refresh_token_days) * 24 * 60 * 60 * 1000,
            tokens: Tokens::new(settings.jwt_secret.as_bytes(), access_token_life),
            mail_proofs: MailProofs::new(settings.jwt_secret.as_bytes()),
            sends_mail: settings.sends_mail,
            telegram: settings.telegram_bot_token.as_deref().map(TelegramKey::of_bot),
            passwords: Passwords::new(),
            revoked: RevokedLogins::new(access_token_life),
        }))
    }

    /// Who an access token stands for: 401 `token_expired` or `unauthenticated` where it stands for nobody.
    pub fn verify(&self, access_token: &str) -> Result<CurrentUser, Problem> {
        let user = self.0.tokens.verify_access(access_token, clock::now())?;
        if self.0.revoked.contains(user.login_id) {
            return Err(Problem::new(Code::Unauthenticated, "this login was ended"));
        }
        Ok(user)
    }

    /// Whether that login was neither ended nor revoked, by the database.
    pub async fn login_is_live(&self, login_id: Uuid) -> Result<bool, DbErr> {
        let login = entity::login::Entity::find_by_id(login_id).one(self.0.database.reader()).await?;
        Ok(login.is_some_and(|login| login.revoked_at_ms.is_none()))
    }

    /// Another node revoked these logins: their access tokens are refused here from now on.
    pub fn note_revoked(&self, login_ids: &[Uuid]) {
        self.0.revoked.note(login_ids, clock::now());
    }

    /// Was it revoked, as far as this node knows?
    pub fn is_revoked(&self, login_id: Uuid) -> bool {
        self.0.revoked.contains(login_id)
    }

    /// Reads which logins were revoked while their access tokens may still live. At start, and whenever what other
    /// nodes said may have been missed.
    pub async fn load_revoked(&self, database: &Database) -> Result<(), DbErr> {
        self.0.revoked.load(database.reader(), clock::now()).await
    }

    /// What is counted over all nodes to bound it.
    pub fn attempts(&self) -> &Attempts {
        self.0.limits.attempts()
    }

    /// Deletes logins that ended by time, with all their tokens, and counts that are over. For a task that runs now
    /// and then.
    pub async fn forget_expired(&self) -> Result<u64, DbErr> {
        self.attempts().forget_old().await?;
        login::forget_expired(&self.0.database, clock::now()).await
    }

    /// The address of the client, past trusted proxies only.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        address::client_address(request, &self.0.trusted_proxies)
    }

    /// What the client's requests are counted by.
    pub fn client_network(&self, request: &HttpRequest) -> IpAddr {
        address::network_of(self.client_address(request))
    }

    /// What a connection is counted by; `None`: it is a trusted proxy's, which brings many clients.
    pub fn network_of_peer(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        let is_proxy = self.0.trusted_proxies.iter().any(|network| network.contains(&peer));
        (!is_proxy).then(|| address::network_of(peer))
    }

    /// Whether the client sees https.
    pub fn is_https(&self, request: &HttpRequest) -> bool {
        address::is_https(request, &self.0.trusted_proxies)
    }

    /// How often one user may do something.
    pub(crate) fn user_limits(&self) -> &UserLimits {
        &self.0.user_limits
    }

    /// The role that an account has now.
    pub(crate) async fn role_now(&self, user: UserId) -> Result<AccountRole, DbErr> {
        let row = entity::user::Entity::find_by_id(user.0).one(self.0.database.reader()).await?;
        Ok(row.map_or(AccountRole::User, |row| self.role_of(&row)))
    }

    /// How long a refresh token lives. One of a guest is all that the guest has.
    fn refresh_token_ms(&self, user: &entity::user::Model) -> i64 {
        let shortest = if user.is_guest { guest::UNUSED_MS } else { 0 };
        self.0.refresh_token_ms.max(shortest)
    }

    fn role_of(&self, user: &entity::user::Model) -> AccountRole {
        let is_admin = self.is_reserved(&user.username) || user.role.as_deref() == Some(ADMIN);
        // A name in the configuration is nobody's once its account is gone or locked.
        if is_admin && user.disabled_at_ms.is_none() { AccountRole::Admin } else { AccountRole::User }
    }

    /// Named in the configuration: only the command line makes an account of it.
    fn is_reserved(&self, username: &str) -> bool {
        self.0.admins.contains(username)
    }
}

/// The paths of this room, below `/api/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/auth/register").route(web::post().to(auth::register)))
        .service(web::resource("/auth/guest").route(web::post().to(guest::come_in)))
        .service(web::resource("/auth/login").route(web::post().to(auth::login)))
        .service(web::resource("/auth/refresh").route(web::post().to(auth::refresh)))
        .service(web::resource("/auth/logout").route(web::post().to(auth::logout)))
        .service(web::resource("/auth/telegram").route(web::post().to(telegram::sign_in)))
        .service(web::resource("/auth/password-reset").route(web::post().to(mail_address::request_reset)))
        .service(web::resource("/auth/password-reset/confirm").route(web::post().to(mail_address::reset)))
        .service(web::resource("/auth/email-confirmation").route(web::post().to(mail_address::confirm_email)))
        .service(
            web::resource("/users/me")
                .route(web::get().to(profile::me))
                .route(web::patch().to(profile::change_me))
                .route(web::delete().to(deletion::delete_me)),
        )
        .service(web::resource("/users/me/claim").route(web::post().to(guest::claim)))
        .service(
            web::resource("/users/me/email-confirmation")
                .route(web::get().to(mail_address::confirmation_now))
                .route(web::post().to(mail_address::request_confirmation)),
        )
        .service(web::resource("/users/me/export").route(web::get().to(export::export_me)))
        .service(web::resource("/users/me/logins").route(web::get().to(devices::list)))
        .service(web::resource("/users/me/logins/{id}").route(web::delete().to(devices::end)))
        .service(web::resource("/users").route(web::get().to(profile::search)))
        .service(web::resource("/users/{id}").route(web::get().to(profile::of_user)));
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    auth::register,
    auth::login,
    auth::refresh,
    auth::logout,
    guest::come_in,
    guest::claim,
    deletion::delete_me,
    export::export_me,
    devices::list,
    devices::end,
    mail_address::request_reset,
    mail_address::reset,
    mail_address::confirmation_now,
    mail_address::request_confirmation,
    mail_address::confirm_email,
    telegram::sign_in,
    profile::me,
    profile::change_me,
    profile::search,
    profile::of_user
))]
struct Api;

/// The OpenAPI of this room.
pub fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
