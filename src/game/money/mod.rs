//! The evening's money beside the games: expenses, the table's time, payments; and the proof of everybody's balance.
//!
//! - What an expense comes to for each is told with its event and is frozen there. The table's time is split by what the
//!   games come to, so it follows when one of them is put right.
//! - A payment moves both balances, by whatever amount was handed over.

mod decide;
pub mod ledger;
mod split;
mod table_clock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use self::table_clock::TableClock;
use super::Session;
use super::event::{ExpenseAdded, ExpenseShare, PaymentMarked, TableStopped};
use super::view::TableView;
use crate::ids::{Money, ParticipantId, Seq};

/// What an expense is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpenseKind {
    /// The table's time.
    Table,
    #[default]
    Other,
}

/// Who pays for the table's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableSplit {
    /// All players alike.
    Equally,
    /// Those whose games came to less than nothing, in proportion; all alike where nobody's did.
    Losers,
    /// In proportion to the time at the table.
    ByTime,
}

/// What the table costs, and who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableTerms {
    /// Minor units, 1..1000000000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    pub price_per_hour: Money,
    /// Who pays it to the house, and is paid by the others.
    pub paid_by: ParticipantId,
    pub split: TableSplit,
}

/// Money that moves beside the games.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) seq: Seq,
    pub(super) what: EntryKind,
    /// The event that took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) voided_by: Option<Seq>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EntryKind {
    Expense { title: String, paid_by: ParticipantId, shares: Vec<ExpenseShare> },
    Table { amount: Money, paid_by: ParticipantId, split: TableSplit, times: Vec<(ParticipantId, i64)> },
    Payment { from: ParticipantId, to: ParticipantId, amount: Money },
}

impl EntryKind {
    pub(super) fn of_expense(added: &ExpenseAdded) -> Self {
        EntryKind::Expense { title: added.title.clone(), paid_by: added.paid_by, shares: added.shares.clone() }
    }

    pub(super) fn of_table(stopped: &TableStopped) -> Self {
        let times = stopped.shares.iter().map(|share| (share.participant_id, share.milliseconds)).collect();
        EntryKind::Table { amount: stopped.amount, paid_by: stopped.paid_by, split: stopped.split, times }
    }

    pub(super) fn of_payment(marked: &PaymentMarked) -> Self {
        EntryKind::Payment { from: marked.from, to: marked.to, amount: marked.amount }
    }
}

/// What one participant owes another by an entry, or has paid him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// Whose balance falls.
    pub(super) debtor: ParticipantId,
    /// Whose balance rises.
    pub(super) creditor: ParticipantId,
    pub(super) amount: Money,
}

impl Session {
    /// What an entry moves, pair by pair. Whoever paid for himself moves nothing.
    pub(super) fn claims(&self, entry: &Entry) -> Vec<Claim> {
        let by_shares = |paid_by: ParticipantId, shares: Vec<(ParticipantId, Money)>| {
            let others = shares.into_iter().filter(|(debtor, amount)| *debtor != paid_by && *amount != Money::ZERO);
            others.map(|(debtor, amount)| Claim { debtor, creditor: paid_by, amount }).collect()
        };
        match &entry.what {
            EntryKind::Expense { paid_by, shares, .. } => {
                by_shares(*paid_by, shares.iter().map(|share| (share.participant_id, share.amount)).collect())
            }
            EntryKind::Table { amount, paid_by, split, times } => {
                by_shares(*paid_by, self.table_shares(*amount, *split, times))
            }
            &EntryKind::Payment { from, to, amount } => vec![Claim { debtor: to, creditor: from, amount }],
        }
    }

    /// Entries that stand, in order.
    pub(super) fn standing_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.voided_by.is_none())
    }

    /// Who pays how much of the table's time, by what the games have come to.
    pub(super) fn table_shares(
        &self,
        amount: Money,
        split: TableSplit,
        times: &[(ParticipantId, i64)],
    ) -> Vec<(ParticipantId, Money)> {
        let people: Vec<ParticipantId> = times.iter().map(|(id, _)| *id).collect();
        let weights: Vec<i64> = match split {
            TableSplit::Equally => Vec::new(),
            TableSplit::ByTime => times.iter().map(|(_, ms)| *ms).collect(),
            TableSplit::Losers => {
                let nets = self.game_nets();
                let net = |id: &ParticipantId| {
                    nets.iter().find(|(other, _)| other == id).map_or(Money::ZERO, |(_, net)| *net)
                };
                people.iter().map(|id| net(id).0.min(0).saturating_neg()).collect()
            }
        };
        let amounts = match weights.iter().any(|weight| *weight > 0) {
            true => split::by_weight(amount, &weights),
            false => split::equally(amount, people.len()),
        };
        people.into_iter().zip(amounts).collect()
    }

    /// The clock as clients see it.
    pub(super) fn table_view(&self, clock: &TableClock) -> TableView {
        let TableTerms { price_per_hour, paid_by, split } = clock.terms;
        let entry = clock.stopped.and_then(|(_, seq)| self.standing_entries().find(|entry| entry.seq == seq));
        let reading = clock.stopped.filter(|_| entry.is_some()).and_then(|(at, _)| clock.read(at));
        TableView {
            price_per_hour,
            paid_by,
            split,
            started_at: clock.started_at,
            stopped_at: clock.stopped.map(|(at, _)| at),
            minutes: reading.as_ref().map(|reading| reading.minutes),
            amount: reading.map(|reading| reading.amount),
        }
    }
}
