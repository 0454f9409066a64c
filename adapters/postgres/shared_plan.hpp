#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/copied_objects.hpp"
#include "adapters/postgres/copied_tables.hpp"

/// Carrier rows: what the tables that all sandboxes of an application share consist of. Read from
/// live's catalogue by the deparse trick; every key is led by the sandbox.
namespace doppel::postgres {

/// A generation of shared tables: those that were made of one state of live's schema.
struct SharedNames {
  int generation = 0;
  std::string rows, views;    ///< schemas
  std::string owner, viewer;  ///< roles: of the tables; of the views, held to one sandbox
  std::string group;          ///< role: what every sandbox of the generation may do
};

/// Roles are the cluster's, so their names have the database's in them.
SharedNames shared_names(Connection& connection, int generation);

struct SharedPlan {
  std::vector<CopiedTable> tables;
  std::vector<std::string> table_statements;  ///< with search_path rows, live
  CopiedObjects objects;                      ///< with search_path views, live
  std::vector<std::string> view_statements;   ///< the same: what the application's views do
  std::vector<std::string> rule_statements;   ///< with search_path rows, views, live
  std::vector<database::Finding> findings;
};

/// REQUIRES: an open transaction with live's search_path. Throws Error(kUnsupported) for what
/// shared tables can't hold, with what to do instead.
SharedPlan plan_shared(Connection& connection, const std::vector<TableShapePtr>& shapes,
                       const SharedNames& names);

/// All that the shared tables are made of, as one short text: another when live's schema changed.
std::string shared_fingerprint(Connection& connection, const std::vector<TableShapePtr>& shapes);

/// Primary keys, unique keys, exclusions, indexes and references, each led by the sandbox.
std::vector<std::string> shared_key_statements(Connection& connection, const Oids& tables,
                                               std::vector<database::Finding>& findings);

}  // namespace doppel::postgres
