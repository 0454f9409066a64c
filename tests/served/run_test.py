#!/usr/bin/env python3
"""`./dev run` after the build: run_test.py DOPPEL. The desk that it starts has its example, and is
the same when it is started again, on both databases."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from stand import SANDBOX, Browser, Server, equal, run_tests, wait_until

RUN = Path(__file__).resolve().parents[2] / "examples" / "desk" / "run.sh"


class Running(Server):
    """The desk of run.sh, which starts the server by itself."""

    def __init__(self, folder, database):
        self.folder = Path(folder)
        out = self.folder / "told.txt"
        with out.open("w") as file:
            self.process = subprocess.Popen(
                [RUN, "--database", database, "--port", "0"], stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "DESK_FOLDER": str(self.folder / "desk")})

        def told():
            equal(self.process.poll(), None, out.read_text())
            return re.search(r"at http://127\.0\.0\.1:(\d+)\n", out.read_text())
        self.port = int(wait_until(told, "the desk says where it is").group(1))
        wait_until(lambda: self.ask("GET", "/healthz")[0] == 200, "the desk is well")
        link = re.search(r"/api/v1/links/\S+", out.read_text())
        self.link = link.group(0) if link else None

    def end(self):
        """As Ctrl-C does: all of its processes are told."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=60)


def run_twice(database):
    with tempfile.TemporaryDirectory(prefix="doppel_run_") as folder:
        os.chmod(folder, 0o755)
        first = Running(folder, database)
        try:
            equal(first.ask("POST", first.link, '{"password": "a horse on a quiet lake"}',
                            {"Content-Type": "application/json"})[0], 200)
            ada = Browser(first)
            equal(len(ada.get("/api/v1/cases?limit=500")["items"]), 500)
            ada.enter()
        finally:
            first.end()
        second = Running(folder, database)
        try:
            equal(second.link, None)
            equal(Browser(second).get(SANDBOX)["sandbox"]["state"], "ready")
        finally:
            second.end()


def main(*_):
    return run_tests([(f"run on {name}", lambda name=name: run_twice(name))
                      for name in ("sqlite", "postgresql")])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
