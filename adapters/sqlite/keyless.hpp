#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// Rows of a sandbox's tables that have no key: nothing tells one from another but what it holds,
/// so triggers count how many of each content came and went. doppel_keyless(tbl, image, delta,
/// c0..cN, by, at): `image` is the row as a text that only an equal row has, c0..cN its values.
///
/// A row that REPLACE pushes out by a unique key leaves without a delete trigger (see capture.hpp).
/// What would be in the way is kept in doppel_victims before the write and counted after it, which
/// is only when the write was done.
namespace doppel::sqlite {

/// The tables without a key that the sandbox's database has beside `keyed`, with the shapes of
/// database::keyless_shape.
std::vector<database::TrackedTable> keyless_tables(
    const database::Schema& schema, const std::vector<database::TrackedTable>& keyed);

/// Names and bodies, as CREATE TRIGGER takes them.
struct KeylessTrigger {
  std::string when;  ///< AFTER INSERT, ...
  std::string body;
};
std::vector<KeylessTrigger> keyless_triggers(const database::TrackedTable& table,
                                             const database::Table& declared, std::size_t number);

/// Makes the tables that the triggers write.
void make_keyless_tables(Connection& connection, const std::vector<database::TrackedTable>& tables);

/// Net changes of the table with this number.
std::vector<database::CapturedChange> read_keyless(Connection& connection,
                                                   const database::TrackedTable& table,
                                                   std::size_t number);

/// Adds rows and takes rows away, one of equal ones each. Throws Error(kStale) where one that is to
/// go isn't there. REQUIRES: an open write transaction.
void write_keyless(Connection& connection, std::span<const RowChange> changes);

}  // namespace doppel::sqlite
