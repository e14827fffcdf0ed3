//! Who may say what about the evening's money, and what it comes to.
//!
//! - Expenses are added by who may score, while the session is open; payments by either side or the creator, after it too.
//! - Both are taken back by whoever may make them, after the evening too.

use super::{EntryKind, ExpenseKind, TableTerms, split};
use crate::game::command::{NewExpense, NewPayment, Request};
use crate::game::decide::of_session;
use crate::game::event::{
    DecidedFact, EntryVoided, ExpenseAdded, ExpenseShare, Fact, PaymentMarked, TableShare, TableStopped,
};
use crate::game::refusal::{Refusal, invalid};
use crate::game::view::Status;
use crate::game::{Participant, Role, Session};
use crate::ids::{Money, ParticipantId, Seq, Timestamp};
use crate::text::{composed, is_visible};

/// Expenses and payments of a session.
const ENTRIES_MAX: usize = 500;
/// What one may come to.
const AMOUNT_MAX: i64 = 1_000_000_000;
const TITLE_MAX: usize = 100;

impl Session {
    pub(in crate::game) fn add_expense(
        &self,
        new: &NewExpense,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_scoring_players(request)?;
        self.only_open()?;
        self.only_room_for_entries()?;
        let title = composed(new.title.trim());
        if title.is_empty() || title.chars().count() > TITLE_MAX || !is_visible(&title) {
            return Err(invalid("title", format!("must be 1 to {TITLE_MAX} characters, without control characters")));
        }
        sound_amount("amount", new.amount)?;
        self.only_seated("paid_by", new.paid_by)?;
        let sharers = match &new.shared_by {
            Some(sharers) => self.sharers(sharers)?,
            None => self.everybody().map(|participant| participant.id).collect(),
        };
        let amounts = split::equally(new.amount, sharers.len());
        let shares = sharers.into_iter().zip(amounts);
        let added = ExpenseAdded {
            title,
            amount: new.amount,
            paid_by: new.paid_by,
            kind: new.kind.unwrap_or_default(),
            shares: shares.map(|(participant_id, amount)| ExpenseShare { participant_id, amount }).collect(),
            currency: self.rules.currency().to_owned(),
        };
        Ok(vec![of_session(Fact::ExpenseAdded(Box::new(added)))])
    }

    pub(in crate::game) fn mark_payment(
        &self,
        &NewPayment { from, to, amount }: &NewPayment,
        request: &Request,
    ) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_parties(from, to, request)?;
        self.only_not_cancelled()?;
        self.only_room_for_entries()?;
        self.only_seated("from", from)?;
        self.only_seated("to", to)?;
        if from == to {
            return Err(invalid("to", "must be somebody else"));
        }
        sound_amount("amount", amount)?;
        let account = |id| self.participant(id).and_then(|participant| participant.user_id);
        let marked = PaymentMarked {
            from,
            to,
            amount,
            from_user_id: account(from),
            to_user_id: account(to),
            currency: self.rules.currency().to_owned(),
        };
        Ok(vec![of_session(Fact::PaymentMarked(Box::new(marked)))])
    }

    pub(in crate::game) fn stop_table(&self, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        self.only_scoring_players(request)?;
        self.only_open()?;
        self.only_short()?;
        let stopped = self.table_stopped(request.at);
        Ok(vec![stopped.ok_or(Refusal::TableNotRunning)?])
    }

    /// What the table's time comes to now, where its clock runs.
    pub(in crate::game) fn table_stopped(&self, at: Timestamp) -> Option<DecidedFact> {
        let clock = self.table.as_ref().filter(|clock| clock.is_running())?;
        let reading = clock.read(at)?;
        let TableTerms { price_per_hour, paid_by, split } = clock.terms;
        let shares = self.table_shares(reading.amount, split, &reading.times);
        let share = |((participant_id, amount), (_, milliseconds)): ((ParticipantId, Money), (ParticipantId, i64))| {
            TableShare { participant_id, amount, milliseconds }
        };
        let stopped = TableStopped {
            minutes: reading.minutes,
            price_per_hour,
            amount: reading.amount,
            paid_by,
            split,
            kind: ExpenseKind::Table,
            shares: shares.into_iter().zip(reading.times).map(share).collect(),
            currency: self.rules.currency().to_owned(),
        };
        Some(of_session(Fact::TableStopped(Box::new(stopped))))
    }

    pub(in crate::game) fn void_entry(&self, seq: Seq, request: &Request) -> Result<Vec<DecidedFact>, Refusal> {
        let entry = self.entries.iter().find(|entry| entry.seq == seq);
        match entry.map(|entry| &entry.what) {
            Some(&EntryKind::Payment { from, to, .. }) => self.only_parties(from, to, request)?,
            _ => self.only_scoring_players(request)?,
        }
        self.only_not_cancelled()?;
        self.only_short()?;
        if !(Seq(1)..=self.seq).contains(&seq) {
            return Err(Refusal::NotFound("event"));
        }
        let entry = entry.ok_or(Refusal::EventNotVoidable("only expenses and payments are taken back here"))?;
        if entry.voided_by.is_some() {
            return Err(Refusal::EventNotVoidable("this was taken back already"));
        }
        let voided_type = match entry.what {
            EntryKind::Expense { .. } => "session.expense_added",
            EntryKind::Table { .. } => "session.table_stopped",
            EntryKind::Payment { .. } => "session.payment_marked",
        };
        let parties = match entry.what {
            EntryKind::Payment { from, to, .. } => vec![from, to],
            _ => Vec::new(),
        };
        let user_ids = parties.into_iter().filter_map(|id| self.user_of(id)).collect();
        let voided = EntryVoided { voided_seq: seq, voided_type: voided_type.to_owned(), user_ids };
        Ok(vec![of_session(Fact::EntryVoided(voided))])
    }

    /// Terms that a table may have.
    pub(in crate::game) fn sound_terms(&self, terms: TableTerms) -> Result<TableTerms, Refusal> {
        sound_amount("table.price_per_hour", terms.price_per_hour)?;
        self.only_seated("table.paid_by", terms.paid_by)?;
        Ok(terms)
    }

    /// All who are or were at the table, in order of their places; who only watches is, where he has played.
    fn everybody(&self) -> impl Iterator<Item = &Participant> {
        let has_played = |id| self.counted_games().any(|game| game.index_of(id).is_some());
        let is_of_table =
            move |participant: &&Participant| participant.role != Role::Spectator || has_played(participant.id);
        self.participants.iter().filter(|participant| participant.has_sat()).filter(is_of_table)
    }

    fn sharers(&self, asked: &[ParticipantId]) -> Result<Vec<ParticipantId>, Refusal> {
        if asked.is_empty() {
            return Err(invalid("shared_by", "must be somebody, or absent for all"));
        }
        for (index, id) in asked.iter().enumerate() {
            self.only_seated("shared_by", *id)?;
            if asked.iter().take(index).any(|earlier| earlier == id) {
                return Err(invalid("shared_by", format!("{id} is there twice")));
            }
        }
        // In order of their places, whatever order they were named in: what is left over goes to the first.
        Ok(self.participants.iter().map(|participant| participant.id).filter(|id| asked.contains(id)).collect())
    }

    fn only_seated(&self, field: &'static str, id: ParticipantId) -> Result<(), Refusal> {
        match self.participant(id) {
            Some(participant) if participant.has_sat() => Ok(()),
            _ => Err(invalid(field, "must have sat at this table")),
        }
    }

    fn only_parties(&self, from: ParticipantId, to: ParticipantId, request: &Request) -> Result<(), Refusal> {
        let own = self.participant_of(request.user).filter(|participant| !participant.is_removed);
        let is_party = own.is_some_and(|participant| [from, to].contains(&participant.id));
        if is_party || request.user == self.creator_user_id {
            return Ok(());
        }
        Err(Refusal::NotAllowed("only the two of them and the creator may do this"))
    }

    fn only_not_cancelled(&self) -> Result<(), Refusal> {
        if self.status == Status::Cancelled { Err(Refusal::SessionClosed) } else { Ok(()) }
    }

    fn only_room_for_entries(&self) -> Result<(), Refusal> {
        self.only_short()?;
        if self.entries.len() >= ENTRIES_MAX {
            return Err(invalid("body", format!("{ENTRIES_MAX} expenses and payments at most for one session")));
        }
        Ok(())
    }
}

fn sound_amount(field: &'static str, amount: Money) -> Result<(), Refusal> {
    if (1..=AMOUNT_MAX).contains(&amount.0) {
        return Ok(());
    }
    Err(invalid(field, format!("must be 1 to {AMOUNT_MAX}")))
}
