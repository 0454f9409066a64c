#!/usr/bin/env python3
"""The house rules, as a test: who may include whom, what may not be called, sizes, READMEs.

    tools/tidy.py [ROOT]

Everything that can be argued about is in the tables at the top. Each rule is a function from a
path and a text to problems, and has a test in tidy_test.py that shows it failing.
"""

import re
import sys
from pathlib import Path

# ---- The tables ---------------------------------------------------------------------------------

# Who may include whom. A room sees itself and what is listed; a new room needs a line here.
# changeset and merge are pure: they know no database.
ROOMS = {
    "engine/base": [],
    "engine/database": ["engine/base"],
    "engine/manifest": ["engine/base", "engine/database"],
    "engine/changeset": ["engine/base", "engine/manifest"],
    "engine/merge": ["engine/base", "engine/manifest", "engine/changeset"],
    "engine/code": ["engine/base", "engine/manifest", "engine/changeset"],
    "engine/overlay": ["engine/base", "engine/database", "engine/manifest", "engine/changeset",
                       "engine/merge"],
    "engine/plan": ["engine/base", "engine/database", "engine/manifest", "engine/changeset",
                    "engine/merge", "engine/overlay"],
    "engine/access": ["engine/base", "engine/database"],
    "engine/environment": ["engine/base", "engine/database", "engine/manifest",
                           "engine/changeset", "engine/merge", "engine/overlay", "engine/plan",
                           "engine/access"],
    "engine": ["engine/base", "engine/database", "engine/manifest", "engine/changeset",
               "engine/merge", "engine/code", "engine/overlay", "engine/plan", "engine/access",
               "engine/environment"],
    # What doppel.hpp, the only header at the top, is made of.
    "engine/doppel": ["engine", "engine/base", "engine/database", "engine/manifest",
                      "engine/changeset", "engine/merge", "engine/code", "engine/overlay",
                      "engine/plan", "engine/access", "engine/environment"],
    "adapters/memory": ["engine/base", "engine/database"],
    "adapters/postgres": ["engine/base", "engine/database"],
    "adapters/sqlite": ["engine/base", "engine/database"],
    "adapters/contract": [],  # a suite of tests, which may see everything
    "cli": ["engine", "engine/base", "engine/database", "engine/manifest", "engine/changeset",
            "engine/merge", "engine/code", "engine/overlay", "engine/plan",
            "engine/environment", "engine/access", "desk", "server/api", "server/http",
            "server/net"],
    "server/http": ["engine/base"],
    "server/net": ["engine/base", "server/http"],
    "server/api": ["engine", "engine/base", "engine/database", "engine/environment", "engine/plan",
                   "engine/access", "engine/merge", "engine/overlay", "engine/manifest",
                   "server/http", "desk"],
    # An application like any other: it sees its own tables, and nothing of sandboxes.
    "desk": ["engine/base", "engine/database", "engine/manifest", "engine/access"],
}

# Rooms under server/ whose headers are included without that word.
SERVER = ("http/", "net/", "api/")

# The mains: the only files of the product that know which databases there are.
SEES_ADAPTERS = {"cli/main.cpp", "cli/drivers.cpp"}

# Headers that are slow to compile or foreign have one home each: (header, where).
HOMES = [
    (r"CLI/|CLI11", ["cli/"]),
    (r"yaml\.h$", ["engine/base/yaml.cpp"]),
    (r"sqlite3", ["adapters/sqlite/"]),
    (r"libpq|postgres_ext", ["adapters/postgres/"]),
    (r"openssl/", ["engine/base/hash.cpp", "server/net/"]),
    (r"sodium", ["engine/access/"]),
    (r"re2/", ["desk/", "engine/manifest/", "engine/merge/"]),
    (r"boost/", ["engine/base/json.", "engine/base/json_parse.cpp", "server/net/"]),
    (r"random$", ["engine/base/random."]),
    (r"thread$", ["cli/heartbeat.cpp", "server/net/worker_pool."]),
    (r"regex$", []),
    (r"fmt/(?!core\.h$)", []),
    (r"(sys/socket|netinet/.*|netdb|arpa/inet)(\.h)?$", []),
]

# What the product may not say, and why: (pattern, where, except in, what to do instead).
# server/http and the desk are as pure as the engine.
ENGINE, ALL = ("engine/", "desk/", "server/http/"), ("",)
PRODUCT = ("engine/", "adapters/", "cli/", "desk/", "server/")
BANNED = [
    (r"\b(system_clock|steady_clock|high_resolution_clock)\b", ENGINE, ["engine/base/clock.cpp"],
     "take a Clock"),
    (r"(?<![\w.>:])(std::)?(time|gettimeofday|clock_gettime|localtime|gmtime)\s*\(", ENGINE,
     ["engine/base/clock.cpp"], "take a Clock"),
    (r"\brandom_device\b|(?<![\w.>:])(std::)?s?rand\s*\(", PRODUCT, ["engine/base/random.cpp"],
     "take a Random"),
    (r"\b(secure_)?getenv\s*\(", ENGINE, [], "the caller passes it in"),
    (r"\bstd::regex\b", ALL, [], "use RE2"),
    (r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?f?printf\s*\(|(?<![\w.>])puts\s*\(", ENGINE, [],
     "return a value, the front ends print"),
    (r"(?<![\w.>:])(u|nano)?sleep\s*\(|\bsleep_(for|until)\b", ENGINE, [], "take a Clock"),
    (r"(?<![\w.>:])(socket|connect|bind|listen|accept)\s*\(\s*(AF_|PF_|fd|sock)", PRODUCT, [],
     "only the courier of the gate opens sockets"),
    (r"\bstd::(j?thread|async)\b", ENGINE, [], "the engine has no threads of its own"),
    (r"\b(system|popen)\s*\(", PRODUCT, [], "no shell"),
    (r"\busing\s+namespace\b", ALL, [], "write the name out"),
    (r"^\s*#\s*define\b", PRODUCT, [], "a constant or a function"),
]

MOST_LINES_OF_A_FILE = 800
MOST_LINES_OF_A_FUNCTION = 70
MOST_COLUMNS = 100
README_LINES = range(10, 61)

# Exceptions, each with its reason: (rule, path) -> why. One that nothing needs is a problem too.
EXCEPTIONS = {
}

# ---- Reading ------------------------------------------------------------------------------------

FOLDERS = ["engine", "adapters", "server", "cli", "desk", "tests", "examples", "bench", "tools",
           "cmake", "apps"]
SUFFIXES = {".cpp", ".hpp", ".c", ".py", ".sh", ".cmake", ".txt", ".sql", ".yaml", ".md",
            ".scenario"}
CODE = {".cpp", ".hpp", ".c"}
TEST_FILE = re.compile(
    r"_(test|laws|fuzz|bench)\.cpp$|^(tests|examples|bench|adapters/contract)/")


def strip(text):
    """The text without comments and without what stands in quotes; lines keep their numbers."""
    token = re.compile(
        r"//[^\n]*|/\*.*?\*/|R\"(\w*)\(.*?\)\1\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)

    def blank(match):
        found = match.group(0)
        if found.startswith("'") and re.match(r"[0-9a-fA-F]", text[match.start() - 1:]):
            return found  # a digit separator
        kept = "" if found.startswith("/") else '""'
        return kept + "\n" * found.count("\n")

    return token.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def room_of(path):
    """The folder of a source's room: engine/x, adapters/x, server/x, cli; engine for the face."""
    parts = path.split("/")
    if parts[0] in ("engine", "adapters", "server") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


# ---- Rules: (path, text) -> [(line, message)] ---------------------------------------------------

def included_room(name):
    """The room that an include of ours means: base/x.hpp is engine/base, http/x.hpp server/http."""
    if name.startswith(SERVER):
        return room_of("server/" + name)
    if name.startswith(("adapters/", "cli/", "desk/", "engine/", "tests/", "bench/")):
        return room_of(name)
    return room_of("engine/" + name)


def includes(path, text):
    found = []
    room = room_of(path)
    free = TEST_FILE.search(path) is not None
    if not free and room not in ROOMS:
        return [(1, f"the room {room} has no line in the table ROOMS of tools/tidy.py")]
    for match in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
        line, own, name = line_of(text, match.start(2)), match.group(1) == '"', match.group(2)
        if own and not free:
            target = included_room(name)
            if target.startswith("adapters/") and target != room:
                if path not in SEES_ADAPTERS:
                    found.append((line, f"only the mains see an adapter, not {path}"))
            elif target != room and target not in ROOMS[room]:
                found.append((line, f"{room} may not include {target}"))
        for header, homes in HOMES:
            if not own and re.match(header, name) and not free:
                if not any(path.startswith(home) for home in homes):
                    where = " or ".join(homes) or "nowhere"
                    found.append((line, f"<{name}> is included {where}"))
        if not own and name.startswith(("gtest/", "gmock/", "rapidcheck")) and not free:
            found.append((line, f"<{name}> is for tests"))
    return found


def banned(path, text):
    found = []
    if TEST_FILE.search(path):
        rules = [rule for rule in BANNED if rule[1] == ALL]
    else:
        rules = [rule for rule in BANNED if path.startswith(rule[1])]
    plain = strip(text)
    for pattern, _, allowed, instead in rules:
        if path in allowed:
            continue
        for match in re.finditer(pattern, plain, re.M):
            word = match.group(0).strip().rstrip("(").strip()
            found.append((line_of(plain, match.end()), f"'{word}' is banned: {instead}"))
    return found


CONTROL = re.compile(r"^\s*(\}?\s*else\b|if\b|for\b|while\b|switch\b|catch\b|do\b|try\b|return\b)")


def functions(path, text):
    """Every brace that opens after a parameter list opens a function or a lambda."""
    del path
    found, plain, stack, start = [], strip(text), [], 0
    for offset, letter in enumerate(plain):
        if letter == "{":
            head = plain[start:offset]
            is_function = re.search(r"\)\s*[\w\s:&*<>,()\[\]-]*$", head) is not None
            stack.append(offset if is_function and not CONTROL.match(head) else None)
        elif letter == "}" and stack:
            opened = stack.pop()
            if opened is not None:
                first = line_of(plain, opened)
                length = line_of(plain, offset) - first + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    found.append((first, f"a function of {length} lines"))
        if letter in ";{}":
            start = offset + 1
    return found


def sizes(path, text):
    del path
    found, lines = [], text.split("\n")
    if len(lines) - 1 > MOST_LINES_OF_A_FILE:
        found.append((len(lines) - 1, f"the file has {len(lines) - 1} lines: split it"))
    return found


def columns(path, text):
    del path
    return [(number, f"{len(line)} columns") for number, line in enumerate(text.split("\n"), 1)
            if len(line) > MOST_COLUMNS]


def header(path, text):
    del path
    found = []
    if not text.startswith("#pragma once\n"):
        found.append((1, "a header begins with #pragma once"))
    if not re.search(r"^\s*//", text, re.M):
        found.append((1, "a header says its contract in a comment"))
    return found


# Where a statement begins; a brace does so when it opens a block. gcc 12 frees twice, or reads what
# is freed, when what is fragile stands in one statement with co_await.
EDGE = re.compile(r";|\}|(?:\)[^;{}()]*|\b(?:else|do|try)\s*|^\s*)\{", re.M)
FRAGILE = re.compile(r"\?|&&|\|\||!(?!=)|\{|\[")


def coroutines(path, text):
    """`co_await` is a statement of its own, with arguments that have names."""
    del path
    found, plain = [], strip(text)
    for match in re.finditer(r"\bco_await\b", plain):
        *_, begin = [0, *(edge.end() for edge in EDGE.finditer(plain, 0, match.start()))]
        end = plain.find(";", match.end())
        head = re.match(r"\s*(?:else\s+)?(?:if|while|switch)\s*\(|\s*", plain[begin:])
        statement = plain[begin + head.end():end]
        wrong = FRAGILE.search(statement)
        if wrong:
            found.append((line_of(plain, match.start()),
                          f"'{wrong.group(0)}' in one statement with co_await: gcc 12 miscompiles "
                          "it, give the parts names"))
    return found


LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|^(<{7} |={7}$|>{7} )|GTEST_" r"SKIP|\bDIS"
                       r"ABLED_", re.M)


def leftovers(path, text):
    del path
    return [(line_of(text, match.start()), f"'{match.group(0).strip()}' is left in the text")
            for match in LEFTOVERS.finditer(text)]


def whitespace(path, text):
    del path
    found = [(line_of(text, match.start()), "white space at the end of a line")
             for match in re.finditer(r"[ \t]+$", text, re.M)]
    if text and not text.endswith("\n"):
        found.append((line_of(text, len(text)), "the last line has no end"))
    return found


def readme(path, text):
    del path
    count = len(text.strip().split("\n"))
    if count not in README_LINES:
        return [(1, f"a room's README has {README_LINES[0]} to {README_LINES[-1]} lines, "
                    f"not {count}")]
    return []


def rules_for(path):
    """(name, rule) of everything that a file must keep."""
    suffix = Path(path).suffix
    yield "leftovers", leftovers
    yield "whitespace", whitespace
    if suffix in CODE:
        yield "banned", banned
        yield "functions", functions
        yield "coroutines", coroutines
    if suffix in {".cpp", ".hpp"}:
        yield "includes", includes
    if suffix in CODE | {".py", ".sh", ".cmake"} or path == "dev":
        yield "sizes", sizes
        yield "columns", columns
    if suffix == ".hpp":
        yield "header", header
    if path.endswith("README.md") and room_of(path) in ROOMS:
        yield "readme", readme


# ---- All of it ----------------------------------------------------------------------------------

def files_of(root):
    for name in ["dev", ".ci/run", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]:
        if (root / name).is_file():
            yield name
    for folder in [*FOLDERS, "docs"]:
        for path in sorted((root / folder).rglob("*")):
            inside = str(path.relative_to(root))
            if path.is_file() and path.suffix in SUFFIXES:
                if not inside.startswith("tests/corpora/"):
                    yield inside


def missing_readmes(root):
    """Rooms with sources and without a README, as (path, message)."""
    for room in ROOMS:
        folder = root / room
        if room != "engine" and not (folder / "README.md").is_file():
            if any(folder.glob("*.cpp")):
                yield room, "the room has no README.md"


def dead_links(root, path, text):
    """Links of a page to files that aren't there."""
    found = []
    for match in re.finditer(r"\]\(([^)#\s]+)", text):
        target = match.group(1)
        if "://" not in target and not (root / path).parent.joinpath(target).exists():
            found.append((line_of(text, match.start()), f"the link leads nowhere: {target}"))
    return found


def check(root):
    """All problems of a tree: (path, line, rule, message)."""
    problems = []
    for path in files_of(root):
        text = (root / path).read_text(encoding="utf-8")
        for name, rule in rules_for(path):
            problems += [(path, line, name, message) for line, message in rule(path, text)]
        if path.endswith(".md"):
            problems += [(path, line, "links", message)
                         for line, message in dead_links(root, path, text)]
    problems += [(room, 1, "readme", message) for room, message in missing_readmes(root)]
    needed = {(rule, path) for path, _, rule, _ in problems}
    problems = [problem for problem in problems if (problem[2], problem[0]) not in EXCEPTIONS]
    for rule, path in sorted(set(EXCEPTIONS) - needed):
        problems.append((path, 1, rule, "the exception in tools/tidy.py is not needed any more"))
    return sorted(problems)


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    for path, line, rule, message in problems:
        print(f"{path}:{line}: {message} [{rule}]")
    print(f"tidy: {sum(1 for _ in files_of(root))} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
