//! What players are told, wherever they are: notifications are stored, delivered over WebSocket, and kept for whoever
//! is offline.

mod compensation;
mod content;
mod evening;
mod fan_out;
mod kind;
mod listing;
mod push_subscriptions;
mod settings;
mod sinks;
mod sweep;
mod table;
mod tell;
#[cfg(test)]
mod tests;
mod texts;
mod webhooks;

use std::collections::HashMap;

use actix_web::web;
use entity::notification::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub(crate) use self::compensation::Compensation;
pub(crate) use self::sinks::{MailSettings, MailTransport, Outbound, Sinks, VapidKey};
pub(crate) use self::sweep::Sweep;
pub(crate) use self::table::Notification;
pub(crate) use self::tell::NotificationConsumer;
use crate::clock;
use crate::database::Database;
use crate::ids::UserId;

/// Users of one query: databases limit the values of a statement.
const USERS_AT_ONCE: usize = 500;

/// How many notifications no device of a user had yet, and the time of the last one: it changes when there is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitingCount {
    count: i64,
    last: i64,
}

/// The notifications of users, for sockets.
#[derive(Clone)]
pub(crate) struct Notifications {
    database: Database,
}

impl Notifications {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Up to `limit` notifications that no device of the user had yet, oldest first, from behind one of
    /// that time (ms) and id on.
    pub(crate) async fn undelivered(
        &self,
        user: UserId,
        after: Option<(i64, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Notification>, DbErr> {
        let mut wanted = table::visible(user).add(Column::DeliveredAtMs.is_null());
        if let Some((at, id)) = after {
            let same = Condition::all().add(Column::CreatedAtMs.eq(at)).add(Column::Id.gt(id));
            wanted = wanted.add(Condition::any().add(Column::CreatedAtMs.gt(at)).add(same));
        }
        let rows = Entity::find().filter(wanted).order_by_asc(Column::CreatedAtMs).order_by_asc(Column::Id);
        let rows = rows.limit(limit).all(self.database.reader()).await?;
        Ok(rows.into_iter().map(Notification::of).collect())
    }

    /// What no device of these users had yet, of those who have any.
    pub(crate) async fn waiting(
        &self,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, WaitingCount>, DbErr> {
        let users: Vec<Uuid> = users.into_iter().map(|user| user.0).collect();
        let mut waiting = HashMap::new();
        for users in users.chunks(USERS_AT_ONCE) {
            let rows: Vec<(Uuid, i64, i64)> = Entity::find()
                .select_only()
                .column(Column::UserId)
                .column_as(Column::Id.count(), "waiting")
                .column_as(Column::CreatedAtMs.max(), "last")
                .filter(Column::UserId.is_in(users.iter().copied()))
                .filter(Column::DeliveredAtMs.is_null())
                .filter(table::standing())
                .group_by(Column::UserId)
                .into_tuple()
                .all(self.database.reader())
                .await?;
            waiting.extend(rows.into_iter().map(|(user, count, last)| (UserId(user), WaitingCount { count, last })));
        }
        Ok(waiting)
    }

    /// A device of the user has these.
    pub(crate) async fn delivered(&self, user: UserId, ids: Vec<Uuid>) -> Result<(), DbErr> {
        Entity::update_many()
            .col_expr(Column::DeliveredAtMs, Expr::value(clock::now().millis()))
            .filter(Column::UserId.eq(user.0))
            .filter(Column::Id.is_in(ids))
            .filter(Column::DeliveredAtMs.is_null())
            .exec(self.database.writer())
            .await?;
        Ok(())
    }
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/notifications").route(web::get().to(listing::list)))
        .service(web::resource("/notifications/read-all").route(web::post().to(listing::read_all)))
        .service(
            web::resource("/notifications/settings")
                .route(web::get().to(settings::read))
                .route(web::put().to(settings::change)),
        )
        .service(
            web::resource("/webhooks").route(web::get().to(webhooks::list)).route(web::post().to(webhooks::create)),
        )
        .service(web::resource("/webhooks/{id}").route(web::delete().to(webhooks::remove)))
        .service(web::resource("/push-subscriptions").route(web::post().to(push_subscriptions::create)))
        .service(web::resource("/push-subscriptions/{id}").route(web::delete().to(push_subscriptions::remove)))
        .service(web::resource("/notifications/{id}").route(web::delete().to(listing::delete)))
        .service(web::resource("/notifications/{id}/read").route(web::put().to(listing::read)));
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        listing::list,
        listing::read,
        listing::read_all,
        listing::delete,
        settings::read,
        settings::change,
        webhooks::create,
        webhooks::list,
        webhooks::remove,
        push_subscriptions::create,
        push_subscriptions::remove
    ),
    components(schemas(Notification))
)]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
