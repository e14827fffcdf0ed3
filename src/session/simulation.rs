//! Two nodes, one session, one log: seeded interleavings of commands, appends that conflict, fail or succeed unheard,
//! reads that fail, and tidings of the other node that are lost, doubled, late or shuffled.
//!
//! What must hold whatever happens: one gapless log; each acknowledged command in it exactly once; every watcher of
//! either node hears the same events in the same order, each once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::engine::{Ask, Effect, Engine, Input, Outcome, Ticket};
use crate::game::Session;
use crate::game::command::{Command, CreateSession, Request, Scoring};
use crate::game::event::{Actor, Event};
use crate::game::id::{Dice, Seq, SessionId, Timestamp, UserId};
use crate::journal::{AppendError, Commands, Opened, Record};

const CREATOR: UserId = UserId(Uuid::from_u128(1));
const NODES: usize = 2;
const COMMANDS: usize = 60;

/// Work that a node has asked for and that is not done yet.
enum Pending {
    Append { after: Seq, records: Vec<Arc<Record>> },
    Appended(Result<(), AppendError>),
    ReadTail { after: Seq },
    ReadHistory { watcher: u64, after: Seq },
    Heard(Vec<Arc<Record>>),
    LookNow,
}

#[derive(Default)]
struct Watcher {
    /// The last event heard, once welcomed.
    last: Option<Seq>,
    heard: Vec<Uuid>,
    /// From which event on it heard.
    from: Seq,
}

struct World {
    dice: Dice,
    drawn: u64,
    /// How often each node was started: answers to an earlier life reach nobody.
    lives: [u32; NODES],
    log: Vec<Arc<Record>>,
    engines: Vec<Engine>,
    /// Work under way, for which node, in which of its lives.
    pending: Vec<(usize, u32, Pending)>,
    watchers: Vec<BTreeMap<u64, Watcher>>,
    /// By ticket: node and command.
    asked: HashMap<Ticket, (usize, Uuid)>,
    acked: HashMap<Uuid, Vec<Uuid>>,
    refused: HashSet<Uuid>,
    requests: HashMap<Uuid, Request>,
    /// How long the log was when a command was asked.
    asked_at: HashMap<Ticket, usize>,
    retry: Vec<(Request, Uuid)>,
    tickets: u64,
    faults: bool,
}

fn opening() -> Arc<Record> {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let create = CreateSession {
        session_id: SessionId(Uuid::from_u128(2)),
        chat_id: Uuid::from_u128(3),
        code: "ABCDEF".to_owned(),
        name: "evening".to_owned(),
        rules: serde_json::from_value(serde_json::json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
            "balls": [{"color": "white", "points": 1}],
        }))
        .expect("rules"),
        template_id: None,
        max_players: None,
        is_private: true,
        display_name: "Anna".to_owned(),
    };
    let session_id = create.session_id;
    let request = Request { user: CREATOR, game: None, command: Command::CreateSession(create), at, dice: Dice(4) };
    let decided = Session::default().decide(&request).expect("a new session").remove(0);
    let event = Event {
        event_id: Uuid::from_u128(5),
        session_id,
        seq: 1,
        fact: decided.fact,
        game_id: None,
        actor: Actor { user_id: Some(CREATOR), participant_id: None },
        command_id: Uuid::from_u128(6),
        correlation_id: Uuid::from_u128(6),
        timestamp: at,
    };
    Arc::new(Record::new(event, 0))
}

fn opened(log: &[Arc<Record>]) -> Opened {
    let mut state = Session::default();
    log.iter().for_each(|record| state.apply(&record.event));
    let mut commands = Commands::new();
    crate::journal::note_made(&mut commands, log);
    Opened { state, commands, recent: log.to_vec(), snapshot_seq: 0 }
}

impl World {
    fn new(seed: u64) -> Self {
        let log = vec![opening()];
        Self {
            dice: Dice(u128::from(seed)),
            drawn: 0,
            lives: [0; NODES],
            engines: (0..NODES).map(|_| Engine::new(opened(&log), true)).collect(),
            log,
            pending: Vec::new(),
            watchers: (0..NODES).map(|_| BTreeMap::new()).collect(),
            asked: HashMap::new(),
            acked: HashMap::new(),
            refused: HashSet::new(),
            requests: HashMap::new(),
            asked_at: HashMap::new(),
            retry: Vec::new(),
            tickets: 0,
            faults: true,
        }
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.dice.draw(self.drawn)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn later(&mut self, node: usize, pending: Pending) {
        self.pending.push((node, self.lives[node], pending));
    }

    fn feed(&mut self, node: usize, input: Input) {
        for effect in self.engines[node].on(input) {
            self.carry_out(node, effect);
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Append { after, records } => self.later(node, Pending::Append { after, records }),
            Effect::ReadTail { after } => self.later(node, Pending::ReadTail { after }),
            Effect::ReadHistory { watcher, after } => self.later(node, Pending::ReadHistory { watcher, after }),
            Effect::Tell(records) => {
                for watcher in self.watchers[node].values_mut() {
                    watcher.hear(&records, &self.log);
                }
            }
            Effect::Welcome { watcher, missed } => {
                let seq = self.engines[node].state().seq();
                let watcher = self.watchers[node].get_mut(&watcher).expect("a watcher that asked");
                match missed {
                    Some(missed) => {
                        watcher.last = Some(watcher.from);
                        watcher.hear(&missed, &self.log);
                        assert_eq!(watcher.last, Some(seq), "a welcome ends where the state stands");
                    }
                    None => {
                        watcher.from = seq;
                        watcher.last = Some(seq);
                        watcher.heard.clear();
                    }
                }
            }
            Effect::Answer { ticket, outcome } => self.answered(ticket, outcome),
            Effect::KeepSnapshot => {
                let _ = self.engines[node].snapshot();
            }
            Effect::LookLater => self.later(node, Pending::LookNow),
        }
    }

    fn answered(&mut self, ticket: Ticket, outcome: Outcome) {
        let (_, command) = self.asked.remove(&ticket).expect("each command is answered once");
        match outcome {
            Outcome::Done { seq, records } => {
                assert!(seq <= self.log.len() as Seq, "answered before it was stored");
                let ids = records.iter().map(|record| record.event.event_id).collect();
                self.acknowledge(command, ids);
            }
            Outcome::Repeated { first, count } => {
                let first = usize::try_from(first).expect("positive") - 1;
                let ids = self.log[first..first + count as usize].iter().map(|record| record.event.event_id).collect();
                self.acknowledge(command, ids);
            }
            Outcome::Refused(refusal) => {
                // Refused on what the log said when it was last read, never on what a node had not heard of yet.
                let request = self.requests.get(&command).expect("asked");
                let from = self.asked_at.remove(&ticket).unwrap_or(0);
                let stands = (from..=self.log.len())
                    .rev()
                    .any(|upto| opened(&self.log[..upto.max(1)]).state.decide(request).is_err());
                assert!(stands || self.refused.contains(&command), "refused without a reason: {refusal}");
                self.refused.insert(command);
            }
            Outcome::KeyReused => panic!("no key was reused"),
            Outcome::NotStored => {}
        }
    }

    fn acknowledge(&mut self, command: Uuid, events: Vec<Uuid>) {
        let first = self.acked.entry(command).or_insert_with(|| events.clone());
        assert_eq!(*first, events, "the same key is answered with the first outcome");
    }

    fn ask(&mut self) {
        let node = self.below(NODES);
        // A retry of an earlier command on any node, as a phone does that lost its connection.
        let (request, command_id) = if !self.retry.is_empty() && self.one_in(4) {
            let at = self.below(self.retry.len());
            self.retry[at].clone()
        } else {
            let new = (self.request(node), Uuid::from_u128(u128::from(self.draw()) | 1 << 100));
            self.retry.push(new.clone());
            new
        };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.asked.insert(ticket, (node, command_id));
        self.asked_at.insert(ticket, self.log.len());
        self.requests.insert(command_id, request.clone());
        self.feed(node, Input::Ask(Box::new(Ask { ticket, request, command_id, correlation_id: command_id, hash: 7 })));
    }

    fn request(&mut self, node: usize) -> Request {
        let state = self.engines[node].state();
        let players: Vec<_> = state.participants().iter().map(|seat| seat.id).collect();
        let (head, playing) = (state.seq(), state.current_game().is_some());
        let participant_id = players[self.below(players.len())];
        let command = match self.below(10) {
            0 => Command::AddGuest { display_name: "guest".to_owned() },
            1 | 2 if !playing => Command::Score(Scoring::StartGame { order: None }),
            1 if playing => Command::Score(Scoring::EndGame { reason: None }),
            2 => Command::Score(Scoring::VoidEvent { seq: 1 + self.below(head as usize) as Seq }),
            3 => Command::Score(Scoring::CommitFoul { participant_id, points: None, reason: None }),
            _ => Command::Score(Scoring::PotBall {
                participant_id,
                color: "white".to_owned(),
                own_ball: false,
                note: None,
            }),
        };
        let at = Timestamp::from_millis(1_700_000_000_000 + self.below(1_000_000) as i64);
        let dice = Dice(u128::from(self.draw()) << 64 | u128::from(self.draw()));
        Request { user: CREATOR, game: None, command, at, dice }
    }

    fn watch(&mut self) {
        let node = self.below(NODES);
        let id = self.draw();
        let after = match self.below(3) {
            0 => None,
            _ => Some(self.below(self.log.len() + 1) as Seq),
        };
        let from = after.unwrap_or(0);
        self.watchers[node].insert(id, Watcher { from, ..Watcher::default() });
        self.feed(node, Input::Watch { watcher: id, after });
    }

    fn leave(&mut self) {
        let node = self.below(NODES);
        let ids: Vec<u64> = self.watchers[node].keys().copied().collect();
        if ids.len() > 3 {
            let watcher = ids[self.below(ids.len())];
            self.watchers[node].remove(&watcher);
            self.feed(node, Input::Unwatch { watcher });
        }
    }

    /// A node dies and comes back with nothing but the log; its watchers come back with the last event they have.
    fn crash(&mut self) {
        let node = self.below(NODES);
        self.engines[node] = Engine::new(opened(&self.log), true);
        self.lives[node] += 1;
        // Callers of the dead node hear nothing; they may try again.
        self.asked.retain(|_, (at, _)| *at != node);
        let watchers = std::mem::take(&mut self.watchers[node]);
        for (id, watcher) in watchers {
            let after = watcher.last.unwrap_or(watcher.from);
            let known = watcher.last.is_some();
            self.watchers[node]
                .insert(id, Watcher { from: if known { after } else { watcher.from }, ..Watcher::default() });
            self.feed(node, Input::Watch { watcher: id, after: Some(after) });
        }
    }

    fn work(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let at = self.below(self.pending.len());
        let (node, life, pending) = self.pending.swap_remove(at);
        let lives = self.lives[node] == life;
        match pending {
            // What was on its way to the database arrives there, also when its sender is dead.
            Pending::Append { after, records } => {
                let result = self.append(after, &records);
                self.pending.push((node, life, Pending::Appended(result)));
            }
            _ if !lives => {}
            Pending::Appended(result) => self.feed(node, Input::Appended(result)),
            Pending::ReadTail { after } => {
                let tail = self.read(after, 1_000);
                self.feed(node, Input::Tail(tail));
            }
            Pending::ReadHistory { watcher, after } => {
                let records = self.read(after, 1_000);
                self.feed(node, Input::History { watcher, records });
            }
            Pending::Heard(records) => self.feed(node, Input::Heard(records)),
            Pending::LookNow => self.feed(node, Input::LookNow),
        }
    }

    fn append(&mut self, after: Seq, records: &[Arc<Record>]) -> Result<(), AppendError> {
        if self.faults && self.one_in(12) {
            return Err(AppendError::Unavailable);
        }
        if after != self.log.len() as Seq {
            return Err(AppendError::Conflict);
        }
        self.log.extend(records.iter().cloned());
        // Tidings for the nodes: lost, doubled, split, late. (To all: a node hears its own events as well.)
        for node in 0..NODES {
            if self.one_in(3) {
                continue;
            }
            for _ in 0..=self.below(2) {
                let from = self.below(records.len());
                self.later(node, Pending::Heard(records[from..].to_vec()));
            }
        }
        if self.faults && self.one_in(12) { Err(AppendError::Unavailable) } else { Ok(()) }
    }

    fn read(&mut self, after: Seq, limit: usize) -> Option<Vec<Arc<Record>>> {
        if self.faults && self.one_in(12) {
            return None;
        }
        Some(self.log.iter().skip(usize::try_from(after).unwrap_or(0)).take(limit).cloned().collect())
    }

    fn run(&mut self, crashes: bool) {
        for _ in 0..COMMANDS {
            match self.below(12) {
                0 => self.watch(),
                1 => self.leave(),
                2 if crashes && self.one_in(6) => self.crash(),
                _ => self.ask(),
            }
            for _ in 0..self.below(4) {
                self.work();
            }
        }
        self.faults = false;
        self.settle();
        // The sweep: each node learns how long the log is, and everything is tried once more.
        let head = self.log.len() as Seq;
        for node in 0..NODES {
            self.feed(node, Input::HeardHead(head));
        }
        self.settle();
    }

    fn settle(&mut self) {
        let mut steps = 0;
        while !self.pending.is_empty() {
            self.work();
            steps += 1;
            assert!(steps < 100_000, "the nodes turn in circles");
        }
    }

    fn check(&self) {
        for (record, seq) in self.log.iter().zip(1..) {
            assert_eq!(record.seq(), seq, "one gapless log");
        }
        assert!(self.asked.is_empty(), "everybody was answered: {:?}", self.asked);
        let mut made: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for record in &self.log[1..] {
            made.entry(record.event.command_id).or_default().push(record.event.event_id);
        }
        for (command, events) in &self.acked {
            assert_eq!(made.get(command).cloned().unwrap_or_default(), *events, "acknowledged is stored, once");
        }
        let truth = opened(&self.log).state;
        for engine in &self.engines {
            assert_eq!(*engine.state(), truth, "each node has the state of the log");
        }
        for watcher in self.watchers.iter().flat_map(BTreeMap::values) {
            assert_eq!(watcher.last, Some(self.log.len() as Seq), "every watcher has heard everything");
            let told: Vec<Uuid> =
                self.log[watcher.from as usize..].iter().map(|record| record.event.event_id).collect();
            assert_eq!(watcher.heard, told, "in order, each once");
        }
    }
}

impl Watcher {
    fn hear(&mut self, records: &[Arc<Record>], log: &[Arc<Record>]) {
        let Some(last) = &mut self.last else { return };
        for record in records {
            assert_eq!(record.seq(), *last + 1, "the next event, not another one");
            assert!(record.seq() <= log.len() as Seq, "told before it was stored");
            *last += 1;
            self.heard.push(record.event.event_id);
        }
    }
}

#[test]
fn two_nodes_write_one_log_whatever_fails() {
    for seed in 0..3_000 {
        let mut world = World::new(seed);
        world.run(false);
        world.check();
    }
}

#[test]
fn nodes_that_die_lose_nothing_acknowledged() {
    for seed in 0..2_000 {
        let mut world = World::new(1_000_000 + seed);
        world.run(true);
        world.check();
    }
}

/// What the simulation rests on: without it a broken engine could pass by doing nothing.
#[test]
fn the_simulation_sees_conflicts_failures_and_repetitions() {
    let (mut events, mut acked, mut refused) = (0, 0, 0);
    for seed in 0..200 {
        let mut world = World::new(seed);
        world.run(false);
        events += world.log.len();
        acked += world.acked.len();
        refused += world.refused.len();
    }
    assert!(events > 2_000 && acked > 2_000 && refused > 200, "{events} events, {acked} acked, {refused} refused");
}

fn ask(ticket: u64, command: Command) -> Input {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let request = Request { user: CREATOR, game: None, command, at, dice: Dice(u128::from(ticket)) };
    let command_id = Uuid::from_u128(u128::from(ticket));
    Input::Ask(Box::new(Ask { ticket: Ticket(ticket), request, command_id, correlation_id: command_id, hash: 7 }))
}

/// What an engine wants to append.
fn appended(effects: &[Effect]) -> Vec<Arc<Record>> {
    let records = effects.iter().find_map(|effect| match effect {
        Effect::Append { records, .. } => Some(records.clone()),
        _ => None,
    });
    records.expect("an append")
}

#[test]
fn an_append_that_is_stored_unheard_is_told_though_nobody_asks_again() {
    let mut engine = Engine::new(opened(&[opening()]), false);
    let records = appended(&engine.on(ask(1, Command::AddGuest { display_name: "guest".to_owned() })));
    let effects = engine.on(Input::Appended(Err(AppendError::Unavailable)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::LookLater)), "{effects:?}");
    assert!(matches!(engine.on(Input::HeardHead(2))[..], [Effect::ReadTail { after: 1 }]), "somebody asks meanwhile");
    assert!(engine.on(Input::Tail(None)).is_empty(), "it looks later already");
    assert!(matches!(engine.on(Input::LookNow)[..], [Effect::ReadTail { after: 1 }]));
    let effects = engine.on(Input::Tail(None));
    assert!(matches!(effects[..], [Effect::LookLater]), "the journal is still away: {effects:?}");
    engine.on(Input::LookNow);
    let effects = engine.on(Input::Tail(Some(records)));
    assert!(matches!(effects[..], [Effect::Tell(_)]), "{effects:?}");
    assert!(engine.on(Input::LookNow).is_empty(), "it is sure again");
}

#[test]
fn a_command_of_two_events_is_repeated_whole_where_they_were_heard_one_by_one() {
    let log = [opening()];
    let mut author = Engine::new(opened(&log), true);
    let guest = appended(&author.on(ask(1, Command::AddGuest { display_name: "guest".to_owned() })));
    author.on(Input::Appended(Ok(())));
    let game = appended(&author.on(ask(2, Command::Score(Scoring::StartGame { order: None }))));
    author.on(Input::Appended(Ok(())));
    // The game goes first, and then the session.
    let two = appended(&author.on(ask(3, Command::CancelSession)));
    assert_eq!(two.len(), 2, "{two:?}");
    let mut other = Engine::new(opened(&log), true);
    for record in guest.into_iter().chain(game).chain(two.clone()) {
        other.on(Input::Heard(vec![record.clone()]));
        other.on(Input::Heard(vec![record]));
    }
    let effects = other.on(ask(3, Command::CancelSession));
    let first = two[0].seq();
    assert!(
        matches!(effects[..], [Effect::Answer { outcome: Outcome::Repeated { first: at, count: 2 }, .. }] if at == first),
        "{effects:?}"
    );
}
