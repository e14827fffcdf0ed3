//! An evening as the dice have it, with wrong balls, corrections and a claim, while the broker's messages come twice and
//! in any order: the statistics are what its games say, and what a recomputation from the log says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use artel::messaging::topology::EVENTS;
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::evening::Evening;
use crate::expect::items;
use crate::player::Player;
use crate::table::{counted_with, kolkhoz_with, pyramid_with};
use crate::test_app::{Store, TestApp, rounds, text, until};

/// What is done at one table.
const STEPS: usize = 90;
/// Messages that wait to be sent once more.
const LATE_MAX: usize = 40;
/// Says that a message came from [`Echo`].
const AGAIN: &str = "x-again";

/// Sums of one user's ended games, by their names on the wire.
type Sums = BTreeMap<&'static str, i64>;

/// Somebody at the broker who sends what he hears once more: late, in another order, some of it twice.
struct Echo {
    task: tokio::task::JoinHandle<()>,
    sent: Arc<AtomicUsize>,
    _connection: Connection,
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Echo {
    async fn start(app: &TestApp, seed: u64) -> Self {
        let url = app.amqp_url().expect("a server with a broker");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("connected");
        let channel = connection.create_channel().await.expect("a channel");
        let queue = channel.queue_declare("".into(), QueueDeclareOptions::exclusive(), FieldTable::default());
        let queue = queue.await.expect("a queue").name().to_string();
        for pattern in ["game.#", "session.#", "stats.#", "compensation.#"] {
            let options = QueueBindOptions::default();
            let bound = channel.queue_bind(
                queue.as_str().into(),
                EVENTS.into(),
                pattern.into(),
                options,
                FieldTable::default(),
            );
            bound.await.expect("bound");
        }
        let sent = Arc::<AtomicUsize>::default();
        let task = tokio::spawn(Self::echo(channel, queue, StdRng::seed_from_u64(seed), sent.clone()));
        Self { task, sent, _connection: connection }
    }

    async fn echo(channel: Channel, queue: String, mut dice: StdRng, count: Arc<AtomicUsize>) {
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let mut heard = channel
            .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
            .await
            .expect("heard");
        let mut late = Vec::new();
        while let Some(Ok(message)) = heard.next().await {
            let headers = message.properties.headers().clone().unwrap_or_default();
            if headers.inner().contains_key(AGAIN) {
                continue;
            }
            late.push((message.routing_key.clone(), headers, message.properties.clone(), message.data.clone()));
            while late.len() > LATE_MAX || (!late.is_empty() && dice.random_ratio(1, 3)) {
                let at = dice.random_range(0..late.len());
                let (key, mut headers, properties, body) =
                    if dice.random_ratio(1, 4) { late[at].clone() } else { late.swap_remove(at) };
                headers.insert(AGAIN.into(), AMQPValue::Boolean(true));
                let properties = properties.with_headers(headers);
                let sent = channel.basic_publish(EVENTS.into(), key, BasicPublishOptions::default(), &body, properties);
                sent.await.expect("sent");
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// One table, and whoever claims the place of a guest there.
struct Table<'a> {
    nodes: &'a [TestApp],
    evening: Evening,
    claimant: &'a Player,
    dice: StdRng,
    colors: &'static [&'static str],
    players_max: usize,
    /// What was done, and how often.
    done: BTreeMap<&'static str, usize>,
}

impl Table<'_> {
    /// The host, on whatever node.
    fn host(&mut self) -> Player {
        let node = self.dice.random_range(0..self.nodes.len());
        self.evening.creator().on(&self.nodes[node])
    }

    async fn post(&mut self, what: &'static str, path: &str, body: Value) {
        let (status, answer) = self.host().post(path, body).await;
        assert!(!status.is_server_error(), "{what}: {status} {answer}");
        *self.done.entry(what).or_default() += usize::from(status.is_success());
    }

    async fn games(&mut self) -> Vec<Value> {
        items(&self.evening.creator().read(&self.evening.path("/games?limit=200")).await).clone()
    }

    async fn play(&mut self) {
        let claimed_at = self.dice.random_range(0..STEPS);
        for step in 0..STEPS {
            if step == claimed_at {
                self.claim().await;
            }
            self.step().await;
        }
        if let Some(game) = self.games().await.iter().find(|game| game["status"] == "in_progress") {
            self.evening.end(&text(&game["id"])).await;
        }
    }

    async fn step(&mut self) {
        let games = self.games().await;
        let current = games.iter().find(|game| game["status"] == "in_progress");
        let roll = self.dice.random_range(0..100);
        match (current, roll) {
            (None, 0..60) => {
                let mut order = self.evening.participants.clone();
                order.shuffle(&mut self.dice);
                order.truncate(self.dice.random_range(2..=self.players_max));
                self.post("start", &self.evening.path("/games"), json!({"order": order})).await;
            }
            (None, 60..70) if !games.is_empty() => {
                let last = games.iter().max_by_key(|game| game["number"].as_i64()).expect("a game");
                self.post("reopen", &format!("/api/v1/games/{}/reopen", text(&last["id"])), json!({})).await;
            }
            (Some(game), 0..52) => self.mark(&game.clone(), false).await,
            (Some(game), 52..58) => {
                self.post("end", &format!("/api/v1/games/{}/end", text(&game["id"])), json!({})).await;
            }
            (Some(game), 58..60) => {
                self.post("cancel", &format!("/api/v1/games/{}/cancel", text(&game["id"])), json!({})).await;
            }
            _ => {
                let Some(game) = games.choose(&mut self.dice).cloned() else { return };
                match roll {
                    60..72 if game["status"] == "completed" => self.mark(&game, true).await,
                    _ => self.correct(&game, roll < 80).await,
                }
            }
        }
    }

    async fn mark(&mut self, game: &Value, is_forgotten: bool) {
        let order = game["order"].as_array().expect("an order");
        let participant = order.choose(&mut self.dice).expect("a player").clone();
        let mut command = match self.dice.random_range(0..10) {
            0..7 => {
                let color = *self.colors.choose(&mut self.dice).expect("a colour");
                json!({"type": "pot_ball", "participant_id": participant, "color": color})
            }
            7..9 => json!({"type": "commit_foul", "participant_id": participant}),
            _ => json!({"type": "end_turn", "participant_id": participant}),
        };
        if is_forgotten {
            command["correction"] = json!(true);
        }
        let what = if is_forgotten { "forgotten" } else { "mark" };
        self.post(what, &format!("/api/v1/games/{}/events", text(&game["id"])), command).await;
    }

    /// Takes back one of the game's events, or gives it to another player.
    async fn correct(&mut self, game: &Value, is_void: bool) {
        let path = format!("/api/v1/games/{}/events", text(&game["id"]));
        let events = items(&self.evening.creator().read(&format!("{path}?limit=200")).await).clone();
        let is_mark = |event: &&Value| MARKS.contains(&event["type"].as_str().unwrap_or_default());
        let marks: Vec<&Value> = events.iter().filter(is_mark).collect();
        let Some(mark) = marks.choose(&mut self.dice) else { return };
        let path = format!("{path}/{}", mark["seq"]);
        if is_void {
            let (status, answer) = self.host().delete(&path).await;
            assert!(!status.is_server_error(), "void: {status} {answer}");
            *self.done.entry("void").or_default() += usize::from(status.is_success());
        } else {
            let other = game["order"].as_array().expect("an order").choose(&mut self.dice).expect("a player").clone();
            self.post("reassign", &format!("{path}/reassign"), json!({"participant_id": other})).await;
        }
    }

    /// The place of the guest, who is the last one, becomes the claimant's.
    async fn claim(&mut self) {
        let guest = self.evening.participants.last().expect("a guest").clone();
        let path = self.evening.path(&format!("/participants/{guest}/claim"));
        self.claimant.done(&path, json!({})).await;
        self.post("claim", &format!("{path}/confirm"), json!({"user_id": self.claimant.id})).await;
        assert_eq!(self.done["claim"], 1);
    }

    /// What each user's games come to, by what the games say of themselves, and the game type.
    async fn count(&mut self, sums: &mut BTreeMap<(String, String), Sums>) {
        let state = self.evening.state().await;
        let participants = state["participants"].as_array().expect("participants").clone();
        let user_of = |id: &Value| {
            let place = participants.iter().find(|place| place["id"] == *id).expect("a participant");
            place["user_id"].as_str().map(str::to_owned)
        };
        let game_type = text(&state["rules"]["game_type"]);
        for game in self.games().await.iter().filter(|game| game["status"] == "completed") {
            let game = self.evening.creator().read(&format!("/api/v1/games/{}", text(&game["id"]))).await;
            let is_marked = self.has_marks(&text(&game["id"])).await;
            for result in game["results"].as_array().expect("results") {
                let Some(user) = user_of(&result["participant_id"]) else { continue };
                let number = |field: &str| result[field].as_i64().unwrap_or_else(|| panic!("{field} of {result}"));
                let (won, lost) = match game_type.as_str() {
                    "kolkhoz" => (is_marked && number("place") == 1, is_marked && number("place") > 1),
                    _ => (number("net") > 0, number("net") < 0),
                };
                let figures = [
                    ("games", 1),
                    ("wins", i64::from(won)),
                    ("losses", i64::from(lost)),
                    ("points", number("points")),
                    ("balls_potted", number("balls_potted")),
                    ("fouls", number("fouls")),
                    ("net", number("net")),
                ];
                for (name, figure) in figures {
                    *sums.entry((user.clone(), game_type.clone())).or_default().entry(name).or_default() += figure;
                }
            }
        }
    }

    /// Is there a mark that stands?
    async fn has_marks(&self, game: &str) -> bool {
        let events = self.evening.creator().read(&format!("/api/v1/games/{game}/events?limit=200")).await;
        let voided: Vec<&Value> = items(&events).iter().map(|event| &event["data"]["voided_seq"]).collect();
        let is_mark = |event: &Value| MARKS.contains(&event["type"].as_str().unwrap_or_default());
        items(&events).iter().any(|event| is_mark(event) && !voided.contains(&&event["seq"]))
    }
}

const MARKS: [&str; 3] = ["game.ball_potted", "game.foul_committed", "game.turn_changed"];

/// What the statistics say of a user, in the words of [`Table::count`].
fn said(totals: &Value) -> Sums {
    let names = ["games", "wins", "losses", "points", "balls_potted", "fouls"];
    let mut sums: Sums = names.into_iter().map(|name| (name, totals[name].as_i64().unwrap_or_default())).collect();
    sums.insert("net", totals["nets"]["RUB"].as_i64().unwrap_or_default());
    sums
}

async fn everything(reader: &Player, users: &[Player]) -> Vec<Value> {
    let mut everything = Vec::new();
    for user in users {
        for path in ["", "/games?limit=200", "/achievements"] {
            everything.push(reader.read(&format!("/api/v1/stats/users/{}{path}", user.id)).await);
        }
    }
    for board in ["by=net", "by=wins", "by=rating&game_type=kolkhoz", "by=rating&game_type=americana"] {
        everything.push(reader.read(&format!("/api/v1/stats/leaderboard?{board}")).await);
    }
    everything
}

async fn evening(store: Store, seed: u64) {
    let mut nodes = vec![TestApp::start_with(store, &[]).await];
    let mut echo = None;
    if store == Store::Rabbit {
        nodes.push(nodes[0].another_node().await);
        echo = Some(Echo::start(&nodes[0], seed).await);
    }
    let claimant = nodes[0].player("petr").await;
    let rules = [
        (
            kolkhoz_with(json!({"foul": {"kind": "pool", "points": 1}, "order": "manual"})),
            &["white", "yellow", "pink"][..],
            4,
        ),
        (counted_with(json!({"order": "manual", "last_ball": "value_plus_one"})), &["white", "yellow", "pink"], 4),
        (pyramid_with("americana", json!({"target_balls": 4, "order": "manual"})), &["white"], 2),
    ];
    let (mut sums, mut done, mut users) = (BTreeMap::new(), BTreeMap::new(), vec![claimant.clone()]);
    for (number, (rules, colors, players_max)) in rules.into_iter().enumerate() {
        let mut evening = Evening::open(&nodes[0], &["anna", "boris", "vera"], rules).await;
        let guest = evening.players[0].done(&evening.path("/participants"), json!({"display_name": "Uncle"})).await;
        evening.participants.push(text(&guest["id"]));
        let dice = StdRng::seed_from_u64(seed + number as u64);
        let mut table =
            Table { nodes: &nodes, evening, claimant: &claimant, dice, colors, players_max, done: BTreeMap::new() };
        table.play().await;
        table.count(&mut sums).await;
        users.extend(table.evening.players.iter().cloned());
        for (what, times) in table.done {
            *done.entry(what).or_insert(0) += times;
        }
    }
    for what in ["start", "mark", "end", "void", "reassign", "forgotten", "claim"] {
        assert!(done.get(what).is_some_and(|times| *times > 0), "nothing of {what} was done: {done:?}");
    }
    for user in &users {
        until(&format!("the statistics of the games, {store:?}, {done:?}"), async || {
            let statistics = claimant.read(&format!("/api/v1/stats/users/{}", user.id)).await;
            for game_type in ["kolkhoz", "americana"] {
                let expected = sums.get(&(user.id.clone(), game_type.to_owned())).cloned();
                let is = statistics["by_game_type"].get(game_type).map(said);
                if is != expected {
                    eprintln!("{game_type} of {}: {is:?}, and should be {expected:?}", user.id);
                    return None;
                }
            }
            Some(())
        })
        .await;
    }
    let before = until("nothing changes any more", async || {
        let now = everything(&claimant, &users).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        (everything(&claimant, &users).await == now).then_some(now)
    })
    .await;
    if let Some(echo) = echo {
        let sent = echo.sent.load(Ordering::Relaxed);
        assert!(sent > STEPS, "{sent} messages came again");
    }
    let rebuilt = nodes[0].command(&["rebuild", "statistics"]);
    let answer = String::from_utf8_lossy(&rebuilt.stdout).into_owned();
    assert_eq!(answer, "3 sessions: 0 rows differed and are put right, 0 sessions left out\n");
    assert_eq!(everything(&claimant, &users).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_of_a_random_evening_are_what_a_recomputation_says() {
    for round in 0..rounds() {
        for store in Store::ALL {
            let seed =
                std::env::var("ARTEL_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().expect("a seed"));
            eprintln!("round {round}, {store:?}: ARTEL_TEST_SEED={seed}");
            evening(store, seed).await;
        }
    }
}
