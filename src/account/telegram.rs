//! Signing in from a Mini App of Telegram: its init data say who somebody is there, and are signed with the token of this
//! service's bot (<https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app>).

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::{telegram_account, user};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, SqlErr};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use utoipa::ToSchema;

use super::attempts::Limit;
use super::auth::{LoginAnswer, answer, by_username, new_account};
use super::contact::{ContactChange, Language, change_contact};
use super::login::OpenedLogin;
use super::record::{Client, record};
use super::{Accounts, names};
use crate::clock;
use crate::http::{Body, Code, Problem, ProblemBody};
use crate::ids::UserId;
use crate::text::cleaned;

/// How old init data may be, and how far from the future.
const AGE_MAX_SECONDS: i64 = 300;
const AHEAD_MAX_SECONDS: i64 = 60;
/// Signs in once with the same data; the window is longer than they are good for.
const ONCE: Limit = Limit { kind: "sign-ins with these data", max: 1, window: Duration::from_secs(900) };
const INIT_DATA_MAX: usize = 4_096;
/// How often a user name that was taken meanwhile is replaced.
const TRIES: usize = 4;
const DISPLAY_NAME_MAX: usize = 64;

/// Who somebody is at Telegram.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TelegramSignIn {
    /// `Telegram.WebApp.initData`, as it is.
    init_data: String,
}

/// What is used of Telegram's user.
#[derive(Debug, Deserialize)]
struct TelegramUser {
    id: i64,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    language_code: String,
}

/// Init data whose signature is right.
#[derive(Debug)]
struct InitData {
    user: TelegramUser,
    auth_date: i64,
    hash: String,
}

/// Checks init data.
pub(super) struct TelegramKey(Hmac<Sha256>);

impl TelegramKey {
    pub(super) fn of_bot(token: &str) -> Self {
        let key = Hmac::<Sha256>::new_from_slice(b"WebAppData").expect("HMAC takes keys of any length");
        let key = key.chain_update(token.as_bytes()).finalize().into_bytes();
        Self(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"))
    }

    fn read(&self, init_data: &str) -> Result<InitData, Problem> {
        let unreadable = || Problem::invalid("init_data", "is no init data of a Mini App");
        if init_data.len() > INIT_DATA_MAX {
            return Err(unreadable());
        }
        let pairs: Vec<(String, String)> =
            web::Query::<Vec<(String, String)>>::from_query(init_data).map_err(|_| unreadable())?.into_inner();
        let count = pairs.len();
        let mut fields: BTreeMap<String, String> = pairs.into_iter().collect();
        if fields.len() != count {
            return Err(unreadable());
        }
        let hash = fields.remove("hash").ok_or_else(unreadable)?;
        let signed: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let seal = self.0.clone().chain_update(signed.join("\n").as_bytes());
        let given = bytes_of(&hash).ok_or_else(unreadable)?;
        seal.verify_slice(&given)
            .map_err(|_| Problem::new(Code::InvalidCredentials, "these init data are not signed by Telegram for us"))?;
        let auth_date = fields.get("auth_date").and_then(|date| date.parse().ok()).ok_or_else(unreadable)?;
        let user = fields.get("user").and_then(|user| serde_json::from_str(user).ok()).ok_or_else(unreadable)?;
        Ok(InitData { user, auth_date, hash: hash.to_ascii_lowercase() })
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    // A sign would be read as a digit, and give the same bytes another spelling.
    let is_whole = digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    is_whole.then(|| (0..digits.len()).step_by(2).map(byte).collect())?
}

/// Signs in with Telegram. The first time it opens an account, which has no password.
#[utoipa::path(
    post, path = "/api/v1/auth/telegram", operation_id = "sign_in_with_telegram", tag = "users", security(()),
    request_body = TelegramSignIn,
    params(("X-Artel-Client" = Option<String>, Header, description = "`browser`: the refresh token becomes a cookie")),
    responses(
        (status = 200, body = LoginAnswer),
        (status = 201, description = "An account was opened.", body = LoginAnswer),
        (status = 401, description = "`invalid_credentials`: not signed, or used before; `token_expired`", body = ProblemBody),
        (status = 403, description = "`login_disabled`", body = ProblemBody),
        (status = 404, description = "This server knows no bot.", body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn sign_in(
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<TelegramSignIn>,
) -> Result<HttpResponse, Problem> {
    let init_data = body.into_inner().init_data;
    let key = accounts.0.telegram.as_ref().ok_or_else(|| Problem::not_found("this server has no bot"))?;
    let InitData { user, auth_date, hash } = key.read(&init_data)?;
    let age = (clock::now().millis() / 1_000).saturating_sub(auth_date);
    if !(-AHEAD_MAX_SECONDS..=AGE_MAX_SECONDS).contains(&age) {
        return Err(Problem::new(Code::TokenExpired, "these init data are too old: open the app again"));
    }
    match accounts.attempts().take(&ONCE, &hash).await {
        Err(problem) if problem.code() == Code::RateLimited => {
            return Err(Problem::new(Code::InvalidCredentials, "these init data were used before: open the app again"));
        }
        taken => taken?,
    }
    let client = Client::of(&request, &accounts);
    if let Some(row) = accounts.of_telegram(user.id).await? {
        let opened = accounts.open_login(row, &client).await?;
        return answer(&request, &accounts, opened, StatusCode::OK);
    }
    accounts.0.limits.register(accounts.client_address(&request)).await?;
    for _ in 0..TRIES {
        if let Some(opened) = accounts.open_account_of(&user, &client).await? {
            return answer(&request, &accounts, opened, StatusCode::CREATED);
        }
        // Another request of the same person was faster, or somebody took the name.
        if let Some(row) = accounts.of_telegram(user.id).await? {
            let opened = accounts.open_login(row, &client).await?;
            return answer(&request, &accounts, opened, StatusCode::OK);
        }
    }
    Err(Problem::new(Code::Overloaded, "no user name was free, try again"))
}

impl Accounts {
    async fn of_telegram(&self, telegram_id: i64) -> Result<Option<user::Model>, Problem> {
        let db = self.0.database.reader();
        let Some(link) = telegram_account::Entity::find_by_id(telegram_id).one(db).await? else { return Ok(None) };
        let row = user::Entity::find_by_id(link.user_id).one(db).await?;
        if let Some(row) = row.filter(|row| row.deleted_at_ms.is_none()) {
            return Ok(Some(row));
        }
        // Deleted by a node of an earlier version, which knows no such link.
        use telegram_account::{Column, Entity};
        let stale = Entity::delete_many().filter(Column::TelegramId.eq(telegram_id));
        stale.filter(Column::UserId.eq(link.user_id)).exec(self.0.database.writer()).await?;
        Ok(None)
    }

    /// A free user name: the one at Telegram where it is one here, too.
    async fn free_username(&self, user: &TelegramUser) -> Result<String, Problem> {
        let (theirs, numbered) = (names::username(&user.username), format!("tg{}", user.id));
        for name in [theirs, numbered.clone()] {
            let is_possible = names::is_username(&name) && !self.is_reserved(&name);
            if is_possible && by_username(self, &name).await?.is_none() {
                return Ok(name);
            }
        }
        Ok(format!("{numbered}-{:04x}", rand::random::<u16>()))
    }

    /// `None`: somebody was faster.
    async fn open_account_of(&self, user: &TelegramUser, client: &Client) -> Result<Option<OpenedLogin>, Problem> {
        let username = self.free_username(user).await?;
        let display_name = cleaned(&format!("{} {}", user.first_name, user.last_name), DISPLAY_NAME_MAX);
        let display_name = if display_name.is_empty() { username.clone() } else { display_name };
        let row = new_account(username, display_name);
        let (id, created_at_ms) = (UserId(row.id), row.created_at_ms);
        let link = telegram_account::Model { telegram_id: user.id, user_id: row.id, created_at_ms };
        let tx = self.0.database.begin_write().await?;
        let lost = |error: &sea_orm::DbErr| matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)));
        let link = telegram_account::ActiveModel::from(link);
        match telegram_account::Entity::insert(link).exec_without_returning(&tx).await {
            Err(error) if lost(&error) => return Ok(None),
            inserted => inserted?,
        };
        match user::Entity::insert(user::ActiveModel::from(row.clone())).exec_without_returning(&tx).await {
            Err(error) if lost(&error) => return Ok(None),
            inserted => inserted?,
        };
        if user.language_code.starts_with("en") {
            let english = ContactChange { language: Some(Language::En), evening_by_mail: None };
            change_contact(&tx, id, english).await?;
        }
        let opened = self.insert_login(&tx, row, client).await?;
        let login = json!({"login_id": opened.login_id, "by": "telegram"});
        record(&tx, "user.registered", Some(id), client, login).await?;
        tx.commit().await?;
        Ok(Some(opened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python's hmac, as Telegram documents it.
    const TOKEN: &str = "12345:AAtest";
    const DATA: &str = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Anna%22%2C%22last_name%22%3A%22K.%22%2C%22username%22%3A%22anna_k%22%2C%22language_code%22%3A%22en%22%7D&auth_date=1700000000&signature=abc&hash=2c6aad2e78d5fc01fbe6ef316e53f5c42b7ea60494c5b40daa81eefb06dfcbd5";

    #[test]
    fn what_telegram_signed_is_read_and_nothing_else() {
        let key = TelegramKey::of_bot(TOKEN);
        let read = key.read(DATA).expect("signed");
        assert_eq!((read.user.id, read.user.first_name.as_str(), read.auth_date), (279_058_397, "Anna", 1_700_000_000));
        let code = |data: &str| key.read(data).expect_err(data).code();
        assert_eq!(code(&DATA.replace("Anna", "Anne")), Code::InvalidCredentials);
        assert_eq!(code(&DATA.replace("1700000000", "1700000001")), Code::InvalidCredentials);
        assert_eq!(code(&format!("{DATA}&x=1")), Code::InvalidCredentials);
        assert_eq!(
            TelegramKey::of_bot("12345:other").read(DATA).expect_err("another bot").code(),
            Code::InvalidCredentials
        );
        // The same bytes in another spelling would be data that were never used.
        assert_eq!((bytes_of("0f"), bytes_of("0F"), bytes_of("+f")), (Some(vec![15]), Some(vec![15]), None));
        for nothing in ["", "a=1", "hash=zz&a=1", &format!("{DATA}&auth_date=1700000000"), &"a".repeat(5_000)] {
            assert_eq!(code(nothing), Code::ValidationFailed, "{nothing}");
        }
    }
}
