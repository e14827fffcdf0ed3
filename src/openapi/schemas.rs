//! Schemas as generators of clients can read them: an event is one object, and each kind of a command has a name.

use serde_json::{Map, Value, json};

pub(super) fn complete(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else { return };
    flatten_event(schemas);
    for (name, schema) in schemas {
        for kind in schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
            name_by_type(name, kind);
        }
    }
}

/// An event is its own fields and `type` and `data` of its fact. The fact stays: it says which data belongs to a type.
fn flatten_event(schemas: &mut Map<String, Value>) {
    let facts = schemas.get("Fact").and_then(|fact| fact["oneOf"].as_array()).cloned().unwrap_or_default();
    let Some(event) = schemas.get_mut("Event") else { return };
    let description = event["description"].take();
    let own =
        event["allOf"].as_array_mut().and_then(|parts| parts.iter_mut().find(|part| part["properties"].is_object()));
    let Some(mut whole) = own.map(Value::take) else { return };
    let types: Vec<_> = facts.iter().map(|fact| fact["properties"]["type"]["enum"][0].clone()).collect();
    let mut datas: Vec<Value> = Vec::new();
    for fact in &facts {
        let data = &fact["properties"]["data"];
        let data = data.get("$ref").map_or_else(|| data.clone(), |reference| json!({"$ref": reference}));
        if !datas.contains(&data) {
            datas.push(data);
        }
    }
    whole["description"] = description;
    whole["properties"]["type"] = json!({"type": "string", "enum": types});
    whole["properties"]["data"] = json!({"anyOf": datas, "description": "By `type`, see Fact."});
    if let Some(required) = whole["required"].as_array_mut() {
        required.extend([json!("type"), json!("data")]);
    }
    *event = whole;
}

/// `pot_ball` of `Mark` is `MarkPotBall`: without a title generators count their names.
fn name_by_type(of: &str, kind: &mut Value) {
    let words = kind["properties"]["type"]["enum"].as_array().cloned();
    let Some([Value::String(word)]) = words.as_deref() else { return };
    let title: String = word
        .split(['_', '.'])
        .map(|part| part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)).collect::<String>())
        .collect();
    kind["title"] = json!(format!("{of}{title}"));
}
