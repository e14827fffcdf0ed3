//! Whether this node lives and can do its work.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::database::Database;
use crate::messaging::Bus;

const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells what this node needs and does not reach.
#[derive(Clone)]
pub(crate) struct Readiness {
    database: Database,
    bus: Bus,
}

impl Readiness {
    pub(crate) fn new(database: Database, bus: Bus) -> Self {
        Self { database, bus }
    }

    async fn down(&self) -> Vec<&'static str> {
        let database = tokio::time::timeout(PING_TIMEOUT, self.database.ping()).await;
        let database = (!matches!(database, Ok(Ok(())))).then_some("database");
        let broker = (!self.bus.is_up()).then_some("broker");
        database.into_iter().chain(broker).collect()
    }
}

/// Answer of the health checks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok`, or `unavailable`.
    status: &'static str,
    /// What is down: `database`, `broker`.
    down: Vec<&'static str>,
}

/// 200 while the process serves.
#[utoipa::path(get, path = "/health/live", tag = "operations", responses((status = 200, body = Health)))]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok", down: Vec::new() })
}

/// 200, or 503 naming what is down.
#[utoipa::path(
    get, path = "/health/ready", tag = "operations",
    responses((status = 200, body = Health), (status = 503, body = Health)),
)]
async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    let down = readiness.down().await;
    if down.is_empty() {
        HttpResponse::Ok().json(Health { status: "ok", down })
    } else {
        HttpResponse::ServiceUnavailable().json(Health { status: "unavailable", down })
    }
}

/// The paths of this room.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/health/live", web::get().to(live)).route("/health/ready", web::get().to(ready));
}

/// The OpenAPI of this room.
#[derive(utoipa::OpenApi)]
#[openapi(paths(live, ready))]
pub(crate) struct Api;
