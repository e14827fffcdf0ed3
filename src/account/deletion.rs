//! The end of an account. Its row stays, with nothing in it but the id, since others played with it: it is the "deleted
//! player" of their evenings. Sessions hear of it a moment later, each by an event of its own.

use actix_web::{HttpRequest, HttpResponse, web};
use entity::{achievement, login, notification, notification_setting, template, template_favorite, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::operator::UserReport;
use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{Accounts, CurrentUser};
use crate::clock;
use crate::http::{Body, Problem, ProblemBody};
use crate::ids::{Timestamp, UserId};
use crate::text::DELETED_PLAYER;

/// Proves that it is you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteMe {
    /// Your password.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Deletes your account for good. What others played with you stays, under "deleted player".
#[utoipa::path(
    delete, path = "/api/v1/users/me", operation_id = "delete_me", tag = "users", security(("bearer" = [])),
    request_body = DeleteMe,
    responses(
        (status = 204),
        (status = 401, description = "`invalid_credentials`: the password is wrong", body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ),
)]
pub(super) async fn delete_me(
    user: CurrentUser,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
    body: Body<DeleteMe>,
) -> Result<HttpResponse, Problem> {
    let password = body.into_inner().password.ok_or_else(|| Problem::invalid("password", "is required"))?;
    let row = accounts.own_row(user.id).await?;
    accounts.check_password(&request, &row.username, password).await?;
    accounts.erase(user.id, &Client::of(&request, &accounts)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl Accounts {
    /// Deletes an account for good, at the command line.
    pub async fn delete(&self, username: &str) -> Result<UserReport, Problem> {
        let row = self.named(self.0.database.reader(), username).await?;
        self.erase(UserId(row.id), &Client::operator()).await?;
        Ok(self.report(row))
    }

    async fn erase(&self, user: UserId, client: &Client) -> Result<(), Problem> {
        let now = clock::now();
        let tx = self.0.database.begin_write().await?;
        let ended = revoke(&tx, user, LoginEnd::All, now).await?;
        forget(&tx, user.0, now).await?;
        record(&tx, "user.deleted", Some(user), client, json!({})).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(())
    }
}

async fn forget(tx: &DatabaseTransaction, user: Uuid, now: Timestamp) -> Result<(), DbErr> {
    // Longer than a user name may be, so nobody can have it.
    let nobody = format!("deleted-{user}");
    user::Entity::update_many()
        .col_expr(user::Column::Username, Expr::value(nobody))
        .col_expr(user::Column::DisplayName, Expr::value(DELETED_PLAYER))
        .col_expr(user::Column::DisplayNameFolded, Expr::value(""))
        .col_expr(user::Column::Email, Expr::value(None::<String>))
        // No password has this hash.
        .col_expr(user::Column::PasswordHash, Expr::value(""))
        .col_expr(user::Column::Role, Expr::value(None::<String>))
        .col_expr(user::Column::DisabledAtMs, Expr::value(now.millis()))
        .col_expr(user::Column::DeletedAtMs, Expr::value(now.millis()))
        .col_expr(user::Column::UpdatedAtMs, Expr::value(now.millis()))
        .filter(user::Column::Id.eq(user))
        .exec(tx)
        .await?;
    // Their ids are needed as long as their access tokens would live.
    login::Entity::update_many()
        .col_expr(login::Column::UserAgent, Expr::value(None::<String>))
        .filter(login::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    notification::Entity::delete_many().filter(notification::Column::UserId.eq(user)).exec(tx).await?;
    notification_setting::Entity::delete_many().filter(notification_setting::Column::UserId.eq(user)).exec(tx).await?;
    achievement::Entity::delete_many().filter(achievement::Column::UserId.eq(user)).exec(tx).await?;
    template_favorite::Entity::delete_many().filter(template_favorite::Column::UserId.eq(user)).exec(tx).await?;
    // A public template may be what others play by.
    template::Entity::delete_many()
        .filter(template::Column::OwnerId.eq(user))
        .filter(template::Column::IsPublic.eq(false))
        .exec(tx)
        .await?;
    Ok(())
}
