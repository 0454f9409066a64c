#include "merge/unit.hpp"

#include <gtest/gtest.h>

#include "merge/diff3.hpp"
#include "tests/support/merge_fixture.hpp"

namespace doppel::merge {
namespace {

using manifest::ColumnModel;
using manifest::MergeUnit;

ColumnModel column(MergeUnit unit, std::vector<manifest::ArrayRule> arrays = {}) {
  ColumnModel made;
  made.merge = unit;
  made.arrays = std::move(arrays);
  return made;
}

std::string merged(const ColumnModel& column, std::string_view base, std::string_view live,
                   std::string_view sandbox) {
  const auto made = merge_unit(column, base, live, sandbox, Side::kLive);
  if (!made) return "(whole)";
  EXPECT_TRUE(made->clashes.empty()) << made->clashes.front();
  return made->merged;
}

std::vector<std::string> clashes(const ColumnModel& column, std::string_view base,
                                 std::string_view live, std::string_view sandbox) {
  const auto made = merge_unit(column, base, live, sandbox, Side::kLive);
  return made ? made->clashes : std::vector<std::string>{"(whole)"};
}

TEST(TextUnitTest, ChangesOfDifferentLinesAreBothKept) {
  const ColumnModel text = column(MergeUnit::kText);
  EXPECT_EQ(merged(text, "a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nc\nD\n"), "a\nB\nc\nD\n");
  EXPECT_EQ(merged(text, "a\nb\nc\n", "x\na\nb\nc\n", "a\nb\n"), "x\na\nb\n");
  EXPECT_EQ(merged(text, "a\nb\nc", "a\nb\nc\nd", "z\na\nb\nc"), "z\na\nb\nc\nd");
  EXPECT_EQ(merged(text, "a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n"),
            "A\r\nb\r\nC\r\n");
  EXPECT_EQ(merged(text, "a\nb\nc\nb\na\n", "a\nb\nc\nb\na\nb\n", "b\na\nb\nc\nb\na\n"),
            "b\na\nb\nc\nb\na\nb\n");
}

TEST(TextUnitTest, WhatBothChangedIsNamedByItsLines) {
  const ColumnModel text = column(MergeUnit::kText);
  EXPECT_EQ(clashes(text, "a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n"),
            std::vector<std::string>{"line 2"});
  EXPECT_EQ(clashes(text, "a\nb\nc\nd\n", "a\nX\nX\nd\n", "a\nb\nY\nd\n"),
            std::vector<std::string>{"lines 2 to 3"});
  EXPECT_EQ(clashes(text, "a\n", "a\nx\n", "a\ny\n"), std::vector<std::string>{"after line 1"});
  EXPECT_EQ(clashes(text, "", "x", "y"), std::vector<std::string>{"before line 1"});
  const auto mine =
      merge_unit(text, "a\nb\nc\nd\n", "a\nX\nc\nd\n", "a\nY\nc\nD\n", Side::kSandbox);
  EXPECT_EQ(mine->merged, "a\nY\nc\nD\n");
  const auto lives = merge_unit(text, "a\nb\nc\nd\n", "a\nX\nc\nd\n", "a\nY\nc\nD\n", Side::kLive);
  EXPECT_EQ(lives->merged, "a\nX\nc\nD\n") << "the line that nobody else changed is merged";
}

TEST(TextUnitTest, TooMuchIsTakenAsAWhole) {
  std::string base;
  std::string live;
  std::string sandbox;
  for (std::size_t i = 0; i < 2 * kDifferencesLimit; ++i) {
    base += "b" + std::to_string(i) + "\n";
    live += "l" + std::to_string(i) + "\n";
    sandbox += "s" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(merged(column(MergeUnit::kText), base, live, sandbox), "(whole)");
  EXPECT_EQ(merged(column(MergeUnit::kText), std::string(5'000'000, 'x'), "a", "b"), "(whole)");
  EXPECT_EQ(merged(column(MergeUnit::kWhole), "a", "b", "c"), "(whole)");
}

TEST(JsonUnitTest, MembersAreMergedAndTheRestStaysAsItIsWritten) {
  const ColumnModel json = column(MergeUnit::kJson);
  EXPECT_EQ(merged(json, R"({"a": 1, "b": 2})", R"({ "a": 1.50,  "b": 2 })", R"({"a":1,"b":3})"),
            R"({ "a": 1.50,  "b": 3 })");
  EXPECT_EQ(merged(json, R"({"a":{"x":1,"y":1}})", R"({"a":{"x":2,"y":1}})",
                   R"({"a":{"x":1,"y":3},"n":[1]})"),
            R"({"a":{"x":2,"y":3},"n":[1]})");
  EXPECT_EQ(merged(json, R"({"a":1,"b":2,"c":3})", R"({"a":1,"b":2,"c":4})", R"({"a":1,"c":3})"),
            R"({"a":1,"c":4})");
  EXPECT_EQ(merged(json, R"({"a":1})", R"({"b":1})", R"({"a":1,"c":1})"), R"({"b":1,"c":1})");
  EXPECT_EQ(merged(json, R"({"a":1})", "{}", R"({"a":1,"c":1})"), R"({"c":1})");
  EXPECT_EQ(merged(json, R"({"n":9007199254740993,"t":"\u00e9"})",
                   R"({"n":9007199254740993,"t":"\u00e9","x":1})", R"({"n":9007199254740993})"),
            R"({"n":9007199254740993,"x":1})");
  EXPECT_EQ(merged(json, "{\n  \"a\": 1,\n  \"b\": 1\n}\n", "{\n  \"a\": 2,\n  \"b\": 1\n}\n",
                   "{\"a\": 1, \"b\": 1, \"c\": 1}"),
            "{\n  \"a\": 2,\n  \"b\": 1,\n  \"c\": 1\n}\n");
}

TEST(JsonUnitTest, WhatBothChangedIsNamedByItsPath) {
  const ColumnModel json = column(MergeUnit::kJson);
  EXPECT_EQ(clashes(json, R"({"a":{"x":1}})", R"({"a":{"x":2}})", R"({"a":{"x":3}})"),
            std::vector<std::string>{"a.x"});
  EXPECT_EQ(clashes(json, R"({"a b":[1]})", R"({"a b":[2]})", R"({"a b":[3]})"),
            std::vector<std::string>{R"("a b")"});
  EXPECT_EQ(clashes(json, R"({"a":1})", R"({"a":2})", "{}"), std::vector<std::string>{"a"});
  EXPECT_EQ(clashes(json, "1", "2", "3"), std::vector<std::string>{"the whole value"});
  EXPECT_EQ(clashes(json, "{}", "{", "{}"), std::vector<std::string>{"(whole)"});
  EXPECT_EQ(clashes(json, "{}", R"({"a":1,"a":2})", R"({"b":1})"),
            std::vector<std::string>{"(whole)"});
  const auto mine =
      merge_unit(json, R"({"a":1,"b":1})", R"({"a":2,"b":1})", R"({"a":3,"b":4})", Side::kSandbox);
  EXPECT_EQ(mine->merged, R"({"a":3,"b":4})");
}

TEST(JsonUnitTest, ArraysMergeAsTheyAreDeclared) {
  EXPECT_EQ(merged(column(MergeUnit::kSet), R"(["a", "b"])", R"(["b", "a", "c"])", R"(["a","d"])"),
            R"(["a", "c", "d"])");
  EXPECT_EQ(merged(column(MergeUnit::kSet), "[]", R"(["a"])", R"(["b"])"), R"(["a","b"])");
  EXPECT_EQ(merged(column(MergeUnit::kList), "[1,2,3,4]", "[0,1,2,3,4]", "[1,2,4,5]"),
            "[0,1,2,4,5]");
  EXPECT_EQ(clashes(column(MergeUnit::kList), "[1,2]", "[1,3]", "[1,4]"),
            std::vector<std::string>{"the whole value[1]"});
  const ColumnModel rules =
      column(MergeUnit::kJson, {{{"in", "*"}, MergeUnit::kSet}, {{"columns"}, MergeUnit::kList}});
  EXPECT_EQ(merged(rules, R"({"in":{"q":[1]},"columns":["a","b"]})",
                   R"({"in":{"q":[1,2]},"columns":["x","a","b"]})",
                   R"({"in":{"q":[3,1]},"columns":["a","b","y"]})"),
            R"({"in":{"q":[1,2,3]},"columns":["x","a","b","y"]})");
  EXPECT_EQ(clashes(rules, R"({"o":[1]})", R"({"o":[2]})", R"({"o":[3]})"),
            std::vector<std::string>{"o"});
}

TEST(JsonUnitTest, TwoObjectsThatBothSidesMadeBecomeOne) {
  const auto made = merge_unit(column(MergeUnit::kJson), std::nullopt, R"({"a":1,"b":2})",
                               R"({"a":1,"c":3})", Side::kLive);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->merged, R"({"a":1,"b":2,"c":3})");
}

/// In whole merges: a column `text` of rules.
class UnitMergeTest : public MergeTest {
 protected:
  UnitMergeTest() {
    model_.tables[1].columns[2].merge = MergeUnit::kText;
    model_.tables[1].columns[2].ids.clear();
    put(base_, "rules", {1, 1, "one\ntwo\nthree\n"});
    live_ = sandbox_ = base_;
  }
};

TEST_F(UnitMergeTest, LinesOfBothSidesAreInLive) {
  put(live_, "rules", {1, 1, "ONE\ntwo\nthree\n"});
  put(sandbox_, "rules", {1, 1, "one\ntwo\nTHREE\n"});
  const Result result = merged();
  EXPECT_TRUE(result.conflicts.empty());
  EXPECT_EQ(row(after(result), "rules", 1)[2], Value("ONE\ntwo\nTHREE\n"));
}

TEST_F(UnitMergeTest, OnlyWhatBothChangedIsAsked) {
  put(live_, "rules", {1, 1, "ONE\ntwo\nthree\n"});
  put(sandbox_, "rules", {1, 1, "Uno\ntwo\nTHREE\n"});
  EXPECT_NE(merged().conflicts.at(0).message.find("line 1 of text"), std::string::npos);
  Result result = answered(ConflictKind::kBothChanged, AnswerKind::kTakeSandbox);
  EXPECT_EQ(row(after(result), "rules", 1)[2], Value("Uno\ntwo\nTHREE\n"));
  answers_.clear();
  result = answered(ConflictKind::kBothChanged, AnswerKind::kKeepLive);
  EXPECT_EQ(row(after(result), "rules", 1)[2], Value("ONE\ntwo\nTHREE\n"));
  answers_.clear();
  result = answered(ConflictKind::kBothChanged, AnswerKind::kEdit, {"mine"});
  EXPECT_EQ(row(after(result), "rules", 1)[2], Value("mine"));
}

TEST_F(UnitMergeTest, WhatIsNoTextIsAskedAsAWhole) {
  put(live_, "rules", {1, 1, Value()});
  put(sandbox_, "rules", {1, 1, "one\n"});
  EXPECT_NE(merged().conflicts.at(0).message.find("NULL in live"), std::string::npos);
}

}  // namespace
}  // namespace doppel::merge
