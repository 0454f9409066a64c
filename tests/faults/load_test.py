#!/usr/bin/env python3
"""Promotions while live is used: load_test.py DOPPEL [TEST...]

A promotion takes no lock that keeps readers or other rows' writers out, waits for nobody for long,
says who stands in its way, and overwrites nothing."""

import json
import re
import subprocess
import sys

from ground import MANIFEST, Gate, Session, equal, holds, run_all, wait_until

USAGE, REFUSED, FAILED = 2, 3, 4
GENTLE = {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}


def its_locks_on_live_are_gentle(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    with Gate(ground) as gate:
        promoting = ground.start("promote", "shop/qa", "--plan", plan)
        gate.wait_for_somebody()
        locks = ground.live(
            "SELECT DISTINCT c.relname || ' ' || l.mode FROM pg_locks AS l JOIN pg_class AS c ON "
            "c.oid = l.relation WHERE c.relnamespace = 'public'::regnamespace AND l.granted")
        holds(locks, "queues RowExclusiveLock")
        equal({line.split()[1] for line in locks.splitlines()} - GENTLE, set(), locks)
        advisory = ground.live("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                               "AND classid = 1685024880 AND granted")
        equal(advisory, "1")
        # Readers read what was, writers of other rows write.
        equal(ground.live("SELECT count(*) FROM queues WHERE name = 'Queue 1'"), "1")
        ground.live("SET lock_timeout = '1s'; UPDATE tickets SET subject = 'seen' WHERE id = 3")
        gate.open()
        equal(promoting.end().status, 0)
    equal(ground.live("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0")


def a_long_reader_doesnt_keep_it_waiting(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    reader = ground.cluster.session("shop")
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    reader.run("SELECT * FROM queues")
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(reader.run("SELECT name FROM queues WHERE id = 1"), "Queue 1")
    reader.close()


def who_holds_a_row_is_named(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    writer = ground.cluster.session("shop", "doppel_admin")
    writer.run("SET application_name = 'night report'")
    writer.run("BEGIN")
    writer.run("UPDATE queues SET max_open = 5 WHERE id = 1")
    number = writer.run("SELECT pg_backend_pid()")
    error = ground.refused("promote", "shop/qa", "--plan", plan)
    equal(error["code"], "busy")
    holds(error["message"], f"locked by session {number}, role doppel_admin, night report, "
                            "idle in transaction since 2")
    holds(error["remedy"], f"SELECT pg_terminate_backend({number})")
    equal(ground.state(), "ready")
    writer.run("ROLLBACK")
    writer.close()
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(ground.names(), ["Repairs"])


def who_locks_a_table_is_named(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    migration = ground.cluster.session("shop")
    migration.run("BEGIN")
    migration.run("LOCK TABLE queues IN SHARE MODE")
    error = ground.refused("promote", "shop/qa", "--plan", plan)
    holds(error["message"], "locked by session", "role postgres")
    migration.close()
    ground.run("promote", "shop/qa", "--plan", plan)


def a_lock_of_a_moment_is_waited_for(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    writer = ground.cluster.session("shop")
    writer.run("BEGIN")
    writer.run("UPDATE queues SET max_open = 5 WHERE id = 2")
    writer.run("SELECT 1 FROM queues WHERE id = 1 FOR UPDATE")
    # Longer than one attempt's patience, shorter than all of them.
    writer.send("SELECT pg_sleep(1.2); COMMIT")
    ground.run("promote", "shop/qa", "--plan", plan)
    writer.answer()
    writer.close()
    equal(ground.live("SELECT name, max_open FROM queues WHERE id < 3 ORDER BY id"),
          "Repairs|0\nQueue 2|5")


def who_is_patient_waits_longer(ground):
    """Longer than all attempts that there usually are."""
    plan = ground.changed_sandbox("qa", value="Repairs")
    writer = ground.cluster.session("shop")
    writer.run("BEGIN")
    writer.run("SELECT 1 FROM queues WHERE id = 1 FOR UPDATE")
    promoting = ground.start("promote", "shop/qa", "--plan", plan, DOPPEL_PATIENCE_SECONDS="600")
    seen = set()

    def tried_often():
        seen.add(ground.live("SELECT min(xact_start) FROM pg_stat_activity WHERE wait_event_type "
                             "= 'Lock' AND application_name = 'doppel'"))
        return len(seen) > 12

    wait_until(tried_often, "it tries again more often than it usually does")
    writer.run("ROLLBACK")
    writer.close()
    equal(promoting.end().status, 0)
    error = ground.refused("history", "shop", status=USAGE, DOPPEL_PATIENCE_SECONDS="soon")
    holds(error["message"], "DOPPEL_PATIENCE_SECONDS must be a number from 1 to 3600")


def no_update_is_lost(ground):
    """Writers count up in all rows, also those that promotions rename: what they counted is there
    at the end. A promotion that meets them may be refused, and is made again."""
    ground.live("ALTER TABLE queues DROP CONSTRAINT gate; "
                "CREATE TABLE counted (id serial PRIMARY KEY, queue_id integer NOT NULL); "
                "GRANT ALL ON counted, counted_id_seq TO doppel_admin")
    ground.manifest.write_text(f"{MANIFEST}  counted:\n    role: data\n", encoding="utf-8")
    ground.run("manifest", "set", "shop", str(ground.manifest))
    script = ground.folder / "count.sql"
    script.write_text("\\set id random(1, 20)\nBEGIN;\n"
                      "UPDATE queues SET max_open = max_open + 1 WHERE id = :id;\n"
                      "INSERT INTO counted (queue_id) VALUES (:id);\nCOMMIT;\n", encoding="utf-8")
    counting = subprocess.Popen(
        ["pgbench", "-n", "-c", "4", "-j", "1", "-R", "200", "-T", "3600", "-f", str(script), "-h",
         str(ground.cluster.folder), "-U", "doppel_admin", "shop"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ground.run("sandbox", "create", "shop/qa")
    ground.run("sql", "shop/qa", "UPDATE queues SET name = 'R' || id WHERE id <= 10")
    met = 0
    try:
        for _ in range(6):
            # A rehearsal would meet them, too.
            plan = ground.run("plan", "shop/qa", "--no-rehearsal")["hash"]
            ended = ground.start("promote", "shop/qa", "--plan", plan).end()
            if ended.status == 0:
                break
            equal(ended.error()["code"] in ("stale_plan", "busy"), True, ended.err)
            met += 1
    finally:
        counting.terminate()
        counting.wait()
    if ground.state() == "ready":
        ground.run("promote", "shop/qa", "--plan", ground.run("plan", "shop/qa")["hash"])
    print(f"   {met} promotions met a writer")
    equal(ground.live("SELECT id, max_open FROM queues ORDER BY id"),
          ground.live("SELECT q.id, count(c.id) FROM queues AS q LEFT JOIN counted AS c "
                      "ON c.queue_id = q.id GROUP BY q.id ORDER BY q.id"))
    equal(int(ground.live("SELECT count(*) FROM counted")) > 0, True)
    equal(len(ground.names()), 10)


def who_listens_hears_of_it(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    application = ground.cluster.session("shop")
    application.run("LISTEN doppel_promotion")
    waiting = ground.start("history", "shop", "--wait", "60")
    wait_until(lambda: ground.live("SELECT count(*) FROM pg_stat_activity WHERE query = "
                                   "'LISTEN doppel_promotion' AND application_name = 'doppel'")
               == "1", "it listens")
    ground.run("promote", "shop/qa", "--plan", plan)
    heard = waiting.end()
    equal(heard.status, 0, heard.err)
    equal([one["number"] for one in json.loads(heard.out)["promotions"]], [1])
    told = application.run("SELECT 1")
    application.close()
    said = json.loads(re.search(r'payload "(.*)" received', told).group(1))
    equal((said["tenant"], said["promotion"], said["kind"], said["tables"]),
          ("shop", 1, "promotion", ["queues"]))
    # One that is there already isn't waited for; one that doesn't come ends with 1.
    equal(len(ground.run("history", "shop", "--after", "0", "--wait", "60")["promotions"]), 1)
    equal(ground.run("history", "shop", "--after", "1", "--wait", "1", status=1)["promotions"], [])
    equal(ground.run("history", "shop", "--after", "1")["promotions"], [])


def the_sessions_of_a_sandbox_have_limits(ground):
    limits = "limits: {connections: 2, statement_seconds: 1, lock_seconds: 7, " \
             "idle_transaction_seconds: 8, temporary_megabytes: 3}\n"
    ground.manifest.write_text(MANIFEST.replace("tables:", f"{limits}tables:"), encoding="utf-8")
    ground.run("manifest", "set", "shop", str(ground.manifest))
    ground.run("sandbox", "create", "shop/qa")
    access = ground.run("env", "shop/qa")
    holds(" ".join(access["remarks"]), "temporary files of its sessions have no limit")
    sessions = [Session(["psql", "-qXAt", access["dsn"]]) for _ in range(2)]
    equal(sessions[0].run("SELECT current_setting('lock_timeout'), "
                          "current_setting('idle_in_transaction_session_timeout')"), "7s|8s")
    holds(sessions[0].run("SELECT count(*) FROM generate_series(1, 1000000000000)"),
          "canceling statement due to statement timeout")
    sessions[1].run("SELECT 1")
    third = subprocess.run(["psql", "-qXAt", "-c", "SELECT 1", access["dsn"]], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    holds(third.stdout, "too many connections for role")
    for session in sessions:
        session.close()
    ground.cluster.psql("postgres", "GRANT SET ON PARAMETER temp_file_limit TO doppel_admin")
    try:
        ground.run("sandbox", "create", "shop/firm")
        dsn = ground.run("env", "shop/firm")["dsn"]
        session = Session(["psql", "-qXAt", dsn])
        holds(session.run("SET statement_timeout = 0; SELECT count(*) FROM (SELECT n FROM "
                          "generate_series(1, 3000000) AS n ORDER BY random()) AS s"),
              "temporary file size exceeds temp_file_limit")
        session.close()
    finally:
        ground.cluster.psql("postgres",
                            "REVOKE SET ON PARAMETER temp_file_limit FROM doppel_admin")


def who_changes_live_is_noted_and_in_nobodys_way(ground):
    ground.manifest.write_text(MANIFEST.replace("tables:", "track: triggers\ntables:"),
                               encoding="utf-8")
    ground.run("manifest", "set", "shop", str(ground.manifest))
    busy = ground.cluster.session("shop", "doppel_admin")
    busy.run("BEGIN")
    busy.run("UPDATE queues SET max_open = 1 WHERE id = 1")
    error = ground.refused("track", "shop")
    equal(error["code"], "busy")
    holds(error["message"], "locked by session", "idle in transaction")
    busy.run("COMMIT")
    equal(ground.run("track", "shop"), {"tenant": "shop", "tables": ["queues"]})
    notes = "SELECT string_agg(key[1], ',' ORDER BY key) FROM doppel.live_note"
    # Two writers of one row's neighbours note side by side.
    busy.run("BEGIN")
    busy.run("UPDATE queues SET max_open = 2 WHERE id = 2")
    ground.live("SET lock_timeout = '1s'; UPDATE queues SET max_open = 3 WHERE id = 3")
    busy.run("ROLLBACK")
    equal(ground.live(notes), "3")
    ground.live("INSERT INTO queues VALUES (50, 'Moves'); UPDATE queues SET id = 51 WHERE id = 50; "
                "DELETE FROM queues WHERE id = 51")
    equal(ground.live(notes), "3,50,50,51,51")
    # The owner's dump has them, and comes back.
    dump = subprocess.run(["pg_dump", "-h", str(ground.cluster.folder), "-U", "doppel_admin",
                           "shop"], text=True, stdout=subprocess.PIPE, check=True).stdout
    ground.cluster.psql("postgres", "CREATE DATABASE dumped TEMPLATE template0 OWNER doppel_admin")
    ground.cluster.psql("dumped", dump, "doppel_admin")
    equal(ground.cluster.psql("dumped", "UPDATE queues SET max_open = 4 WHERE id = 4; "
                              "SELECT count(*) FROM doppel.live_note WHERE key[1] = '4'"), "1")
    ground.cluster.psql("postgres", "DROP DATABASE dumped")
    # What breaks the notes breaks nothing of live's.
    ground.live("ALTER TABLE doppel.live_note RENAME TO away")
    ground.live("UPDATE queues SET max_open = 5 WHERE id = 5; INSERT INTO queues (name) VALUES "
                "('New')")
    ground.live("ALTER TABLE doppel.away RENAME TO live_note; DELETE FROM doppel.live_note")
    ground.run("track", "shop", "--remove")
    equal(ground.live("SELECT count(*) FROM pg_trigger WHERE tgname ~ '^doppel'"), "0")
    busy.close()


TESTS = [
    its_locks_on_live_are_gentle,
    a_long_reader_doesnt_keep_it_waiting,
    who_holds_a_row_is_named,
    who_locks_a_table_is_named,
    a_lock_of_a_moment_is_waited_for,
    who_is_patient_waits_longer,
    who_changes_live_is_noted_and_in_nobodys_way,
    no_update_is_lost,
    who_listens_hears_of_it,
    the_sessions_of_a_sandbox_have_limits,
]

if __name__ == "__main__":
    sys.exit(run_all(TESTS, sys.argv[1], only=sys.argv[2:]))
