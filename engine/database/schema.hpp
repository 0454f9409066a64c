#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/row_change.hpp"

namespace doppel::database {

/// What the database's own catalogue says of a table. Names are as the database spells them.

struct Column {
  std::string name;
  std::string type;  ///< as declared: `varchar(30)`, `integer`; may be empty on SQLite
  bool not_null = false;
  bool generated = false;  ///< computed by the database, never written
  std::optional<std::string> default_sql;
  friend bool operator==(const Column&, const Column&) = default;
};

struct UniqueKey {
  std::string name;                  ///< of its index; empty for the key of a rowid table
  std::vector<std::string> columns;  ///< empty where the index is on expressions
  /// Whether columns alone decide: neither partial nor on expressions. Only such keys are probed;
  /// the others are judged by the database itself.
  bool plain = true;
  /// Those of `columns` in which it takes letters of either case (ASCII) for the same.
  std::vector<std::string> folded = {};
  bool partial = false;  ///< whether it holds only the rows of a condition
  /// Stored columns that it is made of, where it is on expressions or computed columns.
  std::vector<std::string> made_of = {};
  friend bool operator==(const UniqueKey&, const UniqueKey&) = default;
};

/// What a unique index makes of a row that may or may not be there.
struct IndexProbe {
  /// What it compares: two rows collide in it when these are equal. Empty: it doesn't hold the row
  /// (because of its condition or a NULL), or the adapter can't tell.
  std::vector<Value> values;
  std::vector<Row> rows;  ///< of the table, that it holds under these values
};

struct ForeignKey {
  std::vector<std::string> columns;
  std::string target;
  std::vector<std::string> target_columns;  ///< never empty: the target's key where none is written
  std::string on_delete;                    ///< NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT
  friend bool operator==(const ForeignKey&, const ForeignKey&) = default;
};

/// Where a table's new keys come from.
enum class KeySource {
  kApplication,  ///< the application names them (text, uuid, composite)
  kReused,       ///< the database's, and it may give a deleted row's key again (SQLite's rowid)
  kCounted,      ///< the database's, never given twice (AUTOINCREMENT, sequences)
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::string> primary_key;  ///< in key order; empty where none is declared
  std::vector<UniqueKey> unique_keys;    ///< the primary key not among them
  std::vector<ForeignKey> foreign_keys;
  KeySource key_source = KeySource::kApplication;
  std::string definition;  ///< the statement that makes it, as the database keeps it

  const Column* column(std::string_view column_name) const;
  friend bool operator==(const Table&, const Table&) = default;
};

/// A view, trigger or index beside the tables: kept so that a change of it is seen.
struct SchemaObject {
  std::string kind;  ///< view, trigger, index
  std::string name;
  std::string table;
  std::string definition;
  friend bool operator==(const SchemaObject&, const SchemaObject&) = default;
};

struct Schema {
  std::vector<Table> tables;          ///< by name; doppel's own (see is_own_table) left out
  std::vector<SchemaObject> objects;  ///< by kind and name, doppel's own left out
  const Table* table(std::string_view name) const;
};

/// What a trigger of the application does in a sandbox, where the manifest says it.
enum class TriggerUse {
  kReplay,  ///< it runs there as in live
  kSkip,
};

/// Tables and triggers that doppel itself makes in a database begin with `doppel_`.
bool is_own_name(std::string_view name);

/// What became different between two readings of a schema, in words: "table queues: column colour
/// is new". Empty when an environment made from the one fits the other.
std::vector<std::string> differences(const Schema& before, const Schema& after);

/// Why rows made for the one table are no rows of the other, in words; empty where it only grew: by
/// columns that may be null, have a default or are computed.
std::string what_shrank(const Table& before, const Table& after);

/// The stored columns of a table as a shape. `key` names its key columns (a primary key, or what
/// the manifest says); every one must be a stored column.
TableShapePtr shape_of(const Table& table, const std::vector<std::string>& key);

}  // namespace doppel::database
