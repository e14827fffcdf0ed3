//! Where else users are told: webhooks and browsers; and who signs in with Telegram.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, text, text_null, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let webhook = Table::create()
            .table("webhook")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(text("url"))
            .col(text_null("kinds"))
            .col(string("secret"))
            .col(big_integer("created_at_ms"))
            .take();
        manager.create_table(webhook).await?;
        let subscription = Table::create()
            .table("push_subscription")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(text("endpoint"))
            .col(string("p256dh"))
            .col(string("auth"))
            .col(big_integer("created_at_ms"))
            .take();
        manager.create_table(subscription).await?;
        let key = Table::create()
            .table("server_key")
            .if_not_exists()
            .col(string("name").primary_key())
            .col(text("value"))
            .take();
        manager.create_table(key).await?;
        let telegram = Table::create()
            .table("telegram_account")
            .if_not_exists()
            .col(big_integer("telegram_id").primary_key())
            .col(uuid("user_id"))
            .col(big_integer("created_at_ms"))
            .take();
        manager.create_table(telegram).await?;
        for table in ["webhook", "push_subscription", "telegram_account"] {
            let name = format!("{table}_of_user");
            let index = Index::create().name(&name).table(table).col("user_id").if_not_exists().to_owned();
            manager.create_index(index).await?;
        }
        let of_browser = Index::create()
            .name("push_subscription_of_browser")
            .table("push_subscription")
            .col("auth")
            .if_not_exists()
            .to_owned();
        manager.create_index(of_browser).await?;
        Ok(())
    }
}
