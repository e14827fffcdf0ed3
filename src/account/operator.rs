//! What the operator does to accounts at the command line, beside a running server or without one. Servers hear of it
//! through the database: of ended logins by message, of roles when they look, of all of it in the audit.

use entity::user::{self, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr};
use serde::Serialize;
use serde_json::{Value, json};

use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{ADMIN, AccountRole, Accounts, names};
use crate::clock;
use crate::database::Database;
use crate::http::{Code, Fields, Problem};
use crate::ids::{Timestamp, UserId};

const PAGE: u64 = 500;
/// How the table says who made an account.
const COMMAND_LINE: &str = "command line";

/// An account as its operator sees it.
#[derive(Debug, Serialize)]
pub struct UserReport {
    id: UserId,
    /// Unique.
    pub username: String,
    display_name: String,
    email: Option<String>,
    role: AccountRole,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

/// The events by which all logins of an account end.
const DISABLED: &str = "user.disabled";
const PASSWORD_CHANGED: &str = "user.password_changed";

impl Accounts {
    pub(super) fn report(&self, user: Model) -> UserReport {
        UserReport {
            role: self.role_of(&user),
            id: UserId(user.id),
            username: user.username,
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
        let now = clock::now();
        let row = Model {
            id: crate::clock::new_id(),
            display_name: username.clone(),
            display_name_folded: username.clone(),
            username,
            email: None,
            password_hash: self.0.passwords.hash(password).await?,
            created_at_ms: now.millis(),
            updated_at_ms: now.millis(),
            role: admin.then(|| ADMIN.to_owned()),
            disabled_at_ms: None,
            deleted_at_ms: None,
            left_sessions_at_ms: None,
            created_by: Some(COMMAND_LINE.to_owned()),
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
        let password = names::password(password);
        let mut fields = Fields::new();
        names::check_password(&mut fields, "password", &password);
        fields.done()?;
        self.named(self.0.database.reader(), username).await?;
        let hash = self.0.passwords.hash(password).await?;
        let change = (Column::PasswordHash, Expr::value(hash));
        self.change(username, change, PASSWORD_CHANGED, json!({})).await
    }

    /// Gives an account the role `admin`, or takes it away. A name of the configuration has it anyway.
    pub async fn set_admin(&self, username: &str, admin: bool) -> Result<UserReport, Problem> {
        let change = (Column::Role, Expr::value(admin.then_some(ADMIN)));
        self.change(username, change, "user.role_changed", json!({"is_admin": admin})).await
    }

    /// Keeps an account from logging in and ends all its logins, or lets it in again.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<UserReport, Problem> {
        let change = (Column::DisabledAtMs, Expr::value(disabled.then(|| clock::now().millis())));
        let event_type = if disabled { DISABLED } else { "user.enabled" };
        self.change(username, change, event_type, json!({})).await
    }

    async fn change(
        &self,
        username: &str,
        (column, value): (Column, sea_orm::sea_query::SimpleExpr),
        event_type: &str,
        what: Value,
    ) -> Result<UserReport, Problem> {
        let now = clock::now();
        let tx = self.0.database.begin_write().await?;
        let id = self.named(&tx, username).await?.id;
        let update = Entity::update_many().filter(Column::Id.eq(id)).col_expr(column, value);
        update.col_expr(Column::UpdatedAtMs, Expr::value(now.millis())).exec(&tx).await?;
        let user = UserId(id);
        let ended = if [DISABLED, PASSWORD_CHANGED].contains(&event_type) {
            revoke(&tx, user, LoginEnd::All, now).await?
        } else {
            Vec::new()
        };
        record(&tx, event_type, Some(user), &Client::operator(), what).await?;
        let row = self.named(&tx, username).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(self.report(row))
    }

    /// The account of that name.
    pub(super) async fn named(&self, db: &impl ConnectionTrait, username: &str) -> Result<Model, Problem> {
        let name = names::username(username);
        let found = Entity::find().filter(Column::Username.eq(&name)).filter(Column::DeletedAtMs.is_null());
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

    async fn tell(&self, event_type: &str, user: Option<UserId>, what: Value) -> Result<(), Problem> {
        let db = self.0.database.writer();
        Ok(record(db, event_type, user, &Client::operator(), what).await?)
    }
}
