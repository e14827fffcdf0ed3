//! The JSON Schema of the rules, for the published API.
//! Written by hand where the derived one would say "these fields and no other" beside a `game_type` of its own, which
//! no rules at all could satisfy.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Kolkhoz, Pyramid, Rules, Snooker};

impl PartialSchema for Rules {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some("The rules of a game; `game_type` says which game it is."))
            .item(tagged("kolkhoz", Kolkhoz::schema()))
            .item(tagged("americana", Pyramid::schema()))
            .item(tagged("moscow_pyramid", Pyramid::schema()))
            .item(tagged("snooker", Snooker::schema()))
            .into()
    }
}

impl ToSchema for Rules {
    fn name() -> std::borrow::Cow<'static, str> {
        "Rules".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Kolkhoz::schemas(schemas);
        Pyramid::schemas(schemas);
        Snooker::schemas(schemas);
    }
}

/// The fields of one kind of rules with its tag in front.
fn tagged(game_type: &str, fields: RefOr<Schema>) -> Schema {
    let RefOr::T(Schema::Object(mut fields)) = fields else { return Schema::Object(Object::new()) };
    let tag = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([game_type]));
    fields.properties.insert("game_type".to_owned(), tag.into());
    fields.required.insert(0, "game_type".to_owned());
    Schema::Object(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_game_type_has_its_fields_and_its_tag_in_one_closed_object() {
        let schema = serde_json::to_value(Rules::schema()).expect("json");
        let kinds = schema["oneOf"].as_array().expect("the kinds");
        let tags: Vec<_> = kinds.iter().map(|kind| &kind["properties"]["game_type"]["enum"][0]).collect();
        assert_eq!(tags, ["kolkhoz", "americana", "moscow_pyramid", "snooker"]);
        assert!(kinds.iter().all(|kind| kind["additionalProperties"] == Value::Bool(false)));
        assert!(kinds.iter().all(|kind| kind["required"][0] == "game_type"));
        assert_eq!(kinds[0]["properties"]["point_price"]["maximum"], 100_000_000);
    }

    #[test]
    fn all_that_the_rules_refer_to_comes_along() {
        let mut schemas = Vec::new();
        Rules::schemas(&mut schemas);
        for name in ["Ball", "Color", "Payer", "LastBall", "KolkhozFoul", "Order", "Format", "PyramidFoul"] {
            assert!(schemas.iter().any(|(known, _)| known == name), "{name}");
        }
    }
}
