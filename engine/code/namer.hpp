#pragma once

#include <map>
#include <unordered_map>

#include "code/code.hpp"
#include "code/form.hpp"

namespace doppel::code {

/// Rows of an environment by what they are called. Borrows all that it is made of.
class Namer {
 public:
  Namer(const manifest::Model& model, const changeset::State& config,
        const Surroundings& surroundings);

  /// Everything that a file says of a row, references by name where they have one.
  std::vector<Cell> cells_of(const manifest::TableModel& table, const Row& row);

  std::vector<Cell> cells_of(const manifest::TableModel& table, const Row& row,
                             const std::vector<std::size_t>& columns);

  /// What the row is called; `$key`, or the key's columns, where nothing else is its alone.
  std::vector<Cell> name_of(const manifest::TableModel& table, const Row& row);

  /// Whether no other row of config is called so.
  bool is_named(const manifest::TableModel& table, const Row& row);

  /// The key of the row of config that has these values in the columns of its name, folded.
  std::optional<Key> find(const manifest::TableModel& table, const std::vector<Value>& values);

  std::optional<Row> row(const std::string& table, const Key& key) const;

 private:
  using Index = std::unordered_map<std::vector<Value>, std::vector<Key>, RowHash>;
  const Index& index(const manifest::TableModel& table);
  std::optional<Form> reference_form(const manifest::TableModel& table,
                                     const manifest::Reference& reference, const Row& row);
  std::optional<Form> named(const manifest::TableModel& target, const Key& key);
  Form text_form(const manifest::TableModel& table, std::size_t column, const Row& row);

  const manifest::Model& model_;
  const changeset::State& config_;
  const Surroundings& surroundings_;
  std::map<std::string, Index, std::less<>> indices_;
  int depth_ = 0;
};

/// The values of the columns that name a row, folded as the rule says.
std::vector<Value> name_values(const NameRule& rule, const std::vector<Value>& values);

}  // namespace doppel::code
