#!/usr/bin/env python3
"""A server that goes away, is full, slow, read-only or another one: server_test.py DOPPEL [TEST...]

Each is told in words with what to do about it, nothing is lost, and the next command goes on."""

import itertools
import os
import shutil
import signal
import subprocess
import sys

from ground import (Cluster, Gate, Session, equal, holds, postgres_cluster, run_all,
                    wait_until)

REFUSED, FAILED = 3, 4


def a_server_that_is_gone(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    ground.cluster.stop()
    try:
        error = ground.refused("diff", "shop/qa")
        equal(error["code"], "io")
        holds(error["message"], "can't connect")
        holds(error["remedy"], "check that the server runs")
    finally:
        ground.cluster.launch()
    equal(ground.run("plan", "shop/qa")["hash"], plan)
    ground.cluster.restart(signal.SIGQUIT)
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(ground.names(), ["Repairs"])


def a_server_that_restarts_within_a_command(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    for how in (signal.SIGINT, signal.SIGQUIT):
        with Gate(ground) as gate:
            promoting = ground.start("promote", "shop/qa", "--plan", plan)
            gate.wait_for_somebody()
            ground.cluster.restart(how)
            ended = promoting.end()
            equal(ended.status, FAILED, ended.out)
            equal(ended.error()["code"], "io", ended.err)
        equal(ground.names(), [])
    equal(ground.run("sandbox", "show", "shop/qa")["changes"], 1)
    with Gate(ground) as gate:
        creating = ground.start("sandbox", "create", "shop/other")
        gate.wait_for_somebody()
        ground.cluster.restart(signal.SIGQUIT)
        equal(creating.end().status, FAILED)
    ground.run("sandbox", "create", "shop/other")
    equal(ground.live("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^zz_doppel_'"), "2")
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(ground.names(), ["Repairs"])


def end_sessions(ground, database):
    ground.cluster.psql("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                        f"WHERE datname = '{database}' AND application_name LIKE 'doppel%'")


def killed_backends(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    with Gate(ground) as gate:
        promoting = ground.start("promote", "shop/qa", "--plan", plan)
        gate.wait_for_somebody()
        end_sessions(ground, "shop")
        ended = promoting.end()
    equal(ended.status, FAILED, ended.out)
    holds(ended.error()["message"], "terminating connection")
    equal(ground.names(), [])
    equal(ground.state(), "ready")
    # A rehearsal that was cut off says nothing of the plan.
    with Gate(ground) as gate:
        planning = ground.start("plan", "shop/qa")
        gate.wait_for_somebody()
        end_sessions(ground, "shop")
        ended = planning.end()
    equal(ended.status, FAILED, ended.out)
    holds(ended.error()["message"], "terminating connection")
    holds(ended.error()["remedy"], "run it again")
    # The store's connection goes: live has it, the store hears of it from the next command.
    with Gate(ground) as gate:
        promoting = ground.start("promote", "shop/qa", "--plan", plan)
        gate.wait_for_somebody()
        end_sessions(ground, "control")
        gate.open()
        ended = promoting.end()
    equal(ended.status, FAILED, ended.out)
    holds(ended.error()["message"], "live has it, as promotion 1, but")
    holds(ended.error()["remedy"], "the next command on the sandbox ends this")
    equal(ground.names(), ["Repairs"])
    equal(ground.state(), "promoting")
    ground.refused("sandbox", "show", "shop/qa", status=REFUSED)
    equal(ground.state(), "discarded")
    equal(len(ground.run("history", "shop")["promotions"]), 1)


def out_of_connections(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    ground.cluster.psql("postgres", "ALTER ROLE doppel_admin CONNECTION LIMIT 0")
    try:
        error = ground.refused("diff", "shop/qa")
        equal(error["code"], "busy")
        holds(error["message"], 'too many connections for role "doppel_admin"')
        holds(error["remedy"], "close some or raise the limit")
    finally:
        ground.cluster.psql("postgres", "ALTER ROLE doppel_admin CONNECTION LIMIT -1")
    # Within a command: what is open stays, and no more can be opened.
    with Gate(ground) as gate:
        promoting = ground.start("promote", "shop/qa", "--plan", plan)
        gate.wait_for_somebody()
        ground.cluster.psql("postgres", "ALTER ROLE doppel_admin CONNECTION LIMIT 1")
        gate.open()
        ended = promoting.end()
        ground.cluster.psql("postgres", "ALTER ROLE doppel_admin CONNECTION LIMIT -1")
    equal(ground.names(), ["Repairs"])
    if ended.status != 0:
        holds(ended.error()["message"], "live has it, as promotion 1, but")
        ground.refused("sandbox", "show", "shop/qa", status=REFUSED)
    equal(ground.state(), "discarded")
    # The whole server is full; three are kept for superusers.
    most = int(ground.live("SHOW max_connections")) - 3
    script = ground.folder / "sleep.sql"
    script.write_text("SELECT pg_sleep(3600);\n", encoding="utf-8")
    crowd = subprocess.Popen(
        ["pgbench", "-n", "-c", str(most), "-T", "3600", "-f", str(script), "-h",
         str(ground.cluster.folder), "-U", "doppel_owner", "postgres"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: int(ground.live("SELECT count(*) FROM pg_stat_activity "
                                           "WHERE usename = 'doppel_owner'")) >= most, "it is full")
        error = ground.refused("diff", "shop/qa")
        equal(error["code"], "busy")
        holds(error["remedy"], "close some or raise the limit")
    finally:
        crowd.kill()
        crowd.wait()
        ground.live("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                    "WHERE usename = 'doppel_owner'")


def a_statement_timeout(ground):
    plan = ground.changed_sandbox("qa", value="Repairs")
    ground.live("ALTER ROLE doppel_admin IN DATABASE shop SET statement_timeout = '1s'")
    with Gate(ground):
        error = ground.refused("promote", "shop/qa", "--plan", plan)
    equal(error["code"], "busy")
    holds(error["message"], "canceling statement due to statement timeout")
    equal((ground.names(), ground.state()), ([], "ready"))
    ground.run("promote", "shop/qa", "--plan", plan)


def a_full_disk(ground):
    """A tablespace on a small file system where the tests may mount one; elsewhere the application
    says what a full disk says."""
    plan = ground.changed_sandbox("qa", value="Repairs")
    ground.run("sandbox", "create", "shop/big")
    where = ground.folder / "small"
    where.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(where)],
                             stderr=subprocess.DEVNULL, check=False).returncode == 0
    print("   on a real file system" if mounted else "   by injection")
    try:
        if mounted:
            space = where / "space"
            space.mkdir()
            user = postgres_cluster.unprivileged()
            if user:
                os.chown(space, user["user"], user["group"])
            ground.cluster.psql("postgres", f"CREATE TABLESPACE small LOCATION '{space}'")
            ground.live("ALTER TABLE queues SET TABLESPACE small")
            # Filled from another database, which doppel doesn't look at.
            ground.cluster.psql("postgres", "CREATE TABLE filler (t text) TABLESPACE small; "
                                "ALTER TABLE filler ALTER t SET STORAGE PLAIN")
            session = ground.cluster.session("postgres")
            session.run("DO $$ BEGIN LOOP BEGIN INSERT INTO filler VALUES (repeat('x', 7000)); "
                        "EXCEPTION WHEN disk_full THEN EXIT; END; END LOOP; END $$")
            session.close()
            # Longer names find no room on their page any more.
            grow = ("UPDATE queues SET name = name || repeat(md5(random()::text || "
                    "n::text), 60) FROM generate_series(1, 1) AS n WHERE id > 1")
        else:
            ground.live("ALTER TABLE queues DROP CONSTRAINT gate; CREATE FUNCTION "
                        "no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
                        "'could not extend file: No space left on device' USING ERRCODE = '53100'; "
                        "END $$; CREATE TRIGGER no_room BEFORE UPDATE ON queues "
                        "FOR EACH ROW EXECUTE FUNCTION no_room()")
            grow = "UPDATE queues SET name = name || 'x' WHERE id > 1"
        ground.run("sql", "shop/big", grow)
        big = ground.run("plan", "shop/big", "--no-rehearsal")["hash"]
        error = ground.refused("promote", "shop/big", "--plan", big)
        equal(error["code"], "no_space", error)
        holds(error["remedy"], "free disk space on the server")
        equal((ground.names(), ground.state("big")), ([], "ready"))
        if mounted:
            ground.cluster.psql("postgres", "DROP TABLE filler")
            ground.live("ALTER TABLE queues SET TABLESPACE pg_default")
            ground.cluster.psql("postgres", "DROP TABLESPACE small")
        else:
            ground.live("DROP TRIGGER no_room ON queues")
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(where)], check=False)
        shutil.rmtree(where, ignore_errors=True)
    ground.run("promote", "shop/qa", "--plan", plan)
    equal(ground.names(), ["Repairs"])


class Standby(Cluster):
    """A hot standby of a cluster."""

    def __init__(self, primary, folder):
        self.folder = folder
        self.folder.mkdir(mode=0o755)
        user = postgres_cluster.unprivileged()
        if user:
            os.chown(self.folder, user["user"], user["group"])
        postgres_cluster.run(
            postgres_cluster.binary("pg_basebackup"), "-h", str(primary.folder), "-U", "postgres",
            "-D", str(self.data), "-R", "-X", "stream", "-c", "fast")
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")
        self.launch()

    def has_all_of(self, primary):
        at = primary.psql("postgres", "SELECT pg_current_wal_lsn()")
        wait_until(lambda: self.psql("postgres", "SELECT coalesce(pg_last_wal_replay_lsn() >= "
                                                 f"'{at}', false)") == "t", "the standby follows")

    def promote(self):
        self.psql("postgres", "SELECT pg_promote(true)")
        wait_until(lambda: self.psql("postgres", "SELECT pg_is_in_recovery()") == "f",
                   "the standby is the primary")


def a_standby_is_read_only_and_then_takes_over(ground):
    primary = ground.cluster
    standby = Standby(primary, ground.folder / "standby")
    both = f"postgresql://doppel_admin@/shop?host={primary.folder},{standby.folder}" \
           "&target_session_attrs=read-write"
    home = f"postgresql://doppel_admin@/control?host={primary.folder},{standby.folder}" \
           "&target_session_attrs=read-write"
    try:
        ground.run("init", "safe", both, "--manifest", str(ground.manifest), DOPPEL_HOME=home)
        ground.run("sandbox", "create", "safe/qa", DOPPEL_HOME=home)
        ground.run("sql", "safe/qa", "UPDATE queues SET name = 'Repairs' WHERE id = 1",
                   DOPPEL_HOME=home)
        plan = ground.run("plan", "safe/qa", DOPPEL_HOME=home)["hash"]
        standby.has_all_of(primary)
        error = ground.refused("sandbox", "list", "shop", DOPPEL_HOME=standby.dsn("control"))
        equal(error["code"], "read_only")
        holds(error["remedy"], "name the primary server")
        ground.run("init", "copy", standby.dsn("shop"), "--manifest", str(ground.manifest))
        error = ground.refused("sandbox", "create", "copy/qa")
        equal(error["code"], "read_only")
        holds(error["remedy"], "name the primary server")
        standby.has_all_of(primary)
        # The primary is lost in the middle of a promotion, and the standby takes over.
        with Gate(ground) as gate:
            promoting = ground.start("promote", "safe/qa", "--plan", plan, DOPPEL_HOME=home)
            gate.wait_for_somebody()
            standby.has_all_of(primary)
            primary.stop(signal.SIGQUIT)
            ended = promoting.end()
            equal(ended.status, FAILED, ended.out)
        standby.promote()
        equal(standby.psql("shop", "SELECT name FROM queues WHERE id = 1"), "Queue 1")
        ground.run("promote", "safe/qa", "--plan", plan, DOPPEL_HOME=home)
        equal(standby.psql("shop", "SELECT name FROM queues WHERE id = 1"), "Repairs")
    finally:
        standby.remove()
        if primary.server.poll() is not None:
            primary.launch()


class Pooler:
    """pgbouncer in transaction mode before the cluster: one server connection for each login."""

    def __init__(self, ground, passwords):
        self.folder = ground.folder / "bouncer"
        self.folder.mkdir()
        (self.folder / "users").write_text("".join(
            f'"{user}" "{password}"\n' for user, password in passwords.items()), encoding="utf-8")
        (self.folder / "ini").write_text(f"""[databases]
shop = host={ground.cluster.folder} dbname=shop
[pgbouncer]
listen_addr =
unix_socket_dir = {self.folder}
auth_type = plain
auth_file = {self.folder}/users
pool_mode = transaction
default_pool_size = 1
max_db_connections = 5
ignore_startup_parameters = extra_float_digits
logfile = {self.folder}/log
""", encoding="utf-8")
        self.passwords = passwords
        self.sessions = []

    def __enter__(self):
        user = postgres_cluster.unprivileged()
        if user:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, user["user"], user["group"])
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", "-q", str(self.folder / "ini")],
                                        cwd="/", stderr=subprocess.DEVNULL, **user)
        wait_until(lambda: list(self.folder.glob(".s.PGSQL.*")), "pgbouncer listens")
        self.port = next(path for path in self.folder.glob(".s.PGSQL.*")
                         if not path.name.endswith(".lock")).name.split(".")[-1]
        return self

    def dsn(self, user):
        return f"postgresql://{user}:{self.passwords[user]}@/shop?host={self.folder}" \
               f"&port={self.port}"

    def session(self, user):
        self.sessions.append(Session(["psql", "-qXAt", self.dsn(user)]))
        return self.sessions[-1]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        for session in self.sessions:
            session.close()
        shutil.rmtree(self.folder)


def make_two(ground, *options):
    """Two sandboxes: of each, by its name, who logs in and the password."""
    logins = {}
    for name in ("one", "two"):
        ground.run("sandbox", "create", f"shop/{name}", *options)
        access = ground.run("env", f"shop/{name}")
        logins[name] = access["dsn"].split("//")[1].split("@")[0].split(":")
    return logins


def a_pooler_between(ground):
    """The applications of two sandboxes never see each other; doppel itself says that it wants the
    server."""
    logins = make_two(ground)
    with Pooler(ground, {**dict(logins.values()), "doppel_admin": "any"}) as pooler:
        sessions = {(name, index): pooler.session(user)
                    for index in range(2) for name, (user, _) in logins.items()}
        for turn in range(5):
            for (name, index), session in sessions.items():
                # Transactions meet on the few server connections there are; each is whole.
                seen = session.run(f"BEGIN; UPDATE queues SET name = '{name} {turn}' || id WHERE "
                                   f"id = {1 + index}; SELECT DISTINCT split_part(name, ' ', 1) "
                                   "FROM queues WHERE name !~ '^Queue'; COMMIT")
                equal(seen, name)
        for (name, _), session in sessions.items():
            equal(session.run("SELECT name FROM queues WHERE id < 3 ORDER BY id"),
                  f"{name} 41\n{name} 42")
            holds(session.run("UPDATE tickets SET subject = 'x'"), "permission denied")
        equal(ground.names(), [])
        error = ground.refused("init", "pooled", pooler.dsn("doppel_admin"), "--manifest",
                               str(ground.manifest), status=REFUSED, PGPASSWORD="any")
        equal(error["code"], "unsupported")
        holds(error["message"], "a connection pooler stands between")


def a_pooler_between_light_sandboxes(ground):
    """Carrier rows: their rows stand in the same tables, and what one leaves in a server connection
    makes none of its own rows another's, nor another's its own."""
    logins = make_two(ground, "--carrier", "rows")
    numbers = {name: user.split("_")[2] for name, (user, _) in logins.items()}
    other = {"one": "two", "two": "one"}
    with Pooler(ground, {**dict(logins.values()), "doppel_admin": "any"}) as pooler:
        sessions = {(name, index): pooler.session(user)
                    for index in range(2) for name, (user, _) in logins.items()}
        for (name, index), session in sessions.items():
            session.run(f"UPDATE queues SET name = '{name} {index}' WHERE id = {1 + index}")
        # What stays in the server's connection, and what goes with the transaction.
        for forged, index in itertools.product(("SET {}", "SET LOCAL {}"), range(2)):
            both = {name: sessions[name, index] for name in logins}
            for name, session in both.items():
                session.run("BEGIN; " + forged.format(f"doppel.sandbox = {numbers[other[name]]}")
                            + "; SET doppel.copying = on")
            for name, session in both.items():
                session.run(f"UPDATE queues SET name = '{name} {index} ' || id WHERE "
                            f"id = {1 + index}")
                equal(session.run("SELECT DISTINCT split_part(name, ' ', 1) FROM queues "
                                  "WHERE name !~ '^Queue'"), name)
            for session in both.values():
                session.run("COMMIT")
        for (name, _), session in sessions.items():
            equal(session.run("SELECT name FROM queues WHERE id < 3 ORDER BY id"),
                  f"{name} 0 1\n{name} 1 2")
        for (name, _), session in sessions.items():
            user = logins[other[name]][0]
            for hostile in (f"SET SESSION AUTHORIZATION {user}", f"SET ROLE {user}",
                            "SET ROLE doppel_admin"):
                holds(session.run(hostile), "permission denied")
            # A path that leads elsewhere finds nothing that may be read.
            session.run("SET search_path = public")
            holds(session.run("SELECT count(*) FROM queues"), "permission denied")
            session.run("SET search_path = pg_temp; DISCARD ALL")
            equal(session.run("SELECT count(*) FROM queues WHERE name LIKE '" + name + "%'"), "2")
        equal(ground.names(), [])
        for name in logins:
            equal(len(ground.run("diff", f"shop/{name}")["changes"]), 2)
        # Of a login that is no sandbox's a setting says which it is: with the transaction it goes.
        trusted = {name: pooler.session("doppel_admin") for name in logins}
        path = "SET LOCAL search_path = zz_doppel_view_1, public"
        for _ in range(3):
            for name, session in trusted.items():
                equal(session.run(f"BEGIN; {path}; SET LOCAL doppel.sandbox = {numbers[name]}; "
                                  "SELECT DISTINCT split_part(name, ' ', 1) FROM queues WHERE "
                                  "name !~ '^Queue'; COMMIT"), name)
                holds(session.run(f"BEGIN; {path}; SELECT count(*) FROM queues; COMMIT"),
                      "invalid input syntax")
                session.run("ROLLBACK")


TESTS = [
    a_server_that_is_gone,
    a_server_that_restarts_within_a_command,
    killed_backends,
    out_of_connections,
    a_statement_timeout,
    a_full_disk,
    a_standby_is_read_only_and_then_takes_over,
    a_pooler_between,
    a_pooler_between_light_sandboxes,
]

if __name__ == "__main__":
    sys.exit(run_all(TESTS, sys.argv[1], settings="max_connections = 30\n", only=sys.argv[2:]))
