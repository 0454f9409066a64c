#include "adapters/contract/suite.hpp"

namespace doppel::contract {
namespace {

using testing::ElementsAre;

TEST_P(Contract, ReadsRowsInTheOrderOfTheKeys) {
  apply(
      {insert("areas", {1, "a", {}}), insert("areas", {2, "b", 1}), insert("areas", {5, "c", 2})});
  const std::vector<Key> keys{{5}, {4}, {1}, {5}, {{}}};
  const auto rows = connection->read_rows(*shape("areas"), keys);
  EXPECT_THAT(rows, ElementsAre(Row{5, "c", 2}, std::nullopt, Row{1, "a", {}}, Row{5, "c", 2},
                                std::nullopt));
  EXPECT_TRUE(connection->read_rows(*shape("areas"), {}).empty());
}

TEST_P(Contract, ReadsByKeysOfTwoAndThreeColumns) {
  apply({insert("pairs", {1, "x", "1"}), insert("pairs", {2, "x", "2"}),
         insert("pairs", {1, "y", "3"}), insert("rights", {"admin", 1, "x", 1}),
         insert("rights", {"admin", 1, "y", 0}), insert("rights", {"guest", 1, "x", {}})});
  EXPECT_EQ(row("pairs", {"x", 2}), (Row{2, "x", "2"}));
  EXPECT_EQ(row("pairs", {"y", 2}), std::nullopt);
  EXPECT_EQ(row("rights", {"admin", 1, "y"}), (Row{"admin", 1, "y", 0}));
  EXPECT_EQ(row("rights", {"guest", 1, "y"}), std::nullopt);
}

TEST_P(Contract, ScansInKeyOrder) {
  apply({insert("pairs", {2, "x", "1"}), insert("pairs", {1, "y", "2"}),
         insert("pairs", {1, "x", "3"}), insert("pairs", {-1, "x", "4"})});
  EXPECT_THAT(all_rows("pairs"),
              ElementsAre(Row{-1, "x", "4"}, Row{1, "x", "3"}, Row{2, "x", "1"}, Row{1, "y", "2"}));
}

TEST_P(Contract, ScansWhatMatchesWithNullMatchingNull) {
  apply({insert("areas", {1, "a", {}}), insert("queues", {1, {}, "n", "1"}),
         insert("queues", {2, {}, {}, "2"}), insert("queues", {3, 1, "n", "3"})});
  const auto scan = [&](const database::Matching& matching) {
    std::vector<Row> rows;
    connection->scan_rows(*shape("queues"), matching,
                          [&](Row&& found) { rows.push_back(std::move(found)); });
    return rows;
  };
  EXPECT_THAT(scan({{"area"}, {{}}}), ElementsAre(Row{1, {}, "n", "1"}, Row{2, {}, {}, "2"}));
  EXPECT_THAT(scan({{"name", "area"}, {"n", 1}}), ElementsAre(Row{3, 1, "n", "3"}));
  EXPECT_THAT(scan({{"name"}, {"other"}}), ElementsAre());
}

TEST_P(Contract, TheSinkMayReadAndScanOtherTables) {
  apply({insert("areas", {1, "a", {}}), insert("areas", {2, "b", {}}),
         insert("queues", {1, 1, "n", {}})});
  std::int64_t seen = 0;
  connection->scan_rows(*shape("areas"), {}, [&](Row&& area) {
    EXPECT_EQ(row("areas", {area[0]}), area);
    seen += static_cast<std::int64_t>(all_rows("queues").size());
  });
  EXPECT_EQ(seen, 2);
}

TEST_P(Contract, FindsAndCountsByColumnsWithNullMatchingNothing) {
  apply({insert("areas", {1, "a", {}}), insert("areas", {2, "b", {}}),
         insert("queues", {4, 1, "x", {}}), insert("queues", {3, 1, "y", {}}),
         insert("queues", {2, 1, "z", {}}), insert("queues", {1, {}, {}, {}}),
         insert("queues", {5, 2, "x", {}})});
  const std::vector<std::vector<Value>> areas{{1}, {{}}, {9}, {2}};
  const auto found = connection->find_rows(*shape("queues"), {"area"}, areas, 2);
  EXPECT_THAT(found, ElementsAre(ElementsAre(Row{2, 1, "z", {}}, Row{3, 1, "y", {}}), ElementsAre(),
                                 ElementsAre(), ElementsAre(Row{5, 2, "x", {}})));
  EXPECT_THAT(connection->count_rows("queues", {"area"}, areas), ElementsAre(3, 0, 0, 1));
  const std::vector<std::vector<Value>> both{{1, "x"}, {1, {}}};
  EXPECT_THAT(connection->count_rows("queues", {"area", "name"}, both), ElementsAre(1, 0));
  EXPECT_EQ(connection->count_rows("queues"), 5);
}

/// A database may answer many questions in another way than few: the answers are the same.
TEST_P(Contract, ManyQuestionsAtOnceAreAnsweredAsEachByItself) {
  std::vector<RowChange> rows;
  for (int i = 1; i <= 60; ++i) {
    const Value anything = i % 5 == 0 ? Value() : Value("n" + std::to_string(i % 7));
    rows.push_back(insert("queues", {i, {}, {}, anything}));
  }
  apply(rows);
  std::vector<std::vector<Value>> asked;
  for (int i = 0; i < 40; ++i) {
    asked.push_back({i % 9 == 0 ? Value() : Value("n" + std::to_string(i % 11))});
  }
  const std::vector<std::string> columns{"anything"};
  const auto found = connection->find_rows(*shape("queues"), columns, asked, 3);
  const auto counts = connection->count_rows("queues", columns, asked);
  ASSERT_EQ(found.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::span one(&asked[i], 1);
    EXPECT_EQ(found[i], connection->find_rows(*shape("queues"), columns, one, 3).front()) << i;
    EXPECT_EQ(counts[i], connection->count_rows("queues", columns, one).front()) << i;
  }
  EXPECT_EQ(found[1].size(), 3);
  EXPECT_EQ(counts[7], 0);
}

TEST_P(Contract, ReadsByAKeyThatOnlyTheManifestKnows) {
  apply({insert("areas", {1, "b", {}}), insert("areas", {2, "a", 1})});
  const auto by_name = database::shape_of(*schema.table("areas"), {"name"});
  EXPECT_THAT(all_rows(*connection, *by_name), ElementsAre(Row{2, "a", 1}, Row{1, "b", {}}));
  const Row before{2, "a", 1};
  apply({{by_name, {"a"}, before, Row{2, "a", {}}}});
  EXPECT_EQ(row("areas", {2}), (Row{2, "a", {}}));
}

TEST_P(Contract, ProposesTheKeysThatTheDatabaseWouldGive) {
  const auto propose = [&](const std::string& table, std::size_t count) {
    return connection->propose_keys(*schema.table(table), "id", count);
  };
  EXPECT_THAT(propose("areas", 2), ElementsAre(1, 2));
  EXPECT_THAT(propose("queues", 1), ElementsAre(1));
  const Row area{7, "a", {}};
  const Row queue{7, {}, {}, {}};
  apply({insert("areas", area), insert("queues", queue)});
  apply({erase("areas", area), erase("queues", queue), insert("areas", {3, "b", {}}),
         insert("queues", {3, {}, {}, {}})});
  const bool counted = schema.table("areas")->key_source == database::KeySource::kCounted;
  EXPECT_THAT(propose("areas", 1), ElementsAre(counted ? 8 : 4));
  EXPECT_THAT(propose("queues", 2), ElementsAre(8, 9));
  EXPECT_THAT(propose("queues", 0), ElementsAre());
}

TEST_P(Contract, HostileNamesAreOnlyNames) {
  apply({insert("areas", {1, "a", {}}), insert(kHostileTable, {"k", "v"})});
  EXPECT_EQ(row(kHostileTable, {"k"}), (Row{"k", "v"}));
  apply({update(kHostileTable, {"k", "v"}, {"k", "w"})});
  const std::vector<std::vector<Value>> wanted{{"w"}};
  EXPECT_THAT(connection->count_rows(kHostileTable, {"Mixed Case"}, wanted), ElementsAre(1));
  EXPECT_EQ(connection->find_rows(*shape(kHostileTable), {kHostileColumn}, {{{"k"}}}, 1).size(), 1);
  apply({erase(kHostileTable, {"k", "w"})});
  EXPECT_EQ(connection->count_rows(kHostileTable), 0);
  EXPECT_EQ(connection->count_rows("areas"), 1);
}

TEST_P(Contract, ANameThatIsNotThereIsAnErrorAndNeverAText) {
  apply({insert("areas", {1, "missing", {}})});
  const std::vector<std::vector<Value>> wanted{{"missing"}};
  EXPECT_THAT(error_of([&] { connection->count_rows("areas", {"missing"}, wanted); }),
              testing::HasSubstr("missing"));
  EXPECT_THAT(error_of([&] { connection->count_rows("nowhere"); }),
              testing::HasSubstr("sql: no such table: nowhere"));
}

TEST_P(Contract, TellsTheSchema) {
  auto read = connection->read_schema();
  for (database::Table& table : read.tables) {
    table.definition.clear();
    for (database::UniqueKey& key : table.unique_keys) key.name.clear();
  }
  EXPECT_THAT(database::differences(schema, read), ElementsAre());
  for (const database::Table& table : schema.tables) {
    const database::Table* found = read.table(table.name);
    ASSERT_NE(found, nullptr) << table.name;
    EXPECT_EQ(*found, table) << table.name;
  }
}

}  // namespace
}  // namespace doppel::contract
