#!/usr/bin/env python3
"""A control store on PostgreSQL, shared by several doppels: shared_store_test.py DOPPEL [TEST...]

The hold of who sleeps or dies ends by the time of the store's server; until then the others are
told who works on what; and whoever comes back too late changes nothing."""

import os
import sys
from pathlib import Path

from ground import Gate, equal, holds, run_all, wait_until

REFUSED = 3

# The server ends a transaction whose client sleeps.
SLEEPERS_END = "&options=-c%20idle_in_transaction_session_timeout%3D1500"
MIGRATIONS = Path(__file__).resolve().parents[2] / "engine" / "environment" / "migrations"


def a_whole_story(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(ground.names(), ["Repairs"])
    snapshots = ground.run("snapshot", "list", "shop")["snapshots"]
    equal(len(snapshots), 1)
    holds(snapshots[0]["file"], "/control?host=", "snapshots/shop/000001-")
    ended = ground.run("sandbox", "ended", "shop")["bundles"]
    equal([bundle["environment"] for bundle in ended], ["shop/qa"])
    ground.run("rollback", "shop", "--keep-edits")
    equal(ground.names(), [])
    ground.run("sandbox", "restore", "shop/qa", "--name", "again")
    equal(ground.run("sql", "shop/again", "SELECT name FROM queues WHERE id = 1")["rows"],
          [["Repairs"]])
    snapshot = ground.run("snapshot", "list", "shop")["snapshots"][0]["name"]
    ground.run("snapshot", "restore", "shop", snapshot)
    access = ground.run("env", "shop/again")["dsn"]
    equal(ground.run("env", "shop/again")["dsn"], access, "the password stays")
    ground.run("sandbox", "refresh", "shop/again")
    ground.run("sandbox", "discard", "shop/again")
    equal(ground.run("sandbox", "list", "shop")["sandboxes"], [])
    # Nothing of it is on this machine's disk.
    equal(sorted(path.name for path in ground.folder.iterdir()), ["pg", "shop.yaml"])
    equal(ground.cluster.psql("control", "SELECT count(*) FROM doppel_store.document "
                                         "WHERE shelf = 'secrets'"), "0")


def of_two_creates_of_one_name_one_is_told_who(ground):
    with Gate(ground) as gate:
        first = ground.start("sandbox", "create", "shop/qa")
        gate.wait_for_somebody()
        error = ground.refused("sandbox", "create", "shop/qa", status=4, DOPPEL_USER="bob")
        holds(error["message"], "ada (create, process", "works on shop/qa since")
        holds(error["remedy"], "wait until it has finished; if it died, its hold ends at")
        gate.open()
        equal(first.end().status, 0)
    error = ground.refused("sandbox", "create", "shop/qa", status=REFUSED)
    equal(error["code"], "already_exists")


def of_two_promoters_one_is_told_who(ground):
    one = ground.changed_sandbox("one", 1)
    other = ground.changed_sandbox("other", 2)
    with Gate(ground) as gate:
        first = ground.start("promote", "shop/one", "--plan", one)
        gate.wait_for_somebody()
        error = ground.refused("promote", "shop/other", "--plan", other, DOPPEL_USER="bob")
        holds(error["message"], "ada (promote shop/one, process", "works on shop since")
        equal(ground.state("other"), "ready")
        error = ground.refused("promote", "shop/one", "--plan", one, DOPPEL_USER="bob")
        holds(error["message"], "ada (promote, process", "works on shop/one since")
        gate.open()
        equal(first.end().status, 0)
    ground.run("promote", "shop/other", "--plan", other)
    equal(ground.names(), ["one", "other"])


def sandbox_tables(ground):
    return ground.live("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^zz_doppel_'")


def what_dies_in_the_middle_is_taken_over_at_once(ground):
    # Its hold would last for another half a minute, but everybody sees that the process is gone.
    def killed(*words):
        with Gate(ground) as gate:
            dying = ground.start(*words)
            gate.wait_for_somebody()
            dying.kill()

    killed("sandbox", "create", "shop/qa")
    equal(ground.state(), "creating")
    plan = ground.changed_sandbox("qa", value="Repairs")
    equal(sandbox_tables(ground), "1")
    ground.live("UPDATE queues SET max_open = 7 WHERE id = 9")
    killed("sandbox", "refresh", "shop/qa")
    equal(ground.state(), "refreshing")
    equal(ground.run("sandbox", "show", "shop/qa")["changes"], 1)
    equal(sandbox_tables(ground), "1")
    killed("promote", "shop/qa", "--plan", plan)
    equal(ground.state(), "promoting")
    equal(ground.run("sandbox", "show", "shop/qa")["changes"], 1)
    equal(ground.names(), [])
    ground.run("promote", "shop/qa", "--plan", plan, DOPPEL_USER="bob")
    equal(ground.names(), ["Repairs"])
    equal(sandbox_tables(ground), "0")


def what_dies_after_the_commit_is_finished(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    schema = ground.live("SELECT nspname FROM pg_namespace WHERE nspname ~ '^zz_doppel_'")

    def killed_at_the_seal(*words):
        holder = ground.cluster.session("shop")
        holder.run("BEGIN")
        holder.run(f"LOCK TABLE {schema}.queues IN ROW EXCLUSIVE MODE")
        dying = ground.start(*words)
        wait_until(lambda: ground.live("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0",
                   "it waits for the sandbox's table")
        dying.kill()
        holder.close()

    killed_at_the_seal("promote", "shop/qa", "--plan", plan)
    equal(ground.state(), "promoting")
    equal(ground.names(), ["Repairs"])
    error = ground.refused("promote", "shop/qa", "--plan", plan, status=REFUSED)
    holds(error["message"], "promoted as 1")
    equal(ground.state(), "discarded")
    ground.run("sandbox", "restore", "shop/qa")
    schema = ground.live("SELECT nspname FROM pg_namespace WHERE nspname ~ '^zz_doppel_'")
    killed_at_the_seal("sandbox", "discard", "shop/qa")
    equal(ground.state(), "discarding")
    ground.refused("sandbox", "discard", "shop/qa", status=REFUSED)
    equal(ground.state(), "discarded")
    equal(sandbox_tables(ground), "0")
    equal(len(ground.run("sandbox", "ended", "shop")["bundles"]), 2)


def who_slept_beyond_its_hold_commits_nothing(ground):
    ground.fresh(live_options=SLEEPERS_END)
    plan = ground.changed_sandbox("qa", value="Repairs")
    with Gate(ground) as gate:
        sleeper = ground.start("promote", "shop/qa", "--plan", plan, DOPPEL_LEASE_SECONDS="1")
        gate.wait_for_somebody()
        sleeper.stop()
        gate.open()

    def taken_over():
        return ground.start("promote", "shop/qa", "--plan", plan,
                            DOPPEL_USER="bob").end().status == 0

    wait_until(taken_over, "bob takes over")
    equal(ground.names(), ["Repairs"])
    sleeper.go_on()
    ended = sleeper.end()
    equal(ended.status, 4, ended.out)
    equal([one["by"] for one in ground.run("history", "shop")["promotions"]], ["bob"])
    equal(ground.names(), ["Repairs"])
    equal(ground.state(), "discarded")


def a_hold_lasts_as_long_as_it_beats(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    with Gate(ground) as gate:
        slow = ground.start("promote", "shop/qa", "--plan", plan, DOPPEL_LEASE_SECONDS="2")
        gate.wait_for_somebody()
        first = int(ground.control("SELECT max(expires_at) FROM lease"))
        wait_until(lambda: int(ground.control("SELECT max(expires_at) FROM lease"))
                   > first + 3_000_000, "its hold is renewed beyond its end")
        ground.refused("sandbox", "discard", "shop/qa", DOPPEL_USER="bob")
        gate.open()
        equal(slow.end().status, 0)
    equal(ground.control("SELECT count(*) FROM lease WHERE expires_at > 0"), "0")


def the_servers_clock_decides(ground):
    day = 86_400
    skew = {"LD_PRELOAD": os.environ["SKEWED_CLOCK"]}
    plan = ground.changed_sandbox("qa", value="Repairs")
    with Gate(ground) as gate:
        first = ground.start("promote", "shop/qa", "--plan", plan,
                             **skew, DOPPEL_TEST_CLOCK_SKEW=str(-day))
        gate.wait_for_somebody()
        # Yesterday's hold isn't over for one who lives tomorrow.
        error = ground.refused("sandbox", "discard", "shop/qa",
                               **skew, DOPPEL_TEST_CLOCK_SKEW=str(day))
        holds(error["message"], "ada (promote, process")
        gate.open()
        equal(first.end().status, 0)
    at = ground.run("history", "shop")["promotions"][0]["at"]
    now = ground.live("SELECT abs(extract(epoch FROM now() - "
                      f"'{at}'::timestamptz)) < 3600")
    equal(now, "t", at)


def migrated_to(ground, names):
    """The store as a doppel left it that knew these migrations."""
    ground.cluster.psql("control", "DROP SCHEMA doppel_store CASCADE; CREATE SCHEMA doppel_store; "
                        "SET search_path = doppel_store; CREATE TABLE migration "
                        "(name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)", "doppel_admin")
    for name in names:
        script = (MIGRATIONS / f"{name}.sql").read_text(encoding="utf-8")
        script = script.replace("/* postgresql: ", "").replace(" */", "")
        ground.cluster.psql("control", f"SET search_path = doppel_store; {script}; INSERT INTO "
                            f"migration VALUES ('{name}', 'then')", "doppel_admin")


def a_killed_migration_leaves_nothing(ground):
    first = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))[:1]
    migrated_to(ground, first)
    holder = ground.cluster.session("control")
    holder.run("BEGIN")
    holder.run("LOCK TABLE doppel_store.migration IN SHARE MODE")
    dying = ground.start("sandbox", "list", "shop")
    wait_until(lambda: ground.live("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0",
               "it waits with its tables made")
    waiting = ground.start("sandbox", "list", "shop")
    dying.kill()
    equal(ground.control("SELECT to_regclass('lease') IS NULL"), "t")
    holder.close()
    # The other one waits for its turn and does it.
    equal(waiting.end().error()["code"], "not_found")
    equal(ground.control("SELECT count(*) FROM lease"), "0")
    equal(ground.control("SELECT count(*) FROM migration"), str(len(first) + 1))


def a_newer_store_is_refused(ground):
    ground.control("INSERT INTO migration VALUES ('9999_later', 'tomorrow')")
    error = ground.refused("sandbox", "list", "shop")
    equal(error["code"], "newer_store")
    holds(error["place"], "/control?host=")


def a_store_that_cant_be_made_says_which_right_is_missing(ground):
    ground.cluster.psql("postgres", "ALTER DATABASE control OWNER TO postgres")
    ground.cluster.psql("control", "DROP SCHEMA doppel_store CASCADE")
    error = ground.refused("sandbox", "list", "shop")
    equal(error["code"], "read_only")
    holds(error["remedy"], "GRANT CREATE ON DATABASE")


def a_sqlite_application_keeps_to_its_machine(ground):
    error = ground.refused("init", "other", "sqlite:/nowhere.db", "--manifest",
                           str(ground.manifest), status=REFUSED)
    equal(error["code"], "unsupported")
    holds(error["remedy"], "set DOPPEL_HOME to a folder")


TESTS = [
    a_whole_story,
    of_two_creates_of_one_name_one_is_told_who,
    of_two_promoters_one_is_told_who,
    what_dies_in_the_middle_is_taken_over_at_once,
    what_dies_after_the_commit_is_finished,
    who_slept_beyond_its_hold_commits_nothing,
    a_hold_lasts_as_long_as_it_beats,
    the_servers_clock_decides,
    a_killed_migration_leaves_nothing,
    a_newer_store_is_refused,
    a_store_that_cant_be_made_says_which_right_is_missing,
    a_sqlite_application_keeps_to_its_machine,
]

if __name__ == "__main__":
    sys.exit(run_all(TESTS, sys.argv[1], only=sys.argv[2:]))
