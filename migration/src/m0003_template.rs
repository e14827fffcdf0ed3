//! Templates and favourites, and the templates that the service comes with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, string, text, uuid, uuid_null};
use serde_json::{Value, json};
use uuid::Uuid;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// 2026-01-01T00:00:00Z: no clock is read here, so every database gets the same rows.
const SEEDED_AT_MS: i64 = 1_767_225_600_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let template = Table::create()
            .table("template")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(uuid_null("owner_id"))
            .col(string("name"))
            .col(text("description"))
            .col(string("category"))
            .col(string("game_type"))
            .col(text("rules"))
            .col(boolean("is_system"))
            .col(boolean("is_public"))
            .col(text("tags"))
            .col(big_integer("created_at_ms"))
            .col(big_integer("updated_at_ms"))
            .foreign_key(
                ForeignKey::create().from("template", "owner_id").to("user", "id").on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        let favorite = Table::create()
            .table("template_favorite")
            .if_not_exists()
            .col(uuid("user_id"))
            .col(uuid("template_id"))
            .col(big_integer("created_at_ms"))
            .primary_key(Index::create().col("user_id").col("template_id"))
            .foreign_key(
                ForeignKey::create()
                    .from("template_favorite", "user_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("template_favorite", "template_id")
                    .to("template", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        for table in [template, favorite] {
            manager.create_table(table).await?;
        }
        for (name, table, column) in [
            ("template_owner", "template", "owner_id"),
            ("template_public", "template", "is_public"),
            ("template_favorite_template", "template_favorite", "template_id"),
        ] {
            let index = Index::create().name(name).table(table).col(column).if_not_exists().take();
            manager.create_index(index).await?;
        }
        let mut rows = Query::insert()
            .into_table("template")
            .columns([
                "id",
                "name",
                "description",
                "category",
                "game_type",
                "rules",
                "is_system",
                "is_public",
                "tags",
                "created_at_ms",
                "updated_at_ms",
            ])
            .take();
        for (number, (name, description, rules, tags)) in (1_u128..).zip(seeds()) {
            let game_type = rules["game_type"].as_str().unwrap_or_default().to_owned();
            let category = if game_type == "kolkhoz" { "kolkhoz" } else { "pyramid" };
            rows.values_panic([
                id(number).into(),
                name.into(),
                description.into(),
                category.into(),
                game_type.into(),
                rules.to_string().into(),
                true.into(),
                true.into(),
                tags.to_string().into(),
                SEEDED_AT_MS.into(),
                SEEDED_AT_MS.into(),
            ]);
        }
        // They are there where an early version was killed between this and noting that the step is done.
        rows.on_conflict(OnConflict::column("id").do_nothing().to_owned());
        manager.execute(rows).await
    }
}

/// `00000000-0000-7000-8000-000000000001` and so on: before every id that a clock makes.
fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 + number)
}

type Seed = (&'static str, &'static str, Value, Value);

fn seeds() -> Vec<Seed> {
    let classic = json!([
        {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "green", "points": 3},
        {"color": "brown", "points": 4}, {"color": "blue", "points": 5}, {"color": "pink", "points": 6},
        {"color": "black", "points": 7},
    ]);
    let four = json!([
        {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "green", "points": 3},
        {"color": "pink", "points": 4},
    ]);
    let fifteen = json!([
        {"color": "white", "points": 1, "count": 12}, {"color": "yellow", "points": 2, "count": 1},
        {"color": "pink", "points": 3, "count": 1}, {"color": "green", "points": 6, "count": 1},
    ]);
    vec![
        (
            "Колхоз: стандарт",
            "50 ₽ за очко, семь цветов, порядок без повторов.",
            kolkhoz(5_000, classic.clone(), "random_no_repeat"),
            json!(["kolkhoz", "standard"]),
        ),
        (
            "Колхоз: бюджет",
            "25 ₽ за очко, четыре цвета, порядок каждый раз новый.",
            kolkhoz(2_500, four, "always_random"),
            json!(["kolkhoz", "budget"]),
        ),
        (
            "Колхоз: премиум",
            "200 ₽ за очко, семь цветов, порядок без повторов.",
            kolkhoz(20_000, classic, "random_no_repeat"),
            json!(["kolkhoz", "premium"]),
        ),
        (
            "Колхоз: 15 шаров",
            "50 ₽ за очко, шары считаются, последний заканчивает партию.",
            kolkhoz(5_000, fifteen, "random_no_repeat"),
            json!(["kolkhoz", "15 balls"]),
        ),
        ("Американка 1×1", "До 8 шаров, 500 ₽ за партию.", pyramid("americana", "1x1"), json!(["americana", "1x1"])),
        (
            "Американка 2×2",
            "Двое на двое, до 8 шаров, 500 ₽ с каждого проигравшего.",
            pyramid("americana", "2x2"),
            json!(["americana", "2x2"]),
        ),
        (
            "Московская пирамида 1×1",
            "Один биток, до 8 шаров, 500 ₽ за партию.",
            pyramid("moscow_pyramid", "1x1"),
            json!(["moscow_pyramid", "1x1"]),
        ),
    ]
}

fn kolkhoz(point_price: i64, balls: Value, order: &str) -> Value {
    json!({
        "game_type": "kolkhoz", "currency": "RUB", "point_price": point_price, "balls": balls,
        "payer": "previous", "last_ball": "value", "foul": {"kind": "subtract", "points": 1}, "order": order,
        "alternate_direction": false, "enforce_turns": false, "min_players": 2, "max_players": 8,
    })
}

fn pyramid(game_type: &str, format: &str) -> Value {
    json!({
        "game_type": game_type, "currency": "RUB", "game_price": 50_000, "target_balls": 8, "format": format,
        "foul": {"kind": "opponent_plus_one"}, "order": "random_no_repeat", "alternate_direction": false,
        "enforce_turns": false,
    })
}
