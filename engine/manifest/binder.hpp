#pragma once

#include <string>
#include <vector>

#include "manifest/column_type.hpp"
#include "manifest/model.hpp"

/// How a manifest and a schema become a model. Internal to this room: bind() and check() are the
/// same work, and differ in what they do with the problems.
namespace doppel::manifest {

class Binder {
 public:
  Binder(const Manifest& manifest, const database::Schema& schema)
      : manifest_(manifest), schema_(schema) {}

  /// A contradiction between manifest and database.
  void error(const std::string& place, const std::string& message, const std::string& remedy);
  /// Something that the manifest says nothing of [M3].
  void gap(const std::string& place, const std::string& message, const std::string& remedy);
  void warning(const std::string& place, const std::string& message, const std::string& remedy);

  const Manifest& manifest() const { return manifest_; }
  const database::Schema& schema() const { return schema_; }
  const std::vector<Problem>& problems() const { return problems_; }
  bool has_gaps() const { return gaps_ > 0; }
  bool has_contradictions() const { return contradictions_ > 0; }

  Model model;

 private:
  const Manifest& manifest_;
  const database::Schema& schema_;
  std::vector<Problem> problems_;
  int gaps_ = 0;
  int contradictions_ = 0;
};

/// A table of both sides while it is bound.
struct BoundTable {
  const TableEntry* entry = nullptr;
  const database::Table* table = nullptr;
  TableModel* model = nullptr;  ///< null: it has no key, so its rows are only classified
};

/// The columns that a table's rows are known by: the manifest's `key`, or the primary key.
std::vector<std::string> key_columns(const TableEntry& entry, const database::Table& table);

/// The type family of a column; unknown where there is no such column.
TypeFamily family_in(const database::Table& table, std::string_view column);

/// A named column's place in the shape, or an error that says so (`what`: "the label").
std::optional<std::size_t> find_column(Binder& binder, const BoundTable& bound,
                                       const std::string& name, const std::string& what,
                                       const Place& place);

/// Key, shape and all that stands in the table's own entry but references. False where the table
/// has no key that can be used; it is then no part of the model.
bool bind_table(Binder& binder, const TableEntry& entry, const database::Table& table,
                TableModel& model);

/// References of the manifest and of the database, `part_of` and the role's `of`.
/// REQUIRES: bind_table() of all tables came first.
void bind_references(Binder& binder, const BoundTable& bound);

/// Text columns that the manifest says nothing of [M3].
void check_classified(Binder& binder, const TableEntry& entry, const database::Table& table);

/// Roles `of` a cycle and parts of each other.
void check_cycles(Binder& binder);

}  // namespace doppel::manifest
