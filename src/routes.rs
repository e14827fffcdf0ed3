//! Every path of the service on one page: the rooms' own, health, metrics, documents and the page.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::document::Document;
use crate::http::Problem;
use crate::{
    account, audit, chat, club, friend, health, notification, openapi, page, server, session, stats, stream, template,
};

/// All paths.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .configure(health::routes)
        .service(web::resource("/metrics").route(web::get().to(metrics)))
        .service(web::resource("/openapi.json").route(web::get().to(openapi_document)))
        .service(web::resource("/asyncapi.json").route(web::get().to(asyncapi_document)))
        .service(web::resource("/docs").route(web::get().to(docs)))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
        .configure(stream::routes)
        .service(
            web::scope("/api/v1")
                .configure(server::routes)
                .configure(account::routes)
                .configure(template::routes)
                .configure(friend::routes)
                .configure(chat::api_routes)
                .configure(stream::api_routes)
                .configure(session::routes::routes)
                .configure(club::routes)
                .configure(stats::routes)
                .configure(notification::routes)
                .configure(audit::routes)
                .default_service(web::to(missing)),
        )
        .service(web::scope("/api").default_service(web::to(missing)))
        .configure(page::routes);
}

/// For Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "operations",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
async fn metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

async fn docs() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn openapi_document(request: HttpRequest) -> HttpResponse {
    static OPENAPI: LazyLock<Document> = LazyLock::new(|| json_document(&described()));
    OPENAPI.answer(&request)
}

async fn asyncapi_document(request: HttpRequest) -> HttpResponse {
    static ASYNCAPI: LazyLock<Document> =
        LazyLock::new(|| json_document(&stream::asyncapi::document(&described()["components"]["schemas"])));
    ASYNCAPI.answer(&request)
}

fn json_document(document: &impl serde::Serialize) -> Document {
    Document::new("application/json", serde_json::to_vec(document).expect("a document made of plain values"))
}

async fn missing() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("there is nothing here"))
}

/// The OpenAPI of this room.
#[derive(OpenApi)]
#[openapi(
    info(title = "Artel", description = "A real-time session engine for billiards", license(name = "MIT")),
    paths(metrics)
)]
struct Root;

/// What the rooms say of their own routes.
fn api() -> utoipa::openapi::OpenApi {
    let mut api = Root::openapi();
    for part in [
        health::Api::openapi(),
        server::Api::openapi(),
        account::openapi(),
        template::openapi(),
        friend::openapi(),
        chat::openapi(),
        session::routes::Api::openapi(),
        session::joining::Api::openapi(),
        session::participant_routes::Api::openapi(),
        session::claim_routes::Api::openapi(),
        session::game_routes::Api::openapi(),
        session::correction_routes::Api::openapi(),
        session::money_routes::Api::openapi(),
        stream::Api::openapi(),
        club::openapi(),
        stats::openapi(),
        notification::openapi(),
        audit::openapi(),
    ] {
        api.merge(part);
    }
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    api.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    api
}

/// The document that is published: what the rooms say, and what follows from rules.
fn described() -> serde_json::Value {
    openapi::complete(serde_json::to_value(api()).expect("a document made of plain values"))
}
