#include "manifest/ids.hpp"

#include <gtest/gtest.h>

namespace doppel::manifest {
namespace {

TableModel settings(std::vector<EmbeddedIds> ids) {
  auto shape = std::make_shared<TableShape>();
  shape->name = "settings";
  shape->columns = {"name", "value"};
  shape->key = {0};
  TableModel table;
  table.shape = shape;
  table.columns.resize(2);
  table.columns[1].ids = std::move(ids);
  return table;
}

EmbeddedIds ids(std::string pattern, std::string table, std::string within = "") {
  EmbeddedIds made;
  made.pattern = std::move(pattern);
  made.table = std::move(table);
  made.within = std::move(within);
  return made;
}

std::vector<std::string> found_in(const TableModel& table, const Row& row) {
  std::vector<std::string> found;
  for (const FoundId& id : find_ids(table, 1, row)) {
    found.push_back(id.table + " " + row[1].text().substr(id.begin, id.length));
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(Ids, AreFoundInTheOrderOfTheText) {
  const TableModel table = settings({ids(R"(cf_(\d+))", "fields"), ids(R"(q(\d+))", "queues")});
  EXPECT_EQ(found_in(table, {"x", "cf_12,q3,cf_4,cf_,q"}),
            (Texts{"fields 12", "queues 3", "fields 4"}));
  EXPECT_EQ(found_in(table, {"x", ""}), Texts{});
  EXPECT_TRUE(find_ids(table, 1, {"x", Value()}).empty());
  EXPECT_TRUE(find_ids(table, 1, {"x", 12}).empty());
  EXPECT_TRUE(find_ids(table, 0, {"cf_1", "cf_1"}).empty());
}

TEST(Ids, AreSearchedOnlyWithinAPart) {
  const TableModel table = settings({ids(R"('(\d+)')", "statuses", R"(status:\n((?:- .*\n)*))")});
  const std::string text = "status:\n- '1'\n- '22'\nother:\n- '3'\nstatus:\n- '4'\n";
  EXPECT_EQ(found_in(table, {"x", text}), (Texts{"statuses 1", "statuses 22", "statuses 4"}));
}

TEST(Ids, AreSearchedOnlyInRowsThatHoldWhatWhenAsksFor) {
  EmbeddedIds one = ids(R"((\d+))", "queues");
  one.when = {{"name", Value("default")}};
  const TableModel table = settings({one});
  EXPECT_EQ(found_in(table, {"default", "7"}), Texts{"queues 7"});
  EXPECT_EQ(found_in(table, {"limit", "7"}), Texts{});
}

TEST(Ids, OfOverlappingOnesTheFirstCounts) {
  const TableModel table = settings({ids(R"((\d+))", "a"), ids(R"(x(\d+))", "b")});
  EXPECT_EQ(found_in(table, {"x", "x12 3"}), (Texts{"a 12", "a 3"}));
}

TEST(Ids, SearchWithPatternsThatMatchNothingEnds) {
  const TableModel table = settings({ids(R"((\d*))", "a", "(.*)")});
  EXPECT_EQ(found_in(table, {"x", "a1b\n23"}), (Texts{"a 1", "a 23"}));
}

TEST(Ids, CompiledOnesGiveTheSame) {
  TableModel table = settings({ids(R"(cf_(\d+))", "fields")});
  const Texts plain = found_in(table, {"x", "cf_5 cf_6"});
  table.columns[1].id_search = compile_ids(table.columns[1].ids);
  EXPECT_EQ(found_in(table, {"x", "cf_5 cf_6"}), plain);
  EXPECT_EQ(compile_ids({}), nullptr);
}

}  // namespace
}  // namespace doppel::manifest
