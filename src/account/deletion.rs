//! The end of an account. Its row stays, with nothing in it but the id, since others played with it: it is the "deleted
//! player" of their evenings. Sessions hear of it a moment later, each by an event of its own.

use actix_web::{HttpRequest, HttpResponse, web};
use entity::{
    achievement, club, club_member, club_session, contact, dead_letter, delivery, failing_target, friend_request,
    friendship, login, notification, notification_setting, push_subscription, telegram_account, template,
    template_favorite, user, user_block, webhook,
};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set, Statement,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::operator::UserReport;
use super::record::{Client, record};
use super::revocation::{LoginEnd, revoke};
use super::{Accounts, CurrentUser};
use crate::clock;
use crate::http::{Body, Problem, ProblemBody};
use crate::ids::{CorrelationId, Timestamp, UserId};
use crate::outbox;
use crate::outbox::friendship::{FriendshipMessage, FriendshipStep, RequestOrigin};
use crate::text::DELETED_PLAYER;

/// Proves that it is you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteMe {
    /// Your password, if you have one.
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
    let password = body.into_inner().password;
    let row = accounts.own_row(user.id).await?;
    // A guest, or who signs in elsewhere, has nothing but the login that asks.
    if !row.password_hash.is_empty() {
        let password = password.ok_or_else(|| Problem::invalid("password", "is required"))?;
        accounts.check_password(&request, &row.username, password).await?;
    }
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
        let tx = self.0.database.begin_write().await?;
        let ended = erase(&tx, user, client, json!({})).await?;
        tx.commit().await?;
        self.note_revoked(&ended);
        Ok(())
    }
}

/// In the caller's transaction; answers the logins that ended.
pub(super) async fn erase(
    tx: &DatabaseTransaction,
    user: UserId,
    client: &Client,
    why: Value,
) -> Result<Vec<Uuid>, DbErr> {
    let now = clock::now();
    let ended = revoke(tx, user, LoginEnd::All, now).await?;
    forget(tx, user.0, now).await?;
    leave_friends(tx, user, client.correlation_id(), now).await?;
    leave_clubs(tx, user.0).await?;
    record(tx, "user.deleted", Some(user), client, why).await?;
    Ok(ended)
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
    leave_chats(tx, user, now).await?;
    login::Entity::update_many()
        .col_expr(login::Column::UserAgent, Expr::value(None::<String>))
        .filter(login::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    notification::Entity::delete_many().filter(notification::Column::UserId.eq(user)).exec(tx).await?;
    notification_setting::Entity::delete_many().filter(notification_setting::Column::UserId.eq(user)).exec(tx).await?;
    contact::Entity::delete_by_id(user).exec(tx).await?;
    webhook::Entity::delete_many().filter(webhook::Column::UserId.eq(user)).exec(tx).await?;
    push_subscription::Entity::delete_many().filter(push_subscription::Column::UserId.eq(user)).exec(tx).await?;
    telegram_account::Entity::delete_many().filter(telegram_account::Column::UserId.eq(user)).exec(tx).await?;
    delivery::Entity::delete_many().filter(delivery::Column::UserId.eq(user)).exec(tx).await?;
    dead_letter::Entity::delete_many().filter(dead_letter::Column::UserId.eq(user)).exec(tx).await?;
    failing_target::Entity::delete_many().filter(failing_target::Column::UserId.eq(user)).exec(tx).await?;
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

/// What was said stays with those it was said to, under "deleted player"; nothing more comes.
async fn leave_chats(tx: &DatabaseTransaction, user: Uuid, now: Timestamp) -> Result<(), DbErr> {
    for (sql, values) in [
        (
            "UPDATE chat_member SET left_at_ms = $2, \
             last_number = (SELECT c.last_number FROM chat c WHERE c.id = chat_member.chat_id) \
             WHERE user_id = $1 AND left_at_ms IS NULL",
            vec![user.into(), now.millis().into()],
        ),
        ("DELETE FROM chat_presence WHERE user_id = $1", vec![user.into()]),
        ("DELETE FROM chat_connection WHERE user_id = $1", vec![user.into()]),
    ] {
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

/// Ends friendships, requests and blocks. The others are told as where the user had ended them; of what is the user's own
/// nothing is to be put right any more.
async fn leave_friends(
    tx: &DatabaseTransaction,
    user: UserId,
    correlation_id: CorrelationId,
    now: Timestamp,
) -> Result<(), DbErr> {
    let of_friendships =
        Condition::any().add(friendship::Column::LowUserId.eq(user.0)).add(friendship::Column::HighUserId.eq(user.0));
    let of_requests = Condition::any()
        .add(friend_request::Column::FromUserId.eq(user.0))
        .add(friend_request::Column::ToUserId.eq(user.0));
    let of_blocks =
        Condition::any().add(user_block::Column::UserId.eq(user.0)).add(user_block::Column::BlockedId.eq(user.0));
    // Deleted before they are told of: what another deletion was faster with is told by that one.
    let friendships = friendship::Entity::delete_many().filter(of_friendships).exec_with_returning(tx).await?;
    let requests = friend_request::Entity::delete_many().filter(of_requests).exec_with_returning(tx).await?;
    user_block::Entity::delete_many().filter(of_blocks).exec(tx).await?;
    let mut steps = Vec::with_capacity(friendships.len() + requests.len());
    for row in friendships {
        let other = if row.low_user_id == user.0 { row.high_user_id } else { row.low_user_id };
        let origin = RequestOrigin { id: row.request_id, by: UserId(row.asked_by) };
        steps.push((FriendshipStep::Removed, UserId(other), origin));
    }
    for row in requests {
        let origin = RequestOrigin { id: row.id, by: UserId(row.from_user_id) };
        steps.push(match origin.by == user {
            true => (FriendshipStep::Withdrawn, UserId(row.to_user_id), origin),
            false => (FriendshipStep::Declined, origin.by, origin),
        });
    }
    let mut told = Vec::new();
    for (step, other, origin) in steps {
        let message = FriendshipMessage { step, by: user, other, request: Some(origin) };
        let (happened, to_both) = message.messages(correlation_id, now);
        told.push(happened);
        told.extend(to_both.into_iter().filter(|(_, envelope)| envelope.user_id != Some(user)));
    }
    outbox::enqueue_all(tx, &told, now).await
}

/// Ends memberships. A club that was the user's goes to the manager who is there for longest, else to the member who is;
/// where nobody is left it is deleted. Comes after the user's row is changed, so that the user joins no club meanwhile.
async fn leave_clubs(tx: &DatabaseTransaction, user: Uuid) -> Result<(), DbErr> {
    let of_user = club_member::Column::UserId.eq(user);
    let clubs = club_member::Entity::find().select_only().column(club_member::Column::ClubId).filter(of_user.clone());
    let clubs: Vec<Uuid> = clubs.into_tuple().all(tx).await?;
    let clubs = club::Entity::find().filter(club::Column::Id.is_in(clubs));
    // In the order that everybody has who locks several, so that nobody waits in a ring.
    let clubs = clubs.order_by_asc(club::Column::Id).lock_exclusive().all(tx).await?;
    club_member::Entity::delete_many().filter(of_user).exec(tx).await?;
    for club in clubs.into_iter().filter(|club| club.owner_id == user) {
        let heir = club_member::Entity::find()
            .filter(club_member::Column::ClubId.eq(club.id))
            .order_by_desc(club_member::Column::IsManager)
            .order_by_asc(club_member::Column::JoinedAtMs)
            .order_by_asc(club_member::Column::UserId);
        match heir.one(tx).await? {
            Some(heir) => {
                let mut row = club.into_active_model();
                row.owner_id = Set(heir.user_id);
                row.update(tx).await?;
                let mut row = heir.into_active_model();
                row.is_manager = Set(true);
                row.update(tx).await?;
            }
            None => {
                let of_club = club_session::Column::ClubId.eq(club.id);
                club_session::Entity::delete_many().filter(of_club).exec(tx).await?;
                club::Entity::delete_by_id(club.id).exec(tx).await?;
            }
        }
    }
    Ok(())
}
