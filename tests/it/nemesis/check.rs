//! What must hold when all is whole again: the log, what everybody heard of it, and everything that is made from it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::Until;
use super::client::{Answer, Call, Client, READY};
use super::club::{Known, Person, Table};
use super::model::Evening;
use super::node::ADMIN;
use super::outsider::BROKEN;
use super::report::Report;
use super::rig::Rig;
use super::schedule::{Fault, NODES};
use super::watcher::{Heard, hash_of};

/// Consumers may have a long outage to make up for, on a machine that has much else to do.
const CATCH_UP: Duration = Duration::from_secs(120);
/// A message that failed in one outage after another may wait for ten minutes.
const LAST_RETRY: Duration = Duration::from_secs(11 * 60);
const LOOK_AGAIN: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Requests of a session that the audit is asked for.
const AUDITED: usize = 15;

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
struct Played<'a> {
    table: &'a Table,
    log: Vec<Value>,
    evening: Evening,
}

impl Check<'_> {
    fn report(&self) -> &Report {
        &self.rig.report
    }

    /// Waits for something to be as it should; says what it was last where it never is.
    async fn eventually(&self, what: &'static str, look: impl AsyncFn() -> Result<(), String>) {
        // Once is enough to know that it does not come.
        let patience = if self.report().is_violated(what) { LOOK_AGAIN } else { CATCH_UP };
        self.eventually_for(patience, what, look).await;
    }

    async fn eventually_for(&self, patience: Duration, what: &'static str, look: impl AsyncFn() -> Result<(), String>) {
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

    async fn read(&self, node: usize, path: String, person: &Person) -> Result<Value, String> {
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

    async fn log_in(&self, person: &Person) {
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

    async fn outbox(&self) {
        self.eventually("the outbox does not drain", async || {
            let waiting = "SELECT (SELECT count(*) FROM outbox) || ' messages, ' || (SELECT count(*) FROM event JOIN \
                           writer ON writer.id = event.writer_id WHERE event.position > writer.published) || ' events'";
            let said = self.rig.query(waiting).await?;
            if said == ["0 messages, 0 events"] { Ok(()) } else { Err(said.join(" ")) }
        })
        .await;
    }

    /// Nothing was given up but what nobody can read.
    async fn dead_letters(&self) {
        let letters = "SELECT queue || ' ' || routing_key || ': ' || reason || ': ' || left(envelope, 300) FROM dead_letter \
                       WHERE envelope NOT LIKE ";
        match self.rig.query(&format!("{letters} '%{BROKEN}%' LIMIT 5")).await {
            Ok(letters) => {
                for letter in letters {
                    self.report().violation("a message was given up", &letter);
                }
            }
            Err(error) => self.report().violation("the database can't be asked", &error),
        }
    }

    /// A sample of requests is found with what it caused, and what other systems asked for is there.
    async fn audit(&self, played: &[Played<'_>]) {
        let admin = Person::named(ADMIN);
        self.log_in(&admin).await;
        for (index, Played { table, log, .. }) in played.iter().enumerate() {
            let step = (log.len() / AUDITED).max(1);
            for event in log.iter().step_by(step) {
                self.eventually("the audit does not have what a request caused", async || {
                    let correlation = event["correlation_id"].as_str().unwrap_or_default();
                    let path = format!("/api/v1/admin/audit?limit=200&correlation_id={correlation}");
                    let found = self.read(index % NODES, path, &admin).await?;
                    let items = found["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                    let same = items.iter().filter(|item| item["event_id"] == event["event_id"]).count();
                    let of = format!("session {}, event {}, request {correlation}", table.session, event["seq"]);
                    if same == 1 { Ok(()) } else { Err(format!("{of}: {same} times in {} messages", items.len())) }
                })
                .await;
            }
        }
        self.other_systems(played).await;
    }

    /// What the broker took from another system was played or refused, and is audited, unless its queue was emptied.
    async fn other_systems(&self, played: &[Played<'_>]) {
        let was_emptied = |name: &'static str| {
            self.report().was_there(
                self.began,
                |fault| matches!(fault, Fault::QueueDeleted { queue } | Fault::QueuePurged { queue } if *queue == name),
            )
        };
        let (commands, audit) = (was_emptied("game.service.queue"), was_emptied("audit.log.queue"));
        for Played { table, log, .. } in played {
            let published: Vec<String> = table.known().published.iter().map(|(id, _)| id.to_string()).collect();
            let in_log: HashSet<&str> = log.iter().filter_map(|event| event["command_id"].as_str()).collect();
            self.eventually("a command of another system is lost", async || {
                let refused = "SELECT envelope::json->'data'->>'command_id' FROM audit_entry WHERE event_type LIKE \
                               'compensation.game.command.%' UNION SELECT envelope::json->'data'->>'id' FROM \
                               audit_entry WHERE event_type LIKE 'game.command.%' AND false";
                let refused: HashSet<String> = self.rig.query(refused).await?.into_iter().collect();
                let lost = |id: &&String| !in_log.contains(id.as_str()) && !refused.contains(*id);
                let lost: Vec<&String> = published.iter().filter(lost).collect();
                if lost.is_empty() || commands || audit {
                    return Ok(());
                }
                Err(format!("session {}: {} of {}: {:?}", table.session, lost.len(), published.len(), lost[0]))
            })
            .await;
            self.eventually("a command of another system is not audited", async || {
                let asked =
                    "SELECT envelope::json->'data'->>'id' FROM audit_entry WHERE event_type LIKE 'game.command.%'";
                let asked: Vec<String> = self.rig.query(asked).await?;
                let mut times: BTreeMap<&str, usize> = BTreeMap::new();
                asked.iter().for_each(|id| *times.entry(id).or_default() += 1);
                let wrong = published.iter().find(|id| {
                    let count = times.get(id.as_str()).copied().unwrap_or_default();
                    count > 1 || count == 0 && !audit
                });
                wrong.map_or(Ok(()), |id| Err(format!("session {}, command {id}", table.session)))
            })
            .await;
        }
    }

    /// Every queue is consumed, and nothing waits in it.
    async fn consumers(&self) {
        self.eventually_for(LAST_RETRY, "messages wait in a queue, or nobody consumes it", async || {
            let listed = self.rig.broker.queues().await;
            let is_well = |line: &&String| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [name, ready, unacknowledged, consumers] = words[..] else { return true };
                let is_empty = ready == "0" && unacknowledged == "0";
                let is_kept = name.ends_with(".dlq");
                is_kept || is_empty && (consumers != "0" || !name.ends_with(".queue"))
            };
            let wrong: Vec<&String> = listed.iter().filter(|line| !is_well(line)).collect();
            if wrong.is_empty() { Ok(()) } else { Err(format!("name, ready, unacknowledged, consumers: {wrong:?}")) }
        })
        .await;
    }
}

/// What was acknowledged is in the log once, as it was acknowledged; what was refused is not.
fn wrong_acknowledgements(known: &Known, log: &[Value]) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let mut by_command: HashMap<&str, Vec<(i64, String)>> = HashMap::new();
    for event in log {
        let place = (event["seq"].as_i64().unwrap_or_default(), event["event_id"].as_str().unwrap_or_default());
        let command = event["command_id"].as_str().unwrap_or_default();
        by_command.entry(command).or_default().push((place.0, place.1.to_owned()));
    }
    for (command, acked) in &known.acked {
        let there = by_command.get(command.to_string().as_str()).map(Vec::as_slice).unwrap_or_default();
        let is_same = if acked.is_whole { there == acked.events } else { there.starts_with(&acked.events) };
        if !is_same || acked.events.is_empty() {
            let sentence = format!("command {command}: {acked:?}, the log has {there:?}");
            wrong.push(("an acknowledged command is not in the log as it was acknowledged", sentence));
        }
    }
    for command in known.refused.iter().filter(|command| by_command.contains_key(command.to_string().as_str())) {
        wrong.push(("a refused command is in the log", format!("command {command}")));
    }
    // A command is one mark, and the end of the game that it may bring, or that the game goes on.
    for (command, events) in by_command.iter().filter(|(_, events)| events.len() > 1) {
        let followed = |(seq, _): &(i64, String)| {
            let event = log.get(*seq as usize - 1);
            event.is_some_and(|event| event["type"] == "game.ended" || event["type"] == "game.reopened")
        };
        if events.len() > 2 || events[1].0 != events[0].0 + 1 || !followed(&events[1]) {
            wrong.push(("a command is in the log more than once", format!("command {command}: {events:?}")));
        }
    }
    wrong
}

/// What a session's state says of its participants and its game, where the rules say something else.
fn state_differences(Played { log, evening, .. }: &Played<'_>, session: &Value) -> Until {
    let mut wrong = Vec::new();
    if session["seq"] != log.len() {
        wrong.push(format!("seq {} of {}", session["seq"], log.len()));
    }
    for participant in session["participants"].as_array().into_iter().flatten() {
        let id = participant["id"].as_str().unwrap_or_default();
        let completed = evening.games_with(id).filter(|(game, _)| game.status == "completed").count() as i64;
        let balls: i64 = evening.games_with(id).map(|(_, line)| line.balls).sum();
        let is = [evening.net(id), completed, balls];
        let said =
            ["balance", "games_played", "balls_potted"].map(|field| participant[field].as_i64().unwrap_or(i64::MIN));
        if said != is {
            wrong.push(format!("{id}: balance, games, balls are {said:?}, the rules say {is:?}"));
        }
    }
    let current = evening.games.last().filter(|game| game.status == "in_progress");
    match (current, session["current_game"].as_object()) {
        (None, None) => {}
        (Some(game), Some(said)) if said["id"] == game.id.as_str() => {
            game.compare_scores(&said["scores"], &json!({"seq": "now"}), &mut wrong);
        }
        (game, said) => {
            wrong.push(format!("the game in progress is {said:?}, the log says {:?}", game.map(|game| &game.id)))
        }
    }
    wrong
}

/// Balances, and transfers that clear them.
fn balance_differences(Played { evening, .. }: &Played<'_>, balance: &Value) -> Until {
    let mut wrong = Vec::new();
    let mut open: BTreeMap<&str, i64> = BTreeMap::new();
    for line in balance["participants"].as_array().into_iter().flatten() {
        let id = line["participant_id"].as_str().unwrap_or_default();
        let (said, is) = (line["net"].as_i64(), evening.net(id));
        open.insert(id, is);
        if said != Some(is) {
            wrong.push(format!("{id}: net is {said:?}, the rules say {is}"));
        }
    }
    if open.values().sum::<i64>() != 0 || open.len() != evening.participants.len() {
        wrong.push(format!("{open:?} is no balance of {} participants", evening.participants.len()));
    }
    let transfers = balance["settlement"].as_array().map(Vec::as_slice).unwrap_or_default();
    let owing = open.values().filter(|net| **net != 0).count();
    for transfer in transfers {
        let amount = transfer["amount"].as_i64().unwrap_or_default();
        for (end, change) in [("from", amount), ("to", -amount)] {
            *open.entry(transfer[end].as_str().unwrap_or_default()).or_default() += change;
        }
    }
    if open.values().any(|net| *net != 0) || transfers.len() > owing.saturating_sub(1) {
        wrong.push(format!("the settlement {transfers:?} leaves {open:?}"));
    }
    wrong
}

/// What the log says a user has done.
fn totals(played: &Played<'_>, participant: &str) -> BTreeMap<&'static str, i64> {
    let lines: Vec<_> = played.evening.games_with(participant).collect();
    let ended: Vec<_> = lines.iter().filter(|(game, _)| game.status == "completed").map(|(_, line)| line).collect();
    let mut totals = BTreeMap::from([
        ("/games", ended.len() as i64),
        ("/wins", ended.iter().filter(|line| line.won).count() as i64),
        ("/losses", ended.iter().filter(|line| line.lost).count() as i64),
        ("/points", lines.iter().map(|(_, line)| line.points).sum()),
        ("/balls_potted", lines.iter().map(|(_, line)| line.balls).sum()),
        ("/fouls", lines.iter().map(|(_, line)| line.fouls).sum()),
        ("/best_score", ended.iter().map(|line| line.points).max().unwrap_or_default()),
    ]);
    if !ended.is_empty() {
        totals.insert("/nets/RUB", ended.iter().map(|line| line.net()).sum());
    }
    totals
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::nemesis::club::Acked;

    fn event(seq: i64, command: u128, kind: &str) -> Value {
        json!({"seq": seq, "event_id": format!("event {seq}"), "command_id": Uuid::from_u128(command), "type": kind})
    }

    fn acked(seqs: &[i64]) -> Acked {
        Acked { events: seqs.iter().map(|seq| (*seq, format!("event {seq}"))).collect(), is_whole: true }
    }

    fn wrong(known: &Known, log: &[Value]) -> Vec<&'static str> {
        wrong_acknowledgements(known, log).into_iter().map(|(what, _)| what).collect()
    }

    #[test]
    fn what_is_lost_doubled_renumbered_or_was_refused_is_seen() {
        let pot = "game.ball_potted";
        let log = [event(1, 1, pot), event(2, 2, pot), event(3, 2, "game.ended"), event(4, 3, pot)];
        let mut known = Known::default();
        known.acked.insert(Uuid::from_u128(1), acked(&[1]));
        known.acked.insert(Uuid::from_u128(2), acked(&[2, 3]));
        assert!(wrong(&known, &log).is_empty());
        let not_there = ["an acknowledged command is not in the log as it was acknowledged"];
        assert_eq!(wrong(&known, &log[..2]), not_there, "its second event is lost");
        assert_eq!(wrong(&known, &[event(1, 7, pot), log[1].clone(), log[2].clone()]), not_there, "lost");
        known.acked.insert(Uuid::from_u128(3), acked(&[5]));
        assert_eq!(wrong(&known, &log), not_there, "renumbered");
        known.acked.remove(&Uuid::from_u128(3));
        known.refused.push(Uuid::from_u128(3));
        assert_eq!(wrong(&known, &log), ["a refused command is in the log"]);
        known = Known::default();
        let twice = [event(1, 1, pot), event(2, 2, pot), event(3, 1, pot)];
        assert_eq!(wrong(&known, &twice), ["a command is in the log more than once"]);
    }
}
