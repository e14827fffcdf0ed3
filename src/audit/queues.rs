//! The queues of the bus, as an operator sees them.

use actix_web::web;

use crate::account::CurrentUser;
use crate::messaging::{Bus, QueueState};
use crate::problem::{Code, Listing, Problem, ProblemBody};

/// The queues: how much waits in each, and who works on it.
#[utoipa::path(
    get, path = "/api/v1/admin/queues", operation_id = "list_queues", tag = "admin", security(("bearer" = [])),
    responses(
        (status = 200, body = Listing<QueueState>), (status = 403, body = ProblemBody),
        (status = 503, body = ProblemBody),
    ),
)]
pub(super) async fn list(user: CurrentUser, bus: web::Data<Bus>) -> Result<web::Json<Listing<QueueState>>, Problem> {
    user.require_admin()?;
    let queues = bus.queues().await.map_err(|error| Problem::new(Code::Overloaded, error.to_string()))?;
    Ok(web::Json(Listing::whole(queues)))
}
