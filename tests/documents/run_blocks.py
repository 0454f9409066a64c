#!/usr/bin/env python3
"""Runs the shell blocks of a document as a reader would paste them, and compares what they print.

    run_blocks.py SOURCE BUILD DOCUMENT [BEGIN END]

Every ```sh block runs, in the document's order and in one shell, in a folder that looks like a
fresh clone after ./dev build. Every command of a block must succeed, but for ```sh exit=N, whose
last one ends with N. The lines of a ```text block stand in this order in what the block before it
printed; `...` alone stands for any lines. Times, hashes, ids and durations may differ. With BEGIN
and END only what is between the two marks counts.
"""

import re
import sys

from document import Clone, blocks_of, read_lines, run_blocks

VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{6}-[0-9a-f]{8}\b"), "<snapshot>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<hash>"),
    (re.compile(r"\b\d+ ms\b"), "<ms>"),
    (re.compile(r"\b127\.0\.0\.1:\d+\b"), "<address>"),
    (re.compile(r"(sqlite:)?/[\w./-]+/(?=[\w.<>-]+)"), "<folder>/"),
]


def plain(line):
    for pattern, word in VOLATILE:
        line = pattern.sub(word, line)
    return line.rstrip()


def missing_line(wanted, output):
    """The first of the wanted lines that doesn't follow the ones before it, if any."""
    have = [plain(line) for line in output.split("\n")]
    at, free = 0, True
    for line in wanted:
        if line.strip() == "...":
            free = True
            continue
        look = range(at, len(have)) if free else range(at, min(at + 1, len(have)))
        found = next((i for i in look if have[i] == plain(line)), None)
        if found is None:
            return line
        at, free = found + 1, False
    return None


def main(source, build, document, *marks):
    blocks = blocks_of(read_lines(document, marks or None))
    shell = [block for block in blocks if block.language == "sh"]
    if not shell:
        raise SystemExit(f"{document}: there is no shell block to run")
    with Clone(source, build) as clone:
        results = run_blocks(clone, shell)
    problems, compared = [], 0
    for block, (output, end) in zip(shell, results):
        if not end.startswith("done"):
            problems.append(f"{document}:{block.line}: the block ended with {end.split()[-1]}:\n"
                            f"{block.text}--\n{output}")
    outputs = {id(block): output for block, (output, _) in zip(shell, results)}
    before = None
    for block in blocks:
        if block.language == "sh":
            before = block
        elif block.language == "text" and before is not None and id(before) in outputs:
            compared += 1
            line = missing_line(block.lines, outputs[id(before)])
            if line is not None:
                problems.append(f"{document}:{block.line}: not printed here:\n{line}\n--\n"
                                f"{outputs[id(before)]}")
    if len(results) < len(shell) and not problems:
        problems.append(f"{document}: the shell ended early")
    print("\n".join(problems))
    print(f"{document}: {len(results)} of {len(shell)} shell blocks ran, "
          f"{compared} outputs compared, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
