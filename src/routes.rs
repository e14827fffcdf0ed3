//! Every path of the service on one page: the rooms' own, health, metrics, documents and the page.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use rust_embed::RustEmbed;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::Problem;
use crate::{account, audit, health, session, social, stats, stream, template};

/// The page, in the binary.
#[derive(RustEmbed)]
#[folder = "static/"]
struct Page;

/// What the page may do: everything comes from here, nothing is inline.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// All paths.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .configure(health::routes)
        .route("/metrics", web::get().to(metrics))
        .route("/openapi.json", web::get().to(openapi))
        .route("/asyncapi.json", web::get().to(asyncapi))
        .route("/docs", web::get().to(docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
        .configure(stream::routes)
        .service(
            web::scope("/api/v1")
                .configure(account::routes)
                .configure(template::routes)
                .configure(stream::api_routes)
                .configure(session::routes::routes)
                .configure(stats::routes)
                .configure(social::routes)
                .configure(audit::routes)
                .default_service(web::to(missing)),
        )
        .service(web::scope("/api").default_service(web::to(missing)))
        .service(web::resource("/{path:.*}").route(web::get().to(page)).route(web::head().to(page)));
}

/// For Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
async fn metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

async fn docs() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(api())
}

async fn asyncapi() -> HttpResponse {
    HttpResponse::Ok().json(stream::asyncapi::document(&api().components.map(|components| components.schemas)))
}

async fn missing() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("there is nothing here"))
}

/// A file of the page; a path without an ending is a place within the page.
async fn page(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (name, file) = match Page::get(&path) {
        Some(file) => (path.as_str(), file),
        None if path.rsplit('/').next().is_none_or(|last| !last.contains('.')) => {
            let index = Page::get("index.html").ok_or_else(|| Problem::not_found("this server has no page"))?;
            ("index.html", index)
        }
        None => return Err(Problem::not_found("there is no such file")),
    };
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..12]));
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::ETAG, tag.clone()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag)) {
        return Ok(answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    Ok(answer.content_type(content_type(name)).body(file.data.into_owned()))
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The OpenAPI of this room.
#[derive(OpenApi)]
#[openapi(
    info(title = "Artel", description = "A real-time session engine for billiards", license(name = "MIT")),
    paths(metrics)
)]
struct Root;

/// The whole REST contract, made from the code.
pub fn api() -> utoipa::openapi::OpenApi {
    let mut api = Root::openapi();
    for part in [
        health::Api::openapi(),
        account::openapi(),
        template::openapi(),
        session::routes::Api::openapi(),
        session::joining::Api::openapi(),
        session::participant_routes::Api::openapi(),
        session::game_routes::Api::openapi(),
        stream::Api::openapi(),
        stats::openapi(),
        social::openapi(),
        audit::openapi(),
    ] {
        api.merge(part);
    }
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    api.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    crate::problem::describe(&mut api);
    api
}
