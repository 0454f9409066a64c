#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "database/connection.hpp"

/// What the suite runs on: a database made for one test, with connections to it.
namespace doppel::contract {

class Backend {
 public:
  virtual ~Backend() = default;
  /// A connection with little patience: what is locked fails soon.
  virtual std::unique_ptr<database::Connection> connect(database::Access access) = 0;
};

/// What databases differ in by themselves, and not by their adapter.
enum class Dialect {
  kSqlite,      ///< a column holds any value; a deleted row's key may come again
  kPostgresql,  ///< a column holds its type's values; keys are counted, also by what is rolled back
};

struct BackendKind {
  std::string name;
  Dialect dialect = Dialect::kSqlite;
  /// A database with the tables of the schema, empty.
  std::function<std::unique_ptr<Backend>(const database::Schema&)> make;
};

/// Every adapter in every mode that may behave differently.
std::vector<BackendKind> backend_kinds();

/// The tables that the suite works on: keys of one to three columns from each KeySource, references
/// to other tables and to the same one, unique keys, and names that nobody should have given.
database::Schema suite_schema(Dialect dialect);

/// CREATE TABLE statements for SQL adapters. Tables with a key of three columns are WITHOUT ROWID
/// on SQLite, so that the suite meets such; references can be deferred everywhere.
std::string create_statements(const database::Schema& schema, Dialect dialect);

inline constexpr const char* kHostileTable = "we\"ird; DROP TABLE areas; -- 'x' \u00dcbung";
inline constexpr const char* kHostileColumn = "Se\"lect; \u00e9 t.\"x\"";

}  // namespace doppel::contract
