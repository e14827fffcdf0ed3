//! A PostgreSQL cluster of one test's own, which may be stopped, killed and started as the test likes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::ports::free_port;
use crate::test_app::temp_dir;

/// A cluster on its own port; it goes with its data when dropped.
pub struct Cluster {
    dir: PathBuf,
    pub port: u16,
}

/// Where `initdb` and `pg_ctl` are: in the path, or where Debian puts them.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop().unwrap_or_default()
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output().expect("id");
    user.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root.
fn run(program: &str, arguments: &[&str]) -> Output {
    let program = programs().join(program);
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // Its server must not hold the pipes of the test's output.
    command.args(arguments).current_dir("/").output().expect("PostgreSQL's programs are installed by ./test")
}

fn done(program: &str, arguments: &[&str]) {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Cluster {
    pub fn start() -> Self {
        let dir = temp_dir();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&dir).status().expect("chown");
            assert!(owned.success());
        }
        let cluster = Self { dir, port: free_port() };
        done("initdb", &["-D", &cluster.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
        cluster.restart();
        cluster
    }

    fn data(&self) -> String {
        self.dir.join("data").display().to_string()
    }

    /// For `--database-url`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The same, through the socket that it has in the file system.
    pub fn url_of_the_file_system(&self) -> String {
        format!("postgres://postgres@localhost:{}/postgres?host={}", self.port, self.dir.display())
    }

    /// Stops all its processes where they are: connections stay open, and nothing answers.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// To its first process before the others, so that no new one comes.
    fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).expect("it runs");
        let first = file.lines().next().expect("a number");
        let kill = |process: &str| {
            // One that has ended meanwhile is as good.
            let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
        };
        kill(first);
        let others = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).expect("its processes");
        others.split_whitespace().for_each(kill);
    }

    /// Starts it again, on the same port and data.
    pub fn restart(&self) {
        let log = self.dir.join("log").display().to_string();
        let sockets = self.dir.display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -k {sockets} -c max_connections=120 -c max_wal_size=256MB",
            self.port
        );
        done("pg_ctl", &["-D", &self.data(), "-l", &log, "-w", "-t", "60", "-o", &options, "start"]);
    }

    /// In order: what is under way is given up, connections are closed.
    pub fn stop_fast(&self) {
        done("pg_ctl", &["-D", &self.data(), "-w", "-t", "60", "-m", "fast", "stop"]);
    }

    /// As if the machine lost its power.
    pub fn stop_immediately(&self) {
        done("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.thaw();
            let _ = run("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
