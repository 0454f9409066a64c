#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/row_change.hpp"

namespace doppel::database {

/// Who touched a row of live last, and when.
struct LiveTouch {
  std::string by;  ///< the role, and what the session calls itself
  std::string at;  ///< UTC, ISO 8601
};

/// Triggers on live's config tables that note who changes a row and when. They keep no rows: what
/// differs is found by comparing, and a note that is missing costs nothing but a name.
class LiveTracking {
 public:
  virtual ~LiveTracking() = default;

  /// Puts the triggers on these tables, and takes them off all others.
  /// Throws Error(kBusy) where a table is in use for too long; nothing is changed then.
  virtual void track(std::span<const TableShapePtr> tables) = 0;
  /// The tables that have them.
  virtual std::vector<std::string> tracked() = 0;
  /// Of each of `keys` the last touch, where there is a note of one.
  virtual std::vector<std::optional<LiveTouch>> last_touches(const TableShape& table,
                                                             std::span<const Key> keys) = 0;
};

}  // namespace doppel::database
