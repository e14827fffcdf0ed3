//! What leaves this service: takes what is due to be sent, sends it, and tries again later what could not be sent. A
//! receiver that is slow or gone holds up nobody else: each has a share of what is under way at once, and its time.

mod letters;
mod mail;
mod outbound;
mod under_way;
mod web_push;
mod webhook;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::delivery::Model;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) use self::mail::{MailSettings, MailTransport};
pub(crate) use self::outbound::Outbound;
use self::under_way::{AT_ONCE, UnderWay};
pub(crate) use self::web_push::VapidKey;
use crate::account::Accounts;
use crate::clock;
use crate::database::Database;
use crate::ids::UserId;
use crate::journal::Journal;
use crate::messaging::consumer::{Failure, caught};
use crate::messaging::dead_letters;
use crate::outbox::delivery::{self, DeliveryRequest, Sink};
use crate::outbox::failing_target;
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static STORAGE: Trouble = Trouble::new();
static UNSENT: Trouble = Trouble::new();

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Under way at once by one way on one node, with those that are slow. There is one mail server: it is asked no more often
/// where it is slow.
const UNDER_WAY_MAX: usize = 2 * AT_ONCE;
/// Looks for those of others, where one user has very many.
const LOOKS_MAX: usize = 16;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long nobody else tries it.
const LEASE: Duration = Duration::from_secs(120);
/// After each attempt; after the last of them it is a dead letter.
const DELAYS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
    Duration::from_secs(4 * 3_600),
    Duration::from_secs(12 * 3_600),
];

/// What is sent, and by what.
pub(crate) struct Sinks {
    pub(crate) database: Database,
    pub(crate) journal: Journal,
    pub(crate) accounts: Accounts,
    /// Where users reach this service.
    pub(crate) public_url: String,
    /// None: no mail is sent.
    pub(crate) mail: Option<MailTransport>,
    /// To addresses of users.
    pub(crate) outbound: Outbound,
    pub(crate) vapid: Arc<VapidKey>,
    /// Where push services reach whoever runs this service, as a URL.
    pub(crate) contact: String,
}

impl Sinks {
    /// Sends until the node stops.
    pub(crate) async fn run(self) {
        let mail = self.mail.iter().map(|_| Sink::Mail);
        let on: Vec<Sink> = mail.chain([Sink::Webhook, Sink::Push]).collect();
        let sinks = Arc::new(self);
        let mut running = JoinSet::new();
        let most = |sink| if sink == Sink::Mail { AT_ONCE } else { UNDER_WAY_MAX };
        let mut under_way: HashMap<Sink, UnderWay> =
            on.into_iter().map(|sink| (sink, UnderWay::new(most(sink)))).collect();
        let mut due = clock::every(LOOK_EVERY);
        loop {
            due.tick().await;
            while let Some(ended) = running.try_join_next() {
                let Ok((sink, id)) = ended else { continue };
                under_way.entry(sink).and_modify(|under_way| under_way.end(id));
            }
            for (&sink, under_way) in &mut under_way {
                for claimed in sinks.claim(sink, under_way).await {
                    let (sinks, is_probe) = (sinks.clone(), under_way.is_probe(claimed.id));
                    running.spawn(async move {
                        let id = claimed.id;
                        sinks.deliver(sink, claimed, is_probe).await;
                        (sink, id)
                    });
                }
            }
        }
    }

    /// What is begun now, beside what is under way.
    async fn claim(&self, sink: Sink, under_way: &mut UnderWay) -> Vec<Model> {
        let mut chosen = Vec::new();
        let claimed = self.try_claim(sink, under_way, &mut chosen).await.unwrap_or_else(|error| {
            if STORAGE.is_news() {
                tracing::error!(sink = sink.as_str(), %error, "what is to be sent can't be looked up");
            }
            Vec::new()
        });
        // What another node was faster with is under way there.
        let is_ours = |id: &Uuid| claimed.iter().any(|claimed| claimed.id == *id);
        chosen.into_iter().filter(|id| !is_ours(id)).for_each(|id| under_way.end(id));
        claimed
    }

    async fn try_claim(
        &self,
        sink: Sink,
        under_way: &mut UnderWay,
        chosen: &mut Vec<Uuid>,
    ) -> Result<Vec<Model>, DbErr> {
        let (db, now) = (self.database.reader(), Instant::now());
        for is_probe in [false, true] {
            for _ in 0..LOOKS_MAX {
                if under_way.free(is_probe, now) == 0 {
                    break;
                }
                let busy = under_way.busy(is_probe);
                let due = match is_probe {
                    false => delivery::due(db, sink, &busy, AT_ONCE as u64).await?,
                    true => failing_target::due(db, sink, &busy, AT_ONCE as u64).await?,
                };
                let is_all = due.len() < AT_ONCE;
                chosen.extend(due.into_iter().filter(|due| under_way.begin(*due, is_probe, now)).map(|due| due.id));
                if is_all {
                    break;
                }
            }
        }
        match chosen.is_empty() {
            true => Ok(Vec::new()),
            false => delivery::claim(self.database.writer(), chosen.clone(), LEASE).await,
        }
    }

    async fn deliver(&self, sink: Sink, claimed: Model, is_probe: bool) {
        let sending = tokio::time::timeout(PATIENCE, caught(self.send(sink, &claimed)));
        let sent = sending.await.unwrap_or_else(|_| Err(Failure::Transient("it took too long".to_owned())));
        let (outcome, stored) = match sent {
            Ok(()) => ("ok", self.settle(&claimed, is_probe).await),
            // Its lease ends, and somebody tries it again.
            Err(Failure::Database(error)) => ("retried", Err(error)),
            Err(Failure::Transient(reason)) => {
                let outcome = if is_used_up(&claimed) { "dead" } else { "retried" };
                (outcome, self.try_later(sink, &claimed, &reason).await)
            }
            Err(Failure::Permanent(reason)) => ("dead", self.give_up(sink, &claimed, &reason).await),
        };
        telemetry::delivered(sink.as_str(), outcome);
        if let Err(error) = stored
            && STORAGE.is_news()
        {
            tracing::error!(sink = sink.as_str(), %error, "what became of a delivery is not stored");
        }
    }

    async fn settle(&self, claimed: &Model, is_probe: bool) -> Result<(), DbErr> {
        let db = self.database.writer();
        delivery::settle(db, claimed).await?;
        match claimed.target_id.filter(|_| is_probe) {
            Some(target) => failing_target::recover(db, target).await,
            None => Ok(()),
        }
    }

    /// All that waits for the same address is tried later, too.
    async fn try_later(&self, sink: Sink, claimed: &Model, reason: &str) -> Result<(), DbErr> {
        let tx = self.database.begin_write().await?;
        let is_ours = match is_used_up(claimed) {
            true => bury(&tx, sink, claimed, reason).await?,
            false => {
                if UNSENT.is_news() {
                    let tried = claimed.attempts;
                    tracing::warn!(sink = sink.as_str(), delivery.id = %claimed.id, reason, tried, "not sent yet");
                }
                delivery::postpone(&tx, claimed, delay_after(claimed.attempts)).await?
            }
        };
        if is_ours && let Some(target) = claimed.target_id {
            for waited in failing_target::fail(&tx, claimed, target, delay_after).await? {
                if is_used_up(&waited) {
                    bury(&tx, sink, &waited, reason).await?;
                }
            }
        }
        tx.commit().await
    }

    async fn give_up(&self, sink: Sink, claimed: &Model, reason: &str) -> Result<(), DbErr> {
        let tx = self.database.begin_write().await?;
        bury(&tx, sink, claimed, reason).await?;
        tx.commit().await
    }

    async fn send(&self, sink: Sink, claimed: &Model) -> Result<(), Failure> {
        match sink {
            Sink::Mail => self.send_mail(claimed).await,
            Sink::Webhook => self.send_to_webhook(claimed).await,
            Sink::Push => self.push(claimed).await,
        }
    }
}

/// Whether the last attempt at it was the last one.
fn is_used_up(claimed: &Model) -> bool {
    usize::try_from(claimed.attempts).is_ok_and(|tried| tried > DELAYS.len())
}

/// How long to wait after so many attempts.
fn delay_after(attempts: i32) -> Duration {
    let tried = usize::try_from(attempts).unwrap_or_default();
    DELAYS[tried.saturating_sub(1).min(DELAYS.len() - 1)].mul_f64(rand::random_range(0.8..1.2))
}

/// Keeps it as a dead letter, which asks for the delivery anew where it is sent again. False: it is no longer this attempt's.
async fn bury(tx: &impl ConnectionTrait, sink: Sink, claimed: &Model, reason: &str) -> Result<bool, DbErr> {
    let asked = DeliveryRequest {
        id: claimed.id,
        sink,
        user_id: claimed.user_id.map(UserId),
        target_id: claimed.target_id,
        kind: claimed.kind.clone(),
        payload: payload(claimed),
    };
    let is_ours = delivery::settle(tx, claimed).await?;
    if is_ours {
        tracing::error!(sink = sink.as_str(), delivery.id = %claimed.id, reason, "it is a dead letter now");
        dead_letters::keep_unsent(tx, asked, reason, claimed.attempts).await?;
    }
    Ok(is_ours)
}

fn payload(claimed: &Model) -> Value {
    serde_json::from_str(&claimed.payload).unwrap_or_default()
}
