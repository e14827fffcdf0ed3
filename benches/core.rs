//! How fast the pure core is: deciding and applying a ball, settling an evening, writing an event, replaying a log.

use std::hint::black_box;

use artel::game::command::{Command, CreateSession, Request, Scoring};
use artel::game::event::{Actor, DecidedFact, Event, Proof, Role};
use artel::game::{Rules, Session, settle};
use artel::ids::{CommandId, CorrelationId, Dice, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use uuid::Uuid;

const RULES: &str = r#"{"game_type": "kolkhoz", "currency": "RUB", "point_price": 5000, "balls": [
    {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "pink", "points": 6}]}"#;

/// An evening that grows by what its creator asks for.
struct Evening {
    session: Session,
    log: Vec<Event>,
}

impl Evening {
    /// Four players and a game with this many marks, mostly balls.
    fn with_marks(marks: usize) -> Self {
        let mut evening = Evening { session: Session::default(), log: Vec::new() };
        let rules: Rules = serde_json::from_str(RULES).expect("rules");
        evening.ask(
            0,
            Command::CreateSession(CreateSession {
                session_id: SessionId(Uuid::from_u128(1)),
                chat_id: Uuid::from_u128(2),
                code: "ABC234".to_owned(),
                name: "Friday".to_owned(),
                rules,
                template_id: None,
                max_players: None,
                is_private: true,
                display_name: "Anna".to_owned(),
            }),
        );
        for user in 1..4 {
            evening.ask(user, Command::Join { display_name: format!("Player {user}"), role: Some(Role::Participant) });
        }
        evening.ask(0, Command::Score(Scoring::StartGame { order: None }));
        for mark in 0..marks {
            let scoring = evening.mark(mark);
            evening.ask(0, Command::Score(scoring));
        }
        evening
    }

    fn mark(&self, nth: usize) -> Scoring {
        let participant_id = self.session.participants()[nth % 4].id;
        match nth % 10 {
            8 => Scoring::CommitFoul { participant_id, points: None, reds: None, reason: None, correction: false },
            9 => Scoring::EndTurn { participant_id, reason: Some("miss".to_owned()), correction: false },
            _ => Scoring::PotBall {
                participant_id,
                color: "yellow".to_owned(),
                own_ball: false,
                count: None,
                free_ball: false,
                note: None,
                correction: false,
            },
        }
    }

    fn ask(&mut self, user: u128, command: Command) {
        let request = self.request(user, command);
        for decided in self.session.decide(&request).expect("a legal command") {
            let event = self.event(decided, &request);
            self.session.apply(&event);
            self.log.push(event);
        }
    }

    fn request(&self, user: u128, command: Command) -> Request {
        let at = Timestamp::from_millis(1_769_882_645_000 + self.session.seq().0);
        let dice = Dice(0x9e37_79b9_7f4a_7c15 * (self.session.seq().0 as u128 + 1));
        Request { user: UserId(Uuid::from_u128(100 + user)), game: None, command, at, dice }
    }

    fn event(&self, decided: DecidedFact, request: &Request) -> Event {
        Event {
            event_id: request.dice.id(0, request.at),
            session_id: SessionId(Uuid::from_u128(1)),
            seq: self.session.seq().next(),
            fact: decided.fact,
            game_id: decided.game_id,
            actor: Actor { user_id: Some(request.user), participant_id: None },
            command_id: CommandId(request.dice.id(1, request.at)),
            correlation_id: CorrelationId(request.dice.id(2, request.at)),
            timestamp: request.at,
            proof: Proof::after(self.session.last_hash()),
        }
    }
}

fn a_ball(c: &mut Criterion) {
    let evening = Evening::with_marks(1_000);
    let request = evening.request(0, Command::Score(evening.mark(0)));
    c.bench_function("decide a pot after 1000 marks", |b| b.iter(|| evening.session.decide(black_box(&request))));

    // Each on a copy of its own: one session would run into the bound on its length.
    c.bench_function("decide and apply a pot after 1000 marks", |b| {
        b.iter_batched(
            || evening.session.clone(),
            |mut session| {
                for decided in session.decide(&request).expect("a legal command") {
                    session.apply(&evening.event(decided, &request));
                }
                session
            },
            BatchSize::SmallInput,
        );
    });
}

fn an_evening(c: &mut Criterion) {
    let nets = [700, -300, 1200, -450, -650, 90, -590, 1310, -810, -205, 405, -700];
    let balances: Vec<_> =
        nets.into_iter().enumerate().map(|(n, net)| (ParticipantId(Uuid::from_u128(n as u128)), Money(net))).collect();
    c.bench_function("settle 12", |b| b.iter(|| settle(black_box(&balances))));
}

fn the_log(c: &mut Criterion) {
    let evening = Evening::with_marks(10_000);
    let pot = evening.log.iter().rev().find(|event| event.fact.event_type() == "game.ball_potted").expect("a pot");
    c.bench_function("write an event", |b| b.iter(|| serde_json::to_vec(black_box(pot))));
    // Beside "write an event": what the chain costs.
    c.bench_function("close an event with its hash", |b| {
        b.iter_batched(|| pot.clone(), |pot| pot.sealed(), BatchSize::SmallInput);
    });
    let written = serde_json::to_vec(pot).expect("json");
    c.bench_function("read an event", |b| b.iter(|| serde_json::from_slice::<Event>(black_box(&written))));

    let log: Vec<_> = evening.log.iter().map(|event| serde_json::to_vec(event).expect("json")).collect();
    c.bench_function("replay 10000 events", |b| {
        b.iter(|| {
            let mut session = Session::default();
            for written in &log {
                let event: Event = serde_json::from_slice(written).expect("event");
                session.apply(&event);
            }
            session
        });
    });

    let snapshot = serde_json::to_vec(&evening.session).expect("json");
    c.bench_function("read a snapshot of 10000 marks", |b| {
        b.iter(|| serde_json::from_slice::<Session>(black_box(&snapshot)));
    });
    let last = evening.log.last().expect("a log").seq;
    let request = evening.request(0, Command::Score(Scoring::VoidEvent { seq: Seq(last.0 / 2) }));
    c.bench_function("decide a void among 10000 marks", |b| {
        b.iter_batched(|| request.clone(), |request| evening.session.decide(&request), BatchSize::SmallInput);
    });
}

criterion_group!(core, a_ball, an_evening, the_log);
criterion_main!(core);
