//! What must hold when all is whole again: the log, what everybody heard of it, and everything that is made from it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Call, Client, READY};
use super::club::{Person, Table};
use super::differences::{balance_differences, state_differences, totals, wrong_acknowledgements};
use super::model::Evening;
use super::report::Report;
use super::rig::Rig;
use super::schedule::NODES;
use super::watcher::{Heard, hash_of};

/// Consumers may have a long outage to make up for, on a machine that has much else to do.
pub(super) const CATCH_UP: Duration = Duration::from_secs(120);
/// A message that failed in one outage after another may wait for ten minutes.
pub(super) const LAST_RETRY: Duration = Duration::from_secs(11 * 60);
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(5);
pub(super) const ANSWER: Duration = Duration::from_secs(60);
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Requests of a session that the audit is asked for.
pub(super) const AUDITED: usize = 15;

/// A listener and what it heard.
pub(super) struct Ear {
    pub(super) who: String,
    pub(super) table: usize,
    pub(super) heard: Arc<Mutex<Heard>>,
    /// Keeps on listening while all this is checked.
    pub(super) stays: bool,
}

/// Looks at all there is at the end of a round.
pub(super) struct Check<'a> {
    pub(super) rig: &'a Rig,
    pub(super) client: &'a Client,
    pub(super) tables: &'a [Arc<Table>],
    pub(super) ears: &'a [Ear],
    pub(super) began: Instant,
}

/// A table with its log, as the rules see it.
pub(super) struct Played<'a> {
    pub(super) table: &'a Table,
    pub(super) log: Vec<Value>,
    pub(super) evening: Evening,
}

impl Check<'_> {
    pub(super) fn report(&self) -> &Report {
        &self.rig.report
    }

    /// Waits for something to be as it should; says what it was last where it never is.
    pub(super) async fn eventually(&self, what: &'static str, look: impl AsyncFn() -> Result<(), String>) {
        // Once is enough to know that it does not come.
        let patience = if self.report().is_violated(what) { LOOK_AGAIN } else { CATCH_UP };
        self.eventually_for(patience, what, look).await;
    }

    pub(super) async fn eventually_for(
        &self,
        patience: Duration,
        what: &'static str,
        look: impl AsyncFn() -> Result<(), String>,
    ) {
        let deadline = Instant::now() + patience;
        let mut last;
        loop {
            match look().await {
                Ok(()) => return,
                Err(wrong) => last = wrong,
            }
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.report().violation(what, &last);
    }

    pub(super) async fn read(&self, node: usize, path: String, person: &Person) -> Result<Value, String> {
        let call = Call::get(path, &person.token());
        match self.client.call(node, &call, ANSWER, self.report()).await {
            Answer::Done(value) => Ok(value),
            Answer::Refused(code) => Err(format!("node {node}: {} is refused: {code}", call.path)),
            Answer::Later => Err(format!("node {node}: {} is not answered", call.path)),
        }
    }

    /// All nodes are ready.
    pub(super) async fn readiness(&self) {
        for node in 0..NODES {
            self.eventually("a node is not ready though nothing is broken", async || {
                let nobody = Person::default();
                self.read(node, READY.to_owned(), &nobody).await.map(drop)
            })
            .await;
        }
    }

    /// What other systems asked for is played, too, so that no log grows while it is looked at.
    pub(super) async fn quiet(&self) {
        self.consumers().await;
        let heads = async || self.rig.query("SELECT sum(head) FROM session").await;
        self.eventually("a log grows though nobody asks for anything", async || {
            let before = heads().await?;
            tokio::time::sleep(2 * LOOK_EVERY).await;
            let after = heads().await?;
            if before == after { Ok(()) } else { Err(format!("{before:?}, then {after:?}")) }
        })
        .await;
    }

    /// The tokens of who plays may be too old for what comes.
    pub(super) async fn log_in_again(&self) {
        for table in self.tables {
            for person in table.players.iter().chain([&table.spectator]) {
                self.log_in(person).await;
            }
        }
    }

    pub(super) async fn log_in(&self, person: &Person) {
        let login = Call {
            method: Method::POST,
            path: "/api/v1/auth/login".to_owned(),
            token: String::new(),
            key: None,
            body: Some(json!({"username": person.name, "password": "correct horse"})),
        };
        match self.client.until_done(&login, CATCH_UP, self.report()).await {
            Some(answer) => person.set_token(answer["access_token"].as_str().unwrap_or_default()),
            None => self.report().violation("somebody can't log in though nothing is broken", &person.name),
        }
    }

    pub(super) async fn everything(&self) {
        let mut played = Vec::new();
        for table in self.tables {
            let mut wrong = Vec::new();
            let log = self.log(table).await;
            let evening = Evening::of(&log, &mut wrong);
            for sentence in wrong {
                self.report()
                    .violation("an event says what the rules don't", &format!("{}: {sentence}", table.session));
            }
            played.push(Played { table, log, evening });
        }
        self.presence(false).await;
        for played in &played {
            for (what, sentence) in wrong_acknowledgements(&played.table.known(), &played.log) {
                self.report().violation(what, &format!("session {}, {sentence}", played.table.session));
            }
            self.ears(played).await;
            self.state(played).await;
            self.statistics(played).await;
            self.notifications(played).await;
            self.replay(played).await;
        }
        self.outbox().await;
        self.dead_letters().await;
        self.audit(&played).await;
        for node in &self.rig.nodes {
            for line in node.log().lines().filter(|line| line.contains("panicked")).take(3) {
                self.report().violation("a node panicked", &format!("{}: {line}", node.id));
            }
        }
    }

    /// The log of a session, whole, and the same on every node.
    async fn log(&self, table: &Table) -> Vec<Value> {
        let mut first: Vec<Value> = Vec::new();
        for node in 0..NODES {
            let log = Mutex::new(Vec::new());
            self.eventually("a log can't be read", async || {
                let mut events: Vec<Value> = Vec::new();
                loop {
                    let path = table.path(&format!("/events?after_seq={}&limit=200", events.len()));
                    let page = self.read(node, path, &table.players[0]).await?;
                    let items = page["items"].as_array().cloned().unwrap_or_default();
                    if items.is_empty() {
                        if page["last_seq"] != events.len() {
                            return Err(format!("{} events, the last one is {}", events.len(), page["last_seq"]));
                        }
                        break;
                    }
                    events.extend(items);
                }
                *log.lock().unwrap_or_else(PoisonError::into_inner) = events;
                Ok(())
            })
            .await;
            let log = log.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (event, seq) in log.iter().zip(1_i64..) {
                if event["seq"] != seq {
                    let sentence = format!("{}: {} stands where {seq} should", table.session, event["seq"]);
                    self.report().violation("the numbers of a log have a gap", &sentence);
                    break;
                }
            }
            if node == 0 {
                first = log;
            } else if log != first {
                let sentence = format!("{}: nodes 0 and {node}: {} and {}", table.session, first.len(), log.len());
                self.report().violation("two nodes tell different logs", &sentence);
            }
        }
        self.report().add("events in logs", first.len() as u64);
        first
    }

    /// Everybody heard what the log says, up to its end where he still listens.
    async fn ears(&self, Played { table, log, .. }: &Played<'_>) {
        for ear in self.ears.iter().filter(|ear| ear.table == table.index) {
            let heard = || ear.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if ear.stays {
                self.eventually("somebody who listens does not hear the last events", async || {
                    let last = heard().last;
                    let is_there = last == log.len() as i64;
                    if is_there { Ok(()) } else { Err(format!("{} heard {last} of {}", ear.who, log.len())) }
                })
                .await;
            }
            for (seq, hash) in heard().events {
                let event = usize::try_from(seq - 1).ok().and_then(|index| log.get(index));
                if event.map(hash_of) != Some(hash) {
                    let sentence = format!("{}, session {}, event {seq}", ear.who, table.session);
                    self.report().violation("an event was told that the log does not have so", &sentence);
                    break;
                }
            }
        }
    }

    /// The state of a session on every node is what the rules make of its log.
    async fn state(&self, played: &Played<'_>) {
        for node in 0..NODES {
            self.eventually("the state is not what the rules say", async || {
                let table = played.table;
                let session = self.read(node, table.path(""), &table.players[0]).await?;
                let balance = self.read(node, table.path("/balance"), &table.players[0]).await?;
                let mut wrong = state_differences(played, &session);
                wrong.extend(balance_differences(played, &balance));
                if wrong.is_empty() { Ok(()) } else { Err(format!("node {node}, {}: {wrong:?}", table.session)) }
            })
            .await;
        }
        for (index, game) in played.evening.games.iter().enumerate().filter(|(_, game)| game.status == "completed") {
            self.eventually("the results of a game are not what the rules say", async || {
                let path = format!("/api/v1/games/{}/results", game.id);
                let said = self.read(index % NODES, path, &played.table.players[0]).await?;
                let wrong = game.differences(&said["results"]);
                if wrong.is_empty() { Ok(()) } else { Err(format!("game {}: {wrong:?}", game.id)) }
            })
            .await;
        }
    }

    async fn statistics(&self, played: &Played<'_>) {
        for (index, person) in played.table.players.iter().enumerate() {
            self.eventually("the statistics of a user are not those of the log", async || {
                let path = format!("/api/v1/stats/users/{}", person.user);
                let said = self.read(index % NODES, path, person).await?;
                let is = totals(played, &person.participant);
                let fields = is
                    .keys()
                    .filter(|field| said["totals"].pointer(field).and_then(Value::as_i64) != is.get(*field).copied());
                let wrong: Vec<String> = fields
                    .map(|field| {
                        format!("{field} is {:?}, the log says {:?}", said["totals"].pointer(field), is[field])
                    })
                    .collect();
                let of = format!("user {} in session {}", person.user, played.table.session);
                if wrong.is_empty() { Ok(()) } else { Err(format!("{of}: {wrong:?}")) }
            })
            .await;
        }
    }

    /// Each player is told of each finished game once, as it came out in the end.
    async fn notifications(&self, played: &Played<'_>) {
        for (index, person) in played.table.players.iter().enumerate() {
            self.eventually("notifications are not those of the log", async || {
                let mut told: HashMap<String, Vec<Value>> = HashMap::new();
                let mut cursor = String::new();
                loop {
                    let path = format!("/api/v1/notifications?limit=200{cursor}");
                    let page = self.read(index % NODES, path, person).await?;
                    for item in page["items"].as_array().into_iter().flatten() {
                        if item["kind"] == "game_completed" {
                            let game = item["data"]["game_id"].as_str().unwrap_or_default().to_owned();
                            told.entry(game).or_default().push(item["data"].clone());
                        }
                    }
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                let of = format!("user {} in session {}", person.user, played.table.session);
                let mut finished = HashSet::new();
                for (game, line) in played.evening.games_with(&person.participant) {
                    if game.status != "completed" {
                        continue;
                    }
                    finished.insert(game.id.clone());
                    let items = told.get(&game.id).map(Vec::as_slice).unwrap_or_default();
                    let said = items.first().map(|data| {
                        ["points", "balls_potted", "fouls", "net", "place"]
                            .map(|field| data[field].as_i64().unwrap_or(i64::MIN))
                    });
                    let is = [line.points, line.balls, line.fouls, line.net(), line.place];
                    if items.len() != 1 || said != Some(is) {
                        return Err(format!(
                            "{of}, game {}: {} of them, says {said:?}, the log says {is:?}",
                            game.id,
                            items.len()
                        ));
                    }
                }
                match told.keys().find(|game| !finished.contains(*game)) {
                    Some(game) => Err(format!("{of}: told of game {game}, which did not end")),
                    None => Ok(()),
                }
            })
            .await;
        }
    }

    async fn replay(&self, played: &Played<'_>) {
        let output = self.rig.command(&["replay", &played.table.session], "").await;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            self.report().violation("a replay comes to something else", &format!("{}: {said}", played.table.session));
        }
    }

    /// Who is connected is online on all nodes, nobody else is, and who listens was told so.
    pub(super) async fn presence(&self, only_spectators: bool) {
        for table in self.tables {
            let mut expected = BTreeSet::from([table.spectator.participant.clone()]);
            if !only_spectators {
                expected.insert(table.players[1].participant.clone());
            }
            for node in 0..NODES {
                self.eventually("presence is not who is connected", async || {
                    let session = self.read(node, table.path(""), &table.players[0]).await?;
                    let participants = session["participants"].as_array().into_iter().flatten();
                    let online = participants.filter(|participant| participant["is_online"] == true);
                    let online: BTreeSet<String> =
                        online.filter_map(|participant| Some(participant["id"].as_str()?.to_owned())).collect();
                    if online == expected {
                        return Ok(());
                    }
                    Err(format!("node {node}, {}: {online:?} are online, connected are {expected:?}", table.session))
                })
                .await;
            }
            for ear in self.ears.iter().filter(|ear| ear.table == table.index && ear.stays && ear.who == "spectator") {
                self.eventually("a listener was told another presence", async || {
                    let online = ear.heard.lock().unwrap_or_else(PoisonError::into_inner).online.clone();
                    if online == expected { Ok(()) } else { Err(format!("{}: {online:?}", table.session)) }
                })
                .await;
            }
        }
    }
}
