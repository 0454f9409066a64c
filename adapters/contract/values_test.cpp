#include <cmath>
#include <limits>

#include "adapters/contract/suite.hpp"
#include "base/text.hpp"

namespace doppel::contract {
namespace {

/// Values that a careless adapter changes on their way, as far as a column may hold them that
/// PostgreSQL has as text (its other types have a test in their room).
std::vector<Value> delicate_values(Dialect dialect) {
  std::vector<Value> values{Value(),
                            std::int64_t{0},
                            std::int64_t{9007199254740993},
                            std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max(),
                            0.0,
                            -0.0,
                            1.0,
                            0.1,
                            1e300,
                            5e-324,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            "",
                            "1",
                            "1.0",
                            "NULL",
                            "'); DROP TABLE areas; --",
                            "\u00fcber \U0001F600",
                            std::string("a\0b\0", 4),
                            std::string("\xc3\x28\xff"),
                            Blob{},
                            Blob{std::string("\0\xff text", 7)},
                            std::string(100000, 'x')};
  if (dialect == Dialect::kPostgresql) {
    std::erase_if(values, [](const Value& value) {
      const bool text = value.kind() == ValueKind::kText;
      return !value.is_null() &&
             !(text && is_valid_utf8(value.text()) && value.text().find('\0') == std::string::npos);
    });
  }
  return values;
}

TEST_P(Contract, KeepsEveryValueExactly) {
  std::vector<RowChange> changes;
  const auto values = delicate_values(GetParam().dialect);
  for (std::size_t i = 0; i < values.size(); ++i) {
    changes.push_back(insert("queues", {std::int64_t(i) + 1, {}, {}, values[i]}));
  }
  apply(changes);
  const auto rows = all_rows("queues");
  ASSERT_EQ(rows.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(rows[i][3], values[i]) << display(values[i]);
    EXPECT_EQ(row("queues", {std::int64_t(i) + 1}), rows[i]);
  }
}

TEST_P(Contract, ComparesBeforeImagesExactly) {
  const auto values = delicate_values(GetParam().dialect);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto key = std::int64_t(i) + 1;
    apply({insert("queues", {key, {}, {}, values[i]})});
    for (const Value& other : values) {
      const auto transaction = connection->begin(TransactionKind::kWrite);
      const auto change = update("queues", {key, {}, {}, other}, {key, {}, "n", other});
      const auto moved = connection->apply_changes(std::vector{change});
      EXPECT_EQ(moved.empty(), other == values[i]) << display(other) << display(values[i]);
    }
  }
}

TEST_P(Contract, ExactValuesSurviveUpdatesAndDeletes) {
  const auto values = delicate_values(GetParam().dialect);
  apply({insert("pairs", {1, "k", values[0]})});
  for (std::size_t i = 1; i < values.size(); ++i) {
    apply({update("pairs", {1, "k", values[i - 1]}, {1, "k", values[i]})});
    EXPECT_EQ(row("pairs", {"k", 1}), (Row{1, "k", values[i]}));
  }
  apply({erase("pairs", {1, "k", values.back()})});
  EXPECT_EQ(connection->count_rows("pairs"), 0);
}

TEST_P(Contract, TextKeysAreExactToo) {
  const std::string with_nul("a\0b", 3);
  const std::string invalid("\xff\xfe");
  if (GetParam().dialect == Dialect::kPostgresql) {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    for (const std::string& text : {with_nul, invalid}) {
      const std::vector change{insert("pairs", {1, text, "1"})};
      EXPECT_THAT(error_of([&] { connection->apply_changes(change); }),
                  testing::StartsWith("invalid_input: PostgreSQL keeps no text with"));
    }
    return;
  }
  apply({insert("pairs", {1, with_nul, 1}), insert("pairs", {1, "a", 2}),
         insert("pairs", {1, invalid, 3})});
  EXPECT_EQ(row("pairs", {with_nul, 1}), (Row{1, with_nul, 1}));
  EXPECT_EQ(row("pairs", {"a", 1}), (Row{1, "a", 2}));
  EXPECT_EQ(row("pairs", {invalid, 1}), (Row{1, invalid, 3}));
}

}  // namespace
}  // namespace doppel::contract
