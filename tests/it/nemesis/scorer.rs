//! Who marks: asks, and asks the same again under the same key, on whatever node answers, until it is acknowledged or
//! refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::Phase;
use super::client::{ATTEMPT, Answer, Call, Client, Connection, Frame};
use super::club::{Acked, Table};
use super::dice::Dice;
use super::report::Report;
use super::watcher::Hearing;

/// Commands of one scorer that wait for their answers.
const UNANSWERED_MAX: usize = 12;
/// A game ends after so many of the creator's marks, or by its rules.
const MARKS_OF_A_GAME: usize = 25;
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Everything is whole again and nobody answers: that is a violation.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the rules say to somebody who marks at random.
const BY_THE_RULES: [&str; 4] = ["game_not_active", "game_in_progress", "event_not_voidable", "ball_not_available"];

/// One player who marks.
pub(super) struct Scorer {
    pub(super) client: Client,
    pub(super) table: Arc<Table>,
    /// Which of the table's players.
    pub(super) me: usize,
    pub(super) dice: Dice,
    pub(super) pause: Duration,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) report: Arc<Report>,
    marks: usize,
}

/// A command on its way.
#[derive(Clone)]
struct Asked {
    command: Value,
    since: Instant,
    /// Where it was asked first.
    node: usize,
    attempts: usize,
    tried: Instant,
}

impl Scorer {
    pub(super) fn new(
        (client, report): (Client, Arc<Report>),
        table: Arc<Table>,
        me: usize,
        (seed, pause): (u64, Duration),
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self { client, table, me, dice: Dice::of(seed), pause, phase, report, marks: 0 }
    }

    fn is_playing(&self) -> bool {
        *self.phase.borrow() == Phase::Playing
    }

    fn draw_pause(&mut self) -> Duration {
        let most = self.pause.as_millis() as u64;
        Duration::from_millis(self.dice.between(most / 2, most * 3 / 2))
    }

    /// What to ask next; the creator also ends games and starts them.
    fn ask(&mut self) -> Value {
        let known = self.table.known();
        let (is_on, marks) = (known.game.is_some(), &known.marks);
        let newest = marks.len().saturating_sub(12);
        let voided = self.dice.one_in(9).then(|| {
            // Mostly what was just marked, sometimes what is long over.
            let from = if self.dice.one_in(4) { 0 } else { newest };
            (from < marks.len()).then(|| marks[from + self.dice.below(marks.len() - from)].0)
        });
        drop(known);
        if let Some(Some(seq)) = voided {
            return json!({"type": "void_event", "seq": seq});
        }
        if self.me == 0 {
            if !is_on {
                self.marks = 0;
                return json!({"type": "start_game", "order": self.order()});
            }
            self.marks += 1;
            if self.marks > MARKS_OF_A_GAME {
                self.marks = 0;
                return if self.dice.one_in(8) { json!({"type": "cancel_game"}) } else { json!({"type": "end_game"}) };
            }
        }
        let participant = self.dice.pick(&self.table.participants).clone();
        match self.dice.below(10) {
            0..=1 => json!({"type": "commit_foul", "participant_id": participant}),
            2 => json!({"type": "end_turn", "participant_id": participant, "reason": "miss"}),
            _ => {
                let color = self.dice.pick(&self.table.colors);
                json!({"type": "pot_ball", "participant_id": participant, "color": color})
            }
        }
    }

    fn order(&mut self) -> Vec<String> {
        let mut order = self.table.participants.clone();
        for left in (1..order.len()).rev() {
            order.swap(left, self.dice.below(left + 1));
        }
        order
    }

    fn settled(&self, id: Uuid, asked: &Asked, acked: Acked) {
        self.report.acked(asked.since, asked.node, self.table.index);
        if asked.attempts > 1 {
            self.report.count("acknowledged after a further attempt");
        }
        self.table.known().ack(id, acked, &self.report);
    }

    fn refused(&self, id: Uuid, asked: &Asked, code: &str) {
        if !BY_THE_RULES.contains(&code) {
            self.report.violation("a refusal that the rules don't know", &format!("{id} {}: {code}", asked.command));
        }
        self.report.count(&format!("refused: {code}"));
        if asked.attempts == 1 {
            self.table.known().refused.push(id);
        }
    }

    /// Marks over WebSockets until told to stop and all is answered.
    pub(super) async fn play_on_sockets(mut self, hearing: Hearing) {
        let mut unanswered: HashMap<Uuid, Asked> = HashMap::new();
        let mut node = (self.table.index + self.me) % self.client.bases.len();
        let token = self.table.players[self.me].token();
        let mut stopped = None;
        while self.goes_on(!unanswered.is_empty(), &mut stopped) {
            let Some(mut socket) = self.client.connect(node, &token, &self.report).await else {
                node = (node + 1) % self.client.bases.len();
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            };
            self.report.count("sockets: opened");
            if hearing.subscribe(&mut socket).await {
                self.use_socket(&mut socket, &mut unanswered, &hearing).await;
            }
            node = self.dice.below(self.client.bases.len());
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// False when all is done; says so where answers never come.
    fn goes_on(&self, is_waiting: bool, stopped: &mut Option<Instant>) -> bool {
        if self.is_playing() {
            return true;
        }
        let since = stopped.get_or_insert_with(Instant::now);
        if is_waiting && since.elapsed() > PATIENCE {
            let who = format!("player {} of session {}", self.me, self.table.session);
            self.report.violation("a command is never answered", &who);
            return false;
        }
        is_waiting
    }

    /// Until it breaks, or all is done.
    async fn use_socket(&mut self, socket: &mut Connection, unanswered: &mut HashMap<Uuid, Asked>, hearing: &Hearing) {
        for (id, asked) in unanswered.iter_mut() {
            (asked.attempts, asked.tried) = (asked.attempts + 1, Instant::now());
            if !self.send(socket, *id, &asked.command).await {
                return;
            }
        }
        let mut next = Instant::now() + self.draw_pause();
        let mut heard = Instant::now();
        loop {
            if !self.is_playing() && unanswered.is_empty() {
                return;
            }
            if self.is_playing() && next <= Instant::now() {
                next = Instant::now() + self.draw_pause();
                if unanswered.len() < UNANSWERED_MAX {
                    let (id, command, now) = (Uuid::now_v7(), self.ask(), Instant::now());
                    let asked = Asked { command, since: now, node: socket.node, attempts: 1, tried: now };
                    let is_sent = self.send(socket, id, &asked.command).await;
                    unanswered.insert(id, asked);
                    if !is_sent {
                        return;
                    }
                }
            }
            // Somebody who waits so long for an answer tries elsewhere.
            if !unanswered.is_empty() && heard.elapsed() > ATTEMPT {
                self.report.count("sockets: given up, silent");
                return;
            }
            if unanswered.values().any(|asked| asked.tried.elapsed() > 4 * ATTEMPT) {
                self.report.count("sockets: given up, a command without an answer");
                return;
            }
            let patience = if self.is_playing() { next.saturating_duration_since(Instant::now()) } else { AGAIN_AFTER };
            match socket.next(patience.max(Duration::from_millis(1)), &self.report).await {
                Frame::Closed => return,
                Frame::Silence => {
                    if unanswered.is_empty() {
                        heard = Instant::now();
                    }
                }
                Frame::Of(frame) => {
                    heard = Instant::now();
                    hearing.hear(&frame, &self.report);
                    if !self.take(&frame, unanswered) {
                        return;
                    }
                }
            }
        }
    }

    async fn send(&self, socket: &mut Connection, id: Uuid, command: &Value) -> bool {
        let frame = json!({"type": "command", "id": id, "session_id": self.table.session, "command": command});
        socket.send(&frame).await
    }

    /// Takes an answer in; false: the same again on another connection.
    fn take(&mut self, frame: &Value, unanswered: &mut HashMap<Uuid, Asked>) -> bool {
        let id = frame["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let kind = frame["type"].as_str().unwrap_or_default();
        let Some((id, asked)) = id.and_then(|id| Some((id, unanswered.get(&id)?.clone()))) else {
            // Not one that waits: `subscribed`, or an error of the subscription.
            return kind != "error" || self.is_minor(frame);
        };
        match kind {
            "ack" => {
                let events = frame["events"].as_array().map(Vec::as_slice).unwrap_or_default();
                let events = events.iter().map(place_of).collect();
                self.settled(id, &asked, Acked { events, is_whole: true });
                unanswered.remove(&id);
                true
            }
            "error" => {
                let code = frame["code"].as_str().unwrap_or_default();
                if ["storage_unavailable", "overloaded", "rate_limited"].contains(&code) {
                    self.report.count(&format!("attempts: {code}"));
                    return false;
                }
                self.refused(id, &asked, code);
                unanswered.remove(&id);
                true
            }
            _ => true,
        }
    }

    /// An error that is the answer to no command ends the connection, since the subscription is not there.
    fn is_minor(&self, frame: &Value) -> bool {
        let code = frame["code"].as_str().unwrap_or_default();
        self.report.count(&format!("frames: error {code}"));
        false
    }

    /// Marks over REST, each command on a node of its own, until told to stop and all is answered.
    pub(super) async fn play_over_rest(mut self) {
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        while self.is_playing() {
            tokio::time::sleep(self.draw_pause()).await;
            if waiting.load(Ordering::Relaxed) >= UNANSWERED_MAX {
                continue;
            }
            let command = self.ask();
            let Some((method, path, body)) = self.rest_of(&command) else { continue };
            let id = Uuid::now_v7();
            let token = self.table.players[self.me].token();
            let call = Call { method, path, token, key: Some(id), body };
            let node = self.dice.below(self.client.bases.len());
            let now = Instant::now();
            let asked = Asked { command, since: now, node, attempts: 0, tried: now };
            let one = Self {
                client: self.client.clone(),
                table: self.table.clone(),
                me: self.me,
                dice: Dice::of(self.dice.next()),
                pause: self.pause,
                phase: self.phase.clone(),
                report: self.report.clone(),
                marks: 0,
            };
            waiting.fetch_add(1, Ordering::Relaxed);
            let waiting = waiting.clone();
            tasks.spawn(async move {
                one.ask_over_rest(id, call, asked).await;
                waiting.fetch_sub(1, Ordering::Relaxed);
            });
        }
        tasks.join_all().await;
    }

    async fn ask_over_rest(mut self, id: Uuid, call: Call, mut asked: Asked) {
        let mut stopped = None;
        let mut node = asked.node;
        while self.goes_on(true, &mut stopped) {
            asked.attempts += 1;
            match self.client.call(node, &call, ATTEMPT, &self.report).await {
                Answer::Done(event) => {
                    return self.settled(id, &asked, Acked { events: vec![place_of(&event)], is_whole: false });
                }
                Answer::Refused(code) => return self.refused(id, &asked, &code),
                Answer::Later => {}
            }
            tokio::time::sleep(AGAIN_AFTER).await;
            node = self.dice.below(self.client.bases.len());
        }
    }

    fn rest_of(&self, command: &Value) -> Option<(Method, String, Option<Value>)> {
        let known = self.table.known();
        if command["type"] == "void_event" {
            let (seq, game) = known.marks.iter().find(|(seq, _)| command["seq"] == *seq)?;
            return Some((Method::DELETE, format!("/api/v1/games/{game}/events/{seq}"), None));
        }
        let game = known.game.as_ref()?;
        Some((Method::POST, format!("/api/v1/games/{game}/events"), Some(command.clone())))
    }
}

fn place_of(event: &Value) -> (i64, String) {
    (event["seq"].as_i64().unwrap_or_default(), event["event_id"].as_str().unwrap_or_default().to_owned())
}
