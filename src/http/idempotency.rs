//! `Idempotency-Key`: the name of a command, by which its first outcome is answered again.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::Problem;

/// The key of this request; a new one where the client gave none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Uuid);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = match request.headers().get("idempotency-key") {
            None => Ok(crate::clock::new_id()),
            Some(key) => key
                .to_str()
                .ok()
                .and_then(|key| Uuid::parse_str(key).ok())
                .ok_or_else(|| Problem::invalid("Idempotency-Key", "must be a UUID")),
        };
        ready(key.map(IdempotencyKey))
    }
}
