#!/usr/bin/env python3
"""clang-tidy over every source of a build folder, in parallel, remembering what was clean.

    tools/clang_tidy.py BUILD_FOLDER [--product | PATH_PART...]

--product leaves the tests out: they are three times as slow to read as what they test.

Most of the time goes into reading the library's headers, so that sources of a folder are read
together, one behind the other as one text, as far as their private names don't meet. What is found
is told by the source's own line; those that don't compile together are read in halves.

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
import tempfile
import time
from pathlib import Path

from together import groups_of

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "tidy-cache"
CLANG_TIDY, CLANG = "clang-tidy-19", "clang++-19"
TEST_SOURCE = re.compile(r"(_test|_laws|_fuzz)\.cpp$|/(tests|bench|contract)/")
# Nothing in it is ours, and it takes minutes.
FOREIGN = ["server/net/compiled.cpp"]
# The analyzer follows coroutines into Asio and loses its way: it sees pointers that nobody set. And
# Asio's functions give their error twice, in an argument and as their value.
COROUTINES = "server/net/"
ASIO_CHECKS = "--checks=-clang-analyzer-*,-bugprone-unused-return-value"
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
            for folder in (path.parent, ROOT, ROOT / "engine", ROOT / "server"):
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
    digest.update(" ".join([*EXTRA, COROUTINES, ASIO_CHECKS]).encode())
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
    for foreign in FOREIGN:
        commands.pop(ROOT / foreign, None)
    wanted = sorted(commands.items())
    return [item for item in wanted if not parts or any(p in str(item[0]) for p in parts)]


def checks_of(source):
    """What the checks of a source are beside those of .clang-tidy."""
    return [ASIO_CHECKS] if COROUTINES in str(source) else []


def run_one(build, source):
    command = [CLANG_TIDY, "--quiet", "-p", str(build), *EXTRA, *checks_of(source), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Its standard error counts suppressed warnings; it is of use only where tidy itself fails.
    return done.returncode, done.stdout if done.stdout.strip() else done.stderr


def flags_of(command):
    """The compile command without compiler, source and output."""
    flags, words = [], iter(command[1:])
    for word in words:
        if word in ("-o", "-MF", "-MT", "-c"):
            next(words)
        elif word not in ("-MD", "-MMD") and not word.endswith(("ccache", "g++", "c++", "clang++")):
            flags.append(word)
    return tuple(flags)


def together(sources):
    """The sources as one text, and the source and line that each of its lines comes from."""
    lines, origin = [], [(None, 0)]
    for source in sources:
        for number, line in enumerate(source.read_text(encoding="utf-8").split("\n"), start=1):
            lines.append(line)
            origin.append((source, number))
    return "\n".join(lines), origin


def run_together(folder, flags, sources):
    """Exit code and findings of several sources as one text; None where they don't fit together."""
    text, origin = together(sources)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "together.cpp"
        file.write_text(text, encoding="utf-8")
        compiled = [*flags, f"-I{folder}"]
        fits = subprocess.run([CLANG, "-fsyntax-only", *compiled, "-Wno-everything", str(file)],
                              capture_output=True, check=False)
        if fits.returncode != 0:
            return None
        done = subprocess.run([CLANG_TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}",
                               *EXTRA, *checks_of(sources[0]), str(file), "--", *compiled],
                              capture_output=True, text=True, check=False)

    def own_place(found):
        source, number = origin[int(found.group(1))]
        return f"{source}:{number}:"
    output = done.stdout if done.stdout.strip() else done.stderr
    return done.returncode, re.sub(rf"{re.escape(str(file))}:(\d+):", own_place, output)


def run_group(build, folder, flags, members):
    """(marks, exit code, findings, names): one for what was read together."""
    sources = [source for source, _ in members]
    if len(members) == 1:
        result = run_one(build, sources[0])
    else:
        result = run_together(folder, flags, sources)
    if result is None:
        half = len(members) // 2
        return [*run_group(build, folder, flags, members[:half]),
                *run_group(build, folder, flags, members[half:])]
    names = ", ".join(str(source.relative_to(ROOT)) for source in sources)
    return [([mark for _, mark in members], *result, names)]


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
            todo.append((source, flags_of(command), mark))

    bad, groups = 0, groups_of(todo)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run_group, build, group[0][0].parent, group[0][1],
                             [(source, mark) for source, _, mark in group])
                 for group in groups]):
            for marks, code, output, names in future.result():
                if code == 0:
                    for mark in marks:
                        mark.touch()
                else:
                    bad += 1
                    print(f"{names}:\n{output}", flush=True)
    print(f"clang-tidy: {len(sources)} sources, {len(todo)} looked at in {len(groups)} "
          f"groups, {bad} with findings, {time.monotonic() - started:.0f} s")
    return 1 if bad or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
