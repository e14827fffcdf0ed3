//! What whoever operates the service does to accounts: at the command line, beside a running server or without one, and as
//! an admin over REST. Servers hear of it
//! through the database: of ended logins by message, of roles when they look, of all of it in the audit.

use actix_web::HttpRequest;
use entity::user::{self, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::new_account;
use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{ADMIN, AccountRole, Accounts, names, profile};
use crate::clock;
use crate::database::Database;
use crate::http::{Code, Fields, Listing, Page, Problem};
use crate::ids::{Timestamp, UserId};

const PAGE: u64 = 500;
/// How the table says who made an account.
const COMMAND_LINE: &str = "command line";

/// An account as its operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserReport {
    id: UserId,
    /// Unique; none of a guest, who is named by the id.
    #[schema(required)]
    username: Option<String>,
    is_guest: bool,
    /// The place in the list.
    #[serde(skip)]
    pub stored_name: String,
    display_name: String,
    #[schema(required)]
    email: Option<String>,
    role: AccountRole,
    created_at: Timestamp,
    /// Since then it can't log in.
    #[schema(required)]
    disabled_at: Option<Timestamp>,
}

/// The events by which all logins of an account end.
const DISABLED: &str = "user.disabled";
const PASSWORD_CHANGED: &str = "user.password_changed";

/// What whoever operates the service changes of an account.
pub(crate) enum AccountChange {
    /// Another password; all logins end.
    Password(String),
    /// The role `admin`, given or taken.
    Admin(bool),
    /// Kept from logging in, all logins ended; or let in again.
    Disabled(bool),
}

struct Prepared {
    column: Column,
    value: sea_orm::sea_query::SimpleExpr,
    event_type: &'static str,
    what: Option<(&'static str, Value)>,
}

impl Accounts {
    pub(super) fn report(&self, user: Model) -> UserReport {
        UserReport {
            role: self.role_of(&user),
            id: UserId(user.id),
            username: profile::username_of(&user),
            is_guest: user.is_guest,
            stored_name: user.username,
            display_name: user.display_name,
            email: user.email,
            created_at: Timestamp::from_millis(user.created_at_ms),
            disabled_at: user.disabled_at_ms.map(Timestamp::from_millis),
        }
    }

    /// Some accounts in order of their names; `after` is the last name of those before.
    pub async fn list(&self, after: Option<&str>) -> Result<Vec<UserReport>, Problem> {
        let mut users = Entity::find().filter(Column::DeletedAtMs.is_null());
        if let Some(after) = after {
            users = users.filter(Column::Username.gt(after));
        }
        let rows = users.order_by_asc(Column::Username).limit(PAGE).all(self.0.database.reader()).await?;
        if after.is_none() {
            self.tell("user.listed", None, json!({})).await?;
        }
        Ok(rows.into_iter().map(|row| self.report(row)).collect())
    }

    /// One account.
    pub async fn show(&self, username: &str) -> Result<UserReport, Problem> {
        let row = self.named(self.0.database.reader(), username).await?;
        self.tell("user.shown", Some(UserId(row.id)), json!({})).await?;
        Ok(self.report(row))
    }

    /// Opens an account, also one whose name nobody can register.
    pub async fn create(&self, username: &str, password: &str, admin: bool) -> Result<UserReport, Problem> {
        let (username, password) = (names::username(username), names::password(password));
        let mut fields = Fields::new();
        names::check_username(&mut fields, &username);
        names::check_password(&mut fields, "password", &password);
        fields.done()?;
        let row = Model {
            password_hash: self.0.passwords.hash(password).await?,
            role: admin.then(|| ADMIN.to_owned()),
            created_by: Some(COMMAND_LINE.to_owned()),
            ..new_account(username.clone(), username)
        };
        let tx = self.0.database.begin_write().await?;
        match Entity::insert(user::ActiveModel::from(row.clone())).exec_without_returning(&tx).await {
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                return Err(Problem::new(Code::UsernameTaken, format!("the user name {} is taken", row.username)));
            }
            inserted => inserted?,
        };
        let what = json!({"role": self.role_of(&row)});
        record(&tx, "user.created", Some(UserId(row.id)), &Client::operator(), what).await?;
        tx.commit().await?;
        Ok(self.report(row))
    }

    /// Gives an account another password and ends all its logins.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<UserReport, Problem> {
        self.change(username, vec![AccountChange::Password(password.to_owned())], &Client::operator(), json!({})).await
    }

    /// Gives an account the role `admin`, or takes it away. A name of the configuration has it anyway.
    pub async fn set_admin(&self, username: &str, admin: bool) -> Result<UserReport, Problem> {
        self.change(username, vec![AccountChange::Admin(admin)], &Client::operator(), json!({})).await
    }

    /// Keeps an account from logging in and ends all its logins, or lets it in again.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<UserReport, Problem> {
        self.change(username, vec![AccountChange::Disabled(disabled)], &Client::operator(), json!({})).await
    }

    /// All of these changes or none; `told` is in the audit beside each.
    async fn change(
        &self,
        username: &str,
        changes: Vec<AccountChange>,
        by: &Client,
        told: Value,
    ) -> Result<UserReport, Problem> {
        let mut prepared = Vec::with_capacity(changes.len());
        for change in changes {
            prepared.push(self.prepare(username, change).await?);
        }
        let now = clock::now();
        let tx = self.0.database.begin_write().await?;
        let user = UserId(self.named(&tx, username).await?.id);
        let mut ended = Vec::new();
        for Prepared { column, value, event_type, what } in prepared {
            let update = Entity::update_many().filter(Column::Id.eq(user.0)).col_expr(column, value);
            update.col_expr(Column::UpdatedAtMs, Expr::value(now.millis())).exec(&tx).await?;
            if [DISABLED, PASSWORD_CHANGED].contains(&event_type) {
                ended.extend(revoke(&tx, user, LoginEnd::All, now).await?);
            }
            let mut data = told.clone();
            if let (Some(data), Some((name, value))) = (data.as_object_mut(), what) {
                data.insert(name.to_owned(), value);
            }
            record(&tx, event_type, Some(user), by, data).await?;
        }
        let row = self.named(&tx, username).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(self.report(row))
    }

    /// What takes its time, before anything is locked.
    async fn prepare(&self, username: &str, change: AccountChange) -> Result<Prepared, Problem> {
        Ok(match change {
            AccountChange::Password(password) => {
                let password = names::password(&password);
                let mut fields = Fields::new();
                names::check_password(&mut fields, "password", &password);
                fields.done()?;
                if self.named(self.0.database.reader(), username).await?.is_guest {
                    let nameless = "a guest has no name to log in with, and so no password";
                    return Err(Problem::new(Code::ValidationFailed, nameless));
                }
                let value = Expr::value(self.0.passwords.hash(password).await?);
                Prepared { column: Column::PasswordHash, value, event_type: PASSWORD_CHANGED, what: None }
            }
            AccountChange::Admin(admin) => Prepared {
                column: Column::Role,
                value: Expr::value(admin.then_some(ADMIN)),
                event_type: "user.role_changed",
                what: Some(("is_admin", json!(admin))),
            },
            AccountChange::Disabled(disabled) => Prepared {
                column: Column::DisabledAtMs,
                value: Expr::value(disabled.then(|| clock::now().millis())),
                event_type: if disabled { DISABLED } else { "user.enabled" },
                what: None,
            },
        })
    }

    /// The account of that name; a guest, and anybody else, goes by the id too, which is longer than a name may be.
    pub(super) async fn named(&self, db: &impl ConnectionTrait, username: &str) -> Result<Model, Problem> {
        let name = names::username(username);
        let found = match name.parse::<Uuid>() {
            Ok(id) => Entity::find_by_id(id),
            Err(_) => Entity::find().filter(Column::Username.eq(&name)),
        };
        let found = found.filter(Column::DeletedAtMs.is_null());
        found.one(db).await?.ok_or_else(|| Problem::not_found(format!("there is no user {name}")))
    }

    /// Accounts that the configuration's names make admins, though nobody at the command line ever said so: before these
    /// names were reserved, anybody could register them.
    pub async fn unconfirmed_admins(database: &Database, admins: &[String]) -> Result<Vec<String>, DbErr> {
        let mut said = Vec::new();
        for names in admins.chunks(500) {
            let found = Entity::find()
                .filter(Column::Username.is_in(names.iter().map(|name| names::username(name))))
                .filter(Column::Role.is_null())
                .filter(Column::CreatedBy.is_null())
                .filter(Column::DisabledAtMs.is_null())
                .order_by_asc(Column::Username);
            said.extend(found.all(database.reader()).await?.into_iter().map(|user| {
                let (name, opened) = (user.username, Timestamp::from_millis(user.created_at_ms));
                format!(
                    "{name} is an admin by its name, but was registered on {opened} and not made by `artel user create`: \
                     if it is yours, say `artel user admin {name}`; if not, `artel user disable {name}`"
                )
            }));
        }
        Ok(said)
    }

    /// What an admin changes of the account of somebody else. 403 of one's own: nobody locks himself out.
    pub(crate) async fn administer(
        &self,
        account: UserId,
        changes: Vec<AccountChange>,
        admin: UserId,
        request: &HttpRequest,
    ) -> Result<UserReport, Problem> {
        if account == admin {
            return Err(Problem::new(Code::InsufficientPermissions, "another admin has to do this to your account"));
        }
        let row = self.named(self.0.database.reader(), &account.to_string()).await?;
        for change in &changes {
            match change {
                AccountChange::Admin(false) if self.is_reserved(&row.username) => {
                    return Err(Problem::invalid("role", "the configuration names this account as an admin"));
                }
                AccountChange::Admin(true) if row.is_guest => {
                    return Err(Problem::invalid("role", "a guest is no admin"));
                }
                _ => {}
            }
        }
        self.change(&account.to_string(), changes, &Client::of(request, self), json!({"admin_id": admin})).await
    }

    /// Accounts by the beginning of their names, in order of their user names, as an admin sees them.
    pub(crate) async fn find(&self, query: Option<String>, page: &Page) -> Result<Listing<UserReport>, Problem> {
        let rows = self.named_like(query, page).await?;
        Ok(Listing::of(rows, page, |row| row.username.clone(), |row| self.report(row)))
    }

    async fn tell(&self, event_type: &str, user: Option<UserId>, what: Value) -> Result<(), Problem> {
        let db = self.0.database.writer();
        Ok(record(db, event_type, user, &Client::operator(), what).await?)
    }
}
