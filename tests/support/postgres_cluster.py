#!/usr/bin/env python3
"""A private PostgreSQL cluster for tests: started by the first who needs it, shared by all.

    postgres_cluster.py FOLDER      prints the folder of the cluster's socket

Whoever uses the cluster holds a shared lock on FOLDER.users; a guard in the background stops the
cluster and removes the folder as soon as nobody has held one for a few seconds. So it ends also
where tests fail or are killed, and hundreds of short processes don't each make their own.
The server runs as an unprivileged user (postgres or nobody where root starts it), has no port, and
keeps nothing through a power cut.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
IDLE_SECONDS = 5
START_SECONDS = 60

# The roles that tests log in with by themselves need no password; those that doppel makes do.
HBA = """local all postgres,doppel_admin,doppel_owner trust
local all all scram-sha-256
"""
SETTINGS = """listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = replica
shared_buffers = 128MB
max_connections = 100
autovacuum = off
password_encryption = scram-sha-256
log_min_messages = warning
"""
ROLES = """CREATE ROLE doppel_owner LOGIN;
CREATE ROLE doppel_admin LOGIN CREATEROLE NOCREATEDB NOSUPERUSER;
GRANT doppel_owner TO doppel_admin;
"""


def unprivileged():
    """Arguments of subprocess for the server's user."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    sys.exit("no unprivileged user to run the server as")


def binary(name):
    path = BINARIES / name
    return str(path) if path.exists() else name


def run(*arguments, **more):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd="/", **unprivileged(), **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}")


def answers(folder):
    return subprocess.run([binary("pg_isready"), "-q", "-h", str(folder)], cwd="/",
                          check=False).returncode == 0


def make(folder):
    """The cluster's files, with a server that is started as a child of this process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    user = unprivileged()
    if user:
        os.chown(folder, user["user"], user["group"])
    data = folder / "data"
    run(binary("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    (data / "pg_hba.conf").write_text(HBA, encoding="utf-8")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(SETTINGS + f"unix_socket_directories = '{folder}'\n")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([binary("postgres"), "-D", str(data)], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, cwd="/", **user)
    deadline = time.monotonic() + START_SECONDS
    while not answers(folder):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("the server doesn't start:\n" +
                     (folder / "log").read_text(encoding="utf-8", errors="replace"))
        time.sleep(0.05)
    run(binary("psql"), "-h", str(folder), "-U", "postgres", "-qX", "-v", "ON_ERROR_STOP=1",
        "-c", ROLES, "postgres")
    return server


def guard(folder, ready):
    """Runs in the background: starts the server, tells that it is there, ends it when idle."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server = make(folder)
    os.write(ready, b"+")
    os.close(ready)
    with open(f"{folder}.users", "a", encoding="utf-8") as users, \
            open(f"{folder}.lock", "a", encoding="utf-8") as lock:
        idle_since = time.monotonic()
        while server.poll() is None:
            time.sleep(0.25)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                idle_since = time.monotonic()
                continue
            fcntl.flock(users, fcntl.LOCK_UN)
            if time.monotonic() - idle_since < IDLE_SECONDS:
                continue
            # Nobody may begin to use it while it ends.
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                fcntl.flock(lock, fcntl.LOCK_UN)
                continue
            server.send_signal(signal.SIGQUIT)
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)
            return


def start(folder):
    """Starts a cluster with its guard and waits until it answers."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        nothing = os.open(os.devnull, os.O_RDWR)
        # The caller's pipes must not stay open behind it; what goes wrong is kept beside.
        log = os.open(f"{folder}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, write_end)
        os.closerange(write_end + 1, 256)
        status = 1
        try:
            guard(folder, write_end)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as ready:
        if ready.read(1) != b"+":
            sys.exit("the cluster didn't start:\n" +
                     Path(f"{folder}.log").read_text(encoding="utf-8", errors="replace"))


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    folder = Path(arguments[0]).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answers(folder):
            start(folder)
    print(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
