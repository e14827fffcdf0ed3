//! Whether this node lives and can do its work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter};
use serde::Serialize;

use crate::database::Database;
use crate::ids::WriterId;
use crate::messaging::Bus;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static DAMAGED: Trouble = Trouble::new();

const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// A write proves more than a connection does, and costs a commit: not more often than this.
const WRITE_EVERY: Duration = Duration::from_secs(2);
/// A SQLite file is looked through (within the bounds of [`Database::damage`]) no more often than this, and never for more than a hundredth of the time.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const LOOK_SHARE: u32 = 100;

/// Tells what this node needs and does not reach, or can't use.
#[derive(Clone)]
pub(crate) struct Readiness {
    database: Database,
    bus: Bus,
    writer_id: WriterId,
    seen: Arc<Mutex<LastCheck>>,
}

/// What was found when it was looked at last.
#[derive(Default)]
struct LastCheck {
    /// When a write succeeded.
    wrote: Option<Instant>,
    /// When the file is to be read again; `None`: now.
    next_look: Option<Instant>,
    is_damaged: bool,
}

impl Readiness {
    /// `writer_id` is this node's row in the table of writers, to write to.
    pub(crate) fn new(database: Database, bus: Bus, writer_id: WriterId) -> Self {
        Self { database, bus, writer_id, seen: Arc::default() }
    }

    async fn down(&self) -> Vec<&'static str> {
        let database = (!self.is_stored().await).then_some("database");
        let broker = (!self.bus.is_up() || !self.bus.is_consuming()).then_some("broker");
        database.into_iter().chain(broker).collect()
    }

    /// Can the database be read, is it whole, and does it take writes?
    async fn is_stored(&self) -> bool {
        self.look_through();
        let read = tokio::time::timeout(PING_TIMEOUT, self.database.ping()).await;
        if !matches!(read, Ok(Ok(()))) || self.seen().is_damaged {
            return false;
        }
        if self.seen().wrote.is_some_and(|at| at.elapsed() < WRITE_EVERY) {
            return true;
        }
        let written = tokio::time::timeout(PING_TIMEOUT, self.write()).await;
        let succeeded = match &written {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the database takes no writes");
                false
            }
            Err(_) => false,
        };
        // What failed is tried again by whoever asks next: it may go well by then.
        self.seen().wrote = succeeded.then(Instant::now);
        succeeded
    }

    /// A full or read-only disk refuses this, and a server that is a replica now. It has to change something: SQLite
    /// writes nothing where a row stays as it is. A millisecond more or less of this node's life changes nothing.
    async fn write(&self) -> Result<(), DbErr> {
        use entity::writer::{Column, Entity};
        let own = Entity::update_many().col_expr(Column::SeenAtMs, Expr::col(Column::SeenAtMs).add(1));
        own.filter(Column::Id.eq(self.writer_id.0)).exec(self.database.writer()).await?;
        Ok(())
    }

    /// Looks through the SQLite file where that is due, beside whoever asks.
    fn look_through(&self) {
        {
            let mut seen = self.seen();
            if seen.next_look.is_some_and(|due| Instant::now() < due) || self.database.is_postgres() {
                return;
            }
            // Not again while this look goes on.
            seen.next_look = Some(Instant::now() + Duration::from_secs(86_400));
        }
        let readiness = self.clone();
        actix_web::rt::spawn(async move {
            let started = Instant::now();
            let damage = readiness.database.damage().await;
            let took = started.elapsed();
            let is_damaged = match damage {
                Ok(None) => false,
                Ok(Some(damage)) => {
                    if DAMAGED.is_news() {
                        tracing::error!(damage, "the database is damaged: stop, and restore a backup");
                    }
                    true
                }
                // It can't be opened: that is found by whoever reads.
                Err(_) => readiness.seen().is_damaged,
            };
            let mut seen = readiness.seen();
            seen.is_damaged = is_damaged;
            seen.next_look = Some(Instant::now() + LOOK_EVERY.max(took * LOOK_SHARE));
        });
    }

    fn seen(&self) -> MutexGuard<'_, LastCheck> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
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
#[utoipa::path(get, path = "/health/live", operation_id = "get_liveness", tag = "operations", responses((status = 200, body = Health)))]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok", down: Vec::new() })
}

/// 200, or 503 naming what is down.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "get_readiness", tag = "operations",
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
    config
        .service(web::resource("/health/live").route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)));
}

/// The OpenAPI of this room.
#[derive(utoipa::OpenApi)]
#[openapi(paths(live, ready))]
pub(crate) struct Api;
