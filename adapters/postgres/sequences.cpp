#include "adapters/postgres/sequences.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

/// Up to so many keys are drawn one by one, which is right whoever else draws; a jump that is
/// larger can't be overtaken meanwhile.
constexpr std::int64_t kDrawn = 1000;

struct Counter {
  std::int64_t last = 0;  ///< given; what comes next is last + step
  std::int64_t step = 1;
};

Counter read_counter(Connection& connection, const std::string& sequence) {
  const ResultHandle result = connection.run(
      "SELECT seqincrement, coalesce(pg_sequence_last_value(seqrelid), seqstart - "
      "seqincrement) FROM pg_sequence WHERE seqrelid = " +
      sequence);
  const Row row = rows_of(result.get()).at(0);
  return {.last = row[1].integer(), .step = row[0].integer()};
}

void advance(Connection& connection, const std::string& sequence, std::int64_t highest) {
  const Counter counter = read_counter(connection, sequence);
  if (counter.step < 1 || counter.last >= highest) return;
  const std::int64_t missing = (highest - counter.last + counter.step - 1) / counter.step;
  if (missing <= kDrawn) {
    const Value parameters[]{Value(missing)};
    connection.run("SELECT nextval(" + sequence + ") FROM generate_series(1, $1::bigint)",
                   parameters);
    return;
  }
  const Value parameters[]{Value(highest)};
  connection.run("SELECT setval(" + sequence + ", $1::bigint)", parameters);
}

}  // namespace

void advance_sequences(Connection& connection, std::span<const RowChange> changes) {
  std::map<std::string, std::int64_t> highest;
  for (const RowChange& change : changes) {
    if (change.kind() != ChangeKind::kInsert) continue;
    const TableFacts& facts = connection.facts(change.table->name);
    for (const std::size_t column : change.table->key) {
      const std::string& sequence = facts.column(change.table->columns[column]).sequence;
      const Value& key = (*change.after)[column];
      if (sequence.empty() || key.kind() != ValueKind::kInteger) continue;
      const auto found = highest.try_emplace(sequence, key.integer()).first;
      found->second = std::max(found->second, key.integer());
    }
  }
  for (const auto& [sequence, key] : highest) advance(connection, sequence, key);
}

std::vector<std::int64_t> Connection::propose_keys(const database::Table& table,
                                                   const std::string& key_column,
                                                   std::size_t count) {
  if (table.key_source == database::KeySource::kApplication) {
    throw Error(ErrorCode::kInternal, "the application names the keys of this table",
                {.place = table.name, .remedy = {}});
  }
  return guarded([&] {
    const TableFacts& known = facts(table.name);
    const std::string column = database::quote_name(key_column);
    const ResultHandle result =
        link_.run("SELECT coalesce(max(" + column + "), 0) FROM " + known.own);
    Counter counter{.last = value_of(result.get(), 0, 0).integer()};
    const std::string& sequence = known.column(key_column).sequence;
    if (!sequence.empty()) {
      const Counter given = read_counter(*this, sequence);
      counter.step = std::max<std::int64_t>(given.step, 1);
      // Rows that somebody numbered by himself stand above what the sequence gave.
      const std::int64_t above = std::max<std::int64_t>(counter.last - given.last, 0);
      counter.last = given.last + (above + counter.step - 1) / counter.step * counter.step;
    }
    const auto room = (INT64_MAX - counter.last) / counter.step;
    if (room < static_cast<std::int64_t>(count)) {
      throw Error(ErrorCode::kUnsupported, "the highest key leaves no room for new ones",
                  {.place = table.name + "." + key_column, .remedy = "give the rows other keys"});
    }
    std::vector<std::int64_t> keys;
    while (keys.size() < count) keys.push_back(counter.last += counter.step);
    return keys;
  });
}

}  // namespace doppel::postgres
