//! The id of a request, and the middleware that puts it on every answer and makes every error answer problem+json.
//! The id is also the correlation id of all events that the request causes.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use uuid::Uuid;

use super::{Code, Problem};
use crate::telemetry;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The `x-request-id` of this request: the client's where it is a valid UUID, else one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// That of this request.
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<RequestId>().copied();
        known.unwrap_or_else(|| RequestId(crate::clock::new_id()))
    }
}

impl FromRequest for RequestId {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(RequestId::of(request)))
    }
}

/// For `actix_web::middleware::from_fn`: outermost, so that nothing is answered without it.
pub async fn middleware<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let id = id_of(request.headers());
    request.extensions_mut().insert(RequestId(id));
    let mut response = match next.call(request).await {
        Ok(response) => match problem_of(response.response()) {
            None => response.map_into_left_body(),
            Some(problem) => replaced(response, problem.response(id)).map_into_right_body(),
        },
        // A middleware gave up: the request is gone, so the answer is made where the error is turned into one.
        Err(error) => return Err(with_id(error, id)),
    };
    response.headers_mut().insert(X_REQUEST_ID, header_of(id));
    telemetry::http_answered(response.status().as_u16());
    Ok(response)
}

fn id_of(headers: &HeaderMap) -> Uuid {
    let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).and_then(|id| Uuid::parse_str(id).ok());
    given.unwrap_or_else(crate::clock::new_id)
}

fn header_of(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(&id.to_string()).expect("a UUID is plain ASCII")
}

/// The problem that an error answer tells; `None` for one that speaks JSON of its own, as readiness does.
fn problem_of<B>(response: &HttpResponse<B>) -> Option<Problem> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|content_type| content_type.contains("json")) {
        return None;
    }
    if status.is_server_error() {
        tracing::error!(%status, error = ?response.error(), "a request failed");
    }
    Some(Problem::of_status(status, Code::of_status(status)))
}

/// The new answer, with what the first one said in other headers (`Allow`, `Set-Cookie`).
fn replaced<B>(old: ServiceResponse<B>, mut new: HttpResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, old) = old.into_parts();
    for (name, value) in old.headers() {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH && !new.headers().contains_key(name) {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

fn with_id(error: Error, id: Uuid) -> Error {
    let response = error.error_response();
    let problem = problem_of(&response);
    let mut answer = problem.map_or(response, |problem| problem.response(id));
    answer.headers_mut().insert(X_REQUEST_ID, header_of(id));
    actix_web::error::InternalError::from_response(error, answer).into()
}
