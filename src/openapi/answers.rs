//! Which answers an operation has beside the good one, as follows from what it is: the same rules that the middlewares
//! and extractors hold requests to.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::http::Code;

const REQUEST_ID: &str = "#/components/headers/RequestId";

/// The headers that answers refer to.
pub(super) fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "The `x-request-id` of the request where it is a UUID, else a new one.",
            "schema": {"type": "string", "format": "uuid"},
        },
        "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
        "Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
    })
}

/// One answer for each status of a code, with all codes of it as examples.
pub(super) fn problems() -> Value {
    let mut statuses: Vec<u16> = Code::ALL.iter().map(|code| code.status().as_u16()).collect();
    statuses.push(StatusCode::REQUEST_TIMEOUT.as_u16());
    statuses.sort_unstable();
    statuses.dedup();
    statuses.into_iter().map(|status| (name(status), problem(status))).collect::<Map<_, _>>().into()
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

fn codes(status: u16) -> Vec<Code> {
    let codes: Vec<_> = Code::ALL.iter().copied().filter(|code| code.status().as_u16() == status).collect();
    // A code of the nearest kind.
    if codes.is_empty() { vec![Code::BadRequest] } else { codes }
}

fn problem(status: u16) -> Value {
    let examples: Map<_, _> = codes(status)
        .into_iter()
        .map(|code| {
            let mut value = json!({
                "type": format!("urn:artel:problem:{}", code.as_str()),
                "title": code.title(),
                "status": status,
                "detail": code.title(),
                "code": code.as_str(),
                "request_id": "019c0de0-0000-7000-8000-000000000001",
            });
            if code == Code::ValidationFailed {
                value["errors"] = json!([{"field": "name", "message": "is required"}]);
            }
            (code.as_str().to_owned(), json!({"value": value}))
        })
        .collect();
    let words: Vec<_> = codes(status).iter().map(|code| format!("`{}`", code.as_str())).collect();
    let mut answer = json!({
        "description": format!("{}: {}", reason(status), words.join(", ")),
        "headers": {"x-request-id": {"$ref": REQUEST_ID}},
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples,
        }},
    });
    further_headers(status, &mut answer);
    answer
}

fn further_headers(status: u16, answer: &mut Value) {
    match status {
        401 => answer["headers"]["www-authenticate"] = json!({"$ref": "#/components/headers/Authenticate"}),
        429 | 503 => answer["headers"]["retry-after"] = json!({"$ref": "#/components/headers/RetryAfter"}),
        _ => {}
    }
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// Gives an operation the answers that it has by its kind, and every answer its description, headers and media type.
pub(super) fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let by_rule = by_rule(path, method, operation);
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for status in by_rule {
        answers.entry(status.to_string()).or_insert_with(|| json!({"description": ""}));
    }
    for (word, answer) in answers.iter_mut() {
        let Ok(status) = word.parse::<u16>() else { continue };
        let is_plain = answer["description"].as_str().is_none_or(str::is_empty);
        if status >= 400 && !has_a_body_of_its_own(answer) {
            if is_plain {
                *answer = json!({"$ref": format!("#/components/responses/{}", name(status))});
                continue;
            }
            let description = answer["description"].take();
            *answer = problem(status);
            let told = description.as_str().unwrap_or_default();
            let examples = answer["content"]["application/problem+json"]["examples"].as_object_mut();
            // The room says which of the codes it may be.
            if let Some(examples) = examples
                && examples.keys().any(|code| told.contains(&format!("`{code}`")))
            {
                examples.retain(|code, _| told.contains(&format!("`{code}`")));
            }
            answer["description"] = description;
            continue;
        }
        if is_plain {
            answer["description"] = json!(reason(status));
        }
        answer["headers"]["x-request-id"] = json!({"$ref": REQUEST_ID});
    }
}

/// Readiness answers 503 with its own report.
fn has_a_body_of_its_own(answer: &Value) -> bool {
    let is_problem = |content: &Value| {
        let schema = content["schema"]["$ref"].as_str().unwrap_or_default();
        schema.is_empty() || schema.ends_with("/Problem")
    };
    answer["content"].as_object().is_some_and(|content| !content.values().all(is_problem))
}

fn by_rule(path: &str, method: &str, operation: &Map<String, Value>) -> Vec<u16> {
    let Some(call) = path.strip_prefix("/api/v1/") else { return Vec::new() };
    let mut statuses = vec![429, 500, 503];
    let asks =
        |security: &Value| security.as_array().is_some_and(|ways| ways.iter().any(|way| way["bearer"].is_array()));
    if operation.get("security").is_some_and(asks) {
        statuses.push(401);
    }
    if operation.contains_key("requestBody") {
        statuses.extend([400, 408, 413, 422]);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let is_read_strictly = |parameter: &Value| parameter["in"] == "query" || parameter["name"] == "Idempotency-Key";
    if parameters.is_some_and(|parameters| parameters.iter().any(is_read_strictly)) {
        statuses.push(422);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    let of_a_session = call.starts_with("sessions") || call.starts_with("games");
    if of_a_session && (method != "get" || path.contains('{')) || call.starts_with("admin/") {
        statuses.push(403);
    }
    if of_a_session && method != "get" {
        statuses.push(409);
    }
    statuses
}
