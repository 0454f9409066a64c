#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "database/connection.hpp"

/// The deparse trick: everything is read from the catalogue while live's search_path is set, so
/// that names come out as live sees them, and made again while the sandbox's schema stands before
/// it, so that each name binds to the copy where there is one and to live's where there isn't.
namespace doppel::postgres {

/// Relations and functions by their numbers in the catalogue, for `= ANY ($1::oid[])`.
using Oids = std::vector<std::int64_t>;
std::string oid_array(const Oids& oids);

/// A table of live that the sandbox gets a real copy of: one that was asked for, or a partition of
/// one.
struct CopiedTable {
  std::int64_t oid = 0;
  std::string schema, name;
  std::string owner;
  char kind = 'r';              ///< relkind: r or p
  std::string partition_key;    ///< p: as PARTITION BY takes it
  std::string partition_bound;  ///< where it is a partition: as ATTACH PARTITION takes it
  /// The partitioned table that it is a part of, or those that it inherits from.
  std::vector<std::string> parents;
  std::vector<std::string> columns;  ///< stored, in order
  bool row_security = false;
};

/// Whether it is no partition and has parents all the same.
bool inherits(const CopiedTable& table);

/// Parents first. Throws Error(kSchemaChanged) for a table that isn't there, Error(kUnsupported)
/// for one outside of the search_path, that is no plain table, or that inherits from one that isn't
/// asked for, or the other way round.
std::vector<CopiedTable> read_copied_tables(database::SqlRunner& live,
                                            const std::vector<std::string>& names);

/// Tables with defaults from live's sequences and all rows; nothing that orders or checks them
/// across rows.
std::vector<std::string> table_statements(database::SqlRunner& live,
                                          const std::vector<CopiedTable>& tables);

/// An identity column's copy draws from live's own sequence, as a serial one's does.
std::vector<std::string> identity_statements(database::SqlRunner& live, const Oids& tables);

/// Checks that live hasn't validated: rows that are there already may break them. The statements
/// that take them from the copies, before the rows come.
std::vector<std::string> drop_unvalidated_checks(database::SqlRunner& live, const Oids& tables);

/// Keys, exclusions and indexes under their original names, foreign keys among the copies, checks
/// that aren't validated.
std::vector<std::string> constraint_statements(database::SqlRunner& live, const Oids& tables);

/// The same without the foreign keys.
std::vector<std::string> own_constraint_statements(database::SqlRunner& live, const Oids& tables);

/// Indexes that no constraint owns: of tables or materialised views.
std::vector<std::string> index_statements(database::SqlRunner& live, const Oids& relations);

}  // namespace doppel::postgres
