//! Evenings played through `decide` and `apply`, told in a few words.
//! Players are known by their names; the first one opens the session and marks for everybody.

mod claims;
mod corrections;
mod frames;
mod games;
pub(crate) mod golden;
mod invitations;
mod kolkhoz;
mod mistakes;
mod money;
mod newer;
mod orders;
mod participants;
mod properties;
mod pyramid;
mod recomputed;
mod refusals;
mod replay;
mod scorers;
mod settings;
mod snooker;
mod steps;
mod voids;

use serde_json::{Value, json};
use uuid::Uuid;

use super::command::{ChangeSettings, Command, CreateSession, Request, Scoring};
use super::discipline::Rules;
use super::event::{Actor, BallPotted, DecidedFact, Event, Fact, GameEnded, GameResult, Proof, Role};
use super::refusal::Refusal;
use super::{Session, Status};
use crate::ids::{CommandId, CorrelationId, Dice, GameId, Money, ParticipantId, Seq, SessionId, Timestamp, UserId};

/// The balls of the system templates that matter here, not counted.
const OPEN_TABLE: &str = r#"[{"color":"white","points":1},{"color":"yellow","points":2},{"color":"pink","points":4}]"#;

/// Two white balls and a pink one: the third pot clears it.
const SHORT_TABLE: &str = r#"[{"color":"white","points":1,"count":2},{"color":"pink","points":4,"count":1}]"#;

/// Kolkhoz at 50 ₽ a point with these options.
fn kolkhoz(balls: &str, options: Value) -> Rules {
    let balls: Value = serde_json::from_str(balls).expect("balls");
    with_options(json!({"game_type": "kolkhoz", "currency": "RUB", "point_price": 5000, "balls": balls}), options)
}

/// A frame for nothing with these options.
fn snooker(options: Value) -> Rules {
    with_options(json!({"game_type": "snooker", "currency": "RUB"}), options)
}

/// A pyramid at 500 ₽ a game with these options.
fn pyramid(options: Value) -> Rules {
    with_options(json!({"game_type": "americana", "currency": "RUB", "game_price": 50000}), options)
}

fn with_options(mut rules: Value, options: Value) -> Rules {
    for (name, value) in options.as_object().into_iter().flatten() {
        rules[name] = value.clone();
    }
    serde_json::from_value(rules).expect("rules")
}

fn user(name: &str) -> UserId {
    UserId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// A session, its log, and the one who marks.
#[derive(Clone, Debug)]
struct Evening {
    session: Session,
    log: Vec<Event>,
    asked: u128,
    scorer: UserId,
}

impl Evening {
    /// Nothing has happened.
    fn empty() -> Self {
        Evening { session: Session::default(), log: Vec::new(), asked: 0, scorer: user("Anna") }
    }

    /// Opened by the first player, joined by the others.
    fn of(rules: Rules, players: &[&str]) -> Self {
        let mut evening = Evening::empty();
        evening.scorer = user(players[0]);
        evening.by(players[0], Evening::opening(rules, players[0]));
        for player in &players[1..] {
            evening.joins(player, Role::Participant);
        }
        evening
    }

    fn opening(rules: Rules, name: &str) -> Command {
        Command::CreateSession(CreateSession {
            session_id: SessionId(Uuid::from_u128(1)),
            chat_id: Uuid::from_u128(2),
            code: "ABC234".into(),
            name: "Friday".into(),
            rules,
            template_id: None,
            max_players: None,
            is_private: true,
            display_name: name.into(),
        })
    }

    /// As `of`, and the first game begins in that order.
    fn playing(rules: Rules, players: &[&str]) -> Self {
        let mut evening = Evening::of(rules, players);
        evening.starts(players);
        evening
    }

    /// When the last question was asked: one comes each second.
    fn time(&self) -> Timestamp {
        Timestamp::from_millis(1_769_882_645_000 + self.asked as i64 * 1000)
    }

    fn request(&self, user: UserId, game: Option<GameId>, command: Command) -> Request {
        Request { user, game, command, at: self.time(), dice: Dice(self.asked * 0x9e37_79b9_7f4a_7c15) }
    }

    /// Asks, stores and applies.
    fn ask(&mut self, user: UserId, game: Option<GameId>, command: Command) -> Result<Vec<Event>, Refusal> {
        self.asked += 1;
        let request = self.request(user, game, command);
        let decided = self.session.decide(&request)?;
        let events: Vec<Event> = decided.into_iter().map(|decided| self.store(decided, &request)).collect();
        Ok(events)
    }

    fn store(&mut self, decided: DecidedFact, request: &Request) -> Event {
        let seq = self.session.seq().next();
        let event = Event {
            event_id: request.dice.id(seq.0 as u64, request.at),
            session_id: SessionId(Uuid::from_u128(1)),
            seq,
            fact: decided.fact,
            game_id: decided.game_id,
            actor: Actor { user_id: Some(request.user), participant_id: None },
            command_id: CommandId(Uuid::from_u128(self.asked)),
            correlation_id: CorrelationId(Uuid::from_u128(self.asked)),
            timestamp: request.at,
            proof: Proof::after(self.session.last_hash()),
        };
        let (event, _) = event.sealed();
        self.session.apply(&event);
        assert_eq!(self.session.seq(), seq);
        self.log.push(event.clone());
        event
    }

    fn by(&mut self, name: &str, command: Command) -> Vec<Fact> {
        let events = self.ask(user(name), None, command.clone());
        let events = events.unwrap_or_else(|refusal| panic!("{name} {command:?}: {refusal}"));
        events.into_iter().map(|event| event.fact).collect()
    }

    fn refused(&mut self, name: &str, command: Command) -> Refusal {
        let before = self.session.clone();
        let refusal = self.ask(user(name), None, command.clone()).expect_err(&format!("{command:?} is refused"));
        assert_eq!(self.session, before);
        refusal
    }

    fn score(&mut self, scoring: Scoring) -> Vec<Fact> {
        let scorer = self.scorer;
        let events = self.ask(scorer, None, Command::Score(scoring.clone()));
        let events = events.unwrap_or_else(|refusal| panic!("{scoring:?}: {refusal}"));
        events.into_iter().map(|event| event.fact).collect()
    }

    fn score_refused(&mut self, scoring: Scoring) -> Refusal {
        let scorer = self.scorer;
        self.ask(scorer, None, Command::Score(scoring.clone())).expect_err(&format!("{scoring:?} is refused"))
    }

    fn joins(&mut self, name: &str, role: Role) -> Vec<Fact> {
        self.by(name, Command::Join { display_name: name.into(), role: Some(role) })
    }

    fn participant(&self, name: &str) -> ParticipantId {
        let participant = self.session.participants().iter().find(|participant| participant.display_name == name);
        participant.unwrap_or_else(|| panic!("{name} has a place")).id
    }

    fn names(&self, participants: &[ParticipantId]) -> Vec<String> {
        let name = |participant: &ParticipantId| {
            self.session.participant(*participant).expect("participant").display_name.clone()
        };
        participants.iter().map(name).collect()
    }

    fn pot(&self, who: &str, color: &str) -> Scoring {
        Scoring::PotBall {
            participant_id: self.participant(who),
            color: color.into(),
            own_ball: false,
            count: None,
            free_ball: false,
            note: None,
            correction: false,
        }
    }

    fn foul(&self, who: &str, points: Option<i64>) -> Scoring {
        Scoring::CommitFoul {
            participant_id: self.participant(who),
            points,
            reds: None,
            reason: None,
            correction: false,
        }
    }

    fn end_turn(&self, who: &str) -> Scoring {
        Scoring::EndTurn { participant_id: self.participant(who), reason: Some("miss".into()), correction: false }
    }

    fn pots(&mut self, who: &str, color: &str) -> Vec<Fact> {
        self.score(self.pot(who, color))
    }

    fn fouls(&mut self, who: &str) -> Vec<Fact> {
        self.score(self.foul(who, None))
    }

    fn misses(&mut self, who: &str) -> Vec<Fact> {
        self.score(self.end_turn(who))
    }

    fn starts(&mut self, order: &[&str]) -> GameId {
        let order = order.iter().map(|name| self.participant(name)).collect();
        self.score(Scoring::StartGame { order: Some(order) });
        self.game()
    }

    /// Begins a game in an order that the rules draw; says which, and whether it is reversed.
    fn draws(&mut self) -> (Vec<String>, bool) {
        match self.score(Scoring::StartGame { order: None }).as_slice() {
            [Fact::GameStarted(started)] => (self.names(&started.order), started.reversed),
            other => panic!("{other:?}"),
        }
    }

    fn ends(&mut self) -> GameEnded {
        match self.score(Scoring::EndGame { reason: None, participant_id: None }).as_slice() {
            [Fact::GameEnded(ended)] => (**ended).clone(),
            other => panic!("{other:?}"),
        }
    }

    fn voids(&mut self, seq: Seq) -> Vec<Fact> {
        self.score(Scoring::VoidEvent { seq })
    }

    /// The number of the last event.
    fn now(&self) -> Seq {
        self.session.seq()
    }

    /// The newest game.
    fn game(&self) -> GameId {
        self.session.games().last().expect("a game")
    }

    fn view(&self) -> super::GameView {
        self.session.game_view(self.game()).expect("a game")
    }

    /// Points of the newest game, by order.
    fn points(&self) -> Vec<i64> {
        self.view().scores.iter().map(|score| score.points).collect()
    }

    /// Live money of the newest game, by order, in whole roubles.
    fn roubles(&self) -> Vec<i64> {
        self.view().scores.iter().map(|score| score.net.0 / 100).collect()
    }

    /// Everybody's balance, by place, in whole roubles.
    fn balances(&self) -> Vec<i64> {
        self.session.balance().participants.iter().map(|sum| sum.net.0 / 100).collect()
    }

    fn turn(&self) -> Option<String> {
        self.view().current_participant_id.map(|participant| self.names(&[participant]).remove(0))
    }

    fn winners(&self) -> Vec<String> {
        self.names(&self.view().winner_participant_ids)
    }
}

fn settings(change: ChangeSettings) -> Command {
    Command::ChangeSettings(Box::new(change))
}

fn places(results: &[GameResult]) -> Vec<u32> {
    results.iter().map(|result| result.place).collect()
}
