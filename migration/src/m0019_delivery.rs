//! How users are reached, and what is to be sent outside of this service.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean_null, integer, string, string_null, text, uuid, uuid_null,
};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contact = Table::create()
            .table("contact")
            .if_not_exists()
            .col(uuid("user_id").primary_key())
            .col(string_null("language"))
            .col(boolean_null("evening_by_mail"))
            .col(string_null("confirmed_email"))
            .take();
        manager.create_table(contact).await?;
        let delivery = Table::create()
            .table("delivery")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(string("sink"))
            .col(uuid_null("user_id"))
            .col(uuid_null("target_id"))
            .col(string("kind"))
            .col(text("payload"))
            .col(integer("attempts"))
            .col(big_integer_null("due_at_ms"))
            .col(big_integer("created_at_ms"))
            .take();
        manager.create_table(delivery).await?;
        for (name, columns) in [("delivery_due", ["sink", "due_at_ms"]), ("delivery_of_user", ["user_id", "due_at_ms"])]
        {
            let mut index = Index::create().name(name).table("delivery").if_not_exists().to_owned();
            columns.into_iter().for_each(|column| {
                index.col(column);
            });
            manager.create_index(index).await?;
        }
        // Who forgot a password knows the address, in whatever case.
        let by_email = "CREATE INDEX IF NOT EXISTS user_email ON \"user\" (lower(email))";
        manager.get_connection().execute_unprepared(by_email).await?;
        Ok(())
    }
}
