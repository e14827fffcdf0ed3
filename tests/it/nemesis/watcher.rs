//! Who listens: on WebSockets that go on where they broke off, on whatever node, and on boards that read along. Each
//! hears every event once, in order, and nothing older than what was told before.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use super::Phase;
use super::client::{ATTEMPT, Answer, Call, Client, Connection, Frame};
use super::club::{Person, Table};
use super::dice::Dice;
use super::report::Report;
use super::schedule::Fault;

/// A ping comes every five seconds: a connection that is silent for longer than this is dead.
const SILENCE: Duration = Duration::from_secs(12);
const AGAIN_AFTER: Duration = Duration::from_millis(300);
/// An answer is there within six seconds, whatever the database does; a machine that is busy with much else may take long.
const HUNG: Duration = Duration::from_secs(40);

/// The text of an event, to compare what several heard.
pub(super) fn hash_of(event: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.to_string().hash(&mut hasher);
    hasher.finish()
}

/// What a subscription has heard.
pub(super) struct Hearing {
    table: Arc<Table>,
    who: String,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Clone, Default)]
pub(super) struct Heard {
    /// The events after the first ones that were skipped by a snapshot.
    pub(super) events: Vec<(i64, u64)>,
    pub(super) last: i64,
    /// Who was online, as it was told last.
    pub(super) online: BTreeSet<String>,
    /// What anybody had heard when this one subscribed.
    known: i64,
}

impl Hearing {
    pub(super) fn of(table: Arc<Table>, who: String) -> Self {
        Self { table, who, heard: Arc::default() }
    }

    pub(super) fn heard(&self) -> Arc<Mutex<Heard>> {
        self.heard.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn last(&self) -> i64 {
        self.state().last
    }

    /// Goes on after the last event that was heard.
    pub(super) async fn subscribe(&self, socket: &mut Connection) -> bool {
        let last = self.last();
        self.asks();
        socket.subscribe(&self.table.session, last).await
    }

    /// What is told from now on is not older than what anybody knows.
    fn asks(&self) {
        let seen = self.table.known().seen;
        self.state().known = seen;
    }

    /// Takes a frame of a socket in.
    pub(super) fn hear(&self, frame: &Value, report: &Report) {
        match frame["type"].as_str().unwrap_or_default() {
            "subscribed" => {
                if frame["session"].is_object() {
                    report.count("subscriptions: a snapshot, too much was missed");
                    self.skip_to(frame["seq"].as_i64().unwrap_or_default(), report);
                }
                frame["events"].as_array().into_iter().flatten().for_each(|event| self.see(event, report));
                let (last, known) = (self.last(), self.state().known);
                if frame["seq"] != last || last < known {
                    let sentence = format!("{}: {last} of {}, known is {known}", self.who(), frame["seq"]);
                    report.violation("a subscription is answered with less than was told before", &sentence);
                }
            }
            "event" => self.see(&frame["event"], report),
            "presence" => {
                let online = frame["online"].as_array().into_iter().flatten();
                self.state().online = online.filter_map(|participant| Some(participant.as_str()?.to_owned())).collect();
            }
            _ => {}
        }
    }

    fn who(&self) -> String {
        format!("{} of session {}", self.who, self.table.session)
    }

    fn skip_to(&self, seq: i64, report: &Report) {
        let mut state = self.state();
        if seq < state.last {
            let sentence = format!("{}: {seq} after {}", self.who(), state.last);
            report.violation("a snapshot is older than what was heard", &sentence);
        }
        state.last = seq;
    }

    fn see(&self, event: &Value, report: &Report) {
        let seq = event["seq"].as_i64().unwrap_or_default();
        let mut state = self.state();
        if seq != state.last + 1 {
            let sentence = format!("{}: {seq} after {}", self.who(), state.last);
            report.violation("an event is not the next one", &sentence);
        }
        state.last = seq;
        state.events.push((seq, hash_of(event)));
        drop(state);
        self.table.known().learn(event);
        report.count("events heard");
    }
}

/// Somebody who watches.
pub(super) struct Watcher {
    pub(super) client: Client,
    pub(super) person: Person,
    pub(super) dice: Dice,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) report: Arc<Report>,
    /// From then on it is not there any more.
    pub(super) leaves_in: Phase,
}

impl Watcher {
    fn is_gone(&self) -> bool {
        *self.phase.borrow() >= self.leaves_in
    }

    /// On a WebSocket, which is left now and then while there is play, until nobody listens any more.
    pub(super) async fn watch(mut self, hearing: Hearing) {
        let mut node = self.dice.below(self.client.bases.len());
        while !self.is_gone() {
            if let Some(mut socket) = self.client.connect(node, &self.person.token(), &self.report).await {
                self.report.count("sockets: opened");
                if hearing.subscribe(&mut socket).await {
                    self.listen(&mut socket, &hearing).await;
                }
            }
            node = self.dice.below(self.client.bases.len());
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn listen(&mut self, socket: &mut Connection, hearing: &Hearing) {
        let leaves = Instant::now() + Duration::from_millis(self.dice.between(4_000, 30_000));
        let mut heard = Instant::now();
        loop {
            let phase = *self.phase.borrow();
            if self.is_gone() || phase == Phase::Playing && Instant::now() > leaves {
                return;
            }
            match socket.next(Duration::from_millis(500), &self.report).await {
                Frame::Closed => return,
                Frame::Silence if heard.elapsed() > SILENCE => {
                    self.report.count("sockets: given up, silent");
                    return;
                }
                Frame::Silence => {}
                Frame::Of(frame) => {
                    heard = Instant::now();
                    if frame["type"] == "error" {
                        let code = frame["code"].as_str().unwrap_or_default();
                        self.report.count(&format!("frames: error {code}"));
                        return;
                    }
                    hearing.hear(&frame, &self.report);
                }
            }
        }
    }

    /// A board that reads along by the code of a share.
    pub(super) async fn read_board(mut self, hearing: Hearing) {
        let path = hearing.table.path(&format!("/stream?share={}", hearing.table.share));
        let mut node = self.dice.below(self.client.bases.len());
        while !self.is_gone() {
            let call = Call::get(path.clone(), "");
            let mut request = self.client.request(node, &call);
            let last = hearing.last();
            if last > 0 {
                request = request.header("last-event-id", last.to_string());
            }
            hearing.asks();
            match tokio::time::timeout(ATTEMPT, request.send()).await {
                Ok(Ok(response)) if response.status() == 200 => {
                    self.report.count("boards: opened");
                    self.read(response, &hearing).await;
                }
                Ok(Ok(response)) => {
                    let status = response.status();
                    let body = response.text().await.unwrap_or_default();
                    if status == 408 && body.is_empty() {
                        self.report.violation("408 without a body", &format!("a stream on node {node}"));
                    }
                    self.report.count(&format!("boards: {status}"));
                }
                _ => self.report.count("boards: no answer"),
            }
            node = self.dice.below(self.client.bases.len());
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn read(&mut self, mut response: reqwest::Response, hearing: &Hearing) {
        let leaves = Instant::now() + Duration::from_millis(self.dice.between(5_000, 40_000));
        let mut heard = Instant::now();
        let mut text = Vec::new();
        loop {
            let phase = *self.phase.borrow();
            if self.is_gone() || phase == Phase::Playing && Instant::now() > leaves {
                return;
            }
            match tokio::time::timeout(Duration::from_millis(500), response.chunk()).await {
                // A comment comes every fifteen seconds.
                Err(_) if heard.elapsed() > 2 * SILENCE => return self.report.count("boards: given up, silent"),
                Err(_) => {}
                Ok(Ok(Some(bytes))) => {
                    heard = Instant::now();
                    text.extend_from_slice(&bytes);
                    while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                        let block: Vec<u8> = text.drain(..end + 2).collect();
                        self.take(&String::from_utf8_lossy(&block), hearing);
                    }
                }
                Ok(_) => return self.report.count("boards: ended"),
            }
        }
    }

    fn take(&self, block: &str, hearing: &Hearing) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let Some(data) = field("data:") else { return };
        let data: Value = serde_json::from_str(data.trim()).unwrap_or_default();
        if field("event:").map(str::trim) == Some("snapshot") {
            let seq = field("id:").and_then(|seq| seq.trim().parse().ok()).unwrap_or_default();
            let known = hearing.state().known;
            if seq < known {
                let sentence = format!("{}: {seq}, known is {known}", hearing.who());
                self.report.violation("a stream begins with less than was told before", &sentence);
            }
            hearing.skip_to(seq, &self.report);
        } else {
            hearing.see(&data, &self.report);
        }
    }
}

/// Asks a node for the state of a session again and again: it answers in time, and nothing older than what was told.
pub(super) async fn probe(
    (client, report): (Client, Arc<Report>),
    node: usize,
    tables: Vec<Arc<Table>>,
    phase: watch::Receiver<Phase>,
) {
    let mut turn = node;
    while *phase.borrow() == Phase::Playing {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        turn += 1;
        let table = &tables[turn % tables.len()];
        let known = table.known().seen;
        let asked = Instant::now();
        let call = Call::get(table.path(""), &table.players[1].token());
        let answer = client.call(node, &call, 3 * HUNG, &report).await;
        let took = asked.elapsed();
        let is_away = |fault: &Fault| {
            fault.takes_node() == Some(node) && !matches!(fault, Fault::Link { .. })
                || matches!(fault, Fault::ClientsCut { .. })
        };
        if took > HUNG && !report.was_there(asked, is_away) {
            let sentence = format!("node {node}, session {}: {:.1} s", table.session, took.as_secs_f64());
            report.violation("a read is not answered in time", &sentence);
        }
        report.count("reads");
        if let Answer::Done(session) = answer {
            let seq = session["seq"].as_i64().unwrap_or_default();
            if seq < known {
                let sentence = format!("node {node}, session {}: {seq}, known is {known}", table.session);
                report.violation("a read is older than what was told before", &sentence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The violations that a listener sees in these frames.
    fn seen(known: i64, frames: &[Value]) -> usize {
        let report = Report::new();
        let table = Arc::new(Table::unplayed());
        table.known().seen = known;
        let hearing = Hearing::of(table, "listener".to_owned());
        hearing.asks();
        frames.iter().for_each(|frame| hearing.hear(frame, &report));
        report.violations()
    }

    fn event(seq: i64) -> Value {
        json!({"type": "event", "event": {"seq": seq}})
    }

    #[test]
    fn a_gap_a_double_and_an_older_answer_are_seen() {
        let subscribed =
            |seq: i64| json!({"type": "subscribed", "seq": seq, "session": null, "events": [{"seq": 1}, {"seq": 2}]});
        assert_eq!(seen(2, &[subscribed(2), event(3), event(4)]), 0);
        assert_eq!(seen(2, &[subscribed(2), event(4), event(5)]), 1, "a gap");
        assert_eq!(seen(2, &[subscribed(2), event(3), event(3)]), 1, "a double");
        assert_eq!(seen(3, &[subscribed(2)]), 1, "older than what was told to somebody");
        assert_eq!(seen(2, &[subscribed(3)]), 1, "less than it says");
    }
}
