//! Guests: accounts without a name and a password, and when it was last seen that one of them still owes something. And
//! the links by which somebody without an account marks balls.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, string, string_null, uuid};

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Nodes of earlier versions make accounts without it.
        let is_guest = boolean("is_guest").default(false).take();
        for (name, column) in [("is_guest", is_guest), ("debts_seen_at_ms", big_integer_null("debts_seen_at_ms"))] {
            if !manager.has_column("user", name).await? {
                manager.alter_table(Table::alter().table("user").add_column(column).take()).await?;
            }
        }
        let guests = Index::create()
            .name("user_guest")
            .table("user")
            .col("is_guest")
            .col("created_at_ms")
            .if_not_exists()
            .to_owned();
        manager.create_index(guests).await?;
        let links = Table::create()
            .table("scorer_link")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid("session_id"))
            .col(string("code").unique_key())
            .col(string_null("name"))
            .col(uuid("made_by"))
            .col(uuid("command_id"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("expires_at_ms"))
            .col(big_integer_null("ended_at_ms"))
            .take();
        manager.create_table(links).await?;
        let index = |name: &'static str, columns: [&'static str; 2]| {
            let [first, second] = columns;
            Index::create().name(name).table("scorer_link").if_not_exists().col(first).col(second).take()
        };
        manager.create_index(index("scorer_link_session", ["session_id", "id"])).await?;
        manager.create_index(index("scorer_link_made", ["made_by", "command_id"]).unique().take()).await
    }
}
