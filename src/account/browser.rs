//! The browser mode: the refresh token travels in a cookie that no script can read, sent to the auth paths only.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::{Code, Problem};

const COOKIE: &str = "artel_refresh";
const PATH: &str = "/api/v1/auth";

/// Whether the client said `X-Artel-Client: browser`.
pub(super) fn is_browser(request: &HttpRequest) -> bool {
    let client = request.headers().get("x-artel-client").and_then(|client| client.to_str().ok());
    client.is_some_and(|client| client.eq_ignore_ascii_case("browser"))
}

/// The refresh token of a request: from the cookie in browser mode, else from the body.
pub(super) fn refresh_token_of(request: &HttpRequest, in_body: Option<String>) -> Result<String, Problem> {
    if !is_browser(request) {
        return in_body.ok_or_else(|| Problem::invalid("refresh_token", "is required"));
    }
    let cookie = request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()).filter(|token| !token.is_empty());
    cookie.ok_or_else(|| Problem::new(Code::Unauthenticated, "there is no refresh token in the cookies"))
}

pub(super) fn keep(
    response: &mut HttpResponse,
    refresh_token: &str,
    seconds: i64,
    secure: bool,
) -> Result<(), Problem> {
    set(response, refresh_token, seconds, secure)
}

pub(super) fn forget(response: &mut HttpResponse, secure: bool) -> Result<(), Problem> {
    set(response, "", 0, secure)
}

fn set(response: &mut HttpResponse, value: &str, seconds: i64, secure: bool) -> Result<(), Problem> {
    let cookie = Cookie::build(COOKIE, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(Duration::seconds(seconds))
        .finish();
    response.add_cookie(&cookie).map_err(Problem::internal)
}
