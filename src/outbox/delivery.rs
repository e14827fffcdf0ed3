//! What waits to be sent outside of this service: stored in the transaction of its cause, as the messages are. Whoever
//! sends it claims it for a while; a row that was settled stays, so that a cause that comes again changes nothing.

use std::time::Duration;

use entity::delivery::{ActiveModel, Column, Entity, Model};
use entity::failing_target;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::envelope::Envelope;
use super::lease::in_ms;
use crate::clock;
use crate::ids::{Timestamp, UserId};

/// Rows of one statement.
const ROWS_MAX: usize = 500;
/// How long a settled row is known: far longer than its cause may come again.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// By which way something leaves this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sink {
    Mail,
    Webhook,
    Push,
}

impl Sink {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Sink::Mail => "mail",
            Sink::Webhook => "webhook",
            Sink::Push => "push",
        }
    }

    /// Where its dead letters say that they failed.
    pub(crate) fn queue(self) -> &'static str {
        match self {
            Sink::Mail => "delivery.mail",
            Sink::Webhook => "delivery.webhook",
            Sink::Push => "delivery.push",
        }
    }
}

/// The key of a message that asks for something to be sent.
pub(crate) const REQUESTED: &str = "notifications.push_required";

/// What such a message says.
#[derive(Serialize, Deserialize)]
struct Requested {
    delivery: DeliveryRequest,
}

/// Something to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryRequest {
    /// The same cause gives the same id, so that it is sent once.
    pub(crate) id: Uuid,
    pub(crate) sink: Sink,
    /// Whose it is; nobody's where that is still to be found.
    pub(crate) user_id: Option<UserId>,
    /// Which of the user's addresses of that way, where he has several.
    pub(crate) target_id: Option<Uuid>,
    pub(crate) kind: String,
    /// What it is made from when it is sent. No secrets, and no addresses but those that it is about.
    pub(crate) payload: Value,
}

impl DeliveryRequest {
    /// The request as a message: what a dead letter of it holds.
    pub(crate) fn message(self) -> Envelope {
        let (id, user) = (self.id, self.user_id);
        let data = json!(Requested { delivery: self });
        let mut envelope = Envelope::about_user(user.unwrap_or_default(), REQUESTED, clock::now(), data);
        (envelope.event_id, envelope.user_id) = (id, user);
        envelope
    }

    /// What a message asks to be sent, if it does.
    pub(crate) fn asked_by(envelope: &Envelope) -> Option<Self> {
        let asked = (envelope.event_type == REQUESTED).then(|| serde_json::from_str::<Requested>(envelope.data.json()));
        Some(asked?.ok()?.delivery)
    }

    /// A mail to the address that the user's account has when it is sent.
    pub(crate) fn mail(id: Uuid, user: UserId, kind: &str, payload: Value) -> Self {
        Self { id, sink: Sink::Mail, user_id: Some(user), target_id: None, kind: kind.to_owned(), payload }
    }
}

/// Asks for these to be sent, in the caller's transaction; those that were asked for before are left as they are.
pub(crate) async fn request(tx: &impl ConnectionTrait, deliveries: &[DeliveryRequest]) -> Result<(), DbErr> {
    let row = |delivery: &DeliveryRequest| ActiveModel {
        id: Set(delivery.id),
        sink: Set(delivery.sink.as_str().to_owned()),
        user_id: Set(delivery.user_id.map(|user| user.0)),
        target_id: Set(delivery.target_id),
        kind: Set(delivery.kind.clone()),
        payload: Set(delivery.payload.to_string()),
        attempts: Set(0),
        due_at_ms: Set(Some(0)),
        created_at_ms: Set(clock::now().millis()),
    };
    let there = OnConflict::column(Column::Id).do_nothing().to_owned();
    for deliveries in deliveries.chunks(ROWS_MAX) {
        Entity::insert_many(deliveries.iter().map(row)).on_conflict(there.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Asks for something to be sent that had been given up.
pub(crate) async fn request_again(tx: &impl ConnectionTrait, delivery: &DeliveryRequest) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Id.eq(delivery.id)).filter(Column::DueAtMs.is_null()).exec(tx).await?;
    request(tx, std::slice::from_ref(delivery)).await
}

/// What is due and nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DueDelivery {
    pub(crate) id: Uuid,
    pub(crate) user: Option<Uuid>,
}

/// Up to `limit` that are due, but for what goes where the last attempt failed. Users in `busy` have enough under way.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    sink: Sink,
    busy: &[Uuid],
    limit: u64,
) -> Result<Vec<DueDelivery>, DbErr> {
    let same = Expr::col((failing_target::Entity, failing_target::Column::TargetId)).equals((Entity, Column::TargetId));
    let failing = Query::select().expr(Expr::val(1)).from(failing_target::Entity).and_where(same).take();
    let mut due = is_due(db).add(Column::Sink.eq(sink.as_str())).add(Expr::exists(failing).not());
    if !busy.is_empty() {
        let others = Condition::any().add(Column::UserId.is_null()).add(Column::UserId.is_not_in(busy.iter().copied()));
        due = due.add(others);
    }
    let oldest = Entity::find().select_only().columns([Column::Id, Column::UserId]).filter(due);
    let oldest: Vec<(Uuid, Option<Uuid>)> =
        oldest.order_by_asc(Column::DueAtMs).limit(limit).into_tuple().all(db).await?;
    Ok(oldest.into_iter().map(|(id, user)| DueDelivery { id, user }).collect())
}

/// Takes those of these that are still nobody's, and counts the attempt.
pub(crate) async fn claim(db: &impl ConnectionTrait, ids: Vec<Uuid>, lease: Duration) -> Result<Vec<Model>, DbErr> {
    Entity::update_many()
        .col_expr(Column::DueAtMs, in_ms(db, milliseconds(lease)))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(is_due(db).add(Column::Id.is_in(ids)))
        .exec_with_returning(db)
        .await
}

pub(super) fn is_due(db: &impl ConnectionTrait) -> Condition {
    Condition::all().add(Expr::col(Column::DueAtMs).lte(in_ms(db, 0)))
}

/// Nothing is left to be done for it. False: somebody else tries it since, and will say.
pub(crate) async fn settle(db: &impl ConnectionTrait, claimed: &Model) -> Result<bool, DbErr> {
    let settled = Entity::update_many()
        .col_expr(Column::DueAtMs, Expr::value(None::<i64>))
        .col_expr(Column::Payload, Expr::value(""))
        .filter(of_this_attempt(claimed))
        .exec(db)
        .await?;
    Ok(settled.rows_affected == 1)
}

/// It is to be tried again after that time. False: somebody else tries it since, or nobody wants it any more.
pub(crate) async fn postpone(db: &impl ConnectionTrait, claimed: &Model, delay: Duration) -> Result<bool, DbErr> {
    let again = Entity::update_many().col_expr(Column::DueAtMs, in_ms(db, milliseconds(delay)));
    Ok(again.filter(of_this_attempt(claimed)).exec(db).await?.rows_affected == 1)
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn of_this_attempt(claimed: &Model) -> Condition {
    Condition::all()
        .add(Column::Id.eq(claimed.id))
        .add(Column::Attempts.eq(claimed.attempts))
        .add(Column::DueAtMs.is_not_null())
}

/// Forgets what was settled long ago; answers how much.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    let before = now.millis() - KEPT.as_millis() as i64;
    let settled = Condition::all().add(Column::DueAtMs.is_null()).add(Column::CreatedAtMs.lt(before));
    Ok(Entity::delete_many().filter(settled).exec(db).await?.rows_affected)
}
