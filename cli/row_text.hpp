#pragma once

#include <string>

#include "base/row_change.hpp"
#include "manifest/model.hpp"

/// A changed row and its fields, as diff and plan show them alike.
namespace doppel::cli {

/// "  + LABEL (key K)", "  - ...", "  ~ ...", coloured; no line's end.
std::string row_heading(ChangeKind kind, const std::string& label, const Key& key);

/// A value for people: what the manifest calls secret is not shown.
std::string shown(const manifest::Model& model, const TableShape& shape, std::size_t column,
                  const Value& value);

/// "queues: 1 added, 2 changed", as a heading with its line's end.
std::string table_heading(const std::string& table, std::size_t added, std::size_t changed,
                          std::size_t removed);

}  // namespace doppel::cli
