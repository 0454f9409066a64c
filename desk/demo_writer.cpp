#include "desk/demo_writer.hpp"

#include "base/id.hpp"
#include "desk/insert.hpp"

namespace doppel::desk {
namespace {

constexpr std::size_t kRowsOfTransaction = 50'000;

}  // namespace

void DemoWriter::table(const std::string& name, std::vector<std::string> columns) {
  columns.insert(columns.begin(), "id");
  for (const char* own : {"version", "created_at", "updated_at"}) columns.emplace_back(own);
  places_[name] = tables_.size();
  tables_.push_back({.name = name, .columns = std::move(columns), .rows = {}});
}

void DemoWriter::add(const std::string& table, std::string id, Instant at,
                     std::vector<Value> values) {
  Row row;
  row.reserve(values.size() + 4);
  row.emplace_back(std::move(id));
  for (Value& value : values) row.push_back(std::move(value));
  row.emplace_back(1);
  row.emplace_back(instant_text(at));
  row.push_back(row.back());
  tables_[places_.at(table)].rows.push_back(std::move(row));
  ++pending_;
}

void DemoWriter::flush() {
  const auto transaction = connection_.begin(database::TransactionKind::kWrite);
  for (Table& table : tables_) {
    insert_rows(*connection_.sql(), table.name, table.columns, table.rows);
    counts_[table.name] += static_cast<std::int64_t>(table.rows.size());
    table.rows.clear();
  }
  transaction->commit();
  pending_ = 0;
}

void DemoWriter::flush_if_full() {
  if (pending_ >= kRowsOfTransaction) flush();
}

std::string demo_id(Random& random, Instant at) { return make_uuid7(ManualClock(at), random); }

}  // namespace doppel::desk
