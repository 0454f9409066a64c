#include "cli/row_text.hpp"

#include "cli/layout.hpp"
#include "cli/style.hpp"

namespace doppel::cli {

std::string row_heading(ChangeKind kind, const std::string& label, const Key& key) {
  const std::string where = key_text(label, key);
  const std::string rest = where.empty() ? "" : " " + styled(where, Tone::kFaint);
  switch (kind) {
    case ChangeKind::kInsert:
      return "  " + styled("+ " + label, Tone::kAdded) + rest;
    case ChangeKind::kDelete:
      return "  " + styled("- " + label, Tone::kRemoved) + rest;
    case ChangeKind::kUpdate:
      break;
  }
  return "  " + styled("~ " + label, Tone::kChanged) + rest;
}

std::string shown(const manifest::Model& model, const TableShape& shape, std::size_t column,
                  const Value& value) {
  const manifest::TableModel* table = model.table(shape.name);
  const bool secret =
      table != nullptr && column < table->columns.size() && table->columns[column].secret;
  return secret && !value.is_null() ? "(secret)" : display(value);
}

std::string table_heading(const std::string& table, std::size_t added, std::size_t changed,
                          std::size_t removed) {
  return styled(table, Tone::kHeading) + ": " + counts_text(added, changed, removed) + "\n";
}

}  // namespace doppel::cli
