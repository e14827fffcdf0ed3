//! Bus to local connections: what concerns users connected here.

use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::connections::{Connections, Told};
use super::wire::ServerFrame;
use crate::account::Accounts;
use crate::messaging::{Bus, Delivery};

/// Carries messages until the bus closes.
pub(crate) async fn run(bus: Bus, connections: Connections, accounts: Accounts) {
    let mut deliveries: mpsc::Receiver<Delivery> = bus.listen(vec!["websocket.user.#".to_owned()]);
    while let Some(delivery) = deliveries.recv().await {
        let envelope = &delivery.message.envelope;
        if let Some(user) = envelope.user_id {
            match envelope.event_type.as_str() {
                "user.logins_revoked" => {
                    let logins: Vec<Uuid> =
                        serde_json::from_value(envelope.data["login_ids"].clone()).unwrap_or_default();
                    accounts.note_revoked(&logins);
                    connections.revoke(user, &logins);
                }
                "user.notification" => {
                    let id = serde_json::from_value(envelope.data["id"].clone()).unwrap_or_default();
                    let frame = ServerFrame::Notification { notification: &envelope.data }.encode();
                    connections.tell(user, &Told::Notification(id, frame));
                }
                "user.stats" => connections.tell(user, &Told::Stats(Arc::new(envelope.data.clone()))),
                _ => {}
            }
        }
        delivery.ack();
    }
}
