#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "base/row_change.hpp"
#include "database/overlay.hpp"

/// The capture of a sandbox: triggers on its own tables that keep, in one table of the sandbox, the
/// key of every touched row and the row as it was at first touch. Plain SQL that any program's
/// SQLite runs, so the application's own connection is captured too.
///
/// doppel_capture(tbl, k0..kK, existed, rebased, c0..cN, by, at): one row for a touched row of
/// table number tbl. c0..cN is the base image in the order of the shape (columns without a type
/// keep every value's storage class). Where `rebased` is 1 the image is the truth; else a config
/// table's base copy is.
///
/// REPLACE and OR REPLACE delete rows without firing delete triggers (recursive_triggers is off in
/// most programs), so BEFORE triggers keep the rows that a write may push out by a unique key.
namespace doppel::sqlite {

/// Makes doppel_mark and doppel_capture and all triggers. REQUIRES: an open write transaction.
void install_capture(Connection& connection, const std::vector<database::TrackedTable>& tables,
                     const database::Schema& schema);

/// Whether all triggers stand as install_capture makes them.
bool capture_is_whole(Connection& connection, const std::vector<database::TrackedTable>& tables,
                      const database::Schema& schema);

/// Makes the triggers anew. REQUIRES: an open write transaction.
void reinstall_triggers(Connection& connection, const std::vector<database::TrackedTable>& tables,
                        const database::Schema& schema);

/// Triggers that refuse every write of a tracked row. They bind also who has had the file open
/// since before it is removed: his write would go into a file that nobody will read. REQUIRES: an
/// open write transaction.
void install_seal(Connection& connection);

/// No more rows than these are captured: a write that would is refused.
void install_limit(Connection& connection, int changed_rows);

/// When and by whom a row is touched, as the triggers say it.
inline constexpr std::string_view kCaptureTime = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
inline constexpr std::string_view kCaptureAuthor =
    "(SELECT rtrim(value) FROM doppel_mark WHERE name = 'author')";

struct CapturedRow {
  Key key;
  std::optional<Row> image;
  bool rebased = false;
  std::string by;
  std::string at;
};

/// The touched rows of the table with this number.
std::vector<CapturedRow> read_capture(Connection& connection, const TableShape& shape,
                                      std::size_t number);

/// Adds a row that the triggers missed. REQUIRES: an open write transaction.
void add_to_capture(Connection& connection, const TableShape& shape, std::size_t number,
                    const Key& key, const std::optional<Row>& image);

/// Sets the base of a row. REQUIRES: an open write transaction.
void rebase_in_capture(Connection& connection, const TableShape& shape, std::size_t number,
                       const Key& key, const std::optional<Row>& image);

/// Says who touched a row, and when. REQUIRES: an open write transaction.
void stamp_capture(Connection& connection, const TableShape& shape, std::size_t number,
                   const Key& key, const std::string& by, const std::string& at);

/// Named texts in doppel_mark.
std::optional<std::string> read_mark(Connection& connection, const std::string& name);
/// The mark that says which sandbox a database is; nothing for a database that is none [E5].
std::optional<std::string> read_sandbox_mark(Connection& connection);
void write_mark(Connection& connection, const std::string& name, const std::string& text);

/// Who the capture says it was from now on; empty: the application. Longer names are cut. The name
/// stands in a slot of fixed width that is written in place: unlike a statement this leaves
/// changes() and last_insert_rowid() as the SQL around it expects them.
void write_author(Connection& connection, std::string_view author);

}  // namespace doppel::sqlite
