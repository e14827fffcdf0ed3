//! The data of the events of the evening's money.

use serde::{Deserialize, Serialize};

use crate::game::money::{ExpenseKind, TableSplit};
use crate::ids::{Money, ParticipantId, Seq, UserId};

/// Data of `session.expense_added`: what one paid for several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExpenseAdded {
    pub title: String,
    /// Minor units.
    pub amount: Money,
    /// Who paid it all.
    pub paid_by: ParticipantId,
    pub kind: ExpenseKind,
    /// Who bears how much; these sum to the amount.
    pub shares: Vec<ExpenseShare>,
    /// ISO 4217.
    pub currency: String,
}

/// What an expense comes to for one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExpenseShare {
    pub participant_id: ParticipantId,
    pub amount: Money,
}

/// Data of `session.table_stopped`: the table's time becomes an expense. By `losers` its shares follow when games are put
/// right; here they stand as they were when it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableStopped {
    /// From the first game on; a minute that has begun counts.
    pub minutes: i64,
    pub price_per_hour: Money,
    /// Minor units.
    pub amount: Money,
    /// Who pays the house.
    pub paid_by: ParticipantId,
    pub split: TableSplit,
    pub kind: ExpenseKind,
    /// Who bears how much; these sum to the amount.
    pub shares: Vec<TableShare>,
    /// ISO 4217.
    pub currency: String,
}

/// What the table's time comes to for one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableShare {
    pub participant_id: ParticipantId,
    pub amount: Money,
    /// How long he was at the table while the clock ran.
    pub milliseconds: i64,
}

/// Data of `session.payment_marked`: money was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PaymentMarked {
    pub from: ParticipantId,
    pub to: ParticipantId,
    /// Minor units.
    pub amount: Money,
    /// The accounts of both; `null` for a guest.
    pub from_user_id: Option<UserId>,
    pub to_user_id: Option<UserId>,
    /// ISO 4217.
    pub currency: String,
}

/// Data of `session.entry_voided`: an expense or a payment was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntryVoided {
    /// Which event.
    pub voided_seq: Seq,
    pub voided_type: String,
    /// The accounts of the two, where it was a payment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<UserId>,
}
