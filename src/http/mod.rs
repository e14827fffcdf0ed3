//! What went wrong, as clients see it: problem+json (RFC 9457) with the stable codes of the contract.
//! Rooms choose a code; this room alone turns it into a status, a body and headers. It imports no room.
//! Beside it: the extractors that read requests strictly, and the paging that all lists share.

mod code;
mod cut;
mod fields;
mod idempotency;
mod page;
mod query;
mod request;
mod request_id;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::telemetry::Trouble;
use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use sea_orm::DbErr;
use serde::Serialize;
use uuid::Uuid;

pub use code::Code;
pub(crate) use cut::sentence as cut_sentence;
pub use fields::{Fields, given};
pub use idempotency::IdempotencyKey;
pub use page::{Listing, Page, PageQuery};
pub use query::Query;
pub use request::{Body, BodyLimit, PathId, whole_chunked_body};
pub(crate) use request::{field_error, is_object};
pub use request_id::{RequestId, middleware};

// Said when it begins and once a minute while it lasts.
static STORAGE: Trouble = Trouble::new();

/// A request that failed, and why. Built where the failure is known, answered by the framework.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
}

/// A field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The path of the field: `name`, `rules.balls[2].points`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldError {
    /// One wrong field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: cut::name(field.into()), message: cut::sentence(message.into()) }
    }
}

/// The body of every error answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:artel:problem:<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words, the same for every problem of this code.
    title: String,
    /// The HTTP status again.
    status: u16,
    /// What happened this time.
    detail: String,
    /// The stable word to program against.
    code: &'static str,
    /// The `x-request-id` of the answer.
    request_id: Uuid,
    /// The wrong fields, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of that code; `detail` is shown to the client, cut where it is too long for a sentence of ours.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_seconds = match code {
            Code::RateLimited | Code::Overloaded | Code::StorageUnavailable => Some(1),
            _ => None,
        };
        Self {
            code,
            status: code.status(),
            detail: cut::sentence(detail.into()),
            errors: Vec::new(),
            retry_after_seconds,
        }
    }

    /// 422 with one wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_many(vec![FieldError::new(field, message)])
    }

    /// 422 with all wrong fields.
    pub fn invalid_many(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            many => format!("{} fields are not valid", many.len()),
        };
        Self { errors, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// 408. The codes of the contract have none of its own for it.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::REQUEST_TIMEOUT, ..Self::new(Code::BadRequest, detail) }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// 503: the storage failed. Logs the cause, which is never shown; call it once for a failure.
    pub fn storage(cause: &DbErr) -> Self {
        if STORAGE.is_news() {
            tracing::error!(error = %cause, "the storage failed");
        }
        Self::new(
            Code::StorageUnavailable,
            "the storage does not answer, it is not known whether this was stored: look, or send it again",
        )
    }

    /// 500: an invariant of ours broke. Logs the cause, which is never shown.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(error = %cause, "an internal error");
        Self::new(Code::InternalError, "this went wrong on our side")
    }

    /// The client should come back after so many seconds (`Retry-After`).
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds.max(1)), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is shown to the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The wrong fields, where there are any.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// An error of the framework, told in our words.
    fn of_status(status: StatusCode, code: Code) -> Self {
        Self { status, ..Self::new(code, code.title()) }
    }

    /// The whole body.
    fn body(&self, request_id: Uuid) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:artel:problem:{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.as_str(),
            request_id,
            errors: self.errors.clone(),
        }
    }

    fn response(&self, request_id: Uuid) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        // The JSON responder keeps a content type that is there already.
        response.content_type("application/problem+json").json(self.body(request_id))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Where the middleware runs it replaces this answer by one with the request's id: errors can't see the request.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.response(Uuid::nil());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<DbErr> for Problem {
    fn from(cause: DbErr) -> Self {
        Self::storage(&cause)
    }
}
