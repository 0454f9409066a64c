#include "database/before_images.hpp"

#include <string_view>
#include <unordered_map>

namespace doppel::database {
namespace {

/// What earlier changes leave of the rows of a table.
using Left = std::unordered_map<Key, const std::optional<Row>*, RowHash>;

struct TableChanges {
  std::size_t number = 0;               ///< as they come
  std::vector<std::size_t> first = {};  ///< changes whose key comes for the first time
  Left left = {};
};

}  // namespace

std::vector<Moved> find_moved(RowReader& reader, std::span<const RowChange> changes) {
  const TablesReader one_by_one = [&](std::span<const TableKeys> asked) {
    std::vector<std::vector<std::optional<Row>>> rows;
    rows.reserve(asked.size());
    for (const TableKeys& table : asked) {
      rows.push_back(reader.read_rows(*table.table, table.keys));
    }
    return rows;
  };
  return find_moved(one_by_one, changes);
}

std::vector<Moved> find_moved(const TablesReader& read, std::span<const RowChange> changes) {
  std::unordered_map<std::string_view, TableChanges> tables;
  std::vector<TableKeys> asked;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [known, is_new] =
        tables.try_emplace(changes[i].table->name, TableChanges{.number = asked.size()});
    if (is_new) asked.push_back({.table = changes[i].table, .keys = {}});
    TableChanges& table = known->second;
    if (!table.left.try_emplace(changes[i].key, nullptr).second) continue;
    table.first.push_back(i);
    asked[table.number].keys.push_back(changes[i].key);
  }
  std::vector<std::optional<Row>> found(changes.size());
  auto answers = read(asked);
  for (const auto& [name, table] : tables) {
    auto& rows = answers[table.number];
    for (std::size_t n = 0; n < rows.size(); ++n) found[table.first[n]] = std::move(rows[n]);
  }

  std::vector<Moved> moved;
  for (std::size_t i = 0; i < changes.size() && moved.size() < kMovedLimit; ++i) {
    const RowChange& change = changes[i];
    Left& left = tables[change.table->name].left;
    const std::optional<Row>* now = left[change.key];
    if (now == nullptr) {
      now = &found[i];
      // A collation may find a row by a key that is spelt differently: it may be one that an
      // earlier change has had already.
      if (*now) {
        const auto other = left.find(change.table->key_of(**now));
        if (other != left.end() && other->second != nullptr) now = other->second;
      }
    }
    if (*now != change.before) moved.push_back({i, *now});
    left[change.key] = &change.after;
  }
  return moved;
}

}  // namespace doppel::database
