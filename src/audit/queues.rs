//! The queues of the bus, as an operator sees them.

use actix_web::web;

use super::admin::Admin;
use crate::http::{Listing, Problem, ProblemBody};
use crate::messaging::{Bus, QueueReport};

/// The queues: how much waits in each, and who works on it.
#[utoipa::path(
    get, path = "/api/v1/admin/queues", operation_id = "list_queues", tag = "admin", security(("bearer" = [])),
    responses(
        (status = 200, body = Listing<QueueReport>), (status = 403, body = ProblemBody),
        (status = 503, body = ProblemBody),
    ),
)]
pub(super) async fn list(_: Admin, bus: web::Data<Bus>) -> Result<web::Json<Listing<QueueReport>>, Problem> {
    let queues = bus.queues();
    Ok(web::Json(Listing::whole(queues)))
}
