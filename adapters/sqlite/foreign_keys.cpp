#include "adapters/sqlite/foreign_keys.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return to_lower_ascii(a) == to_lower_ascii(b);
}

bool refers_to(const database::Table& table, const std::vector<std::string>& targets) {
  return std::ranges::any_of(table.foreign_keys, [&](const database::ForeignKey& reference) {
    return std::ranges::any_of(
        targets, [&](const std::string& target) { return same_name(reference.target, target); });
  });
}

/// The tables to look into, likeliest first.
std::vector<const database::Table*> candidates(const database::Schema& schema,
                                               const std::vector<std::string>& written) {
  std::vector<const database::Table*> tables;
  for (const std::string& name : written) {
    if (const database::Table* table = schema.table(name)) tables.push_back(table);
  }
  for (const database::Table& table : schema.tables) {
    const bool listed = std::ranges::find(tables, &table) != tables.end();
    if (!listed && (written.empty() || refers_to(table, written))) tables.push_back(&table);
  }
  return tables;
}

std::string qualified(const std::string& column) { return "c." + database::quote_name(column); }

/// "rows of child whose columns are set and of which target has none".
std::string orphan_query(const database::Table& table, const database::ForeignKey& reference) {
  std::vector<std::string> columns;
  for (const std::string& column : table.primary_key) columns.push_back(qualified(column));
  for (const std::string& column : reference.columns) columns.push_back(qualified(column));
  std::string set;
  std::string equal;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const std::string child = qualified(reference.columns[i]);
    set += (i ? " AND " : "") + child + " IS NOT NULL";
    equal +=
        (i ? " AND p." : "p.") + database::quote_name(reference.target_columns[i]) + " = " + child;
  }
  return "SELECT " + join(columns, ", ") + " FROM " + database::quote_name(table.name) +
         " AS c WHERE " + set + " AND NOT EXISTS (SELECT 1 FROM " +
         database::quote_name(reference.target) + " AS p WHERE " + equal + ") LIMIT 1";
}

std::optional<BrokenReference> look_into(Connection& connection, const database::Table& table,
                                         const database::ForeignKey& reference) {
  auto statement = connection.prepare(orphan_query(table, reference));
  if (!statement->step()) return std::nullopt;
  const Row found = statement->row();
  const auto split = found.begin() + static_cast<std::ptrdiff_t>(table.primary_key.size());
  const std::string key = table.primary_key.empty() ? "" : " " + display(Key(found.begin(), split));
  const std::string columns = join(reference.columns, ", ");
  return BrokenReference{.place = table.name + "." + columns,
                         .message = "FOREIGN KEY constraint failed: " + table.name + key +
                                    " refers with " + columns + " to " + reference.target + " " +
                                    display(Row(split, found.end())) + ", which isn't there",
                         .remedy = "have that row in " + reference.target + " first, or give " +
                                   table.name + "." + columns + " the key of one that is there"};
}

}  // namespace

std::optional<BrokenReference> find_broken_reference(Connection& connection,
                                                     const std::vector<std::string>& written) {
  try {
    const database::Schema schema = connection.read_schema();
    for (const database::Table* table : candidates(schema, written)) {
      for (const database::ForeignKey& reference : table->foreign_keys) {
        if (auto broken = look_into(connection, *table, reference)) return broken;
      }
    }
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // The search is a courtesy: its own failure must not hide the constraint's.
  }
  return std::nullopt;
}

}  // namespace doppel::sqlite
