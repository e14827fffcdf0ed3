//! One node of the rig: its process, and the proxies between it and everybody else.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::ports::free_port;
use crate::proxy::Proxy;
use crate::test_app::{artel, find_libfaketime, temp_dir};

pub(super) const ADMIN: &str = "nemesis-admin";
const SECRET: &str = "a secret of the tests, long enough for it";
/// A start that takes longer is given up, and tried again.
const START_PATIENCE: Duration = Duration::from_secs(60);
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Clients of the tests are faster than people, and all at one address. A dead connection is noticed within seconds.
const ARGUMENTS: [&str; 16] = [
    "--commands-per-second",
    "1000",
    "--sessions-per-hour",
    "10000",
    "--invitations-per-hour",
    "10000",
    "--joins-per-minute",
    "10000",
    "--registrations-per-minute",
    "10000",
    "--connections-per-user",
    "1000",
    "--connections-per-address",
    "10000",
    "--heartbeat-seconds",
    "5",
];

/// A node.
pub(super) struct Node {
    pub(super) id: String,
    dir: PathBuf,
    port: u16,
    pub(super) database: Proxy,
    pub(super) broker: Proxy,
    pub(super) clients: Proxy,
    child: Mutex<Option<Child>>,
    /// One fault at a time stops, kills and starts it.
    pub(super) process: tokio::sync::Mutex<()>,
}

impl Node {
    pub(super) async fn new(index: usize, database: u16, broker: u16) -> Self {
        let port = free_port();
        Self {
            id: format!("nemesis-{index}"),
            dir: temp_dir(),
            port,
            database: Proxy::to(database).await,
            broker: Proxy::to(broker).await,
            clients: Proxy::to(port).await,
            child: Mutex::default(),
            process: tokio::sync::Mutex::default(),
        }
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where clients find it.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.clients.address)
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default()
    }

    /// A start that finds no database ends by itself: it is tried again until it succeeds.
    pub(super) async fn start(&self, hours: i32) {
        while !self.try_start(hours).await {
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn try_start(&self, hours: i32) -> bool {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join("server.log"));
        let mut program = artel();
        if hours != 0
            && let Some(library) = find_libfaketime()
        {
            let clock = format!("{:+}s", hours * 3_600);
            program.env("LD_PRELOAD", library).env("FAKETIME", clock).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut child = program
            .arg("serve")
            .args(["--data-dir", &self.dir.display().to_string(), "--jwt-secret", SECRET, "--node-id", &self.id])
            .args(["--database-url", &format!("postgres://postgres@{}/postgres", self.database.address)])
            .args(["--amqp-url", &format!("amqp://guest:guest@{}", self.broker.address)])
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--admin", ADMIN])
            .args(ARGUMENTS)
            .stdout(Stdio::piped())
            .stderr(log.expect("a log file"))
            .spawn()
            .expect("the program is there");
        let stdout = child.stdout.take().expect("piped");
        *self.child() = Some(child);
        let (first, said) = oneshot::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let _ = first.send(lines.next());
            lines.for_each(drop);
        });
        let said = tokio::time::timeout(START_PATIENCE, said).await;
        let is_up = matches!(said, Ok(Ok(Some(line))) if line.starts_with("Artel is at "));
        if !is_up {
            self.kill();
        }
        is_up
    }

    /// `kill -9`; a stopped one dies, too.
    pub(super) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(super) fn signal(&self, signal: &str) {
        if let Some(child) = self.child().as_ref() {
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
        }
    }

    /// It runs, or nobody has started it.
    pub(super) fn is_well(&self) -> bool {
        self.child().as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(None)))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A command of the program beside the nodes, on their database.
pub(super) fn command(database_url: &str, words: &[&str], line: &str) -> Output {
    use std::io::Write;
    let dir = temp_dir();
    let mut child = artel()
        .args(words)
        .args(["--data-dir", &dir.display().to_string(), "--database-url", database_url, "--jwt-secret", SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    let _ = child.stdin.take().expect("piped").write_all(format!("{line}\n").as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let _ = std::fs::remove_dir_all(&dir);
    output
}
