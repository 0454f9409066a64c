#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/postgres/values.hpp"

namespace doppel::postgres {

class Connection;

struct ColumnFacts {
  TypeOid type = 0;  ///< a domain's base type
  std::string cast;  ///< the type as SQL, without its length
  /// Types without an equality of their own (json, xml, point) are compared by their text.
  bool compared_as_text = false;
  /// The sequence that gives its values, as SQL of a regclass; empty where none does.
  std::string sequence;
};

/// What SQL about a table needs to know of it, asked once in a transaction.
struct TableFacts {
  std::int64_t oid = 0;
  std::string text;  ///< the table's name as SQL
  /// Its own rows as SQL: without those of tables that inherit from it.
  std::string own;
  bool lockable = true;  ///< not so a view: the row that shows there may be another table's
  std::map<std::string, ColumnFacts, std::less<>> columns;
  /// Those of which an update may break a unique key or exclusion for the moment.
  std::set<std::string, std::less<>> unique_columns;

  /// Throws Error(kSql) where there is no such column.
  const ColumnFacts& column(const std::string& name) const;
};

/// Which tables are asked about besides those that are named; of a path with very many some.
enum class AlsoAsked { kNone, kAllOfThePath };

using KnownFacts = std::map<std::string, TableFacts, std::less<>>;

/// All in one round trip, whatever their number; what isn't there is left out. A name is one as the
/// search_path sees it, else `schema.table`.
KnownFacts read_facts(Connection& connection, const std::vector<std::string>& tables,
                      AlsoAsked also);

}  // namespace doppel::postgres
