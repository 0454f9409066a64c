#!/usr/bin/env python3
"""What docs/reference/json.md says of each command's JSON is what the command prints, all of it.

    json_members.py SOURCE BUILD JSON_MD

Each section of a command has shell blocks, of which the last prints the JSON, and a table of its
members. Every member in a table must be there with its type, every member that is there must be in
the table, and every table must have been met with something in it.
"""

import json
import re
import sys

from document import Clone, blocks_of, read_lines, run_blocks

# Members of lists that stay empty in the document's story; each is held by a scenario of its own.
NEVER_MET = {
    "plan.warnings[].": "a warning needs a database that changes what is written",
    "`doppel guard`.": "SQLite's sandboxes share no server; tests/faults/harm_test.py checks it",
    "`doppel track`.": "SQLite can't note who changes it; a scenario checks it",
    "error.": "printed on standard error: see the check of errors below",
}

CHECKS = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "row": lambda value: isinstance(value, dict),
    "key": lambda value: isinstance(value, dict) and value,
    "object": lambda value: isinstance(value, dict),
    "value": lambda value: not isinstance(value, list),
    "null": lambda value: value is None,
}


class Section:
    def __init__(self, title):
        self.title, self.lines, self.parts, self.members = title, [], [], {}

    def read_table(self):
        for _, line in self.lines:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if line[:1] != "|" or len(cells) < 2:
                continue
            if part := re.fullmatch(r"all of `(\w+)`", cells[0]):
                self.parts.append(part.group(1))
            elif name := re.fullmatch(r"`([^`]+)`", cells[0]):
                self.members[name.group(1)] = cells[1]


def sections_of(lines):
    sections = [Section("preface")]
    for number, line in lines:
        if title := re.match(r"##+ (.*)", line):
            sections.append(Section(title.group(1)))
        else:
            sections[-1].lines.append((number, line))
    for section in sections:
        section.read_table()
    return sections


class Checker:
    def __init__(self, shapes):
        self.shapes, self.problems, self.met = shapes, [], set()

    def members_of(self, section):
        members = {}
        for part in section.parts:
            members.update(self.members_of(self.shapes[part]))
        members.update(section.members)
        return members

    def check(self, value, section, where):
        """An object against a section; `where` is said in problems."""
        self.object(value, self.members_of(section), "", section, where)

    def object(self, value, members, prefix, section, where):
        named = {path[len(prefix):]: kind for path, kind in members.items()
                 if path.startswith(prefix) and re.fullmatch(r"\w+", path[len(prefix):])}
        for name in value.keys() - named.keys():
            self.problems.append(f"{where}: {prefix}{name} isn't documented")
        for name, kind in named.items():
            path = prefix + name
            if name not in value:
                self.problems.append(f"{where}: {path} isn't there")
                continue
            self.met.update((shape, path) for shape in self.owners(section, path))
            self.typed(value[name], kind, members, path, section, where)

    def owners(self, section, path):
        found = [section.title] if path in section.members else []
        for part in section.parts:
            found += self.owners(self.shapes[part], path)
        return found

    def typed(self, value, kind, members, path, section, where):
        if shape := re.fullmatch(r"(list of )?`(\w+)`", kind):
            for item in value if shape.group(1) else [value]:
                self.check(item, self.shapes[shape.group(2)], f"{where}: {path}")
            return
        options = kind.split(" or ")
        first = options[0].split(" of ")[0]
        if not any(CHECKS[option.split(" of ")[0]](value) for option in options):
            self.problems.append(f"{where}: {path} is no {kind}: {value!r}")
        elif first == "list" and " of " in options[0] and value:
            wanted = CHECKS[options[0].split(" of ")[1]]
            if not all(wanted(item) for item in value):
                self.problems.append(f"{where}: {path} is no {kind}: {value!r}")
        elif first == "list":
            for item in value:
                self.object(item, members, path + "[].", section, where)
        elif first == "map":
            for item in value.values():
                self.object(item, members, path + "{}.", section, where)
        elif first == "object" and value is not None:
            self.object(value, members, path + ".", section, where)


def main(source, build, document):
    lines = read_lines(document)
    sections = sections_of(lines)
    shapes = {match.group(1): section for section in sections
              if (match := re.fullmatch(r"Shape `(\w+)`", section.title))}
    blocks, last_of = [], {}
    for section in sections:
        shell = [block for block in blocks_of(section.lines) if block.language == "sh"]
        blocks += shell
        if shell and (section.members or section.parts):
            last_of[len(blocks) - 1] = section
    with Clone(source, build) as clone:
        results = run_blocks(clone, blocks)
    checker = Checker(shapes)
    for at, (output, end) in enumerate(results):
        place = f"{document}:{blocks[at].line}"
        if not end.startswith("done"):
            checker.problems.append(f"{place}: ended with {end}:\n{blocks[at].text}{output}")
        elif at in last_of:
            try:
                checker.check(json.loads(output), last_of[at], last_of[at].title)
            except json.JSONDecodeError as error:
                checker.problems.append(f"{place}: no JSON document: {error}\n{output[:500]}")
    for section in sections:
        name = next((key for key, shape in shapes.items() if shape is section), section.title)
        for path in section.members:
            never = any(f"{name}.{path}".startswith(prefix) for prefix in NEVER_MET)
            if (section.title, path) not in checker.met and not never:
                checker.problems.append(f"{name}.{path} was never met: is it still printed?")
    print("\n".join(checker.problems))
    print(f"{len(last_of)} documents checked, {len(checker.met)} members met, "
          f"{len(checker.problems)} problems")
    return 1 if checker.problems or len(results) < len(blocks) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
