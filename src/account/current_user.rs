//! Who calls, and whether he calls too often: the extractor that every path behind a login begins with.

use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use uuid::Uuid;

use super::Accounts;
use crate::http::{Code, Problem};
use crate::ids::{Timestamp, UserId};

/// The account behind a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    /// The account.
    pub id: UserId,
    /// The login that the token belongs to.
    pub login_id: Uuid,
    /// When the token stops to be valid.
    pub expires_at: Timestamp,
}

impl CurrentUser {
    /// From `Authorization: Bearer`; 401 where there is none or it is not valid.
    pub fn of(request: &HttpRequest, accounts: &Accounts) -> Result<Self, Problem> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(|| Problem::new(Code::Unauthenticated, "an access token is needed"))?;
        accounts.verify(token.trim())
    }
}

impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = match request.app_data::<web::Data<Accounts>>() {
            Some(accounts) => CurrentUser::of(request, accounts).and_then(|user| {
                // Here, so that no path can forget it: what changes something costs what a command over a socket costs.
                accounts.user_limits().call(user.id, !request.method().is_safe(), Instant::now())?;
                Ok(user)
            }),
            None => Err(Problem::internal("the accounts were not given to the app")),
        };
        ready(user)
    }
}
