#include "changeset/changeset.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace doppel::changeset {
namespace {

const TableShapePtr kQueues =
    std::make_shared<TableShape>(TableShape{"queues", {"id", "name", "colour"}, {0}});

RowChange insert(const Row& after) { return {kQueues, {after[0]}, std::nullopt, after}; }
RowChange remove(const Row& before) { return {kQueues, {before[0]}, before, std::nullopt}; }
RowChange update(const Row& before, const Row& after) {
  return {kQueues, {before[0]}, before, after};
}

State state_of(const std::vector<Row>& rows) {
  State state;
  state.tables["queues"].shape = kQueues;
  for (const Row& row : rows) state.tables["queues"].rows.emplace(Key{row[0]}, row);
  return state;
}

TEST(ChangeSet, DiffSaysWhatTurnsOneStateIntoTheOther) {
  const State before = state_of({{1, "Spam", {}}, {2, "Sales", "red"}, {3, "Old", {}}});
  const State after = state_of({{1, "Junk", {}}, {2, "Sales", "red"}, {4, "New", {}}});
  const ChangeSet changes = diff(before, after);
  EXPECT_EQ(changes.changes,
            (std::vector<RowChange>{update({1, "Spam", {}}, {1, "Junk", {}}),
                                    remove({3, "Old", {}}), insert({4, "New", {}})}));
  EXPECT_EQ(apply(before, changes), after);
  EXPECT_EQ(apply(after, invert(changes)), before);
  const auto counts = count(changes);
  EXPECT_EQ(counts.at("queues").added, 1U);
  EXPECT_EQ(counts.at("queues").removed, 1U);
  EXPECT_EQ(counts.at("queues").changed, 1U);
  ASSERT_NE(changes.find("queues", {4}), nullptr);
  EXPECT_EQ(changes.find("queues", {2}), nullptr);
}

TEST(ChangeSet, ATableOfOneSideCountsAsEmptyOnTheOther) {
  const State after = state_of({{1, "Spam", {}}});
  EXPECT_EQ(apply(State{}, diff(State{}, after)), after);
  EXPECT_EQ(diff(after, State{}).size(), 1U);
}

TEST(ChangeSet, ApplyRefusesWhatMoved) {
  const State state = state_of({{1, "Spam", {}}});
  const auto refused = [&](const RowChange& change) {
    try {
      apply(state, {{change}});
    } catch (const Error& error) {
      return error.code() == ErrorCode::kStale && error.place() == "queues";
    }
    return false;
  };
  EXPECT_TRUE(refused(insert({1, "Spam", {}})));
  EXPECT_TRUE(refused(remove({2, "Spam", {}})));
  EXPECT_TRUE(refused(update({1, "spam", {}}, {1, "Junk", {}})));
  EXPECT_FALSE(refused(update({1, "Spam", {}}, {1, "Junk", {}})));
}

TEST(ChangeSet, NormaliseKeepsTheNetEffect) {
  const ChangeSet history{{insert({9, "A", {}}), update({1, "a", {}}, {1, "b", {}}),
                           update({1, "b", {}}, {1, "c", {}}), remove({9, "A", {}}),
                           update({2, "x", {}}, {2, "y", {}}), update({2, "y", {}}, {2, "x", {}}),
                           remove({0, "z", {}}), insert({0, "Z", {}})}};
  EXPECT_EQ(normalise(history).changes,
            (std::vector<RowChange>{update({0, "z", {}}, {0, "Z", {}}),
                                    update({1, "a", {}}, {1, "c", {}})}));
}

TEST(ChangeSet, HashesTheSameWhateverTheOrder) {
  const ChangeSet one{{insert({1, "a", {}}), insert({2, "b", {}})}};
  const ChangeSet other{{insert({2, "b", {}}), insert({1, "a", {}})}};
  EXPECT_EQ(hash(one), hash(other));
  EXPECT_NE(hash(one), hash(invert(one)));
  EXPECT_NE(hash(one), hash(ChangeSet{{insert({1, "a", {}})}}));
  EXPECT_NE(hash(state_of({{1, "a", {}}})), hash(state_of({{1, "a", ""}})));
}

TEST(ChangeSet, IsStoredExactly) {
  const ChangeSet changes{{insert({9007199254740993, std::string("a\0b", 3), Blob{"\xff"}}),
                           update({1, "\xc3\x28", -0.0}, {1, 0.1, {}}), remove({2, 1e300, 3})}};
  const std::string written = write_json(to_json(changes), JsonStyle::kCompact);
  EXPECT_EQ(from_json(parse_json(written, "x"), "x"), changes) << written;
}

TEST(ChangeSet, RefusesHostileInput) {
  const std::string tables =
      R"("tables":[{"name":"t","columns":["a","b"],"key":[0]}],"format":"doppel-changeset-1")";
  const std::vector<std::string> hostile{
      "3",
      "{}",
      R"({"format":"other","tables":[],"changes":[]})",
      R"({"format":"doppel-changeset-1","tables":3,"changes":[]})",
      R"({"format":"doppel-changeset-1","tables":[{"name":"","columns":["a"],"key":[0]}],)"
      R"("changes":[]})",
      R"({"format":"doppel-changeset-1","tables":[{"name":"t","columns":["a"],"key":[1]}],)"
      R"("changes":[]})",
      R"({"format":"doppel-changeset-1","tables":[{"name":"t","columns":["a"],"key":[]}],)"
      R"("changes":[]})",
      R"({"format":"doppel-changeset-1","tables":[{"name":"t","columns":["a","a"],"key":[0]}],)"
      R"("changes":[]})",
      "{" + tables + R"(,"changes":[{"table":1,"after":[1,2]}]})",
      "{" + tables + R"(,"changes":[{"table":-1,"after":[1,2]}]})",
      "{" + tables + R"(,"changes":[{"table":0,"after":[1]}]})",
      "{" + tables + R"(,"changes":[{"table":0}]})",
      "{" + tables + R"(,"changes":[7]})",
      "{" + tables + R"(,"changes":[{"table":0,"after":[1,true]}]})",
      "{" + tables + R"(,"changes":[{"table":0,"before":[1,2],"after":[2,2]}]})",
  };
  for (const std::string& text : hostile) {
    EXPECT_THROW(from_json(parse_json(text, "x"), "x"), Error) << text;
  }
}

}  // namespace
}  // namespace doppel::changeset
