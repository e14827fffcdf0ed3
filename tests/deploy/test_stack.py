"""The processes of the compose file, started by hand: what the balancer promises, and what the dashboard can show."""

import asyncio
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid
from pathlib import Path

import websockets
import yaml

from compose import ROOT
from stack import NODES, Stack, get, wait_for

ARTEL = os.environ["ARTEL_BINARY"]


def call(stack, method, path, body=None, token=None, source="127.0.0.1", headers=None, port="balancer", context=None):
    """(status, headers, parsed body) through the balancer."""
    address = ("127.0.0.1", stack.ports[port])
    if context:
        connection = http.client.HTTPSConnection(*address, timeout=20, context=context, source_address=(source, 0))
    else:
        connection = http.client.HTTPConnection(*address, timeout=20, source_address=(source, 0))
    try:
        sent = {"Content-Type": "application/json"} | (headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        is_json = "json" in (answer.getheader("content-type") or "")
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), json.loads(text) if is_json and text else text
    finally:
        connection.close()


def register(stack, **more):
    name = f"u{uuid.uuid4().hex[:20]}"
    return call(stack, "POST", "/api/v1/auth/register", {"username": name, "password": "a long password"}, **more)


def nodes_use_the_broker(stack):
    """Nodes that have no connection to it can't know what the others do."""
    connections = re.search(r"(?m)^rabbitmq_connections (\d+)", get(stack.url("rabbitmq-metrics", "/metrics"))[1])
    return int(connections[1]) > 0


def evening(stack, token, port="api1", **more):
    """A session with a guest and a game, made on one node: (session, the first player, the second)."""
    more["port"] = port
    template = call(stack, "GET", "/api/v1/templates?game_type=kolkhoz&scope=system", token=token, **more)[2]["items"][0]
    status, _, session = call(stack, "POST", "/api/v1/sessions", {"name": "Evening", "template_id": template["id"]}, token=token, **more)
    assert status == 201, session
    call(stack, "POST", f"/api/v1/sessions/{session['id']}/participants", {"display_name": "Guest"}, token=token, **more)
    status, _, game = call(stack, "POST", f"/api/v1/sessions/{session['id']}/games", {}, token=token, **more)
    assert status == 201, game
    return session, game["order"][0], game["order"][1]


def socket(stack, token, scheme="ws", port="balancer", **more):
    url = f"{scheme}://127.0.0.1:{stack.ports[port]}/ws"
    return websockets.connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None, **more)


async def ask(ws, **frame):
    frame["id"] = str(uuid.uuid4())
    await ws.send(json.dumps(frame))
    while True:
        answer = json.loads(await asyncio.wait_for(ws.recv(), 10))
        if answer.get("id") == frame["id"]:
            return answer


def names_of(expression):
    """The metrics of a PromQL expression."""
    bare = re.sub(r'\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)', " ", expression)
    return set(re.findall(r"\b(?:artel|rabbitmq|haproxy|up|ALERTS)\w*", bare))


def panels():
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/artel.json").read_text())
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def rules():
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


def read_until(answer, beginning):
    """Reads a stream up to the line that begins so; it is wrong to end before."""
    while not (line := answer.readline()).startswith(beginning):
        if not line:
            raise AssertionError(f"{answer.status}: ended before {beginning}")


class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        limits = {"ARTEL_REGISTRATIONS_PER_MINUTE": 100000, "ARTEL_COMMANDS_PER_SECOND": 1000, "ARTEL_HEARTBEAT_SECONDS": 5}
        cls.stack = cls.enterClassContext(Stack(ARTEL, **limits))

    def connections(self, name):
        found = re.search(r'artel_connections\{kind="websocket"\} (\d+)', get(self.stack.url(name, "/metrics"))[1])
        return int(found[1])

    def test_sockets_are_spread_over_the_nodes(self):
        token = register(self.stack)[2]["access_token"]
        session, first, _ = evening(self.stack, token)

        async def play():
            sockets = [await socket(self.stack, token) for _ in range(6)]
            try:
                spread = [self.connections("api1"), self.connections("api2")]
                self.assertEqual(spread, [3, 3])
                for ws in sockets:
                    answer = await ask(ws, type="subscribe", session_id=session["id"])
                    self.assertEqual(answer["type"], "subscribed")
                command = {"type": "commit_foul", "participant_id": first}
                answer = await ask(sockets[0], type="command", session_id=session["id"], command=command)
                self.assertEqual(answer["type"], "ack", answer)
            finally:
                for ws in sockets:
                    await ws.close()

        asyncio.run(play())

    def test_what_one_node_took_the_other_knows(self):
        if not nodes_use_the_broker(self.stack):
            self.skipTest("this binary does not use RabbitMQ yet")
        token = register(self.stack)[2]["access_token"]
        for turn in range(20):
            session, first, _ = evening(self.stack, token)
            connection = http.client.HTTPConnection("127.0.0.1", self.stack.ports["api2"], timeout=5)
            connection.request("GET", f"/api/v1/sessions/{session['id']}/stream", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            # What is marked before the first state is in it, and not told as an event.
            read_until(answer, b"data: ")
            games = call(self.stack, "GET", f"/api/v1/sessions/{session['id']}/games", token=token, port="api2")[2]["items"]
            mark = {"type": "commit_foul", "participant_id": first}
            # Back and forth without a pause: nobody decides on what is no longer true.
            for port in ("api1", "api2", "api1"):
                status, _, body = call(self.stack, "POST", f"/api/v1/games/{games[0]['id']}/events", mark, token=token, port=port)
                self.assertIn((status, body.get("code")), [(201, None), (409, "not_your_turn")], turn)
                mark["participant_id"] = body.get("data", {}).get("next_participant_id") or mark["participant_id"]
            read_until(answer, b"event: game.foul_committed")
            status, _, body = call(self.stack, "POST", f"/api/v1/games/{games[0]['id']}/end", {}, token=token, port="api2")
            self.assertEqual(status, 200, body)
            status, _, body = call(self.stack, "POST", f"/api/v1/sessions/{session['id']}/complete", token=token, port="api1")
            self.assertEqual(status, 200, body)
            connection.close()

    def test_a_quiet_socket_lives_as_long_as_it_answers(self):
        """12 s are more than two heartbeats."""
        token = register(self.stack)[2]["access_token"]

        async def wait():
            async with socket(self.stack, token) as ws:
                pings, until = 0, time.monotonic() + 12
                while time.monotonic() < until:
                    frame = json.loads(await asyncio.wait_for(ws.recv(), 10))
                    if frame["type"] == "ping":
                        pings += 1
                        await ws.send(json.dumps({"type": "pong", "ts": frame["ts"]}))
                return pings

        self.assertGreaterEqual(asyncio.run(wait()), 2)

    def test_event_streams_are_not_held_back(self):
        token = register(self.stack)[2]["access_token"]
        session, _, _ = evening(self.stack, token)
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.ports["balancer"], timeout=5)
        connection.request("GET", f"/api/v1/sessions/{session['id']}/stream", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        self.assertEqual(answer.getheader("content-type"), "text/event-stream")
        # Far less than any buffer, and the answer never ends.
        started = time.monotonic()
        read_until(answer, b"data: ")
        self.assertLess(time.monotonic() - started, 1)
        connection.close()

    def test_figures_are_not_shown_to_clients(self):
        for path in ("/metrics", "//metrics", "/metrics/", "/%6detrics", "/metric%73?x=1"):
            status, _, body = call(self.stack, "GET", path)
            self.assertNotIn("artel_live_sessions", str(body), path)
            if path != "//metrics":
                self.assertEqual(status, 404, path)
        self.assertEqual(get(self.stack.url("operations", "/healthy"))[0], 200)

    def test_nodes_can_be_updated_one_after_the_other_without_a_failed_request(self):
        token = register(self.stack)[2]["access_token"]
        session, _, _ = evening(self.stack, token)
        seen, over = [], threading.Event()

        def ask_all_the_time(number):
            while not over.is_set():
                try:
                    if number % 2:
                        answer = call(self.stack, "GET", f"/api/v1/sessions/{session['id']}", token=token)
                    else:
                        headers = {"Idempotency-Key": str(uuid.uuid4())}
                        answer = call(self.stack, "POST", f"/api/v1/sessions/{session['id']}/participants", {"display_name": "G"}, token=token, headers=headers)
                    # More guests than the session takes are refused: an answer all the same.
                    seen.append(answer[0] if answer[0] not in (409,) else 201)
                except (OSError, http.client.HTTPException) as error:
                    seen.append(repr(error))
                time.sleep(0.02)

        async def update():
            async with socket(self.stack, token) as one, socket(self.stack, token) as two:
                for name in ("api1", "api2"):
                    status, took = await asyncio.to_thread(self.stack.stop, name)
                    self.assertEqual(status, 0, self.stack.log(name)[-1000:])
                    self.assertLess(took, 10)
                    await asyncio.sleep(1)
                    self.stack.start_node(name)
                    await asyncio.to_thread(wait_for, f"{name} is ready", lambda: self.stack.ready(name))
                    # As in deploy/README.md: the next one when the balancer has this one back.
                    await asyncio.to_thread(self.wait_for_both)
                codes = []
                for ws in (one, two):
                    try:
                        while True:
                            await asyncio.wait_for(ws.recv(), 10)
                    except websockets.ConnectionClosed as closed:
                        codes.append(closed.rcvd.code if closed.rcvd else None)
                self.assertEqual(codes, [1001, 1001])

        askers = [threading.Thread(target=ask_all_the_time, args=(number,)) for number in range(4)]
        for asker in askers:
            asker.start()
        try:
            asyncio.run(update())
        finally:
            over.set()
            for asker in askers:
                asker.join()
        self.assertGreater(len(seen), 100)
        self.assertEqual({answer for answer in seen if answer not in (200, 201)}, set())

    def wait_for_both(self):
        active = re.compile(r'haproxy_backend_active_servers\{proxy="ready"\} 2$', re.M)
        wait_for("both nodes are back", lambda: active.search(get(self.stack.url("operations", "/metrics"))[1]))

    def test_a_killed_node_is_left_out(self):
        self.stack.stop("api2", signal.SIGKILL)
        for _ in range(20):
            self.assertEqual(call(self.stack, "GET", "/health/live")[0], 200)
        self.stack.start_node("api2")
        wait_for("api2 is ready", lambda: self.stack.ready("api2"))
        self.wait_for_both()

    def test_without_a_database_the_nodes_say_so_themselves(self):
        token = register(self.stack)[2]["access_token"]
        database = self.stack.database
        self.stack.psql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.stack.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        try:
            wait_for("no node is ready", lambda: not self.stack.ready("api1") and not self.stack.ready("api2"), 20)
            for name in ("api1", "api2"):
                self.assertEqual(self.health_of(name), 1)
                self.assertEqual(self.health_of(name, "/health/live"), 0)
            time.sleep(4)
            status, headers, body = call(self.stack, "GET", "/api/v1/users/me", token=token)
            self.assertEqual((status, body["code"]), (503, "storage_unavailable"))
            self.assertEqual(headers["content-type"], "application/problem+json")
        finally:
            self.stack.psql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        wait_for("the nodes are ready again", lambda: self.stack.ready("api1") and self.stack.ready("api2"))
        self.wait_for_both()

    def health_of(self, name, *path):
        env = os.environ | {"ARTEL_LISTEN": f"0.0.0.0:{self.stack.ports[name]}"}
        return subprocess.run([ROOT / "deploy/healthcheck", *path], env=env, capture_output=True).returncode

    def test_the_images_health_check(self):
        for name in NODES:
            self.assertEqual(self.health_of(name), 0)
        closed = os.environ | {"ARTEL_LISTEN": "127.0.0.1:1"}
        self.assertEqual(subprocess.run([ROOT / "deploy/healthcheck"], env=closed, capture_output=True).returncode, 1)

    def test_nothing_is_written_to_disk(self):
        """The containers' file systems are read-only."""
        self.assertFalse((self.stack.work / "not-needed").exists())

    def test_zz_the_dashboard_and_the_alerts_ask_for_what_there_is(self):
        """Last: it looks at the figures of all that was done before."""
        plan = ["--sessions", "4", "--sockets", "2", "--rate", "40", "--seconds", "6"]
        entrance = self.stack.url("balancer" if nodes_use_the_broker(self.stack) else "api1").rstrip("/")
        done = subprocess.run([ARTEL, "loadtest", "--url", entrance, *plan], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

        served = "\n".join(get(self.stack.url(name, "/metrics"))[1] for name in (*NODES, "operations", "rabbitmq-metrics"))
        existing = set(re.findall(r"(?m)^([a-zA-Z_:]\w*)[ {]", served)) | {"up", "ALERTS"}
        described = set(re.findall(r'describe_\w+!\("(\w+)"', (ROOT / "src/telemetry.rs").read_text()))
        for where, expression in panels() + rules():
            for name in names_of(expression):
                plain = re.sub(r"_(bucket|sum|count)$", "", name)
                self.assertTrue(name in existing or plain in described, f"{where}: {name}")
        asked = {re.sub(r"_(bucket|sum|count)$", "", name) for _, expression in panels() for name in names_of(expression)}
        self.assertEqual(described - asked, set(), "metrics that no panel shows")

        wait_for("Prometheus reaches everything", lambda: set(re.findall(r'"health":"(\w+)"', get(self.stack.url("prometheus", "/api/v1/targets"))[1])) == {"up"})
        empty = set()
        for where, expression in panels() + rules():
            asked = expression.replace("$service", ".*").replace("$__rate_interval", "2m")
            self.assertNotIn("$", asked, where)
            status, body = get(self.stack.url("prometheus", "/api/v1/query?" + urllib.parse.urlencode({"query": asked})))
            self.assertEqual(status, 200, f"{where}: {body}")
            if not json.loads(body)["data"]["result"]:
                empty.add(where)
        alerts = {name for name, _ in rules()}
        # Nothing of the kind happened, so there is no series of it yet.
        self.assertLessEqual(empty - alerts, {
            "Could not be applied", "Alerts that fire", "Failed and contested", "Interruptions of the bus", "Sent outside"
        })
        loaded = json.loads(get(self.stack.url("prometheus", "/api/v1/rules"))[1])["data"]["groups"]
        self.assertEqual({rule["name"]: rule["health"] for group in loaded for rule in group["rules"]}, {name: "ok" for name in alerts})


class Clients(unittest.TestCase):
    """What the nodes hear of the clients, over TLS."""

    @classmethod
    def setUpClass(cls):
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        key, certificate = folder / "key", folder / "certificate"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=club", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )
        (folder / "club.pem").write_text(certificate.read_text() + key.read_text())
        cls.context = ssl.create_default_context(cafile=certificate)
        cls.stack = cls.enterClassContext(Stack(ARTEL, prometheus=False, certificate=folder / "club.pem", ARTEL_REGISTRATIONS_PER_MINUTE=2))
        cls.tls = {"port": "https", "context": cls.context}

    def test_limits_count_the_clients_address_whatever_it_says(self):
        # All nodes count together.
        for source, forwarded in (("127.0.0.2", None), ("127.0.0.3", "varies")):
            answers = []
            for number in range(8):
                headers = {"X-Forwarded-For": f"10.1.1.{number}"} if forwarded else {}
                answers.append(register(self.stack, source=source, headers=headers, **self.tls)[0])
            self.assertEqual(sorted(answers), [201] * 2 + [429] * 6, source)
        self.assertEqual(register(self.stack, source="127.0.0.4", **self.tls)[0], 201)

    def test_the_nodes_know_that_it_is_https(self):
        status, headers, body = register(self.stack, source="127.0.0.5", headers={"X-Artel-Client": "browser"}, **self.tls)
        self.assertEqual(status, 201)
        self.assertIn("Secure", headers["set-cookie"])
        token = body["access_token"]
        session, _, _ = evening(self.stack, token)
        share = call(self.stack, "POST", f"/api/v1/sessions/{session['id']}/share", {}, token=token, **self.tls)[2]
        self.assertTrue(share["url"].startswith(f"https://127.0.0.1:{self.stack.ports['https']}/"), share)

        async def connect():
            origin = f"https://127.0.0.1:{self.stack.ports['https']}"
            async with socket(self.stack, token, "wss", "https", ssl=self.context, origin=origin) as ws:
                return json.loads(await ws.recv())["type"]

        self.assertEqual(asyncio.run(connect()), "connected")
        # The code of a share is nobody's business, not even the log's.
        call(self.stack, "GET", urllib.parse.urlsplit(share["url"])._replace(scheme="", netloc="").geturl(), **self.tls)
        call(self.stack, "GET", f"/api/v1/shares/{share['code']}", **self.tls)
        self.assertNotIn(share["code"], self.stack.log("balancer"))
        self.assertIn("GET /board/...", self.stack.log("balancer"))

    def test_every_answer_over_tls_says_to_stay_there_and_to_guess_no_type(self):
        token = register(self.stack, source="127.0.0.6", **self.tls)[2]["access_token"]
        for path in ("/", "/health/live", "/api/v1/users/me", "/nothing", "/metrics"):
            _, headers, _ = call(self.stack, "GET", path, token=token, **self.tls)
            self.assertRegex(headers["strict-transport-security"], r"^max-age=\d{7,}", path)
            self.assertEqual(headers["x-content-type-options"], "nosniff", path)
            self.assertIn("referrer-policy", headers, path)
        # A browser takes no such word over plain HTTP, so none is said.
        _, headers, _ = call(self.stack, "GET", "/")
        self.assertNotIn("strict-transport-security", headers)
        self.assertEqual(headers["x-content-type-options"], "nosniff")

    def test_plain_http_is_sent_to_https(self):
        status, headers, _ = call(self.stack, "GET", "/health/live?x=1")
        self.assertEqual(status, 308)
        self.assertTrue(headers["location"].startswith("https://"))
        self.assertTrue(headers["location"].endswith("/health/live?x=1"))

    def test_zz_without_any_node_the_answer_is_a_problem(self):
        self.stack.stop("api1")
        self.stack.stop("api2")
        time.sleep(3)
        status, headers, body = call(self.stack, "GET", "/api/v1/users/me", **self.tls)
        self.assertEqual((status, body["code"], body["status"]), (503, "overloaded", 503))
        self.assertEqual(headers["content-type"], "application/problem+json")
        uuid.UUID(body["request_id"])
        self.assertEqual(headers["retry-after"], "1")


if __name__ == "__main__":
    unittest.main()
