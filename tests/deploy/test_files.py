"""The files by themselves: schemas, checkers of the programs that read them, and what they say of each other."""

import http.server
import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import tomllib
import unittest
from pathlib import Path

import yaml
from compose_spec import PyCompose
from jsonschema import Draft7Validator

import compose
from compose import ROOT
from stack import free_port

VALUES = {name: "0123456789abcdef" * 2 for name in compose.SECRETS}
ARTEL = os.environ["ARTEL_BINARY"]
TOOLS = Path(os.environ["ARTEL_DEPLOY_TOOLS"])
NODES = ("api1", "api2", "worker")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def settings():
    """Every variable that `artel serve --help` lists."""
    return set(re.findall(r"\[env: (ARTEL_\w+)", run(ARTEL, "serve", "--help")))


def dashboard():
    return json.loads((ROOT / "deploy/grafana/dashboards/artel.json").read_text())


class Compose(unittest.TestCase):
    def setUp(self):
        self.file = compose.resolve(VALUES)
        self.services = self.file["services"]

    def test_it_follows_the_compose_specification(self):
        schema = json.loads((TOOLS / "node_modules/dclint/schemas/compose.schema.json").read_text())
        for file in (self.file, yaml.safe_load(compose.text())):
            errors = [f"{list(error.path)}: {error.message}" for error in Draft7Validator(schema).iter_errors(file)]
            self.assertEqual(errors, [])

    def test_a_second_reader_of_compose_files_takes_it(self):
        names = PyCompose.from_yaml(yaml.safe_dump(self.file)).service_names()
        self.assertEqual(set(names), set(self.services))

    def test_secrets_are_required_and_nowhere_written(self):
        variables = compose.variables()
        for secret in compose.SECRETS:
            self.assertEqual(variables[secret][0], ":?", f"{secret} has to be given")
            with self.assertRaises(KeyError):
                compose.resolve(VALUES | {secret: ""})
            self.assertRegex((ROOT / ".env.example").read_text(), rf"(?m)^{secret}=$")
        self.assertIn("**/.env*", (ROOT / ".dockerignore").read_text())
        ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=ROOT)
        self.assertEqual(ignored.returncode, 0, ".env could be committed")

    def test_the_example_names_every_variable_with_its_default_and_no_other(self):
        example = dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text()))
        passed_on = {key for key, value in self.services["api1"]["environment"].items() if value is None}
        self.assertEqual(set(example), set(compose.variables()) | passed_on)
        for name, (kind, word) in compose.variables().items():
            if kind == ":-" and word:
                self.assertEqual(example[name], word, name)

    def test_nodes_get_settings_only_and_the_binary_takes_them(self):
        known = settings()
        for name in NODES:
            self.assertLessEqual(set(self.services[name]["environment"]), known)
        used = {name for name in compose.variables() if name.startswith("ARTEL_")}
        self.assertLessEqual(used, known)
        self.assertLessEqual(set(re.findall(r"ARTEL_[A-Z_]+", (ROOT / "Dockerfile").read_text())), known)
        self.assertLessEqual(set(re.findall(r"(?m)^#?(ARTEL_\w+)=", (ROOT / ".env.example").read_text())), known)
        for name in NODES:
            # Nobody listens at port 1: settings that can't be taken end it before that is noticed.
            settled = compose.environment(self.services[name], VALUES) | {"ARTEL_DATABASE_URL": "postgres://nobody@127.0.0.1:1/artel"}
            self.assertEqual(self.refused_setting(name, settled), "database_url")
            wrong = settled | {"ARTEL_TRUSTED_PROXIES": "172.30.84.0/99"}
            self.assertEqual(self.refused_setting(name, wrong), "trusted_proxies")

    def refused_setting(self, name, environment):
        command = [ARTEL, *self.services[name]["command"]]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        return re.search(r"(?m)^artel: (\w+): ", done.stderr).group(1)

    def test_roles(self):
        roles = {name: self.services[name]["command"][-1] for name in NODES}
        self.assertEqual(roles, {"api1": "api", "api2": "api", "worker": "worker"})

    def test_what_runs_is_watched_bounded_and_started_again(self):
        for name, service in self.services.items():
            self.assertEqual(service["restart"], "unless-stopped", name)
            self.assertIn("memory", service["deploy"]["resources"]["limits"], name)
            self.assertIn("max-size", service["logging"]["options"], name)
            # The nodes' check is in the image.
            self.assertTrue(name in NODES or "healthcheck" in service, name)
            self.assertNotIn("privileged", service)
            self.assertNotRegex(service["image"], r":latest$|^[^:]+$", name)
        for name in NODES:
            self.assertGreater(int(self.services[name]["stop_grace_period"].rstrip("s")), 10, "the contract's ten seconds")
            conditions = {on: how["condition"] for on, how in self.services[name]["depends_on"].items()}
            self.assertEqual(conditions, {"postgres": "service_healthy", "rabbitmq": "service_healthy"})

    def test_every_container_is_hardened(self):
        for name, service in self.services.items():
            self.assertIs(service["read_only"], True, name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertNotIn("cap_add", service, name)
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)
            self.assertLessEqual(service["pids_limit"], 1024, name)
            # A number such as 17 is another program tomorrow.
            self.assertRegex(service["image"], r"^artel:local$|:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$|@sha256:[0-9a-f]{64}$", name)
            # The images of the nodes and of HAProxy name a user themselves.
            self.assertTrue(name in (*NODES, "balancer") or re.match(r"[1-9]\d*:\d+$", service["user"]), name)

    def test_networks_keep_apart_what_need_not_meet(self):
        members = {name: set(service["networks"]) for name, service in self.services.items()}
        meet = lambda one, other: bool(members[one] & members[other])
        for store in ("postgres", "rabbitmq"):
            for node in NODES:
                self.assertTrue(meet(store, node), f"{store} and {node}")
        for node in ("api1", "api2"):
            self.assertTrue(meet("balancer", node))
        for service in ("balancer", "prometheus", "grafana"):
            self.assertFalse(meet("postgres", service), service)
        self.assertNotIn("stores", members["balancer"] | members["prometheus"] | members["grafana"])
        self.assertFalse(meet("grafana", "api1") or meet("grafana", "balancer"))
        for name in ("stores", "watch"):
            self.assertIs(self.file["networks"][name]["internal"], True)
        for name, service in self.services.items():
            # Ports of a container that is in inner networks only are not published.
            if service.get("ports"):
                self.assertTrue(any(not (self.file["networks"][net] or {}).get("internal") for net in members[name]), name)
        self.assertEqual(set().union(*members.values()), set(self.file["networks"]))

    def test_only_the_balancer_is_open_to_the_network(self):
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(name == "balancer" or port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_the_balancer_has_the_address_that_is_trusted(self):
        pool = self.file["networks"]["front"]["ipam"]["config"][0]
        address = ipaddress.ip_address(self.services["balancer"]["networks"]["front"]["ipv4_address"])
        for name in NODES:
            self.assertEqual(self.services[name]["environment"]["ARTEL_TRUSTED_PROXIES"], str(address))
        self.assertIn(address, ipaddress.ip_network(pool["subnet"]))
        self.assertNotIn(address, ipaddress.ip_network(pool["ip_range"]), "another container could get it first")
        self.assertNotEqual(address, ipaddress.ip_network(pool["subnet"])[1], "the gateway's")

    def test_mounted_files_and_volumes_exist(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((ROOT / source).exists(), f"{name}: {source}")
                    self.assertTrue(volume.endswith(":ro"), f"{name}: {volume}")
                else:
                    self.assertIn(source, self.file["volumes"])

    def test_the_nodes_image_is_never_taken_for_another(self):
        self.assertEqual({self.services[name]["image"] for name in NODES}, {"artel:local"})


class Image(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "Dockerfile").read_text()

    def test_hadolint(self):
        run("hadolint", ROOT / "Dockerfile")

    def test_it_runs_without_rights_and_tells_how_it_is(self):
        last = self.text.split("\nFROM ")[-1]
        self.assertRegex(last, r"\nUSER [1-9]\d+:[1-9]\d+\n")
        self.assertIn("\nSTOPSIGNAL SIGTERM\n", last)
        self.assertIn("\nHEALTHCHECK ", last)
        self.assertNotRegex(last, "curl|wget|apt-get")
        entry = re.search(r'ENTRYPOINT (\[.*\])', last)[1]
        self.assertEqual(json.loads(entry), ["artel"])

    def test_the_toolchain_is_the_one_that_the_crates_ask_for(self):
        crates = tomllib.loads((ROOT / "Cargo.toml").read_text())
        version = re.search(r"ARG RUST_VERSION=(\S+)", self.text)[1]
        self.assertEqual(crates["workspace"]["package"]["rust-version"], version)

    def test_what_is_copied_exists_and_is_not_ignored(self):
        allowed = re.findall(r"(?m)^!(\S+)$", (ROOT / ".dockerignore").read_text())
        for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", self.text):
            *sources, _ = [word for word in line.split() if not word.startswith("--")]
            for source in sources:
                self.assertTrue((ROOT / source).exists(), source)
                self.assertTrue(any(source == path or source.startswith(f"{path}/") for path in allowed), source)

    def test_what_the_sources_embed_is_copied(self):
        copied = re.findall(r"(?m)^COPY (?!--)(\w+) \1$", self.text)
        self.assertEqual(set(copied), {"entity", "migration", "static", "src"})
        for source in [*ROOT.glob("src/**/*.rs"), *ROOT.glob("entity/src/**/*.rs"), *ROOT.glob("migration/src/**/*.rs")]:
            for found in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', source.read_text()):
                path = (source.parent / found).resolve().relative_to(ROOT)
                self.assertIn(path.parts[0], copied, f"{source}: {found}")
            for found in re.findall(r'#\[folder = "([^"]+)"\]', source.read_text()):
                self.assertIn(Path(found).parts[0], copied)

    @unittest.skipUnless(shutil.which("cargo"), "needs cargo")
    def test_the_empty_crates_resolve(self):
        """The layer of the dependencies: manifests with empty sources, as the Dockerfile makes them."""
        with tempfile.TemporaryDirectory() as folder:
            members = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]
            for path in ("Cargo.toml", "Cargo.lock", *(f"{member}/Cargo.toml" for member in members)):
                self.assertRegex(self.text, rf"(?m)^COPY .*\b{path}\b")
                (Path(folder) / path).parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / path, Path(folder) / path)
            script = re.search(r"RUN (mkdir -p src.*?)\\\n\s*&& cargo", self.text, re.S)[1].replace("\\\n", " ")
            run("sh", "-ec", script, cwd=folder)
            found = json.loads(run("cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version=1", cwd=folder))
            self.assertEqual({package["name"] for package in found["packages"]}, {"artel", *members})
            run("cargo", "tree", "--locked", "--offline", "--depth=1", cwd=folder)

    def test_scripts(self):
        run("shellcheck", ROOT / "deploy/healthcheck", ROOT / "deploy/rabbitmq/start", ROOT / "tests/deploy/run")
        self.assertTrue(os.access(ROOT / "deploy/healthcheck", os.X_OK))


class Balancer(unittest.TestCase):
    def check(self, **environment):
        run("haproxy", "-c", "-dW", "-f", ROOT / "deploy/haproxy/haproxy.cfg", env=os.environ | environment)

    def test_haproxy_takes_it_with_and_without_a_certificate(self):
        self.check()
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = f"{folder}/key", f"{folder}/certificate"
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=club", "-days", "2")
            Path(folder, "club.pem").write_text(Path(certificate).read_text() + Path(key).read_text())
            self.check(TLS_CERTIFICATE="club.pem", TLS_DIR=folder)
            with self.assertRaises(AssertionError):
                self.check(TLS_CERTIFICATE="missing.pem", TLS_DIR=folder)

    def test_its_ports_are_those_of_the_compose_file(self):
        text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
        given = dict(re.findall(r"presetenv (\w+) (\S+)", text))
        services = compose.resolve(VALUES)["services"]
        inside = [port.rsplit(":", 1)[1] for port in services["balancer"]["ports"]]
        self.assertEqual(inside, [given["HTTP_BIND"][1:], given["HTTPS_BIND"][1:]])
        self.assertIn(given["STATS_BIND"][1:], str(services["balancer"]["healthcheck"]))
        port = services["api1"]["environment"]["ARTEL_LISTEN"].rsplit(":", 1)[1]
        self.assertEqual([given["API1"], given["API2"]], [f"api1:{port}", f"api2:{port}"])
        self.assertGreater(services["balancer"]["ulimits"]["nofile"], 2 * int(given["MAX_CONNECTIONS"]))


class Dawdlers(unittest.TestCase):
    """The balancer as it runs, before a node that only counts what reaches it."""

    def setUp(self):
        node = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
        node.requests = []
        threading.Thread(target=node.serve_forever, daemon=True).start()
        self.addCleanup(node.server_close)
        self.addCleanup(node.shutdown)
        self.node, address = node, f"127.0.0.1:{node.server_port}"
        self.port, operations = free_port(), free_port()
        given = {
            "HTTP_BIND": f"127.0.0.1:{self.port}", "STATS_BIND": f"127.0.0.1:{operations}", "API1": address,
            "API2": address, "API_SLOTS": "1", "MAX_CONNECTIONS": "500", "CONNECTIONS_PER_ADDRESS": "20",
            "REQUEST_WITHIN": "2s",
        }
        config = ROOT / "deploy/haproxy/haproxy.cfg"
        balancer = subprocess.Popen(["haproxy", "-db", "-f", config], env=os.environ | given, stdout=subprocess.DEVNULL)
        self.addCleanup(balancer.wait)
        self.addCleanup(balancer.terminate)
        for _ in range(100):
            try:
                if self.ask("127.0.0.1", b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200"):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.fail("the balancer does not serve")

    def connect(self, source):
        client = socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))
        self.addCleanup(client.close)
        return client

    def ask(self, source, request):
        client = self.connect(source)
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))

    def test_a_request_whose_body_dawdles_never_reaches_a_node(self):
        head = b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{"
        answer = self.ask("127.0.0.2", head)
        self.assertTrue(answer.startswith(b"HTTP/1.1 408"), answer)
        problem = json.loads(answer.partition(b"\r\n\r\n")[2])
        self.assertEqual((problem["code"], problem["status"]), ("bad_request", 408))
        self.assertNotIn("/slow", self.node.requests)

    def test_an_address_has_its_connections_and_another_one_has_its_own(self):
        held, cut = [], 0
        for _ in range(30):
            try:
                held.append(self.connect("127.0.0.2"))
            except ConnectionError:
                cut += 1
        for client in held:
            client.settimeout(0.2)
            try:
                cut += client.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                cut += 1
        self.assertEqual(cut, 10)
        answer = self.ask("127.0.0.3", b"GET /other HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)


class Node(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Broker(unittest.TestCase):
    def definitions(self, **environment):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "definitions.json")
            run("sh", ROOT / "deploy/rabbitmq/start", "true", env=os.environ | environment | {"RABBITMQ_DEFINITIONS": str(file)})
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            return json.loads(file.read_text())

    def test_the_nodes_are_no_administrators(self):
        given = {"RABBITMQ_PASSWORD": "a1", "RABBITMQ_OPERATOR_PASSWORD": "b2"}
        definitions = self.definitions(**given)
        self.assertEqual({user["name"]: user["tags"] for user in definitions["users"]}, {"artel": "", "operator": "administrator"})
        both = self.definitions(**given, RABBITMQ_SCORING_PASSWORD="c3")
        self.assertEqual({user["name"]: user["tags"] for user in both["users"]}["scoring"], "")
        rights = {right["user"]: right for right in both["permissions"]}
        queues = [f"{queue}{suffix}" for queue in ("game.service.queue", "audit.log.queue") for suffix in ("", ".dlq", ".retry.10m")]
        for name in ("artel.events", "artel.dlq", "websocket.broadcast.node", *queues):
            self.assertRegex(name, rights["artel"]["configure"])
        for name in ("amq.default", "amq.topic", "other", "artel.events.more", "more.artel.events", "scoring.answers"):
            self.assertNotRegex(name, rights["artel"]["configure"])
        self.assertRegex("amq.default", rights["artel"]["write"])
        self.assertNotRegex("stats.service.queue", rights["scoring"]["read"])
        keys = {right["user"]: re.compile(right["write"]) for right in both["topic_permissions"]}
        self.assertTrue(keys["scoring"].search("game.command.pot_ball"))
        self.assertFalse(any(keys["scoring"].search(key) for key in ("game.ball_potted", "websocket.user.1.x", "game.command.a.b")))

    def test_what_can_be_no_password_is_refused(self):
        for password in ("", 'a"b', "a b", "a/b"):
            with self.assertRaises(AssertionError):
                self.definitions(RABBITMQ_PASSWORD=password, RABBITMQ_OPERATOR_PASSWORD="b2")


class Workflows(unittest.TestCase):
    def test_they_can_be_read_and_name_what_they_use_by_version(self):
        files = list((ROOT / ".github/workflows").glob("*.yml"))
        self.assertEqual({file.name for file in files}, {"ci.yml", "release.yml"})
        for file in files:
            for name, job in yaml.safe_load(file.read_text())["jobs"].items():
                self.assertIn("timeout-minutes", job, f"{file.name}: {name}")
                for step in job["steps"]:
                    self.assertTrue(("uses" in step) != ("run" in step), f"{file.name}: {step}")
                    if "uses" in step:
                        self.assertRegex(step["uses"], r"@(v\d+(\.\d+)*|[0-9a-f]{40})$")
                    if "run" in step:
                        run("bash", "-n", input=re.sub(r"\$\{\{.*?\}\}", "x", step["run"]))

    def test_a_release_is_built_for_both_processors_with_checksums(self):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
        targets = {entry["target"] for entry in jobs["binary"]["strategy"]["matrix"]["include"]}
        self.assertEqual(targets, {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"})
        text = (ROOT / ".github/workflows/release.yml").read_text()
        for word in ("sha256sum", "linux/amd64,linux/arm64", "completions", "artel man"):
            self.assertIn(word, text)
        profile = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["release"]
        self.assertEqual((profile["debug"], profile["strip"]), (False, True))


class Watching(unittest.TestCase):
    def test_prometheus_takes_its_configuration_and_rules(self):
        run("promtool", "check", "config", ROOT / "deploy/prometheus/prometheus.yml")

    def test_each_alert_fires_when_it_should(self):
        run("promtool", "test", "rules", ROOT / "tests/deploy/alerts_test.yml")
        rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
        tested = (ROOT / "tests/deploy/alerts_test.yml").read_text()
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            self.assertIn(f'alertname="{rule["alert"]}"', tested)
            self.assertEqual(set(rule["annotations"]), {"summary", "action"})

    def test_prometheus_asks_what_the_compose_file_starts(self):
        config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
        services = compose.resolve(VALUES)["services"]
        for job in config["scrape_configs"]:
            names = [name for lookup in job.get("dns_sd_configs", []) for name in lookup["names"]]
            names += [target.split(":")[0] for group in job.get("static_configs", []) for target in group["targets"]]
            self.assertLessEqual(set(names) - {"localhost"}, set(services))
        self.assertLessEqual(set(NODES), {name for job in config["scrape_configs"] for lookup in job.get("dns_sd_configs", []) for name in lookup["names"]})

    def test_grafana_finds_its_data_and_its_dashboard(self):
        provisioned = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
        source = provisioned["datasources"][0]
        provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/artel.yml").read_text())["providers"][0]
        grafana = compose.resolve(VALUES)["services"]["grafana"]
        self.assertIn(f"./deploy/grafana/dashboards:{provider['options']['path']}:ro", grafana["volumes"])
        home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertEqual(home, f"{provider['options']['path']}/artel.json")
        used = set(re.findall(r'"type": "prometheus",\s*"uid": "(\w+)"', json.dumps(dashboard())))
        self.assertEqual(used, {source["uid"]})

    def test_the_panels_are_told_apart_and_lie_side_by_side(self):
        panels = dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        self.assertEqual(len({panel["title"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            self.assertFalse(taken & cells, panel["title"])
            taken |= cells
            if panel["type"] != "row":
                self.assertTrue(panel["description"] and panel["targets"], panel["title"])


if __name__ == "__main__":
    unittest.main()
