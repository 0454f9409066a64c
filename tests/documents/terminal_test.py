#!/usr/bin/env python3
"""On a terminal doppel prints colours and tables; elsewhere, and where told so, neither."""

import sys

from document import Clone

START = """\
set -e
export PATH=$PWD/build/release:$PATH DOPPEL_USER=ada DOPPEL_HOME=$PWD/tmp/home
cp examples/helpdesk/manifest.yaml tmp/helpdesk.yaml && cd tmp
helpdesk_generate --tickets 10 | sqlite3 -bail helpdesk.db
exec 3>&1 >/dev/null
doppel init acme sqlite:helpdesk.db --manifest helpdesk.yaml
doppel sandbox create acme/qa
doppel sql acme/qa "UPDATE queues SET name = 'Repairs' WHERE id = 4;
  UPDATE mailboxes SET password = 'mb-new' WHERE id = 1"
exec >&3
"""

# A terminal of its own for a command: what it prints comes through.
PTY = "TERM=xterm {variables} python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' {command}"

DIFF = "doppel diff acme/qa"
SQL = "doppel sql acme 'SELECT id, name FROM queues WHERE id < 4 ORDER BY id'"


def main(source, build):
    problems = []

    def holds(what, condition, printed):
        if not condition:
            problems.append(f"{what}:\n{printed!r}")

    with Clone(source, build) as clone:
        scripts = {
            "diff": PTY.format(variables="", command=DIFF),
            "plain": PTY.format(variables="NO_COLOR=1", command=DIFF),
            "piped": DIFF,
            "sql": PTY.format(variables="NO_COLOR=1", command=SQL),
            "sql_piped": SQL,
        }
        script = START + "".join(f"echo '@@ {name}'\n{line}\n" for name, line in scripts.items())
        printed = dict(part.split("\n", 1) for part in clone.run(script).split("@@ ")[1:])
    if printed.keys() != scripts.keys():
        problems.append(f"the script ended early: {printed}")
    else:
        holds("colour on a terminal", "\x1b[33m~ Repairs" in printed["diff"], printed["diff"])
        holds("no colour with NO_COLOR", "\x1b" not in printed["plain"], printed["plain"])
        holds("no colour in a pipe", "\x1b" not in printed["piped"], printed["piped"])
        holds("a secret is hidden", "password: (secret) -> (secret)" in printed["piped"] and
              "mb-new" not in printed["diff"] + printed["piped"], printed["piped"])
        rows = printed["sql"].replace("\r", "").strip().split("\n")
        holds("a table on a terminal",
              rows == ["id  name", "1   Inbox", "2   Technical", "3   Billing"], rows)
        holds("tabs in a pipe", printed["sql_piped"].startswith("id\tname\n1\tInbox\n"),
              printed["sql_piped"])
    print("\n".join(problems))
    print(f"5 outputs, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
