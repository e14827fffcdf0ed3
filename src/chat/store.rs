//! The statements that store messages: on PostgreSQL one, and so one round trip, for all that are stored at once.

use std::collections::BTreeMap;

use entity::{chat, chat_member, chat_message};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::held::statement;
use crate::ids::Timestamp;
use crate::outbox;
use crate::outbox::envelope::Envelope;

/// Rows of one statement on SQLite.
const ROWS_MAX: usize = 500;

/// What the messages of one sender change in a chat's row of that sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SenderChange {
    sent: i64,
    /// Those that follow each other from the first on: what is one's own counts as received.
    first: i64,
    last: i64,
}

fn of_senders(messages: &[chat_message::Model]) -> BTreeMap<(Uuid, Uuid), SenderChange> {
    let mut changes: BTreeMap<(Uuid, Uuid), SenderChange> = BTreeMap::new();
    for message in messages {
        let number = message.number;
        let new = SenderChange { sent: 0, first: number, last: number - 1 };
        let change = changes.entry((message.chat_id, message.sender_id)).or_insert(new);
        change.sent += 1;
        if number == change.last + 1 {
            change.last = number;
        }
    }
    changes
}

/// The last number of each chat.
fn of_chats(messages: &[chat_message::Model]) -> BTreeMap<Uuid, i64> {
    let mut last = BTreeMap::new();
    for message in messages {
        last.insert(message.chat_id, message.number);
    }
    last
}

/// Stores messages, in their order, with what is told of them. Their chats are held.
pub(super) async fn store(
    tx: &impl ConnectionTrait,
    messages: &[chat_message::Model],
    told: &[(String, Envelope)],
    now: Timestamp,
) -> Result<(), DbErr> {
    if messages.is_empty() {
        return Ok(());
    }
    if tx.get_database_backend() == sea_orm::DbBackend::Postgres {
        return store_at_once(tx, messages, told, now).await;
    }
    for (chat, last) in of_chats(messages) {
        chat::Entity::update_many()
            .col_expr(chat::Column::LastNumber, Expr::value(last))
            .col_expr(chat::Column::LastMessageAtMs, Expr::value(now.millis()))
            .filter(chat::Column::Id.eq(chat))
            .exec(tx)
            .await?;
    }
    for ((chat, sender), SenderChange { sent, first, last }) in of_senders(messages) {
        use chat_member::Column;
        let received = Expr::case(Column::ReceivedUpTo.eq(first - 1), last).finally(Expr::col(Column::ReceivedUpTo));
        chat_member::Entity::update_many()
            .col_expr(Column::SentCount, Expr::col(Column::SentCount).add(sent))
            .col_expr(Column::ReceivedUpTo, received.into())
            .filter(Column::ChatId.eq(chat))
            .filter(Column::UserId.eq(sender))
            .exec(tx)
            .await?;
    }
    for messages in messages.chunks(ROWS_MAX) {
        let rows = messages.iter().map(|message| message.clone().into_active_model().reset_all());
        chat_message::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    outbox::enqueue_all(tx, told, now).await
}

const AT_ONCE: &str = "WITH \
    c AS (UPDATE chat SET last_number = v.number, last_message_at_ms = $1 \
          FROM unnest($2::uuid[], $3::bigint[]) AS v (id, number) WHERE chat.id = v.id), \
    l AS (SELECT u.chat_id, u.user_id, v.sent, v.first, v.last FROM chat_member u \
          JOIN unnest($4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[]) AS v (chat, sender, sent, first, last) \
            ON u.chat_id = v.chat AND u.user_id = v.sender ORDER BY u.chat_id, u.user_id FOR UPDATE OF u), \
    m AS (UPDATE chat_member u SET sent_count = u.sent_count + l.sent, \
            received_up_to = CASE WHEN u.received_up_to = l.first - 1 THEN l.last ELSE u.received_up_to END \
          FROM l WHERE u.chat_id = l.chat_id AND u.user_id = l.user_id), \
    o AS (INSERT INTO outbox (routing_key, envelope, claimed_by, claimed_until_ms, created_at_ms) \
          SELECT key, body, NULL, 0, $1 FROM unnest($9::text[], $10::text[]) WITH ORDINALITY AS v (key, body, place) ORDER BY place) \
    INSERT INTO chat_message (id, chat_id, number, sender_id, content, created_at_ms, is_deleted, client_key, request_hash) \
    SELECT v.id, v.chat, v.number, v.sender, v.content, $1, false, v.key, v.hash \
    FROM unnest($11::uuid[], $12::uuid[], $13::bigint[], $14::uuid[], $15::text[], $16::uuid[], $17::bigint[]) \
         AS v (id, chat, number, sender, content, key, hash)";

async fn store_at_once(
    tx: &impl ConnectionTrait,
    messages: &[chat_message::Model],
    told: &[(String, Envelope)],
    now: Timestamp,
) -> Result<(), DbErr> {
    let (chats, numbers): (Vec<Uuid>, Vec<i64>) = of_chats(messages).into_iter().unzip();
    let senders = of_senders(messages);
    let of_sender = |figure: fn(&SenderChange) -> i64| senders.values().map(figure).collect::<Vec<i64>>();
    let mut bodies = Vec::with_capacity(told.len());
    for (_, envelope) in told {
        bodies.push(serde_json::to_string(envelope).map_err(|error| DbErr::Json(error.to_string()))?);
    }
    let of_message = |id: fn(&chat_message::Model) -> Uuid| messages.iter().map(id).collect::<Vec<Uuid>>();
    let figure = |figure: fn(&chat_message::Model) -> i64| messages.iter().map(figure).collect::<Vec<i64>>();
    let values = [
        now.millis().into(),
        chats.into(),
        numbers.into(),
        senders.keys().map(|(chat, _)| *chat).collect::<Vec<_>>().into(),
        senders.keys().map(|(_, sender)| *sender).collect::<Vec<_>>().into(),
        of_sender(|change| change.sent).into(),
        of_sender(|change| change.first).into(),
        of_sender(|change| change.last).into(),
        told.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>().into(),
        bodies.into(),
        of_message(|message| message.id).into(),
        of_message(|message| message.chat_id).into(),
        figure(|message| message.number).into(),
        of_message(|message| message.sender_id).into(),
        messages.iter().map(|message| message.content.clone()).collect::<Vec<_>>().into(),
        of_message(|message| message.client_key).into(),
        figure(|message| message.request_hash).into(),
    ];
    tx.execute_raw(statement(tx, AT_ONCE, values)).await?;
    Ok(())
}
