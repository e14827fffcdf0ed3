//! Bodies and path segments, read strictly: the client hears which field was wrong, by its path.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::pin::pin;
use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::{Code, FieldError, Problem};

/// The largest body in bytes, given to the app as data; 1 MiB where it is not.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

impl Default for BodyLimit {
    fn default() -> Self {
        Self(1 << 20)
    }
}

/// A body has to be there within this time, however its bytes trickle in.
const BODY_WITHIN: Duration = Duration::from_secs(30);
const SECOND_LOOK_AFTER: Duration = Duration::from_secs(1);
/// How long the rest of a body that is not wanted any more is held, so that the answer is on its way before.
const REST_HELD_FOR: Duration = Duration::from_secs(2);

/// The JSON body of a request; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> Body<T> {
    /// What was read.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let BodyLimit(limit) = request.app_data::<BodyLimit>().copied().unwrap_or_default();
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
        if announced > limit as u64 {
            return ready(Err(too_large(limit))).boxed_local();
        }
        let mut payload = payload.take();
        async move { read_json(&gather(&mut payload, limit).await?).map(Body) }.boxed_local()
    }
}

/// For `actix_web::middleware::from_fn`: a body in chunks is there before anything is done for it, also where nobody
/// reads it. The framework would wait for the rest of such a body without end, its answer long given.
pub async fn whole_chunked_body<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        let BodyLimit(limit) = request.app_data::<BodyLimit>().copied().unwrap_or_default();
        let mut payload = request.take_payload();
        match gather(&mut payload, limit).await {
            Ok(bytes) => request.set_payload(Payload::from(web::Bytes::from(bytes))),
            Err(problem) => {
                // The framework closes the connection if the rest is still wanted when the answer is given.
                actix_web::rt::spawn(async move {
                    tokio::time::sleep(REST_HELD_FOR).await;
                    drop(payload);
                });
                return Ok(request.into_response(problem.error_response()).map_into_right_body());
            }
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}

async fn gather(payload: &mut Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut gathering = pin!(gather_all(payload, limit));
    let mut gathered = tokio::time::timeout(BODY_WITHIN, &mut gathering).await;
    if gathered.is_err() {
        // After a stop of the process the time is over before what came meanwhile is read.
        gathered = tokio::time::timeout(SECOND_LOOK_AFTER, gathering).await;
    }
    match gathered {
        Ok(gathered) => gathered,
        Err(_) => Err(Problem::too_slow(format!("a body has to be there within {} seconds", BODY_WITHIN.as_secs()))),
    }
}

async fn gather_all(payload: &mut Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Code::BadRequest, format!("the body broke off: {error}")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("a body has {limit} bytes at most"))
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let malformed = |cause: &dyn Display| Problem::new(Code::MalformedJson, format!("the body is no JSON: {cause}"));
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    // A wrong shape is told only of what is JSON to its end.
    match read {
        Ok(value) => {
            deserializer.end().map_err(|error| malformed(&error))?;
            if is_object(text.as_bytes()) { Ok(value) } else { Err(Problem::invalid("body", "must be an object")) }
        }
        Err(error) => match serde_json::from_str::<IgnoredAny>(text) {
            Err(broken) => Err(malformed(&broken)),
            // What is passed over is not unescaped: half a character is seen by the reader only.
            Ok(_) if is_broken_text(error.inner()) => Err(malformed(error.inner())),
            Ok(_) => Err(shape_error(error.path(), error.inner())),
        },
    }
}

/// Serde reads the fields of a struct from a list as well; what clients and other systems send has to be an object.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

/// A number out of range is a syntax error to serde_json too, but one that the client should hear the field of.
fn is_broken_text(error: &serde_json::Error) -> bool {
    error.is_syntax() && !error.to_string().starts_with("number out of range")
}

/// 422 for what does not fit its type. Serde names unknown and missing fields in its message only.
pub(super) fn shape_error(path: &Path, error: &dyn Display) -> Problem {
    let FieldError { field, message } = field_error(path, error);
    Problem::invalid(field, message)
}

/// The same as a field of its own, for bodies that are read in parts.
pub(crate) fn field_error(path: &Path, error: &dyn Display) -> FieldError {
    let message = error.to_string();
    // serde_json adds " at line 1 column 5", which says less than the path.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let known = !path.iter().all(|segment| matches!(segment, Segment::Unknown));
    let path = if known { path.to_string() } else { String::new() };
    // A key of a map that is none of those it may be.
    if let Some(parent) = path.strip_suffix('?')
        && let Some((name, _)) = message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`'))
    {
        return FieldError::new(format!("{parent}{name}"), "is not known here");
    }
    for (lead, plain) in [
        ("missing field `", "is required"),
        ("unknown field `", "is not known here"),
        ("duplicate field `", "is given twice"),
    ] {
        let Some((name, _)) = message.strip_prefix(lead).and_then(|rest| rest.split_once('`')) else { continue };
        let at_its_end = path == name || path.ends_with(&format!(".{name}"));
        let field = match path.as_str() {
            "" => name.to_owned(),
            _ if at_its_end && !lead.starts_with("missing") => path,
            _ => format!("{path}.{name}"),
        };
        return FieldError::new(field, plain);
    }
    FieldError::new(if path.is_empty() { "body".to_owned() } else { path }, message)
}

/// The ids of a path; a segment that is none is 404, as nothing can be there.
#[derive(Debug)]
pub struct PathId<T>(pub T);

impl<T> PathId<T> {
    /// What was read.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = web::Path::<T>::from_request(request, payload).into_inner();
        ready(read.map(|path| PathId(path.into_inner())).map_err(|_| Problem::not_found("there is nothing here")))
    }
}
