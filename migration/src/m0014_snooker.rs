//! Templates of snooker.
//!
//! They are neither `is_system` nor `is_public` and have no owner: a node of an earlier version, beside this one during
//! an update, can't read rules of snooker and would list nothing at all. This version knows them by their ids.

use sea_orm_migration::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// 2026-11-26T00:00:00Z.
const SEEDED_AT_MS: i64 = 1_795_651_200_000;
/// After the seven of the first templates.
const FIRST_ID: u128 = 0x0000_0000_0000_7000_8000_0000_0000_0008;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = ["id", "name", "description", "category", "game_type", "rules", "is_system", "is_public", "tags"];
        let times = ["created_at_ms", "updated_at_ms"];
        let mut rows = Query::insert().into_table("template").columns(columns.into_iter().chain(times)).take();
        for (id, (name, description, reds, format)) in (FIRST_ID..).zip([
            ("Снукер", "15 красных, 500 ₽ за фрейм.", 15, "1x1"),
            ("Снукер: 6 красных", "Короткий фрейм, 500 ₽.", 6, "1x1"),
            ("Снукер 2×2", "Двое на двое, 15 красных, 500 ₽ с каждого проигравшего.", 15, "2x2"),
        ]) {
            let rules = json!({
                "game_type": "snooker", "currency": "RUB", "reds": reds, "format": format, "frame_price": 50_000,
                "point_price": 0, "foul_points": 4, "enforce_balls": true, "order": "random_no_repeat",
                "alternate_direction": false, "enforce_turns": false,
            });
            rows.values_panic([
                Uuid::from_u128(id).into(),
                name.into(),
                description.into(),
                "snooker".into(),
                "snooker".into(),
                rules.to_string().into(),
                false.into(),
                false.into(),
                json!(["snooker", format]).to_string().into(),
                SEEDED_AT_MS.into(),
                SEEDED_AT_MS.into(),
            ]);
        }
        rows.on_conflict(OnConflict::column("id").do_nothing().to_owned());
        manager.execute(rows).await
    }
}
