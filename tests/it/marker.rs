//! Players who mark as fast as they can and believe nothing: they behave as the contract tells clients to, come back with
//! `after_seq`, to whatever node answers, and repeat what was not answered under its own id. And what must hold then.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::evening::Evening;
use crate::player::{Player, Socket};
use crate::test_app::until;

/// Commands that a player has under way at once.
const UNANSWERED_MAX: usize = 16;
/// A game ends after so many of the creator's marks.
const MARKS_OF_A_GAME: usize = 60;
/// A node that is stuck answers no handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);
/// Consumers may have a long outage to make up for.
const CATCH_UP: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A player who marks until told to stop.
pub struct Marker {
    /// The same player on each node, in the order of preference.
    nodes: Vec<Player>,
    session: String,
    participants: Vec<String>,
    me: usize,
    /// The last event that was heard.
    seen: i64,
    /// What was acked, and the numbers of its events.
    pub acked: HashMap<String, Vec<i64>>,
    unanswered: BTreeMap<Uuid, Value>,
    asked: usize,
    potted: Vec<i64>,
    /// Between two commands; none: as fast as answers come.
    pause: Duration,
}

/// What a frame means to who waits for answers.
#[derive(PartialEq, Eq)]
enum Heard {
    Acked,
    Refused,
    /// Not now: the same again, a little later.
    NotNow,
    Nothing,
}

impl Marker {
    /// The players of an evening, each on every node; the first is on the first node, the second on the second, and so
    /// on in turn.
    pub async fn all_of(evening: &Evening, nodes: &[&str], pause: Duration) -> Vec<Self> {
        for participant in &evening.participants[1..] {
            let path = format!("/api/v1/sessions/{}/participants/{participant}", evening.session);
            evening.players[0].patch(&path, json!({"can_score": true})).await;
        }
        let marker = |me: usize| {
            let on = |node: usize| Player {
                base: nodes[(me + node) % nodes.len()].to_owned(),
                ..evening.players[me].clone()
            };
            Self {
                nodes: (0..nodes.len()).map(on).collect(),
                session: evening.session.clone(),
                participants: evening.participants.clone(),
                me,
                seen: 0,
                acked: HashMap::new(),
                unanswered: BTreeMap::new(),
                asked: 0,
                potted: Vec::new(),
                pause,
            }
        };
        (0..evening.participants.len()).map(marker).collect()
    }

    /// What to ask next; the creator also takes marks back, ends games and starts them.
    fn ask(&mut self) -> Value {
        self.asked += 1;
        if self.me == 0 && self.asked.is_multiple_of(MARKS_OF_A_GAME) {
            return json!({"type": "end_game"});
        }
        if self.me == 0 && self.asked % MARKS_OF_A_GAME == 1 {
            return json!({"type": "start_game", "order": self.participants});
        }
        match self.asked % 11 {
            7 => json!({"type": "commit_foul", "participant_id": self.participants[self.me]}),
            9 if !self.potted.is_empty() => json!({"type": "void_event", "seq": self.potted.pop()}),
            n => {
                let color = ["white", "yellow", "pink"][n % 3];
                json!({"type": "pot_ball", "participant_id": self.participants[self.me], "color": color})
            }
        }
    }

    /// Marks until told to stop and all is answered; says each ack.
    pub async fn play(mut self, stop: watch::Receiver<bool>, acks: mpsc::UnboundedSender<()>) -> Self {
        while !(*stop.borrow() && self.unanswered.is_empty()) {
            let mut socket = self.come_back().await;
            while self.unanswered.len() < UNANSWERED_MAX && !*stop.borrow() {
                let command = self.ask();
                self.unanswered.insert(Uuid::now_v7(), command);
            }
            if self.unanswered.is_empty() {
                // Told to stop before it had asked anything.
                break;
            }
            for (id, command) in self.unanswered.clone() {
                self.send(&mut socket, id, &command).await;
            }
            while let Ok(frame) = socket.next_or_close().await {
                match self.hear(&frame) {
                    Heard::Nothing => continue,
                    Heard::NotNow => {
                        tokio::time::sleep(AGAIN_AFTER).await;
                        break;
                    }
                    Heard::Acked => {
                        let _ = acks.send(());
                    }
                    Heard::Refused => {}
                }
                if *stop.borrow() && self.unanswered.is_empty() {
                    break;
                }
                if !*stop.borrow() {
                    tokio::time::sleep(self.pause).await;
                    let (id, command) = (Uuid::now_v7(), self.ask());
                    self.send(&mut socket, id, &command).await;
                    self.unanswered.insert(id, command);
                }
            }
        }
        self
    }

    /// A new connection that goes on where the last one broke off.
    async fn come_back(&mut self) -> Socket {
        let nodes = &self.nodes;
        let mut socket = until("a server is there", || async {
            for player in nodes {
                let connected = tokio::time::timeout(HANDSHAKE_TIMEOUT, player.connect(&[])).await;
                if let Ok(Ok(socket)) = connected {
                    return Some(socket);
                }
            }
            None
        })
        .await;
        let frame = json!({"type": "subscribe", "id": Uuid::nil(), "session_id": self.session, "after_seq": self.seen});
        // A connection that breaks here as well is noticed by whoever reads from it.
        let _ = socket.stream.send(Message::Text(frame.to_string().into())).await;
        socket
    }

    async fn send(&self, socket: &mut Socket, id: Uuid, command: &Value) {
        let frame = json!({"type": "command", "id": id, "session_id": self.session, "command": command});
        let _ = socket.stream.send(Message::Text(frame.to_string().into())).await;
    }

    /// Takes a frame in.
    fn hear(&mut self, frame: &Value) -> Heard {
        match frame["type"].as_str().expect("a type") {
            "subscribed" => {
                assert_eq!(frame["session"], Value::Null, "less than a thousand events are missing");
                frame["events"].as_array().unwrap().iter().for_each(|event| self.see(event));
                assert_eq!(frame["seq"], self.seen);
            }
            "event" => self.see(&frame["event"]),
            "ack" => {
                let id: Uuid = frame["id"].as_str().unwrap().parse().unwrap();
                self.unanswered.remove(&id).expect("answered once on a connection");
                let events = frame["events"].as_array().unwrap();
                let mine = events.iter().filter(|event| event["type"] == "game.ball_potted");
                self.potted.extend(mine.map(|event| event["seq"].as_i64().unwrap()));
                let seqs = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
                self.acked.insert(id.to_string(), seqs);
                return Heard::Acked;
            }
            "error" => {
                let code = frame["code"].as_str().unwrap();
                if ["storage_unavailable", "overloaded"].contains(&code) {
                    return Heard::NotNow;
                }
                assert!(["game_not_active", "game_in_progress", "event_not_voidable"].contains(&code), "{frame}");
                let id: Uuid = frame["id"].as_str().unwrap().parse().unwrap();
                self.unanswered.remove(&id).expect("answered once on a connection");
                return Heard::Refused;
            }
            "connected" | "presence" | "stats" | "notification" => {}
            _ => panic!("{frame}"),
        }
        Heard::Nothing
    }

    fn see(&mut self, event: &Value) {
        assert_eq!(event["seq"], self.seen + 1, "each event once, in order");
        self.seen += 1;
    }
}

/// Every acked event is in the log with the numbers it was acked with, none is there twice and none is missing.
pub fn assert_whole(log: &[Value], markers: &[Marker]) {
    let mut by_command: HashMap<&str, Vec<i64>> = HashMap::new();
    for (event, seq) in log.iter().zip(1..) {
        assert_eq!(event["seq"], seq, "no gap");
        by_command.entry(event["command_id"].as_str().unwrap()).or_default().push(seq);
    }
    for marker in markers {
        for (command, seqs) in &marker.acked {
            assert_eq!(by_command.get(command.as_str()), Some(seqs), "command {command}");
        }
    }
}

/// What the log says a user has done: games, wins, points, balls, fouls, net.
pub fn totals(log: &[Value], participant: &str) -> [i64; 6] {
    let number = |value: &Value| value.as_i64().unwrap();
    let mut results: HashMap<&str, &Value> = HashMap::new();
    let mut balls = 0;
    for event in log {
        let data = &event["data"];
        match event["type"].as_str().unwrap() {
            "game.ball_potted" => balls += i64::from(data["participant_id"] == participant),
            "game.event_voided" if data["voided_type"] == "game.ball_potted" => {
                let voided = &log[number(&data["voided_seq"]) as usize - 1];
                balls -= i64::from(voided["data"]["participant_id"] == participant);
                if data["results"].is_array() {
                    results.insert(event["game_id"].as_str().unwrap(), &data["results"]);
                }
            }
            "game.ended" => {
                results.insert(event["game_id"].as_str().unwrap(), &data["results"]);
            }
            _ => {}
        }
    }
    // Without a mark everybody has the first place, and nobody has won.
    let has_marks =
        |results: &[Value]| results.iter().any(|result| number(&result["balls_potted"]) + number(&result["fouls"]) > 0);
    let games = results.values().map(|results| results.as_array().unwrap().as_slice());
    let won = games.filter(|results| has_marks(results)).flatten();
    let wins = won.filter(|result| result["participant_id"] == participant && result["place"] == 1).count() as i64;
    let mine: Vec<&Value> = results
        .values()
        .filter_map(|results| results.as_array().unwrap().iter().find(|result| result["participant_id"] == participant))
        .collect();
    let sum = |field: &str| mine.iter().map(|result| number(&result[field])).sum::<i64>();
    assert_eq!(balls, sum("balls_potted"), "marks and results agree");
    [mine.len() as i64, wins, sum("points"), balls, sum("fouls"), sum("net")]
}

/// Ends the game and compares balances and statistics with what the log says; answers the log.
pub async fn assert_settled(evening: &Evening) {
    if evening.state().await["current_game"].is_object() {
        let game = evening.state().await["current_game"]["id"].as_str().unwrap().to_owned();
        evening.end(&game).await;
    }
    let log = evening.events().await;
    let expected: Vec<[i64; 6]> = evening.participants.iter().map(|participant| totals(&log, participant)).collect();
    let nets: Vec<i64> = expected.iter().map(|totals| totals[5]).collect();
    assert_eq!(evening.nets(&evening.balance().await["participants"]), nets);
    assert_eq!(nets.iter().sum::<i64>(), 0);
    for (player, expected) in evening.players.iter().zip(expected) {
        let path = format!("/api/v1/stats/users/{}", player.id);
        let fields = ["/games", "/wins", "/points", "/balls_potted", "/fouls", "/nets/RUB"];
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            let totals = player.read(&path).await["totals"].clone();
            // Before the first game has ended there is no net.
            let actual = fields.map(|field| totals.pointer(field).and_then(Value::as_i64).unwrap_or_default());
            if actual == expected {
                break;
            }
            let in_time = tokio::time::Instant::now() < deadline;
            assert!(in_time, "the statistics say {actual:?}, the log says {expected:?}");
        }
    }
}
