#!/usr/bin/env python3
"""Every house rule is shown failing, and not failing on what it must let through."""

import tempfile
import unittest
import unittest.mock
from pathlib import Path

import tidy

README = "\n".join(["# a room", *["text"] * 12]) + "\n"


def messages(rule, path, text):
    return [message for _, message in rule(path, text)]


class Includes(unittest.TestCase):
    def refused(self, path, line):
        self.assertEqual(len(messages(tidy.includes, path, line + "\n")), 1, f"{path}: {line}")

    def passes(self, path, line):
        self.assertEqual(messages(tidy.includes, path, line + "\n"), [], f"{path}: {line}")

    def test_lower_rooms_only(self):
        self.refused("engine/base/x.cpp", '#include "manifest/model.hpp"')
        self.refused("engine/merge/x.cpp", '#include "database/connection.hpp"')
        self.refused("engine/plan/x.cpp", '#include "environment/store.hpp"')
        self.refused("engine/base/x.hpp", '#include "doppel.hpp"')
        self.passes("engine/plan/x.cpp", '#include "merge/merge.hpp"')
        self.passes("engine/plan/x.cpp", '#include "plan/plan.hpp"')
        self.passes("cli/diff.cpp", '#include "doppel.hpp"')

    def test_adapters(self):
        self.refused("engine/overlay/x.cpp", '#include "adapters/sqlite/open.hpp"')
        self.refused("cli/diff.cpp", '#include "adapters/sqlite/open.hpp"')
        self.refused("adapters/sqlite/x.cpp", '#include "adapters/memory/open.hpp"')
        self.refused("adapters/sqlite/x.cpp", '#include "manifest/model.hpp"')
        self.passes("cli/main.cpp", '#include "adapters/sqlite/open.hpp"')
        self.passes("engine/overlay/x_test.cpp", '#include "adapters/sqlite/open.hpp"')

    def test_the_server(self):
        self.refused("server/http/x.cpp", '#include "net/server.hpp"')
        self.refused("server/net/x.cpp", '#include "doppel.hpp"')
        self.refused("server/http/x.cpp", "#include <boost/asio/post.hpp>")
        self.refused("engine/base/x.cpp", '#include "http/message.hpp"')
        self.passes("server/net/x.cpp", '#include "http/message.hpp"')
        self.passes("server/net/x.cpp", "#include <boost/asio/post.hpp>")

    def test_homes_of_headers(self):
        self.refused("engine/plan/x.cpp", "#include <CLI/CLI.hpp>")
        self.refused("engine/base/json.cpp", "#include <yaml.h>")
        self.refused("engine/overlay/x.cpp", "#include <sqlite3.h>")
        self.refused("engine/base/id.cpp", "#include <openssl/evp.h>")
        self.refused("adapters/sqlite/x.cpp", "#include <re2/re2.h>")
        self.refused("engine/merge/x.cpp", "#include <boost/json/value.hpp>")
        self.refused("engine/base/x.cpp", "#include <fmt/format.h>")
        self.refused("cli/x.cpp", "#include <regex>")
        self.refused("engine/base/x.cpp", "#include <thread>")
        self.refused("engine/base/id.cpp", "#include <random>")
        self.refused("engine/base/x.cpp", "#include <sys/socket.h>")
        self.refused("engine/base/x.cpp", "#include <gtest/gtest.h>")
        self.passes("engine/base/yaml.cpp", "#include <yaml.h>")
        self.passes("engine/base/x.cpp", "#include <fmt/core.h>")
        self.passes("cli/main.cpp", "#include <CLI/CLI.hpp>")

    def test_a_room_must_be_in_the_table(self):
        self.refused("engine/shed/x.cpp", "#include <string>")


class Banned(unittest.TestCase):
    def refused(self, line, path="engine/base/x.cpp"):
        self.assertEqual(len(messages(tidy.banned, path, line + "\n")), 1, line)

    def passes(self, line, path="engine/base/x.cpp"):
        self.assertEqual(messages(tidy.banned, path, line + "\n"), [], line)

    def test_the_world_is_passed_in(self):
        self.refused("auto t = std::chrono::system_clock::now();")
        self.refused("auto t = time(nullptr);")
        self.refused("auto t = std::time(nullptr);")
        self.refused("std::random_device d;")
        self.refused("int a = rand();")
        self.refused('auto home = std::getenv("HOME");')
        self.refused("sleep(1);")
        self.refused("std::this_thread::sleep_for(1s);")
        self.refused("int s = socket(AF_INET, 0, 0);")
        self.refused("std::thread worker;")
        self.refused('std::system("ls");')
        self.passes("auto t = std::chrono::system_clock::now();", "engine/base/clock.cpp")
        self.passes('auto home = std::getenv("HOME");', "cli/home.cpp")
        self.passes("auto t = start_time(row); auto u = row.time(1); auto w = clock::time(2);")

    def test_output_and_style(self):
        self.refused("std::cout << 1;")
        self.refused('printf("x");')
        self.refused("std::regex r;", "tests/x.cpp")
        self.refused("using namespace std;", "cli/x.cpp")
        self.refused("#define LIMIT 3")
        self.passes('printf("x");', "cli/x.cpp")
        self.passes('snprintf(buffer, 3, "x");')

    def test_comments_and_texts_are_not_code(self):
        self.passes("// never std::cout here, nor rand()")
        self.passes('auto text = "using namespace std; rand()";')
        self.passes('auto text = R"(rand())";')
        self.refused("int million = 1'000'000; int chance = rand();")


class Sizes(unittest.TestCase):
    def function_of(self, lines, head="void f(int a) {"):
        return "\n".join(["namespace n {", head, *["  go();"] * (lines - 2), "}", "}"]) + "\n"

    def test_functions(self):
        heads = ["void f(int a) {", "int A::f() const noexcept {", "A::A(int a) : a_(a), b_(2) {",
                 "auto f() -> std::vector<int> {", "TEST(Room, does_it) {",
                 "auto f = [&](int a) {"]
        for head in heads:
            self.assertEqual(messages(tidy.functions, "x.cpp", self.function_of(70, head)), [])
            self.assertEqual(len(messages(tidy.functions, "x.cpp", self.function_of(71, head))), 1,
                             head)

    def test_what_is_no_function(self):
        for head in ["class A {", "struct A : B {", "enum class A : int {", "const int kA[] = {"]:
            self.assertEqual(messages(tidy.functions, "x.cpp", self.function_of(200, head)), [])

    def test_files_and_lines(self):
        self.assertEqual(tidy.sizes("x.cpp", "a\n" * 800), [])
        self.assertEqual(len(tidy.sizes("x.cpp", "a\n" * 801)), 1)
        self.assertEqual(tidy.columns("x.cpp", "a" * 100 + "\n"), [])
        self.assertEqual(tidy.columns("x.cpp", "\n" + "a" * 101 + "\n"), [(2, "101 columns")])


class Coroutines(unittest.TestCase):
    def found(self, line):
        return messages(tidy.coroutines, "server/net/x.cpp", line + "\n")

    def test_co_await_stands_alone(self):
        for line in ["a = c ? co_await f(x) : y;", "Options o{.a = co_await f(x)};",
                     "co_await f({.a = s});", "if (!co_await f(x)) return;",
                     "if (a && co_await f(x)) return;", "co_await f([x] { return x; });"]:
            self.assertEqual(len(self.found(line)), 1, line)
        for line in ["co_await f(x, std::move(y));", "const auto r = co_await f(x);",
                     "if (auto r = co_await f(x); r && s) return;", "co_await f(x);  // why?",
                     "while (co_await f(x)) g();", "if (a) {\n  co_await f(x);\n}"]:
            self.assertEqual(self.found(line), [], line)


class Texts(unittest.TestCase):
    def test_header(self):
        self.assertEqual(tidy.header("x.hpp", "#pragma once\n/// What it is.\n"), [])
        self.assertEqual(len(tidy.header("x.hpp", "/// What it is.\n")), 1)
        self.assertEqual(len(tidy.header("x.hpp", "#pragma once\nint x;\n")), 1)

    def test_leftovers(self):
        for word in ["TO" + "DO: later", "FIX" + "ME", "X" * 3, "<" * 7 + " mine", "=" * 7,
                     "GTEST_" + "SKIP();", "DIS" + "ABLED_case"]:
            self.assertEqual(len(tidy.leftovers("x.cpp", word + "\n")), 1, word)
        self.assertEqual(tidy.leftovers("x.md", "a todo list\n=========\n"), [])

    def test_whitespace(self):
        self.assertEqual(tidy.whitespace("x.md", "a\n"), [])
        self.assertEqual(len(tidy.whitespace("x.md", "a \n")), 1)
        self.assertEqual(len(tidy.whitespace("x.md", "a")), 1)

    def test_readme(self):
        self.assertEqual(tidy.readme("engine/base/README.md", README), [])
        self.assertEqual(len(tidy.readme("engine/base/README.md", "# base\n")), 1)
        self.assertEqual(len(tidy.readme("engine/base/README.md", "line\n" * 61)), 1)


class Tree(unittest.TestCase):
    """The rules as they are applied to a folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("engine/base/README.md", README)
        self.write("engine/base/x.hpp", "#pragma once\n// A thing.\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def problems(self):
        return [(path, rule) for path, _, rule, _ in tidy.check(self.root)]

        without = unittest.mock.patch.dict(tidy.EXCEPTIONS, {}, clear=True)
        without.start()
        self.addCleanup(without.stop)

    def test_a_clean_tree(self):
        self.assertEqual(self.problems(), [])

    def test_each_rule_is_applied(self):
        self.write("engine/base/y.hpp", "int y;\n")
        self.write("engine/base/z.cpp", '#include "plan/plan.hpp"\nint a = rand();  \n'
                   + "//" + "a" * 100 + "\n")
        self.write("engine/base/long.cpp", "void f() {\n" + "  g();\n" * 800 + "}\n")
        self.write("docs/x.md", "TO" + "DO\n")
        self.write("engine/plan/x.cpp", "int a;\n")
        self.write("adapters/memory/README.md", "short\n")
        self.assertEqual(
            self.problems(),
            [("adapters/memory/README.md", "readme"), ("docs/x.md", "leftovers"),
             ("engine/base/long.cpp", "functions"), ("engine/base/long.cpp", "sizes"),
             ("engine/base/y.hpp", "header"), ("engine/base/y.hpp", "header"),
             ("engine/base/z.cpp", "includes"), ("engine/base/z.cpp", "banned"),
             ("engine/base/z.cpp", "whitespace"), ("engine/base/z.cpp", "columns"),
             ("engine/plan", "readme")])

    def test_links(self):
        self.write("docs/x.md", "[a](../engine/base/README.md#main) [b](https://example.org/)\n")
        self.assertEqual(self.problems(), [])
        self.write("docs/x.md", "[a](../engine/bose/README.md)\n")
        self.assertEqual(self.problems(), [("docs/x.md", "links")])

    def test_exceptions_are_named_and_needed(self):
        self.write("docs/x.md", "TO" + "DO\n")
        exceptions = {("leftovers", "docs/x.md"): "a reason"}
        with unittest.mock.patch.dict(tidy.EXCEPTIONS, exceptions, clear=True):
            self.assertEqual(self.problems(), [])
            self.write("docs/x.md", "done\n")
            self.assertEqual(self.problems(), [("docs/x.md", "leftovers")])


if __name__ == "__main__":
    unittest.main()
