"""What the tests of this folder stand on: a private PostgreSQL cluster that can be stopped, started
and copied, an application's database on it, and the real doppel."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import postgres_cluster  # noqa: E402

PATIENCE = 60

# Whoever writes a queue, or copies it, waits in the server while the gate is closed: see Gate.
SCHEMA = """
CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  WHILE NOT pg_try_advisory_xact_lock_shared(77) LOOP PERFORM pg_sleep(0.02); END LOOP;
  RETURN true;
END $$;
CREATE TABLE queues (
  id serial PRIMARY KEY, name text NOT NULL UNIQUE,
  max_open integer NOT NULL DEFAULT 0, CONSTRAINT gate CHECK (gate()));
CREATE TABLE tickets (
  id serial PRIMARY KEY, queue_id integer NOT NULL REFERENCES queues (id), subject text NOT NULL);
CREATE INDEX ON tickets (queue_id);
INSERT INTO queues (name) SELECT 'Queue ' || n FROM generate_series(1, 20) AS n;
INSERT INTO tickets (queue_id, subject)
  SELECT 1 + n % 20, 'Ticket ' || n FROM generate_series(1, 500) AS n;
"""

MANIFEST = """doppel: 1
application: shop
tables:
  queues:
    role: config
    label: name
    plain: [name]
  tickets:
    role: data
    plain: [subject]
"""


def wait_until(happens, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while True:
        found = happens()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}")
        time.sleep(0.02)


class Failed:
    """How a command ended."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def error(self):
        return json.loads(self.err)["error"]


class Started:
    """A doppel that runs beside the test."""

    def __init__(self, words, environment):
        self.process = subprocess.Popen(words, env=environment, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        out, err = self.process.communicate(timeout=PATIENCE * 2)
        self.process.stdout, self.process.stderr = None, None
        return Failed(subprocess.CompletedProcess([], self.process.returncode, out, err))


class Session:
    """A psql that stays: what it begins goes on."""

    MARK = "-- done --"

    def __init__(self, words):
        self.process = subprocess.Popen(words, text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def send(self, sql):
        self.process.stdin.write(f"{sql};\n\\echo '{self.MARK}'\n")
        self.process.stdin.flush()

    def answer(self):
        lines = []
        for line in self.process.stdout:
            if line.strip() == self.MARK:
                return "".join(lines).strip()
            lines.append(line)
        return "".join(lines).strip()

    def run(self, sql):
        self.send(sql)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Gate:
    """While it is closed, a promotion stands in the middle of its transaction on live, and a
    sandbox's making in the middle of its own."""

    def __init__(self, ground):
        self.ground = ground
        self.session = ground.cluster.session("shop")

    def __enter__(self):
        self.session.run("SELECT pg_advisory_lock(77)")
        return self

    def open(self):
        if self.session:
            self.session.close()
            self.session = None

    def __exit__(self, *_):
        self.open()

    def wait_for_somebody(self):
        wait_until(lambda: self.ground.live(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
            "AND datname = 'shop'") != "0", "somebody stands at the gate")


class Cluster:
    def __init__(self, folder, settings=""):
        self.folder = Path(folder)
        self.server = postgres_cluster.make(self.folder)
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        with (self.data / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write("local replication postgres trust\n")
        self.restart()

    @property
    def data(self):
        return self.folder / "data"

    def launch(self):
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [postgres_cluster.binary("postgres"), "-D", str(self.data)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                **postgres_cluster.unprivileged())
        wait_until(lambda: postgres_cluster.answers(self.folder), "the server answers")

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: at once, as a crash."""
        self.server.send_signal(how)
        self.server.wait()

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.launch()

    def dsn(self, database, role="doppel_admin", options=""):
        return f"postgresql://{role}@/{database}?host={self.folder}{options}"

    def words(self, database, role):
        return ["psql", "-qXAt", "-h", str(self.folder), "-U", role, "-d", database]

    def psql(self, database, script, role="postgres"):
        done = subprocess.run([*self.words(database, role), "-v", "ON_ERROR_STOP=1"], input=script,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"psql as {role}:\n{done.stdout}")
        return done.stdout.strip()

    def session(self, database, role="postgres"):
        return Session(self.words(database, role))

    def remove(self):
        if self.server.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


ROLES_OF_SANDBOXES = """
DO $$ DECLARE role text; BEGIN
  FOR role IN SELECT rolname FROM pg_roles WHERE rolname ~ '^doppel_.*_[0-9a-f]{12}$' LOOP
    EXECUTE format('DROP ROLE %I', role);
  END LOOP;
END $$"""


class Ground:
    """A cluster with the application's database `shop` and a database `control` for the store."""

    def __init__(self, doppel, settings=""):
        self.doppel = doppel
        self.folder = Path(tempfile.mkdtemp(prefix="doppel_faults_"))
        self.folder.chmod(0o755)
        self.cluster = Cluster(self.folder / "pg", settings)
        self.manifest = self.folder / "shop.yaml"
        self.home = self.cluster.dsn("control")
        self.folder_home = str(self.folder / "home")
        self.number = 0

    def fresh(self, live_options=""):
        """Both databases anew, and the tenant attached."""
        self.manifest.write_text(MANIFEST, encoding="utf-8")
        self.live_dsn = self.cluster.dsn("shop", options=live_options)
        for name in ("shop", "control"):
            self.cluster.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            self.cluster.psql("postgres", f"CREATE DATABASE {name} OWNER doppel_admin "
                                          "TEMPLATE template0")
        # Those of sandboxes outlive their database, and the next one of that name has the same.
        self.cluster.psql("postgres", ROLES_OF_SANDBOXES)
        self.cluster.psql("shop", SCHEMA, "doppel_admin")
        shutil.rmtree(self.folder_home, ignore_errors=True)
        self.run("init", "shop", self.live_dsn, "--manifest", str(self.manifest))

    def environment(self, more):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("DOPPEL_")}
        return {**kept, "DOPPEL_HOME": self.home, "DOPPEL_USER": "ada", **more}

    def start(self, *words, **more):
        return Started([self.doppel, *words, "--json"], self.environment(more))

    def run(self, *words, status=0, **more):
        """The JSON that a command answers; it must end with `status`."""
        done = subprocess.run([self.doppel, *words, "--json"], env=self.environment(more),
                              text=True, timeout=PATIENCE * 2, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != status:
            raise AssertionError(f"doppel {' '.join(words)} ended with {done.returncode}, not "
                                 f"{status}:\n{done.stdout[:1500]}{done.stderr[:1500]}")
        return json.loads(done.stdout or done.stderr or "null")

    def refused(self, *words, status=4, **more):
        return self.run(*words, status=status, **more)["error"]

    def changed_sandbox(self, name="qa", queue=1, value=None):
        """A sandbox that renamed a queue; the hash of its plan."""
        title = f"shop/{name}"
        self.run("sandbox", "create", title)
        self.run("sql", title, f"UPDATE queues SET name = '{value or name}' WHERE id = {queue}")
        return self.run("plan", title)["hash"]

    def control(self, sql):
        return self.cluster.psql("control", f"SET search_path = doppel_store; {sql}")

    def state(self, name="qa"):
        return self.control(f"SELECT state FROM environment WHERE name = '{name}' "
                            "ORDER BY id DESC LIMIT 1")

    def live(self, sql):
        return self.cluster.psql("shop", sql)

    def names(self):
        return self.live("SELECT name FROM queues WHERE name !~ '^Queue' ORDER BY name").split()

    def remove(self):
        self.cluster.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


def equal(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what}\n  found  {found!r}\n  wanted {wanted!r}")


def holds(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"no '{part}' in:\n{text}")


def run_all(tests, doppel, settings="", only=()):
    """Each on fresh databases; all of them, also after one that failed."""
    ground = Ground(doppel, settings)
    failed = []
    try:
        for test in tests:
            if only and test.__name__ not in only:
                continue
            began = time.monotonic()
            try:
                ground.fresh()
                test(ground)
                print(f"ok {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception as problem:  # noqa: BLE001
                failed.append(test.__name__)
                print(f"FAILED {test.__name__}: {type(problem).__name__}: {problem}", flush=True)
    finally:
        ground.remove()
    return 1 if failed else 0


def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread
