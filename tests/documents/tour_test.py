#!/usr/bin/env python3
"""Takes the tour: it must end well, fit a terminal, leave nothing behind, and be able to fail.

    tour_test.py SOURCE BUILD sqlite|postgresql|dsn

`dsn` is a database of somebody's own: empty, of a role without superuser that has a password, on a
server that this test starts.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

MOST_COLUMNS = 100


def take(source, build, folder, database):
    os.chmod(folder, 0o711)  # Root's server runs as somebody else.
    return subprocess.run(
        [Path(source) / "examples/helpdesk/tour.sh", "--database", database, build],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300, check=False,
        env={**os.environ, "TMPDIR": folder, "DOPPEL_KEEP": ""})


class OwnServer:
    """A cluster with a role whose name and password need care in a DSN."""

    def __init__(self, source, folder):
        self.folder = Path(folder) / "pg"
        os.chmod(folder, 0o711)
        # The cluster ends by itself when nobody holds this lock.
        self.users = open(f"{self.folder}.users", "a", encoding="utf-8")  # noqa: SIM115
        fcntl.flock(self.users, fcntl.LOCK_SH)
        subprocess.run([sys.executable, Path(source) / "tests/support/postgres_cluster.py",
                        self.folder], check=True, stdout=subprocess.DEVNULL)
        self.run("CREATE ROLE \"Tour Owner\" LOGIN CREATEROLE PASSWORD 's@crêt w/ 100%'")

    def run(self, sql):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres",
                        "-c", sql, "postgres"], check=True)

    def empty_database(self, name):
        self.run(f'CREATE DATABASE "{name}" OWNER "Tour Owner"')
        return ("postgresql://Tour%20Owner:s%40cr%C3%AAt%20w%2F%20100%25@/"
                f"{name.replace(' ', '%20')}?host={self.folder}")

    def end(self):
        number = (self.folder / "data/postmaster.pid").read_text(encoding="utf-8").split()[0]
        os.kill(int(number), 3)
        self.users.close()


@contextmanager
def databases(source, kind):
    """What makes the name of a database for one tour."""
    if kind != "dsn":
        yield lambda name: kind
        return
    with tempfile.TemporaryDirectory(prefix="dtpg", dir="/tmp", ignore_cleanup_errors=True) as own:
        server = OwnServer(source, own)
        try:
            yield server.empty_database
        finally:
            server.end()


def main(source, build, kind):
    with databases(source, kind) as database:
        problems = problems_of(source, build, database)
    print("\n".join(problems))
    return 1 if problems else 0


def problems_of(source, build, database):
    problems = []
    # The folder's name is in what is printed: a short one, as on a system of one's own.
    with tempfile.TemporaryDirectory(prefix="dt", dir="/tmp") as folder:
        place = database("a helpdesk")
        done = take(source, build, folder, place)
        print(done.stdout)
        if done.returncode != 0:
            problems.append(f"it ended with {done.returncode}")
        if "The tour ended well." not in done.stdout.rstrip().split("\n")[-1]:
            problems.append("its last line doesn't say that it ended well")
        for line in done.stdout.split("\n"):
            # A path, a DSN, what a shell is to take in, or an error can't be broken.
            one_word = " " not in line.strip().removeprefix("export ") or "?host=" in line
            one_word = one_word or line.startswith("doppel: ")
            if len(line) > MOST_COLUMNS and not one_word:
                problems.append(f"{len(line)} columns: {line}")
        if left := os.listdir(folder):
            problems.append(f"it left behind: {left}")
        if "://" in place:
            again = take(source, build, folder, place)
            if again.returncode == 0 or "the database is not empty" not in again.stdout:
                problems.append("it doesn't refuse a database that isn't empty")

    with tempfile.TemporaryDirectory(prefix="dt", dir="/tmp") as folder:
        broken = Path(folder) / "build"
        broken.mkdir()
        (broken / "helpdesk_generate").symlink_to(Path(build).resolve() / "helpdesk_generate")
        (broken / "doppel").write_text("#!/bin/sh\nexit 0\n")
        (broken / "doppel").chmod(0o755)
        done = take(source, broken, folder, database("another one"))
        if done.returncode == 0 or "tour: the answer lacks" not in done.stdout:
            problems.append("with a doppel that does nothing it doesn't fail")
    return problems


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
