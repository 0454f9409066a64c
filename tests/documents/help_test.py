#!/usr/bin/env python3
"""Every command's --help has an example; all of them work in the tour's folder, in one story; and
docs/reference/cli.md has a section for each command and names each of its options.

    help_test.py SOURCE BUILD CLI_MD
"""

import re
import subprocess
import sys
from pathlib import Path

from document import Block, Clone, run_blocks

START = """\
export PATH=$PWD/build/release:$PATH DOPPEL_USER=ada DOPPEL_HOME=$PWD/tmp/home
cp examples/helpdesk/manifest.yaml tmp/helpdesk.yaml && cd tmp
helpdesk_generate --tickets 100 | sqlite3 -bail helpdesk.db
"""

# The story: command, or SQL that live runs. After a command, how it ends where not with 0.
STORY = [
    "manifest draft", "manifest check", "init", "manifest set", "check",
    "sandbox create",
    "sandbox list", "sandbox show", "sandbox checkpoint", "sql", "sandbox reset", "sql", "env",
    "diff", "sandbox refresh",
    "live UPDATE queues SET name = 'Returns and repairs' WHERE id = 4",
    ("plan", 1), "resolve", "promote", "history", "snapshot list", "snapshot restore", "rollback",
    "sandbox create", "export", "apply", "sandbox discard",
    "sandbox ended",
    "sandbox restore", "sandbox suspend", "sandbox resume", "sandbox adapt", "fleet adapt",
    ("track", 3),
    ("guard", 3),  # There is no server between SQLite's sandboxes and live.
    "audit list", "audit export", "audit verify", "completion", "demo", "serve",
]

# Runs until it is stopped.
SERVES = "serve"

# What is used wrongly ends with 2 and is told.
MISTAKES = [
    (["sandox", "list"], "there is no command 'sandox'; did you mean 'sandbox'?"),
    (["--as", "ada", "frobnicate"], "there is no command 'frobnicate'"),
    (["diff"], "ENV is required"),
    (["diff", "No/Name"], "'No/Name' is no name of an environment"),
]


def helps(build, path=()):
    """(command, its help) of every command, groups included."""
    text = subprocess.run([Path(build) / "doppel", *path, "--help"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    yield " ".join(path), text
    subcommands = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    for line in subcommands.group(1).splitlines() if subcommands else []:
        if name := re.match(r"  (\w+)\s", line):
            yield from helps(build, (*path, name.group(1)))


def main(source, build, cli_md):
    problems, examples, groups = [], {}, set()
    reference = Path(cli_md).read_text()
    for command, text in helps(build):
        example = re.search(r"^Example:\n +(\S.*)$", text, re.M)
        if not example:
            problems.append(f"doppel {command} --help has no example")
            continue
        if re.search(r"^Subcommands:", text, re.M):
            groups.add(command)
            continue
        examples[command] = example.group(1)
        section = re.search(rf"^### `doppel {command}[^`]*`\n(.*?)(?=^##|\Z)", reference,
                            re.M | re.S)
        if not section:
            problems.append(f"{cli_md} has no section for doppel {command}")
            continue
        for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M):
            if option != "--help" and option not in section.group(1):
                problems.append(f"{cli_md} doesn't say what {option} of doppel {command} does")

    story, blocks = [], []
    for step in STORY:
        command, status = step if isinstance(step, tuple) else (step, 0)
        if command.startswith("live "):
            line = f'sqlite3 helpdesk.db "{command[5:]}"'
        elif command in examples:
            line = examples[command]
            if command == SERVES:
                line = (f"{line} > serve.txt 2> serve.log &\n"
                        "for i in $(seq 600); do\n"
                        "  grep -qs '^doppel serves' serve.txt && break; sleep 0.1\n"
                        "done\nkill $! && wait $!")
            story.append(command)
        else:
            problems.append(f"there is no command {command}")
            continue
        blocks.append(Block("sh", [f"exit={status}"], 0, [line]))
    for command in set(examples) - set(story):
        problems.append(f"the example of doppel {command} isn't tried: give it a place in STORY")
    with Clone(source, build) as clone:
        blocks.insert(0, Block("sh", [], 0, START.splitlines()))
        results = run_blocks(clone, blocks)
    if not results[-1][1].startswith("done"):
        problems.append(f"{blocks[len(results) - 1].text}ended with {results[-1][1]}:\n"
                        f"{results[-1][0]}")
    elif len(results) < len(blocks):
        problems.append("the story ended early")
    for words, told in MISTAKES:
        done = subprocess.run([Path(build) / "doppel", *words], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 2 or told not in done.stdout:
            problems.append(f"doppel {' '.join(words)}: {done.returncode} {done.stdout!r}")
    print("\n".join(problems))
    print(f"{len(examples)} commands with an example, {len(groups)} groups, "
          f"{len(results)} of {len(blocks)} steps ran")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
