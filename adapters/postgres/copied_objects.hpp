#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/copied_tables.hpp"
#include "database/finding.hpp"

namespace doppel::postgres {

/// A function or view that must bind to the copies.
struct CopiedObject {
  enum class Kind { kFunction, kView, kMaterialisedView };
  Kind kind = Kind::kFunction;
  std::int64_t oid = 0;
  std::string schema, name;
  std::string sql;      ///< makes it while the sandbox's schema leads the search_path
  bool filled = false;  ///< materialised views: whether live's holds rows
};

struct CopiedObjects {
  std::vector<CopiedObject> objects;  ///< each after those that it needs
  std::vector<database::Finding> findings;
  Oids oids(CopiedObject::Kind kind) const;
};

/// Views that stand for live's tables of data in the sandbox, and functions that their triggers
/// call: those are copied in any case and see the sandbox first, whoever calls them.
struct WrittenData {
  Oids relations;
  std::vector<std::string> names;
  Oids trigger_functions;
};

/// The functions and views that read the copied tables, by what the catalogue says of them or by a
/// name in their body, and what reads those; functions of `also` in any case. `path` is live's.
CopiedObjects read_copied_objects(database::SqlRunner& live, const std::vector<CopiedTable>& tables,
                                  const std::vector<std::string>& path, const std::string& schema,
                                  const Oids& also = {}, const WrittenData& data = {});

}  // namespace doppel::postgres
