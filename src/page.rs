//! The page: what is bundled under names that change with what is in it, compressed in the binary, and the sources as
//! they are.

use std::borrow::Cow;

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::document::Document;
use crate::http::Problem;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// What the page may do: everything comes from here, nothing is inline.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// `tests/page/bundle.mjs` writes it.
const BUNDLE: &str = "dist";
/// Bundled files whose names change with what is in them.
const ASSETS: &str = "assets/";
/// Bundled files that keep theirs; whoever asks for `index.html` by its name gets the sources.
const BUNDLED: [&str; 2] = ["mail.html", "sw.js"];
/// Compressed twins by what they end with, the smallest first.
const ENCODINGS: [(Encoding, &str); 2] = [(Encoding::brotli(), ".br"), (Encoding::gzip(), ".gz")];

/// The last service: whatever no other one has.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/{path:.*}").route(web::get().to(serve)));
}

/// A file; a path without an ending is a place within the page.
async fn serve(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("there is no such file");
    let is_place = path.rsplit('/').next().is_none_or(|last| !last.contains('.'));
    let mut answer = if is_place {
        bundled(&request, "index.html").ok_or_else(|| Problem::not_found("this server has no page"))?
    } else if path.starts_with(ASSETS) || BUNDLED.contains(&path.as_str()) {
        bundled(&request, &path).ok_or_else(missing)?
    } else if path.starts_with(BUNDLE) {
        return Err(missing());
    } else {
        document(&path, Files::get(&path).ok_or_else(missing)?).answer(&request)
    };
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(answer)
}

/// A file of the bundle, compressed as the client likes it.
fn bundled(request: &HttpRequest, name: &str) -> Option<HttpResponse> {
    let file = format!("{BUNDLE}/{name}");
    let accepted = AcceptEncoding::parse(request).ok();
    let accepts = |encoding: &Encoding| {
        let either = [encoding.clone(), Encoding::identity()];
        accepted.as_ref().and_then(|accepted| accepted.negotiate(either.iter())).as_ref() == Some(encoding)
    };
    let twin = |(encoding, ending): &(Encoding, &str)| {
        let there = Files::get(&format!("{file}{ending}"))?;
        Some((Some(encoding.to_string()), there))
    };
    let compressed = ENCODINGS.iter().filter(|(encoding, _)| accepts(encoding)).find_map(twin);
    let (encoding, there) = compressed.or_else(|| Some((None, Files::get(&file)?)))?;
    let document = document(name, there);
    let document = if name.starts_with(ASSETS) { document.immutable() } else { document };
    let mut answer = document.answer(request);
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding.and_then(|encoding| HeaderValue::from_str(&encoding).ok()) {
        headers.insert(header::CONTENT_ENCODING, encoding);
    }
    Some(answer)
}

fn document(name: &str, file: EmbeddedFile) -> Document {
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Document::hashed(content_type(name), bytes, &file.metadata.sha256_hash())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" | "md" | "LICENSE" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
