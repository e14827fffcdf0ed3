//! Four nodes over one PostgreSQL and one RabbitMQ, everything between them and their clients broken at random, several
//! things at once, under load: and whatever happens, what was acknowledged stands, what is told is right, and all that
//! is made from the log is what the log says.
//!
//! `tests/nemesis` runs it for as long as one likes. A seed names a schedule of faults; when exactly each message comes
//! is the machine's doing, so a seed that found something may have to be run again. `./test` has a short one.

mod aftermath;
mod check;
mod client;
mod club;
mod dice;
mod differences;
mod each;
mod model;
mod node;
mod outsider;
mod report;
mod rig;
mod schedule;
mod scorer;
mod watcher;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use self::check::{Check, Ear};
use self::client::{Call, Client};
use self::club::{Person, Table};
use self::dice::Dice;
use self::report::Report;
use self::rig::Rig;
use self::schedule::{NODES, Pace};
use self::scorer::Scorer;
use self::watcher::{Hearing, Watcher};

/// What is wrong, sentence by sentence.
type Until = Vec<String>;

/// Of a round: then all is checked, and new sessions are opened.
const ROUND: Duration = Duration::from_secs(180);

/// Everything is whole, and a call is not answered.
const PATIENCE: Duration = Duration::from_secs(120);

/// A token is good for fifteen minutes.
const RENEWAL: Duration = Duration::from_secs(7 * 60);

/// What everybody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Playing,
    /// Nothing new is asked; who listens keeps on.
    Holding,
    /// As before, without the players.
    Spectating,
    Over,
}

/// How much is played.
#[derive(Clone, Copy, Debug)]
struct Load {
    tables: usize,
    /// Between two commands of a player.
    pause: Duration,
}

/// Everybody who is there in a round.
struct Crowd {
    client: Client,
    tables: Vec<Arc<Table>>,
    ears: Vec<Ear>,
    scoring: JoinSet<()>,
    others: JoinSet<()>,
    phase: watch::Sender<Phase>,
    began: Instant,
}

impl Crowd {
    /// Opens the sessions and has everybody begin.
    async fn gather(rig: &Arc<Rig>, load: Load, seed: u64) -> Self {
        let client = Client::new(rig.bases());
        let began = Instant::now();
        rig.report.logged_in();
        let mut tables = Vec::new();
        for index in 0..load.tables {
            tables.push(Arc::new(Table::open(index, &client.bases[index % NODES]).await));
        }
        let mut crowd = Self {
            client,
            tables: tables.clone(),
            ears: Vec::new(),
            scoring: JoinSet::new(),
            others: JoinSet::new(),
            phase: watch::Sender::new(Phase::Playing),
            began,
        };
        let mut dice = Dice::of(seed);
        for table in &tables {
            crowd.sit_down(rig, table, load, &mut dice);
        }
        for node in 0..NODES {
            let asking = (crowd.client.clone(), rig.report.clone());
            crowd.others.spawn(watcher::probe(asking, node, tables.clone(), crowd.phase.subscribe()));
        }
        crowd.others.spawn(outsider::ask(rig.clone(), tables, dice.next(), crowd.phase.subscribe()));
        crowd
    }

    fn sit_down(&mut self, rig: &Rig, table: &Arc<Table>, load: Load, dice: &mut Dice) {
        for me in 0..table.players.len() {
            let asking = (self.client.clone(), rig.report.clone());
            let pace = (dice.next(), load.pause);
            let scorer = Scorer::new(asking, table.clone(), me, pace, self.phase.subscribe());
            if me == 2 {
                self.scoring.spawn(scorer.play_over_rest());
            } else {
                let hearing = Hearing::of(table.clone(), format!("player {me}"));
                self.listen(table, &hearing, "player", false);
                self.scoring.spawn(scorer.play_on_sockets(hearing));
            }
        }
        for (who, person) in
            [("spectator", &table.spectator), ("second device", &table.players[1]), ("board", &table.spectator)]
        {
            let hearing = Hearing::of(table.clone(), who.to_owned());
            self.listen(table, &hearing, who, true);
            let watcher = Watcher {
                client: self.client.clone(),
                person: Person::clone(person),
                dice: Dice::of(dice.next()),
                phase: self.phase.subscribe(),
                report: rig.report.clone(),
                leaves_in: if who == "second device" { Phase::Spectating } else { Phase::Over },
            };
            if who == "board" {
                self.others.spawn(watcher.read_board(hearing));
            } else {
                self.others.spawn(watcher.watch(hearing));
            }
        }
    }

    fn listen(&mut self, table: &Table, hearing: &Hearing, who: &str, stays: bool) {
        self.ears.push(Ear { who: who.to_owned(), table: table.index, heard: hearing.heard(), stays });
    }

    /// Nothing is broken any more: everything comes to its end, and everything is looked at.
    async fn settle(mut self, rig: &Rig) {
        let say = |what: &str| rig.report.say(what);
        self.check(rig).readiness().await;
        say("all nodes are ready");
        self.phase.send_replace(Phase::Holding);
        while let Some(done) = self.scoring.join_next().await {
            done.expect("a player plays to the end");
        }
        say("all commands are answered");
        self.end_games(rig).await;
        self.check(rig).quiet().await;
        say("nothing waits at the broker");
        if self.began.elapsed() > RENEWAL {
            self.check(rig).log_in_again().await;
        }
        self.check(rig).everything().await;
        self.phase.send_replace(Phase::Spectating);
        self.check(rig).presence(true).await;
        self.phase.send_replace(Phase::Over);
        while let Some(done) = self.others.join_next().await {
            done.expect("a listener listens to the end");
        }
    }

    /// At some tables the last game ends, at others it goes on.
    async fn end_games(&self, rig: &Rig) {
        for table in self.tables.iter().filter(|table| table.index.is_multiple_of(2)) {
            let Some(game) = table.known().game.clone() else { continue };
            let call = Call {
                method: Method::POST,
                path: format!("/api/v1/games/{game}/end"),
                token: table.players[0].token(),
                key: Some(Uuid::now_v7()),
                body: Some(json!({})),
            };
            if self.client.until_done(&call, PATIENCE, &rig.report).await.is_none() {
                rig.report.violation("a game can't be ended though nothing is broken", &game);
            }
        }
    }

    fn check<'a>(&'a self, rig: &'a Rig) -> Check<'a> {
        Check { rig, client: &self.client, tables: &self.tables, ears: &self.ears, began: self.began }
    }
}

/// Rounds until the time is over; panics where anything was violated.
async fn run(seed: u64, time: Duration, pace: Pace, load: Load) {
    let report = Arc::new(Report::new());
    report.say(&format!("seed {seed}"));
    let rig = Rig::start(report.clone()).await;
    let mut beside = JoinSet::new();
    beside.spawn(rig.clone().watch_nodes());
    beside.spawn(outsider::echo(rig.clone(), seed));
    let began = Instant::now();
    let mut round = 0;
    while round == 0 || began.elapsed() + ROUND / 2 < time {
        let seed = seed.wrapping_mul(1_000).wrapping_add(round);
        let plan = schedule::draw(seed, pace, load.tables);
        report.say(&format!("round {round}: {} faults", plan.len()));
        plan.iter().for_each(|planned| eprintln!("  {planned}"));
        let crowd = Crowd::gather(&rig, load, seed).await;
        rig.carry_out(&plan, &crowd.tables).await;
        report.say("all is whole again");
        crowd.settle(&rig).await;
        report.say(&format!("round {round} is over, violations so far: {}", report.violations()));
        round += 1;
    }
    beside.shutdown().await;
    rig.tell_logs();
    eprintln!("nemesis: seed {seed}\n{}", report.summary());
    assert!(report.violations() == 0, "{} violations with seed {seed}", report.violations());
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}: {value} is no number")))
}

/// Whoever stops the script stops what it has started, too.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let [mut interrupted, mut terminated] = [SignalKind::interrupt(), SignalKind::terminate()]
        .map(|kind| signal(kind).expect("a signal can be waited for"));
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// With `ARTEL_NEMESIS_MINUTES` as long as that says, with `ARTEL_NEMESIS_EACH` one fault after another; without it for half a minute, which is enough to see that the rig
/// works and that nothing is grossly broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_what_was_acknowledged_stands() {
    let seed = setting("ARTEL_NEMESIS_SEED").unwrap_or(11);
    let Some(minutes) = setting("ARTEL_NEMESIS_MINUTES") else {
        let pace =
            Pace { length: Duration::from_secs(25), pause: Duration::from_secs(3), longest: Duration::from_secs(5) };
        return run(seed, pace.length, pace, Load { tables: 3, pause: Duration::from_millis(500) }).await;
    };
    let asked = async {
        if let Ok(words) = std::env::var("ARTEL_NEMESIS_EACH") {
            return each::run(seed, &words, Load { tables: 4, pause: Duration::from_millis(200) }).await;
        }
        let time = Duration::from_secs(60 * minutes);
        let pace = Pace { length: ROUND.min(time), pause: Duration::from_secs(8), longest: Duration::from_secs(20) };
        run(seed, time, pace, Load { tables: 4, pause: Duration::from_millis(300) }).await;
    };
    tokio::select! {
        () = asked => {}
        () = stopped() => panic!("stopped"),
    }
}
