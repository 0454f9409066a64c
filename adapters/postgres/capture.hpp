#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "base/row_change.hpp"
#include "database/overlay.hpp"

/// The capture of a sandbox: triggers on its own tables that keep, in one table of its schema, the
/// key of every touched row and the row as it was at first touch.
///
/// doppel_capture(tbl, key, image, by, at): one row for a touched row of table number tbl. Key and
/// image are the columns' texts in the order of the shape, so that a cast gives back exactly what
/// was stored; without an image there was no such row. Nobody but the owner of the tables can
/// switch the triggers off or write the capture: the base is the rows now with the images put back.
///
/// The triggers see whole statements: all old rows first, then all new keys, so that keys that move
/// within one statement (SET id = id + 1) are told apart. Of tables that inherit a statement's
/// triggers are those of the table that it names, with that table's columns; so theirs see each
/// row, before it is written what it was, and its new key at the statement's end.
namespace doppel::postgres {

/// A tracked table as the sandbox's schema has it.
struct CapturedTable {
  TableShapePtr shape;
  std::size_t number = 0;
  std::vector<std::string> types;  ///< of the shape's columns, as a cast takes them
  std::vector<bool> nullable;
  bool view = false;  ///< data over live's, whose triggers keep what they touch themselves
  std::string own;    ///< as SQL; of one that others inherit from its own rows only
};

struct Kinship {
  /// For each shape the relations that can be written in its place (partitions).
  std::vector<std::vector<std::string>> heirs;
  /// Tables that others inherit from, or that do.
  std::set<std::string> families;
};

/// Mark, capture and functions of `shapes`, whose tables stand in the schema that leads `path`.
/// `views` are the tables of data that the sandbox writes over live's; their numbers follow.
/// REQUIRES: an open transaction with that search_path.
void install_capture(Connection& connection, const std::vector<TableShapePtr>& shapes,
                     const Kinship& kinship, const std::vector<TableShapePtr>& views,
                     const std::vector<std::string>& path);

/// The same for tables that sandboxes share: they stand in the schema that leads `path`, and their
/// functions are made in `functions`, to be given to a role that a policy holds to one sandbox.
/// Their doppel_mark is written for each sandbox. REQUIRES: an open transaction, that search_path.
void install_shared_capture(Connection& connection, const std::vector<TableShapePtr>& shapes,
                            const std::vector<std::string>& path, const std::string& functions);

/// What doppel_mark says of the tables, for read_captured_tables.
std::string describe_captured(const std::vector<TableShapePtr>& shapes,
                              const std::vector<TableShapePtr>& views = {});

/// The tables that the sandbox says that it keeps, as they stand now.
/// Throws Error(kSchemaChanged) where one no longer has its columns.
std::vector<CapturedTable> read_captured_tables(Connection& connection);

/// Net changes of all tables, unordered.
std::vector<database::CapturedChange> read_captured(Connection& connection,
                                                    const std::vector<CapturedTable>& tables);

/// The base of these rows is their `after` from now on. REQUIRES: an open transaction.
void rebase_captured(Connection& connection, const CapturedTable& table,
                     std::span<const RowChange* const> bases);

/// Says who touched rows, and when. REQUIRES: an open transaction.
void stamp_captured(Connection& connection, const CapturedTable& table,
                    std::span<const database::CapturedChange* const> touched);

/// The base rows of a table that match, in no order.
std::vector<Row> read_base(Connection& connection, const CapturedTable& table,
                           const database::Matching& matching);

/// From now on every write of the sandbox's tables is refused. REQUIRES: an open transaction, which
/// waits until nobody else writes.
void install_seal(Connection& connection);

/// A text that is another after every commit that touched a row.
std::string capture_state(Connection& connection);

/// Named texts in doppel_mark.
std::optional<std::string> read_mark(Connection& connection, const std::string& name);
void write_mark(Connection& connection, const std::string& name, const std::string& text);

}  // namespace doppel::postgres
