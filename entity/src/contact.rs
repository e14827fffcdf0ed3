//! How users are reached: those not here in Russian, and by no mail address that they confirmed.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// `ru` or `en`; Russian where absent.
    pub language: Option<String>,
    /// Wants the evening by mail when it is over; so does who never said.
    pub evening_by_mail: Option<bool>,
    /// The SHA-256 of the mail address that was confirmed: it counts as long as the account has that address, also where a
    /// node of an earlier version changes it.
    pub confirmed_email: Option<String>,
}

/// None: rows are joined by hand where they are.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
