//! Templates over REST: made, seen, changed, liked, tried out.

use serde_json::{Value, json};

use crate::evening::kolkhoz;
use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::Player;
use crate::table::kolkhoz_with;
use crate::test_app::{TestApp, text};

const TEMPLATE: &str = "id owner_id name description category rules is_system is_public tags created_at updated_at";

async fn names(player: &Player, query: &str) -> Vec<String> {
    items(&player.read(&format!("/api/v1/templates?{query}")).await).iter().map(|it| text(&it["name"])).collect()
}

fn path(template: &Value) -> String {
    format!("/api/v1/templates/{}", text(&template["id"]))
}

#[actix_web::test]
async fn a_template_is_made_read_replaced_and_deleted_by_its_owner() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let draft = json!({
        "name": "Наш колхоз", "description": "Две строки\nо нём", "category": "house", "rules": kolkhoz(),
        "is_public": true, "tags": ["house", "cheap", "house"],
    });
    let made = answered(anna.post("/api/v1/templates", draft).await, 201);
    has_only_fields(&made, TEMPLATE);
    is_id(&made["id"]);
    is_time(&made["created_at"]);
    is_time(&made["updated_at"]);
    assert_eq!((&made["owner_id"], &made["is_system"]), (&json!(anna.id), &json!(false)));
    assert_eq!((&made["category"], &made["tags"]), (&json!("house"), &json!(["house", "cheap"])));
    assert_eq!(anna.read(&path(&made)).await, made);
    let next = json!({"name": "Дороже", "rules": kolkhoz_with(json!({"point_price": 7_000}))});
    let replaced = answered(anna.put(&path(&made), next).await, 200);
    assert_eq!((&replaced["name"], &replaced["rules"]["point_price"]), (&json!("Дороже"), &json!(7_000)));
    assert_eq!((&replaced["is_public"], &replaced["description"]), (&json!(false), &json!("")));
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&made["id"], &made["created_at"]));
    let session = anna.done("/api/v1/sessions", json!({"name": "x", "template_id": made["id"]})).await;
    answered(anna.delete(&path(&made)).await, 204);
    refused(anna.get(&path(&made)).await, "not_found");
    refused(anna.delete(&path(&made)).await, "not_found");
    let kept = anna.read(&format!("/api/v1/sessions/{}", text(&session["id"]))).await;
    assert_eq!(kept["rules"]["point_price"], 7_000, "the rules are frozen into the session");
}

#[actix_web::test]
async fn a_private_template_is_there_for_its_owner_only_and_a_public_one_for_all() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let boris = app.player("boris").await;
    let private = anna.done("/api/v1/templates", json!({"name": "Тайный", "rules": kolkhoz()})).await;
    let public = anna.done("/api/v1/templates", json!({"name": "Общий", "rules": kolkhoz(), "is_public": true})).await;
    refused(boris.get(&path(&private)).await, "not_found");
    refused(boris.put(&path(&private), json!({"name": "x", "rules": kolkhoz()})).await, "not_found");
    refused(boris.delete(&path(&private)).await, "not_found");
    refused(boris.put(&format!("{}/favorite", path(&private)), json!({})).await, "not_found");
    let by_it = json!({"name": "x", "template_id": private["id"]});
    wrong_field(boris.post("/api/v1/sessions", by_it).await, "template_id");
    assert_eq!(boris.read(&path(&public)).await, public);
    refused(boris.put(&path(&public), json!({"name": "x", "rules": kolkhoz()})).await, "insufficient_permissions");
    refused(boris.delete(&path(&public)).await, "insufficient_permissions");
    assert_eq!(names(&boris, "scope=public").await, ["Общий"]);
    assert_eq!(names(&boris, "scope=mine").await, Vec::<String>::new());
    assert_eq!(names(&anna, "scope=mine").await, ["Тайный", "Общий"]);
    boris.done("/api/v1/sessions", json!({"name": "x", "template_id": public["id"]})).await;
}

#[actix_web::test]
async fn system_templates_cannot_be_edited() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let list = anna.read("/api/v1/templates?scope=system").await;
    assert_eq!(items(&list).len(), 10);
    for template in items(&list) {
        has_only_fields(template, TEMPLATE);
        let draft = json!({"name": "x", "rules": kolkhoz()});
        refused(anna.put(&path(template), draft).await, "template_not_editable");
        refused(anna.delete(&path(template)).await, "template_not_editable");
    }
    for (game_type, many) in [("kolkhoz", 4), ("americana", 2), ("moscow_pyramid", 1)] {
        let list = anna.read(&format!("/api/v1/templates?game_type={game_type}")).await;
        assert_eq!(items(&list).len(), many, "{game_type}");
        assert!(items(&list).iter().all(|template| template["rules"]["game_type"] == game_type));
    }
    wrong_field(anna.get("/api/v1/templates?game_type=carom").await, "game_type");
    wrong_field(anna.get("/api/v1/templates?scope=all").await, "scope");
}

#[actix_web::test]
async fn a_template_is_liked_by_each_user_alone() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let boris = app.player("boris").await;
    let list = anna.read("/api/v1/templates?scope=system&game_type=americana").await;
    let favorite = format!("{}/favorite", path(&items(&list)[0]));
    for _ in 0..2 {
        answered(anna.put(&favorite, json!({})).await, 204);
    }
    assert_eq!(names(&anna, "scope=favorite").await, [text(&items(&list)[0]["name"])]);
    assert_eq!(names(&anna, "scope=favorite&game_type=kolkhoz").await, Vec::<String>::new());
    assert_eq!(names(&boris, "scope=favorite").await, Vec::<String>::new());
    for _ in 0..2 {
        answered(anna.delete(&favorite).await, 204);
    }
    assert_eq!(names(&anna, "scope=favorite").await, Vec::<String>::new());
}

#[actix_web::test]
async fn rules_are_tried_out_without_being_stored() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let validate = "/api/v1/templates/validate";
    let verdict = answered(anna.post(validate, json!({"rules": kolkhoz()})).await, 200);
    assert_eq!(verdict, json!({"valid": true, "errors": []}));
    let many = json!({
        "game_type": "kolkhoz", "currency": "rub", "point_price": -1,
        "balls": [{"color": "white", "points": 0}, {"color": "white", "points": 1, "count": 17}], "max_players": 11,
    });
    let verdict = answered(anna.post(validate, json!({"rules": many})).await, 200);
    assert_eq!(verdict["valid"], false);
    let fields: Vec<_> = verdict["errors"].as_array().expect("errors").iter().map(|it| text(&it["field"])).collect();
    for field in ["currency", "point_price", "balls[0].points", "balls[1].color", "balls[1].count", "max_players"] {
        assert!(fields.contains(&format!("rules.{field}")), "{field} in {fields:?}");
    }
    wrong_field(anna.post(validate, json!({})).await, "rules");
    assert_eq!(names(&anna, "scope=mine").await, Vec::<String>::new());
}

#[actix_web::test]
async fn fields_of_a_template_are_held_to_their_bounds() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let with = |field: &str, value: Value| {
        let mut draft = json!({"name": "x", "rules": kolkhoz()});
        draft[field] = value;
        draft
    };
    for (field, value, wrong) in [
        ("name", json!(""), "name"),
        ("name", json!("я".repeat(101)), "name"),
        ("description", json!("я".repeat(501)), "description"),
        ("category", json!(""), "category"),
        ("tags", json!(["a", ""]), "tags[1]"),
        ("tags", json!("house"), "tags"),
        ("rules", json!({"game_type": "carom"}), "rules.game_type"),
        ("rules", kolkhoz_with(json!({"balls": [{"color": "white", "points": 1.5}]})), "rules.balls[0].points"),
        ("is_system", json!(true), "is_system"),
        ("owner_id", json!(anna.id), "owner_id"),
    ] {
        wrong_field(anna.post("/api/v1/templates", with(field, value)).await, wrong);
    }
}

#[actix_web::test]
async fn categories_are_counted() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    anna.done("/api/v1/templates", json!({"name": "x", "rules": kolkhoz(), "category": "house"})).await;
    let list = anna.read("/api/v1/template-categories").await;
    let counted: Vec<_> = items(&list).iter().map(|it| (text(&it["category"]), it["count"].clone())).collect();
    let expected = [("house", 1), ("kolkhoz", 4), ("pyramid", 3), ("snooker", 3)];
    assert_eq!(counted, expected.map(|(category, count)| (category.to_owned(), json!(count))));
    assert_eq!(names(&anna, "category=house").await, ["x"]);
}
