//! Bus to local connections: what concerns users connected here.

use tokio::sync::mpsc;
use uuid::Uuid;

use super::connections::Connections;
use crate::account::Accounts;
use crate::messaging::{Bus, Delivery};

/// Carries messages until the bus closes.
pub(crate) async fn run(bus: Bus, connections: Connections, accounts: Accounts) {
    let mut deliveries: mpsc::Receiver<Delivery> = bus.listen(vec!["websocket.user.#".to_owned()]);
    while let Some(delivery) = deliveries.recv().await {
        let envelope = &delivery.message.envelope;
        if let (Some(user), "user.logins_revoked") = (envelope.user_id, envelope.event_type.as_str()) {
            let logins: Vec<Uuid> = serde_json::from_value(envelope.data["login_ids"].clone()).unwrap_or_default();
            accounts.note_revoked(&logins);
            connections.revoke(user, &logins);
        }
        delivery.ack();
    }
}
