#include <algorithm>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json_tree.hpp"
#include "code/code.hpp"
#include "tests/support/sides.hpp"

namespace doppel::code {
namespace {

using changeset::State;
using testing::make_sides;
using testing::NewKeys;
using testing::Sides;

Surroundings around(const State& state) {
  Surroundings surroundings;
  surroundings.new_keys = [&state](const manifest::TableModel& table, std::size_t count) {
    std::int64_t next = 1'000'000;
    if (const auto rows = state.tables.find(table.name()); rows != state.tables.end()) {
      for (const auto& [key, row] : rows->second.rows) {
        if (key.front().kind() == ValueKind::kInteger) {
          next = std::max(next, key.front().integer() + 1);
        }
      }
    }
    std::vector<std::int64_t> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(next++);
    return keys;
  };
  return surroundings;
}

std::string told(const std::vector<manifest::Problem>& problems) {
  std::string all;
  for (const auto& problem : problems) all += manifest::to_text(problem) + "\n";
  return all;
}

std::string shown(const Files& files) {
  std::string all;
  for (const auto& [name, text] : files) all += "# " + name + "\n" + text;
  return all;
}

Files written(const manifest::Model& model, const State& state, Keys keys) {
  return write(model, state, around(state), {.tenant = "acme", .keys = keys});
}

Keys any_keys() { return *rc::gen::element(Keys::kWhereNeeded, Keys::kAll); }

RC_GTEST_PROP(CodeLaws, WhatWasWrittenChangesNothing, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const auto& model = sides.world.model;
  const Files files = written(model, sides.live, any_keys());
  for (const char* tenant : {"acme", "another"}) {
    const Read read = code::read(model, files, sides.live, around(sides.live),
                                 {.tenant = tenant, .missing = Missing::kDelete});

    RC_ASSERT(told(read.problems) == "");
    RC_ASSERT(read.changes.empty());
    RC_ASSERT(read.missing.empty());
  }
}

RC_GTEST_PROP(CodeLaws, AppliedItIsWhatWasWritten, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const auto& model = sides.world.model;
  const Files files = written(model, sides.sandbox, any_keys());

  const Read read = code::read(model, files, sides.live, around(sides.live),
                               {.tenant = "acme", .missing = Missing::kDelete});
  RC_ASSERT(told(read.problems) == "");
  const State after = changeset::apply(sides.live, read.changes);
  // Keys that the database gives may come out otherwise: what the rows say may not. A row that is
  // adopted by its natural key or its content keeps its key, which its file says otherwise.
  const std::string wanted = shown(written(model, sides.sandbox, Keys::kWhereNeeded));
  const bool adopts =
      wanted.find("$key: 10") != std::string::npos ||
      std::ranges::any_of(model.tables, [](const manifest::TableModel& table) {
        return table.key_source == database::KeySource::kApplication && !table.natural_key.empty();
      });
  RC_ASSERT(adopts || shown(written(model, after, Keys::kWhereNeeded)) == wanted);
  const Read again = code::read(model, files, after, around(after),
                                {.tenant = "acme", .missing = Missing::kDelete});
  RC_ASSERT(told(again.problems) == "");
  RC_ASSERT(again.changes.empty());
}

RC_GTEST_PROP(CodeLaws, ARenamedRowThatIsKnownByItsKeyIsAChange, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const auto& model = sides.world.model;
  const State& base = sides.world.base;
  const Files files = written(model, sides.sandbox, Keys::kAll);
  const Read read =
      code::read(model, files, base, around(base), {.tenant = "acme", .missing = Missing::kDelete});
  RC_ASSERT(told(read.problems) == "");
  const State after = changeset::apply(base, read.changes);

  for (const auto& [name, table] : base.tables) {
    const auto label = table.shape->column("name");
    for (const auto& [key, row] : table.rows) {
      const auto wanted = sides.sandbox.tables.at(name).rows.find(key);
      if (wanted == sides.sandbox.tables.at(name).rows.end()) continue;
      const auto found = after.tables.at(name).rows.find(key);
      RC_ASSERT(found != after.tables.at(name).rows.end());
      RC_ASSERT(found->second[*label] == wanted->second[*label]);
    }
  }
}

RC_GTEST_PROP(CodeLaws, NothingIsDeletedUnlessAsked, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const auto& model = sides.world.model;
  const Files files = written(model, sides.sandbox, any_keys());
  const Read read = code::read(model, files, sides.live, around(sides.live), {.tenant = "acme"});
  RC_PRE(read.problems.empty());
  for (const RowChange& change : read.changes.changes) {
    RC_ASSERT(change.kind() != ChangeKind::kDelete);
  }
}

/// Any bytes, and often those that YAML or JSON could take for something else.
std::string any_text() {
  static const std::vector<std::string> kPieces{"a",
                                                "Spam",
                                                " ",
                                                "  ",
                                                "\n",
                                                "\n\n",
                                                "\t",
                                                "\r",
                                                ":",
                                                ": ",
                                                " #",
                                                "#",
                                                "-",
                                                "- ",
                                                "'",
                                                "\"",
                                                "{",
                                                "}",
                                                "[",
                                                "]",
                                                ",",
                                                "|",
                                                ">",
                                                "%",
                                                "@",
                                                "&",
                                                "*",
                                                "!",
                                                "~",
                                                "null",
                                                "true",
                                                "no",
                                                "0",
                                                "12",
                                                "1.5",
                                                "1e3",
                                                "-",
                                                "+",
                                                ".",
                                                "inf",
                                                "nan",
                                                "infinity",
                                                "\\",
                                                "\xC3\xA9",
                                                "\xE2\x80\xA8",
                                                "\xEF\xBB\xBF",
                                                "\xF0\x9F\x98\x80",
                                                "\xFF",
                                                "\xC3",
                                                std::string(1, '\0'),
                                                "\x7F",
                                                "\xC2\x85",
                                                "$key",
                                                "$",
                                                "{\"a\":1}",
                                                "[1, 2]",
                                                "{\"a\": [\"b\", {}]}",
                                                "?",
                                                "<<",
                                                "=",
                                                "---",
                                                "..."};
  std::string text;
  for (const auto piece : *rc::gen::resize(
           8, rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 63)))) {
    text += kPieces[piece % kPieces.size()];
  }
  return text;
}

JsonTree any_json(int depth) {
  JsonTree tree;
  const int kind = *rc::gen::inRange(0, depth == 0 ? 3 : 5);
  if (kind == 0) {
    tree.text = *rc::gen::element<std::string>("null", "true", "false");
  } else if (kind == 1) {
    tree.kind = JsonTree::Kind::kNumber;
    tree.text = *rc::gen::element<std::string>("0", "-0", "1.50", "1e9", "9007199254740993");
  } else if (kind == 2) {
    tree.kind = JsonTree::Kind::kText;
    tree.text = any_text();
  } else {
    tree.kind = kind == 3 ? JsonTree::Kind::kArray : JsonTree::Kind::kObject;
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      if (kind == 3) tree.items.push_back(any_json(depth - 1));
      if (kind == 4)
        tree.members.push_back({any_text() + std::to_string(i), 0, any_json(depth - 1)});
    }
  }
  return tree;
}

Value any_value() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return {};
    case 1:
      return *rc::gen::element<std::int64_t>(0, -1, 7, std::numeric_limits<std::int64_t>::max(),
                                             std::numeric_limits<std::int64_t>::min());
    case 2:
      return *rc::gen::element(
          0.0, -0.0, 1.5, 1e300, 0.1, 1e-7, 100.0, std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::denorm_min());
    case 3:
      return Blob{any_text()};
    case 4:
      return write_json_tree(any_json(3),
                             *rc::gen::element(JsonSpacing::kNone, JsonSpacing::kWords));
    default:
      return any_text();
  }
}

RC_GTEST_PROP(CodeLaws, ValuesComeBackExactly, ()) {
  manifest::Model model;
  manifest::TableModel table;
  table.shape = std::make_shared<TableShape>(
      TableShape{"odd name: x", {"code", "$word", "plain", "json"}, {0}});
  table.columns.resize(4);
  table.columns[3].merge = manifest::MergeUnit::kJson;
  model.tables = {table};
  State state;
  state.tables[table.name()].shape = table.shape;
  const int rows = *rc::gen::inRange(1, 4);
  for (int i = 0; i < rows; ++i) {
    const Row row{any_value(), any_value(), any_value(), any_value()};
    state.tables[table.name()].rows[{row[0]}] = row;
  }
  const Files files = written(model, state, Keys::kWhereNeeded);
  State empty;
  empty.tables[table.name()].shape = table.shape;
  const Read read = code::read(model, files, empty, around(empty), {.tenant = "acme"});
  RC_LOG() << shown(files);
  RC_ASSERT(told(read.problems) == "");
  RC_ASSERT(changeset::apply(empty, read.changes) == state);
}

}  // namespace
}  // namespace doppel::code
