//! What all rooms have in common in OpenAPI, put in once over the whole document.

use actix_web::http::StatusCode;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, OpenApi, RefOr, Response};

/// Gives every problem its media type, and every answer without a description the words of its status.
pub fn describe(openapi: &mut OpenApi) {
    let operations = openapi.paths.paths.values_mut().flat_map(operations);
    for (status, answer) in operations.flat_map(|operation| &mut operation.responses.responses) {
        if let RefOr::T(answer) = answer {
            describe_answer(status, answer);
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn describe_answer(status: &str, answer: &mut Response) {
    let Ok(status) = status.parse::<StatusCode>() else { return };
    if answer.description.is_empty() {
        status.canonical_reason().unwrap_or_default().clone_into(&mut answer.description);
    }
    let is_problem = answer.content.get("application/json").is_some_and(tells_problem);
    if is_problem && let Some(body) = answer.content.shift_remove("application/json") {
        answer.content.insert("application/problem+json".to_owned(), body);
    }
}

/// Readiness answers 503 with a body of its own.
fn tells_problem(body: &RefOr<Content>) -> bool {
    let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = body else { return false };
    schema.ref_location.ends_with("/Problem")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemBody;

    #[utoipa::path(get, path = "/x", responses((status = 200, body = String), (status = 429, body = ProblemBody), (status = 503, body = String)))]
    #[expect(dead_code, reason = "only its description is looked at")]
    fn x() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(x))]
    struct Api;

    #[test]
    fn errors_are_problem_json_and_every_answer_has_a_description() {
        let mut openapi = <Api as utoipa::OpenApi>::openapi();
        describe(&mut openapi);
        let openapi = serde_json::to_value(&openapi).expect("json");
        let answers = &openapi["paths"]["/x"]["get"]["responses"];
        assert_eq!(answers["200"]["description"], "OK");
        assert_eq!(answers["429"]["description"], "Too Many Requests");
        assert!(answers["429"]["content"]["application/problem+json"]["schema"].is_object(), "{answers}");
        assert!(answers["429"]["content"]["application/json"].is_null());
        assert!(answers["503"]["content"]["application/problem+json"].is_null(), "it has a body of its own");
    }
}
