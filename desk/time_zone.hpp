#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

/// Time zones from the system's own data (RFC 8536, /usr/share/zoneinfo).
namespace doppel::desk {

/// When a zone's offset from UTC changed, and to what. What comes after the last change that the
/// data names keeps its offset; Debian's data goes to 2037.
class TimeZone {
 public:
  struct Change {
    std::int64_t at_second = 0;  ///< since 1970, UTC
    std::int32_t offset = 0;     ///< seconds east of UTC from then on
  };
  /// `first` counts before all changes, which are in the order of time.
  TimeZone(std::int32_t first, std::vector<Change> changes)
      : first_(first), changes_(std::move(changes)) {}

  std::int32_t offset_at(std::int64_t utc_second) const;
  /// The UTC second at which clocks there show this local second. Of two (clocks go back) the
  /// first; of none (clocks go forward) the moment of the change.
  std::int64_t to_utc(std::int64_t local_second) const;

 private:
  std::int32_t first_;
  std::vector<Change> changes_;
};

/// Reads what a file of zone data says; nothing for what is none.
std::optional<TimeZone> read_time_zone(std::string_view bytes);

/// By its name, Europe/Berlin; nothing where the system has none of this name.
std::optional<TimeZone> load_time_zone(const std::string& name);

}  // namespace doppel::desk
