//! The nodes of the service, as an operator sees them: known by what their writers say every two seconds.

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::admin::Admin;
use crate::clock;
use crate::database::Database;
use crate::http::{Listing, Problem, ProblemBody};
use crate::ids::Timestamp;
use crate::messaging::{Bus, SILENCE_MS};
use crate::outbox::lease;

/// A node that was gone for longer is told no more.
const TOLD_MS: i64 = 24 * 60 * 60 * 1000;

/// A node that is there, or was there within the last day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Node)]
pub(super) struct NodeReport {
    /// As it is configured, else random at each start.
    node_id: String,
    /// It said within ten seconds that it lives.
    is_live: bool,
    /// When it said so last.
    seen_at: Timestamp,
    /// It is gone, and others have not yet published all that it stored.
    has_unpublished: bool,
}

/// The nodes that are there, or were within the last day; those that started last come first.
#[utoipa::path(
    get, path = "/api/v1/admin/nodes", operation_id = "list_nodes", tag = "admin", security(("bearer" = [])),
    responses((status = 200, body = Listing<NodeReport>), (status = 403, body = ProblemBody)),
)]
pub(super) async fn list(
    _: Admin,
    bus: web::Data<Bus>,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<NodeReport>>, Problem> {
    let now = clock::now();
    // A node that is alone says so once, at its start, to spare the disk.
    let within = if bus.is_local() { now.millis() } else { TOLD_MS };
    let mut nodes = lease::nodes(database.reader(), within).await?;
    if bus.is_local() {
        nodes.truncate(1);
    }
    let report = nodes.into_iter().map(|(writer, ago)| {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        let is_live = bus.is_local() || ago <= SILENCE_MS;
        NodeReport {
            node_id: writer.node_id,
            is_live,
            seen_at: if bus.is_local() { now } else { Timestamp::from_millis(now.millis().saturating_sub(ago)) },
            has_unpublished: !is_live && !writer.finished,
        }
    });
    Ok(web::Json(Listing::whole(report.collect())))
}
