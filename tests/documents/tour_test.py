#!/usr/bin/env python3
"""Takes the tour: it must end well, fit a terminal, leave nothing behind, and be able to fail."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_COLUMNS = 100


def take(source, build, folder, database):
    os.chmod(folder, 0o711)  # Root's server runs as somebody else.
    return subprocess.run(
        [Path(source) / "examples/helpdesk/tour.sh", "--database", database, build],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300, check=False,
        env={**os.environ, "TMPDIR": folder, "DOPPEL_KEEP": ""})


def main(source, build, database):
    problems = []
    # The folder's name is in what is printed: a short one, as on a system of one's own.
    with tempfile.TemporaryDirectory(prefix="dt", dir="/tmp") as folder:
        done = take(source, build, folder, database)
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

    with tempfile.TemporaryDirectory(prefix="dt", dir="/tmp") as folder:
        broken = Path(folder) / "build"
        broken.mkdir()
        (broken / "helpdesk_generate").symlink_to(Path(build).resolve() / "helpdesk_generate")
        (broken / "doppel").write_text("#!/bin/sh\nexit 0\n")
        (broken / "doppel").chmod(0o755)
        done = take(source, broken, folder, database)
        if done.returncode == 0 or "tour: the answer lacks" not in done.stdout:
            problems.append("with a doppel that does nothing it doesn't fail")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
