//! How a user is reached: in which language, and at which confirmed mail address.

use std::collections::HashMap;

use entity::contact::{ActiveModel, Column, Entity, Model};
use entity::user;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ids::UserId;

/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// What the server writes to a user in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

impl Language {
    fn as_str(self) -> &'static str {
        match self {
            Language::Ru => "ru",
            Language::En => "en",
        }
    }

    fn named(word: &str) -> Self {
        if word == Language::En.as_str() { Language::En } else { Language::Ru }
    }

    /// The one of the two that is in this language.
    pub(crate) fn choose<T>(self, russian: T, english: T) -> T {
        match self {
            Language::Ru => russian,
            Language::En => english,
        }
    }
}

/// How a user is reached.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) language: Language,
    /// Wants the evening by mail when it is over.
    pub(crate) evening_by_mail: bool,
    confirmed_email: Option<String>,
}

impl Default for Contact {
    /// Of who never said anything.
    fn default() -> Self {
        Self { language: Language::default(), evening_by_mail: true, confirmed_email: None }
    }
}

impl Contact {
    /// Whether an address was confirmed, be it the present one or not.
    pub(crate) fn has_confirmed(&self) -> bool {
        self.confirmed_email.is_some()
    }

    fn of(row: Model) -> Self {
        Self {
            language: row.language.as_deref().map(Language::named).unwrap_or_default(),
            evening_by_mail: row.evening_by_mail.unwrap_or(true),
            confirmed_email: row.confirmed_email,
        }
    }

    /// The account's mail address, if it is the one that was confirmed.
    pub(crate) fn confirmed_address<'a>(&self, user: &'a user::Model) -> Option<&'a str> {
        let email = user.email.as_deref()?;
        (self.confirmed_email.as_deref() == Some(&fingerprint(email))).then_some(email)
    }
}

/// What a user changes about it; what is absent stays.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ContactChange {
    pub(crate) language: Option<Language>,
    pub(crate) evening_by_mail: Option<bool>,
}

/// How these users are reached; who is not among them never said anything.
pub(crate) async fn contacts_of(
    db: &impl ConnectionTrait,
    users: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, Contact>, DbErr> {
    let users: Vec<Uuid> = users.into_iter().map(|user| user.0).collect();
    let mut contacts = HashMap::new();
    for users in users.chunks(ROWS_MAX) {
        let rows = Entity::find().filter(Column::UserId.is_in(users.iter().copied())).all(db).await?;
        contacts.extend(rows.into_iter().map(|row| (UserId(row.user_id), Contact::of(row))));
    }
    Ok(contacts)
}

/// How that user is reached.
pub(crate) async fn contact_of(db: &impl ConnectionTrait, user: UserId) -> Result<Contact, DbErr> {
    Ok(Entity::find_by_id(user.0).one(db).await?.map(Contact::of).unwrap_or_default())
}

/// Stores what the user changes.
pub(crate) async fn change_contact(
    db: &impl ConnectionTrait,
    user: UserId,
    change: ContactChange,
) -> Result<(), DbErr> {
    let language = change.language.map(|language| language.as_str().to_owned());
    let columns = [change.language.map(|_| Column::Language), change.evening_by_mail.map(|_| Column::EveningByMail)];
    let row = ActiveModel { language: Set(language), evening_by_mail: Set(change.evening_by_mail), ..empty(user) };
    store(db, row, columns.into_iter().flatten()).await
}

/// The user has shown that mail to this address arrives at him.
pub(super) async fn confirm(db: &impl ConnectionTrait, user: UserId, email: &str) -> Result<(), DbErr> {
    let row = ActiveModel { confirmed_email: Set(Some(fingerprint(email))), ..empty(user) };
    store(db, row, [Column::ConfirmedEmail]).await
}

fn empty(user: UserId) -> ActiveModel {
    ActiveModel { user_id: Set(user.0), language: Set(None), evening_by_mail: Set(None), confirmed_email: Set(None) }
}

async fn store(
    db: &impl ConnectionTrait,
    row: ActiveModel,
    columns: impl IntoIterator<Item = Column>,
) -> Result<(), DbErr> {
    let columns: Vec<Column> = columns.into_iter().collect();
    if columns.is_empty() {
        return Ok(());
    }
    let there = OnConflict::column(Column::UserId).update_columns(columns).to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(db).await?;
    Ok(())
}

/// Names an address where it need not be known.
pub(super) fn fingerprint(email: &str) -> String {
    Sha256::digest(email.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
