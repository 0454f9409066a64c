#include "base/hash.hpp"

#include <algorithm>

#include "changeset/changeset.hpp"

namespace doppel::changeset {
namespace {

void add_number(Sha256& hash, std::size_t number) {
  hash.add_value(static_cast<std::int64_t>(number));
}

void add_shape(Sha256& hash, const TableShape& shape) {
  hash.add_framed(shape.name);
  add_number(hash, shape.columns.size());
  for (const std::string& column : shape.columns) hash.add_framed(column);
  add_number(hash, shape.key.size());
  for (const std::size_t index : shape.key) add_number(hash, index);
}

void add_row(Sha256& hash, const Row& row) {
  add_number(hash, row.size());
  for (const Value& value : row) hash.add_value(value);
}

void add_image(Sha256& hash, const std::optional<Row>& image) {
  hash.add(image ? "+" : "-");
  if (image) add_row(hash, *image);
}

bool by_row(const RowChange* a, const RowChange* b) {
  const int tables = a->table->name.compare(b->table->name);
  if (tables != 0) return tables < 0;
  if (a->key != b->key) return a->key < b->key;
  if (a->before != b->before) return a->before < b->before;
  return a->after < b->after;
}

}  // namespace

std::string hash(const ChangeSet& changes) {
  std::vector<const RowChange*> sorted;
  sorted.reserve(changes.size());
  for (const RowChange& change : changes.changes) sorted.push_back(&change);
  std::ranges::sort(sorted, by_row);

  Sha256 hash;
  hash.add_framed("changeset");
  const TableShape* shape = nullptr;
  for (const RowChange* change : sorted) {
    // A shape goes in once, in front of its table's changes.
    if (shape == nullptr || !(*shape == *change->table)) {
      shape = change->table.get();
      hash.add("table");
      add_shape(hash, *shape);
    }
    hash.add("row");
    add_row(hash, change->key);
    add_image(hash, change->before);
    add_image(hash, change->after);
  }
  return hash.finish();
}

std::string hash(const State& state) {
  Sha256 hash;
  hash.add_framed("state");
  for (const auto& [name, table] : state.tables) {
    hash.add("table");
    add_shape(hash, *table.shape);
    for (const auto& [key, row] : table.rows) {
      hash.add("row");
      add_row(hash, row);
    }
  }
  return hash.finish();
}

}  // namespace doppel::changeset
