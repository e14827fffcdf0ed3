//! Which ways a notification leaves this service by: asked for in the transaction that stores it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{delivery as row, push_subscription, webhook};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::Notification;
use super::kind::Kind;
use super::webhooks::kinds_of;
use crate::ids::{Seq, UserId};
use crate::outbox::delivery::{self, DeliveryRequest, Sink};

/// What may wait for one user; more is not sent outside, but kept here like any other notification.
const WAITING_MAX: i64 = 1_000;
/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// A notification that is stored, with whose it is and which version of it.
pub(super) struct StoredNotification {
    pub(super) user: UserId,
    pub(super) kind: Kind,
    pub(super) version: Seq,
    pub(super) notification: Notification,
}

/// Has these sent by the ways that their users have.
pub(super) async fn request(tx: &impl ConnectionTrait, stored: &[StoredNotification]) -> Result<(), DbErr> {
    let users: Vec<Uuid> = stored.iter().map(|stored| stored.user.0).collect();
    let (hooks, browsers) = (webhooks_of(tx, &users).await?, browsers_of(tx, &users).await?);
    let asking: BTreeSet<Uuid> = hooks.keys().chain(browsers.keys()).copied().collect();
    if asking.is_empty() {
        return Ok(());
    }
    let waiting = waiting(tx, asking.into_iter().collect()).await?;
    let mut asked = BTreeMap::new();
    for StoredNotification { user, kind, version, notification } in stored {
        if waiting.get(&user.0).is_some_and(|waiting| *waiting >= WAITING_MAX) {
            continue;
        }
        let mut ask = |sink: Sink, target: Uuid| {
            let id = Uuid::new_v5(&notification.id, format!("{}/{target}/{}", sink.as_str(), version.0).as_bytes());
            let (user_id, target_id, kind) = (Some(*user), Some(target), kind.as_str().to_owned());
            asked.insert(id, DeliveryRequest { id, sink, user_id, target_id, kind, payload: json!(notification) });
        };
        for hook in hooks.get(&user.0).into_iter().flatten().filter(|hook| kinds_of(hook).contains(kind)) {
            ask(Sink::Webhook, hook.id);
        }
        for browser in browsers.get(&user.0).into_iter().flatten() {
            ask(Sink::Push, browser.id);
        }
    }
    delivery::request(tx, &asked.into_values().collect::<Vec<_>>()).await
}

async fn webhooks_of(tx: &impl ConnectionTrait, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<webhook::Model>>, DbErr> {
    let mut hooks: HashMap<Uuid, Vec<webhook::Model>> = HashMap::new();
    for users in users.chunks(ROWS_MAX) {
        let rows = webhook::Entity::find().filter(webhook::Column::UserId.is_in(users.iter().copied()));
        rows.all(tx).await?.into_iter().for_each(|hook| hooks.entry(hook.user_id).or_default().push(hook));
    }
    Ok(hooks)
}

async fn browsers_of(
    tx: &impl ConnectionTrait,
    users: &[Uuid],
) -> Result<HashMap<Uuid, Vec<push_subscription::Model>>, DbErr> {
    use push_subscription::{Column, Entity};
    let mut browsers: HashMap<Uuid, Vec<push_subscription::Model>> = HashMap::new();
    for users in users.chunks(ROWS_MAX) {
        let rows = Entity::find().filter(Column::UserId.is_in(users.iter().copied())).all(tx).await?;
        rows.into_iter().for_each(|browser| browsers.entry(browser.user_id).or_default().push(browser));
    }
    Ok(browsers)
}

/// How much waits for each of these.
async fn waiting(tx: &impl ConnectionTrait, users: Vec<Uuid>) -> Result<HashMap<Uuid, i64>, DbErr> {
    let mut waiting = HashMap::new();
    for users in users.chunks(ROWS_MAX) {
        let rows: Vec<(Uuid, i64)> = row::Entity::find()
            .select_only()
            .column(row::Column::UserId)
            .column_as(row::Column::Id.count(), "waiting")
            .filter(row::Column::UserId.is_in(users.iter().copied()))
            .filter(row::Column::DueAtMs.is_not_null())
            .group_by(row::Column::UserId)
            .into_tuple()
            .all(tx)
            .await?;
        waiting.extend(rows);
    }
    Ok(waiting)
}
