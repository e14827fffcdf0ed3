//! What an evening came to, by mail: asked for when it is over, for those who sat at the table and want it.

use std::collections::BTreeMap;

use entity::session_member;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::account::contacts_of;
use crate::ids::UserId;
use crate::outbox::delivery::{self, DeliveryRequest};
use crate::outbox::envelope::Envelope;

/// The message that says that an evening is over.
pub(super) const COMPLETED: &str = "session.completed";
/// The kind of its mails.
pub(super) const EVENING: &str = "evening";

/// Has the evenings that these messages end sent to whoever wants them; each once, however often it is said.
pub(super) async fn request<'a>(
    tx: &impl ConnectionTrait,
    messages: impl Iterator<Item = &'a Envelope>,
) -> Result<(), DbErr> {
    let completed = messages.filter(|envelope| envelope.event_type == COMPLETED && envelope.is_of_the_log());
    let sessions: Vec<Uuid> = completed.filter_map(|envelope| envelope.session_id).map(|session| session.0).collect();
    for sessions in sessions.chunks(100) {
        let there = session_member::Column::SessionId.is_in(sessions.iter().copied());
        let mut there = session_member::Entity::find().filter(there).all(tx).await?;
        there.sort_by_key(|row| (row.session_id, row.user_id));
        let contacts = contacts_of(tx, there.iter().map(|row| UserId(row.user_id))).await?;
        let wanted = |row: session_member::Model| {
            contacts.get(&UserId(row.user_id)).filter(|contact| contact.has_confirmed() && contact.evening_by_mail)?;
            let id = Uuid::new_v5(&row.session_id, format!("{EVENING}/{}", row.user_id).as_bytes());
            let payload = json!({"session_id": row.session_id});
            Some((id, DeliveryRequest::mail(id, UserId(row.user_id), EVENING, payload)))
        };
        let mails: BTreeMap<Uuid, DeliveryRequest> = there.into_iter().filter_map(wanted).collect();
        delivery::request(tx, &mails.into_values().collect::<Vec<_>>()).await?;
    }
    Ok(())
}
