#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/facts.hpp"
#include "base/row_change.hpp"

/// The SQL of rows. Questions of many values go as arrays of text, one for each column, known as
/// `w` with the columns v0, v1, ... and their place n from 1.
namespace doppel::postgres {

/// t."column"
std::string column_text(std::string_view column);
/// t."a", t."b"
std::string columns_text(const std::vector<std::string>& columns);
std::vector<std::string> key_columns(const TableShape& table);
/// " ORDER BY " the key.
std::string order_text(const TableShape& table);

/// `unnest($first::text[], ...) WITH ORDINALITY AS w (v0, ..., n)` for so many columns.
std::string wanted_text(std::size_t columns, std::size_t first = 1);
/// t."a" = w.v0::type AND ...; the values of `columns` begin at w.v<first>.
std::string equal_text(const TableFacts& facts, const std::vector<std::string>& columns,
                       std::size_t first = 0);
/// w.v0::type as a value for the column.
std::string value_text(const ColumnFacts& column, std::size_t number);

/// One array for each column: element i is its value in `rows[i]`. REQUIRES: rows of that width.
std::vector<Value> arrays_of(std::size_t columns, std::span<const std::vector<Value>* const> rows);

}  // namespace doppel::postgres
