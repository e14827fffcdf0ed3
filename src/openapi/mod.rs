//! The OpenAPI document as a whole. Rooms describe what is their own: the good answer, the body, codes of their own.
//! What follows from rules is put in here, once over all operations: parameters, problems, HEAD, examples. So a new
//! route gets it by itself, and forgets nothing.

mod answers;
mod schemas;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::http::Code;

/// What was really asked and answered, by operation id: recorded by the test `examples`, which also holds each of them
/// to its schema.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).expect("the test `examples` writes JSON"));

/// No `format`: generators make objects of UUIDs, and forget to make texts of them in headers.
const KEY: &str = "019c0de0-0000-7000-8000-00000000000a";
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Puts in what all operations have in common.
pub(crate) fn complete(mut document: Value) -> Value {
    document["servers"] = json!([{"url": "/", "description": "This server."}]);
    let components = &mut document["components"];
    components["schemas"]["Code"] = json!({
        "type": "string",
        "description": "The stable word to program against.",
        "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    });
    components["schemas"]["Problem"]["properties"]["code"] = json!({"$ref": "#/components/schemas/Code"});
    schemas::complete(&mut components["schemas"]);
    components["headers"] = answers::headers();
    components["responses"] = answers::problems();
    let Some(paths) = document["paths"].as_object_mut() else { return document };
    for (path, item) in paths {
        let Some(item) = item.as_object_mut() else { continue };
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                complete_operation(path, method, operation);
            }
        }
        if let Some(head) = item.get("get").map(head_of) {
            item.insert("head".to_owned(), head);
        }
    }
    document
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>) {
    if operation.get("security") == Some(&json!([{}])) {
        operation.insert("security".to_owned(), json!([]));
    }
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.iter_mut().for_each(|parameter| never_null(&mut parameter["schema"]));
        if is_command(path, method) {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "Names the command: the same key again answers the first outcome and changes nothing.",
                "schema": {"type": "string", "minLength": 36, "maxLength": 36, "examples": [KEY]},
            }));
        }
    }
    answers::complete(path, method, operation);
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let example = &EXAMPLES[id];
    let (request, answer) = (example.get("request"), example.get("answer"));
    if let (Some(request), Some(body)) = (request, operation.get_mut("requestBody")) {
        exemplify(body, request);
    }
    // One that was answered shows all good answers: an operation that has several answers the same in each.
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (_, body) in answers.into_iter().flatten().filter(|(status, _)| status.starts_with('2')) {
        if let Some(answer) = answer {
            exemplify(body, answer);
        }
    }
}

/// What changes a session, and sharing it, takes a key; that a share ends is so once and for all.
fn is_command(path: &str, method: &str) -> bool {
    let of_a_session =
        path.starts_with("/api/v1/sessions") || path.starts_with("/api/v1/games") || path.ends_with("/invite");
    let of_a_chat =
        matches!((method, path), ("post", "/api/v1/chats/{id}/messages") | ("patch", "/api/v1/messages/{id}"));
    of_a_session && method != "get" && !path.contains("/shares/") || of_a_chat
}

fn exemplify(body: &mut Value, example: &Value) {
    for content in body["content"].as_object_mut().into_iter().flat_map(|content| content.values_mut()) {
        content["example"] = example.clone();
    }
}

/// A parameter that is not given is not there; `null` can't be said in a URL.
fn never_null(schema: &mut Value) {
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| !is_null(kind));
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(kinds) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        kinds.retain(|kind| !is_null(kind));
        if let [only] = kinds.as_slice() {
            *schema = only.clone();
        }
    }
}

/// The same answers without their bodies.
fn head_of(get: &Value) -> Value {
    let mut head = get.clone();
    let id = get["operationId"].as_str().unwrap_or_default();
    head["operationId"] = json!(format!("head_{id}"));
    head["summary"] = json!("What GET would answer, without its body.");
    for answer in head["responses"].as_object_mut().into_iter().flat_map(|answers| answers.values_mut()) {
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("content");
        }
    }
    head
}
