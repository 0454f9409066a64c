#include "adapters/postgres/compare.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/statement_text.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

/// Enough that a group with a difference brings few rows along, and few enough for memory.
constexpr int kGroups = 65536;

/// Of these types two values are equal only if their texts are, and have a hash of their own.
bool hashed_as_it_is(TypeOid type) {
  constexpr std::array<TypeOid, 10> kExact{kBool, kBytea, kInt8, kInt2, kInt4,
                                           kOid,  kUuid,  1082,  1114,  1184};
  return std::ranges::find(kExact, type) != kExact.end();
}

/// Texts are compared by their bytes, whatever the column's collation takes for equal.
std::string hashed(const TableFacts& facts, const std::string& column) {
  const std::string text = column_text(column);
  return hashed_as_it_is(facts.column(column).type) ? text : text + "::text COLLATE \"C\"";
}

std::string hash_of(const TableFacts& facts, const std::vector<std::string>& columns) {
  std::vector<std::string> values;
  for (const std::string& column : columns) values.push_back(hashed(facts, column));
  return "hash_record_extended(ROW(" + join(values, ", ") + "), 0)";
}

/// Which group a row is of: by its key.
std::string group_of(const TableFacts& facts, const std::vector<std::string>& key) {
  const TypeOid type = facts.column(key.front()).type;
  const bool number = key.size() == 1 && (type == kInt8 || type == kInt4 || type == kInt2);
  const std::string hash =
      number ? "hashint8extended(" + column_text(key.front()) + ", 0)" : hash_of(facts, key);
  return fmt::format("({} & {})", hash, kGroups - 1);
}

/// One of the tables, with a connection of its own.
class Side {
 public:
  Side(const OpenOptions& options, const TableShape& shape) : connection_(options), shape_(shape) {}

  void begin(const std::string& snapshot) {
    connection_.run_script(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" +
        (snapshot.empty() ? "" : "; SET TRANSACTION SNAPSHOT '" + snapshot + "'"));
    // Hashed, not sorted, though the planner takes every row for a group of its own; the other side
    // has the second processor.
    connection_.run_script(
        "SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off; "
        "SET LOCAL max_parallel_workers_per_gather = 0");
    group_ = group_of(facts(), key_columns(shape_));
  }
  std::string snapshot() {
    return row_of(connection_.run("SELECT pg_export_snapshot()").get(), 0).at(0).text();
  }

  void start_hashes() {
    connection_.link().start(
        fmt::format("SELECT {} AS g, bit_xor({}), count(*) FROM {} AS t GROUP BY g", group_,
                    hash_of(facts(), shape_.columns), facts().own));
  }
  std::map<std::int64_t, std::pair<Value, Value>> hashes() {
    std::map<std::int64_t, std::pair<Value, Value>> groups;
    const ResultHandle found = connection_.link().finish();
    for (int i = 0; i < PQntuples(found.get()); ++i) {
      groups.emplace(value_of(found.get(), i, 0).integer(),
                     std::pair(value_of(found.get(), i, 1), value_of(found.get(), i, 2)));
    }
    return groups;
  }

  void start_rows(const std::string& groups) {
    connection_.link().start(
        fmt::format("SELECT {} FROM {} AS t WHERE {} IN (SELECT unnest($1::bigint[]))",
                    columns_text(shape_.columns), facts().own, group_),
        std::vector<Value>{Value(groups)});
  }
  std::map<Key, Row> rows() {
    std::map<Key, Row> found;
    const ResultHandle result = connection_.link().finish();
    for (int i = 0; i < PQntuples(result.get()); ++i) {
      Row row = row_of(result.get(), i);
      Key key = shape_.key_of(row);
      found.emplace(std::move(key), std::move(row));
    }
    return found;
  }

 private:
  const TableFacts& facts() { return connection_.facts(shape_.name); }

  Connection connection_;
  const TableShape& shape_;
  std::string group_;
};

using Groups = std::map<std::int64_t, std::pair<Value, Value>>;

/// As an array.
std::string different_groups(const Groups& first, const Groups& second) {
  std::vector<std::string> numbers;
  for (const auto& [number, hash] : first) {
    const auto other = second.find(number);
    if (other == second.end() || other->second != hash) numbers.push_back(std::to_string(number));
  }
  for (const auto& [number, hash] : second) {
    if (!first.contains(number)) numbers.push_back(std::to_string(number));
  }
  return "{" + join(numbers, ",") + "}";
}

}  // namespace

std::vector<DifferentRow> compare_tables(const OpenOptions& options, const TableShape& first,
                                         const TableShape& second) {
  Side one(options, first);
  Side other(options, second);
  one.begin("");
  other.begin(one.snapshot());
  one.start_hashes();
  other.start_hashes();
  const Groups hashes = one.hashes();
  const std::string groups = different_groups(hashes, other.hashes());
  std::vector<DifferentRow> different;
  if (groups == "{}") return different;
  one.start_rows(groups);
  other.start_rows(groups);
  std::map<Key, Row> before = one.rows();
  std::map<Key, Row> after = other.rows();
  for (auto& [key, row] : before) {
    auto found = after.extract(key);
    if (found.empty()) {
      different.push_back({key, std::move(row), std::nullopt});
    } else if (found.mapped() != row) {
      different.push_back({key, std::move(row), std::move(found.mapped())});
    }
  }
  for (auto& [key, row] : after) different.push_back({key, std::nullopt, std::move(row)});
  std::ranges::sort(different, {}, &DifferentRow::key);
  return different;
}

}  // namespace doppel::postgres
