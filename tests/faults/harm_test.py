#!/usr/bin/env python3
"""Sandboxes that run away beside live: harm_test.py DOPPEL [TEST...]

pgbench plays live's users. What is looked at is what the server itself says of them: every
transaction succeeds, and none waits for a session of a sandbox, or not for longer than `doppel
guard` lets it."""

import json
import re
import subprocess
import sys

from ground import MANIFEST, Session, equal, holds, run_all, wait_until

REFUSED, FAILED = 3, 4
# Longer waits for locks are written into the server's log, and how long they were.
SETTINGS = """log_lock_waits = on
deadlock_timeout = 100ms
log_line_prefix = '%p '
shared_preload_libraries = 'pg_stat_statements'
"""
# With every look of the guard, its patience and a crowded machine; without it the wait has no end.
BOUND_MS = 60_000
TRANSACTIONS, CLIENTS = 150, 4

LIVE = """\\set id random(1, 20)
BEGIN;
UPDATE queues SET max_open = max_open + 1 WHERE id = :id;
INSERT INTO tickets (queue_id, subject) VALUES (:id, 'new');
SELECT count(*) FROM tickets JOIN queues ON queues.id = queue_id WHERE queues.id = :id;
COMMIT;
"""


def prepared(ground, limits=""):
    """Without the gate, which isn't what a live database does."""
    ground.live("ALTER TABLE queues DROP CONSTRAINT IF EXISTS gate; "
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO doppel_owner; "
                "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO doppel_owner")
    ground.manifest.write_text(MANIFEST.replace("tables:", f"limits: {{{limits}}}\ntables:"),
                               encoding="utf-8")
    ground.run("manifest", "set", "shop", str(ground.manifest))


def users_of_live(ground):
    script = ground.folder / "live.sql"
    script.write_text(LIVE, encoding="utf-8")
    return subprocess.Popen(
        ["pgbench", "-n", "-c", str(CLIENTS), "-j", "1", "-t", str(TRANSACTIONS), "-f", str(script),
         "-h", str(ground.cluster.folder), "-U", "doppel_owner", "shop"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def end_of(users):
    """All of their transactions were done."""
    out, _ = users.communicate()
    equal(users.returncode, 0, out)
    wanted = TRANSACTIONS * CLIENTS
    holds(out, f"number of transactions actually processed: {wanted}/{wanted}",
          "number of failed transactions: 0")


def sandbox(ground, carrier, name="qa"):
    ground.run("sandbox", "create", f"shop/{name}", "--carrier", carrier)
    dsn = ground.run("env", f"shop/{name}")["dsn"]
    return ["psql", "-qXAt", dsn], ground.run("sql", f"shop/{name}", "SELECT session_user")[
        "rows"][0][0]


def waiting_for(ground, role):
    """Sessions that wait for a session of this role, as the server sees it now."""
    return ground.live(
        "SELECT coalesce(string_agg(w.usename || ': ' || w.query, '; '), '') FROM pg_stat_activity "
        "AS w CROSS JOIN unnest(pg_blocking_pids(w.pid)) AS b JOIN pg_stat_activity AS s ON "
        f"s.pid = b WHERE s.usename = '{role}' AND w.usename <> '{role}'")


def log_of(ground, since=0):
    return (ground.cluster.folder / "log").read_text(encoding="utf-8", errors="replace")[since:]


def ended_sessions(guard):
    """What a guard that goes on looking has said so far, one document after the other."""
    text, found, decoder = guard.read(), [], json.JSONDecoder()
    while text.strip():
        document, end = decoder.raw_decode(text.lstrip())
        found += document["ended"]
        text = text.lstrip()[end:]
    return found


class Guard:
    """doppel guard, beside the test."""

    def __init__(self, ground):
        self.file = (ground.folder / "guard.json").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [ground.doppel, "guard", "shop", "--every", "1", "--json"], stdout=self.file,
            env=ground.environment({}), stdin=subprocess.DEVNULL)

    def read(self):
        self.file.seek(0)
        return self.file.read()

    def end(self):
        self.process.kill()
        self.process.wait()
        found = ended_sessions(self)
        self.file.close()
        return found


def open_sessions(ground, role):
    return int(ground.live(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'"))


def run_away(ground, words, role):
    """Sessions that do what they can: each lifts the limits that a session can lift."""
    sessions = {name: Session(words) for name in
                ("long", "idle", "locks", "temporary", "dies", "writes")}
    for name, session in sessions.items():
        if name != "dies":
            session.run("SET statement_timeout = 0; SET lock_timeout = 0; "
                        "SET idle_in_transaction_session_timeout = 0")
    sessions["long"].send("SELECT count(*) FROM generate_series(1, 1000000000000)")
    sessions["idle"].run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    sessions["idle"].run("SELECT count(*) FROM tickets")
    sessions["idle"].run("UPDATE queues SET max_open = 7")
    for mode in ("SHARE", "ROW EXCLUSIVE", "ACCESS EXCLUSIVE"):
        holds(sessions["locks"].run(f"BEGIN; LOCK TABLE public.tickets IN {mode} MODE; ROLLBACK"),
              "permission denied")
    holds(sessions["locks"].run("SELECT * FROM public.tickets FOR UPDATE"), "permission denied")
    sessions["locks"].run("BEGIN")
    sessions["locks"].run("LOCK TABLE public.tickets IN ACCESS SHARE MODE")
    holds(sessions["temporary"].run("SELECT count(*) FROM (SELECT n FROM generate_series(1, "
                                    "3000000) AS n ORDER BY random()) AS s"),
          "temporary file size exceeds temp_file_limit")
    holds(sessions["writes"].run("INSERT INTO queues (name) SELECT 'runs away ' || n FROM "
                                 "generate_series(1, 3000) AS n"),
          "would have changed more than 1000 rows")
    for _ in range(3):
        sessions["dies"].run("SELECT pg_terminate_backend(pg_backend_pid())")
        sessions["dies"].process.wait()
        sessions["dies"] = Session(words)
        equal(sessions["dies"].run("SELECT 1"), "1")
        wait_until(lambda: open_sessions(ground, role) == len(sessions), "the dead are gone")
    sessions["last"] = Session(words)
    equal(sessions["last"].run("SELECT 1"), "1")
    for _ in range(5):
        refused = subprocess.run([*words, "-c", "SELECT 1"], text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        holds(refused.stdout, "too many connections for role")
    return list(sessions.values())


def live_goes_on_beside(ground, carrier):
    prepared(ground, "connections: 7, temporary_megabytes: 3, changed_rows: 1000")
    ground.cluster.psql("postgres", "GRANT SET ON PARAMETER temp_file_limit TO doppel_admin")
    words, role = sandbox(ground, carrier)
    began = len(log_of(ground))
    sessions = run_away(ground, words, role)
    numbers = set(ground.live("SELECT pid FROM pg_stat_activity WHERE usename = "
                              f"'{role}'").split())
    users = users_of_live(ground)
    while users.poll() is None:
        equal(waiting_for(ground, role), "")
    end_of(users)
    # What the server wrote down of longer waits: live's users for one another, none for a sandbox.
    for holders in re.findall(r"Process(?:es)? holding the lock: ([\d, ]+)\.",
                              log_of(ground, began)):
        equal(numbers & set(holders.split(", ")), set(), holders)
    equal(ground.live("SELECT count(*) FROM tickets WHERE subject = 'new'"),
          str(TRANSACTIONS * CLIENTS))
    equal(ground.live("SELECT count(*) FROM queues WHERE name LIKE 'runs%'"), "0")
    # A promotion meets none of them either.
    ground.run("sandbox", "create", "shop/other", "--carrier", carrier)
    ground.run("sql", "shop/other", "UPDATE queues SET name = 'Repairs' WHERE id = 3")
    plan = ground.run("plan", "shop/other")["hash"]
    ground.run("promote", "shop/other", "--plan", plan)
    equal(ground.names(), ["Repairs"])
    ground.live(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
    for session in sessions:
        session.close()


def live_goes_on_beside_a_schema_that_runs_away(ground):
    live_goes_on_beside(ground, "copy")


def live_goes_on_beside_rows_that_run_away(ground):
    live_goes_on_beside(ground, "rows")


def live_gets_what_a_sandbox_holds(ground):
    """A migration needs a table that a sleeping transaction of a sandbox has read, and live's users
    queue up behind the migration."""
    for name, carrier in (("schema", "copy"), ("rows", "rows")):
        prepared(ground, "")
        words, role = sandbox(ground, carrier, name)
        sleeper = Session(words)
        sleeper.run("SET idle_in_transaction_session_timeout = 0")
        sleeper.run("BEGIN")
        sleeper.run("SELECT count(*) FROM tickets")
        equal(ground.run("guard", "shop")["ended"], [])
        began = len(log_of(ground))
        migration = ground.cluster.session("shop", "doppel_admin")
        migration.send(f"ALTER TABLE tickets ADD COLUMN of_{name} integer")
        wait_until(lambda: waiting_for(ground, role), "live waits for the sandbox")
        users = users_of_live(ground)
        guard = Guard(ground)
        equal(migration.answer(), "")
        end_of(users)
        ended = guard.end()
        equal([(session["environment"], session["role"]) for session in ended],
              [(f"shop/{name}", role)])
        holds(ended[0]["reason"], "live's session", "has waited", "for a lock that it holds")
        told = ground.run("audit", "list", "shop", "--verb", "end_session")["rows"][0]
        equal((told["environment"], told["key"], told["reason"]),
              (name, str(ended[0]["process"]), ended[0]["reason"][:len(told["reason"])]))
        holds(sleeper.run("SELECT 1"), "terminating connection")
        waited = [float(ms) for ms in re.findall(r"acquired \w+ on .* after ([\d.]+) ms",
                                                 log_of(ground, began))]
        equal(bool(waited) and max(waited) < BOUND_MS, True, str(waited))
        migration.close()
        sleeper.close()


def what_is_beyond_its_limits_is_ended(ground):
    prepared(ground, "statement_seconds: 1, idle_transaction_seconds: 5, transaction_seconds: 10")
    words, role = sandbox(ground, "copy")
    free = Session(words)
    free.run("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    free.send("SELECT count(*) FROM generate_series(1, 1000000000000)")
    idle = Session(words)
    idle.run("SET idle_in_transaction_session_timeout = 0")
    idle.run("BEGIN")
    busy = Session(words)
    busy.run("BEGIN")
    works = Session(words)
    ended = {}

    def all_ended():
        busy.run("SELECT 1")
        looked = ground.run("guard", "shop")
        equal(looked["tenant"], "shop")
        for session in looked["ended"]:
            equal(set(session), {"environment", "role", "process", "reason"})
            equal((session["environment"], session["role"]), ("shop/qa", role))
            # One that hasn't gone yet at the next look is told again.
            ended.setdefault(session["process"], session["reason"])
        return len(ended) >= 3

    wait_until(all_ended, "the guard ended all three")
    reasons = list(ended.values())
    for words_of_it in ("its statement has been running for", "its transaction has been idle for",
                        "its transaction has been open for"):
        equal(sum(words_of_it in reason for reason in reasons), 1, str(reasons))
    holds(reasons[0], "are allowed")
    equal(works.run("SELECT 1"), "1")
    for session in (free, idle, busy, works):
        session.close()


def what_the_application_runs_is_known_before(ground):
    """Upserts of a table that a shadow would write, as the server remembers them."""
    def statements():
        found = ground.run("check", "shop", "--kind", "shadow")
        equal(found["refused"], False)
        return [finding for finding in found["findings"] if finding["kind"] == "statement"]

    prepared(ground)
    holds(statements()[0]["message"], "pg_stat_statements isn't installed")
    ground.live("CREATE EXTENSION pg_stat_statements")
    ground.cluster.psql("shop", "INSERT INTO tickets VALUES (1, 1, 'new') ON CONFLICT (id) DO "
                        "UPDATE SET subject = 'old'; INSERT INTO queues VALUES (1, 'a') "
                        "ON CONFLICT DO NOTHING; SELECT 'insert into tickets on conflict'",
                        "doppel_owner")
    holds(statements()[0]["message"], "what other roles run can't be seen")
    ground.cluster.psql("postgres", "GRANT pg_read_all_stats TO doppel_admin")
    found = statements()
    ground.cluster.psql("postgres", "REVOKE pg_read_all_stats FROM doppel_admin")
    equal([finding["place"] for finding in found], ["tickets"])
    holds(found[0]["message"], "runs an upsert on tickets", "ON CONFLICT (id) DO UPDATE")


TESTS = [
    what_the_application_runs_is_known_before,
    live_goes_on_beside_a_schema_that_runs_away,
    live_goes_on_beside_rows_that_run_away,
    live_gets_what_a_sandbox_holds,
    what_is_beyond_its_limits_is_ended,
]

if __name__ == "__main__":
    sys.exit(run_all(TESTS, sys.argv[1], SETTINGS, only=sys.argv[2:]))
