//! A server with a database of its own, for benches that read over HTTP.

#![expect(clippy::print_stdout, reason = "what a bench finds is for whoever runs it")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use entity::user;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, EntityTrait, IntoActiveModel, TransactionTrait};
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows of one statement.
const ROWS_MAX: usize = 500;
/// Requests of one kind.
const REQUESTS: usize = 300;

/// Ids that sort as their numbers do.
pub(crate) fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128((0x0190_0000_0000_7000_8000_u128 << 48) | (kind << 40) | u128::from(number))
}

pub(crate) fn user_id(number: u32) -> Uuid {
    id(1, number)
}

/// Where the data is.
pub(crate) struct Store {
    pub(crate) name: &'static str,
    dir: PathBuf,
    pub(crate) url: String,
    arguments: Vec<String>,
    /// The database to drop, and by which URL.
    pub(crate) dropped: Option<(String, String)>,
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        let dir = temp_dir();
        let url = format!("sqlite://{}", dir.join("artel.db").display());
        Self { name: "SQLite", dir, url, arguments: Vec::new(), dropped: None }
    }

    pub(crate) async fn postgres(server: &str) -> Self {
        let name = format!("artel_bench_{}", Uuid::new_v4().simple());
        let admin = format!("{server}/postgres");
        let connection = Database::connect(&admin).await.expect("PostgreSQL");
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("created");
        let url = format!("{server}/{name}");
        let secret = "0123456789012345678901234567890123456789";
        let arguments = ["--database-url", &url, "--jwt-secret", secret].map(str::to_owned).to_vec();
        Self { name: "PostgreSQL", dir: temp_dir(), url, arguments, dropped: Some((admin, name)) }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_artel"));
        command.args(words).arg("--data-dir").arg(&self.dir).args(&self.arguments);
        command
    }

    /// Makes the tables.
    pub(crate) fn migrate(&self) {
        let migrated = self.command(&["migrate", "--log", "warn"]).stdout(Stdio::null()).status().expect("migrated");
        assert!(migrated.success());
    }

    pub(crate) async fn remove(self) {
        if let Some((admin, name)) = &self.dropped {
            let connection = Database::connect(admin).await.expect("PostgreSQL");
            connection.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("dropped");
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn temp_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("artel-bench-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// A server that ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) fn start(store: &Store) -> Self {
        let generous = ["--commands-per-second", "1000000", "--log", "warn", "--listen", "127.0.0.1:0"];
        let mut child = store.command(&["serve"]).args(generous).stdout(Stdio::piped()).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let base = line.trim().strip_prefix("Artel is at ").expect("an address").to_owned();
        Self { child, base }
    }
}

pub(crate) async fn insert<E, A>(connection: &DatabaseConnection, rows: impl Iterator<Item = A>)
where
    E: EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E>,
{
    let tx = connection.begin().await.expect("begun");
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let some: Vec<A> = rows.by_ref().take(ROWS_MAX).collect();
        E::insert_many(some).exec_without_returning(&tx).await.expect("inserted");
    }
    tx.commit().await.expect("committed");
}

pub(crate) fn player(number: u32) -> user::ActiveModel {
    let (name, at) = (format!("player{number}"), 1_700_000_000_000);
    user::Model {
        id: user_id(number),
        username: name.clone(),
        display_name: name.clone(),
        display_name_folded: name,
        email: None,
        password_hash: String::new(),
        created_at_ms: at,
        updated_at_ms: at,
        role: None,
        disabled_at_ms: None,
        deleted_at_ms: None,
        left_sessions_at_ms: None,
        created_by: None,
        is_guest: false,
        debts_seen_at_ms: None,
    }
    .into_active_model()
}

/// Somebody who reads.
pub(crate) struct Reader {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Reader {
    pub(crate) async fn register(server: &Server) -> (Self, Uuid) {
        let http = reqwest::Client::new();
        let body = json!({"username": "reader", "password": "correct horse"});
        let answer = http.post(format!("{}/api/v1/auth/register", server.base)).json(&body).send().await;
        let answer: Value = answer.expect("answered").json().await.expect("JSON");
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let id = answer["user"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        (Self { base: server.base.clone(), http, token }, id)
    }

    pub(crate) async fn get(&self, path: &str) -> (Duration, Value) {
        let began = Instant::now();
        let request = self.http.get(format!("{}/api/v1{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("answered");
        let status = answer.status();
        let body = answer.bytes().await.expect("a body");
        let took = began.elapsed();
        let body = serde_json::from_slice(&body).expect("JSON");
        assert!(status.is_success(), "{path}: {status} {body}");
        (took, body)
    }

    /// Prints how long such a request takes.
    pub(crate) async fn measure(&self, what: &str, path: impl Fn(&mut StdRng) -> String) {
        let mut dice = StdRng::seed_from_u64(2);
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            times.push(self.get(&path(&mut dice)).await.0);
        }
        times.sort_unstable();
        let ms = |at: usize| times[at.min(REQUESTS - 1)].as_secs_f64() * 1_000.0;
        println!("{what:<44} {:>7.2} {:>7.2} {:>7.2}", ms(REQUESTS / 2), ms(REQUESTS * 99 / 100), ms(REQUESTS - 1));
    }
}

/// On SQLite, and on PostgreSQL where `ARTEL_TEST_POSTGRES` names a server.
pub(crate) async fn on_each_store(run: impl AsyncFn(Store)) {
    run(Store::sqlite()).await;
    match std::env::var("ARTEL_TEST_POSTGRES") {
        Ok(server) => run(Store::postgres(&server).await).await,
        Err(_) => println!("PostgreSQL: ARTEL_TEST_POSTGRES names none"),
    }
}
