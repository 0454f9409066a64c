#include "code/code.hpp"

#include <gtest/gtest.h>

namespace doppel::code {
namespace {

using changeset::State;
using manifest::TableModel;

/// rules (id, queue -> queues, text with ids like #12, secret), queues (id, name, parent ->
/// queues).
class CodeTest : public ::testing::Test {
 protected:
  CodeTest() {
    TableModel queues;
    queues.shape = std::make_shared<TableShape>(
        TableShape{"queues", {"id", "name", "parent", "hours", "secret"}, {0}});
    queues.columns.resize(5);
    queues.columns[3].merge = manifest::MergeUnit::kJson;
    queues.columns[4].secret = true;
    queues.natural_key = {{1, manifest::NaturalKeyPart::Fold::kLower}};
    queues.key_source = database::KeySource::kReused;
    queues.references = {reference(2)};
    TableModel rules;
    rules.shape = std::make_shared<TableShape>(TableShape{"rules", {"id", "queue", "text"}, {0}});
    rules.columns.resize(3);
    manifest::EmbeddedIds ids;
    ids.pattern = "#([0-9]+)";
    ids.table = "queues";
    rules.columns[2].ids = {ids};
    rules.key_source = database::KeySource::kReused;
    rules.references = {reference(1)};
    model_.application = "desk";
    model_.tables = {queues, rules};
    for (const TableModel& table : model_.tables) state_.tables[table.name()].shape = table.shape;
    put("queues", {1, "Spam", Value(), R"({"mon":[["08:00","17:00"]]})", "s1"});
    put("queues", {2, "Sales", 1, R"({"mon": []})", "s2"});
    put("rules", {1, 2, "see #1 first"});
    put("rules", {2, Value(), "one\ntwo\n"});
    around_.new_keys = [](const TableModel&, std::size_t count) {
      std::vector<std::int64_t> keys;
      for (std::size_t i = 0; i < count; ++i) keys.push_back(static_cast<std::int64_t>(50 + i));
      return keys;
    };
  }

  static manifest::Reference reference(std::size_t column) {
    manifest::Reference made;
    made.columns = {column};
    made.targets = {{{}, "queues", {"id"}}};
    return made;
  }
  void put(const std::string& table, const Row& row) {
    state_.tables.at(table).rows[{row[0]}] = row;
  }
  Files written(Keys keys = Keys::kWhereNeeded) {
    return write(model_, state_, around_, {.tenant = "acme", .keys = keys});
  }
  Read read_rows(const std::string& table, const std::string& rows,
                 Missing missing = Missing::kKeep) {
    const Files files{{kHeadFile, "doppel: 1\napplication: desk\ntenant: acme\n"},
                      {table + ".yaml", "table: " + table + "\nrows:\n" + rows}};
    return read(model_, files, state_, around_, {.tenant = "acme", .missing = missing});
  }
  /// The one problem of a file, as "file:line: error: message".
  std::string problem(const std::string& table, const std::string& rows) {
    const Read read = read_rows(table, rows, Missing::kDelete);
    EXPECT_TRUE(read.changes.empty());
    EXPECT_EQ(read.problems.size(), 1U);
    return read.problems.empty() ? "" : manifest::to_text(read.problems.front());
  }

  manifest::Model model_;
  State state_;
  Surroundings around_;
};

TEST_F(CodeTest, WhatAFolderLooksLike) {
  const Files files = written();
  EXPECT_EQ(files.at("doppel.yaml"), "doppel: 1\napplication: desk\ntenant: acme\n");
  EXPECT_EQ(files.at("queues.yaml"), R"(table: queues
rows:
  - name: Sales
    parent: {queues: Spam}
    hours:
      $json_spaced:
        mon: []
  - name: Spam
    parent: ~
    hours:
      mon: [["08:00", "17:00"]]
)");
  EXPECT_EQ(files.at("rules.yaml"), R"(table: rules
rows:
  - $key: 1
    queue: {queues: Sales}
    text:
      $parts:
      - "see #"
      - {queues: Spam}
      - " first"
  - $key: 2
    queue: ~
    text: |
      one
      two
)");
}

TEST_F(CodeTest, ARenameIsAChangeByKeyOrByWhatItWas) {
  for (const char* row : {"  - {$key: 1, name: Junk}\n", "  - {$was: spam, name: Junk}\n"}) {
    const Read read = read_rows("queues", row);
    ASSERT_EQ(read.changes.size(), 1U) << row;
    EXPECT_EQ(read.changes.changes[0].kind(), ChangeKind::kUpdate);
    EXPECT_EQ((*read.changes.changes[0].after)[1], Value("Junk"));
    EXPECT_EQ((*read.changes.changes[0].after)[4], Value("s1")) << "a secret stays";
    state_ = changeset::apply(state_, read.changes);
    EXPECT_TRUE(read_rows("queues", row).changes.empty());
    put("queues", {1, "Spam", Value(), R"({"mon":[["08:00","17:00"]]})", "s1"});
  }
}

TEST_F(CodeTest, NewRowsReferToEachOtherByName) {
  const Read read = read_rows("queues",
                              "  - {name: A, parent: {queues: B}}\n"
                              "  - {name: B, parent: {queues: A}}\n"
                              "  - {name: C, parent: {queues: C}}\n"
                              "  - {name: D, parent: {queues: SPAM}}\n");
  EXPECT_TRUE(read.problems.empty());
  ASSERT_EQ(read.changes.size(), 4U);
  EXPECT_EQ((*read.changes.changes[0].after)[2], Value(51));
  EXPECT_EQ((*read.changes.changes[1].after)[2], Value(50));
  EXPECT_EQ((*read.changes.changes[2].after)[2], Value(52));
  EXPECT_EQ((*read.changes.changes[3].after)[2], Value(1));
}

TEST_F(CodeTest, RowsThatAFileDoesntNameGoOnlyWhenAsked) {
  const Read kept = read_rows("queues", "  - {name: Sales}\n");
  EXPECT_TRUE(kept.changes.empty());
  ASSERT_EQ(kept.missing.size(), 1U);
  const Read read = read_rows("queues", "  - {name: Sales, parent: ~}\n", Missing::kDelete);
  ASSERT_EQ(read.changes.size(), 2U);
  EXPECT_EQ(read.changes.changes[0].kind(), ChangeKind::kDelete);
}

TEST_F(CodeTest, MistakesAreToldWithFileAndLine) {
  EXPECT_EQ(problem("queues", "  - name: A\n    parnet: ~\n"),
            "queues.yaml:4: error: no column 'parnet' of queues (did you mean 'parent'?)");
  EXPECT_EQ(problem("queues", "  - name: A\n    secret: x\n").substr(0, 46),
            "queues.yaml:4: error: secrets aren't taken fro");
  EXPECT_EQ(problem("queues", "  - name: A\n    parent: {queues: B}\n"),
            "queues.yaml:4: error: there is no queues 'B', neither in the folder nor here");
  EXPECT_NE(problem("queues", "  - name: A\n  - name: a\n").find("stands twice"),
            std::string::npos);
  EXPECT_NE(problem("queues", "  - name: A\n    id: 4\n").find("$key"), std::string::npos);
  EXPECT_NE(problem("queues", "  - name: {$blob: xyz}\n").find("hexadecimal"), std::string::npos);
  EXPECT_NE(problem("queues", "  - name: [\n").find("queues.yaml:4"), std::string::npos);
  EXPECT_NE(problem("queues", "  - {name: Sales, parent: {queues: Spam}}\n")
                .find("which it doesn't have and which would be deleted"),
            std::string::npos);
  EXPECT_NE(problem("nothing", "  - name: A\n").find("nothing.yaml:1"), std::string::npos);
}

TEST_F(CodeTest, AnotherApplicationsFolderIsRefused) {
  const Read read = code::read(model_, {{kHeadFile, "doppel: 2\napplication: crm\n"}}, state_,
                               around_, {.tenant = "acme"});
  EXPECT_EQ(read.problems.size(), 2U);
  EXPECT_EQ(code::read(model_, {}, state_, around_, {.tenant = "acme"}).problems.size(), 1U);
}

TEST_F(CodeTest, AKeyOfAnotherTenantIsNoKey) {
  Files files = written(Keys::kAll);
  put("queues", {1, "Sales", 2, R"({"mon": []})", "s1"});
  put("queues", {2, "Spam", Value(), R"({"mon":[["08:00","17:00"]]})", "s2"});
  put("rules", {1, 1, "see #2 first"});
  const Read read =
      code::read(model_, files, state_, around_, {.tenant = "other", .missing = Missing::kDelete});
  EXPECT_TRUE(read.problems.empty());
  EXPECT_TRUE(read.changes.empty());
}

}  // namespace
}  // namespace doppel::code
