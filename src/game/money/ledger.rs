//! The proof of a balance: line by line, each with the event that it comes from. The lines of a game follow its marks in the
//! order in which they count, each with what it changed of who owes whom, so that they sum to the money of the game.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Claim, Entry, EntryKind};
use crate::game::Session;
use crate::game::discipline::{Debt, Unit};
use crate::game::mark::Act;
use crate::game::played_game::Game;
use crate::game::scoreboard::Scoreboard;
use crate::ids::{GameId, Money, ParticipantId, Seq};

/// What a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    Game,
    Expense,
    Payment,
}

/// One reason for a balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerLine {
    pub kind: LineKind,
    #[schema(required)]
    pub game_id: Option<GameId>,
    /// The event that it comes from.
    pub seq: Seq,
    /// With whom.
    pub counterpart_id: ParticipantId,
    /// Points that are paid for; below zero where they are paid to the counterpart. `null` for what has no points.
    #[schema(required)]
    pub points: Option<i64>,
    /// Of one point, or of the game.
    #[schema(required)]
    pub price: Option<Money>,
    /// Minor units: what it adds to the balance.
    pub amount: Money,
    /// The ball, `foul`, `end` or the title.
    pub text: String,
}

impl Session {
    /// Everything that a participant's balance is made of; `None`: there is no such participant. Lines of nothing are left
    /// out.
    pub fn ledger(&self, of: ParticipantId) -> Option<Vec<LedgerLine>> {
        self.participant(of)?;
        let mut lines: Vec<LedgerLine> =
            self.games.iter().filter(|game| game.is_completed()).flat_map(|game| self.game_lines(game, of)).collect();
        lines.extend(self.standing_entries().flat_map(|entry| self.entry_lines(entry, of)));
        Some(lines)
    }

    fn game_lines(&self, game: &Game, of: ParticipantId) -> Vec<LedgerLine> {
        let Some(me) = game.index_of(of) else { return Vec::new() };
        let rules = self.rules_of(game);
        let (discipline, end) = (rules.discipline(), game.board(rules));
        let mut lines = Vec::new();
        let mut add = |seq: Seq, text: &str, debts: Vec<Debt>| {
            for Debt { debtor, creditor, unit, amount } in debts {
                let (counterpart, amount) = match me {
                    me if me == creditor => (debtor, amount),
                    me if me == debtor => (creditor, -amount),
                    _ => continue,
                };
                let (points, price) = match unit {
                    Unit::Point(price) => (amount.0.checked_div(price.0), price),
                    Unit::Game(price) => (None, price),
                };
                lines.push(LedgerLine {
                    kind: LineKind::Game,
                    game_id: Some(game.id),
                    seq,
                    counterpart_id: game.player_at(counterpart).unwrap_or_default(),
                    points,
                    price: Some(price),
                    amount,
                    text: text.to_owned(),
                });
            }
        };
        let mut owed = discipline.debts(&Scoreboard::new(rules, game.order.len()), end);
        let last = game.replay(rules, |mark, player, board, brought| {
            let now = discipline.debts(board, end);
            let fines = brought.fines.iter().map(|(owner, points)| {
                let price = discipline.fine_price();
                let amount = price.times(*points);
                Debt { debtor: *owner, creditor: player, unit: Unit::Point(price), amount }
            });
            let changed = difference(&owed, &now).into_iter().chain(fines).filter(|debt| debt.amount != Money::ZERO);
            let text = match mark.act {
                Act::Pot(pot) => pot.color.name(),
                Act::Foul(_) => "foul",
                Act::EndTurn => "end_turn",
            };
            add(mark.seq, text, changed.collect());
            owed = now;
        });
        // A concession decides what no mark did.
        let ended = game.ended.map_or(last, |(seq, _)| seq);
        add(ended, "end", difference(&owed, &discipline.debts(end, end)));
        lines
    }

    fn entry_lines(&self, entry: &Entry, of: ParticipantId) -> Vec<LedgerLine> {
        let (kind, text) = match &entry.what {
            EntryKind::Expense { title, .. } => (LineKind::Expense, title.clone()),
            EntryKind::Table { .. } => (LineKind::Expense, "table".to_owned()),
            EntryKind::Payment { .. } => (LineKind::Payment, "payment".to_owned()),
        };
        let line = |Claim { debtor, creditor, amount }: Claim| {
            let (counterpart_id, amount) = match of {
                of if of == creditor => (debtor, amount),
                of if of == debtor => (creditor, -amount),
                _ => return None,
            };
            let (points, price, text) = (None, None, text.clone());
            Some(LedgerLine { kind, game_id: None, seq: entry.seq, counterpart_id, points, price, amount, text })
        };
        self.claims(entry).into_iter().filter_map(line).collect()
    }
}

/// What is owed more or less than before, pair by pair.
fn difference(before: &[Debt], now: &[Debt]) -> Vec<Debt> {
    let was = |debt: &Debt| {
        before.iter().find(|earlier| earlier.is_alike(debt)).map_or(Money::ZERO, |earlier| earlier.amount)
    };
    let changed = now.iter().map(|debt| Debt { amount: debt.amount - was(debt), ..*debt });
    let gone = before.iter().filter(|debt| !now.iter().any(|later| later.is_alike(debt)));
    let gone = gone.map(|debt| Debt { amount: -debt.amount, ..*debt });
    changed.chain(gone).filter(|debt| debt.amount != Money::ZERO).collect()
}
