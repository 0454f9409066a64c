#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "manifest/model.hpp"

/// What stands in a file between the text and the rows: values, and references by name.
namespace doppel::code {

/// Words of doppel's own in a row begin with `$`; a column's name that does gets one more.
inline constexpr std::string_view kKeyWord = "$key";
inline constexpr std::string_view kWasWord = "$was";

struct Cell;

/// A value as a file writes it.
struct Form {
  enum class Kind {
    kValue,      ///< the stored value
    kReference,  ///< a row by its name: the key is looked up
    kParts,      ///< a text with references inside: the ids in it are looked up
  };
  Kind kind = Kind::kValue;
  Value value;
  std::string table;        ///< of a reference
  std::vector<Cell> name;   ///< of a reference: what the row is told by
  std::vector<Form> parts;  ///< texts and references
  std::size_t line = 0;
};

/// One column, or the columns of a reference of several, with what is written of them.
struct Cell {
  std::vector<std::size_t> columns;  ///< none: `$key`
  Form form;
};

/// A row as a file writes it.
struct RowForm {
  std::optional<Form> key;  ///< `$key`
  std::optional<Form> was;  ///< `$was`: what it was named before
  std::vector<Cell> cells;
  std::size_t line = 0;
};

/// What rows of a table are told by.
struct NameRule {
  std::vector<std::size_t> columns;  ///< none: only by the key that the database gave
  std::vector<bool> folded;          ///< aligned: letters of either case are the same
  bool is_key = false;               ///< the columns are the key
};
NameRule name_rule(const manifest::TableModel& table);

/// Whether the database gives the table's keys, so that they mean nothing elsewhere.
bool has_given_key(const manifest::TableModel& table);

/// Whether a folder leaves the column out: secrets, bindings, volatile columns.
bool is_left_out(const manifest::TableModel& table, std::size_t column);

/// Whether the reference is to the target's key, and then where each key column stands in it.
std::optional<std::vector<std::size_t>> key_order(const manifest::TableModel& target,
                                                  const manifest::Reference::Target& to);

/// Whether references to the table are written as its key: that is the application's own word.
bool reads_by_itself(const manifest::TableModel& table);

/// The references that are written by name where their row has one. No column is in two of them.
std::vector<const manifest::Reference*> named_references(const manifest::Model& model,
                                                         const manifest::TableModel& table);

/// The cells that say what a row is called.
std::vector<Cell> name_cells(const std::vector<std::size_t>& columns,
                             const std::vector<Cell>& cells);

/// One text for equal names, however they were written.
std::string canonical(const manifest::Model& model, const manifest::TableModel& table,
                      const std::vector<Cell>& name);

/// The columns' label in a file: `name`, or `a_id, b_id`.
std::string label_of(const manifest::TableModel& table, const std::vector<std::size_t>& columns);

}  // namespace doppel::code
