//! The evening's money: expenses, the table's clock, payments, and the proof of every balance.

use proptest::prelude::*;
use proptest::sample::Index;

use super::recomputed;
use super::steps::{Step, any_rules, any_step};
use super::*;
use crate::game::command::{NewExpense, NewPayment};
use crate::game::money::ledger::LineKind;
use crate::game::money::{TableSplit, TableTerms};

impl Evening {
    fn spends(&mut self, who: &str, amount: i64, shared_by: Option<&[&str]>) -> Vec<Fact> {
        let shared_by = shared_by.map(|names| names.iter().map(|name| self.participant(name)).collect());
        let expense = NewExpense {
            title: "Чай".into(),
            amount: Money(amount),
            paid_by: self.participant(who),
            shared_by,
            kind: None,
        };
        self.by("Anna", Command::AddExpense(expense))
    }

    fn pays(&mut self, from: &str, to: &str, amount: i64) -> Vec<Fact> {
        let payment = NewPayment { from: self.participant(from), to: self.participant(to), amount: Money(amount) };
        self.by("Anna", Command::MarkPayment(payment))
    }

    fn sets_table(&mut self, price_per_hour: i64, paid_by: &str, split: TableSplit) {
        let terms = TableTerms { price_per_hour: Money(price_per_hour), paid_by: self.participant(paid_by), split };
        self.by("Anna", settings(ChangeSettings { table: Some(Some(terms)), ..ChangeSettings::default() }));
    }

    /// Everybody's balance in kopecks, by place.
    fn kopecks(&self) -> Vec<i64> {
        self.session.balance().participants.iter().map(|sum| sum.net.0).collect()
    }

    fn is_proven(&self) {
        for sum in self.session.balance().participants {
            let lines = self.session.ledger(sum.participant_id).expect("a ledger");
            let of = |kind| lines.iter().filter(|line| line.kind == kind).map(|line| line.amount.0).sum::<i64>();
            assert_eq!(of(LineKind::Expense), sum.expenses.0, "{lines:?}");
            assert_eq!(of(LineKind::Payment), sum.payments.0, "{lines:?}");
            assert_eq!(of(LineKind::Game), sum.games.iter().map(|game| game.net.0).sum::<i64>(), "{lines:?}");
            assert_eq!(lines.iter().map(|line| line.amount.0).sum::<i64>(), sum.net.0, "{lines:?}");
            for line in &lines {
                let there = self.session.ledger(line.counterpart_id).expect("a ledger");
                let alike = |other: &&crate::game::money::ledger::LedgerLine| {
                    other.seq == line.seq
                        && other.counterpart_id == sum.participant_id
                        && other.amount.0 == -line.amount.0
                };
                assert!(there.iter().any(|other| alike(&other)), "both tell of it: {line:?}");
            }
        }
        assert_eq!(self.kopecks().iter().sum::<i64>(), 0);
    }
}

fn three() -> Evening {
    Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"])
}

#[test]
fn an_expense_is_shared_to_the_kopeck_and_taken_back() {
    let mut evening = three();
    let facts = evening.spends("Boris", 10_000, None);
    let [Fact::ExpenseAdded(added)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(added.shares.iter().map(|share| share.amount.0).collect::<Vec<_>>(), [3_334, 3_333, 3_333]);
    assert_eq!(evening.kopecks(), [-3_334, 6_667, -3_333]);
    evening.spends("Anna", 1_001, Some(&["Vera", "Boris"]));
    assert_eq!(evening.kopecks(), [-3_334 + 1_001, 6_667 - 501, -3_333 - 500]);
    evening.is_proven();
    let first = evening.log.iter().find(|event| matches!(event.fact, Fact::ExpenseAdded(_))).expect("there").seq;
    evening.by("Anna", Command::VoidEntry { seq: first });
    assert_eq!(evening.kopecks(), [1_001, -501, -500]);
    assert_eq!(evening.refused("Anna", Command::VoidEntry { seq: first }).code(), "event_not_voidable");
    assert_eq!(evening.refused("Anna", Command::VoidEntry { seq: Seq(1) }).code(), "event_not_voidable");
    assert_eq!(evening.refused("Anna", Command::VoidEntry { seq: Seq(999) }).code(), "not_found");
}

#[test]
fn a_payment_moves_both_balances_and_the_settlement_shows_what_is_open() {
    let mut evening = three();
    evening.starts(&["Anna", "Boris", "Vera"]);
    evening.pots("Anna", "pink");
    evening.ends();
    assert_eq!(evening.balances(), [200, 0, -200]);
    evening.score(Scoring::CompleteSession {});
    let paid = NewPayment { from: evening.participant("Vera"), to: evening.participant("Anna"), amount: Money(5_000) };
    let facts = evening.by("Vera", Command::MarkPayment(paid));
    let [Fact::PaymentMarked(marked)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((marked.from_user_id, marked.to_user_id), (Some(user("Vera")), Some(user("Anna"))));
    assert_eq!(evening.balances(), [150, 0, -150]);
    let open = evening.session.balance().settlement;
    assert_eq!(open.iter().map(|transfer| transfer.amount.0).collect::<Vec<_>>(), [15_000]);
    evening.pays("Vera", "Anna", 15_000);
    assert!(evening.session.balance().settlement.is_empty());
    evening.is_proven();
    let code = |refusal: Refusal| refusal.code();
    assert_eq!(code(evening.refused("Boris", Command::MarkPayment(paid))), "insufficient_permissions");
    let to_oneself = NewPayment { to: paid.from, ..paid };
    assert_eq!(code(evening.refused("Anna", Command::MarkPayment(to_oneself))), "validation_failed");
    for amount in [0, -1, 1_000_000_001] {
        assert_eq!(
            code(evening.refused("Anna", Command::MarkPayment(NewPayment { amount: Money(amount), ..paid }))),
            "validation_failed"
        );
    }
    // The evening is over: no expense any more, but what was paid by mistake is taken back.
    let late = NewExpense { title: "Чай".into(), amount: Money(1), paid_by: paid.from, shared_by: None, kind: None };
    assert_eq!(code(evening.refused("Anna", Command::AddExpense(late))), "session_closed");
    evening.by("Vera", Command::VoidEntry { seq: evening.now() });
    assert_eq!(evening.balances(), [150, 0, -150]);
}

#[test]
fn the_tables_time_is_split_in_each_way() {
    for (split, expected) in [(TableSplit::Equally, [2_000, -1_000, -1_000]), (TableSplit::Losers, [3_000, 0, -3_000])]
    {
        let mut evening = three();
        evening.sets_table(60_000, "Anna", split);
        assert_eq!(evening.refused("Anna", Command::StopTable).code(), "table_not_running");
        let game = evening.starts(&["Anna", "Boris", "Vera"]);
        let clock = evening.session.view(&|_| false).table.expect("a clock");
        assert!(clock.started_at.is_some() && clock.stopped_at.is_none());
        evening.pots("Anna", "pink");
        evening.ends();
        assert_eq!(evening.balances(), [200, 0, -200]);
        // Two minutes and a bit after the start: the third has begun.
        evening.asked += 121;
        let facts = evening.score(Scoring::CompleteSession {});
        let [Fact::TableStopped(stopped), Fact::SessionCompleted(_)] = &facts[..] else { panic!("{facts:?}") };
        assert_eq!((stopped.minutes, stopped.amount.0), (3, 3_000));
        let balance = evening.session.balance();
        assert_eq!(balance.participants.iter().map(|sum| sum.expenses.0).collect::<Vec<_>>(), expected, "{split:?}");
        evening.is_proven();
        // Who has lost is another one when the ball was another player's.
        let pink = evening.log.iter().find(|event| matches!(event.fact, Fact::BallPotted(_))).expect("a ball").seq;
        let moved = Scoring::ReassignEvent { seq: pink, participant_id: evening.participant("Vera") };
        evening.ask(user("Anna"), Some(game), Command::Score(moved)).expect("moved");
        let losers = [3_000 - 3_000 * i64::from(split == TableSplit::Equally) / 3, -3_000, 0];
        if split == TableSplit::Losers {
            let balance = evening.session.balance();
            assert_eq!(balance.participants.iter().map(|sum| sum.expenses.0).collect::<Vec<_>>(), losers);
        }
        evening.is_proven();
    }
}

#[test]
fn by_time_everybody_pays_for_the_time_at_the_table() {
    let mut evening = three();
    evening.sets_table(360_000, "Boris", TableSplit::ByTime);
    evening.starts(&["Anna", "Boris", "Vera"]);
    // Each request is a second later than the one before.
    evening.asked += 59;
    let vera = evening.participant("Vera");
    evening.by("Vera", Command::RemoveParticipant { participant_id: vera });
    evening.asked += 59;
    let facts = evening.by("Anna", Command::StopTable);
    let [Fact::TableStopped(stopped)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((stopped.minutes, stopped.amount.0), (2, 12_000));
    let times: Vec<i64> = stopped.shares.iter().map(|share| share.milliseconds).collect();
    assert_eq!(times, [120_000, 120_000, 60_000]);
    assert_eq!(evening.kopecks(), [-4_800, 7_200, -2_400]);
    evening.is_proven();
    evening.by("Anna", Command::VoidEntry { seq: evening.now() });
    assert_eq!(evening.kopecks(), [0, 0, 0]);
}

#[test]
fn expenses_have_bounds_and_are_of_those_at_the_table() {
    let mut evening = three();
    let expense = |evening: &Evening| NewExpense {
        title: "Чай".into(),
        amount: Money(1),
        paid_by: evening.participant("Anna"),
        shared_by: None,
        kind: None,
    };
    let refused = |evening: &mut Evening, change: &dyn Fn(&mut NewExpense)| {
        let mut new = expense(evening);
        change(&mut new);
        match evening.refused("Anna", Command::AddExpense(new)) {
            Refusal::Invalid { field, .. } => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&mut evening, &|new| new.title = "  ".into()), "title");
    assert_eq!(refused(&mut evening, &|new| new.title = "ы".repeat(101)), "title");
    assert_eq!(refused(&mut evening, &|new| new.title = "a\u{0}b".into()), "title");
    assert_eq!(refused(&mut evening, &|new| new.amount = Money::ZERO), "amount");
    assert_eq!(refused(&mut evening, &|new| new.paid_by = ParticipantId(Uuid::from_u128(9))), "paid_by");
    assert_eq!(refused(&mut evening, &|new| new.shared_by = Some(Vec::new())), "shared_by");
    let anna = evening.participant("Anna");
    assert_eq!(refused(&mut evening, &|new| new.shared_by = Some(vec![anna, anna])), "shared_by");
    for _ in 0..500 {
        evening.by("Anna", Command::AddExpense(expense(&evening)));
    }
    assert_eq!(refused(&mut evening, &|_| {}), "body");
    evening.is_proven();
}

#[test]
fn an_expense_is_shared_with_whoever_has_played_and_now_watches() {
    let mut evening = three();
    evening.joins("Dina", Role::Spectator);
    evening.starts(&["Anna", "Boris", "Vera"]);
    evening.ends();
    evening.by("Boris", Command::Join { display_name: "Boris".into(), role: Some(Role::Spectator) });
    evening.spends("Anna", 3_000, None);
    assert_eq!(evening.kopecks(), [2_000, -1_000, -1_000, 0]);
}

#[test]
fn the_currency_stays_once_there_is_money_in_it() {
    let dollars = || {
        let mut rules = serde_json::to_value(kolkhoz(OPEN_TABLE, json!({}))).expect("rules");
        rules["currency"] = json!("USD");
        let rules = Some(serde_json::from_value(rules).expect("rules"));
        settings(ChangeSettings { rules, ..ChangeSettings::default() })
    };
    let is_bound = |evening: &mut Evening| evening.refused("Anna", dollars()).code() == "validation_failed";
    let mut spent = three();
    spent.spends("Anna", 100, None);
    assert!(is_bound(&mut spent));
    spent.by("Anna", Command::VoidEntry { seq: spent.now() });
    spent.by("Anna", dollars());
    let mut paid = three();
    paid.pays("Anna", "Boris", 100);
    assert!(is_bound(&mut paid));
    let mut clocked = three();
    clocked.sets_table(60_000, "Anna", TableSplit::Equally);
    assert!(is_bound(&mut clocked));
    clocked.by("Anna", settings(ChangeSettings { table: Some(None), ..ChangeSettings::default() }));
    clocked.by("Anna", dollars());
}

#[test]
fn a_ledger_names_the_ball_the_points_and_the_price() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "pool"}})), &["Anna", "Boris"]);
    evening.fouls("Boris");
    evening.pots("Anna", "pink");
    let pink = evening.now();
    evening.ends();
    let lines = evening.session.ledger(evening.participant("Anna")).expect("a ledger");
    let told: Vec<_> =
        lines.iter().map(|line| (line.seq, line.points, line.price, line.amount.0, &*line.text)).collect();
    assert_eq!(
        told,
        [(pink, Some(4), Some(Money(5_000)), 20_000, "pink"), (pink, Some(1), Some(Money(5_000)), 5_000, "pink"),]
    );
    assert!(lines.iter().all(|line| line.counterpart_id == evening.participant("Boris")));
    assert_eq!(evening.session.ledger(ParticipantId(Uuid::from_u128(5))), None);
}

/// What happens beside the games.
#[derive(Clone, Debug)]
enum Spend {
    Expense(Index, i64, Vec<Index>),
    Payment(Index, Index, i64),
    Void(Index),
    Table(Index, u8),
    Stop,
    Play(Step),
    Forgotten(Index, Index, u8),
    Move(Index, Index),
    Reopen,
}

fn any_spend() -> impl Strategy<Value = Spend> {
    let amount = || prop_oneof![1..1_000_i64, 1..1_000_000_000_i64];
    prop_oneof![
        2 => (any::<Index>(), amount(), prop::collection::vec(any::<Index>(), 0..4))
            .prop_map(|(by, amount, shared)| Spend::Expense(by, amount, shared)),
        2 => (any::<Index>(), any::<Index>(), amount()).prop_map(|(from, to, amount)| Spend::Payment(from, to, amount)),
        1 => any::<Index>().prop_map(Spend::Void),
        1 => (any::<Index>(), 0..3_u8).prop_map(|(by, split)| Spend::Table(by, split)),
        1 => Just(Spend::Stop),
        8 => any_step().prop_map(Spend::Play),
        2 => (any::<Index>(), any::<Index>(), any::<u8>())
            .prop_map(|(game, who, which)| Spend::Forgotten(game, who, which)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(which, to)| Spend::Move(which, to)),
        1 => Just(Spend::Reopen),
    ]
}

impl Evening {
    fn spend(&mut self, spend: &Spend) {
        let participants: Vec<_> = self.session.participants().iter().map(|participant| participant.id).collect();
        let games: Vec<_> = self.session.games().collect();
        let mut game = None;
        let command = match spend {
            Spend::Play(step) => return self.step(step),
            Spend::Forgotten(which, who, what) if !games.is_empty() => {
                game = Some(*which.get(&games));
                let view = self.session.game_view(*which.get(&games)).expect("a game");
                let participant_id = *who.get(&view.order);
                let colors: Vec<_> = view.remaining.into_iter().map(|left| left.color).collect();
                Command::Score(any_forgotten(participant_id, &colors, *what))
            }
            Spend::Forgotten(..) => return,
            Spend::Move(which, to) => {
                let seq = Seq(which.index(self.log.len()) as i64 + 1);
                Command::Score(Scoring::ReassignEvent { seq, participant_id: *to.get(&participants) })
            }
            Spend::Reopen => Command::Score(Scoring::ReopenGame {}),
            Spend::Expense(by, amount, shared) => {
                let shared: Vec<_> = shared.iter().map(|index| *index.get(&participants)).collect();
                let shared_by = (!shared.is_empty()).then_some(shared);
                let (title, paid_by) = ("Стол".into(), *by.get(&participants));
                Command::AddExpense(NewExpense { title, amount: Money(*amount), paid_by, shared_by, kind: None })
            }
            Spend::Payment(from, to, amount) => Command::MarkPayment(NewPayment {
                from: *from.get(&participants),
                to: *to.get(&participants),
                amount: Money(*amount),
            }),
            Spend::Void(which) => Command::VoidEntry { seq: Seq(which.index(self.log.len()) as i64 + 1) },
            Spend::Table(by, split) => {
                let split = [TableSplit::Equally, TableSplit::Losers, TableSplit::ByTime][usize::from(*split)];
                let terms = TableTerms { price_per_hour: Money(33_333), paid_by: *by.get(&participants), split };
                settings(ChangeSettings { table: Some(Some(terms)), ..ChangeSettings::default() })
            }
            Spend::Stop => Command::StopTable,
        };
        let creator = self.session.creator_user_id();
        let _ = self.ask(creator, game, command);
    }
}

fn any_forgotten(participant_id: ParticipantId, colors: &[String], what: u8) -> Scoring {
    let what = usize::from(what);
    match what % 4 {
        0 => Scoring::CommitFoul { participant_id, points: None, reds: None, reason: None, correction: true },
        1 => Scoring::EndTurn { participant_id, reason: None, correction: true },
        _ => Scoring::PotBall {
            participant_id,
            color: colors.get(what / 4 % colors.len().max(1)).cloned().unwrap_or_else(|| "white".to_owned()),
            own_ball: false,
            count: None,
            free_ball: false,
            note: None,
            correction: true,
        },
    }
}

proptest! {
    #[test]
    fn every_balance_is_proven_and_all_of_them_sum_to_nothing(
        rules in any_rules(),
        spends in prop::collection::vec(any_spend(), 0..60),
    ) {
        let rules: Rules = rules;
        let spends: Vec<Spend> = spends;
        let many = (*rules.players().start()).max(3);
        let people: Vec<&str> = super::steps::PEOPLE.into_iter().take(many).collect();
        let mut evening = Evening::of(rules, &people);
        for spend in &spends {
            evening.spend(spend);
        }
        evening.is_proven();
        let recomputed = recomputed::balances(&evening.log);
        for sum in evening.session.balance().participants {
            prop_assert_eq!(sum.net.0, recomputed.get(&sum.participant_id).copied().unwrap_or(0), "{:?}", evening.log);
        }
        let snapshot = serde_json::to_string(&evening.session).expect("json");
        prop_assert_eq!(&serde_json::from_str::<Session>(&snapshot).expect("a snapshot"), &evening.session);
    }
}
