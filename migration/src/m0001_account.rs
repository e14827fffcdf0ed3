//! Users, their logins, and the refresh tokens of each login.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null, string_uniq, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let user = Table::create()
            .table("user")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(string_uniq("username"))
            .col(string("display_name"))
            .col(string("display_name_folded"))
            .col(string_null("email"))
            .col(string("password_hash"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("updated_at_ms"))
            .take();
        let login = Table::create()
            .table("login")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("expires_at_ms"))
            .col(big_integer_null("revoked_at_ms"))
            .foreign_key(
                ForeignKey::create().from("login", "user_id").to("user", "id").on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        let refresh_token = Table::create()
            .table("refresh_token")
            .if_not_exists()
            .col(string("token_hash").primary_key())
            .col(uuid("login_id"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("expires_at_ms"))
            .col(big_integer_null("spent_at_ms"))
            .foreign_key(
                ForeignKey::create()
                    .from("refresh_token", "login_id")
                    .to("login", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        for table in [user, login, refresh_token] {
            manager.create_table(table).await?;
        }
        for (name, table, column) in [
            ("user_display_name_folded", "user", "display_name_folded"),
            ("login_user", "login", "user_id"),
            ("login_revoked", "login", "revoked_at_ms"),
            ("login_expires", "login", "expires_at_ms"),
            ("refresh_token_login", "refresh_token", "login_id"),
            ("refresh_token_expires", "refresh_token", "expires_at_ms"),
        ] {
            let index = Index::create().name(name).table(table).col(column).if_not_exists().take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
