#!/usr/bin/env python3
"""Which sources can be read as one text: most of the time goes into the headers that they share.

    tools/together.py SOURCE...

prints `GROUP SOURCE` for each. Sources of a group are of one folder, and none declares for itself a
name that another has. clang_tidy.py reads groups so, and cmake/together.cmake compiles them so.
"""

import re
import sys
from pathlib import Path

# A declaration at the left margin: a test, a type, a function, a constant or an alias.
TEST = re.compile(r"^(?:RC_GTEST|TEST|INSTANTIATE|FUZZ)\w*\((\w+)(?:, *(\w+))?")
DECLARED = re.compile(
    r"^(?:struct|class|enum class|enum|union|using)\s+(\w+)|\b(\w+)\(|\b(\w+)\s*(?:=|\{|;|\[)")
# What two sources may both say, and what the last of it is called then.
IMPORTED = re.compile(r"using (?:::)?(?:\w+::)+(\w+);|using (\w+) = [\w:]+;|namespace (\w+) =")
# Longer texts would keep the other processors waiting at the end.
MOST_LINES = 1500


def private_names(text):
    """What a source declares for itself at its left margin, and what it imports there."""
    names, imported, is_private = set(), set(), False
    for line in text.split("\n"):
        if line in ("namespace {", "}  // namespace"):
            is_private = line == "namespace {"
            continue
        test = TEST.match(line)
        if test:
            names.add("_".join(part for part in test.groups() if part))
        elif line[:1] not in ("", *" }#/"):
            import_of, declared = IMPORTED.match(line), DECLARED.search(line)
            if import_of:
                imported.add(next(name for name in import_of.groups() if name))
            elif is_private and declared:
                names.add(next(name for name in declared.groups() if name))
    return names, imported


def public_names(folder):
    """What the headers of a folder declare: a private name like it would be ambiguous."""
    names = set()
    for header in folder.glob("*.hpp"):
        for line in header.read_text(encoding="utf-8").split("\n"):
            declared = DECLARED.search(line) if line[:1] not in ("", *" }#/") else None
            if declared and not IMPORTED.match(line) and not line.startswith("namespace"):
                names.add(next(name for name in declared.groups() if name))
    return names


def groups_of(items):
    """Lists of items, the longest first; an item is (source, kind, ...), and kinds don't mix."""
    groups, public = [], {}
    for item in items:
        source, kind = item[0], item[1]
        text = source.read_text(encoding="utf-8")
        (names, imported), lines = private_names(text), text.count("\n")
        if source.parent not in public:
            public[source.parent] = public_names(source.parent)
        if (names | imported) & public[source.parent]:
            kind = source
        # Where doppel::testing is known, `testing` alone means that and not GoogleTest's.
        kind = kind, "tests/support/" in text
        for group in groups:
            if group["kind"] == (source.parent, kind) and group["lines"] + lines <= MOST_LINES \
                    and not group["names"] & (names | imported) and not names & group["imported"]:
                break
        else:
            group = {"kind": (source.parent, kind), "names": set(), "imported": set(), "lines": 0,
                     "items": []}
            groups.append(group)
        group["names"] |= names
        group["imported"] |= imported
        group["lines"] += lines
        group["items"].append(item)
    groups.sort(key=lambda group: -group["lines"])
    return [group["items"] for group in groups]


def main(arguments):
    for number, group in enumerate(groups_of([(Path(name), None) for name in arguments])):
        for source, _ in group:
            print(number, source)


if __name__ == "__main__":
    main(sys.argv[1:])
