//! Group commit, as the journal has it: what queued while the last transaction ran goes into the next one. One task for
//! each node stores what is said.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::chat_message;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::audience::ChatAudience;
use super::held::hold;
use super::message::ChatMessage;
use super::sending::{RequestKey, SendDecision, SendRefusal, SendRequest, decide};
use super::store::store;
use crate::clock;
use crate::database::{Database, is_among};
use crate::ids::{Timestamp, UserId};
use crate::messaging::Bus;
use crate::outbox::chat_news::{ChatNews, ChatTelling};
use crate::outbox::envelope::Data;
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static NOT_STORED: Trouble = Trouble::new();

/// What may wait; more is refused.
const WAITING_MAX: usize = 4_096;
/// Of one transaction at most, so that it stays short.
const BATCH_MAX: usize = 256;

type SendOutcome = Result<ChatMessage, SendRefusal>;
type SendAnswer = oneshot::Sender<SendOutcome>;
type Work = (SendRequest, SendAnswer);

/// The way to the writer. Clones share it.
#[derive(Clone)]
pub(super) struct WriterQueue {
    work: mpsc::Sender<Work>,
    bus: Bus,
}

impl WriterQueue {
    /// Says something; the answer comes when it is stored.
    pub(super) async fn send(&self, request: SendRequest) -> Result<ChatMessage, SendRefusal> {
        let (answer, answered) = oneshot::channel();
        self.work.try_send((request, answer)).map_err(|_| SendRefusal::Busy)?;
        answered.await.unwrap_or(Err(SendRefusal::Unavailable))
    }

    /// Something else waits in the outbox.
    pub(super) fn ring(&self) {
        self.bus.ring();
    }
}

/// The task that writes. It ends when nobody can ask any more.
pub(crate) struct ChatWriter {
    database: Database,
    bus: Bus,
    audience: Arc<dyn ChatAudience>,
    work: mpsc::Receiver<Work>,
}

/// What became of requests, and what of it is to be told: here, and by the bus.
struct Stored {
    outcomes: Vec<SendOutcome>,
    told: Vec<ChatTelling>,
}

impl ChatWriter {
    pub(super) fn new(database: Database, bus: Bus, audience: Arc<dyn ChatAudience>) -> (WriterQueue, Self) {
        let (queue, work) = mpsc::channel(WAITING_MAX);
        (WriterQueue { work: queue, bus: bus.clone() }, Self { database, bus, audience, work })
    }

    /// Writes until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while self.work.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    async fn send(&self, sends: Vec<(SendRequest, SendAnswer)>) {
        let (requests, answers): (Vec<_>, Vec<_>) = sends.into_iter().unzip();
        match self.store(&requests).await {
            Ok(Stored { outcomes, told }) => {
                NOT_STORED.end();
                for (outcome, answer) in outcomes.into_iter().zip(answers) {
                    let _ = answer.send(outcome);
                }
                // Who is connected here need not wait for the bus, nor for its being there.
                told.iter().for_each(|telling| self.audience.hear(telling));
                self.bus.ring();
            }
            // What failed for one must not fail the others.
            Err(error) if requests.len() > 1 && error.sql_err().is_some() => {
                for send in requests.into_iter().zip(answers) {
                    Box::pin(self.send(vec![send])).await;
                }
            }
            Err(error) => {
                if NOT_STORED.is_news() {
                    tracing::error!(%error, messages = requests.len(), "messages of chats not stored");
                }
                for answer in answers {
                    let _ = answer.send(Err(SendRefusal::Unavailable));
                }
            }
        }
    }

    /// One transaction.
    async fn store(&self, requests: &[SendRequest]) -> Result<Stored, DbErr> {
        let tx = self.database.begin_write().await?;
        let chats: BTreeSet<Uuid> = requests.iter().map(|request| request.chat.0).collect();
        let mut chats = hold(&tx, chats.into_iter().collect()).await?;
        let known = known(&tx, requests).await?;
        let hashes = known.iter().map(|(key, row)| (*key, row.request_hash)).collect();
        let decided = decide(requests, &mut chats, &hashes);
        let now = clock::now();
        let (mut rows, mut told, mut envelopes) = (Vec::new(), Vec::new(), Vec::new());
        let mut outcomes: Vec<SendOutcome> = Vec::with_capacity(requests.len());
        for (request, decision) in requests.iter().zip(decided) {
            outcomes.push(match decision {
                SendDecision::Refused(refusal) => Err(refusal),
                SendDecision::Known => {
                    let row = known.get(&(request.sender, request.key)).cloned();
                    row.map(ChatMessage::of).ok_or(SendRefusal::Unavailable)
                }
                SendDecision::Twin(place) => outcomes.get(place).cloned().unwrap_or(Err(SendRefusal::Unavailable)),
                SendDecision::Next(number) => {
                    let row = row(request, number, now);
                    let message = ChatMessage::of(row.clone());
                    rows.push(row);
                    let members = chats.get(&request.chat).map(|chat| chat.members.clone()).unwrap_or_default();
                    let news = ChatNews::Message(Data::encode(&message));
                    let telling = ChatTelling { user_ids: members, origin: request.origin, news };
                    if let Some((key, _)) = telling.keys() {
                        envelopes.push((key, telling.envelope(request.sender, request.correlation_id, now)));
                        told.push(telling);
                    }
                    Ok(message)
                }
            });
        }
        store(&tx, &rows, &envelopes, now).await?;
        tx.commit().await?;
        Ok(Stored { outcomes, told })
    }
}

fn row(request: &SendRequest, number: i64, now: Timestamp) -> chat_message::Model {
    chat_message::Model {
        id: clock::new_id(),
        chat_id: request.chat.0,
        number,
        sender_id: request.sender.0,
        content: request.content.clone(),
        created_at_ms: now.millis(),
        edited_at_ms: None,
        is_deleted: false,
        client_key: request.key,
        request_hash: request.hash,
        delivered_at_ms: None,
        read_at_ms: None,
    }
}

/// What was said before under the keys of these.
async fn known(
    tx: &impl ConnectionTrait,
    requests: &[SendRequest],
) -> Result<HashMap<RequestKey, chat_message::Model>, DbErr> {
    use chat_message::Column;
    let keys: Vec<Uuid> = requests.iter().map(|request| request.key).collect();
    let senders: BTreeSet<Uuid> = requests.iter().map(|request| request.sender.0).collect();
    let rows = chat_message::Entity::find()
        .filter(is_among(tx, Column::ClientKey, keys))
        .filter(is_among(tx, Column::SenderId, senders.into_iter().collect()))
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| ((UserId(row.sender_id), row.client_key), row)).collect())
}
