#!/usr/bin/env python3
"""bash completes commands, subcommands and options with what `doppel completion bash` prints."""

import sys

from document import Clone

# What is typed up to <TAB>, and what may come.
CASES = [
    (["doppel", "sand"], {"sandbox"}),
    (["doppel", "sandbox", "cre"], {"create"}),
    (["doppel", "sandbox", "re"], {"refresh", "reset", "restore", "resume"}),
    (["doppel", "--json", "sandbox", "cre"], {"create"}),
    (["doppel", "sandbox", "create", "acme/qa", "--pur"], {"--purpose"}),
    (["doppel", "plan", "acme/qa", "--sel"], {"--select"}),
    (["doppel", "plan", "acme/qa", "--js"], {"--json"}),
    (["doppel", "promote", "acme/qa", "--pl"], {"--plan"}),
    (["doppel", "rollback", "acme", "--keep"], {"--keep-edits"}),
    (["doppel", "snapshot", "rest"], {"restore"}),
    (["doppel", "nonsense", ""], set()),
    (["doppel", "sandbox", "--as", "sql", "cre"], {"create"}),
]


def main(source, build):
    problems = []
    with Clone(source, build) as clone:
        for words, wanted in CASES:
            typed = " ".join(f"'{word}'" for word in words)
            printed = clone.run(
                "set -e; source <(build/release/doppel completion bash)\n"
                f"COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}; _doppel || true\n"
                "printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p doppel")
            *found, how = printed.strip().split("\n")
            if set(filter(None, found)) != wanted or how != "complete -F _doppel doppel":
                problems.append(f"{words}: {printed!r} instead of {wanted}")
        printed = clone.run("build/release/doppel completion zsh | head -1")
        if "bashcompinit" not in printed:
            problems.append("zsh doesn't load bash's completions")
    print("\n".join(problems))
    print(f"{len(CASES)} completions, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
