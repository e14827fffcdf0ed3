//! RabbitMQ servers of the tests' own, which may be stopped and killed. One that nobody disturbs is shared, with a
//! virtual host for each test: the names of queues are fixed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use artel::messaging::topology;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use serde_json::json;
use uuid::Uuid;

use super::ports::free_port;
use super::test_app::temp_dir;

/// A start takes five seconds of processor time, which is minutes where the machine is busy.
const START_PATIENCE: Duration = Duration::from_secs(400);
/// A start that uses less than [`LITTLE`] of the processor in this time will not go on.
const STANDS_STILL: Duration = Duration::from_secs(30);
const LITTLE: Duration = Duration::from_millis(300);
const VHOSTS: usize = 40;
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A broker.
pub struct Broker {
    dir: PathBuf,
    node: String,
    pub port: u16,
    /// Name and password of the nodes.
    login: &'static str,
    distribution_port: u16,
    /// Those that no test has; used before or not.
    vhosts: Mutex<Vec<usize>>,
    child: Mutex<Option<Child>>,
}

impl Broker {
    /// One of this test's own.
    pub async fn start() -> Self {
        let broker = Self::prepare();
        broker.launch();
        broker.ready().await;
        broker
    }

    /// One with the users that the deployment's script writes down: the nodes' password is `nodes`, `scoring` has its
    /// own name for one.
    pub async fn deployed() -> Self {
        let mut broker = Self::prepare();
        broker.login = "artel:nodes";
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rabbitmq/start");
        let written = Command::new("sh")
            .args([script, "true"])
            .env("RABBITMQ_DEFINITIONS", broker.dir.join("definitions.json"))
            .env("RABBITMQ_PASSWORD", "nodes")
            .env("RABBITMQ_OPERATOR_PASSWORD", "operator")
            .env("RABBITMQ_SCORING_PASSWORD", "scoring")
            .status();
        assert!(written.expect("a shell").success());
        broker.launch();
        broker.ready().await;
        broker
    }

    /// One that nobody stops.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Broker>> = Mutex::new(Weak::new());
        let broker = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            match shared.upgrade() {
                Some(broker) => broker,
                None => {
                    let broker = Arc::new(Self::prepare());
                    broker.launch();
                    *shared = Arc::downgrade(&broker);
                    broker
                }
            }
        };
        broker.ready().await;
        broker
    }

    fn prepare() -> Self {
        assert!(
            std::path::Path::new(PROGRAM).exists(),
            "{PROGRAM} is missing: install Debian's rabbitmq-server, as ./test does"
        );
        let dir = temp_dir();
        let node = format!("artel{}@localhost", Uuid::new_v4().simple());
        let vhosts: Vec<String> = std::iter::once("/".to_owned()).chain((0..VHOSTS).map(|n| format!("t{n}"))).collect();
        let definitions = json!({
            "users": [{"name": "guest", "password": "guest", "tags": "administrator"}],
            "vhosts": vhosts.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
            "permissions": vhosts.iter().map(|name| {
                json!({"user": "guest", "vhost": name, "configure": ".*", "write": ".*", "read": ".*"})
            }).collect::<Vec<_>>(),
        });
        let file = |name: &str, content: &str| std::fs::write(dir.join(name), content).expect("a file");
        file("definitions.json", &definitions.to_string());
        file("plugins", "[].");
        file("rabbitmq.conf", &format!("load_definitions = {}\n", dir.join("definitions.json").display()));
        Self {
            dir,
            node,
            port: free_port(),
            login: "guest:guest",
            distribution_port: free_port(),
            vhosts: Mutex::new((0..VHOSTS).collect()),
            child: Mutex::new(None),
        }
    }

    /// The default virtual host.
    pub fn url(&self) -> String {
        self.url_of(self.login)
    }

    /// As somebody else: `name:password`.
    pub fn url_of(&self, login: &str) -> String {
        format!("amqp://{login}@127.0.0.1:{}", self.port)
    }

    /// A virtual host that no other test has, without queues.
    pub async fn vhost(self: &Arc<Self>) -> Vhost {
        let number = self.vhosts.lock().unwrap_or_else(PoisonError::into_inner).pop().expect("a virtual host is free");
        let vhost = Vhost { broker: self.clone(), number };
        vhost.clear().await;
        vhost
    }

    fn launch(&self) {
        let log = std::fs::File::create(self.dir.join("out")).expect("a log");
        // Players who go on while it starts would take the processor from it; where that isn't allowed, `nice` says so and
        // starts it as it is.
        let mut command = Command::new("nice");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RABBITMQ_")) {
            command.env_remove(name);
        }
        let child = command
            .args(["-n", "-10", PROGRAM])
            .env("HOME", &self.dir)
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_NODENAME", &self.node)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.dir.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.dir.join("log"))
            .env("RABBITMQ_PID_FILE", self.dir.join("pid"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.dir.join("plugins"))
            .env("RABBITMQ_CONFIG_FILE", self.dir.join("rabbitmq"))
            // Idle schedulers must not spin beside the tests.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2")
            // What it leaves behind when it dies.
            .env("ERL_CRASH_DUMP", self.dir.join("erl_crash.dump"))
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("rabbitmq-server starts");
        *self.child() = Some(child);
    }

    /// Waits until it takes clients.
    pub async fn ready(&self) {
        let started = Instant::now();
        while !self.accepts().await {
            assert!(started.elapsed() < START_PATIENCE, "the broker does not start: {}", self.output());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn accepts(&self) -> bool {
        let url = self.url();
        let connect = Connection::connect(&url, ConnectionProperties::default());
        let Ok(Ok(connection)) = tokio::time::timeout(Duration::from_secs(10), connect).await else { return false };
        connection.close(200, "there".into()).await.is_ok()
    }

    /// SIGTERM, and waits until it is gone.
    pub fn stop(&self) {
        self.signal("-TERM");
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// The same again, with what it had stored. Erlang's list of names may take a moment to see that it was killed, and
    /// a start before that ends by itself; and a start may stand still for good, which is the broker's affair.
    pub async fn restart(&self) {
        let started = Instant::now();
        self.launch();
        let mut seen = (Instant::now(), self.processor_time());
        while !self.accepts().await {
            assert!(started.elapsed() < START_PATIENCE, "the broker does not start: {}", self.output());
            tokio::time::sleep(Duration::from_millis(100)).await;
            let has_ended = self.child().as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(Some(_))));
            let is_seen_anew = seen.0.elapsed() > STANDS_STILL;
            let stands_still = is_seen_anew && self.processor_time().saturating_sub(seen.1) < LITTLE;
            if stands_still {
                self.kill();
            }
            if has_ended || stands_still {
                self.launch();
            }
            if has_ended || is_seen_anew {
                seen = (Instant::now(), self.processor_time());
            }
        }
    }

    /// Of all processes of this broker.
    fn processor_time(&self) -> Duration {
        let processes = std::fs::read_dir("/proc").expect("the processes").flatten().map(|entry| entry.path());
        let is_ours = |dir: &PathBuf| {
            let command = std::fs::read(dir.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(&self.node)
        };
        let ticks = processes.filter(is_ours).map(|dir| {
            let stat = std::fs::read_to_string(dir.join("stat")).unwrap_or_default();
            // The name before it may have spaces; `utime` and `stime` are the 14th and 15th field (proc(5)).
            let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
            fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>()
        });
        // A hundred to the second, on every machine of Linux.
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// Over its memory limit: it takes no messages until the alarm is over.
    pub async fn alarm(&self, is_on: bool) {
        let limit: &[&str] = if is_on { &["absolute", "1"] } else { &["0.4"] };
        self.control(&[&["set_vm_memory_high_watermark"], limit].concat()).await;
    }

    /// `delete_queue` or `purge_queue` by the operator, who may do so with the queue of a connection; false: it is not
    /// there.
    pub async fn control_queue(&self, word: &str, queue: &str) -> bool {
        self.try_control(&[word, queue]).await.status.success()
    }

    /// Of each queue a line: name, messages that are ready, those without an acknowledgement, consumers.
    pub async fn queues(&self) -> Vec<String> {
        let columns = ["name", "messages_ready", "messages_unacknowledged", "consumers"];
        let listed = self.ask(&[&["-q", "list_queues", "--no-table-headers"], &columns[..]].concat()).await;
        listed.lines().map(str::to_owned).collect()
    }

    async fn control(&self, arguments: &[&str]) {
        self.ask(arguments).await;
    }

    /// What `rabbitmqctl` says to this.
    pub async fn ask(&self, arguments: &[&str]) -> String {
        let output = self.try_control(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    async fn try_control(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new("/usr/lib/rabbitmq/bin/rabbitmqctl");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RABBITMQ_")) {
            command.env_remove(name);
        }
        // The cookie is in the home of whoever started the broker.
        command.env("HOME", &self.dir).env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
        command.args(["-n", &self.node]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("joined");
        output.expect("rabbitmqctl starts")
    }

    fn signal(&self, signal: &str) {
        let Some(mut child) = self.child().take() else { return };
        // The program that was started is a shell around Erlang, which writes its own number.
        let erlang = std::fs::read_to_string(self.dir.join("pid")).unwrap_or_default();
        let pid = if erlang.trim().is_empty() { child.id().to_string() } else { erlang.trim().to_owned() };
        let _ = Command::new("kill").args([signal, &pid]).status();
        let _ = child.wait();
        let _ = std::fs::remove_file(self.dir.join("pid"));
    }

    pub fn output(&self) -> String {
        std::fs::read_to_string(self.dir.join("out")).unwrap_or_default()
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A virtual host of a test's own; given back when dropped.
pub struct Vhost {
    broker: Arc<Broker>,
    number: usize,
}

impl Vhost {
    pub fn url(&self) -> String {
        format!("{}/t{}", self.broker.url(), self.number)
    }

    /// What an earlier test left is no concern of the next.
    async fn clear(&self) {
        let connection = Connection::connect(&self.url(), ConnectionProperties::default()).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        for queue in topology::QUEUES {
            let retries = (0..).zip(topology::RETRIES).map(|(attempt, _)| topology::retry_queue(queue.name, attempt));
            let names = retries.chain([queue.name.to_owned(), topology::dead_letter_queue(queue.name)]);
            for name in names {
                channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.expect("deleted");
            }
        }
        let _ = connection.close(200, "cleared".into()).await;
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        self.broker.vhosts.lock().unwrap_or_else(PoisonError::into_inner).insert(0, self.number);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
