#!/usr/bin/env python3
"""clang-tidy over every source of a build folder, in parallel, remembering what was clean.

    tools/clang_tidy.py BUILD_FOLDER [--product | PATH_PART...]

--product leaves the tests out: they are three times as slow to read as what they test.

A source is clean as long as its text, that of everything of ours that it includes, its compile
command, the checks and the installed packages are the same; the name of an empty file in
build/tidy-cache is the hash of all these. Only clean results are remembered.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "tidy-cache"
CLANG_TIDY = "clang-tidy-19"
TEST_SOURCE = re.compile(r"(_test|_laws|_fuzz)\.cpp$|/(tests|bench|contract)/")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# What gcc's compile commands hold and clang doesn't know: its warnings' names, and precompiled
# headers in gcc's form (the header's text is read instead).
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-gch"]


def closure(source):
    """The source and all files of ours that it includes, transitively."""
    seen, todo = set(), [source]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")):
            for folder in (path.parent, ROOT, ROOT / "engine"):
                if (folder / name).is_file():
                    todo.append((folder / name).resolve())
                    break
    return sorted(seen)


def environment_hash():
    """What all results depend on: the checks and the versions of everything that is included."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    lines = (ROOT / "tools" / "packages.txt").read_text().split("\n")
    names = [line for line in lines if line and line[0] not in "#["]
    versions = subprocess.run(["dpkg-query", "-W", *names], capture_output=True, check=False)
    digest.update(versions.stdout)
    digest.update(" ".join(EXTRA).encode())
    return digest.digest()


def result_name(base, command, source):
    digest = hashlib.sha256(base)
    digest.update(" ".join(command).replace(str(ROOT), "").encode())
    for path in closure(source):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def sources_of(build, parts):
    """(source, command) of every C++ source, once."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["directory"], entry["file"]).resolve()
        if source.suffix == ".cpp" and source.is_relative_to(ROOT):
            if not source.is_relative_to(ROOT / "build"):
                commands.setdefault(source, shlex.split(entry["command"]))
    wanted = sorted(commands.items())
    return [item for item in wanted if not parts or any(p in str(item[0]) for p in parts)]


def run_one(build, source):
    command = [CLANG_TIDY, "--quiet", "-p", str(build), *EXTRA, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Its standard error counts suppressed warnings; it is of use only where tidy itself fails.
    return done.returncode, done.stdout if done.stdout.strip() else done.stderr


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    build = (ROOT / arguments[0]).resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    base, started = environment_hash(), time.monotonic()
    product = arguments[1:] == ["--product"]
    sources = sources_of(build, [] if product else arguments[1:])
    if product:
        sources = [item for item in sources if not TEST_SOURCE.search(str(item[0]))]
    todo = []
    for source, command in sources:
        mark = CACHE / result_name(base, command, source)
        if mark.exists():
            mark.touch()
        else:
            todo.append((source, mark))

    bad = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(run_one, build, source): (source, mark) for source, mark in todo}
        for future in concurrent.futures.as_completed(running):
            source, mark = running[future]
            code, output = future.result()
            if code == 0:
                mark.touch()
                continue
            bad += 1
            print(f"{source.relative_to(ROOT)}:\n{output}", flush=True)
    print(f"clang-tidy: {len(sources)} sources, {len(todo)} looked at, {bad} with findings, "
          f"{time.monotonic() - started:.0f} s")
    return 1 if bad or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
