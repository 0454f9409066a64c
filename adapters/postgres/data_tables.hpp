#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/postgres/copied_tables.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "database/overlay.hpp"

/// Tables of data that a sandbox writes over live's rows, as live's catalogue has them. Read while
/// live's search_path is set.
namespace doppel::postgres {

struct DataColumn {
  std::string name;
  bool generated = false;
  std::string default_sql;  ///< what an insert that leaves it out gives; empty: NULL
};

/// A unique key or exclusion, which must hold across the sandbox's own rows and live's.
struct UniqueRule {
  std::string name;
  std::vector<std::string> parts;      ///< columns or expressions, as SQL
  std::vector<std::string> operators;  ///< aligned: two rows for which all are true collide
  std::vector<std::string> columns;    ///< that it depends on; none: any change may matter
  std::string condition;               ///< of a partial index
  bool exclusion = false;
  bool nulls_collide = false;
};

/// A foreign key of which one side at least is written by the sandbox.
struct ForeignKey {
  enum class Action { kNone, kRestrict, kCascade, kSetNull, kSetDefault };
  std::string name;
  std::int64_t child = 0, parent = 0;   ///< live's tables
  std::string child_sql, parent_sql;    ///< as the search_path sees them
  std::string child_name, parent_name;  ///< for messages
  std::vector<std::string> columns, target_columns;
  std::vector<std::string> set_columns;  ///< what SET NULL and SET DEFAULT set
  Action on_delete = Action::kNone, on_update = Action::kNone;
  bool match_full = false;
  bool deferred = false;       ///< judged at the end of the transaction
  bool child_refused = false;  ///< its rows are live's, and no view could bear a write of them
};

struct DataTable {
  CopiedTable live;
  TableShapePtr shape;
  std::size_t number = 0;  ///< of its capture
  std::vector<DataColumn> columns;
  std::vector<UniqueRule> rules;
  std::vector<std::string> triggers;  ///< row triggers of the application that run, as statements
  std::vector<std::string> statement_triggers;  ///< the same of whole statements
  /// Columns that a trigger `UPDATE OF` names; writing a row then names only what it changes.
  std::vector<std::string> watched_columns;
  std::vector<std::string> late_triggers;  ///< names of those that run at the end of a statement
  std::string because;  ///< the written table that its rows refer to; empty: it was asked for

  std::vector<std::string> key() const;  ///< the key's columns, quoted
};

/// A table that a view can't bear, with the reason.
struct RefusedTable {
  std::string schema, name, owner;
  std::int64_t oid = 0;
  std::string reason, remedy;
  bool shown = false;  ///< whether the sandbox has a view of its name that says so
};

struct DataTables {
  std::vector<DataTable> tables;
  std::vector<RefusedTable> refused;
  std::vector<ForeignKey> keys;

  /// Live's tables with a real copy that such a foreign key leads to or from.
  std::vector<CopiedTable> neighbours;
};

/// The tables that the sandbox is to write, and with them those whose rows refer to theirs, at any
/// distance: a child of a row that only the sandbox has can stand nowhere else, and what a delete
/// does to its children can't be done to live's. `copies` are the tables that it has real copies
/// of; capture numbers go on from theirs. Throws Error(kUnsupported) where the manifest says of one
/// that it is written, and no view can bear that.
DataTables read_data_tables(database::SqlRunner& live, const database::OverlaySpec& spec,
                            const std::vector<CopiedTable>& copies,
                            const std::vector<std::string>& path);

}  // namespace doppel::postgres
