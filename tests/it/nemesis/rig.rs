//! A PostgreSQL cluster, a RabbitMQ and four nodes of one run's own, and how each fault is done to them and undone.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{QueueDeleteOptions, QueuePurgeOptions};
use lapin::{Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::club::Table;
use super::node::{self, ADMIN, Node};
use super::report::Report;
use super::schedule::{Broken, Fault, NODES, Planned, Row, To};
use crate::broker::Broker;
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::test_app::find_libfaketime;

/// A broker that was just started may take so long for anything.
const BROKER_PATIENCE: Duration = Duration::from_secs(20);
/// A fault that can't begin for so long is left out.
const LATEST: Duration = Duration::from_secs(10);
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// All that runs.
pub(super) struct Rig {
    pub(super) cluster: Arc<Cluster>,
    pub(super) broker: Arc<Broker>,
    pub(super) nodes: Vec<Node>,
    pub(super) report: Arc<Report>,
    /// One fault at a time stops, starts and commands each of them.
    cluster_process: Mutex<()>,
    broker_process: Mutex<()>,
    /// Messages come again.
    pub(super) is_doubling: AtomicBool,
}

/// `psql` that holds a lock; it lets go when dropped.
struct Lock(Child);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Rig {
    pub(super) async fn start(report: Arc<Report>) -> Arc<Self> {
        let cluster = tokio::task::spawn_blocking(|| Arc::new(Cluster::start()));
        let broker = Arc::new(Broker::start().await);
        let cluster = cluster.await.expect("a cluster");
        let mut nodes = Vec::new();
        for index in 0..NODES {
            nodes.push(Node::new(index, cluster.port, broker.port).await);
        }
        let rig = Arc::new(Self {
            cluster,
            broker,
            nodes,
            report,
            cluster_process: Mutex::default(),
            broker_process: Mutex::default(),
            is_doubling: AtomicBool::new(false),
        });
        if find_libfaketime().is_none() {
            rig.report.say("libfaketime is not installed: no clock will be off");
        }
        // The first one makes the tables.
        rig.nodes[0].start(0).await;
        join_all(rig.nodes[1..].iter().map(|node| node.start(0))).await;
        let made = rig.command(&["user", "create", ADMIN], "correct horse").await;
        assert!(made.status.success(), "{made:?}");
        rig
    }

    /// Where clients find the nodes.
    pub(super) fn bases(&self) -> Vec<String> {
        self.nodes.iter().map(Node::base).collect()
    }

    /// A command of the program, on the database itself.
    pub(super) async fn command(&self, words: &[&str], line: &str) -> std::process::Output {
        let (url, line) = (self.cluster.url(), line.to_owned());
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let run = move || node::command(&url, &words.iter().map(String::as_str).collect::<Vec<_>>(), &line);
        tokio::task::spawn_blocking(run).await.expect("it ran")
    }

    /// What a query says, line by line.
    pub(super) async fn query(&self, query: &str) -> Result<Vec<String>, String> {
        let (url, query) = (self.cluster.url(), query.to_owned());
        let run = move || Command::new("psql").args([&url, "-Atqc", &query]).output();
        let output = tokio::task::spawn_blocking(run).await.expect("it ran").map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// Says when a node ends that nobody has killed, and starts it again.
    pub(super) async fn watch_nodes(self: Arc<Self>) {
        loop {
            sleep(WATCH_EVERY).await;
            for node in &self.nodes {
                let Ok(_alone) = node.process.try_lock() else { continue };
                if !node.is_well() {
                    let log = node.log();
                    let last: Vec<&str> = log.lines().rev().take(3).collect();
                    self.report.violation("a node ended by itself", &format!("{}: {last:?}", node.id));
                    node.kill();
                    node.start(0).await;
                }
            }
        }
    }

    /// What the nodes complained of, each thing once: nothing of it has to be wrong.
    pub(super) fn tell_logs(&self) {
        let mut complaints: BTreeMap<String, usize> = BTreeMap::new();
        for node in &self.nodes {
            for line in node.log().lines().filter(|line| line.contains(" ERROR ") || line.contains(" WARN ")) {
                // Without the time, numbers and ids.
                let what = line.split_once(' ').map_or(line, |(_, what)| what);
                let what: String = what.chars().filter(|char| !char.is_ascii_digit()).take(160).collect();
                *complaints.entry(what).or_default() += 1;
            }
        }
        for (complaint, count) in complaints {
            eprintln!("nemesis log, {count} times: {complaint}");
        }
    }

    /// Has all of it happen, each in its time, and waits until all is over.
    pub(super) async fn carry_out(self: &Arc<Self>, plan: &[Planned], tables: &[Arc<Table>]) {
        let began = tokio::time::Instant::now();
        let mut faults = tokio::task::JoinSet::new();
        for planned in plan.iter().copied() {
            let (rig, tables) = (self.clone(), tables.to_vec());
            faults.spawn(async move {
                tokio::time::sleep_until(began + planned.at).await;
                rig.break_for(planned.fault, planned.lasts, &tables).await;
            });
        }
        while let Some(done) = faults.join_next().await {
            done.expect("a fault can be done and undone");
        }
    }

    /// Does it, and undoes it when its time is over.
    pub(super) async fn break_for(&self, fault: Fault, lasts: Duration, tables: &[Arc<Table>]) {
        if matches!(fault, Fault::Clock { .. }) && find_libfaketime().is_none() {
            return self.report.count("left out: libfaketime is not installed");
        }
        let process = match fault {
            Fault::Killed { node } | Fault::Clock { node, .. } | Fault::Stopped { node } => {
                Some(&self.nodes[node].process)
            }
            Fault::DatabaseDown { .. } => Some(&self.cluster_process),
            Fault::BrokerDown { .. }
            | Fault::BrokerAlarm
            | Fault::NodeQueueDeleted { .. }
            | Fault::NodeQueuePurged { .. } => Some(&self.broker_process),
            _ => None,
        };
        let alone = async {
            match process {
                Some(process) => Some(process.lock().await),
                None => None,
            }
        };
        // On a busy machine the one before may take much longer than it should.
        let Ok(_alone) = tokio::time::timeout(LATEST, alone).await else {
            return self.report.count("left out: what was done before is not over");
        };
        let begun = self.report.begin(fault);
        match fault {
            Fault::Killed { node } => {
                self.nodes[node].kill();
                sleep(lasts).await;
                self.nodes[node].start(0).await;
            }
            Fault::Clock { node, hours } => {
                self.nodes[node].kill();
                self.nodes[node].start(hours).await;
                sleep(lasts).await;
                self.nodes[node].kill();
                self.nodes[node].start(0).await;
            }
            Fault::Stopped { node } => {
                self.nodes[node].signal("-STOP");
                sleep(lasts).await;
                self.nodes[node].signal("-CONT");
            }
            _ => self.break_what_is_shared(fault, lasts, tables).await,
        }
        self.report.end(begun);
    }

    async fn break_what_is_shared(&self, fault: Fault, lasts: Duration, tables: &[Arc<Table>]) {
        match fault {
            Fault::Link { to, node, broken } => {
                let links = self.links(to, node);
                links.iter().for_each(|link| break_link(link, broken));
                sleep(lasts).await;
                links.iter().for_each(|link| if broken == Broken::Held { link.resume() } else { link.heal() });
            }
            Fault::DatabaseDown { at_once } => {
                let cluster = self.cluster.clone();
                let stop = move || if at_once { cluster.stop_immediately() } else { cluster.stop_fast() };
                tokio::task::spawn_blocking(stop).await.expect("stopped");
                sleep(lasts).await;
                let cluster = self.cluster.clone();
                tokio::task::spawn_blocking(move || cluster.restart()).await.expect("started");
            }
            Fault::Locked { row, session } => {
                let _lock = self.lock(row, &tables[session % tables.len()].session, lasts);
                sleep(lasts).await;
            }
            Fault::BrokerDown { killed } => {
                let broker = self.broker.clone();
                let stop = move || if killed { broker.kill() } else { broker.stop() };
                tokio::task::spawn_blocking(stop).await.expect("stopped");
                sleep(lasts).await;
                self.broker.restart().await;
            }
            Fault::BrokerAlarm => {
                self.broker.alarm(true).await;
                sleep(lasts).await;
                self.broker.alarm(false).await;
            }
            Fault::QueueDeleted { queue } => self.on_queue(queue, true).await,
            Fault::QueuePurged { queue } => self.on_queue(queue, false).await,
            Fault::NodeQueueDeleted { node } | Fault::NodeQueuePurged { node } => {
                let queue = format!("websocket.broadcast.{}", self.nodes[node].id);
                let word = if matches!(fault, Fault::NodeQueueDeleted { .. }) { "delete_queue" } else { "purge_queue" };
                // It is not there as long as its node is away.
                if !self.broker.control_queue(word, &queue).await {
                    self.report.count("left out: the queue of a node is not there");
                }
            }
            Fault::Doubled => {
                self.is_doubling.store(true, Ordering::Relaxed);
                sleep(lasts).await;
                self.is_doubling.store(false, Ordering::Relaxed);
            }
            Fault::ClientsCut { node: Some(node) } => self.nodes[node].clients.cut(),
            Fault::ClientsCut { node: None } => self.nodes.iter().for_each(|node| node.clients.cut()),
            Fault::Killed { .. } | Fault::Stopped { .. } | Fault::Clock { .. } => {}
        }
    }

    fn links(&self, to: To, node: Option<usize>) -> Vec<&Proxy> {
        let concerned = self.nodes.iter().enumerate().filter(|(index, _)| node.is_none_or(|node| node == *index));
        concerned
            .map(|(_, node)| match to {
                To::Database => &node.database,
                To::Broker => &node.broker,
            })
            .collect()
    }

    fn lock(&self, row: Row, session: &str, lasts: Duration) -> Lock {
        let locked = match row {
            Row::Session => format!("SELECT 1 FROM session WHERE id = '{session}' FOR UPDATE"),
            Row::Cursors => format!("SELECT 1 FROM consumer_cursor WHERE session_id = '{session}' FOR UPDATE"),
        };
        let statements = format!("BEGIN; {locked}; SELECT pg_sleep({}); COMMIT", lasts.as_secs_f64());
        let child = Command::new("psql")
            .args([&self.cluster.url(), "-qc", &statements])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Lock(child.expect("psql is installed by ./test"))
    }

    async fn on_queue(&self, queue: &'static str, is_deleted: bool) {
        let work = async {
            let connection = Connection::connect(&self.broker.url(), ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            if is_deleted {
                channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
            } else {
                channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await?;
            }
            connection.close(200, "done".into()).await
        };
        if !matches!(tokio::time::timeout(BROKER_PATIENCE, work).await, Ok(Ok(()))) {
            self.report.count("left out: the queue or the broker is not there");
        }
    }
}

fn break_link(link: &Proxy, broken: Broken) {
    match broken {
        Broken::Stalled | Broken::Held => link.stall(),
        Broken::Refused => link.refuse(),
        Broken::Delayed(milliseconds) => link.delay(Duration::from_millis(milliseconds)),
    }
}
