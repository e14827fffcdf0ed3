//! Which kinds of notifications a user wants, in which language, and what by mail. What is off is not stored, so nothing of
//! it comes later either.

use std::collections::BTreeMap;

use actix_web::web;
use entity::notification_setting::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::Kind;
use crate::account::{ContactChange, CurrentUser, Language, change_contact, contact_of};
use crate::database::Database;
use crate::http::{Body, Problem, ProblemBody};
use crate::ids::UserId;

/// Each kind, on or off, and how its user is told. What is not named in a change stays as it is.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationSettings {
    /// Kinds that are not named in a change stay as they are.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, bool>, required)]
    kinds: BTreeMap<Kind, bool>,
    /// In which notifications and mails are written from now on.
    #[serde(default)]
    #[schema(value_type = Language)]
    language: Option<Language>,
    /// Whether an evening that is over comes by mail, to a confirmed address.
    #[serde(default)]
    #[schema(value_type = bool)]
    evening_by_mail: Option<bool>,
}

/// Which notifications the caller wants, all but those switched off, and in which language.
#[utoipa::path(
    get, path = "/api/v1/notifications/settings", operation_id = "get_notification_settings", tag = "notifications",
    security(("bearer" = [])), responses((status = 200, body = NotificationSettings)),
)]
pub(super) async fn read(
    user: CurrentUser,
    database: web::Data<Database>,
) -> Result<web::Json<NotificationSettings>, Problem> {
    Ok(web::Json(of(&database, user.id).await?))
}

/// Switches kinds of notifications on and off; chooses their language.
#[utoipa::path(
    put, path = "/api/v1/notifications/settings", operation_id = "change_notification_settings",
    tag = "notifications", security(("bearer" = [])), request_body = NotificationSettings,
    responses((status = 200, body = NotificationSettings), (status = 422, body = ProblemBody)),
)]
pub(super) async fn change(
    user: CurrentUser,
    body: Body<NotificationSettings>,
    database: web::Data<Database>,
) -> Result<web::Json<NotificationSettings>, Problem> {
    let NotificationSettings { kinds, language, evening_by_mail } = body.into_inner();
    let row = |(kind, is_on): (Kind, bool)| ActiveModel {
        user_id: Set(user.id.0),
        kind: Set(kind.as_str().to_owned()),
        is_on: Set(is_on),
    };
    let rows: Vec<_> = kinds.into_iter().map(row).collect();
    let tx = database.begin_write().await?;
    if !rows.is_empty() {
        let there = OnConflict::columns([Column::UserId, Column::Kind]).update_column(Column::IsOn).to_owned();
        Entity::insert_many(rows).on_conflict(there).exec_without_returning(&tx).await?;
    }
    change_contact(&tx, user.id, ContactChange { language, evening_by_mail }).await?;
    tx.commit().await?;
    Ok(web::Json(of(&database, user.id).await?))
}

async fn of(database: &Database, user: UserId) -> Result<NotificationSettings, Problem> {
    let mut kinds: BTreeMap<Kind, bool> = Kind::ALL.into_iter().map(|kind| (kind, true)).collect();
    // On SQLite a reader sees what was committed before it began, so also the caller's own change.
    for row in Entity::find().filter(Column::UserId.eq(user.0)).all(database.reader()).await? {
        kinds.extend(Kind::named(&row.kind).map(|kind| (kind, row.is_on)));
    }
    let contact = contact_of(database.reader(), user).await?;
    let (language, evening_by_mail) = (Some(contact.language), Some(contact.evening_by_mail));
    Ok(NotificationSettings { kinds, language, evening_by_mail })
}
