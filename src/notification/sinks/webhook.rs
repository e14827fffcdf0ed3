//! To webhooks: each notification as a signed request to an address that its user named.

use entity::delivery::Model;
use entity::webhook;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::EntityTrait;
use serde_json::json;
use sha2::Sha256;

use super::{Sinks, payload};
use crate::clock;
use crate::messaging::consumer::Failure;

impl Sinks {
    pub(super) async fn send_to_webhook(&self, claimed: &Model) -> Result<(), Failure> {
        let Some(id) = claimed.target_id else { return Ok(()) };
        // Deleted meanwhile: nobody wants it any more.
        let Some(hook) = webhook::Entity::find_by_id(id).one(self.database.reader()).await? else { return Ok(()) };
        let target = self.outbound.target(&hook.url).map_err(|reason| Failure::Transient(reason.to_owned()))?;
        let body = json!({"id": claimed.id, "kind": claimed.kind, "notification": payload(claimed)}).to_string();
        let seconds = clock::now().millis() / 1_000;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-artel-delivery", claimed.id.to_string()),
            ("x-artel-timestamp", seconds.to_string()),
            ("x-artel-signature", signature(&hook.secret, seconds, &body)),
        ];
        match self.outbound.post(&target, &headers, body.into_bytes()).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(Failure::Transient(format!("it answered {}", status.as_u16()))),
            Err(reason) => Err(Failure::Transient(reason)),
        }
    }
}

/// Over the time, too, so that nobody can send it again later.
fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_anybody_with_the_secret_computes() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let told = signature("secret", 1_700_000_000, "{}");
        assert_eq!(told, "v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163");
    }
}
