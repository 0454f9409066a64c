#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/row_change.hpp"

/// The SQL that rows are read and written with. Columns always stand behind a table's name: SQLite
/// takes a lone quoted name that is no column for a text.
namespace doppel::sqlite {

/// `t."column"`
std::string column_text(std::string_view column);
/// `t."a", t."b"`
std::string columns_text(const std::vector<std::string>& columns);
/// `SELECT t."a", t."b" FROM "table" AS t` with all columns of the shape.
std::string select_text(const TableShape& table);
/// ` ORDER BY t."k"`, the key's columns.
std::string order_text(const TableShape& table);
/// `t."a" = ?1 AND t."b" = ?2`, counted from `first`.
std::string equal_text(const std::vector<std::string>& columns, std::size_t first);
/// The same with IS, which finds NULL by NULL.
std::string identical_text(const std::vector<std::string>& columns, std::size_t first);
/// The condition for one key, counted from `first`.
std::string key_text(const TableShape& table, const Key& key, std::size_t first);

}  // namespace doppel::sqlite
