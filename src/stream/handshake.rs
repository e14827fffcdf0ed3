//! What a WebSocket handshake says: the token, where the page came from.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::http::{Code, Problem};

/// The protocol that is agreed on.
pub(super) const PROTOCOL: &str = "artel.v1";
const TOKEN_PROTOCOL: &str = "artel.bearer.";

/// The access token, where a browser can't set a header (contract, section 3).
pub(super) fn token_in_protocols(request: &HttpRequest) -> Option<String> {
    request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL).map(str::to_owned))
}

/// A browser tells where a page came from; anybody else may connect, since only the token gives rights.
pub(super) fn check_origin(request: &HttpRequest, allowed: &[String]) -> Result<(), Problem> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, origin_host)| origin_host.eq_ignore_ascii_case(host));
    if own || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    Err(Problem::new(Code::InsufficientPermissions, "pages of this origin may not connect"))
}
