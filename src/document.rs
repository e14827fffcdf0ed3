//! What is the same for everybody and known by its ETag: files of the page, documents made from the code.

use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

/// Enough of a hash to tell versions apart.
const TAG_BYTES: usize = 12;

/// Bytes that change with the version of the program only.
pub(crate) struct Document {
    content_type: &'static str,
    tag: String,
    body: Bytes,
    kept: &'static str,
}

impl Document {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash = Sha256::digest(&body);
        Self::hashed(content_type, body, &hash)
    }

    /// The same where the hash of the bytes is known.
    pub(crate) fn hashed(content_type: &'static str, body: Bytes, hash: &[u8]) -> Self {
        let tag = hash.iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { content_type, tag: format!("\"{tag}\""), body, kept: "no-cache" }
    }

    /// Where other bytes have another name: whoever has these never asks again.
    pub(crate) fn immutable(self) -> Self {
        Self { kept: "public, max-age=31536000, immutable", ..self }
    }

    /// 200, or 304 for whoever has these bytes already.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let is_known = known
            .is_some_and(|tags| tags.split(',').map(str::trim).any(|known| known == "*" || weak(known) == self.tag));
        let mut answer = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        answer.insert_header((header::ETAG, self.tag.clone())).insert_header((header::CACHE_CONTROL, self.kept));
        if is_known { answer.finish() } else { answer.content_type(self.content_type).body(self.body.clone()) }
    }
}

/// A balancer that compresses weakens the tag.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
