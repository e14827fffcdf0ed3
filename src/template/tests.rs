//! The paths of this room over a real database.

use sea_orm::EntityTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::test_app::{Answer, TestApp};
use crate::account::{Settings, UserRates};

async fn app() -> TestApp {
    // One test keeps as many templates as a user may have.
    let rates = UserRates { commands_per_second: 1_000, ..UserRates::default() };
    TestApp::start(Settings { registrations_per_minute: 100, rates, ..Settings::default() }, super::routes).await
}

fn rules() -> Value {
    json!({"game_type": "kolkhoz", "currency": "RUB", "point_price": 5000, "balls": [{"color": "white", "points": 1}]})
}

fn draft(name: &str) -> Value {
    json!({"name": name, "rules": rules()})
}

fn wrong_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.problem(), (422, "validation_failed"), "{}", answer.json);
    answer.json["errors"].as_array().expect("errors").iter().filter_map(|error| error["field"].as_str()).collect()
}

/// An app with one user.
struct Player<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Player<'a> {
    async fn new(app: &'a TestApp, name: &str) -> Self {
        Self { app, token: app.register(name).await.text("access_token") }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.app.ask(method, path, &self.token, body).await
    }

    async fn create(&self, draft: Value) -> String {
        let answer = self.ask("POST", "/templates", draft).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.text("id")
    }

    /// The names in a list.
    async fn names(&self, query: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("/templates{query}"), Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let items = answer.json["items"].as_array().expect("items");
        items.iter().map(|item| item["name"].as_str().expect("name").to_owned()).collect()
    }
}

#[actix_web::test]
async fn the_service_comes_with_templates_whose_rules_are_valid() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let list = anna.ask("GET", "/templates?scope=system", Value::Null).await;
    let items = list.json["items"].as_array().expect("items");
    assert_eq!(items.len(), 10);
    for item in items {
        assert_eq!((&item["is_system"], &item["owner_id"]), (&json!(true), &Value::Null));
        let verdict = anna.ask("POST", "/templates/validate", json!({"rules": item["rules"]})).await;
        assert_eq!(verdict.json, json!({"valid": true, "errors": []}), "{}", item["name"]);
    }
    let prices: Vec<_> = items.iter().filter_map(|item| item["rules"]["point_price"].as_i64()).collect();
    assert_eq!(prices, [5_000, 2_500, 20_000, 5_000, 0, 0, 0]);
    for (game_type, count) in [("kolkhoz", 4), ("americana", 2), ("moscow_pyramid", 1), ("snooker", 3)] {
        assert_eq!(anna.names(&format!("?game_type={game_type}")).await.len(), count);
    }
}

#[actix_web::test]
async fn system_templates_can_be_read_and_liked_but_not_edited() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let path = "/templates/00000000-0000-7000-8000-000000000001";
    assert_eq!(anna.ask("GET", path, Value::Null).await.status, 200);
    assert_eq!(anna.ask("PUT", path, draft("mine")).await.problem(), (403, "template_not_editable"));
    assert_eq!(anna.ask("DELETE", path, Value::Null).await.problem(), (403, "template_not_editable"));
    assert_eq!(anna.ask("PUT", &format!("{path}/favorite"), Value::Null).await.status, 204);
}

#[actix_web::test]
async fn a_template_is_made_replaced_and_deleted_by_its_owner() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let mut full = draft(" Friday ");
    full["description"] = json!("two\nlines");
    full["category"] = json!("evening");
    full["tags"] = json!(["fast", " fast ", "cheap"]);
    full["is_public"] = json!(true);
    let made = anna.ask("POST", "/templates", full).await;
    assert_eq!(made.status, 201);
    assert_eq!((&made.json["name"], &made.json["tags"]), (&json!("Friday"), &json!(["fast", "cheap"])));
    assert_eq!(made.json["rules"]["payer"], "previous", "rules are answered in full");
    assert_eq!(made.json["created_at"], made.json["updated_at"]);
    let path = format!("/templates/{}", made.text("id"));
    assert_eq!(anna.ask("GET", &path, Value::Null).await.json, made.json);
    let replaced = anna.ask("PUT", &path, draft("Saturday")).await;
    assert_eq!(replaced.status, 200, "{}", replaced.json);
    assert_eq!((&replaced.json["description"], &replaced.json["category"]), (&json!(""), &json!("custom")));
    assert_eq!((&replaced.json["tags"], &replaced.json["is_public"]), (&json!([]), &json!(false)));
    assert_eq!((&replaced.json["id"], &replaced.json["created_at"]), (&made.json["id"], &made.json["created_at"]));
    assert_eq!(anna.ask("GET", &path, Value::Null).await.json, replaced.json);
    assert_eq!(anna.ask("DELETE", &path, Value::Null).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(anna.ask(method, &path, Value::Null).await.problem(), (404, "not_found"));
    }
}

#[actix_web::test]
async fn every_wrong_field_is_named_with_those_of_the_rules() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let mut wrong = draft("");
    wrong["description"] = "d".repeat(501).into();
    wrong["category"] = "".into();
    wrong["tags"] = json!(["ok", ""]);
    wrong["rules"]["point_price"] = json!(-1);
    let answer = anna.ask("POST", "/templates", wrong).await;
    assert_eq!(wrong_fields(&answer), ["name", "description", "category", "tags[1]", "rules.point_price"]);
    let mut unknown = draft("x");
    unknown["rules"]["pointprice"] = json!(1);
    assert_eq!(wrong_fields(&anna.ask("POST", "/templates", unknown).await), ["rules.pointprice"]);
    let mut many = draft("x");
    many["tags"] = vec!["t"; 11].into();
    assert_eq!(wrong_fields(&anna.ask("POST", "/templates", many).await), ["tags"]);
    assert_eq!(wrong_fields(&anna.ask("POST", "/templates", json!({"name": "x"})).await), ["rules"]);
    assert_eq!(wrong_fields(&anna.ask("GET", "/templates?scope=ours", Value::Null).await), ["scope"]);
    assert_eq!(wrong_fields(&anna.ask("GET", "/templates?game_type=carom", Value::Null).await), ["game_type"]);
}

#[actix_web::test]
async fn validating_answers_200_for_wrong_rules_too() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let mut wrong = rules();
    wrong["balls"][0]["points"] = json!(0);
    let verdict = anna.ask("POST", "/templates/validate", json!({"rules": wrong})).await;
    assert_eq!((verdict.status, &verdict.json["valid"]), (200, &json!(false)));
    assert_eq!(verdict.json["errors"][0]["field"], "rules.balls[0].points");
    assert_eq!(wrong_fields(&anna.ask("POST", "/templates/validate", json!({})).await), ["rules"]);
}

#[actix_web::test]
async fn private_templates_are_not_there_for_others_and_public_ones_only_to_read() {
    let app = app().await;
    let (anna, boris) = (Player::new(&app, "anna").await, Player::new(&app, "boris").await);
    let private = format!("/templates/{}", anna.create(draft("private")).await);
    let mut public = draft("public");
    public["is_public"] = json!(true);
    let public = format!("/templates/{}", anna.create(public).await);
    for (method, path) in
        [("GET", private.clone()), ("DELETE", private.clone()), ("PUT", format!("{private}/favorite"))]
    {
        assert_eq!(boris.ask(method, &path, Value::Null).await.problem(), (404, "not_found"));
    }
    assert_eq!(boris.ask("PUT", &private, draft("x")).await.problem(), (404, "not_found"));
    assert_eq!(boris.ask("GET", &public, Value::Null).await.status, 200);
    assert_eq!(boris.ask("PUT", &public, draft("x")).await.problem(), (403, "insufficient_permissions"));
    assert_eq!(boris.ask("DELETE", &public, Value::Null).await.problem(), (403, "insufficient_permissions"));
    assert_eq!(boris.names("?scope=public").await, ["public"]);
    assert_eq!(boris.names("?scope=mine").await, Vec::<String>::new());
    assert_eq!(anna.names("?scope=mine").await, ["private", "public"]);
    assert_eq!((anna.names("").await.len(), boris.names("").await.len()), (12, 11));
    let user = app.accounts.verify(&boris.token).expect("valid").id;
    let rules = async |path: &str| {
        let id = path.rsplit('/').next().expect("id").parse().expect("uuid");
        super::rules_of(app.database.reader(), id, user).await.expect("storage")
    };
    assert!(rules(&public).await.is_some());
    assert!(rules(&private).await.is_none());
}

#[actix_web::test]
async fn favorites_are_personal_and_liking_twice_is_liking_once() {
    let app = app().await;
    let (anna, boris) = (Player::new(&app, "anna").await, Player::new(&app, "boris").await);
    let mut shared = draft("shared");
    shared["is_public"] = json!(true);
    let id = anna.create(shared).await;
    let favorite = format!("/templates/{id}/favorite");
    for _ in 0..2 {
        assert_eq!(boris.ask("PUT", &favorite, Value::Null).await.status, 204);
    }
    assert_eq!(boris.names("?scope=favorite").await, ["shared"]);
    assert_eq!(anna.names("?scope=favorite").await, Vec::<String>::new());
    assert_eq!(anna.ask("PUT", &format!("/templates/{id}"), draft("hidden")).await.status, 200);
    assert_eq!(boris.names("?scope=favorite").await, Vec::<String>::new(), "private now");
    assert_eq!(anna.ask("PUT", &favorite, Value::Null).await.status, 204);
    for _ in 0..2 {
        assert_eq!(anna.ask("DELETE", &favorite, Value::Null).await.status, 204);
    }
    assert_eq!(anna.names("?scope=favorite").await, Vec::<String>::new());
    assert_eq!(anna.ask("PUT", &favorite, Value::Null).await.status, 204);
    assert_eq!(anna.ask("DELETE", &format!("/templates/{id}"), Value::Null).await.status, 204);
    assert_eq!(anna.names("?scope=favorite").await, Vec::<String>::new());
    assert_eq!(anna.ask("PUT", &favorite, Value::Null).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn lists_are_paged_and_categories_counted() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    for name in ["one", "two", "three"] {
        anna.create(draft(name)).await;
    }
    let page = anna.ask("GET", "/templates?scope=mine&limit=2", Value::Null).await;
    assert_eq!(page.json["items"].as_array().expect("items").len(), 2);
    let cursor = page.text("next_cursor");
    assert_eq!(anna.names(&format!("?scope=mine&limit=2&cursor={cursor}")).await, ["three"]);
    assert_eq!(anna.names("?category=custom").await, ["one", "two", "three"]);
    let categories = anna.ask("GET", "/template-categories", Value::Null).await;
    let expected = json!({
        "items": [
            {"category": "custom", "count": 3}, {"category": "kolkhoz", "count": 4}, {"category": "pyramid", "count": 3},
            {"category": "snooker", "count": 3},
        ],
        "next_cursor": null,
    });
    assert_eq!(categories.json, expected);
}

#[actix_web::test]
async fn nobody_has_more_than_200_templates() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    for number in 0..200 {
        anna.create(draft(&number.to_string())).await;
    }
    assert_eq!(anna.ask("POST", "/templates", draft("one more")).await.problem(), (422, "validation_failed"));
    assert_eq!(Player::new(&app, "boris").await.create(draft("first")).await.len(), 36);
}

#[actix_web::test]
async fn templates_of_games_that_only_a_newer_version_knows_are_not_there() {
    let app = app().await;
    let anna = Player::new(&app, "anna").await;
    let before = anna.names("").await;
    let row = entity::template::Entity::find().one(app.database.reader()).await.expect("read").expect("a template");
    let newer = entity::template::Model {
        id: Uuid::from_u128(0xffff),
        game_type: "carom".to_owned(),
        rules: r#"{"game_type":"carom"}"#.to_owned(),
        ..row
    };
    let newer = entity::template::ActiveModel::from(newer);
    entity::template::Entity::insert(newer).exec(app.database.writer()).await.expect("stored");
    assert_eq!(anna.names("").await, before);
}
