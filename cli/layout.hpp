#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/row_change.hpp"

/// How output is laid out for people: plain functions from values to lines.
namespace doppel::cli {

/// Lines are kept within this where the values allow it.
inline constexpr std::size_t kLineWidth = 96;

/// An instant as people read it: 2026-11-22T03:25:37.527603Z is "2026-11-22 03:25:37".
std::string moment(std::string_view instant);

/// Rows below a faint heading, columns aligned. The last column is not filled up with blanks.
std::string table_text(const std::vector<std::string>& heading,
                       const std::vector<std::vector<std::string>>& rows);

/// The items, separated by commas, in lines that begin with `indent`.
std::string wrapped(const std::vector<std::string>& items, const std::string& indent);

/// "A: B" where it fits, else B on a line of its own below, further in.
std::string headed(const std::string& head, const std::string& text, const std::string& indent);

/// The words of a text, in lines that begin with `indent`.
std::string flowed(std::string_view text, const std::string& indent);

/// An argument as a shell takes it: in quotes where it must be.
std::string quoted(const std::string& argument);

/// "(key 4)", or nothing where the label says the key already.
std::string key_text(const std::string& label, const Key& key);

/// "1 added, 2 changed"; what there is none of is left out.
std::string counts_text(std::size_t added, std::size_t changed, std::size_t removed);

/// Whether the column is of the key: what names the row isn't said again among its fields.
bool is_key(const TableShape& shape, std::size_t column);

}  // namespace doppel::cli
