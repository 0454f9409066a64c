"""What the tests of this folder stand on: the real server as a process, and browsers."""

import http.client
import http.cookies
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "faults"))
from ground import Cluster, equal, wait_until  # noqa: E402, F401

# A demo of many cases takes its time at the first start.
START_PATIENCE = 900
PASSWORD = "a horse on a quiet lake"
SANDBOX = "/api/v1/admin/sandbox"


class Server:
    """A `doppel serve` on a port of its own. `link` is the way in, where nobody can sign in yet."""

    def __init__(self, doppel, folder, home, *words):
        self.words = [doppel, "serve", "--port", "0", *words]
        self.folder, self.home, self.link = Path(folder), home, None
        self.starts = 0
        self.start()

    def start(self):
        self.starts += 1
        out = self.folder / f"serve{self.starts}.txt"
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("DOPPEL_")}
        with out.open("w") as file, (self.folder / "requests.log").open("a") as log:
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=file, stderr=log,
                env={**kept, "DOPPEL_HOME": str(self.home), "DOPPEL_USER": "server"})

        def told():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n"
                                     + (self.folder / "requests.log").read_text()[-1500:])
            return re.search(r"at http://127\.0\.0\.1:(\d+)\n", out.read_text())
        self.port = int(wait_until(told, "the server says where it is",
                                   START_PATIENCE).group(1))
        wait_until(lambda: self.ask("GET", "/healthz")[0] == 200, "the server is well")
        link = re.search(r"/api/v1/links/\S+", out.read_text())
        self.link = link.group(0) if link else None

    def ask(self, method, path, body=None, headers=None):
        """Status, JSON (or text) and headers of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(text) if is_json else text, answer.headers
        finally:
            connection.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As an administrator does it; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


class Browser:
    """Cookies, and the session's token with every write."""

    def __init__(self, server, login="admin"):
        self.server, self.cookies, self.token = server, {}, ""
        answer = self.post("/api/v1/session", {"login": login, "password": PASSWORD}, status=201)
        self.token = answer["csrf_token"]

    def ask(self, method, path, body=None, status=200, headers=None):
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                "X-CSRF-Token": self.token, **(headers or {})}
        if body is not None:
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        found, answer, self.headers = self.server.ask(method, path, body, sent)
        for line in self.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        if status is not None:
            equal(found, status, f"{method} {path}: {answer}")
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def patch(self, path, body, **more):
        return self.ask("PATCH", path, body, **more)

    def only(self, query):
        """The one record that a query finds."""
        items = self.get("/api/v1/" + query)["items"]
        equal(len(items), 1, query)
        return items[0]

    def enter(self):
        self.post(SANDBOX, status=201)
        self.post(SANDBOX + "/toggle", {"enable": True})


class Stand:
    """Servers of one organisation, on SQLite or on PostgreSQL with a store that they share."""

    def __init__(self, doppel, database, servers=1, demo=40):
        self.folder = Path(tempfile.mkdtemp(prefix="doppel_served_"))
        self.folder.chmod(0o755)
        self.cluster, self.servers = None, []
        home, words = self.folder / "home", ["--demo", str(demo)]
        if database == "postgresql":
            self.cluster = Cluster(self.folder / "pg")
            for name in ("desk", "control"):
                self.cluster.psql("postgres", f"CREATE DATABASE {name} OWNER doppel_admin")
            home = self.cluster.dsn("control")
            words += ["--database", self.cluster.dsn("desk")]
        for number in range(servers):
            place = self.folder / f"server{number}"
            place.mkdir()
            self.servers.append(Server(doppel, place, home, *words))
        first = self.servers[0]
        status, answer, _ = first.ask("POST", first.link, json.dumps({"password": PASSWORD}),
                                      {"Content-Type": "application/json"})
        equal(status, 200, answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()
        if self.cluster:
            self.cluster.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_tests(tests, only=()):
    """(name, function without arguments): all of them, also after one that failed."""
    failed = 0
    for name, test in tests:
        if only and name not in only:
            continue
        try:
            test()
            print(f"ok {name}", flush=True)
        except Exception as problem:  # noqa: BLE001
            failed += 1
            print(f"FAILED {name}: {type(problem).__name__}: {problem}", flush=True)
    return 1 if failed else 0
