#include "base/error.hpp"
#include "database/overlay.hpp"

namespace doppel::database {
namespace {

/// No column of an application is called so.
constexpr const char* kWhichOne = "doppel_which";

}  // namespace

TableShapePtr keyless_shape(const Table& table) {
  auto shape = std::make_shared<TableShape>(*shape_of(table, {}));
  shape->columns.emplace_back(kWhichOne);
  for (std::size_t i = 0; i < shape->columns.size(); ++i) shape->key.push_back(i);
  return shape;
}

bool is_keyless(const TableShape& shape) {
  return !shape.columns.empty() && shape.columns.back() == kWhichOne;
}

void Overlay::write_keyless(std::span<const RowChange> changes) {
  if (changes.empty()) return;
  throw Error(ErrorCode::kUnsupported, "rows of tables without a key aren't kept here",
              {.place = changes.front().table->name, .remedy = {}});
}

}  // namespace doppel::database
