#include "desk/time_zone.hpp"

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::desk {
namespace {

constexpr const char* kFolder = "/usr/share/zoneinfo/";
constexpr std::size_t kHeader = 44;
constexpr std::size_t kTypeBytes = 6;

/// A big-endian number of so many bytes.
std::int64_t number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  if (count == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

struct Header {
  char version = 0;
  std::size_t utc_marks = 0, wall_marks = 0, leaps = 0, times = 0, types = 0, letters = 0;
  std::size_t size(std::size_t time_bytes) const {
    return times * time_bytes + times + types * kTypeBytes + letters + leaps * (time_bytes + 4) +
           wall_marks + utc_marks;
  }
};

std::optional<Header> read_header(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kHeader || bytes.substr(at, 4) != "TZif") return std::nullopt;
  const auto count = [&](std::size_t place) {
    return static_cast<std::size_t>(number(bytes, at + 20 + place * 4, 4)) & 0xffffffffU;
  };
  return Header{.version = bytes[at + 4],
                .utc_marks = count(0),
                .wall_marks = count(1),
                .leaps = count(2),
                .times = count(3),
                .types = count(4),
                .letters = count(5)};
}

std::optional<TimeZone> read_block(std::string_view bytes, std::size_t at, const Header& header,
                                   std::size_t time_bytes) {
  if (header.types == 0 || bytes.size() < at + header.size(time_bytes)) return std::nullopt;
  const std::size_t kinds = at + header.times * time_bytes;
  const std::size_t types = kinds + header.times;
  const auto offset = [&](std::size_t type) {
    return static_cast<std::int32_t>(number(bytes, types + type * kTypeBytes, 4));
  };
  std::vector<TimeZone::Change> changes;
  for (std::size_t i = 0; i < header.times; ++i) {
    const auto type = static_cast<unsigned char>(bytes[kinds + i]);
    if (type >= header.types) return std::nullopt;
    changes.push_back({number(bytes, at + i * time_bytes, time_bytes), offset(type)});
  }
  return TimeZone(offset(0), std::move(changes));
}

bool is_zone_name(const std::string& name) {
  if (name.empty() || name.size() > 64 || name.front() == '/') return false;
  return name.find("..") == std::string::npos && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
         });
}

}  // namespace

std::int32_t TimeZone::offset_at(std::int64_t utc_second) const {
  const auto next = std::ranges::upper_bound(changes_, utc_second, {}, &Change::at_second);
  return next == changes_.begin() ? first_ : std::prev(next)->offset;
}

std::int64_t TimeZone::to_utc(std::int64_t local_second) const {
  constexpr std::int64_t kDay = 86'400;
  // No offset is as large as a day, and two changes are further apart than that.
  const std::int32_t before = offset_at(local_second - kDay);
  const std::int32_t after = offset_at(local_second + kDay);
  const std::int64_t early = local_second - std::max(before, after);
  const std::int64_t late = local_second - std::min(before, after);
  if (early + offset_at(early) == local_second) return early;
  if (late + offset_at(late) == local_second) return late;
  const auto gap = std::ranges::upper_bound(changes_, early, {}, &Change::at_second);
  return gap == changes_.end() ? late : gap->at_second;
}

std::optional<TimeZone> read_time_zone(std::string_view bytes) {
  const auto first = read_header(bytes, 0);
  if (!first) return std::nullopt;
  if (first->version < '2') return read_block(bytes, kHeader, *first, 4);
  // Since version 2 the same follows with eight bytes for each time.
  if (first->size(4) > bytes.size()) return std::nullopt;
  const std::size_t second = kHeader + first->size(4);
  const auto header = read_header(bytes, second);
  if (!header) return std::nullopt;
  return read_block(bytes, second + kHeader, *header, 8);
}

std::optional<TimeZone> load_time_zone(const std::string& name) {
  if (name == "UTC") return TimeZone(0, {});
  if (!is_zone_name(name) || !std::filesystem::is_regular_file(kFolder + name)) return std::nullopt;
  return read_time_zone(read_file(kFolder + name));
}

}  // namespace doppel::desk
