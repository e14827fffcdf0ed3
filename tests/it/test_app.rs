//! Real servers on random ports and players who talk to them over real sockets. Every test has its own database.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::broker::{Broker, Vhost};
use super::player::Player;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Tests are faster than people. Who tests a limit sets it with a flag, which is stronger than the environment.
const GENEROUS: [(&str, &str); 5] = [
    ("ARTEL_MESSAGES_PER_SECOND", "1000"),
    ("ARTEL_COMMANDS_PER_SECOND", "1000"),
    ("ARTEL_SESSIONS_PER_HOUR", "10000"),
    ("ARTEL_INVITATIONS_PER_HOUR", "10000"),
    ("ARTEL_JOINS_PER_MINUTE", "10000"),
];

/// How often in a row a test does what it does: `ARTEL_TEST_ROUNDS`, once where that says nothing.
pub fn rounds() -> usize {
    std::env::var("ARTEL_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
}

/// What a server stands on: where its data is, and which bus it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// SQLite, the bus in the process.
    Sqlite,
    /// PostgreSQL, the bus in the process.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Rabbit,
}

impl Store {
    /// All set-ups of a server.
    pub const ALL: [Store; 3] = [Store::Sqlite, Store::Postgres, Store::Rabbit];

    /// What the conformance suite runs on: `./test` runs it on all of them, one after another.
    pub fn chosen() -> Self {
        match std::env::var("ARTEL_TEST_STORE").as_deref() {
            Err(_) | Ok("sqlite") => Store::Sqlite,
            Ok("postgres") => Store::Postgres,
            Ok("rabbit") => Store::Rabbit,
            Ok(other) => panic!("ARTEL_TEST_STORE: {other} is none of sqlite, postgres, rabbit"),
        }
    }
}

/// A server of its own.
pub struct TestApp {
    pub base: String,
    pub dir: PathBuf,
    pub store: Store,
    child: Option<Child>,
    database: Option<PostgresDatabase>,
    broker: Option<Vhost>,
    arguments: Vec<String>,
    /// A database that somebody else looks after.
    database_url: Option<String>,
    /// A file that may not grow is an error of the write, not the end of the process.
    outlives_full_files: bool,
    /// How far its clock is from the others', like `+60s`.
    clock: Option<String>,
    port: u16,
    /// What it has told on standard output so far.
    told: Arc<Mutex<String>>,
}

/// A database of a test's own, dropped with it.
pub struct PostgresDatabase {
    admin: String,
    name: String,
}

/// The server that `./test` found or started.
fn postgres_url() -> String {
    std::env::var("ARTEL_TEST_POSTGRES").expect(
        "ARTEL_TEST_POSTGRES names a PostgreSQL server, like postgres://postgres@127.0.0.1:5432; `./test` sets it",
    )
}

pub fn psql(url: &str, statement: &str) {
    let output = Command::new("psql")
        .args([url, "-v", "ON_ERROR_STOP=1", "-qc", statement])
        .output()
        .expect("psql is installed by ./test");
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
}

impl PostgresDatabase {
    pub fn create() -> Self {
        let admin = format!("{}/postgres", postgres_url());
        let name = format!("artel_test_{}", Uuid::new_v4().simple());
        psql(&admin, &format!("CREATE DATABASE {name}"));
        Self { admin, name }
    }

    pub fn url(&self) -> String {
        format!("{}/{}", postgres_url(), self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let _ = Command::new("psql")
            .args([&self.admin, "-qc", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)])
            .output();
    }
}

pub fn temp_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("artel-test-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&dir).expect("a temporary directory");
    dir
}

/// The program under test.
pub fn artel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_artel"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ARTEL_")) {
        command.env_remove(name);
    }
    command
}

/// The same, told by an error of the write when a file may not grow; by itself the kernel would end it.
fn artel_outliving_full_files() -> Command {
    let program = artel();
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(program.get_program());
    for (name, _) in program.get_envs() {
        command.env_remove(name);
    }
    command
}

/// Makes a process see another time.
pub fn libfaketime() -> PathBuf {
    find_libfaketime().expect("libfaketime is installed by ./test")
}

/// The same, where it is installed.
pub fn find_libfaketime() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = libraries.map(|library| library.path().join("faketime/libfaketime.so.1"));
    found.find(|library| library.exists())
}

/// To one process.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().expect("kill");
    assert!(sent.success());
}

impl TestApp {
    /// A server with the defaults, on what the conformance suite runs on.
    pub async fn start() -> Self {
        Self::start_with(Store::chosen(), &[]).await
    }

    /// A server with further arguments.
    pub async fn start_with(store: Store, arguments: &[&str]) -> Self {
        let mut app = Self::new(store, arguments);
        app.database = (store != Store::Sqlite).then(PostgresDatabase::create);
        if store == Store::Rabbit {
            let vhost = Broker::shared().await.vhost().await;
            app.arguments.extend(["--amqp-url".to_owned(), vhost.url()]);
            app.broker = Some(vhost);
        }
        app.launch().await;
        app
    }

    /// A server on a PostgreSQL database of the caller's.
    pub async fn start_on(database_url: &str, arguments: &[&str]) -> Self {
        let mut app = Self::new(Store::Postgres, arguments);
        app.database_url = Some(database_url.to_owned());
        app.launch().await;
        app
    }

    /// Another server on the same database and broker.
    pub async fn another_node(&self) -> Self {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        Self::start_on(&self.postgres().expect("in PostgreSQL"), &arguments).await
    }

    /// The same, in another role.
    pub async fn another_node_as(&self, role: &str) -> Self {
        let roles = ["api", "worker", "all"];
        let role_of = |argument: &String| if roles.contains(&argument.as_str()) { role } else { argument }.to_owned();
        let arguments: Vec<String> = self.arguments.iter().map(role_of).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self::start_on(&self.postgres().expect("in PostgreSQL"), &arguments).await
    }

    /// The same, with a clock that is wrong by so much, like `+60s`.
    pub async fn another_node_with_clock(&self, clock: &str) -> Self {
        let mut app = Self::new(Store::Postgres, &[]);
        app.arguments.clone_from(&self.arguments);
        app.database_url = self.postgres();
        app.clock = Some(clock.to_owned());
        app.launch().await;
        app
    }

    /// A server on the data directory that it is given a way to fill.
    pub async fn start_in_filled(fill: impl FnOnce(&Path)) -> Self {
        let mut app = Self::new(Store::Sqlite, &[]);
        fill(&app.dir);
        app.launch().await;
        app
    }

    /// A server on SQLite whose files can be kept from growing (`limit_files`).
    pub async fn start_limitable(arguments: &[&str]) -> Self {
        let mut app = Self::new(Store::Sqlite, arguments);
        app.outlives_full_files = true;
        app.launch().await;
        app
    }

    fn new(store: Store, arguments: &[&str]) -> Self {
        Self {
            base: String::new(),
            dir: temp_dir(),
            store,
            child: None,
            database: None,
            broker: None,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            database_url: None,
            outlives_full_files: false,
            clock: None,
            port: 0,
            told: Arc::default(),
        }
    }

    /// No file of the server may grow over `bytes` from now on; `None`: as it was.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let limited = Command::new("prlimit")
            .args(["--pid", &self.pid().to_string(), &format!("--fsize={soft}:unlimited")])
            .status()
            .expect("prlimit is part of util-linux");
        assert!(limited.success());
    }

    /// Where this server's data is, if in PostgreSQL.
    pub fn postgres(&self) -> Option<String> {
        self.database_url.clone().or_else(|| self.database.as_ref().map(PostgresDatabase::url))
    }

    /// Where this server's broker is, if it has one.
    pub fn amqp_url(&self) -> Option<String> {
        self.broker.as_ref().map(Vhost::url)
    }

    /// The settings that name this server's data.
    pub fn data_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--data-dir".to_owned(), self.dir.display().to_string()];
        if let Some(url) = self.postgres() {
            arguments.extend(["--database-url".to_owned(), url]);
            arguments.extend(["--jwt-secret".to_owned(), "a secret of the tests, long enough for it".to_owned()]);
        }
        arguments
    }

    async fn launch(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.join("server.log"))
            .expect("a log file");
        let mut program = if self.outlives_full_files { artel_outliving_full_files() } else { artel() };
        if let Some(clock) = &self.clock {
            program.env("LD_PRELOAD", libfaketime()).env("FAKETIME", clock).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut child = program
            .envs(GENEROUS)
            .arg("serve")
            .args(self.data_arguments())
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("piped");
        let (first, line) = tokio::sync::oneshot::channel();
        let told = self.told.clone();
        std::thread::spawn(move || {
            let mut first = Some(first);
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            loop {
                let line = lines.next();
                if let Some(first) = first.take() {
                    let _ = first.send(line.clone().unwrap_or_default());
                }
                let Some(line) = line else { return };
                let mut told = told.lock().expect("not poisoned");
                told.push_str(&line);
                told.push('\n');
            }
        });
        let line = tokio::time::timeout(PATIENCE, line).await.expect("the server says where it is").expect("read");
        let base = line.trim().strip_prefix("Artel is at ").unwrap_or_else(|| panic!("no address: {}", self.log()));
        self.base = base.to_owned();
        self.port = base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        self.child = Some(child);
    }

    /// What it has told on standard output since its first start.
    pub fn told(&self) -> String {
        self.told.lock().expect("not poisoned").clone()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// `STOP`, `CONT`, ...
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// `kill -9`, then the same again on the same data and port.
    pub async fn kill_and_restart(&mut self) {
        self.kill();
        self.launch().await;
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("reaped");
        }
    }

    /// `kill -9`, then on the same data with other arguments.
    pub async fn restart_with(&mut self, arguments: &[&str]) {
        self.kill();
        self.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        self.launch().await;
    }

    /// `kill -9`, then on the same data with a clock that is off by so much, like `+13d`.
    pub async fn restart_with_clock(&mut self, clock: &str) {
        self.kill();
        self.clock = Some(clock.to_owned());
        self.launch().await;
    }

    pub async fn restart(&mut self) {
        self.launch().await;
    }

    /// A shell script that kills this server and starts it again on the same data and port.
    pub fn restart_script(&self) -> String {
        let generous = GENEROUS.iter().map(|(name, value)| format!("{name}={value}"));
        let quoted: Vec<String> = std::iter::once("env".to_owned())
            .chain(generous)
            .chain([env!("CARGO_BIN_EXE_artel").to_owned()])
            .chain(["serve".to_owned()])
            .chain(self.data_arguments())
            .chain(["--listen".to_owned(), format!("127.0.0.1:{}", self.port)])
            .chain(self.arguments.clone())
            .map(|word| format!("'{word}'"))
            .collect();
        let (pid, dir) = (self.pid(), self.dir.display());
        // The killed one holds its lock for a moment still; one that does not start is told, not waited for.
        format!(
            "set -e\nkill -9 {pid}\nflock -w 20 '{dir}/artel.lock' true\n\
             setsid {} >'{dir}/out' 2>>'{dir}/server.log' </dev/null &\necho $! >'{dir}/pid'\n\
             until grep -q http '{dir}/out'; do kill -0 $!; sleep 0.05; done\n",
            quoted.join(" ")
        )
    }

    /// Takes care of the server that the restart script started.
    pub fn adopt_restarted(&mut self) {
        self.kill();
        if let Ok(pid) = std::fs::read_to_string(self.dir.join("pid")) {
            let _ = Command::new("kill").args(["-9", pid.trim()]).status();
        }
    }

    /// SIGTERM; answers the exit code and how long it took.
    pub async fn terminate(&mut self) -> (Option<i32>, Duration) {
        let mut child = self.child.take().expect("a running server");
        let started = Instant::now();
        signal(child.id(), "TERM");
        let code = tokio::task::spawn_blocking(move || child.wait().expect("reaped").code()).await.expect("joined");
        (code, started.elapsed())
    }

    /// Runs a short command on this server's data.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        artel().args(arguments).args(self.data_arguments()).output().expect("the command runs")
    }

    /// Registers a new player.
    pub async fn player(&self, name: &str) -> Player {
        let username = format!("{name}-{}", &Uuid::new_v4().simple().to_string()[..8]);
        self.player_named(&username).await
    }

    /// Registers, or has the operator open the account where the name is kept for an admin.
    pub async fn player_named(&self, username: &str) -> Player {
        let body = json!({"username": username, "password": "correct horse"});
        let is_kept = |names: &String| names.split(',').any(|name| name.eq_ignore_ascii_case(username));
        if self.arguments.windows(2).any(|pair| pair[0] == "--admin" && is_kept(&pair[1])) {
            self.user(&["create", username], "correct horse").await;
            let (status, answer) = self.anonymous().post("/api/v1/auth/login", body).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            return Player::of(&self.base, &answer);
        }
        let (status, answer) = self.anonymous().post("/api/v1/auth/register", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        Player::of(&self.base, &answer)
    }

    /// `artel user ...` on the data of this server, with a line of standard input; what it printed.
    pub async fn user(&self, words: &[&str], line: &str) -> String {
        let output = self.try_user(words, line).await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The same, whether it succeeds or not.
    pub async fn try_user(&self, words: &[&str], line: &str) -> std::process::Output {
        let mut command = artel();
        command.arg("user").args(words).args(self.data_arguments());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let line = format!("{line}\n");
        let run = move || {
            let mut child = command.spawn().expect("the program starts");
            // A command that reads nothing may be gone already.
            let _ = child.stdin.take().expect("piped").write_all(line.as_bytes());
            child.wait_with_output().expect("the program ends")
        };
        tokio::task::spawn_blocking(run).await.expect("run")
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Player {
        Player {
            base: self.base.clone(),
            http: reqwest::Client::new(),
            token: None,
            id: String::new(),
            refresh: String::new(),
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4_000);
            eprintln!("--- server log ---\n{}", log.get(tail..).unwrap_or(&log));
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Waits until a condition holds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    until_for(PATIENCE, what, look).await
}

/// Waits until a condition holds, for longer where much has to be done before it can.
pub async fn until_for<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + patience;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
    }
}
