//! Bus to local connections: what concerns users connected here.

use uuid::Uuid;

use super::connections::Connections;
use crate::account::Accounts;
use crate::messaging::{Bus, NodeEvent};

/// Carries messages until the bus closes.
pub(crate) async fn run(bus: Bus, node_id: String, connections: Connections, accounts: Accounts) {
    let mut queue = bus.node_queue(&node_id);
    if let Err(error) = queue.bindings.bind("websocket.user.#".to_owned()).await {
        tracing::warn!(%error, "bound when the broker is there");
    }
    while let Some(event) = queue.events.recv().await {
        let NodeEvent::Message(message) = event else { continue };
        let envelope = &message.envelope;
        if let (Some(user), "user.logins_revoked") = (envelope.user_id, envelope.event_type.as_str()) {
            let logins: Vec<Uuid> = serde_json::from_value(envelope.data["login_ids"].clone()).unwrap_or_default();
            accounts.note_revoked(&logins);
            connections.revoke(user, &logins);
        }
    }
}
