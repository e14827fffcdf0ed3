"""The processes of docker-compose.yml, started by hand with the same settings on this machine.

    python3 stack.py --artel target/release/artel [--postgres URL] [--amqp URL] [--port 8080]

Needs a running PostgreSQL, and haproxy, prometheus and rabbitmq-server of Debian's packages. Without --amqp it starts a
private RabbitMQ with the settings of deploy/rabbitmq. The nodes get the commands and the environment that the compose
file gives them; only addresses differ. Ctrl-C ends everything in order.
"""

import argparse
import getpass
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

import compose

NODES = ("api1", "api2", "worker")
SECRET = "only-for-this-machine-0123456789abcdef"


GIVEN_OUT = set()


def free_port():
    """Never one that was given out before: two listeners of the balancer would share it without a word."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in GIVEN_OUT:
            GIVEN_OUT.add(port)
            return port


def get(url, timeout=5):
    """(status, body)"""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_for(what, check, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            if check():
                return
            reason = ""
        except OSError as error:
            reason = f": {error}"
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s: {what}{reason}")
        time.sleep(0.1)


class Stack:
    """Use with `with`. Addresses are in `ports`, one for each service."""

    def __init__(self, artel, postgres=None, amqp=None, port=None, prometheus=True, certificate=None, **settings):
        self.artel = str(Path(artel).resolve())
        self.server = (postgres or os.environ.get("ARTEL_TEST_POSTGRES") or "postgres://postgres@127.0.0.1:5432").rstrip("/")
        self.database = f"artel_deploy_{os.getpid()}"
        self.amqp = amqp
        self.with_prometheus = prometheus
        self.values = {name: SECRET for name in compose.SECRETS} | {key: str(value) for key, value in settings.items()}
        self.services = compose.resolve(self.values)["services"]
        self.ports = {name: free_port() for name in (*NODES, "balancer", "https", "operations", "prometheus", "rabbitmq", "rabbitmq-metrics")}
        self.ports["balancer"] = port or self.ports["balancer"]
        self.certificate = certificate
        self.running = {}

    def __enter__(self):
        self.work = Path(tempfile.mkdtemp(prefix="artel-stack-"))
        self.work.chmod(0o755)
        try:
            self.psql(f"CREATE DATABASE {self.database}")
            if self.amqp is None:
                self.start_rabbitmq()
            for name in NODES:
                self.start_node(name)
            for name in NODES:
                self.wait_for(name, "is ready", lambda name=name: self.ready(name))
            self.start_balancer()
            if self.with_prometheus:
                self.start_prometheus()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The balancer first: whoever comes now hears that nobody is there, instead of a half of it.
        for name in ("prometheus", "balancer", *NODES, "rabbitmq"):
            self.stop(name)
        self.psql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        shutil.rmtree(self.work, ignore_errors=True)

    def psql(self, statement):
        command = ["psql", f"{self.server}/postgres", "-wqX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def url(self, name, path="/"):
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def ready(self, name):
        return get(self.url(name, "/health/ready"))[0] == 200

    def log(self, name):
        return (self.work / f"{name}.log").read_text()

    def wait_for(self, name, what, check, seconds=60):
        def alive():
            if self.running[name].poll() is not None:
                raise RuntimeError(f"{name} ended:\n{self.log(name)[-2000:]}")
            return check()

        wait_for(f"{name} {what}", alive, seconds)

    def spawn(self, name, command, env=None, **more):
        log = open(self.work / f"{name}.log", "ab")
        base = {key: value for key, value in os.environ.items() if not key.startswith("ARTEL_")}
        # A session of its own: Ctrl-C reaches this script only, which ends them in order.
        self.running[name] = subprocess.Popen(
            command, env=base | (env or {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, cwd=self.work, **more,
        )
        log.close()

    def stop(self, name, how=signal.SIGTERM, seconds=60):
        """The exit status and how long it took."""
        process = self.running.pop(name, None)
        if process is None:
            return None
        started = time.monotonic()
        if name == "rabbitmq":
            # `runuser` and the scripts around the broker don't pass signals on.
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        return status, time.monotonic() - started

    def start_node(self, name):
        service = self.services[name]
        here = {
            "ARTEL_LISTEN": f"127.0.0.1:{self.ports[name]}",
            "ARTEL_DATABASE_URL": f"{self.server}/{self.database}",
            "ARTEL_AMQP_URL": self.amqp,
            "ARTEL_TRUSTED_PROXIES": "127.0.0.1",
            "ARTEL_DATA_DIR": str(self.work / "not-needed"),
        }
        self.spawn(name, [self.artel, *service["command"]], compose.environment(service, self.values) | here)

    def start_balancer(self):
        env = {
            "HTTP_BIND": f"127.0.0.1:{self.ports['balancer']}", "HTTPS_BIND": f"127.0.0.1:{self.ports['https']}",
            "STATS_BIND": f"127.0.0.1:{self.ports['operations']}", "API_SLOTS": "1", "MAX_CONNECTIONS": "5000",
            "API1": f"127.0.0.1:{self.ports['api1']}", "API2": f"127.0.0.1:{self.ports['api2']}",
        }
        if self.certificate:
            certificate = Path(self.certificate).resolve()
            env |= {"TLS_DIR": str(certificate.parent), "TLS_CERTIFICATE": certificate.name}
        config = compose.ROOT / "deploy/haproxy/haproxy.cfg"
        self.spawn("balancer", ["haproxy", "-W", "-db", "-f", str(config)], env)
        active = re.compile(r'haproxy_backend_active_servers\{proxy="(?:ready|live)"\} 2$', re.M)
        self.wait_for("balancer", "sees both nodes", lambda: len(active.findall(get(self.url("operations", "/metrics"))[1])) == 2)

    def start_prometheus(self):
        source = compose.ROOT / "deploy/prometheus"
        config = yaml.safe_load((source / "prometheus.yml").read_text())
        config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
        config["rule_files"] = [str(source / name) for name in config["rule_files"]]
        elsewhere = {"balancer:8404": "operations", "rabbitmq:15692": "rabbitmq-metrics", "localhost:9090": "prometheus"}
        for job in config["scrape_configs"]:
            looked_up = job.pop("dns_sd_configs", [])
            if looked_up:
                job["static_configs"] = [
                    {"targets": [f"127.0.0.1:{self.ports[name]}"], "labels": {"__meta_dns_name": name}}
                    for lookup in looked_up for name in lookup["names"]
                ]
            else:
                for group in job["static_configs"]:
                    group["targets"] = [f"127.0.0.1:{self.ports[elsewhere[target]]}" for target in group["targets"]]
        (self.work / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.spawn("prometheus", [
            "prometheus", f"--config.file={self.work}/prometheus.yml", f"--storage.tsdb.path={self.work}/prometheus",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}",
        ])
        self.wait_for("prometheus", "is ready", lambda: get(self.url("prometheus", "/-/ready"))[0] == 200)

    def start_rabbitmq(self):
        """Settings, plugins and threads are those of the files; only ports and folders differ."""
        home = self.work / "rabbitmq"
        home.mkdir()
        definitions = home / "memory" / "definitions.json"
        definitions.parent.mkdir()
        settings = (compose.ROOT / "deploy/rabbitmq/artel.conf").read_text().replace("/run/artel/definitions.json", str(definitions))
        management = free_port()
        threads = self.services["rabbitmq"]["environment"]["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
        (home / "rabbitmq.conf").write_text(
            settings + f"\nlisteners.tcp.1 = 127.0.0.1:{self.ports['rabbitmq']}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
            f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {self.ports['rabbitmq-metrics']}\n"
        )
        shutil.copy(compose.ROOT / "deploy/rabbitmq/enabled_plugins", home)
        env = {
            "HOME": str(home), "RABBITMQ_NODENAME": f"artel{os.getpid()}@localhost", "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "data"), "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": threads,
            "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}", "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        env |= {"RABBITMQ_DEFINITIONS": str(definitions)} | {
            name: value for name, value in compose.environment(self.services["rabbitmq"], self.values).items() if name.endswith("_PASSWORD")
        }
        # As in the container: the script writes the users down and becomes the broker.
        command, more = ["sh", str(compose.ROOT / "deploy/rabbitmq/start"), "/usr/lib/rabbitmq/bin/rabbitmq-server"], {}
        if getpass.getuser() == "root":
            user = pwd.getpwnam("rabbitmq")
            for path in (home, *home.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
            more = {"user": "rabbitmq", "group": "rabbitmq", "extra_groups": []}
        self.spawn("rabbitmq", command, env, **more)
        self.wait_for("rabbitmq", "is ready", lambda: get(self.url("rabbitmq-metrics", "/metrics"))[0] == 200, 120)
        self.amqp = f"amqp://artel:{SECRET}@127.0.0.1:{self.ports['rabbitmq']}/%2f"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--artel", required=True, help="the binary")
    arguments.add_argument("--postgres", help="URL of a server, without a database")
    arguments.add_argument("--amqp", help="URL of a broker")
    arguments.add_argument("--port", type=int, default=8080, help="of the balancer")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Stack(given.artel, given.postgres, given.amqp, given.port) as stack:
        print(json.dumps({name: stack.url(name) for name in (*NODES, "balancer", "operations", "prometheus")}, indent=2), flush=True)
        print(f"Logs are in {stack.work}. Ctrl-C ends it.", flush=True)
        try:
            while True:
                for name, process in stack.running.items():
                    if process.poll() is not None:
                        sys.exit(f"{name} ended:\n{stack.log(name)[-2000:]}")
                time.sleep(1)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
