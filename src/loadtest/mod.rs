//! A load generator against a running server: sessions with a few sockets each, one of which marks balls, all of which
//! must hear them. Prints what was acknowledged and what was delivered, and how long both took.

mod chats;
mod deliveries;
mod idle;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use uuid::Uuid;

use self::deliveries::{Deliveries, is_timed, listen};

/// Played before anything is measured.
const WARM_UP: Duration = Duration::from_secs(3);
/// Bytes that a socket reads at once. The library clears as many before each read; with its own choice of 128 KiB that
/// was a quarter of the generator's work.
const READ_BUFFER: usize = 4_096;

/// What to do.
#[derive(clap::Args, Clone, Debug)]
pub struct Plan {
    /// The server, several separated by commas: sockets are spread over them
    #[arg(long, default_value = "http://127.0.0.1:8080", value_delimiter = ',')]
    pub url: Vec<String>,
    /// Sessions that are played at the same time
    #[arg(long, default_value_t = 100)]
    pub sessions: usize,
    /// Sockets that watch each session; the first of them marks the balls
    #[arg(long, default_value_t = 4)]
    pub sockets: usize,
    /// Commands a second over all sessions; 0: as many as get through
    #[arg(long, default_value_t = 0)]
    pub rate: u64,
    /// Commands of one session that wait for their answer at the same time
    #[arg(long, default_value_t = 8)]
    pub in_flight: usize,
    /// How long to measure
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Instead of playing: connections that are only held
    #[arg(long, default_value_t = 0)]
    pub idle: usize,
    /// Instead of playing: chats whose members, as many as `--sockets`, write `--rate` messages a second over all
    #[arg(long, default_value_t = 0)]
    pub chats: usize,
    /// The server's process, whose memory is to be told
    #[arg(long)]
    pub pid: Option<u32>,
}

type Socket = WebSocketStream<TcpStream>;
type Writer = SplitSink<Socket, Message>;

/// Runs a plan and prints what it measured.
pub fn run(plan: Plan) -> anyhow::Result<ExitCode> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async move {
        match (plan.idle, plan.chats) {
            (0, 0) => play(&plan).await,
            (0, _) => chats::talk(&plan).await,
            _ => idle::hold(&plan).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

struct Account {
    token: String,
}

async fn post(client: &reqwest::Client, url: String, token: Option<&str>, body: Value) -> anyhow::Result<Value> {
    let mut request = client.post(&url).json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.with_context(|| url.clone())?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("{url} answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text)?)
}

async fn register(client: &reqwest::Client, base: &str) -> anyhow::Result<Account> {
    let name = format!("load-{}", &Uuid::new_v4().simple().to_string()[..12]);
    let body = json!({"username": name, "password": Uuid::new_v4().to_string()});
    let answer = post(client, format!("{base}/api/v1/auth/register"), None, body).await?;
    Ok(Account { token: text(&answer["access_token"])? })
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("the server's answer misses a field")?.to_owned())
}

async fn connect(base: &str, token: &str) -> anyhow::Result<Socket> {
    let address = base.strip_prefix("http://").context("--url: http:// only")?;
    let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await.context(
        "the WebSocket handshake; a server under load needs --connections-per-user and --connections-per-address",
    )?;
    Ok(socket)
}

fn frame(value: &Value) -> Message {
    Message::Text(Utf8Bytes::from(value.to_string()))
}

struct Table {
    session: String,
    players: Vec<String>,
}

async fn open_table(client: &reqwest::Client, base: &str, token: &str) -> anyhow::Result<Table> {
    let rules = json!({
        "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
        "balls": [{"color": "white", "points": 1}, {"color": "pink", "points": 6}],
    });
    let body = json!({"name": "load", "rules": rules, "is_private": false});
    let session = post(client, format!("{base}/api/v1/sessions"), Some(token), body).await?;
    let id = text(&session["id"])?;
    for guest in 1..4 {
        let body = json!({"display_name": format!("guest {guest}")});
        post(client, format!("{base}/api/v1/sessions/{id}/participants"), Some(token), body).await?;
    }
    let game = post(client, format!("{base}/api/v1/sessions/{id}/games"), Some(token), json!({})).await?;
    let order = game["order"].as_array().context("the server's answer misses the order")?;
    Ok(Table { session: id, players: order.iter().map(text).collect::<Result<_, _>>()? })
}

/// What is measured, over all sessions.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    acked: AtomicU64,
    refused: AtomicU64,
    delivered: AtomicU64,
    gaps: AtomicU64,
    measuring: std::sync::atomic::AtomicBool,
    ack_micros: Mutex<Vec<u32>>,
    delivery_micros: Mutex<Vec<u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn play(plan: &Plan) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let first = plan.url.first().context("--url: at least one")?;
    let (play, playing) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let run = Run { plan, counts: Arc::default(), playing, stopped };
    let counts = &run.counts;
    let mut tasks = JoinSet::new();
    for n in 0..plan.sessions {
        // An account for each table, as in a hall: what concerns a user goes to all sockets of that user.
        let account = register(&client, first).await?;
        let table = open_table(&client, first, &account.token).await?;
        run.start_table(n, table, &account, &mut tasks).await?;
    }
    say(&format!("{} sessions with {} sockets each are open", plan.sessions, plan.sockets));
    // Only now: registering costs the server far more than marking, and what piled up then would be measured as well.
    play.send_replace(true);
    tokio::time::sleep(WARM_UP).await;
    let (acked, delivered) = (counts.acked.load(Ordering::Relaxed), counts.delivered.load(Ordering::Relaxed));
    counts.measuring.store(true, Ordering::Relaxed);
    let started = Instant::now();
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    counts.measuring.store(false, Ordering::Relaxed);
    let seconds = started.elapsed().as_secs_f64();
    let acked = counts.acked.load(Ordering::Relaxed) - acked;
    let delivered = counts.delivered.load(Ordering::Relaxed) - delivered;
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    report(plan, counts, acked, delivered, seconds)
}

/// What all sessions of a run share.
struct Run<'a> {
    plan: &'a Plan,
    counts: Arc<Counts>,
    playing: watch::Receiver<bool>,
    stopped: watch::Receiver<bool>,
}

impl Run<'_> {
    async fn start_table(
        &self,
        n: usize,
        table: Table,
        account: &Account,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let sent: Arc<Mutex<HashMap<Uuid, Instant>>> = Arc::default();
        let window = Arc::new(Semaphore::new(self.plan.in_flight));
        for socket in 0..self.plan.sockets {
            let base = &self.plan.url[(n + socket) % self.plan.url.len()];
            let (mut writer, reader) = connect(base, &account.token).await?.split();
            let subscribe = json!({"type": "subscribe", "id": Uuid::new_v4(), "session_id": table.session});
            writer.send(frame(&subscribe)).await?;
            let marks = socket == 0;
            let deliveries =
                Deliveries { counts: self.counts.clone(), sent: sent.clone(), window: window.clone(), last: 0 };
            let (pongs, pong) = tokio::sync::mpsc::channel(4);
            tasks.spawn(listen(reader, deliveries, pongs, self.stopped.clone()));
            let marker = Marker {
                session: table.session.clone(),
                players: table.players.clone(),
                every: (self.plan.rate > 0)
                    .then(|| Duration::from_secs_f64(self.plan.sessions as f64 / self.plan.rate as f64)),
                counts: self.counts.clone(),
                sent: sent.clone(),
                window: window.clone(),
            };
            tasks.spawn(write(writer, marks.then_some(marker), pong, self.playing.clone(), self.stopped.clone()));
        }
        Ok(())
    }
}

/// Marks the balls of one session.
struct Marker {
    session: String,
    players: Vec<String>,
    every: Option<Duration>,
    counts: Arc<Counts>,
    sent: Arc<Mutex<HashMap<Uuid, Instant>>>,
    window: Arc<Semaphore>,
}

impl Marker {
    async fn next(&self, n: usize, due: &mut tokio::time::Interval) -> Option<Message> {
        if self.every.is_some() {
            due.tick().await;
        }
        // The permit comes back with the answer.
        self.window.acquire().await.ok()?.forget();
        let id = Uuid::new_v4();
        let player = &self.players[n % self.players.len()];
        let color = if n.is_multiple_of(3) { "pink" } else { "white" };
        let text = format!(
            r#"{{"type":"command","id":"{id}","session_id":"{}","command":{{"type":"pot_ball","participant_id":"{player}","color":"{color}"}}}}"#,
            self.session
        );
        if is_timed(&id) {
            lock(&self.sent).insert(id, Instant::now());
        }
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        Some(Message::Text(text.into()))
    }
}

async fn write(
    mut writer: Writer,
    marker: Option<Marker>,
    mut pong: tokio::sync::mpsc::Receiver<Message>,
    mut playing: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) {
    let every = marker.as_ref().and_then(|marker| marker.every).unwrap_or(Duration::from_secs(3_600));
    let jitter = every.mul_f64(rand::random_range(0.0..1.0));
    let mut due = None;
    let mut n = 0;
    loop {
        let next = async {
            let Some(marker) = &marker else { return std::future::pending().await };
            let _ = playing.wait_for(|playing| *playing).await;
            let first = tokio::time::Instant::now() + jitter;
            marker.next(n, due.get_or_insert_with(|| tokio::time::interval_at(first, every))).await
        };
        let message = tokio::select! {
            message = next => message,
            message = pong.recv() => message,
            _ = stopped.changed() => None,
        };
        n += 1;
        let Some(message) = message else { break };
        if writer.send(message).await.is_err() {
            break;
        }
    }
    let _ = writer.close().await;
}

fn percentile(sorted: &[u32], share: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * share).round().max(0.0) as usize;
    sorted.get(at).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
}

fn report(plan: &Plan, counts: &Counts, acked: u64, delivered: u64, seconds: f64) -> anyhow::Result<()> {
    say(&format!("commands acknowledged   {:.0}/s", acked as f64 / seconds));
    say(&format!(
        "events delivered        {:.0}/s ({:.2} for each command)",
        delivered as f64 / seconds,
        delivered as f64 / acked.max(1) as f64
    ));
    for (name, micros) in [("acknowledged after", &counts.ack_micros), ("delivered after", &counts.delivery_micros)] {
        let mut sorted = lock(micros).clone();
        sorted.sort_unstable();
        let at = |share| percentile(&sorted, share);
        say(&format!(
            "{name:<23} p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({} samples)",
            at(0.5),
            at(0.99),
            at(1.0),
            sorted.len()
        ));
    }
    idle::say_memory(plan);
    let refused = counts.refused.load(Ordering::Relaxed);
    let gaps = counts.gaps.load(Ordering::Relaxed);
    anyhow::ensure!(gaps == 0, "{gaps} gaps or repetitions in seq");
    if refused > 0 {
        bail!("{refused} commands were refused; a server under load needs --commands-per-second 1000000");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}
