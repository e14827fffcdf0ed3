//! What every answer carries, whatever made it: security headers, how long it may be kept, which pages of other origins
//! may read it. And HEAD, which is GET without its body, wherever GET is.

use actix_cors::Cors;
use actix_web::body::{self, BodySize, BoxBody, EitherBody, MessageBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use futures_util::stream;

use crate::account::Accounts;

/// A year; only for the name that was asked, since others may be served by somebody else.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// For HTML that has no policy of its own: the browser of the REST API, which styles itself inline.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const CORS_METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// Cookies do not go to other origins, so `X-Artel-Client: browser` is not among them.
const CORS_HEADERS: [&str; 7] =
    ["authorization", "content-type", "accept", "idempotency-key", "if-none-match", "last-event-id", "x-request-id"];
const CORS_EXPOSED: [&str; 5] = ["x-request-id", "retry-after", "location", "etag", "allow"];
/// How long a browser may remember what it may send: two hours are the most that some take.
const CORS_SECONDS: usize = 7_200;

/// Lets pages of these origins call with a bearer token; credentials of the browser are never asked for.
pub(crate) fn cross_origin(allowed: &[String]) -> Cors {
    let allowed = allowed.to_vec();
    let is_allowed = move |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)))
    };
    Cors::default()
        .allowed_origin_fn(move |origin, _| is_allowed(origin))
        .allowed_methods(CORS_METHODS)
        .allowed_headers(CORS_HEADERS)
        .expose_headers(CORS_EXPOSED)
        .max_age(CORS_SECONDS)
}

/// For `actix_web::middleware::from_fn`: outermost, so that nothing is answered without it.
pub(crate) async fn middleware<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    // A handshake has no answer without its connection.
    let is_head = *request.method() == Method::HEAD && request.path() != "/ws";
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let accounts = request.app_data::<web::Data<Accounts>>();
    let is_https = accounts.is_some_and(|accounts| accounts.is_https(request.request()));
    let is_docs = request.path().starts_with("/docs/");
    match next.call(request).await {
        Ok(mut response) => {
            complete(response.headers_mut(), is_https, is_docs);
            if is_head {
                return Ok(response.map_body(|_, body| EitherBody::right(without_bytes(body.size()))));
            }
            Ok(response.map_into_left_body())
        }
        Err(error) => {
            let mut answer = error.error_response();
            complete(answer.headers_mut(), is_https, is_docs);
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

fn complete(headers: &mut HeaderMap, is_https: bool, is_docs: bool) {
    let unless_told = |headers: &mut HeaderMap, name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    unless_told(headers, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    unless_told(headers, header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What is the same for everybody says so itself.
    let kept = if is_docs { "no-cache" } else { "no-store" };
    unless_told(headers, header::CACHE_CONTROL, HeaderValue::from_static(kept));
    let is_html = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/html");
    if headers.get(header::CONTENT_TYPE).is_some_and(is_html) {
        unless_told(headers, header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    let allow = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
    let methods: Vec<_> = allow.split(',').map(str::trim).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        let with_head = format!("{allow}, HEAD");
        headers
            .insert(header::ALLOW, HeaderValue::from_str(&with_head).unwrap_or(HeaderValue::from_static("GET, HEAD")));
    }
}

/// Says how long the body would be and sends none of it; a stream of events ends before it begins.
fn without_bytes(size: BodySize) -> BoxBody {
    match size {
        BodySize::Sized(length) => {
            BoxBody::new(SizedStream::new(length, stream::empty::<Result<web::Bytes, std::io::Error>>()))
        }
        BodySize::None | BodySize::Stream => BoxBody::new(body::None::new()),
    }
}
