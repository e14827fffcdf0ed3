//! What happens to accounts, told to the audit: in the transaction that did it, and without secrets.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};

use super::Accounts;
use crate::clock;
use crate::http::RequestId;
use crate::ids::{CorrelationId, UserId};
use crate::outbox;
use crate::outbox::envelope::Envelope;

const USER_AGENT_MAX: usize = 200;

/// Where a request comes from.
pub(super) struct Client {
    address: Option<String>,
    user_agent: Option<String>,
    correlation_id: CorrelationId,
    /// What did it, where it was no request.
    by: &'static str,
}

impl Client {
    pub(super) fn of(request: &HttpRequest, accounts: &Accounts) -> Self {
        Self {
            address: Some(accounts.client_address(request).to_string()),
            user_agent: user_agent(request),
            correlation_id: CorrelationId(RequestId::of(request).0),
            by: "",
        }
    }

    /// Somebody at the command line of the server.
    pub(super) fn operator() -> Self {
        Self {
            address: None,
            user_agent: None,
            correlation_id: CorrelationId(crate::clock::new_id()),
            by: "command line",
        }
    }

    /// The server itself, which cleans up.
    pub(super) fn housekeeping() -> Self {
        Self { by: "housekeeping", ..Self::operator() }
    }

    /// The request, or the command, that all it does is linked to.
    pub(super) fn correlation_id(&self) -> CorrelationId {
        self.correlation_id
    }

    /// What the client calls itself.
    pub(super) fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }
}

fn user_agent(request: &HttpRequest) -> Option<String> {
    let name = request.headers().get(USER_AGENT)?.to_str().ok()?;
    let name: String = name.chars().filter(|character| !character.is_control()).take(USER_AGENT_MAX).collect();
    (!name.is_empty()).then_some(name)
}

/// Tells the audit that something happened to an account, or that somebody tried.
pub(super) async fn record(
    db: &impl ConnectionTrait,
    event_type: &str,
    user: Option<UserId>,
    client: &Client,
    mut data: Value,
) -> Result<(), DbErr> {
    let now = clock::now();
    match &client.address {
        Some(address) => data["address"] = json!(address),
        None => data["by"] = json!(client.by),
    }
    let envelope = Envelope::of_account(user, event_type, client.correlation_id, now, data);
    outbox::enqueue(db, event_type, &envelope, now).await
}
