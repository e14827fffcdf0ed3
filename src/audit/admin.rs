//! Who operates the service, and that each of their calls is in the audit.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use entity::audit_entry::Entity;
use futures_util::future::{Either, LocalBoxFuture};
use sea_orm::EntityTrait;
use serde_json::json;

use super::row;
use crate::account::{AccountRole, Accounts, CurrentUser};
use crate::clock;
use crate::database::Database;
use crate::http::{Code, Problem, RequestId};
use crate::ids::{CorrelationId, UserId};
use crate::outbox::envelope::Envelope;

/// Characters of a request's path that the audit keeps.
const ASKED_MAX: usize = 500;

/// An account with the role `admin`, looked up for each request, since it can be taken away. The call is in the audit
/// before it is answered, and not by way of the bus: who looks at queues must not fill them. Of refused calls the audit
/// has the first one of each user and minute.
pub(super) struct Admin(pub(super) UserId);

impl Admin {
    async fn of(request: HttpRequest, user: CurrentUser) -> Result<Self, Problem> {
        let room = "the accounts and the database were not given to the app";
        let accounts = request.app_data::<web::Data<Accounts>>().ok_or_else(|| Problem::internal(room))?;
        let database = request.app_data::<web::Data<Database>>().ok_or_else(|| Problem::internal(room))?;
        let record = async |event_type: &str| {
            let path: String = request.uri().to_string().chars().take(ASKED_MAX).collect();
            let address = accounts.client_address(&request).to_string();
            let what = json!({"method": request.method().as_str(), "path": path, "address": address});
            let id = CorrelationId(RequestId::of(&request).0);
            let envelope = Envelope::of_account(Some(user.id), event_type, id, clock::now(), what);
            let entry = row(&envelope).map_err(Problem::internal)?;
            Entity::insert(entry).exec_without_returning(database.writer()).await?;
            Ok::<_, Problem>(())
        };
        if accounts.role_now(user.id).await? != AccountRole::Admin {
            if accounts.attempts().is_first("admin calls refused", &user.id.to_string()).await? {
                record("user.admin_refused").await?;
            }
            return Err(Problem::new(Code::InsufficientPermissions, "only admins may do this"));
        }
        record("user.admin_action").await?;
        Ok(Self(user.id))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // Who calls comes before what is wrong with the call.
        match CurrentUser::from_request(request, payload).into_inner() {
            Ok(user) => Either::Right(Box::pin(Self::of(request.clone(), user))),
            Err(problem) => Either::Left(ready(Err(problem))),
        }
    }
}
