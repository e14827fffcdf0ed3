//! Display names in NFC: those of before were kept as a keyboard had written them, and were not found by whoever wrote
//! the same letters in another way.

use sea_orm_migration::prelude::*;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Rows in memory at once.
const BATCH: u64 = 500;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let mut after = Uuid::nil();
        loop {
            let batch = Query::select()
                .columns(["id", "display_name", "display_name_folded"])
                .from("user")
                .and_where(Expr::col("id").gt(after))
                .order_by("id", Order::Asc)
                .limit(BATCH)
                .take();
            let rows = db.query_all(&batch).await?;
            for row in &rows {
                after = row.try_get("", "id")?;
                let [name, folded]: [String; 2] =
                    [row.try_get("", "display_name")?, row.try_get("", "display_name_folded")?];
                let [composed, composed_folded] = [&name, &folded].map(|text| text.nfc().collect::<String>());
                if composed == name && composed_folded == folded {
                    continue;
                }
                let change = Query::update()
                    .table("user")
                    .values([
                        ("display_name", composed.as_str().into()),
                        ("display_name_folded", composed.to_lowercase().into()),
                    ])
                    .and_where(Expr::col("id").eq(after))
                    // Who changes the name meanwhile composes it.
                    .and_where(Expr::col("display_name").eq(name))
                    .take();
                db.execute(&change).await?;
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}
